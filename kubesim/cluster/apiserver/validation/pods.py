"""Pods and Pod templates, as far as a lesson about images and Secrets meets their fields.

Mirrors ValidatePodSpec and ValidatePodTemplateSpec in kubernetes pkg/apis/core/validation/validation.go, v1.36. Of
volumes, only names and what refers to Secrets and ConfigMaps is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from kubesim.api import quantity
from kubesim.api.errors import field_forbidden, field_not_found, invalid_value
from kubesim.api.objects import Object, metadata
from kubesim.cluster.apiserver.validation.rules import (
    TABLE,
    Errors,
    given,
    label_value,
    named,
    rule,
    source_rule,
    special,
)

_RESOURCES = ("cpu", "ephemeral-storage", "memory")


@special
def unpadded_image(where: str, container: Object) -> Errors:
    """A container's image without blanks around it, which only a template may have."""
    image = container.get("image", "")
    if image != image.strip():
        yield invalid_value(f"{where}.image", image, "must not have leading or trailing whitespace")


@special
def pod_template(field: str, template: Object | None) -> Errors:
    meta = metadata(template or {})
    yield from rule("labels")(f"{field}.labels", meta.get("labels"))
    yield from rule("annotation_map")(f"{field}.annotations", meta.get("annotations"))
    spec = (template or {}).get("spec")
    yield from rule("PodSpec")(f"{field}.spec", spec)
    if (spec or {}).get("ephemeralContainers"):
        yield field_forbidden(f"{field}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


@special
def containers(field: str, spec: Object | None) -> Errors:
    volumes, ordinary, inits = ((spec or {}).get(key, []) for key in ("volumes", "containers", "initContainers"))
    mountable = {item.get("name", "") for item in volumes}
    yield from given(f"{field}.containers", ordinary)
    yield from named(partial(_container, volumes=mountable))(f"{field}.containers", ordinary)
    taken = tuple(item.get("name", "") for item in ordinary)
    yield from named(partial(_init, volumes=mountable), taken)(f"{field}.initContainers", inits)
    others = (*taken, *(item.get("name", "") for item in inits))
    ephemeral = partial(_ephemeral, volumes=mountable, targets=others)
    yield from named(ephemeral, others)(f"{field}.ephemeralContainers", (spec or {}).get("ephemeralContainers"))


def _container(where: str, container: Object, volumes: set[str]) -> Errors:
    yield from rule("Container")(where, container)
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
    yield from rule("RunningContainer")(where, container)


def _init(where: str, container: Object, volumes: set[str]) -> Errors:
    yield from _container(where, container, volumes)
    if container.get("restartPolicy") != "Always":
        why = "may not be set for init containers without restartPolicy=Always"
        fields = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
        yield from (field_forbidden(f"{where}.{name}", why) for name in fields if name in container)


def _ephemeral(where: str, container: Object, volumes: set[str], targets: tuple[str, ...]) -> Errors:
    yield from _container(where, container, volumes)
    target = container.get("targetContainerName")
    if target and target not in targets:
        yield field_not_found(f"{where}.targetContainerName", target)
    yield from rule("EphemeralContainer")(where, container)


@special
def not_ephemeral(field: str, value: object) -> Errors:
    if value:
        yield field_forbidden(field, "cannot be set for an Ephemeral Container")


@special
def variable(where: str, variable: Object) -> Errors:
    yield from rule("needed env_name")(f"{where}.name", variable.get("name"))
    if "valueFrom" in variable:
        found = [name for name in TABLE["env"] if name in variable["valueFrom"]]
        field = f"{where}.valueFrom"
        for name in found:
            yield from source_rule("env", name)(f"{field}.{name}", variable["valueFrom"][name])
        if not found:
            choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            yield invalid_value(field, "", f"must specify one of: {choices}")
        elif variable.get("value"):
            yield invalid_value(field, "", "may not be specified when `value` is not empty")
        elif len(found) > 1:
            yield invalid_value(field, "", "may not have more than one field specified at a time")


@special
def env_from(field: str, sources: Sequence[Object] | None) -> Errors:
    for index, source in enumerate(sources or ()):
        found = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in found:
            yield from rule("needed dns_subdomain")(f"{field}[{index}].{name}.name", source[name].get("name"))
        if not found:  # without the index, as upstream has it
            yield invalid_value(field, "", "must specify one of: `configMapRef` or `secretRef`")


@special
def resources(where: str, found: Object) -> Errors:
    limits: Mapping[str, str] = found.get("limits", {})
    for kind in ("limits", "requests"):
        for name, amount in sorted(found.get(kind, {}).items()):
            field = f"{where}.{kind}[{name}]"
            yield from rule("valid qualified_name")(field, name)
            if "/" not in name and not name.startswith("hugepages-") and name not in _RESOURCES:
                yield invalid_value(field, name, "must be a standard resource for containers")
            if quantity.parse(amount) < 0:
                yield invalid_value(field, amount, "must be greater than or equal to 0")
            if kind == "requests" and name in limits and quantity.parse(amount) > quantity.parse(limits[name]):
                why = f"must be less than or equal to {name} limit of {limits[name]}"
                yield invalid_value(f"{where}.requests", amount, why)


@special
def volume(where: str, volume: Object) -> Errors:
    sources = [key for key in volume if key != "name"]
    for key in sources[:1]:
        yield from source_rule("volumes", key)(f"{where}.{key}", volume[key])
    for key in sources[1:]:
        yield field_forbidden(f"{where}.{key}", "may not specify more than 1 volume type")
    yield from rule("needed dns_label")(f"{where}.name", volume.get("name"))


@special
def toleration(where: str, item: Object) -> Errors:
    key, operator, value = (item.get(name, "") for name in ("key", "operator", "value"))
    if not key and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid_value(f"{where}.operator", operator, why)
    yield from rule("checked qualified_name")(f"{where}.key", key)
    if operator == "Exists" and value:
        yield invalid_value(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("", "Equal") and (problems := label_value(value)):
        yield invalid_value(f"{where}.operator", value, ";".join(problems))
    elif operator not in ("", "Equal", "Exists"):
        yield from rule("TolerationOperator")(f"{where}.operator", operator)
    yield from rule("optional TaintEffect")(f"{where}.effect", item.get("effect"))
