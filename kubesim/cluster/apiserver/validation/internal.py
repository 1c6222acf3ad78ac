"""Structs of the internal API, as Go marshals them where a refusal shows one.

internal.json has their fields in their order, from kubernetes pkg/apis/*/types.go, v1.36. They have no JSON names and
are marshalled under their Go names, empty ones too. Beside each field is what it holds: a struct ("!" marks one that is
held by value), a "map", or a scalar, by its zero value. "-" stands for a struct that the table leaves out. A label
selector is the same type inside and outside, with JSON names.
The difference that a refused change shows is that of k8s.io/apimachinery pkg/util/diff/diff.go: JSON of the internal
structs, as a unified diff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubesim.api import load_table
from kubesim.api.budget import Budget
from kubesim.api.errors import not_simulated
from kubesim.api.objects import Object
from kubesim.gotext.gojson import dumps

_STRUCTS: Mapping[str, Mapping[str, Any]] = load_table(__file__, "internal.json")
_LEFT_OUT = "-"
_MAP = "map"
_BY_VALUE = "!"
# Fields of the external PodSpec that the internal one keeps in its security context.
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")


def internal(struct: str, value: Object) -> Object:
    """A value of the external API as Go marshals its internal counterpart, a struct of the table.

    Raises StatusError where it has a field that the table leaves out.
    """
    by_lower_name = {key.lower(): item for key, item in value.items()}
    return {name: _marshalled(name, held, by_lower_name.get(name.lower())) for name, held in _STRUCTS[struct].items()}


def _marshalled(name: str, held: Any, value: Any) -> Any:
    """A field that holds what the table says, of which the external value is `value`, None where it lacks it."""
    if held == _LEFT_OUT:
        if value is None:
            return None
        raise not_simulated(f"refusing a change of what has {name} is not part of this simulator")
    if held == _MAP:
        return internal_map(value or {})
    struct = str(held).removesuffix(_BY_VALUE)
    if struct not in _STRUCTS:  # a scalar, by its zero value
        return held if value is None else value
    if isinstance(value, list):
        return [internal(struct, item) for item in value] or None
    is_pointer = struct == held
    if value is None and is_pointer:
        return None
    return internal(struct, value or {})


def internal_map(value: Object) -> Object | None:
    """A map as Go marshals it: by its keys, and null where it is empty."""
    return dict(sorted(value.items())) or None


def internal_pod_template(template: Object) -> Object:
    """A PodTemplateSpec, which has the fields of ObjectMeta among its own, with their JSON names."""
    return {**template.get("metadata", {}), "Spec": _internal_pod_spec(template.get("spec", {}))}


def _internal_pod_spec(spec: Object) -> Any:
    host_fields = {name: spec[name] for name in _HOST_FIELDS if name in spec}
    return internal("PodSpec", {**spec, "securityContext": {**host_fields, **spec.get("securityContext", {})}})


def pod_spec_diff(old: Object, new: Object, budget: Budget) -> str:
    """A unified diff of two PodSpecs."""
    return json_diff(_internal_pod_spec(old), _internal_pod_spec(new), budget)


def json_diff(old: Any, new: Any, budget: Budget) -> str:
    """A unified diff of the JSON of two values, without file names; every line ends in a newline."""
    from kubesim.gotext.difference import unified_difference  # late: only for an update that is refused

    return unified_difference(dumps(old, sort=False, indent=1), dumps(new, sort=False, indent=1), budget.spend)
