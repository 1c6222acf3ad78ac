"""Secrets and ConfigMaps.

Mirrors ValidateSecret and ValidateConfigMap in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from kubesim.api.errors import field_forbidden, invalid_value, required, too_long
from kubesim.api.objects import Object, metadata
from kubesim.cluster.apiserver.validation.common import Errors, immutable, invalid_each, object_meta, object_meta_update
from kubesim.cluster.apiserver.validation.names import config_key, dns_subdomain
from kubesim.gotext.gojson import loads

MAX_SIZE = 1024 * 1024
_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"


def secret(obj: Object) -> Errors:
    """A new Secret, of any type."""
    yield from object_meta(obj, True, dns_subdomain)
    data = obj.get("data", {})
    yield from _keys("data", data)
    if sum(map(_decoded_size, data.values())) > MAX_SIZE:
        yield too_long("data", MAX_SIZE)  # and, unlike upstream, nothing of what so much content is
    elif check := _TYPES.get(obj.get("type", "")):
        yield from check(obj, data)


def _keys(field: str, data: Mapping[str, str]) -> Errors:
    for key in sorted(data):
        yield from invalid_each(f"{field}[{key}]", key, config_key(key))


def _decoded_size(text: str) -> int:
    return len(text) // 4 * 3 - text.count("=", -2)


def _json_file(key: str) -> Callable[[Object, Mapping[str, str]], Errors]:
    """A type whose one key holds a JSON object."""

    def check(_obj: Object, data: Mapping[str, str]) -> Errors:
        if key not in data:
            yield required(f"data[{key}]")
        elif problem := _json_problem(data[key]):
            yield invalid_value(f"data[{key}]", _REDACTED, problem)

    return check


def _json_problem(encoded: str) -> str:
    text = base64.b64decode(encoded).decode("latin-1")
    try:
        value = loads(text)
    except ValueError as error:
        return str(error)
    if value is None or isinstance(value, dict):
        return ""
    names = {str: "string", list: "array", bool: "bool"}
    return f"json: cannot unmarshal {names.get(type(value), 'number')} into Go value of type map[string]interface {{}}"


def _keys_needed(*keys: str) -> Callable[[Object, Mapping[str, str]], Errors]:
    """A type that must have all of `keys`."""
    return lambda _obj, data: (required(f"data[{key}]") for key in keys if key not in data)


def _basic_auth(_obj: Object, data: Mapping[str, str]) -> Errors:
    if not {"username", "password"} & set(data):
        yield from (required(f"data[{key}]") for key in ("username", "password"))


def _ssh_auth(_obj: Object, data: Mapping[str, str]) -> Errors:
    if not data.get("ssh-privatekey"):
        yield required("data[ssh-privatekey]")


def _account_token(obj: Object, _data: Mapping[str, str]) -> Errors:
    if not metadata(obj).get("annotations", {}).get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")


_TYPES: dict[str, Callable[[Object, Mapping[str, str]], Errors]] = {
    "kubernetes.io/service-account-token": _account_token,
    "kubernetes.io/dockercfg": _json_file(".dockercfg"),
    "kubernetes.io/dockerconfigjson": _json_file(".dockerconfigjson"),
    "kubernetes.io/basic-auth": _basic_auth,
    "kubernetes.io/ssh-auth": _ssh_auth,
    "kubernetes.io/tls": _keys_needed("tls.crt", "tls.key"),
}


def secret_update(new: Object, old: Object) -> Errors:
    """A changed Secret: its type stays, and all of it once it is immutable."""
    yield from object_meta_update(new, old)
    yield from immutable("type", new.get("type", ""), old.get("type", ""))
    yield from _frozen(new, old, ("data",))
    yield from secret(new)


def _frozen(new: Object, old: Object, fields: tuple[str, ...]) -> Errors:
    if not old.get("immutable"):
        return
    why = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        yield field_forbidden("immutable", why)
    for field in fields:
        if new.get(field) != old.get(field):
            yield field_forbidden(field, why)


def config_map(obj: Object) -> Errors:
    """A new ConfigMap."""
    yield from object_meta(obj, True, dns_subdomain)
    data, binary = obj.get("data", {}), obj.get("binaryData", {})
    for key in sorted(data):
        yield from invalid_each(f"data[{key}]", key, config_key(key))
        if key in binary:
            yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _keys("binaryData", binary)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in data.values())
    if size + sum(map(_decoded_size, binary.values())) > MAX_SIZE:
        yield too_long("[]", MAX_SIZE)


def config_map_update(new: Object, old: Object) -> Errors:
    """A changed ConfigMap."""
    yield from object_meta_update(new, old)
    yield from _frozen(new, old, ("data", "binaryData"))
    yield from config_map(new)
