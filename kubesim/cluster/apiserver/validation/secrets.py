"""Rules for Secrets and ConfigMaps, and for their updates.

Mirrors ValidateSecret, ValidateConfigMap and their updates in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

import base64

from kubesim.api.content import config_key
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.gotext import gojson
from kubesim.pull.keyring import DATA_KEYS

_MAX_SIZE = 1024 * 1024  # bytes
_REDACTED = "<secret contents redacted>"


def validate_secret(secret: Field) -> None:
    """Validate the keys and size of a Secret, and the data that its type requires."""
    data = secret.get("data", {})
    _validate_keys(secret, "data")
    if sum(map(_decoded_size, data.values())) > _MAX_SIZE:
        secret.too_long("data", _MAX_SIZE)  # unlike upstream, don't decode so much data for the other checks
        return
    kind = secret.get("type", "")
    if kind in DATA_KEYS:
        _validate_json_file(secret, DATA_KEYS[kind])
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            secret.required("data[username]")
            secret.required("data[password]")
    elif kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        secret.required("data[ssh-privatekey]")
    elif kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                secret.required(f"data[{key}]")


def _validate_keys(holder: Field, name: str) -> None:
    for key in sorted(holder.get(name, {})):
        for problem in config_key(key):
            holder.invalid(f"{name}[{key}]", problem, value=key)


def _decoded_size(text: str) -> int:
    """The number of bytes encoded in a Base64 text, without decoding it."""
    padding = text.count("=", -2)  # only the last two characters can be padding
    return len(text) // 4 * 3 - padding


def _validate_json_file(secret: Field, key: str) -> None:
    """Require the key `key` of a Secret with a JSON object; its value never appears in the message."""
    data = secret.get("data", {})
    if key not in data:
        secret.required(f"data[{key}]")
    elif problem := _json_problem(data[key]):
        secret.invalid(f"data[{key}]", problem, value=_REDACTED)


def _json_problem(encoded: str) -> str:
    """The problem of Base64-encoded JSON that should be an object, "" for none."""
    # Latin-1 takes any bytes, so that the parser reports them as Go does.
    text = base64.b64decode(encoded).decode("latin-1")
    try:
        value = gojson.loads(text)
    except ValueError as error:
        return str(error)
    if value is None or isinstance(value, dict):
        return ""
    return gojson.mismatch(value, "value of type map[string]interface {}")


def validate_config_map(config_map: Field) -> None:
    """Validate the keys and the size of a ConfigMap."""
    data = config_map.get("data", {})
    binary = config_map.get("binaryData", {})
    _validate_keys(config_map, "data")
    for key in sorted(set(data) & set(binary)):
        config_map.invalid(f"data[{key}]", "duplicate of key present in binaryData", value=key)
    _validate_keys(config_map, "binaryData")
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in data.values())
    if size + sum(map(_decoded_size, binary.values())) > _MAX_SIZE:
        config_map.too_long("[]", _MAX_SIZE)


def validate_secret_update(new: Field, old: Field) -> None:
    """Refuse a change of a Secret's type, and of an immutable Secret's data."""
    new.immutable(old, "type")
    _validate_frozen(new, old, "data")


def validate_config_map_update(new: Field, old: Field) -> None:
    """Refuse a change of an immutable ConfigMap's data."""
    _validate_frozen(new, old, "data", "binaryData")


def _validate_frozen(new: Field, old: Field, *names: str) -> None:
    if not old.get("immutable"):
        return
    changed = [name for name in names if new.get(name) != old.get(name)]
    if not new.get("immutable"):
        changed.insert(0, "immutable")
    for name in changed:
        new.forbidden(name, "field is immutable when `immutable` is set")
