"""Formatters: functions that show values, by the names by which tables call them.

They are in one registry, for the columns of `kubectl get` (kinds.json) and the rows of `kubectl describe`
(screens.json). Those of columns alone are in printers.py, those of descriptions in kubectl/describers/, and what both
show is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kubesim.api.humanize import format_labels, format_selector, node_roles

Formatter = TypeVar("Formatter", bound=Callable[..., Any])

FORMATTERS: dict[str, Callable[..., Any]] = {"labels": format_labels, "roles": node_roles, "selector": format_selector}
"""By their names. Each gets the values at the paths beside its name, in their order, None for one that is missing."""


def register(formatters: Mapping[str, Callable[..., Any]]) -> None:
    """Add formatters by their names. Raises ValueError for a name that is taken."""
    for name, function in formatters.items():
        if name in FORMATTERS:
            raise ValueError(f"there are two formatters called {name}")
        FORMATTERS[name] = function


def formatter(function: Formatter) -> Formatter:
    """Register a function, which tables call by its name without the underscores ("taints").

    Whoever renames one renames it in the tables. Raises ValueError for a name that is taken.
    """
    register({function.__name__.strip("_"): function})
    return function


@formatter
def _text(value: object) -> str:
    return "" if value is None else str(value)


@formatter
def _number(number: int | None) -> str:
    return str(number or 0)
