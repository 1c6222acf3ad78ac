"""Objects in Kubernetes' protobuf encoding, as a client writes them: made by hand, to be read by the server."""

from __future__ import annotations

import base64
from typing import Any

from tests.learner import rows

ROWS = rows(__file__)

# The numbers of the fields that the samples have, from k8s.io/api */generated.proto; "items" are those of lists.
NUMBERS = ROWS["numbers"]
STRUCTS = ROWS["structs"]
SPECS = {"Deployment": "DeploymentSpec", "PodTemplateSpec": "PodSpec", "Service": "ServiceSpec"}


def message(obj: Any) -> bytes:
    """The body of a request: the magic number and runtime.Unknown."""
    kind = obj["kind"]
    types = _field(1, obj["apiVersion"].encode()) + _field(2, kind.encode())
    content = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
    return b"k8s\0" + _field(1, types) + _field(2, _struct(kind, content))


def _struct(name: str, obj: Any) -> bytes:
    return b"".join(_member(name, key, value) for key, value in obj.items())


def _member(struct: str, key: str, value: Any) -> bytes:
    number = NUMBERS[struct][key]
    if isinstance(value, list):
        return b"".join(_field(number, _value(struct, key, item)) for item in value)
    if key in ("labels", "data", "matchLabels") or (struct, key) == ("ServiceSpec", "selector"):
        is_raw = struct == "Secret"
        entries = [(name.encode(), base64.b64decode(item) if is_raw else item.encode()) for name, item in value.items()]
        return b"".join(_field(number, _field(1, name) + _field(2, item)) for name, item in entries)
    return _field(number, _value(struct, key, value))


def _value(struct: str, key: str, value: Any) -> int | bytes:
    if key == "targetPort":
        is_text = isinstance(value, str)
        return _field(1, is_text) + (_field(3, value.encode()) if is_text else _field(2, value))
    if isinstance(value, dict):
        found = "ServicePort" if (struct, key) == ("ServiceSpec", "ports") else STRUCTS.get(key, "")
        return _struct(SPECS[struct] if key == "spec" else found, value)
    return value.encode() if isinstance(value, str) else int(value)


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
