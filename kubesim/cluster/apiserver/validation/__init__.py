"""Validation of whole objects: their metadata, the rules of their kind, and what a change of them may not do.

Mirrors k8s.io/apimachinery pkg/api/validation/objectmeta.go, kubernetes pkg/apis/*/validation and
pkg/registry/*/*/strategy.go, v1.36: what is wrong is reported in upstream's words, all at once. The objects come
decoded and with their defaults. Below are the rules of kinds other than Pods that rules.json can't express.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from kubesim.api import quantity, resources
from kubesim.api.errors import FieldError, duplicate, field_forbidden, invalid_value, required, too_long
from kubesim.api.objects import Object, at, metadata
from kubesim.api.resources import Resource
from kubesim.api.schedule import ScheduleError, parse_schedule
from kubesim.api.selectors import Check, matches
from kubesim.cluster.apiserver.validation import pods, rules
from kubesim.cluster.apiserver.validation.rules import Errors, Rule, given, immutable, internal, rule, special, valid
from kubesim.cluster.keyring import DATA_KEYS
from kubesim.gotext import gojson

__all__ = ["validate", "validate_update"]

ANNOTATIONS_LIMIT = 256 * 1024
MAX_SIZE = 1024 * 1024
_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"
_FROZEN = "field is immutable when `immutable` is set"


def validate(resource: Resource, obj: Object) -> list[FieldError]:
    """What is wrong with a new object; its name must have been generated already. Of most types only that counts."""
    found = _problems(resource, obj)
    if resource is resources.POD and at(obj, "spec.ephemeralContainers"):
        found.append(field_forbidden("spec.ephemeralContainers", "cannot be set on create"))
    return found


def _problems(resource: Resource, obj: Object) -> list[FieldError]:
    meta = object_meta(obj, resource.namespaced, rules.CHECKS[resource.named])
    return [*meta, *_rules(resource)("", obj)]


@cache
def _rules(resource: Resource) -> Rule:
    return rules.struct(resource.rules)


def validate_update(resource: Resource, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
    of_pod = pods.ephemeral_update if subresource else pods.pod_update
    change = of_pod(new, old) if resource is resources.POD else _change(resource, new, old)
    return list(dict.fromkeys([*object_meta_update(new, old), *_problems(resource, new), *change]))


def _change(row: Resource, new: Object, old: Object) -> Errors:
    for field in row.fixed.split():
        if field == "spec.template" and at(new, field) != at(old, field):
            yield invalid_value(field, pods.internal_template(at(new, field) or {}), "field is immutable")
        elif field == "roleRef":
            if new.get(field) != old.get(field):
                yield invalid_value(field, internal("RoleRef", new.get(field) or {}), "cannot change roleRef")
        else:
            yield from immutable(field, at(new, field), at(old, field))
    if row.frozen and old.get("immutable"):
        changed = [field for field in row.frozen.split() if new.get(field) != old.get(field)]
        yield from (field_forbidden(field, _FROZEN) for field in ["immutable"] * (not new.get("immutable")) + changed)
    if new.get("kind") == "Service":
        yield from service_update(new.get("spec") or {}, old.get("spec") or {})
    names = row.changeable.split()
    specs = [{key: value for key, value in obj.get("spec", {}).items() if key not in names} for obj in (new, old)]
    if names and specs[0] != specs[1]:
        *most, last = (f"'{name}'" for name in names)
        why = f"updates to statefulset spec for fields other than {', '.join(most)} and {last} are forbidden"
        yield field_forbidden("spec", why)


def object_meta(obj: Object, namespaced: bool, check: Check) -> Errors:
    """The metadata of a new object, whose name must pass `check`."""
    meta = metadata(obj)
    if prefix := meta.get("generateName", ""):
        # A suffix follows, so that the prefix itself may end in a dash.
        whole = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        yield from (invalid_value("metadata.generateName", prefix, problem) for problem in check(whole))
    if name := meta.get("name", ""):
        yield from valid(check)("metadata.name", name)
    else:
        yield required("metadata.name", "name or generateName is required")
    if namespaced:
        yield from rule("needed dns_label")("metadata.namespace", meta.get("namespace"))
    elif meta.get("namespace"):
        yield field_forbidden("metadata.namespace", "not allowed on this type")
    yield from _common(meta)


def object_meta_update(new: Object, old: Object) -> Errors:
    meta, before = metadata(new), metadata(old)
    for name in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        yield from immutable(f"metadata.{name}", meta.get(name), before.get(name))
    yield from _common(meta)


def _common(meta: Object) -> Errors:
    yield from rule("labels")("metadata.labels", meta.get("labels"))
    yield from annotation_map("metadata.annotations", meta.get("annotations"))
    for reference in meta.get("ownerReferences", ()):
        yield from rule("OwnerReference")("metadata.ownerReferences", reference)
    for index, finalizer in enumerate(meta.get("finalizers", ())):
        yield from rule("valid qualified_name")("metadata.finalizers", finalizer)
        if "/" not in finalizer and finalizer not in ("kubernetes", "orphan", "foregroundDeletion"):
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"metadata.finalizers[{index}]", finalizer, why)


@special
def annotation_map(field: str, found: Mapping[str, str] | None) -> Errors:
    """Keys and total size of annotations."""
    size = sum(len(key) + len(value) for key, value in (found or {}).items())
    for key in sorted(found or {}):
        yield from (invalid_value(field, key, problem) for problem in rules.CHECKS["qualified_name"](key.lower()))
    if size > ANNOTATIONS_LIMIT:
        yield too_long(field, ANNOTATIONS_LIMIT)


@special
def event(_field: str, obj: Object) -> Errors:
    """An event lives where its object does, those about objects without a namespace in `default`."""
    about = at(obj, "involvedObject.namespace") or ""
    if metadata(obj).get("namespace") != (about or "default"):
        yield invalid_value("involvedObject.namespace", about, "does not match event.namespace")


@special
def secret(_field: str, obj: Object) -> Errors:
    data = obj.get("data", {})
    yield from _keys("data", data)
    if sum(map(_decoded_size, data.values())) > MAX_SIZE:
        yield too_long("data", MAX_SIZE)  # and, unlike upstream, nothing of what so much content is
        return
    kind = obj.get("type", "")
    missing = [key for key in _KEYS.get(kind, ()) if key not in data or (key == "ssh-privatekey" and not data[key])]
    if kind != "kubernetes.io/basic-auth" or len(missing) == 2:
        yield from (required(f"data[{key}]") for key in missing)
    if key := DATA_KEYS.get(kind):
        yield from _json_file(key, data)
    elif kind == "kubernetes.io/service-account-token":
        yield from given(f"metadata.annotations[{_ACCOUNT}]", metadata(obj).get("annotations", {}).get(_ACCOUNT))


def _keys(field: str, data: Mapping[str, str]) -> Errors:
    for key in sorted(data):
        yield from rule("valid config_key")(f"{field}[{key}]", key)


def _decoded_size(text: str) -> int:
    return len(text) // 4 * 3 - text.count("=", -2)


def _json_file(key: str, data: Mapping[str, str]) -> Errors:
    """A type whose one key holds a JSON object."""
    if key not in data:
        yield required(f"data[{key}]")
    elif problem := _json_problem(data[key]):
        yield invalid_value(f"data[{key}]", _REDACTED, problem)


def _json_problem(encoded: str) -> str:
    text = base64.b64decode(encoded).decode("latin-1")
    try:
        value = gojson.loads(text)
    except ValueError as error:
        return str(error)
    is_map = value is None or isinstance(value, dict)
    return "" if is_map else gojson.mismatch(value, "value of type map[string]interface {}")


# The keys that a Secret of a type must have; of basic-auth one is enough.
_KEYS = {
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


@special
def config_map(_field: str, obj: Object) -> Errors:
    data, binary = obj.get("data", {}), obj.get("binaryData", {})
    yield from _keys("data", data)
    for key in sorted(set(data) & set(binary)):
        yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _keys("binaryData", binary)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in data.values())
    if size + sum(map(_decoded_size, binary.values())) > MAX_SIZE:
        yield too_long("[]", MAX_SIZE)


@special
def service_ports(field: str, spec: Object | None) -> Errors:
    spec = spec or {}
    ports = spec.get("ports", ())
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required(f"{field}.ports")
    if spec.get("clusterIP") == "None" and spec.get("type") in ("LoadBalancer", "NodePort"):
        yield invalid_value(f"{field}.clusterIPs[0]", "None", f"may not be set to 'None' for {spec['type']} services")
    yield from rule(f"unique name {'NamedServicePort' if len(ports) > 1 else 'ServicePort'}")(f"{field}.ports", ports)
    yield from rule("each valid cidr")(f"{field}.LoadBalancerSourceRanges", spec.get("loadBalancerSourceRanges"))
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = port["protocol"], port.get("port", 0)
        if key in seen:
            yield duplicate(f"{field}.ports[{index}]", internal("ServicePort", {"protocol": key[0], "port": key[1]}))
        seen.add(key)


def service_update(new: Object, old: Object) -> Errors:
    """The address of a Service stays, unless it becomes or was a name of another's."""
    before, after = old.get("clusterIPs") or [], new.get("clusterIPs") or []
    if "ExternalName" in (new.get("type"), old.get("type")) or not before:
        return
    if not after:
        yield invalid_value("spec.clusterIPs[0]", after, "primary clusterIP can not be unset")
    elif before[0] != after[0]:
        yield invalid_value("spec.clusterIPs[0]", after, "may not change once set")


