"""What rules.json can't say of Pods and Pod templates, and what may change in a Pod.

Mirrors ValidatePodSpec, ValidatePodTemplateSpec and ValidatePodUpdate in kubernetes
pkg/apis/core/validation/validation.go, v1.36. Of volumes, only names and what refers to Secrets and ConfigMaps is
checked. The difference that a refused change shows is that of k8s.io/apimachinery pkg/util/diff/diff.go: JSON of the
internal structs, as a unified diff.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from kubesim.api import quantity
from kubesim.api.errors import duplicate, field_forbidden, field_not_found, invalid_value, required, unsupported
from kubesim.api.objects import Object, find_named, metadata
from kubesim.api.selectors import label_value
from kubesim.cluster.apiserver.validation import rules
from kubesim.cluster.apiserver.validation.rules import Errors, given, internal, rule, special
from kubesim.gotext.gojson import dumps


@special
def template_metadata(field: str, template: Object | None) -> Errors:
    """All that upstream checks of a StatefulSet's template; that its Pods can't be made then is an event."""
    meta = metadata(template or {})
    yield from rule("labels")(f"{field}.labels", meta.get("labels"))
    yield from rule("annotation_map")(f"{field}.annotations", meta.get("annotations"))


@special
def pod_template(field: str, template: Object | None) -> Errors:
    yield from template_metadata(field, template)
    spec = (template or {}).get("spec")
    yield from rule("PodSpec")(f"{field}.spec", spec)
    if (spec or {}).get("ephemeralContainers"):
        yield field_forbidden(f"{field}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


@special
def containers(field: str, spec: Object | None) -> Errors:
    volumes, ordinary, inits = ((spec or {}).get(key, []) for key in ("volumes", "containers", "initContainers"))
    mountable = {item["name"] for item in volumes if not any(rule("Volume")("", item))}
    yield from given(f"{field}.containers", ordinary)
    yield from rules.distinct(partial(_serving, volumes=mountable))(f"{field}.containers", ordinary)
    yield from _host_ports(f"{field}.containers", ordinary, bool(spec and spec.get("hostNetwork")))
    taken = tuple(item.get("name", "") for item in ordinary)
    yield from rules.distinct(partial(_init, volumes=mountable), taken=taken)(f"{field}.initContainers", inits)
    others = (*taken, *(item.get("name", "") for item in inits))
    ephemeral = rules.distinct(partial(_ephemeral, volumes=mountable, targets=others), taken=others)
    yield from ephemeral(f"{field}.ephemeralContainers", (spec or {}).get("ephemeralContainers"))


def _host_ports(field: str, containers: Sequence[Object], on_host: bool) -> Errors:
    """Ports of the node, of which each can be had only once; in its network, they are the containers'."""
    taken = set()
    for at, container in enumerate(containers):
        for index, port in enumerate(container.get("ports", ())):
            where, number = f"{field}[{at}].ports[{index}].hostPort", port.get("hostPort")
            wanted = f"{port['protocol']}/{port.get('hostIP', '')}/{number}"
            if number and wanted in taken:
                yield duplicate(where, wanted)
            if number and on_host and number != port.get("containerPort"):
                yield invalid_value(where, number, "must match `containerPort` when `hostNetwork` is true")
            taken.add(wanted)


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
        # Without the index, as upstream has it.
        yield from rule("checked descending_path")(f"{where}.volumeMounts.subPath", mount.get("subPath"))
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
    for item in (source or {}).get("items", ()):  # without the index, as upstream has it
        yield from rule("DownwardFile")(field, item)


@special
def projected_token(field: str, volume: Object) -> Errors:
    for source in volume.get("sources", ()):
        if "serviceAccountToken" in source:
            yield from given(f"{field}.path", source["serviceAccountToken"].get("path"))


@special
def variable(where: str, variable: Object) -> Errors:
    yield from rule("needed env_name")(f"{where}.name", variable.get("name"))
    if "valueFrom" in variable:
        found = [name for name in rules.TABLE["env"] if name in variable["valueFrom"]]
        field = f"{where}.valueFrom"
        for name in found:
            yield from rules.source_rule("env", name)(f"{field}.{name}", variable["valueFrom"][name])
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
        yield from rule("checked env_name")(f"{field}[{index}].prefix", source.get("prefix"))
        for name in found:
            yield from rule("needed dns_subdomain")(f"{field}[{index}].{name}.name", source[name].get("name"))
        if len(found) != 1:  # without the index, as upstream has it
            several, none = "may not have more than one field specified at a time", "`configMapRef` or `secretRef`"
            yield invalid_value(field, "", several if found else f"must specify one of: {none}")


