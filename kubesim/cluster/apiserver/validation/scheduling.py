"""What decides where a Pod may run: affinity, topology, tolerations; and a node's taints.

Mirrors validateAffinity, ValidateTolerations and validateTopologySpreadConstraints in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.objects import Object
from kubesim.api.selectors import label_value, qualified_name
from kubesim.cluster.apiserver.validation.errors import Errors
from kubesim.cluster.apiserver.validation.metadata import (
    validate_label_selector,
    validate_label_values,
    validate_operator,
)

_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSATISFIABLE_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_NOT_AN_OPERATOR = "not a valid selector operator"


def validate_affinity(errors: Errors, field: str, affinity: Object) -> None:
    node_affinity = affinity.get("nodeAffinity") or {}
    where = f"{field}.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
    for index, term in enumerate((node_affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        _validate_node_selector_term(errors, f"{where}[{index}]", term)
        for at, requirement in enumerate(term.get("matchExpressions") or ()):
            validate_label_values(errors, f"{where}[{index}].matchExpressions[{at}]", requirement)
    for index, preferred in enumerate(node_affinity.get(_PREFERRED) or ()):
        where = f"{field}.nodeAffinity.{_PREFERRED}[{index}]"
        _validate_weight(errors, where, preferred)
        _validate_node_selector_term(errors, f"{where}.preference", preferred.get("preference") or {})
    for kind in ("podAffinity", "podAntiAffinity"):
        pod_affinity = affinity.get(kind) or {}
        for index, term in enumerate(pod_affinity.get(_REQUIRED) or ()):
            _validate_pod_affinity_term(errors, f"{field}.{kind}.{_REQUIRED}[{index}]", term)
        for index, weighted in enumerate(pod_affinity.get(_PREFERRED) or ()):
            where = f"{field}.{kind}.{_PREFERRED}[{index}]"
            _validate_weight(errors, where, weighted)
            _validate_pod_affinity_term(errors, f"{where}.podAffinityTerm", weighted.get("podAffinityTerm") or {})


def validate_node_selector(errors: Errors, field: str, affinity: Object) -> None:
    """What is required of a node names at least one term."""
    selector = (affinity.get("nodeAffinity") or {}).get(_REQUIRED)
    if selector is not None and not selector.get("nodeSelectorTerms"):
        where = f"{field}.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
        errors.required(where, "must have at least one node selector term")


def _validate_weight(errors: Errors, field: str, item: Object) -> None:
    weight = item.get("weight", 0)
    if not 1 <= weight <= 100:
        errors.invalid(f"{field}.weight", weight, "must be in the range 1-100")


def _validate_node_selector_term(errors: Errors, field: str, term: Object) -> None:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        where = f"{field}.matchExpressions[{index}]"
        operator = requirement.get("operator", "")
        if operator in ("Gt", "Lt"):
            if not requirement.get("values"):
                why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                errors.required(f"{where}.values", why)
        elif not validate_operator(errors, where, requirement):
            errors.invalid(f"{where}.operator", operator, _NOT_AN_OPERATOR)
        errors.check(f"{where}.key", requirement.get("key", ""), qualified_name)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        _validate_node_field(errors, f"{field}.matchFields[{index}]", requirement)


def _validate_node_field(errors: Errors, field: str, requirement: Object) -> None:
    operator, key = requirement.get("operator", ""), requirement.get("key", "")
    if operator not in ("In", "NotIn"):
        errors.invalid(f"{field}.operator", operator, _NOT_AN_OPERATOR)
    elif not requirement.get("values"):
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.required(f"{field}.values", why)
    if key != "metadata.name":
        errors.invalid(f"{field}.key", key, "not a valid field selector key")


def _validate_pod_affinity_term(errors: Errors, field: str, term: Object) -> None:
    for name in ("labelSelector", "namespaceSelector"):
        validate_label_selector(errors, f"{field}.{name}", term.get(name))
    if not term.get("topologyKey"):
        errors.required(f"{field}.topologyKey", "can not be empty")
    errors.check(f"{field}.topologyKey", term.get("topologyKey", ""), qualified_name)


def validate_topology_spread(errors: Errors, field: str, constraint: Object) -> None:
    _validate_positive(errors, f"{field}.maxSkew", constraint.get("maxSkew", 0))
    if not constraint.get("topologyKey"):
        errors.required(f"{field}.topologyKey", "can not be empty")
    action, domains = constraint.get("whenUnsatisfiable", ""), constraint.get("minDomains")
    if action not in _UNSATISFIABLE_ACTIONS:
        errors.unsupported(f"{field}.whenUnsatisfiable", action, _UNSATISFIABLE_ACTIONS)
    if domains is not None:
        _validate_positive(errors, f"{field}.minDomains", domains)
        if action != "DoNotSchedule":
            why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            errors.invalid(f"{field}.minDomains", domains, why)
    validate_label_selector(errors, f"{field}.labelSelector", constraint.get("labelSelector"))


def _validate_positive(errors: Errors, field: str, number: int) -> None:
    if number < 1:
        errors.invalid(field, number, "must be greater than zero")


def validate_tolerations(errors: Errors, field: str, tolerations: Sequence[Object]) -> None:
    for index, toleration in enumerate(tolerations):
        _validate_toleration(errors, f"{field}[{index}]", toleration)


def _validate_toleration(errors: Errors, field: str, toleration: Object) -> None:
    key, operator, value = toleration.get("key", ""), toleration.get("operator", ""), toleration.get("value", "")
    effect = toleration.get("effect")
    if not key and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.invalid(f"{field}.operator", operator, why)
    if key:
        errors.check(f"{field}.key", key, qualified_name)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        errors.invalid(f"{field}.effect", effect or "", "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        if problems := label_value(value):
            errors.invalid(f"{field}.operator", value, ";".join(problems))
    elif operator == "Exists":
        if value:
            errors.invalid(f"{field}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("Lt", "Gt"):
        errors.unsupported(f"{field}.operator", operator, ("Equal", "Exists", "Lt", "Gt"))
    else:
        errors.unsupported(f"{field}.operator", operator, ("Equal", "Exists"))
    errors.enum_optional(f"{field}.effect", effect, _TAINT_EFFECTS)


def validate_taints(errors: Errors, taints: Sequence[Object]) -> None:
    """The taints of a node, under the name that upstream gives them."""
    for index, taint in enumerate(taints):
        field = f"metadata.taints[{index}]"
        errors.check(f"{field}.key", taint.get("key", ""), qualified_name)
        if taint.get("value"):
            errors.check(f"{field}.value", taint["value"], label_value)
        errors.enum(f"{field}.effect", taint.get("effect"), _TAINT_EFFECTS)
