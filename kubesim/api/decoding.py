"""Decoding of JSON into the fields of a type of the API, as the API server does it.

Mirrors sigs.k8s.io/json (strict decoding of typed objects), k8s.io/apimachinery pkg/runtime/converter.go (objects made
by a strategic merge patch) and the Unmarshalers of Time, Quantity and IntOrString, v1.36. A decoder is built once for
each type; paths are worked out only when something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from kubesim.api import quantity
from kubesim.api.clock import parse_time, rfc3339, rfc3339_micro
from kubesim.api.errors import undecodable
from kubesim.api.resources import Resource
from kubesim.api.schema import Type, fields, type_of
from kubesim.gotext import gobase64, gofmt, gojson

Decoder = Callable[[Any], Any]
# Go's kinds in the converter's sentences, and the beginnings of those sentences, by kind of the expected type.
_GO_KINDS = {str: "string", bool: "bool", int: "int64", float: "float64", list: "slice", dict: "map"}
_RESTORED = {"list": "slice from", "bytes": "slice from", "map": "map from", "struct": "struct from:"}
_RFC3339 = r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)"
_INT32 = Type("integer", "int32")


class DecodeError(Exception):
    """A `value` that doesn't match the type `declared` for its field.

    `sentence` is the message of the type's Unmarshaler, if it has one. With `is_unmarshaled`, the field's type has an
    Unmarshaler, and `declared` is the type that it reads. The decoders of outer structs fill in `path` and `struct`.
    """

    def __init__(self, declared: Type, value: Any, sentence: str = "", *, is_unmarshaled: bool = False) -> None:
        super().__init__()
        self.declared = declared
        self.value = value
        self.sentence = sentence
        self.is_unmarshaled = is_unmarshaled
        self.struct = ""
        self.path: list[str] = []

    def __str__(self) -> str:
        """The sentence of the JSON decoder."""
        if self.sentence:
            return self.sentence
        where = f"struct field {self.struct}.{'.'.join(reversed(self.path))}" if self.struct else "value"
        return self._mismatch(where)

    def _mismatch(self, where: str) -> str:
        return gojson.mismatch(self.value, f"{where} of type {self.declared.go}", self.declared.kind == "integer")

    def in_converter(self) -> str:
        """The sentence of the converter from unstructured objects, which doesn't name the field."""
        if self.sentence:
            return f"error decoding from json: {self.sentence}" if self.declared.kind == "bytes" else self.sentence
        if self.is_unmarshaled:  # it reads JSON, but not from within a struct
            return self._mismatch("value")
        kind = self.declared.kind
        go_kind = _GO_KINDS[type(self.value)]
        if kind in _RESTORED:
            return f"cannot restore {_RESTORED[kind]} {go_kind}"
        if kind == "string" and go_kind == "int64":
            return f"cannot convert int64 to {self.declared.go}"
        unknown = "string" if kind == "string" else self.declared.go
        return f"unrecognized type: {unknown}"


def decode(resource: Resource, obj: Any, strict: bool) -> dict[str, Any]:
    """Decode parsed JSON as an object of `resource`, and return a new object.

    Unknown fields and empty values are dropped; numbers, times and quantities get their canonical form. Raises
    StatusError (BadRequest) for a value of the wrong type and, if `strict`, for an unknown field.
    """
    struct = type_of(resource)
    try:
        decoded: dict[str, Any] = decoder(struct)(obj)
    except DecodeError as error:
        raise undecodable(resource, str(error)) from None
    if strict and (unknown := unknown_fields(struct, obj)):
        raise undecodable(resource, strict_error(unknown))
    return decoded


def convert(struct: Type, obj: Any) -> Any:
    """Decode `obj` as `struct`. Raises DecodeError, of whose two sentences the caller picks one."""
    return decoder(struct)(obj)


def strict_error(unknown: list[str]) -> str:
    """The sentence that lists unknown fields."""
    return "strict decoding error: " + ", ".join(unknown)


def unknown_fields(struct: Type, obj: Any) -> list[str]:
    """One sentence for each field of `obj` that `struct` lacks: 'unknown field "spec.foo"', in key order."""
    return [f'unknown field "{path}"' for path in _unknown(struct, obj, "")]


def _unknown(declared: Type, value: Any, path: str) -> Iterator[str]:
    """The paths of the fields in a value that its type lacks."""
    if isinstance(value, list) and declared.kind == "list" and declared.element:
        for index, item in enumerate(value):
            yield from _unknown(declared.element, item, f"{path}[{index}]")
    if isinstance(value, dict) and declared.kind == "struct":
        known = fields(declared)
        for key in sorted(value):
            inner_path = f"{path}.{key}" if path else key
            if key in known:
                yield from _unknown(known[key].type, value[key], inner_path)
            else:
                yield inner_path


