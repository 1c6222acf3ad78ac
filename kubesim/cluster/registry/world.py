"""The registries that can be reached: hosts, users, repositories and images. worldfile.py makes them of a file."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.digest import sha256
from kubesim.cluster.registry.document import Certificate, Status
from kubesim.pull.image import Image, Trouble, digest_of
from kubesim.pull.keyring import Credential, split_port

HTTPS_PORT = "443"
UNKNOWN = Image("", 25_000_000, base="unknown", runs="until-stopped")
"""What an image is taken for of which nothing is known: its programs may be there, and none is simulated."""


class Repository:
    """Images by tag, and of a public image what its many tags are like: `lines` of IMAGE TAG... (see `expand`).

    `readers` are the users who may pull (None: every user of the registry). It may have more than
    anyone here knows (`has_more`): then any other tag leads to a guess, an image like those that are known.
    """

    def __init__(
        self,
        tags: Mapping[str, Image],
        public: bool,
        readers: frozenset[str] | None = None,
        name: str = "",
        lines: Sequence[tuple[Image, str]] = (),
        has_more: bool = False,
    ) -> None:
        self.tags = tags
        self.public = public
        self.readers = readers
        self.name = name
        self.lines = lines
        self.has_more = has_more

    @cached_property
    def by_tag(self) -> Mapping[str, Image]:
        """The images by all tags; each tag of the `lines` has an image of its own."""
        images: dict[str, Image] = {}
        for image, patterns in self.lines:
            for pattern in patterns.split():
                for tag in expand(pattern):
                    images[tag] = image._replace(digest=digest_of(f"{self.name}:{tag}"))
        return {**images, **self.tags}

    def find(self, manifest: str) -> Image | None:
        """The image with this tag or digest; of what nobody here knows, a guess."""
        image = self.listed(manifest)
        if image or not self.has_more:
            return image
        is_digest = manifest.startswith("sha256:")
        guess = next(iter(self.by_tag.values()), UNKNOWN)
        return guess._replace(digest=manifest if is_digest else digest_of(f"{self.name}:{manifest}"))

    def listed(self, manifest: str) -> Image | None:
        """The image with this tag or digest in the file."""
        of_digest = (image for image in self.by_tag.values() if image.digest == manifest)
        return self.by_tag.get(manifest) or next(of_digest, None)

    def readable_by(self, user: str | None) -> bool:
        """Whether `user` (None: an anonymous client) may pull."""
        return self.public or (user is not None and (self.readers is None or user in self.readers))


def expand(pattern: str) -> list[str]:
    """What a pattern stands for: {a,b} for each of its texts, which may be empty, and {8..11} for each number.

    A number has four digits at most.
    """
    head, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    inner, _, tail = rest.partition("}")
    texts = inner.split(",")
    if numbers := re.fullmatch(r"(\d{1,4})\.\.(\d{1,4})", inner):
        first, last = map(int, numbers.groups())
        texts = [str(number) for number in range(first, last + 1)]
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

    @property
    def is_steady(self) -> bool:
        """Whether it always says the same to the same request."""
        passes = any(answer.seconds is not None for answer in self.answers)
        return not passes and not self.issues and not self.certificate.until

    def trouble_at(self, *places: str) -> Trouble | None:
        """Its trouble, if that shows at one of these places."""
        return self.trouble if self.trouble and self.trouble.at in places else None

    def issue(self, user: str, now: Micros) -> str:
        """A new password of a user, as Amazon's are made: Base64 of JSON that says when it expires."""
        return self._password(user, now // SECOND + self.issues[user])

    def _password(self, user: str, until: int) -> str:
        seal = sha256(f"{self.hosts[0]} {user} {until}".encode()).hexdigest()
        text = json.dumps({"payload": seal, "version": "2", "type": "DATA_KEY", "expiration": until})
        return base64.b64encode(text.encode()).decode()

    def standing(self, credential: Credential, now: Micros) -> Literal["known", "unknown", "expired"]:
        """What a user with a password is; "expired": the password has been issued too long ago."""
        user, password = credential
        if self.users.get(user) == password:
            return "known"
        until = credential.expires_at
        if user not in self.issues or password != self._password(user, until):
            return "unknown"
        return "known" if now < until * SECOND else "expired"

    def repository(self, name: str) -> Repository:
        """The repository called `name`, empty if there is none."""
        if name in self.repositories:
            return self.repositories[name]
        if may_have_more(self.listed, name):
            return Repository({}, public=True, name=f"{self.hosts[0]}/{name}", has_more=True)
        readers: frozenset[str] | None = frozenset() if self.hides else None
        return Repository({}, public=self.auth == "none", readers=readers)


def may_have_more(listed: tuple[str, ...] | None, name: str) -> bool:
    """Whether a registry may have more of a repository than its file says."""
    return listed is not None and name not in listed and name.partition("/")[0] not in listed


class World:
    """All registries, by the name or address of a host, and by what listens at a port of it. It never changes.

    Of several at one place it's the first. `troubles` are those that a registry or an image can have, by name. In a
    `furnished` world Kubernetes' own parts run in kube-system.
    """

    def __init__(self, registries: tuple[Registry, ...], troubles: Mapping[str, Trouble], furnished: bool) -> None:
        self.registries = registries
        self.troubles = troubles
        self.furnished = furnished
        self._by_host: dict[str, Registry] = {}  # in small letters: DNS knows no others
        self._by_port: dict[tuple[str, str], Registry] = {}
        for registry in registries:
            for host in registry.hosts:
                name, port = split_port(host, HTTPS_PORT)
                self._place(registry, name, port)
                if registry.address:
                    self._place(registry, registry.address, port)
        for registry in registries:  # its token service is another name of it, or another registry
            name, port = split_port(registry.realm.removeprefix("https://").partition("/")[0], HTTPS_PORT)
            if name:
                self._place(registry, name, port)

    def _place(self, registry: Registry, host: str, port: str) -> None:
        self._by_host.setdefault(host.lower(), registry)
        self._by_port.setdefault((host.lower(), port), registry)

    def at_host(self, host: str) -> Registry | None:
        """What has this name or address, in capitals or not."""
        return self._by_host.get(host.lower())

    def at_port(self, host: str, port: str) -> Registry | None:
        """What listens at a port of a host."""
        return self._by_port.get((host.lower(), port))
