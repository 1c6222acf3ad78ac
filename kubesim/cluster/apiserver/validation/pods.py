"""Pods and Pod templates, as far as a lesson about images and Secrets meets their fields.

Mirrors ValidatePodSpec and ValidatePodTemplateSpec in kubernetes pkg/apis/core/validation/validation.go, v1.36. Of
volumes, only names and what refers to Secrets and ConfigMaps is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from kubesim.api import quantity
from kubesim.api.errors import field_forbidden, field_not_found, invalid_value, required
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.rules import (
    Errors,
    Rule,
    annotation_keys,
    anything,
    checked,
    config_key,
    dns_label,
    dns_subdomain,
    each,
    env_name,
    given,
    in_range,
    label_value,
    labels,
    named,
    needed,
    object_meta,
    one_of,
    optional,
    port_number,
    qualified_name,
    struct,
    valid,
)

MAX_INT32 = 2**31 - 1
restart_policy = one_of("Always", "OnFailure", "Never")
protocol = one_of("SCTP", "TCP", "UDP")


def pod(obj: Object) -> Errors:
    spec = obj.get("spec", {})
    yield from object_meta(obj, True, dns_subdomain)
    yield from _pod_spec("spec", spec)
    for field in ("containers", "initContainers"):
        yield from each(struct(image=valid(unpadded)))(f"spec.{field}", spec.get(field))


def unpadded(image: str) -> list[str]:
    """What is wrong with blanks around an image's name, which only a template may have."""
    return [] if image == image.strip() else ["must not have leading or trailing whitespace"]


def pod_template(field: str, template: Object) -> Errors:
    meta = template.get("metadata", {})
    yield from labels(f"{field}.labels", meta.get("labels"))
    yield from annotation_keys(f"{field}.annotations", meta.get("annotations"))
    yield from _pod_spec(f"{field}.spec", template.get("spec", {}))


def _pod_spec(field: str, spec: Object) -> Errors:
    volumes, ordinary, inits = (spec.get(key, []) for key in ("volumes", "containers", "initContainers"))
    yield from named(_volume)(f"{field}.volumes", volumes)
    container = partial(_container, volumes={item.get("name", "") for item in volumes})
    if ordinary:
        yield from named(container)(f"{field}.containers", ordinary)
    else:
        yield required(f"{field}.containers")
    taken = tuple(item.get("name", "") for item in ordinary)
    yield from named(partial(_init, rule=container), taken)(f"{field}.initContainers", inits)
    yield from _SPEC(field, spec)


def _container(where: str, container: Object, volumes: set[str]) -> Errors:
    yield from _CONTAINER(where, container)
    seen: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts", ())):
        field, name, path = f"{where}.volumeMounts[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        yield from given(f"{field}.name", name)
        if name not in volumes:
            yield field_not_found(f"{field}.name", name)
        yield from given(f"{field}.mountPath", path)
        if path in seen:
            yield invalid_value(f"{field}.mountPath", path, "must be unique")
        seen.add(path)
    yield from _RUNNING(where, container)


def _init(where: str, container: Object, rule: Rule) -> Errors:
    yield from rule(where, container)
    if container.get("restartPolicy") != "Always":
        why = "may not be set for init containers without restartPolicy=Always"
        fields = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
        yield from (field_forbidden(f"{where}.{name}", why) for name in fields if name in container)


def _variable(where: str, variable: Object) -> Errors:
    yield from needed(env_name)(f"{where}.name", variable.get("name"))
    if "valueFrom" in variable:
        found = [name for name in _ENV_SOURCES if name in variable["valueFrom"]]
        field = f"{where}.valueFrom"
        for name in found:
            yield from _ENV_SOURCES[name](f"{field}.{name}", variable["valueFrom"][name])
        if not found:
            choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            yield invalid_value(field, "", f"must specify one of: {choices}")
        elif variable.get("value"):
            yield invalid_value(field, "", "may not be specified when `value` is not empty")
        elif len(found) > 1:
            yield invalid_value(field, "", "may not have more than one field specified at a time")


