"""A small Kubernetes cluster that runs inside Python, to learn how images are pulled from private registries."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubesim.session import Session

__all__ = ["Session"]


def __getattr__(name: str) -> Any:
    """Import `Session` at its first use, so that importing one package of kubesim doesn't load all of them."""
    if name != "Session":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kubesim.api.garbage import uncollected

    with uncollected():
        return import_module("kubesim.session").Session