@special
def int_or_percent(field: str, value: Any) -> Errors:
    yield from (valid(rules.percent) if isinstance(value, str) else rules.non_negative)(field, value)


@special
def share(field: str, value: Any) -> Errors:
    """A number, or at most all."""
    yield from int_or_percent(field, value)
    yield from at_most_all(field, value)


@special
def at_most_all(field: str, value: Any) -> Errors:
    if isinstance(value, str) and not rules.percent(value) and quantity.whole(value[:-1]) > 100:
        yield invalid_value(field, value, "must not be greater than 100%")


@special
def schedule(field: str, spec: Object | None) -> Errors:
    if not spec or not spec.get("schedule"):
        yield required(f"{field}.schedule")
        return
    text, zone = re.sub(r"^(CRON_)?TZ=\S* ", "", spec["schedule"]), spec.get("timeZone", "")
    for key, parts in {
        "schedule": (text, ""),
        "timeZone": ("* * * * *", "" if zone.lower() == "local" else zone),
    }.items():
        try:
            parse_schedule(*parts)
        except ScheduleError as error:
            yield invalid_value(f"{field}.{key}", spec[key], str(error))
    yield from rule("Schedule")(field, spec)


@special
def selector(_field: str, obj: Object) -> Errors:
    """A selector that is not empty and matches the template's labels; what is said of it is each kind's own."""
    kind, found, wanted = obj.get("kind", ""), at(obj, "spec.template.metadata.labels") or {}, at(obj, "spec.selector")
    if wanted is None and kind != "DaemonSet":
        yield required("spec.selector")
    problems = list(rule("LabelSelector")("spec.selector", wanted)) if wanted else []
    yield from problems
    if wanted is not None and not any(wanted.values()) and kind != "Job":
        what = "deployment" if kind == "ReplicaSet" else kind.lower()
        yield invalid_value("spec.selector", wanted, f"empty selector is invalid for {what}")
    if problems and kind not in ("DaemonSet", "Job"):
        yield invalid_value("spec.selector", wanted, "" if kind == "StatefulSet" else "invalid label selector")
    elif not problems and (wanted is None or not matches(wanted, found)):
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", internal("map", found), why)


@special
def generated_selector(_field: str, obj: Object) -> Errors:
    """The labels by which a Job finds its Pods, unless it says that it has its own."""
    found, wanted = at(obj, "spec.template.metadata.labels") or {}, at(obj, "spec.selector")
    if wanted is None or at(obj, "spec.manualSelector"):
        return
    own = {"controller-uid": metadata(obj).get("uid", ""), "job-name": metadata(obj).get("name", "")}
    own |= {f"batch.kubernetes.io/{key}": value for key, value in own.items()}
    for key, value in own.items():
        where, why = f"spec.template.metadata.labels[{key}]", f"must be '{value}'"
        if key not in found:
            yield required(where, why)
        elif found[key] != value:
            yield invalid_value(where, internal("map", found), why)
    if not any(rule("LabelSelector")("", wanted)) and not matches(wanted, own):
        yield invalid_value("spec.selector", wanted, "`selector` not auto-generated")


@special
def node(_field: str, obj: Object) -> Errors:
    yield from rule("each Taint")("metadata.taints", at(obj, "spec.taints"))  # as upstream has it
