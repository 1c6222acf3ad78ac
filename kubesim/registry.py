"""Registries as data, and what they answer to a pull in containerd's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """An image's content: digest of the manifest, bytes on the wire, what it prints at its start, the files it holds."""

    digest: str
    size: int
    log: tuple[str, ...]
    files: Mapping[str, str]