@cache
def decoder(declared: Type) -> Decoder:
    """The function that decodes values of one type and raises DecodeError."""
    if declared.kind == "struct":
        return partial(_struct, declared, {})
    if declared.element:
        return partial(_list if declared.kind == "list" else _map, declared, decoder(declared.element))
    return partial(_SCALARS[declared.kind], declared)


def _struct(declared: Type, table: dict[str, tuple[Decoder, bool]], value: Any) -> dict[str, Any]:
    """Decode a struct. `table` has each field's decoder, and whether the field keeps its zero value.

    The table is filled at the first use, because a type may contain itself.
    """
    if not table:
        table.update({name: (decoder(field.type), field.keeps_zero) for name, field in fields(declared).items()})
    value = _of_class(dict, declared, value)
    decoded = {}
    key = ""
    try:
        for key in sorted(value):
            item = value[key]
            entry = table.get(key)
            if entry is not None and item is not None:
                decode_field, keeps_zero = entry
                item = decode_field(item)
                if item or keeps_zero:
                    decoded[key] = item
    except DecodeError as error:
        error.path.append(key)
        error.struct = error.struct or declared.name
        raise
    return decoded


def _list(declared: Type, element: Decoder, value: Any) -> list[Any]:
    return [element(item) for item in _of_class(list, declared, value)]


def _map(declared: Type, element: Decoder, value: Any) -> dict[str, Any]:
    items = _of_class(dict, declared, value)
    return {gojson.without_surrogates(key): element(items[key]) for key in sorted(items)}


def _of_class(expected: type, declared: Type, value: Any) -> Any:
    """`value`, or an empty one for null. Raises DecodeError if it isn't of the class `expected`."""
    if value is None:
        return expected()
    if value.__class__ is not expected:
        raise DecodeError(declared, value)
    return value


def _string(declared: Type, value: Any) -> str:
    return gojson.without_surrogates(_of_class(str, declared, value))


def _integer(declared: Type, value: Any) -> int:
    limit = 2 ** (int(declared.go.removeprefix("int")) - 1)
    if value is None:
        return 0
    is_whole = value.__class__ is int or (value.__class__ is float and value.is_integer())
    if is_whole and -limit <= value < limit:
        return int(value)
    raise DecodeError(declared, value)


def _bytes(declared: Type, value: Any) -> str:
    text = _string(declared, value)
    try:
        gobase64.decode(text)
    except ValueError as error:
        raise DecodeError(declared, value, str(error)) from None
    return text.replace("\n", "").replace("\r", "")


def _time(declared: Type, value: Any) -> str:
    """Decode a Time or a MicroTime, in whole seconds or microseconds."""
    if value.__class__ is not str:
        raise DecodeError(Type("string", "string"), value, is_unmarshaled=True)
    is_micro = declared.kind == "microtime"
    try:
        if not re.fullmatch(_RFC3339, value):
            raise ValueError(value)
        moment = parse_time(value)
        seconds = rfc3339(moment)
    except (ValueError, OverflowError):
        layout = "2006-01-02T15:04:05.000000Z07:00" if is_micro else "2006-01-02T15:04:05Z07:00"
        quoted = gofmt.quote(value)
        sentence = f'parsing time {quoted} as "{layout}": cannot parse {quoted} as "2006"'
        raise DecodeError(declared, value, sentence) from None
    return rfc3339_micro(moment) if is_micro else seconds


def _quantity(declared: Type, value: Any) -> str:
    if value is None:
        return "0"
    try:
        text = value.strip() if isinstance(value, str) else gojson.dumps(value)
        return quantity.canonical(text)
    except ValueError as error:
        raise DecodeError(declared, value, str(error)) from None


def _int_or_string(_declared: Type, value: Any) -> int | str:
    if value.__class__ is str:
        return str(value)
    try:
        return _integer(_INT32, value)
    except DecodeError:
        raise DecodeError(_INT32, value, is_unmarshaled=True) from None


def _any(_declared: Type, value: Any) -> Any:
    return value


_SCALARS: dict[str, Callable[[Type, Any], Any]] = {
    "any": _any,
    "boolean": partial(_of_class, bool),
    "bytes": _bytes,
    "integer": _integer,
    "intorstring": _int_or_string,
    "microtime": _time,
    "number": _any,
    "quantity": _quantity,
    "string": _string,
    "time": _time,
}
