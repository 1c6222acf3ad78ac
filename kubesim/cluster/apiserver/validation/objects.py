"""Secrets, ConfigMaps, Services, Roles and their bindings.

Mirrors kubernetes pkg/apis/{core,rbac}/validation/validation.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial

from kubesim.api.errors import field_forbidden, invalid_value, required, too_long
from kubesim.api.objects import Object, metadata
from kubesim.cluster.apiserver.validation.pods import protocol
from kubesim.cluster.apiserver.validation.rules import (
    Errors,
    Rule,
    checked,
    config_key,
    dns_1035_label,
    dns_label,
    dns_subdomain,
    each,
    given,
    immutable,
    labels,
    named,
    needed,
    object_meta,
    one_of,
    optional,
    path_segment,
    port_number,
    struct,
    valid,
)
from kubesim.gotext.gojson import loads

MAX_SIZE = 1024 * 1024
_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"
_GROUP = "rbac.authorization.k8s.io"


def secret(obj: Object) -> Errors:
    yield from object_meta(obj, True, dns_subdomain)
    data = obj.get("data", {})
    yield from _keys("data", data)
    if sum(map(_decoded_size, data.values())) > MAX_SIZE:
        yield too_long("data", MAX_SIZE)  # and, unlike upstream, nothing of what so much content is
    elif check := _TYPES.get(obj.get("type", "")):
        yield from check(obj, data)


def _keys(field: str, data: Mapping[str, str]) -> Errors:
    for key in sorted(data):
        yield from valid(config_key)(f"{field}[{key}]", key)


def _decoded_size(text: str) -> int:
    return len(text) // 4 * 3 - text.count("=", -2)


def _json_file(key: str, _obj: Object, data: Mapping[str, str]) -> Errors:
    """A type whose one key holds a JSON object."""
    if key not in data:
        yield required(f"data[{key}]")
    elif problem := _json_problem(data[key]):
        yield invalid_value(f"data[{key}]", _REDACTED, problem)


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


def _tls(_obj: Object, data: Mapping[str, str]) -> Errors:
    return (required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data)


def _basic_auth(_obj: Object, data: Mapping[str, str]) -> Errors:
    keys = ("username", "password")
    return (required(f"data[{key}]") for key in keys if not set(keys) & set(data))


def _ssh_auth(_obj: Object, data: Mapping[str, str]) -> Errors:
    yield from given("data[ssh-privatekey]", data.get("ssh-privatekey"))


def _account_token(obj: Object, _data: Mapping[str, str]) -> Errors:
    yield from given(f"metadata.annotations[{_ACCOUNT}]", metadata(obj).get("annotations", {}).get(_ACCOUNT))


_TYPES: dict[str, Callable[[Object, Mapping[str, str]], Errors]] = {
    "kubernetes.io/service-account-token": _account_token,
    "kubernetes.io/dockercfg": partial(_json_file, ".dockercfg"),
    "kubernetes.io/dockerconfigjson": partial(_json_file, ".dockerconfigjson"),
    "kubernetes.io/basic-auth": _basic_auth,
    "kubernetes.io/ssh-auth": _ssh_auth,
    "kubernetes.io/tls": _tls,
}


def secret_update(new: Object, old: Object) -> Errors:
    """A changed Secret: its type stays, and all of it once it is immutable."""
    yield from immutable("type", new.get("type", ""), old.get("type", ""))
    yield from _frozen(new, old, ("data",))


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
    yield from object_meta(obj, True, dns_subdomain)
    data, binary = obj.get("data", {}), obj.get("binaryData", {})
    yield from _keys("data", data)
    for key in sorted(set(data) & set(binary)):
        yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _keys("binaryData", binary)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in data.values())
    if size + sum(map(_decoded_size, binary.values())) > MAX_SIZE:
        yield too_long("[]", MAX_SIZE)


def config_map_update(new: Object, old: Object) -> Errors:
    yield from _frozen(new, old, ("data", "binaryData"))


def service(obj: Object) -> Errors:
    spec = obj.get("spec", {})
    yield from object_meta(obj, True, dns_1035_label)
    ports = spec.get("ports", ())
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    name = needed(dns_label) if len(ports) > 1 else checked(dns_label)
    port = struct(name=name, port=needed(port_number), protocol=optional(protocol))
    yield from named(port)("spec.ports", ports)
    yield from labels("spec.selector", spec.get("selector"))
    yield from optional(one_of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"))("spec.type", spec.get("type"))


def role(obj: Object, namespaced: bool) -> Errors:
    yield from object_meta(obj, namespaced, path_segment)
    yield from each(partial(_rule, namespaced=namespaced))("rules", obj.get("rules"))


def _rule(where: str, rule: Object, namespaced: bool) -> Errors:
    urls = rule.get("nonResourceURLs")
    if not rule.get("verbs"):
        yield required(f"{where}.verbs", "verbs must contain at least one value")
    if urls and namespaced:
        yield invalid_value(f"{where}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs")
    if not urls and not rule.get("apiGroups"):
        yield required(f"{where}.apiGroups", "resource rules must supply at least one api group")
    if not urls and not rule.get("resources"):
        yield required(f"{where}.resources", "resource rules must supply at least one resource")


def role_binding(obj: Object, namespaced: bool) -> Errors:
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    reference = struct(apiGroup=one_of(_GROUP), kind=one_of(*kinds), name=needed(path_segment))
    yield from object_meta(obj, namespaced, path_segment)
    yield from reference("roleRef", obj.get("roleRef", {}))
    yield from each(partial(_subject, namespaced=namespaced))("subjects", obj.get("subjects"))


def role_binding_update(new: Object, old: Object) -> Errors:
    """A changed binding: it goes on granting the same role."""
    yield from immutable("roleRef", new.get("roleRef"), old.get("roleRef"), "cannot change roleRef")


def _subject(where: str, subject: Object, namespaced: bool) -> Errors:
    kind = subject.get("kind", "")
    yield from given(f"{where}.name", subject.get("name"))
    rules: dict[str, Rule] = {"ServiceAccount": struct(name=checked(dns_subdomain))}
    rules |= dict.fromkeys(("User", "Group"), struct(apiGroup=one_of(_GROUP)))
    yield from rules.get(kind, struct(kind=one_of("ServiceAccount", "User", "Group")))(where, subject)
    if kind == "ServiceAccount" and not namespaced:
        yield from given(f"{where}.namespace", subject.get("namespace"))
