"""What decides where a Pod may run: affinity, topology, tolerations; and a node's taints.

Mirrors validateAffinity, ValidateTolerations and validateTopologySpreadConstraints in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.selectors import label_value, qualified_name
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.metadata import validate_label_selector, validate_operator

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSATISFIABLE_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_NOT_AN_OPERATOR = "not a valid selector operator"


def validate_affinity(affinity: Field) -> None:
    """Which nodes and which other Pods a Pod wants to be near to, or far from."""
    nodes = affinity.inner("nodeAffinity")
    for term in nodes.inner(_REQUIRED).items("nodeSelectorTerms"):
        _validate_node_selector_term(term)
        for requirement in term.items("matchExpressions"):
            requirement.check_each("values", label_value)
    for preferred in nodes.items(_PREFERRED):
        _validate_weight(preferred)
        _validate_node_selector_term(preferred.inner("preference"))
    for kind in ("podAffinity", "podAntiAffinity"):
        pods = affinity.inner(kind)
        for term in pods.items(_REQUIRED):
            _validate_pod_affinity_term(term)
        for weighted in pods.items(_PREFERRED):
            _validate_weight(weighted)
            _validate_pod_affinity_term(weighted.inner("podAffinityTerm"))


def validate_node_selector(affinity: Field) -> None:
    """What is required of a node names at least one term."""
    nodes = affinity.inner("nodeAffinity")
    selector = nodes.inner(_REQUIRED)
    if nodes.has(_REQUIRED) and not selector.get("nodeSelectorTerms"):
        selector.required("nodeSelectorTerms", "must have at least one node selector term")


def _validate_weight(item: Field) -> None:
    weight = item.get("weight", 0)
    if not 1 <= weight <= 100:
        item.invalid("weight", "must be in the range 1-100", value=weight)


def _validate_node_selector_term(term: Field) -> None:
    for requirement in term.items("matchExpressions"):
        if requirement.get("operator") in ("Gt", "Lt"):
            if not requirement.get("values"):
                why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                requirement.required("values", why)
        elif not validate_operator(requirement):
            requirement.invalid("operator", _NOT_AN_OPERATOR)
        requirement.check("key", qualified_name)
    for requirement in term.items("matchFields"):
        if requirement.get("operator") not in ("In", "NotIn"):
            requirement.invalid("operator", _NOT_AN_OPERATOR)
        elif not requirement.get("values"):
            why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            requirement.required("values", why)
        if requirement.get("key") != "metadata.name":
            requirement.invalid("key", "not a valid field selector key")


def _validate_pod_affinity_term(term: Field) -> None:
    validate_label_selector(term.inner("labelSelector"))
    validate_label_selector(term.inner("namespaceSelector"))
    _validate_topology_key(term)
    term.check("topologyKey", qualified_name)


def _validate_topology_key(holder: Field) -> None:
    if not holder.get("topologyKey"):
        holder.required("topologyKey", "can not be empty")


def validate_topology_spread(constraint: Field) -> None:
    """How evenly Pods are to be spread."""
    _validate_positive(constraint, "maxSkew")
    _validate_topology_key(constraint)
    action = constraint.get("whenUnsatisfiable", "")
    if action not in _UNSATISFIABLE_ACTIONS:
        constraint.unsupported("whenUnsatisfiable", _UNSATISFIABLE_ACTIONS)
    if constraint.has("minDomains"):
        _validate_positive(constraint, "minDomains")
        if action != "DoNotSchedule":
            why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            constraint.invalid("minDomains", why)
    validate_label_selector(constraint.inner("labelSelector"))


def _validate_positive(holder: Field, name: str) -> None:
    number = holder.get(name, 0)
    if number < 1:
        holder.invalid(name, "must be greater than zero", value=number)


def validate_toleration(toleration: Field) -> None:
    """A toleration of taints."""
    operator, value = toleration.get("operator", ""), toleration.get("value", "")
    if not toleration.get("key") and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        toleration.invalid("operator", why)
    toleration.check_nonempty(qualified_name, "key")
    if toleration.has("tolerationSeconds") and toleration.get("effect") != "NoExecute":
        toleration.invalid("effect", "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        if problems := label_value(value):
            toleration.invalid("operator", ";".join(problems), value=value)
    elif operator == "Exists":
        if value:
            toleration.invalid("operator", "value must be empty when `operator` is 'Exists'", value=value)
    elif operator in ("Lt", "Gt"):
        toleration.unsupported("operator", ("Equal", "Exists", "Lt", "Gt"))
    else:
        toleration.unsupported("operator", ("Equal", "Exists"))
    toleration.enum_optional("effect", _TAINT_EFFECTS)


def validate_node(node: Field) -> None:
    """A node's taints, under the name that upstream gives them."""
    spec = node.get("spec") or {}
    for taint in Field(node.errors, "metadata", spec).items("taints"):
        taint.check("key", qualified_name)
        taint.check_nonempty(label_value, "value")
        taint.enum("effect", _TAINT_EFFECTS)
