"""Registries with their hosts, users, repositories and images. worldfile.py creates them from a file.

Nothing here changes after its creation, so that all clusters can share a World.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.digest import sha256
from kubesim.cluster.registry.document import Certificate, ResponseRule
from kubesim.pull.image import Image, Trouble, digest_of
from kubesim.pull.keyring import Credential, split_port

HTTPS_PORT = "443"
# The image in place of one that kubesim knows nothing about. It may have any program, and none is simulated.
UNKNOWN = Image("", 25_000_000, base="unknown", runs="until-stopped")


class Repository:
    """A repository: its images by tag, and the users who may pull.

    `lines` of the catalog have an image and patterns of its many tags (see `expand`). `readers` are users who may pull,
    None for all users of the registry. With `has_more`, the file doesn't list everything: any other tag then leads to a
    guess, an image like the first known one.
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
        """All images by tag, those of the `lines` included, which get a digest for each tag."""
        images: dict[str, Image] = {}
        for image, patterns in self.lines:
            for pattern in patterns.split():
                for tag in expand(pattern):
                    images[tag] = image._replace(digest=digest_of(f"{self.name}:{tag}"))
        return {**images, **self.tags}

    def find(self, manifest: str) -> Image | None:
        """The image with this tag or digest, a guess if `has_more`, otherwise None for an unknown one."""
        image = self.find_listed(manifest)
        if image or not self.has_more:
            return image
        is_digest = manifest.startswith("sha256:")
        guess = next(iter(self.by_tag.values()), UNKNOWN)
        return guess._replace(digest=manifest if is_digest else digest_of(f"{self.name}:{manifest}"))

    def find_listed(self, manifest: str) -> Image | None:
        """The image with this tag or digest in the file of registries, None for an unknown one."""
        of_digest = (image for image in self.by_tag.values() if image.digest == manifest)
        return self.by_tag.get(manifest) or next(of_digest, None)

    def readable_by(self, user: str | None) -> bool:
        """True if `user` may pull; None is an anonymous client."""
        return self.public or (user is not None and (self.readers is None or user in self.readers))


def expand(pattern: str) -> list[str]:
    """The texts of a pattern: {a,b} stands for each of its texts, {8..11} for each number, with up to four digits."""
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
    """A registry. Its fields are those of document.RegistryFields, with names resolved and defaults filled in.

    With `hides`, a missing repository behaves like one that nobody may read.
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
    answers: tuple[ResponseRule, ...] = ()
    issues: Mapping[str, int] = {}
    listed: tuple[str, ...] | None = None

    @property
    def is_steady(self) -> bool:
        """True if the response to a request never depends on the time."""
        is_temporary = any(rule.seconds is not None for rule in self.answers)
        return not is_temporary and not self.issues and not self.certificate.until

    def trouble_at(self, *places: str) -> Trouble | None:
        """The registry's trouble if it occurs at one of `places`, such as "lookup"; otherwise None."""
        return self.trouble if self.trouble and self.trouble.at in places else None

    def issue(self, user: str, now: Micros) -> str:
        """A new temporary password for a user, in the form of Amazon's: Base64 of JSON with the time of expiry."""
        return self._password(user, now // SECOND + self.issues[user])

    def _password(self, user: str, until: int) -> str:
        """The temporary password that expires at the Unix time `until`, in seconds."""
        seal = sha256(f"{self.hosts[0]} {user} {until}".encode()).hexdigest()
        text = json.dumps({"payload": seal, "version": "2", "type": "DATA_KEY", "expiration": until})
        return base64.b64encode(text.encode()).decode()

    def check_password(self, credential: Credential, now: Micros) -> Literal["known", "unknown", "expired"]:
        """The validity of a credential: "known", "unknown", or "expired" for a temporary password after its time."""
        user, password = credential
        if self.users.get(user) == password:
            return "known"
        until = credential.expires_at
        if user not in self.issues or password != self._password(user, until):
            return "unknown"
        return "known" if now < until * SECOND else "expired"

    def repository(self, name: str) -> Repository:
        """The repository `name`. A missing one is empty, or has guesses if the file doesn't list everything."""
        if name in self.repositories:
            return self.repositories[name]
        if may_have_more(self.listed, name):
            return Repository({}, public=True, name=f"{self.hosts[0]}/{name}", has_more=True)
        readers: frozenset[str] | None = frozenset() if self.hides else None
        return Repository({}, public=self.auth == "none", readers=readers)


def may_have_more(listed: tuple[str, ...] | None, name: str) -> bool:
    """True if a registry may have more of the repository `name` than the file says; `listed` is the registry's."""
    return listed is not None and name not in listed and name.partition("/")[0] not in listed


class World:
    """All registries, found by host or by host and port. It never changes. Of several at one place, the first counts.

    `troubles` are all failures of registries and images by name. `furnished` means that the cluster runs Kubernetes'
    own components in kube-system.
    """

    def __init__(self, registries: tuple[Registry, ...], troubles: Mapping[str, Trouble], furnished: bool) -> None:
        self.registries = registries
        self.troubles = troubles
        self.furnished = furnished
        self._by_host: dict[str, Registry] = {}  # keys in lower case, because DNS ignores case
        self._by_port: dict[tuple[str, str], Registry] = {}
        for registry in registries:
            for host in registry.hosts:
                name, port = split_port(host, HTTPS_PORT)
                self._place(registry, name, port)
                if registry.address:
                    self._place(registry, registry.address, port)
        # The hosts of token services come last: such a host is another name of its registry, unless a registry has it.
        for registry in registries:
            name, port = split_port(registry.realm.removeprefix("https://").partition("/")[0], HTTPS_PORT)
            if name:
                self._place(registry, name, port)

    def _place(self, registry: Registry, host: str, port: str) -> None:
        self._by_host.setdefault(host.lower(), registry)
        self._by_port.setdefault((host.lower(), port), registry)

    def at_host(self, host: str) -> Registry | None:
        """The registry with this host name or address, in any case of letters; None for an unknown one."""
        return self._by_host.get(host.lower())

    def at_port(self, host: str, port: str) -> Registry | None:
        """The registry that listens at a port of a host, or None."""
        return self._by_port.get((host.lower(), port))