def _env_from(field: str, sources: Sequence[Object] | None) -> Errors:
    for index, source in enumerate(sources or ()):
        found = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in found:
            yield from needed(dns_subdomain)(f"{field}[{index}].{name}.name", source[name].get("name"))
        if not found:  # without the index, as upstream has it
            yield invalid_value(field, "", "must specify one of: `configMapRef` or `secretRef`")


def _resources(where: str, found: Object) -> Errors:
    limits: Mapping[str, str] = found.get("limits", {})
    for kind in ("limits", "requests"):
        for name, amount in sorted(found.get(kind, {}).items()):
            field = f"{where}.{kind}[{name}]"
            yield from valid(qualified_name)(field, name)
            if "/" not in name and not name.startswith("hugepages-") and name not in _RESOURCES:
                yield invalid_value(field, name, "must be a standard resource for containers")
            if quantity.parse(amount) < 0:
                yield invalid_value(field, amount, "must be greater than or equal to 0")
            if kind == "requests" and name in limits and quantity.parse(amount) > quantity.parse(limits[name]):
                why = f"must be less than or equal to {name} limit of {limits[name]}"
                yield invalid_value(f"{where}.requests", amount, why)


def _volume(where: str, volume: Object) -> Errors:
    sources = [key for key in volume if key != "name"]
    for key in sources[:1]:
        yield from _VOLUMES.get(key, anything)(f"{where}.{key}", volume[key])
    for key in sources[1:]:
        yield field_forbidden(f"{where}.{key}", "may not specify more than 1 volume type")
    yield from needed(dns_label)(f"{where}.name", volume.get("name"))


def toleration(where: str, item: Object) -> Errors:
    key, operator, value = (item.get(name, "") for name in ("key", "operator", "value"))
    if not key and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid_value(f"{where}.operator", operator, why)
    yield from checked(qualified_name)(f"{where}.key", key)
    if operator == "Exists" and value:
        yield invalid_value(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("", "Equal") and (problems := label_value(value)):
        yield invalid_value(f"{where}.operator", value, ";".join(problems))
    elif operator not in ("", "Equal", "Exists"):
        yield from one_of("Equal", "Exists")(f"{where}.operator", operator)
    effect = one_of("NoSchedule", "PreferNoSchedule", "NoExecute")
    yield from effect(f"{where}.effect", item["effect"]) if item.get("effect") else ()


_RESOURCES = ("cpu", "ephemeral-storage", "memory")
_items = each(struct(key=given, path=given))
_pull_policy = one_of("Always", "IfNotPresent", "Never")
_VOLUMES: dict[str, Rule] = {
    "secret": struct(secretName=given, items=_items),
    "configMap": struct(name=given, items=_items),
    "persistentVolumeClaim": struct(claimName=given),
    "hostPath": struct(path=given),
    "image": struct(reference=given, pullPolicy=_pull_policy),
}
_key = struct(name=valid(dns_subdomain), key=needed(config_key))
_ENV_SOURCES: dict[str, Rule] = {
    "fieldRef": struct(fieldPath=given),
    "resourceFieldRef": struct(resource=given),
    "configMapKeyRef": _key,
    "secretKeyRef": _key,
    "fileKeyRef": anything,
}
_CONTAINER = struct(
    name=needed(dns_label),
    image=given,
    terminationMessagePolicy=one_of("File", "FallbackToLogsOnError"),
    ports=each(struct(containerPort=needed(port_number), hostPort=checked(port_number), protocol=protocol)),
    env=each(_variable),
    envFrom=_env_from,
)
_RUNNING = struct(
    imagePullPolicy=_pull_policy,
    resources=optional(_resources),
    restartPolicy=optional(restart_policy),
)
_SPEC = struct(
    restartPolicy=restart_policy,
    dnsPolicy=one_of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    nodeSelector=labels,
    serviceAccountName=checked(dns_subdomain),
    nodeName=checked(dns_subdomain),
    activeDeadlineSeconds=optional(valid(in_range(1, MAX_INT32))),
    hostname=checked(dns_label),
    subdomain=checked(dns_label),
    tolerations=each(toleration),
    priorityClassName=checked(dns_subdomain),
)
