"""Changes of a Pod, of whose spec hardly anything may change, and the difference that the API server shows.

Mirrors ValidatePodUpdate in kubernetes pkg/apis/core/validation/validation.go and k8s.io/apimachinery
pkg/util/diff/diff.go, v1.36: JSON of the internal structs, as a unified diff.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import field_forbidden
from kubesim.api.objects import Object, find_named
from kubesim.api.resources import POD
from kubesim.api.schema import Field, Type
from kubesim.cluster.apiserver.validation.rules import Errors, rule
from kubesim.gotext.gojson import dumps

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
            why = f"{text} changed\n{_diff(*(_internal(_ephemeral(), item) for item in (before, after)))}"
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

_ZERO: dict[str, Any] = {"string": "", "integer": 0, "boolean": False, "intorstring": 0, "quantity": "0"}


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
    return _internal(_pod_spec(), {**spec, "securityContext": {**host, **spec.get("securityContext", {})}})


def _lines(value: Any) -> list[str]:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return [f"{line}\n" for line in _escaped(text).split("\n")]


def _escaped(text: str) -> str:
    """Go writes these characters of strings as escapes."""
    return text.translate({ord(char): dumps(char)[1:-1] for char in "<>&\u2028\u2029"})


@cache
def _pod_spec() -> Type:
    return schema.fields(schema.type_of(POD))["spec"].type


def _ephemeral() -> Type:
    kind = schema.fields(_pod_spec())["ephemeralContainers"].type.element
    assert kind, "it is a list"
    return kind


def _internal(kind: Type, value: Any) -> Any:
    """A value of the external API as Go marshals its internal counterpart."""
    if kind.element:
        if isinstance(value, dict):
            return {key: value[key] for key in sorted(value)} or None
        return [_internal(kind.element, item) for item in value] or None
    # A label selector is the same type inside and outside, with JSON names.
    if kind.kind != "struct" or kind.name == "LabelSelector":
        return value
    return dict(_members(kind, value))


def _members(kind: Type, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    fields = _fields(kind)
    given = {key.lower(): item for key, item in value.items()}
    for entry in _names(kind):
        name = entry.removesuffix("!")
        field = fields.get(name.lower())
        if name.lower() in given and field:
            yield name, _internal(field.type, given[name.lower()])
        elif entry.endswith("!") and field:
            yield name, _internal(field.type, {})
        else:
            yield name, _zero(field)


def _zero(field: Field | None) -> Any:
    if field is None or (field.keeps_zero and not field.required):
        return None
    return _ZERO.get(field.type.kind)


@cache
def _fields(kind: Type) -> Mapping[str, Field]:
    """The fields of the external struct (for the security context, the Pod's own host fields too), in lower case."""
    known = dict(schema.fields(kind))
    if kind.name == "PodSecurityContext":
        known |= {name: schema.fields(_pod_spec())[name] for name in _HOST_FIELDS}
    return {name.lower(): field for name, field in known.items()}


@cache
def _order() -> Mapping[str, str]:
    """The fields of internal structs in their order, from kubernetes pkg/apis/core/types.go, v1.36.

    They have no JSON names and are marshalled under their Go names, empty ones too. "!" marks a struct that is held by
    value. The external schema has structs that are not listed, and the types of all fields.
    """
    found: dict[str, str] = json.loads(Path(__file__).with_name("internal.json").read_text("utf-8"))
    return found


@cache
def _names(kind: Type) -> tuple[str, ...]:
    listed = _order().get(kind.name)
    return tuple(listed.split()) if listed else tuple(name[0].upper() + name[1:] for name in schema.fields(kind))
