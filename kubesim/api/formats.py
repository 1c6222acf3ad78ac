"""Formats: how values are shown, by the names by which tables call them.

They are in one registry, for the columns of `kubectl get` (kinds.json) and the rows of `kubectl describe`
(screens.json). Those of columns alone are in printers.py, those of descriptions in kubectl/describers/, and what both
show is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kubesim.api.humanize import format_labels, format_selector, node_roles

Shown = TypeVar("Shown", bound=Callable[..., Any])

FORMATS: dict[str, Callable[..., Any]] = {"labels": format_labels, "roles": node_roles, "selector": format_selector}
"""What is shown of the values at the paths beside a name, in their order; a value that is missing comes as None."""


def register(formats: Mapping[str, Callable[..., Any]]) -> None:
    """Add formats by their names. Raises ValueError for a name that is taken."""
    for name, show in formats.items():
        if name in FORMATS:
            raise ValueError(f"there are two formats called {name}")
        FORMATS[name] = show


def shows(show: Shown) -> Shown:
    """Make a function a format, which tables call by the function's name without its underscores ("taints").

    Whoever renames one renames it in the tables. Raises ValueError for a name that is taken.
    """
    register({show.__name__.strip("_"): show})
    return show


@shows
def _text(value: object) -> str:
    return "" if value is None else str(value)


@shows
def _number(number: int | None) -> str:
    return str(number or 0)
