"""Decoding JSON into an API object, with the API server's words for what does not fit.

Mirrors sigs.k8s.io/json (strict decoding of typed objects), k8s.io/apimachinery pkg/runtime/converter.go (objects made
by a strategic merge patch) and the Unmarshalers of Time, Quantity and IntOrString, v1.36. A decoder is built once for
each type; paths are worked out only when something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from kubesim.api import quantity
from kubesim.api.clock import parse_time, rfc3339, to_datetime
from kubesim.api.errors import StatusError, bad_request
from kubesim.api.resources import Resource
from kubesim.api.schema.model import Type, fields, type_of
from kubesim.gotext import base64, gojson

Decoder = Callable[[Any], Any]
# Go stops collecting here.
MAX_STRICT_ERRORS = 100


class DecodeError(Exception):
    """A value that does not fit its field: `value` where a `type` was wanted, or what an Unmarshaler said of it."""

    def __init__(self, value: Any, go: str, said: str = "", kind: str = "") -> None:
        super().__init__(go, said)
        self.value, self.go, self.said, self.kind = value, go, said, kind
        self.struct = ""
        self.path: list[str] = []

    def in_json(self) -> str:
        """The sentence of the JSON decoder."""
        if self.said:
            return self.said
        where = f"Go struct field {self.struct}.{'.'.join(reversed(self.path))}" if self.struct else "Go value"
        return f"json: cannot unmarshal {_json_word(self.value, self.kind)} into {where} of type {self.go}"

    def in_converter(self) -> str:
        """The sentence of the converter from unstructured objects, which names no field."""
        if self.said:
            return self.said
        given = _GO_KINDS[type(self.value)]
        if self.kind in ("list", "bytes", "map"):
            return f"cannot restore {'map' if self.kind == 'map' else 'slice'} from {given}"
        if self.kind == "struct":
            return f"cannot restore struct from: {given}"
        if self.kind == "own":
            return f"json: cannot unmarshal {_json_word(self.value, self.kind)} into Go value of type {self.go}"
        if given == "int64" and self.kind == "string":
            return f"cannot convert int64 to {self.go}"
        base = {"string": "string", "integer": self.go, "boolean": "bool"}[self.kind]
        return f"unrecognized type: {base}"


_GO_KINDS = {str: "string", bool: "bool", int: "int64", float: "float64", list: "slice", dict: "map"}


def _json_word(value: Any, kind: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number " + gojson.sprint(value) if kind == "integer" else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def decode(resource: Resource, obj: Any, strict: bool) -> dict[str, Any]:
    """`obj`, parsed JSON, as an object of `resource`: unknown fields and empty values dropped, numbers, times and
    quantities in their canonical form. `obj` is left alone.

    Raises StatusError (BadRequest) where a value has the wrong type and, when `strict`, where a field is unknown.
    """
    struct = type_of(resource)
    try:
        decoded: dict[str, Any] = decoder(struct)(obj)
    except DecodeError as error:
        raise _cannot_be_handled(resource, error.in_json()) from None
    if strict and (unknown := unknown_fields(struct, obj)):
        raise _cannot_be_handled(resource, strict_error(unknown))
    return decoded


def convert(struct: Type, obj: Any) -> Any:
    """`obj` decoded as `struct`. Raises DecodeError, whose sentence the caller picks."""
    return decoder(struct)(obj)


def strict_error(unknown: list[str]) -> str:
    """The sentence that lists unknown fields."""
    return "strict decoding error: " + ", ".join(unknown)


def _cannot_be_handled(resource: Resource, why: str) -> StatusError:
    kind = resource.kind
    return bad_request(f'{kind} in version "{resource.api_version}" cannot be handled as a {kind}: {why}')


def unknown_fields(struct: Type, obj: Any) -> list[str]:
    """One sentence for each field of `obj` that `struct` lacks: 'unknown field "spec.foo"', in key order."""
    found = []
    for path in _unknown(struct, obj, ""):
        found.append(f'unknown field "{path}"')
        if len(found) == MAX_STRICT_ERRORS:
            break
    return found


def _unknown(kind: Type, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list) and kind.kind == "list" and kind.element:
        for index, item in enumerate(value):
            yield from _unknown(kind.element, item, f"{path}[{index}]")
    if isinstance(value, dict) and kind.kind == "struct":
        known = fields(kind)
        for key in sorted(value):
            where = f"{path}.{key}" if path else key
            if key in known:
                yield from _unknown(known[key].type, value[key], where)
            else:
                yield where


@cache
def decoder(kind: Type) -> Decoder:
    """The function that decodes one type; it raises DecodeError."""
    if kind.kind == "struct":
        return _struct(kind)
    if kind.kind == "list":
        return _list(kind)
    if kind.kind == "map":
        return _map(kind)
    return _SCALARS[kind.kind](kind)


def _struct(kind: Type) -> Decoder:
    table: dict[str, tuple[Decoder, bool]] = {}

    def decode_struct(value: Any) -> dict[str, Any]:
        if not table:  # at the first use, for a type may hold itself
            table.update({name: (decoder(field.type), field.keeps_zero) for name, field in fields(kind).items()})
        if value.__class__ is not dict:
            if value is None:
                return {}
            raise DecodeError(value, kind.go, kind="struct")
        decoded = {}
        key = ""
        try:
            for key in sorted(value):
                item = value[key]
                entry = table.get(key)
                if entry is not None and item is not None:
                    item = entry[0](item)
                    if item or entry[1]:
                        decoded[key] = item
        except DecodeError as error:
            error.path.append(key)
            error.struct = error.struct or kind.name
            raise
        return decoded

    return decode_struct


def _list(kind: Type) -> Decoder:
    assert kind.element
    element = decoder(kind.element)

    def decode_list(value: Any) -> list[Any]:
        if value.__class__ is not list:
            raise DecodeError(value, kind.go, kind="list")
        return [element(item) for item in value]

    return decode_list


def _map(kind: Type) -> Decoder:
    assert kind.element
    element = decoder(kind.element)

    def decode_map(value: Any) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise DecodeError(value, kind.go, kind="map")
        return {gojson.valid(key): element(value[key]) for key in sorted(value)}

    return decode_map


def _string(kind: Type) -> Decoder:
    def decode_string(value: Any) -> str:
        if value.__class__ is str:
            return gojson.valid(value)
        if value is None:
            return ""
        raise DecodeError(value, kind.go, kind="string")

    return decode_string


def _boolean(kind: Type) -> Decoder:
    def decode_boolean(value: Any) -> bool:
        if value.__class__ is bool or value is None:
            return bool(value)
        raise DecodeError(value, kind.go, kind="boolean")

    return decode_boolean


def _integer(kind: Type) -> Decoder:
    limit = 2 ** (int(kind.go.removeprefix("int")) - 1)

    def decode_integer(value: Any) -> int:
        if value is None:
            return 0
        whole = value.__class__ is int or (value.__class__ is float and value.is_integer() and abs(value) < 1e21)
        if whole and -limit <= value < limit:
            return int(value)
        raise DecodeError(value, kind.go, kind="integer")

    return decode_integer


def _bytes(kind: Type) -> Decoder:
    def decode_bytes(value: Any) -> str:
        if value is None:
            return ""
        if value.__class__ is not str:
            raise DecodeError(value, kind.go, kind="bytes")
        try:
            base64.decode(value)
        except ValueError as error:
            raise DecodeError(value, kind.go, str(error)) from None
        return str(value.replace("\n", "").replace("\r", ""))

    return decode_bytes


_TIME_PARTS = (
    ("2006", r"[0-9]{4}"),
    ("-", r"-"),
    ("01", r"[0-9]{2}"),
    ("-", r"-"),
    ("02", r"[0-9]{2}"),
    ("T", r"T"),
    ("15", r"[0-9]{2}"),
    (":", r":"),
    ("04", r"[0-9]{2}"),
    (":", r":"),
    ("05", r"[0-9]{2}(?:[.,][0-9]+)?"),
    ("Z07:00", r"Z|[+-][0-9]{2}:[0-9]{2}"),
)


def _time(kind: Type) -> Decoder:
    micro = kind.kind == "microtime"
    layout = "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"

    def decode_time(value: Any) -> str:
        if value.__class__ is not str:
            raise DecodeError(value, "string", kind="own")
        if problem := _time_error(value, layout):
            raise DecodeError(value, kind.go, f"parsing time {gojson.quote(value)}{problem}")
        moment = parse_time(value)
        return to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if micro else rfc3339(moment)

    return decode_time


def _time_error(text: str, layout: str) -> str:
    rest = text
    for element, pattern in _TIME_PARTS:
        match = re.match(pattern, rest)
        if match is None:
            return f' as "{layout}": cannot parse {gojson.quote(rest)} as "{element}"'
        rest = rest[match.end() :]
    if rest:
        return f": extra text: {gojson.quote(rest)}"
    try:
        rfc3339(parse_time(text))
    except (ValueError, OverflowError) as error:
        unit = next((unit for unit in ("month", "hour", "minute", "second") if unit in str(error)), "day")
        return f": {unit} out of range"
    return ""


def _quantity(kind: Type) -> Decoder:
    def decode_quantity(value: Any) -> str:
        if value is None:
            return "0"
        text = value.strip() if isinstance(value, str) else gojson.dumps(value)
        try:
            return quantity.canonical(text)
        except ValueError as error:
            raise DecodeError(value, kind.go, str(error)) from None

    return decode_quantity


def _int_or_string(kind: Type) -> Decoder:
    integer = _integer(Type("integer", "int32"))

    def decode_int_or_string(value: Any) -> int | str:
        if value.__class__ is str:
            return str(value)
        try:
            return int(integer(value))
        except DecodeError as error:
            error.kind = "integer" if isinstance(value, int | float) else "own"
            raise

    return decode_int_or_string


def _any(_kind: Type) -> Decoder:
    return lambda value: value


_SCALARS: dict[str, Callable[[Type], Decoder]] = {
    "any": _any,
    "boolean": _boolean,
    "bytes": _bytes,
    "integer": _integer,
    "intorstring": _int_or_string,
    "microtime": _time,
    "number": _any,
    "quantity": _quantity,
    "string": _string,
    "time": _time,
}