@special
def resources(where: str, found: Object) -> Errors:
    limits = found.get("limits", {})
    for kind in ("limits", "requests"):
        for name, amount in sorted(found.get(kind, {}).items()):
            field = f"{where}.{kind}[{name}]"
            yield from rule("valid qualified_name")(field, name)
            yield from rule("valid container_resource")(field, name)
            yield from resource_amount(field, name, amount)
            if kind == "requests":
                yield from _below_limit(where, name, amount, limits.get(name))


def resource_amount(field: str, name: str, amount: str) -> Errors:
    """A quantity of a resource that containers ask for, or that a quota counts."""
    number, counted = quantity.parse(amount), rules.TABLE["counted"].split()
    if number < 0:
        yield invalid_value(field, amount, "must be greater than or equal to 0")
    if number % 1 and (name in counted or ("/" in name and not re.match(r"requests\.|.*kubernetes\.io/", name))):
        yield invalid_value(field, amount, "must be an integer")


def _below_limit(where: str, name: str, amount: str, limit: str | None) -> Errors:
    shared = ("/" not in name or "kubernetes.io/" in name) and not name.startswith("hugepages-")
    if limit is None:
        if not shared:
            yield required(f"{where}.limits", "Limit must be set for non overcommitable resources")
    elif not shared and quantity.parse(amount) != quantity.parse(limit):
        yield invalid_value(f"{where}.requests", amount, f"must be equal to {name} limit of {limit}")
    elif quantity.parse(amount) > quantity.parse(limit):
        yield invalid_value(f"{where}.requests", amount, f"must be less than or equal to {name} limit of {limit}")


@special
def toleration(where: str, item: Object) -> Errors:
    key, operator, value = (item.get(name, "") for name in ("key", "operator", "value"))
    if not key and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid_value(f"{where}.operator", operator, why)
    yield from rule("checked qualified_name")(f"{where}.key", key)
    if item.get("tolerationSeconds") is not None and item.get("effect") != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid_value(f"{where}.effect", item.get("effect", ""), why)
    if operator == "Exists" and value:
        yield invalid_value(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("", "Equal") and (problems := label_value(value)):
        yield invalid_value(f"{where}.operator", value, ";".join(problems))
    elif operator not in ("", "Equal", "Exists"):
        known = rules.TABLE["enums"]["NumericToleration" if operator in ("Lt", "Gt") else "TolerationOperator"]
        yield unsupported(f"{where}.operator", operator, known.split())
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
    deadline, earlier = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if earlier is not None and (deadline is None or deadline > earlier):
        removed, raised = (
            "must not update from a positive integer to nil value",
            "must be less than or equal to previous value",
        )
        yield invalid_value("spec.activeDeadlineSeconds", deadline, removed if deadline is None else raised)
    munged = _munged(spec, before)
    if munged != before:
        why = f"pod updates may not change fields other than {_UPDATABLE}\n{specunified_diff(before, munged)}"
        yield field_forbidden("spec", why)


def ephemeral_update(new: Object, old: Object) -> Errors:
    """A change of a Pod's ephemeral containers: they may only become more."""
    found = new["spec"].get("ephemeralContainers", ())
    for before in old["spec"].get("ephemeralContainers", ()):
        after, text = find_named(found, before["name"]), f'existing ephemeral containers "{before["name"]}" may not be'
        if after is None:
            yield field_forbidden("spec.ephemeralContainers", f"{text} removed\n")
        elif after != before:
            why = f"{text} changed\n{unified_diff(*(internal('EphemeralContainer', item) for item in (before, after)))}"
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


def specunified_diff(old: Object, new: Object) -> str:
    """A unified diff of two PodSpecs, without its file names; every line ends in a newline."""
    return unified_diff(_internal_spec(old), _internal_spec(new))


def unified_diff(old: Any, new: Any) -> str:
    lines = difflib.unified_diff(_lines(old), _lines(new), n=3)
    return "".join(line if line.endswith("\n") else line + "\n" for line in list(lines)[2:])


def internal_template(template: Object) -> Object:
    """A Pod template as Go marshals its internal counterpart."""
    return {**template.get("metadata", {}), "Spec": _internal_spec(template.get("spec", {}))}


def _internal_spec(spec: Object) -> Any:
    host = {name: spec[name] for name in _HOST_FIELDS if name in spec}
    return internal("PodSpec", {**spec, "securityContext": {**host, **spec.get("securityContext", {})}})


def _lines(value: Any) -> list[str]:
    return [f"{line}\n" for line in dumps(value, sort=False, indent=1).split("\n")]
