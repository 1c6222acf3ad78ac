"""Image references: what a Pod's `image` field names.

Mirrors github.com/distribution/reference normalize.go and regexp.go, v0.6, and kubernetes pkg/util/parsers, v1.36.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

DEFAULT_REGISTRY = "docker.io"
LEGACY_DEFAULT_REGISTRY = "index.docker.io"
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
MAX_NAME_LENGTH = 255

_DOMAIN_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_IPV6 = r"\[(?:[a-fA-F0-9:]+)\]"
_DOMAIN = rf"(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|{_IPV6})(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_PATH_PART}(?:/{_PATH_PART})*"
_TAG = r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"((?:{_DOMAIN}/)?{_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?", re.ASCII)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}", re.ASCII)

# What go-digest calls an available algorithm, and the length of its hexadecimal digest.
_ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True)
class Reference:
    """One image in one registry; `tag` is the default one where the text had neither tag nor digest."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Registry and repository, what a keyring looks up: "docker.io/library/nginx"."""
        return f"{self.registry}/{self.repository}"

    @property
    def canonical(self) -> str:
        """The whole reference, as containerd writes it: "docker.io/library/nginx:latest"."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def manifest(self) -> str:
        """What a registry is asked for: the digest if there is one, else the tag."""
        return self.digest or self.tag or DEFAULT_TAG


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    is_registry = "." in first or ":" in first or first == "localhost" or first.lower() != first
    registry, path = (first, rest) if slash and is_registry else (DEFAULT_REGISTRY, text)
    if registry == LEGACY_DEFAULT_REGISTRY:
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = OFFICIAL_PREFIX + path
    return registry, path


def _check_digest(digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    length = _ALGORITHMS.get(algorithm)
    if length is None:
        raise ValueError("unsupported digest algorithm")
    if len(encoded) != length:
        raise ValueError("invalid checksum digest length")
    if encoded != encoded.lower():
        raise ValueError("invalid checksum digest format")


@lru_cache(maxsize=1024)
def parse(text: str) -> Reference:
    """The image that `text` names, with Docker's defaults filled in.

    Raises ValueError, in the library's own words, when `text` is no reference.
    """
    if _IDENTIFIER.fullmatch(text):
        raise ValueError(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    registry, path = _split_registry(text)
    colon = path.find(":")
    repository = path[:colon] if colon > -1 else path.partition("@")[0]
    if repository.lower() != repository:
        raise ValueError(f"invalid reference format: repository name ({repository}) must be lowercase")
    match = _REFERENCE.fullmatch(f"{registry}/{path}")
    if not match:
        raise ValueError("invalid reference format" if text else "repository name must have at least one component")
    return _reference(registry, *match.groups())


def _reference(registry: str, name: str, tag: str | None, digest: str | None) -> Reference:
    repository = name[len(registry) + 1 :]
    if len(repository) > MAX_NAME_LENGTH:
        raise ValueError(f"repository name must not be more than {MAX_NAME_LENGTH} characters")
    if digest:
        _check_digest(digest)
    return Reference(registry, repository, tag if tag or digest else DEFAULT_TAG, digest)
