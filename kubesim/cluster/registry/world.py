"""The registries that can be reached, read from a YAML file: hosts, users, repositories, images and troubles.

registries.schema.json says what the fields mean.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.api import load_yaml
from kubesim.api.clock import SECOND, Micros
from kubesim.cluster.keyring import Credential, split_port

_FOLDER = Path(__file__).parent.parent
HTTPS_PORT = "443"
NODE_PLATFORM = "linux/amd64"
# By the type in the schema: what YAML makes of it, and what a message calls it.
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "object": ((dict,), "a map"),
    "array": ((list,), "a list"),
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
}


class Trouble(NamedTuple):
    """What can be wrong: where it shows (`at`), and what the container runtime reports (`error`, a template).

    It is `trusted` if it is gone once the node trusts who issued the certificate.
    """

    at: str
    error: str
    means: str
    code: str = ""
    seconds: float = 0
    trusted: bool = False

    def message(self, **words: str) -> str:
        """The error with `words` for its placeholders; one that isn't known stays as it is."""
        return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), self.error)


@dataclass(frozen=True)
class Image:
    """What a reference leads to: what it writes when it starts (`log`), texts by path (`files`; its `base` has more).

    Without a command, and its `program` with any, it `runs` "forever" (ignores SIGTERM), "until-stopped" or "once". If
    all that it `needs` is missing, it writes its `complaint` and fails. An `index` lists platforms with manifests."""

    digest: str
    size: int
    log: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = (NODE_PLATFORM,)
    index: bool = False
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


@dataclass(frozen=True)
class Repository:
    """Images by tag, and of a public image what its many tags are like: `lines` of IMAGE TAG... (see `expand`).

    `readers` are the users who may pull (None: every user of the registry). Where no one here knows what else it has,
    any other tag leads to a `guess`.
    """

    tags: Mapping[str, Image]
    public: bool = False
    readers: frozenset[str] | None = None
    name: str = ""
    lines: tuple[tuple[Image, str], ...] = ()
    guess: Image | None = None

    @cached_property
    def every(self) -> Mapping[str, Image]:
        """The images by all tags; each tag of the `lines` has an image of its own."""
        images = {tag: image for image, words in self.lines for word in words.split() for tag in expand(word)}
        own = {tag: replace(image, digest=_digest(f"{self.name}:{tag}")) for tag, image in images.items()}
        return {**own, **self.tags}

    def find(self, manifest: str) -> Image | None:
        """The image with this tag or digest."""
        if self.guess and not self.knows(manifest):
            is_digest = manifest.startswith("sha256:")
            return replace(self.guess, digest=manifest if is_digest else _digest(f"{self.name}:{manifest}"))
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


class Status(NamedTuple):
    """An answer with a status of its own; empty conditions match everything.

    One of `repositories` may have a tag; `private` repositories are those that not everyone may pull.
    """

    status: int
    reason: str = ""
    requests: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    private: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Registry:
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
    users: Mapping[str, str] = field(default_factory=dict)
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    trouble: Trouble | None = None
    certificate: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Status, ...] = ()
    issues: Mapping[str, int] = field(default_factory=dict)
    listed: tuple[str, ...] | None = None

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
    return _world(_data("registries.yaml"))


