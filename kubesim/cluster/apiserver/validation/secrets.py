"""Secrets, ConfigMaps and Events.

Mirrors ValidateSecret, ValidateConfigMap and their updates in kubernetes pkg/apis/core/validation/validation.go, and
pkg/apis/core/validation/events.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from kubesim.api.content import config_key
from kubesim.api.objects import Object, at, metadata
from kubesim.cluster.apiserver.validation.errors import Errors
from kubesim.cluster.keyring import DATA_KEYS
from kubesim.gotext import gojson

_MAX_SIZE = 1024 * 1024  # bytes
_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"


def validate_secret(errors: Errors, secret: Object) -> None:
    data = secret.get("data", {})
    _validate_keys(errors, "data", data)
    if sum(map(_decoded_size, data.values())) > _MAX_SIZE:
        errors.too_long("data", _MAX_SIZE)  # and, unlike upstream, nothing of what so much content is
        return
    kind = secret.get("type", "")
    if kind in DATA_KEYS:
        _validate_json_file(errors, DATA_KEYS[kind], data)
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            errors.required("data[username]")
            errors.required("data[password]")
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            errors.required("data[ssh-privatekey]")
    elif kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                errors.required(f"data[{key}]")
    elif kind == "kubernetes.io/service-account-token":
        _validate_account(errors, metadata(secret).get("annotations", {}))


def _validate_account(errors: Errors, annotations: Mapping[str, str]) -> None:
    if not annotations.get(_ACCOUNT):
        errors.required(f"metadata.annotations[{_ACCOUNT}]")


def _validate_keys(errors: Errors, field: str, data: Mapping[str, str]) -> None:
    for key in sorted(data):
        errors.check(f"{field}[{key}]", key, config_key)


def _decoded_size(text: str) -> int:
    return len(text) // 4 * 3 - text.count("=", -2)


def _validate_json_file(errors: Errors, key: str, data: Mapping[str, str]) -> None:
    """A type whose one key holds a JSON object."""
    if key not in data:
        errors.required(f"data[{key}]")
    elif problem := _json_problem(data[key]):
        errors.invalid(f"data[{key}]", _REDACTED, problem)


def _json_problem(encoded: str) -> str:
    text = base64.b64decode(encoded).decode("latin-1")
    try:
        value = gojson.loads(text)
    except ValueError as error:
        return str(error)
    is_map = value is None or isinstance(value, dict)
    return "" if is_map else gojson.mismatch(value, "value of type map[string]interface {}")


def validate_config_map(errors: Errors, config_map: Object) -> None:
    data, binary = config_map.get("data", {}), config_map.get("binaryData", {})
    _validate_keys(errors, "data", data)
    for key in sorted(set(data) & set(binary)):
        errors.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    _validate_keys(errors, "binaryData", binary)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in data.values())
    if size + sum(map(_decoded_size, binary.values())) > _MAX_SIZE:
        errors.too_long("[]", _MAX_SIZE)


def validate_secret_update(errors: Errors, new: Object, old: Object) -> None:
    errors.immutable("type", new.get("type"), old.get("type"))
    _validate_immutable(errors, new, old, ("data",))


def validate_config_map_update(errors: Errors, new: Object, old: Object) -> None:
    """Nothing changes in one that is immutable."""
    _validate_immutable(errors, new, old, ("data", "binaryData"))


def _validate_immutable(errors: Errors, new: Object, old: Object, fields: Sequence[str]) -> None:
    if not old.get("immutable"):
        return
    changed = [field for field in fields if new.get(field) != old.get(field)]
    if not new.get("immutable"):
        changed.insert(0, "immutable")
    for field in changed:
        errors.forbidden(field, "field is immutable when `immutable` is set")


def validate_event(errors: Errors, event: Object) -> None:
    """An event lives where its object does, those about objects without a namespace in `default`."""
    namespace = at(event, "involvedObject.namespace") or ""
    if metadata(event).get("namespace") != (namespace or "default"):
        errors.invalid("involvedObject.namespace", namespace, "does not match event.namespace")
