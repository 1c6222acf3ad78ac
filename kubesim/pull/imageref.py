"""Parser of image references, the values of a Pod's `image` field.

Mirrors github.com/distribution/reference normalize.go, reference.go and regexp.go, v0.6.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

DEFAULT_REGISTRY = "docker.io"
LEGACY_DEFAULT_REGISTRY = "index.docker.io"
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
MAX_REPOSITORY_LENGTH = 255

_LABEL = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REMAINDER = re.compile(rf"({_COMPONENT}(?:/{_COMPONENT})*)(?::({_TAG}))?(?:@({_DIGEST}))?")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")

# The algorithms that go-digest knows, with the length of their digests in hexadecimal digits.
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Reference(NamedTuple):
    """A parsed image reference.

    `tag` is "latest" if the text has neither tag nor digest, and None if it has a digest alone.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Registry and repository, by which the keyring finds credentials: "docker.io/library/nginx"."""
        return f"{self.registry}/{self.repository}"

    @property
    def canonical(self) -> str:
        """containerd's name of the image: "docker.io/library/nginx:latest"; with a digest, the tag is left out."""
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"

    @property
    def manifest(self) -> str:
        """The last part of the registry's URL /v2/REPOSITORY/manifests/…: the digest if there is one, else the tag."""
        return self.digest or self.tag or DEFAULT_TAG


@lru_cache(maxsize=1024)
def parse(text: str) -> Reference:
    """Parse a reference and fill in Docker's defaults: docker.io, library/ and latest.

    Raises ValueError with the message of distribution/reference if `text` is no reference.
    """
    if _IDENTIFIER.fullmatch(text):
        raise ValueError(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    registry, remainder = _split_registry(text)
    repository = remainder.partition(":")[0]
    if repository.lower() != repository:
        raise ValueError(f"invalid reference format: repository name ({repository}) must be lowercase")
    match = _REMAINDER.fullmatch(remainder)
    if not match or not _REGISTRY.fullmatch(registry):
        raise ValueError("invalid reference format")
    repository, tag, digest = match.groups()
    if len(repository) > MAX_REPOSITORY_LENGTH:
        raise ValueError(f"repository name must not be more than {MAX_REPOSITORY_LENGTH} characters")
    if digest:
        _check_digest(digest)
    if not tag and not digest:
        tag = DEFAULT_TAG
    return Reference(registry, repository, tag, digest)


def _split_registry(text: str) -> tuple[str, str]:
    """Split a reference into its registry and the rest, to which library/ is added for an official image."""
    first, slash, rest = text.partition("/")
    # Repositories are lower case, so an upper-case first part can only be a host.
    is_registry = first == "localhost" or "." in first or ":" in first or first.lower() != first
    registry = DEFAULT_REGISTRY
    remainder = text
    if slash and is_registry:
        registry = first
        remainder = rest
    if registry == LEGACY_DEFAULT_REGISTRY:
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in remainder:
        remainder = OFFICIAL_PREFIX + remainder
    return registry, remainder


def _check_digest(digest: str) -> None:
    """Raise ValueError for a digest of an unknown algorithm or of the wrong form."""
    algorithm, _, encoded = digest.partition(":")
    if algorithm not in _DIGEST_LENGTHS:
        raise ValueError("unsupported digest algorithm")
    if len(encoded) != _DIGEST_LENGTHS[algorithm]:
        raise ValueError("invalid checksum digest length")
    if encoded.lower() != encoded:
        raise ValueError("invalid checksum digest format")
