"""The registries that can be reached, made of a file (document.py): hosts, users, repositories, images and troubles."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.cluster.keyring import Credential, split_port
from kubesim.cluster.registry.document import (
    NODE_PLATFORM,
    Certificate,
    Dialect,
    Document,
    ImageFields,
    RegistryFields,
    RepositoryFields,
    Status,
    Trouble,
    read_document,
)

_BUILTIN = Path(__file__).parent.parent / "registries.yaml"
HTTPS_PORT = "443"


class Image(NamedTuple):
    """What a reference leads to: what it writes when it starts (`log`), texts by path (`files`; its `base` has more).

    Without a command, and its `program` with any, it `runs` "forever" (ignores SIGTERM), "until-stopped" or "once". If
    all that it `needs` is missing, it writes its `complaint` and fails. An `index` lists platforms with manifests."""

    digest: str
    size: int
    log: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    platforms: tuple[str, ...] = (NODE_PLATFORM,)
    index: bool = False  # type: ignore[assignment]  # a tuple has a method of that name
    base: str = "app"
    runs: str = "forever"
    program: str = ""
    needs: tuple[str, ...] = ()
    complaint: str = ""
    trouble: Trouble | None = None

    @property
    def config(self) -> str:
        """The digest of its configuration, which the container runtime takes for its id."""
        return f"sha256:{hashlib.sha256(f'config of {self.digest}'.encode()).hexdigest()}"


class Repository:
    """Images by tag, and of a public image what its many tags are like: `lines` of IMAGE TAG... (see `expand`).

    `readers` are the users who may pull (None: every user of the registry). Where no one here knows what else it has,
    any other tag leads to a `guess`.
    """

    def __init__(
        self,
        tags: Mapping[str, Image],
        public: bool,
        readers: frozenset[str] | None = None,
        name: str = "",
        lines: Sequence[tuple[Image, str]] = (),
        guess: Image | None = None,
    ) -> None:
        self.tags = tags
        self.public = public
        self.readers = readers
        self.name = name
        self.lines = lines
        self.guess = guess

    @cached_property
    def every(self) -> Mapping[str, Image]:
        """The images by all tags; each tag of the `lines` has an image of its own."""
        images = {tag: image for image, words in self.lines for word in words.split() for tag in expand(word)}
        own = {tag: image._replace(digest=_digest(f"{self.name}:{tag}")) for tag, image in images.items()}
        return {**own, **self.tags}

    def find(self, manifest: str) -> Image | None:
        """The image with this tag or digest."""
        if self.guess and not self.knows(manifest):
            is_digest = manifest.startswith("sha256:")
            return self.guess._replace(digest=manifest if is_digest else _digest(f"{self.name}:{manifest}"))
        return self.every.get(manifest) or next((one for one in self.every.values() if one.digest == manifest), None)

    def knows(self, manifest: str) -> bool:
        """Whether there is an image with this tag or digest in the file."""
        return manifest in self.every or any(image.digest == manifest for image in self.every.values())

    def readable_by(self, user: str | None) -> bool:
        """Whether `user` (None: an anonymous client) may pull."""
        return self.public or (user is not None and (self.readers is None or user in self.readers))


def expand(pattern: str) -> list[str]:
    """What a pattern stands for: {a,b} for each of its texts, which may be empty, and {8..11} for each number."""
    head, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    inner, _, tail = rest.partition("}")
    first, dots, last = inner.partition("..")
    texts = map(str, range(int(first), int(last) + 1)) if dots else inner.split(",")
    return [f"{head}{text}{end}" for text in texts for end in expand(tail)]


class Registry(NamedTuple):
    """One registry: the names it answers to (the first is its own), how it asks (`auth`), and what it has.

    Where it `hides`, a repository that is not there is one that nobody may read. `issues` are the users for whom it
    makes passwords, and how many seconds these are valid. With `listed`, names or their first parts, the file has only
    of these all that there is.
    """

    hosts: tuple[str, ...]
    address: str | None = None
    auth: str = "none"
    hides: bool = False
    realm: str = ""
    service: str = ""
    users: Mapping[str, str] = {}
    repositories: Mapping[str, Repository] = {}
    trouble: Trouble | None = None
    certificate: Certificate = Certificate()
    answers: tuple[Status, ...] = ()
    issues: Mapping[str, int] = {}
    listed: tuple[str, ...] | None = None

    def trouble_at(self, *places: str) -> Trouble | None:
        """Its trouble, if that shows at one of these places."""
        return self.trouble if self.trouble and self.trouble.at in places else None

    def issue(self, user: str, now: Micros) -> str:
        """A new password of a user, as Amazon's are made: Base64 of JSON that says when it expires."""
        return self._password(user, now // SECOND + self.issues[user])

    def _password(self, user: str, until: int) -> str:
        seal = hashlib.sha256(f"{self.hosts[0]} {user} {until}".encode()).hexdigest()
        text = json.dumps({"payload": seal, "version": "2", "type": "DATA_KEY", "expiration": until})
        return base64.b64encode(text.encode()).decode()

    def standing(self, credential: Credential, now: Micros) -> str:
        """What a user with a password is: known, unknown, or expired where the password has been issued long ago."""
        user, password = credential.username, credential.password
        if self.users.get(user) == password:
            return "known"
        until = _expiration(password) if user in self.issues else None
        if until is None or password != self._password(user, until):
            return "unknown"
        return "known" if now < until * SECOND else "expired"

    def repository(self, name: str) -> Repository:
        """The repository called `name`, empty if there is none."""
        if name in self.repositories:
            return self.repositories[name]
        if _is_open(self.listed, name):
            return Repository({}, public=True, name=f"{self.hosts[0]}/{name}", guess=_UNKNOWN)
        readers: frozenset[str] | None = frozenset() if self.hides else None
        return Repository({}, public=self.auth == "none", readers=readers)


_UNKNOWN = Image("", 25_000_000, base="unknown", runs="until-stopped")
"""What an image is taken for of which nothing is known: its programs may be there, and none is simulated."""


def _is_open(listed: tuple[str, ...] | None, name: str) -> bool:
    """Whether a registry may have more of a repository than its file says."""
    return listed is not None and name not in listed and name.partition("/")[0] not in listed


def _expiration(password: str) -> int | None:
    try:
        until = json.loads(base64.b64decode(password, validate=True))["expiration"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return until if type(until) is int else None


class World:
    """Registries by host and by port, addresses, troubles by name; `furnished`: kube-system. It never changes."""

    def __init__(self, registries: tuple[Registry, ...], troubles: Mapping[str, Trouble], furnished: bool) -> None:
        self.registries = registries
        self.troubles = troubles
        self.furnished = furnished
        self.addresses = {registry.address for registry in registries}
        self.by_name: dict[str, Registry] = {}
        self.by_port: dict[tuple[str, str], Registry] = {}
        for registry in registries:
            for host in registry.hosts:
                name, port = split_port(host, HTTPS_PORT)
                self.by_name.setdefault(name, registry)
                self.by_port[name, port] = registry
                if registry.address and registry.trouble and registry.trouble.at == "connection":
                    self.by_name.setdefault(registry.address, registry)
                elif registry.address:
                    self.by_port.setdefault((registry.address, port), registry)
        for registry in registries:
            name, port = split_port(registry.realm.removeprefix("https://").partition("/")[0], HTTPS_PORT)
            if name and name not in self.by_name:
                self.by_name[name] = self.by_port[name, port] = registry


@cache
def builtin() -> World:
    """The registries that every simulated node can reach, unless it is given others."""
    return _world(_builtin_document())


@cache
def _builtin_document() -> Document:
    return read_document(_BUILTIN)


def read(path: str | Path) -> World:
    """The registries in a file of one's own. Raises ValueError, which says what is wrong with it, and OSError."""
    import yaml

    try:
        return _world(_extended(read_document(Path(path))))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"kubesim: {path} can't be read as YAML: {error}") from None
    except (LookupError, ValueError) as error:
        raise ValueError(f"kubesim: {path}: {error.args[0]}") from None


def _extended(document: Document) -> Document:
    """The document with what kubesim has, where it extends that."""
    if document.extends is None:
        return document
    theirs = _builtin_document()
    registries = {item.hosts[0]: item for item in (*theirs.registries, *document.registries) if item.hosts}
    return document._replace(images={**theirs.images, **document.images}, registries=tuple(registries.values()))


def _world(document: Document) -> World:
    """Raises LookupError where something refers to what is not there."""
    theirs = _builtin_document()
    troubles = {**theirs.troubles, **document.troubles}
    dialects = {**theirs.dialects, **document.dialects}
    images = {name: _image(name, fields, troubles) for name, fields in document.images.items()}
    is_strict = not document.furnished if document.strict is None else document.strict
    registries = []
    for fields in document.registries:
        listed = None if is_strict else fields.listed
        registries.append(_registry(fields, listed, dialects, images, troubles))
    return World(tuple(registries), troubles, document.furnished)


def _trouble(name: str | None, troubles: Mapping[str, Trouble], *places: str) -> Trouble | None:
    """The trouble of that name, which shows at one of `places`. Raises LookupError where there is none."""
    if name is None:
        return None
    possible = {key: trouble for key, trouble in troubles.items() if trouble.at in places}
    if name not in possible:
        raise LookupError(f"{name} is none of the troubles that it can have: {', '.join(possible)}")
    return possible[name]


def _image(name: str, fields: ImageFields, troubles: Mapping[str, Trouble]) -> Image:
    own = fields._asdict()
    content = own.pop("content") or name
    own["trouble"] = _trouble(fields.trouble, troubles, "content", "config", "container")
    return Image(_digest(content), **own)


def _digest(content: str) -> str:
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def _registry(
    fields: RegistryFields,
    listed: tuple[str, ...] | None,
    dialects: Mapping[str, Dialect],
    images: Mapping[str, Image],
    troubles: Mapping[str, Trouble],
) -> Registry:
    """A registry, of whose repositories the file has all that there is where they are `listed`."""
    if not fields.hosts:
        raise LookupError("a registry lacks the name of its host")
    if fields.dialect is not None and fields.dialect not in dialects:
        raise LookupError(f"{fields.dialect} is none of the dialects: {', '.join(dialects)}")
    dialect = dialects[fields.dialect] if fields.dialect else _PLAIN
    host = fields.hosts[0]
    auth = fields.auth or dialect.auth
    has_tokens = auth == "token"
    return Registry(
        hosts=fields.hosts,
        address=fields.address,
        auth=auth,
        hides=dialect.hides,
        realm=fields.realm or (f"https://{host}/token" if has_tokens else ""),
        service=fields.service or (host if has_tokens else ""),
        users=fields.users,
        repositories=_repositories(fields, listed, images, is_open=auth == "none"),
        trouble=_trouble(fields.trouble, troubles, "lookup", "connection", "certificate", "protocol", "config"),
        certificate=fields.certificate,
        answers=fields.answers + dialect.answers,
        issues=fields.issues,
        listed=listed,
    )


_PLAIN = Dialect(title="", source="")


def _repositories(
    fields: RegistryFields, listed: tuple[str, ...] | None, images: Mapping[str, Image], is_open: bool
) -> dict[str, Repository]:
    """The repositories of a registry by their names, with those of its catalog, which are public."""
    catalog = {name: lines for names, lines in fields.catalog.items() for name in expand(names)}
    public = RepositoryFields({}, public=True)
    repositories = {}
    for name, own in {**dict.fromkeys(catalog, public), **fields.repositories}.items():
        full_name = f"{fields.hosts[0]}/{name}"
        repository = _repository(full_name, own, images, catalog.get(name, ()), is_public=is_open or own.public)
        if repository.public and _is_open(listed, name):
            repository.guess = next(iter(repository.every.values()), _UNKNOWN)
        repositories[name] = repository
    return repositories


def _repository(
    name: str, fields: RepositoryFields, images: Mapping[str, Image], catalog: Sequence[str], is_public: bool
) -> Repository:
    lines = []
    for line in catalog:
        image, _, words = line.partition(" ")
        lines.append((_named(image, images, f"{name}:"), words))
    tags = {tag: _named(image, images, f"{name}:{tag}") for tag, image in fields.tags.items()}
    readers = None if fields.readers is None else frozenset(fields.readers)
    return Repository(tags, is_public, readers, name, lines)


def _named(image: str, images: Mapping[str, Image], where: str) -> Image:
    if image not in images:
        raise LookupError(f"{where} is the image {image}, which is not among the images")
    return images[image]
