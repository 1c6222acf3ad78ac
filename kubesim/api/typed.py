"""Reads what a file of a person's own holds into records, each field as the record declares it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


class UnknownFieldError(ValueError):
    """A field that the record doesn't have."""


_SCALARS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def read(kind: Any, value: Any, place: str = "") -> Any:
    """`value`, made by YAML or JSON, as a `kind`: a NamedTuple, tuple[X, ...], Mapping[str, X], Literal or a scalar.

    X | None is for what may be left out. Raises ValueError with a sentence that names the place, such as
    "registries[0].hosts", for a field that the record doesn't have, for one that it lacks, and for another type.
    """
    title = place.lstrip(".") or "the file"
    origin = get_origin(kind)
    arguments = get_args(kind)
    if origin in (Union, UnionType):
        return read(arguments[0], value, place)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{title} must be one of {', '.join(arguments)}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{title} must be a list")
        return tuple(read(arguments[0], item, f"{place}[{number}]") for number, item in enumerate(value))
    if origin is Mapping:
        return {name: read(arguments[1], item, f"{place}.{name}") for name, item in _map(value, title).items()}
    if kind in _SCALARS:
        is_number = kind is float and type(value) is int
        if type(value) is not kind and not is_number:
            raise ValueError(f"{title} must be {_SCALARS[kind]}")
        return value
    return _record(kind, _map(value, title), place, title)


def _map(value: Any, title: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{title} must be a map")
    for name in value:
        if not isinstance(name, str):
            raise ValueError(f"in {title}, {name!r} must be a text: put it in quotes")
    return value


def _record(kind: Any, value: Mapping[str, Any], place: str, title: str) -> Any:
    types = _types(kind)
    for name in value:
        if name not in types:
            raise UnknownFieldError(f"{title} has no field {name}")
    for name in types:
        if name not in value and name not in kind._field_defaults:
            raise ValueError(f"{title} lacks {name}")
    return kind(**{name: read(types[name], item, f"{place}.{name}") for name, item in value.items()})


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)
