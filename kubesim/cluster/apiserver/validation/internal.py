"""Structs of the internal API, as Go marshals them where a refusal shows one.

internal.json has their fields in their order, from kubernetes pkg/apis/*/types.go, v1.36. They have no JSON names and
are marshalled under their Go names, empty ones too: each with its zero value, or with what it holds, a struct or a
"map". "!" marks a struct that is held by value, and "-" stands for one that the table leaves out. A label selector is
the same type inside and outside, with JSON names.
The difference that a refused change shows is that of k8s.io/apimachinery pkg/util/diff/diff.go: JSON of the internal
structs, as a unified diff.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from kubesim.api import load_table
from kubesim.api.errors import not_simulated
from kubesim.api.objects import Object
from kubesim.gotext.gojson import dumps

_STRUCTS: Mapping[str, Mapping[str, Any]] = load_table(__file__, "internal.json")
_LEFT_OUT = "-"
# Fields of the external PodSpec that the internal one keeps in its security context.
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")


def internal(held: str, value: Any) -> Any:
    """A value of the external API as Go marshals its internal counterpart: a struct that is `held`, or a "map".

    Raises StatusError for one that the table leaves out.
    """
    if isinstance(value, list):
        return [internal(held, item) for item in value] or None
    if held == "map":
        return dict(sorted(value.items())) or None
    return dict(_members(_STRUCTS[held], value)) if held else value


def _members(struct: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    by_lower_name = {key.lower(): item for key, item in value.items()}
    for name, zero in struct.items():
        is_there = name.lower() in by_lower_name
        if zero == _LEFT_OUT:
            if is_there:
                raise not_simulated(f"refusing a change of what has {name} is not part of this simulator")
            yield name, None
            continue
        held = zero.rstrip("!") if isinstance(zero, str) and zero[:1].isalpha() else ""
        is_held_by_value = held and zero != held
        if is_held_by_value or is_there:
            yield name, internal(held, by_lower_name.get(name.lower(), {}))
        else:
            yield name, None if held else zero


def internal_pod_template(template: Object) -> Object:
    return {**template.get("metadata", {}), "Spec": _internal_pod_spec(template.get("spec", {}))}


def _internal_pod_spec(spec: Object) -> Any:
    host_fields = {name: spec[name] for name in _HOST_FIELDS if name in spec}
    return internal("PodSpec", {**spec, "securityContext": {**host_fields, **spec.get("securityContext", {})}})


def pod_spec_diff(old: Object, new: Object) -> str:
    """A unified diff of two PodSpecs."""
    return unified_diff(_internal_pod_spec(old), _internal_pod_spec(new))


def unified_diff(old: Any, new: Any) -> str:
    """A unified diff of the JSON of two values, without file names; every line ends in a newline."""
    lines = list(difflib.unified_diff(_json_lines(old), _json_lines(new), n=3))
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines[2:])


def _json_lines(value: Any) -> list[str]:
    return [f"{line}\n" for line in dumps(value, sort=False, indent=1).split("\n")]
