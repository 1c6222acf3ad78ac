"""Bodies in Kubernetes' protobuf encoding, which kubectl's typed clients send for what `kubectl create` makes.

Only these few types are read, and answers are always JSON, which every client takes. The numbers are those of
k8s.io/api */generated.proto, v1.36; how a value is read follows from the schema.
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
# Numbers of the fields of runtime.Unknown, which holds every object, of its TypeMeta, and of an entry of a map.
_TYPE = 1
_RAW = 2
_TYPE_META = {1: "apiVersion", 2: "kind"}
_KEY = 1
_VALUE = 2
_QUANTITY = 1  # of a Quantity: its text
_IS_TEXT = 1  # of an IntOrString: whether it is a text (1) or a number (0)
_NUMBER = 2
_TEXT = 3
# How a field is encoded, in the last three bits of its key.
_VARINT = 0
_BYTES = 2
_LONGEST_VARINT = 10  # bytes

# The fields that kubectl writes, by number, of every struct that it writes; "+" marks a message whose fields are the
# struct's own.
_FIELDS: dict[str, dict[str, str]] = load_table(__file__, "protobuf.json")


def decode(body: bytes, budget: Budget) -> Object:
    """The object in a body, paid from `budget`. Raises StatusError for what is none, or of a type that is not read."""
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
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # a field of another wire type, or none
        raise bad_request(f"the body of the request is no object in protobuf: {error}") from None


def _struct(struct: Type, data: bytes, budget: Budget, message: str = "") -> Object:
    """The fields of a message. Those without a name in the table are of no concern to what kubectl creates."""
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
    """Each field of a message: its number, and its integer or bytes. Raises ValueError."""
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
        content = stream.read(min(value, len(data)))  # the value is its size, which may be any number
        if len(content) < value:
            raise ValueError("unexpected EOF")
        yield number, content


def _varint(stream: BytesIO) -> int:
    """An integer of seven bits a byte, the lowest first, each but the last byte with its highest bit set."""
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = stream.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            return value
    raise ValueError("unexpected EOF")
