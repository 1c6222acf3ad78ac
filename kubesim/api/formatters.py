"""The registry of formatters: functions that show values, by the names in kinds.json (columns) and screens.json.

Formatters for columns of `kubectl get` are in apiserver/printers.py, those for `kubectl describe` in
kubectl/describers/, and those for both in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kubesim.api.humanize import format_labels, format_selector, node_roles

Formatter = TypeVar("Formatter", bound=Callable[..., Any])

FORMATTERS: dict[str, Callable[..., Any]] = {"labels": format_labels, "roles": node_roles, "selector": format_selector}
"""Formatters by name. Each gets the values at the paths beside its name in the table, None for a missing value."""


def register(formatters: Mapping[str, Callable[..., Any]]) -> None:
    """Add formatters by name. Raises ValueError for a name that is taken."""
    for name, function in formatters.items():
        if name in FORMATTERS:
            raise ValueError(f"there are two formatters called {name}")
        FORMATTERS[name] = function


def formatter(function: Formatter) -> Formatter:
    """Register a function under its name without leading underscores, which tables use: rename both together.

    Raises ValueError for a name that is taken.
    """
    register({function.__name__.strip("_"): function})
    return function


@formatter
def _text(value: object) -> str:
    return "" if value is None else str(value)


@formatter
def _number(number: int | None) -> str:
    return str(number or 0)