def read(path: str | Path) -> World:
    """The registries in a file of one's own. Raises ValueError, which says what is wrong with it, and OSError."""
    import yaml

    try:
        document = load_yaml(Path(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"kubesim: {path} can't be read as YAML: {error}") from None
    problem = next(_problems(document, _data("registries.schema.json"), ""), None)
    if problem:
        raise ValueError(f"kubesim: {path}: {problem}")
    try:
        return _world(_extended(document) if "extends" in document else document)
    except LookupError as error:
        raise ValueError(f"kubesim: {path}: {error.args[0]}") from None


@cache
def _data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = load_yaml(_FOLDER / name)  # JSON is YAML
    return data


def _problems(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    """What in `value` is not as the schema says; as much of JSON Schema as registries.schema.json uses."""
    if "$ref" in schema:
        schema = _data("registries.schema.json")["$defs"][schema["$ref"].rpartition("/")[2]]
    title = place.lstrip(".") or "the file"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{title} must be one of {', '.join(schema['enum'])}"
    types, words = _TYPES.get(schema.get("type", ""), ((type(value),), ""))
    if type(value) not in types:
        yield f"{title} must be {words}"
    elif isinstance(value, dict):
        yield from (f"{title} lacks {name}" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if not isinstance(name, str):
                yield f"in {title}, {name!r} must be a text: put it in quotes"
            elif not inner:
                yield f"{title} has no field {name}"
            else:
                yield from _problems(item, inner, f"{place}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{place}[{number}]")


def _extended(document: dict[str, Any]) -> dict[str, Any]:
    base = _data("registries.yaml")
    own = {item["hosts"][0]: item for item in document.get("registries", ()) if item["hosts"]}
    theirs = {item["hosts"][0]: item for item in base["registries"]}
    merged = {part: base[part] | document.get(part, {}) for part in ("troubles", "images")}
    return {**document, **merged, "registries": list((theirs | own).values())}


def _world(document: Mapping[str, Any]) -> World:
    """Raises LookupError where something refers to what is not there."""
    kinds: dict[str, Any] = {**_data("registries.yaml")["troubles"], **document.get("troubles", {})}
    troubles = {name: Trouble(**fields) for name, fields in kinds.items()}
    images = {name: _image(name, fields, troubles) for name, fields in document.get("images", {}).items()}
    dialects = {**_data("registries.yaml")["dialects"], **document.get("dialects", {})}
    is_strict = document.get("strict", not document.get("furnished", True))
    registries = []
    for fields in document.get("registries", ()):
        own = _spoken(fields, dialects)
        if is_strict:
            own.pop("listed", None)
        registries.append(_registry(own, images, troubles))
    return World(tuple(registries), troubles, document.get("furnished", True))


def _frozen(
    fields: Mapping[str, Any], troubles: Mapping[str, Trouble] | None = None, places: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The arguments of a class: lists as tuples, and the trouble, which shows at one of `places`, for its name."""
    arguments: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    if "trouble" in arguments:
        possible = {name: trouble for name, trouble in (troubles or {}).items() if trouble.at in places}
        if arguments["trouble"] not in possible:
            raise LookupError(f"{arguments['trouble']} is none of the troubles that it can have: {', '.join(possible)}")
        arguments["trouble"] = possible[arguments["trouble"]]
    return arguments


def _image(name: str, fields: Mapping[str, Any], troubles: Mapping[str, Trouble]) -> Image:
    own = {"size": 1_064_000, "content": name, **_frozen(fields, troubles, ("content", "config", "container"))}
    return Image(_digest(own.pop("content")), **own)


def _digest(content: str) -> str:
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def _spoken(fields: Mapping[str, Any], dialects: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a registry with those of its dialect, whose answers come after its own."""
    own = dict(fields)
    name = own.pop("dialect", None)
    if name is None:
        return own
    if name not in dialects:
        raise LookupError(f"{name} is none of the dialects: {', '.join(dialects)}")
    theirs = {key: value for key, value in dialects[name].items() if key not in ("title", "source")}
    answers = [*own.get("answers", ()), *theirs.get("answers", ())]
    return {**theirs, **own, "answers": answers}


def _registry(fields: Mapping[str, Any], images: Mapping[str, Image], troubles: Mapping[str, Trouble]) -> Registry:
    own = _frozen(fields, troubles, ("lookup", "connection", "certificate", "protocol", "config"))
    if not own["hosts"]:
        raise LookupError("a registry lacks the name of its host")
    host, is_open = own["hosts"][0], own.get("auth", "none") == "none"
    own["answers"] = tuple(Status(**_frozen(answer)) for answer in own.get("answers", ()))
    catalog = {name: lines for names, lines in own.pop("catalog", {}).items() for name in expand(names)}
    theirs = {name: {"tags": {}, "public": True} for name in catalog} | own.get("repositories", {})
    repositories = {}
    for name, item in theirs.items():
        repository = _repository(f"{host}/{name}", item, images, is_open, catalog.get(name, ()))
        if repository.public and _is_open(own.get("listed"), name):
            repository = replace(repository, guess=next(iter(repository.every.values()), _UNKNOWN))
        repositories[name] = repository
    own["repositories"] = repositories
    token = {"realm": f"https://{host}/token", "service": host} if own.get("auth") == "token" else {}
    return Registry(**{**token, **own})


def _repository(
    name: str, fields: Mapping[str, Any], images: Mapping[str, Image], is_open: bool, catalog: Sequence[str]
) -> Repository:
    lines = [line.partition(" ") for line in catalog]
    for tag, image in [*fields["tags"].items(), *(("", line[0]) for line in lines)]:
        if image not in images:
            raise LookupError(f"{name}:{tag} is the image {image}, which is not among the images")
    readers = frozenset(fields["readers"]) if "readers" in fields else None
    tags = {tag: images[image] for tag, image in fields["tags"].items()}
    more = tuple((images[image], words) for image, _, words in lines)
    return Repository(tags, is_open or fields.get("public", False), readers, name, more)
