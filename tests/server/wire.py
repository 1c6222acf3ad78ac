"""An encoder of objects in Kubernetes' protobuf, as clients send them. It shares no code with the server's decoder."""

from __future__ import annotations

import base64
from typing import Any

from tests.learner import rows

ROWS = rows(__file__)

# By message and field: the field's number, from k8s.io/api */generated.proto, for the fields of the test's samples.
NUMBERS = ROWS["numbers"]
# The messages of fields, by field; those of `spec`, by the message around it.
STRUCTS = ROWS["structs"]
SPECS = {"Deployment": "DeploymentSpec", "PodTemplateSpec": "PodSpec", "Service": "ServiceSpec"}


def message(obj: Any) -> bytes:
    """The body of a request with `obj`: Kubernetes' four magic bytes and a runtime.Unknown."""
    kind = obj["kind"]
    types = _field(1, obj["apiVersion"].encode()) + _field(2, kind.encode())
    content = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
    return b"k8s\0" + _field(1, types) + _field(2, _struct(kind, content))


def _struct(name: str, obj: Any) -> bytes:
    """The fields of a message of that name."""
    return b"".join(_member(name, key, value) for key, value in obj.items())


def _member(struct: str, key: str, value: Any) -> bytes:
    """A field of a message: once for each item of a list, and for each entry of a map."""
    number = NUMBERS[struct][key]
    if isinstance(value, list):
        return b"".join(_field(number, _value(struct, key, item)) for item in value)
    if key in ("labels", "data", "matchLabels") or (struct, key) == ("ServiceSpec", "selector"):
        is_raw = struct == "Secret"
        entries = [(name.encode(), base64.b64decode(item) if is_raw else item.encode()) for name, item in value.items()]
        return b"".join(_field(number, _field(1, name) + _field(2, item)) for name, item in entries)
    return _field(number, _value(struct, key, value))


def _value(struct: str, key: str, value: Any) -> int | bytes:
    """The value of a field: a number, or the bytes of a text or an inner message. `targetPort` is an IntOrString."""
    if key == "targetPort":
        is_text = isinstance(value, str)
        return _field(1, is_text) + (_field(3, value.encode()) if is_text else _field(2, value))
    if isinstance(value, dict):
        found = "ServicePort" if (struct, key) == ("ServiceSpec", "ports") else STRUCTS.get(key, "")
        return _struct(SPECS[struct] if key == "spec" else found, value)
    return value.encode() if isinstance(value, str) else int(value)


def _field(number: int, value: int | bytes) -> bytes:
    """A field's tag and value: wire type 0 for a number, 2 for bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first; the highest bit says that another group follows."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
