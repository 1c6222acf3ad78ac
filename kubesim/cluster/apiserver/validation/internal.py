"""Values of Kubernetes' internal API types as JSON, which some refusals show, and diffs between them.

The API server converts objects to internal Go structs without JSON names; in messages they have their Go names, and
empty fields, too. internal.json has their fields in order, from kubernetes pkg/apis/*/types.go, v1.36. The value of a
field in the table is its type: the name of a struct (with "!" for one held by value, not by pointer), "map", or the
zero value of a scalar. "-" is a struct that the table leaves out. Label selectors are the same type inside and outside.

The diff of a refused change mirrors k8s.io/apimachinery pkg/util/diff/diff.go: a unified diff of the internal JSON.
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


def internal_json(struct: str, value: Object) -> Object:
    """The internal JSON of an external value; `struct` is its type in the table.

    Raises StatusError (501) if the value has a field that the table leaves out.
    """
    by_lower_name = {key.lower(): item for key, item in value.items()}
    return {name: _field(name, kind, by_lower_name.get(name.lower())) for name, kind in _STRUCTS[struct].items()}


def _field(name: str, kind: Any, value: Any) -> Any:
    """The internal JSON of the field `name`; `kind` is its type in the table, `value` the external value or None."""
    if kind == _LEFT_OUT:
        if value is None:
            return None
        raise not_simulated(f"refusing a change of what has {name} is not part of this simulator")
    if kind == _MAP:
        return internal_map(value or {})
    struct = str(kind).removesuffix(_BY_VALUE)
    if struct not in _STRUCTS:  # a scalar, by its zero value
        return kind if value is None else value
    if isinstance(value, list):
        return [internal_json(struct, item) for item in value] or None
    is_pointer = struct == kind
    if value is None and is_pointer:
        return None
    return internal_json(struct, value or {})


def internal_map(value: Object) -> Object | None:
    """A map as Go's JSON: sorted by keys, null for an empty one."""
    return dict(sorted(value.items())) or None


def internal_pod_template(template: Object) -> Object:
    """The internal JSON of a PodTemplateSpec, which embeds ObjectMeta with its JSON names."""
    return {**template.get("metadata", {}), "Spec": internal_pod_spec(template.get("spec", {}))}


def internal_pod_spec(spec: Object) -> Any:
    """The internal JSON of a PodSpec, in whose securityContext the fields about the host's namespaces are."""
    host_fields = {name: spec[name] for name in _HOST_FIELDS if name in spec}
    return internal_json("PodSpec", {**spec, "securityContext": {**host_fields, **spec.get("securityContext", {})}})


def pod_spec_diff(old: Object, new: Object, budget: Budget) -> str:
    """A unified diff of the internal JSON of two PodSpecs. Raises StatusError (501) and TooMuchError."""
    return json_diff(internal_pod_spec(old), internal_pod_spec(new), budget)


def json_diff(old: Any, new: Any, budget: Budget) -> str:
    """A unified diff of the JSON of two values, without file names; every line ends in a newline."""
    from kubesim.gotext.difference import unified_difference  # late: only for an update that is refused

    return unified_difference(dumps(old, sort=False, indent=1), dumps(new, sort=False, indent=1), budget.spend)
