"""Decoder of bodies in Kubernetes' protobuf encoding, which kubectl's typed clients send for `kubectl create`.

It reads the types in protobuf.json. Responses are always JSON, which every client accepts. The field numbers are those
of k8s.io/api */generated.proto, v1.36; the type of each value comes from the schema.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from kubesim.api import load_table, schema
from kubesim.api.budget import Budget
from kubesim.api.errors import bad_request
from kubesim.api.objects import Object
from kubesim.api.resources import find_kind
from kubesim.api.schema import Type

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"
_DELETE_OPTIONS = "DeleteOptions"
_FIELD_COST = 12  # steps of the budget
# Field numbers of runtime.Unknown, which wraps every object, of its TypeMeta, and of an entry of a map.
_TYPE = 1
_RAW = 2
_TYPE_META = {1: "apiVersion", 2: "kind"}
_KEY = 1
_VALUE = 2
_QUANTITY = 1  # field number of a Quantity's text
_IS_TEXT = 1  # field number of an IntOrString's kind: 1 for a text, 0 for a number
_NUMBER = 2
_TEXT = 3
# Wire types: the last three bits of a field's key.
_VARINT = 0
_BYTES = 2
_LONGEST_VARINT = 10  # bytes

# The fields that kubectl writes, by struct and field number. "+Name" marks an embedded message, whose fields are in the
# struct itself in JSON.
_FIELDS: dict[str, dict[str, str]] = load_table(__file__, "protobuf.json")


def decode(body: bytes, budget: Budget) -> Object:
    """Decode the object in a body, paid from `budget`.

    Raises StatusError for bad content, and types that aren't read.
    """
    try:
        if not body.startswith(_MAGIC):
            raise ValueError("no magic number")
        unknown = dict(_wire(body[len(_MAGIC) :], budget))
        meta = dict(_wire(unknown[_TYPE], budget))
        types = {name: meta[number].decode() for number, name in _TYPE_META.items() if number in meta}
        if types.get("kind") == _DELETE_OPTIONS:
            return _struct(schema.meta_type(_DELETE_OPTIONS), unknown[_RAW], budget)
        resource = find_kind(types.get("apiVersion", ""), types.get("kind", ""))
        if resource is None or resource.kind not in _FIELDS:
            raise ValueError(f"{types.get('kind')} is not read in this encoding")
        return {**types, **_struct(schema.type_of(resource), unknown[_RAW], budget)}
    # a field has the wrong wire type, or is missing
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise bad_request(f"the body of the request is no object in protobuf: {error}") from None


def _struct(struct: Type, data: bytes, budget: Budget, message: str = "") -> Object:
    """Decode the fields of a message.

    Fields that aren't in the table are skipped: `kubectl create` doesn't set them.
    """
    names = _FIELDS.get(message or struct.name, {})
    fields = schema.fields(struct)
    message_fields: Object = {}
    for number, value in _wire(data, budget):
        name = names.get(str(number))
        if name is None:
            continue
        if name.startswith("+"):
            message_fields |= _struct(struct, value, budget, name[1:])
            continue
        kind = fields[name].type
        if kind.kind == "list" and kind.element:
            message_fields.setdefault(name, []).append(_value(kind.element, value, budget))
        elif kind.kind == "map" and kind.element:
            entry = dict(_wire(value, budget))
            key = entry.get(_KEY, b"").decode()
            message_fields.setdefault(name, {})[key] = _value(kind.element, entry.get(_VALUE, b""), budget)
        else:
            message_fields[name] = _value(kind, value, budget)
    return message_fields


def _value(kind: Type, value: Any, budget: Budget) -> Any:
    """Decode one value of a field in the form that JSON has."""
    if kind.kind == "struct":
        return _struct(kind, value, budget)
    if kind.kind == "quantity":
        return dict(_wire(value, budget)).get(_QUANTITY, b"").decode()
    if kind.kind == "intorstring":
        parts = dict(_wire(value, budget))
        return parts.get(_TEXT, b"").decode() if parts.get(_IS_TEXT) else parts.get(_NUMBER, 0)
    if kind.kind == "bytes":
        return base64.b64encode(value).decode()
    if kind.kind == "boolean":
        return bool(value)
    if kind.kind == "integer":
        return value - (1 << 64) if value >> 63 else value
    return value.decode()


def _wire(data: bytes, budget: Budget) -> Iterator[tuple[int, Any]]:
    """The fields of a message: the number, and the integer or bytes. Raises ValueError."""
    stream = BytesIO(data)
    while stream.tell() < len(data):
        budget.spend(_FIELD_COST)
        number, encoding = divmod(_varint(stream), 8)
        if encoding not in (_VARINT, _BYTES):
            raise ValueError(f"wire type {encoding}")
        value = _varint(stream)
        if encoding == _VARINT:
            yield number, value
            continue
        content = stream.read(min(value, len(data)))  # `value` is the size, which the client chooses
        if len(content) < value:
            raise ValueError("unexpected EOF")
        yield number, content


def _varint(stream: BytesIO) -> int:
    """Read an integer: seven bits a byte, lowest first; the highest bit of a byte says that another follows."""
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = stream.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            return value
    raise ValueError("unexpected EOF")
