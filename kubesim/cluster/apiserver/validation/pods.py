"""What rules.json can't say of Pods and Pod templates, and what may change in a Pod.

Mirrors ValidatePodSpec, ValidatePodTemplateSpec and ValidatePodUpdate in kubernetes
pkg/apis/core/validation/validation.go, v1.36. Of volumes, only names and what refers to Secrets and ConfigMaps is
checked. The difference that a refused change shows is that of k8s.io/apimachinery pkg/util/diff/diff.go: JSON of the
internal structs, as a unified diff.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from kubesim.api import load_table, quantity
from kubesim.api.errors import field_forbidden, field_not_found, invalid_value
from kubesim.api.objects import Object, find_named, metadata
from kubesim.api.selectors import label_value
from kubesim.cluster.apiserver.validation.rules import (
    TABLE,
    Errors,
    given,
    named,
    rule,
    source_rule,
    special,
)
from kubesim.gotext.gojson import dumps

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
    yield from named(partial(_serving, volumes=mountable))(f"{field}.containers", ordinary)
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


def _serving(where: str, container: Object, volumes: set[str]) -> Errors:
    yield from _container(where, container, volumes)
    yield from rule("Hooks")(where, container)


def _init(where: str, container: Object, volumes: set[str]) -> Errors:
    if container.get("restartPolicy") == "Always":
        yield from _serving(where, container, volumes)
    else:
        yield from _container(where, container, volumes)
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
def downward_files(field: str, source: Object | None) -> Errors:
    for item in (source or {}).get("items", ()):
        yield from given(f"{field}.path", item.get("path"))
        if "fieldRef" in item:
            yield from given(f"{field}.fieldRef.fieldPath", item["fieldRef"].get("fieldPath"))


@special
def probed_port(field: str, value: int | str | None) -> Errors:
    if not isinstance(value, str):
        yield from rule("valid port_number")(field, value or 0)


@special
def projected_token(field: str, volume: Object) -> Errors:
    for source in volume.get("sources", ()):
        if "serviceAccountToken" in source:
            yield from given(f"{field}.path", source["serviceAccountToken"].get("path"))


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


_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_CONTAINER_LISTS = ("containers", "initContainers")


def pod_update(new: Object, old: Object) -> Errors:
    spec, before = new.get("spec", {}), old.get("spec", {})
    for name in _CONTAINER_LISTS:
        if len(spec.get(name, ())) != len(before.get(name, ())):
            yield field_forbidden(f"spec.{name}", "pod updates may not add or remove containers")
            return
    yield from _tolerations("spec.tolerations", spec.get("tolerations", ()), before.get("tolerations", ()))
    munged = _munged(spec, before)
    if munged != before:
        why = f"pod updates may not change fields other than {_UPDATABLE}\n{spec_diff(before, munged)}"
        yield field_forbidden("spec", why)


def ephemeral_update(new: Object, old: Object) -> Errors:
    """A change of a Pod's ephemeral containers: they may only become more."""
    found = new["spec"].get("ephemeralContainers", ())
    for before in old["spec"].get("ephemeralContainers", ()):
        after, text = find_named(found, before["name"]), f'existing ephemeral containers "{before["name"]}" may not be'
        if after is None:
            yield field_forbidden("spec.ephemeralContainers", f"{text} removed\n")
        elif after != before:
            why = f"{text} changed\n{_diff(*(_internal('EphemeralContainer', item) for item in (before, after)))}"
            yield field_forbidden("spec.ephemeralContainers", why)


def _tolerations(field: str, new: Sequence[Object], old: Sequence[Object]) -> Errors:
    kept, before = ([{**item, "tolerationSeconds": 0} for item in items] for items in (new, old))
    if any(item not in kept for item in before):
        yield field_forbidden(field, "existing toleration can not be modified except its tolerationSeconds")
    else:
        yield from rule("each toleration")(field, new)


def _munged(spec: Object, before: Object) -> Object:
    """The new spec with everything put back that may change."""
    kept = ("activeDeadlineSeconds", "tolerations")
    munged = {key: value for key, value in spec.items() if key not in kept}
    munged |= {key: before[key] for key in kept if key in before}
    for name in _CONTAINER_LISTS:
        if name in spec:
            pairs = zip(spec[name], before.get(name, ()), strict=True)
            munged[name] = [{**container, "image": earlier.get("image", "")} for container, earlier in pairs]
    return munged


# Fields of the external PodSpec that the internal one keeps in its security context.
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")


def spec_diff(old: Object, new: Object) -> str:
    """A unified diff of two PodSpecs, without its file names; every line ends in a newline."""
    return _diff(_internal_spec(old), _internal_spec(new))


def _diff(old: Any, new: Any) -> str:
    lines = difflib.unified_diff(_lines(old), _lines(new), n=3)
    return "".join(line if line.endswith("\n") else line + "\n" for line in list(lines)[2:])


def internal_template(template: Object) -> Object:
    """A Pod template as Go marshals its internal counterpart."""
    return {**template.get("metadata", {}), "Spec": _internal_spec(template.get("spec", {}))}


def _internal_spec(spec: Object) -> Any:
    host = {name: spec[name] for name in _HOST_FIELDS if name in spec}
    return _internal("PodSpec", {**spec, "securityContext": {**host, **spec.get("securityContext", {})}})


def _lines(value: Any) -> list[str]:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return [f"{line}\n" for line in _escaped(text).split("\n")]


def _escaped(text: str) -> str:
    """Go writes these characters of strings as escapes."""
    return text.translate({ord(char): dumps(char)[1:-1] for char in "<>&\u2028\u2029"})


def _internal(held: str, value: Any) -> Any:
    """A value of the external API as Go marshals its internal counterpart: a struct that is `held`, or a "map"."""
    if isinstance(value, list):
        return [_internal(held, item) for item in value] or None
    if held == "map":
        return dict(sorted(value.items())) or None
    return dict(_members(_structs()[held], value)) if held else value


def _members(struct: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    given = {key.lower(): item for key, item in value.items()}
    for name, zero in struct.items():
        held = zero.rstrip("!") if isinstance(zero, str) and zero[:1].isalpha() else ""
        if (held and zero != held) or name.lower() in given:
            yield name, _internal(held, given.get(name.lower(), {}))
        else:
            yield name, None if held else zero


@cache
def _structs() -> Mapping[str, Mapping[str, Any]]:
    """The fields of internal structs in their order, from kubernetes pkg/apis/core/types.go, v1.36.

    They have no JSON names and are marshalled under their Go names, empty ones too: each with its zero value, or with
    what it holds, a struct or a "map". "!" marks a struct that is held by value. A label selector is the same type
    inside and outside, with JSON names.
    """
    found: dict[str, dict[str, Any]] = load_table(__file__, "internal.json")
    return found
