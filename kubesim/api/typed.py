"""Reads tables and other YAML and JSON files into records, and checks each field's type."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from kubesim.api import load_table

_SCALARS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


class UnknownFieldError(ValueError):
    """A field that the record lacks."""


def read_table(module: str, name: str, kind: Any) -> Any:
    """Read the JSON file `name` beside a module, given by its `__file__`, as a `kind`. Raises ValueError as `read`."""
    return read(kind, load_table(module, name), name)


def read(kind: Any, value: Any, place: str = "") -> Any:
    """Read a decoded `value` as a `kind`.

    A `kind` is a NamedTuple, a dataclass, tuple[X, ...], tuple[X, Y], Mapping[str, X], a Literal or a scalar. X | None
    marks optional fields. Any and dict[str, Any], a map of any shape, are returned as they are. Raises ValueError for
    unknown and missing fields and for wrong types. The message names the place, such as "registries[0].hosts".
    """
    if kind in _SCALARS:
        is_number = kind is float and type(value) is int
        _check(type(value) is kind or is_number, place, f"must be {_SCALARS[kind]}")
        return value
    if kind is Any:
        return value
    origin, arguments = _parts(kind)
    if origin in (Union, UnionType):
        return read(arguments[0], value, place)
    if origin is Literal:
        _check(value in arguments, place, f"must be one of {', '.join(arguments)}")
        return value
    if origin is tuple:
        _check(isinstance(value, list), place, "must be a list")
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        _check(len(kinds) == len(value), place, f"must have {len(kinds)} items")
        return tuple(read(kinds[number], item, f"{place}[{number}]") for number, item in enumerate(value))
    _check_names(value, place)
    if origin is Mapping:
        return {name: read(arguments[1], item, f"{place}.{name}") for name, item in value.items()}
    return value if origin is dict else _record(kind, value, place)


def _record(kind: Any, value: Mapping[str, Any], place: str) -> Any:
    """Read a map as a NamedTuple or a dataclass."""
    types = _types(kind)
    for name in value:
        if name not in types:
            raise UnknownFieldError(f"{_title(place)} has no field {name}")
    for name in types:
        _check(name in value or name in _optional(kind), place, f"lacks {name}")
    return kind(**{name: read(types[name], item, f"{place}.{name}") for name, item in value.items()})


def _check_names(value: Any, place: str) -> None:
    """Raise ValueError if `value` is no map with texts as keys."""
    _check(isinstance(value, dict), place, "must be a map")
    for name in value:
        if not isinstance(name, str):
            raise ValueError(f"in {_title(place)}, {name!r} must be a text: put it in quotes")


def _check(is_right: bool, place: str, problem: str) -> None:
    if not is_right:
        raise ValueError(f"{_title(place)} {problem}")


def _title(place: str) -> str:
    return place.lstrip(".") or "the file"


@cache
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """The generic type and its arguments: Mapping and (str, X) of Mapping[str, X]; None and () of a record."""
    return get_origin(kind), get_args(kind)


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


@cache
def _optional(kind: Any) -> Collection[str]:
    """The names of a record's optional fields."""
    if hasattr(kind, "_field_defaults"):
        names: Collection[str] = kind._field_defaults
        return names
    from dataclasses import MISSING, fields  # late: most commands read no dataclass

    return {one.name for one in fields(kind) if one.default is not MISSING or one.default_factory is not MISSING}
