"""What decides where a Pod may run: node affinity and tolerations; and a node's taints.

Mirrors validateNodeSelector, ValidateTolerations and validateNodeTaints in kubernetes
pkg/apis/core/validation/validation.go, v1.36. inert.json has what the scheduler here doesn't look at.
"""

from __future__ import annotations

from kubesim.api.content import TAINT_EFFECTS, dns_subdomain, label_value, qualified_name
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.metadata import NOT_AN_OPERATOR, validate_operator

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def validate_node_affinity(affinity: Field) -> None:
    """Which nodes a Pod requires, and which it prefers; that makes no difference where there is one."""
    selector = affinity.inner(_REQUIRED)
    for term in selector.items("nodeSelectorTerms"):
        _validate_node_selector_term(term)
    if affinity.has(_REQUIRED) and not selector.get("nodeSelectorTerms"):
        selector.required("nodeSelectorTerms", "must have at least one node selector term")
    for preference in affinity.items(_PREFERRED):
        if not 1 <= preference.get("weight", 0) <= 100:
            preference.invalid("weight", "must be in the range 1-100", value=preference.get("weight", 0))
        _validate_node_selector_term(preference.inner("preference"), has_labels=False)


def _validate_node_selector_term(term: Field, has_labels: bool = True) -> None:
    """`has_labels`: values must be those of labels, as upstream asks it where nodes are required."""
    for requirement in term.items("matchExpressions"):
        if requirement.get("operator") in ("Gt", "Lt"):
            if len(requirement.get("values", ())) != 1:
                why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                requirement.required("values", why)
        else:
            validate_operator(requirement)
        requirement.check("key", qualified_name)
        if has_labels:
            requirement.check_each("values", label_value)
    for requirement in term.items("matchFields"):
        if requirement.get("operator") not in ("In", "NotIn"):
            requirement.invalid("operator", NOT_AN_OPERATOR)
        elif len(requirement.get("values", ())) != 1:
            why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            requirement.required("values", why)
        if requirement.get("key") == "metadata.name":
            requirement.check_each("values", dns_subdomain)
        else:
            requirement.invalid("key", "not a valid field selector key")


def validate_toleration(toleration: Field) -> None:
    """A toleration of taints."""
    operator = toleration.get("operator", "")
    value = toleration.get("value", "")
    toleration.check_nonempty("key", qualified_name)
    if not toleration.get("key") and operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        toleration.invalid("operator", why)
    if toleration.has("tolerationSeconds") and toleration.get("effect") != "NoExecute":
        toleration.invalid("effect", "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        if problems := label_value(value):
            toleration.invalid("operator", ";".join(problems), value=value)
    elif operator == "Exists":
        if value:
            toleration.invalid("operator", "value must be empty when `operator` is 'Exists'", value=value)
    elif operator in ("Lt", "Gt"):  # which the API server knows and, behind a feature gate, doesn't allow
        toleration.unsupported("operator", ("Equal", "Exists", "Lt", "Gt"))
    else:
        toleration.unsupported("operator", ("Equal", "Exists"))
    toleration.enum_optional("effect", TAINT_EFFECTS)


def validate_node(node: Field) -> None:
    """A node's taints, under the name that upstream gives them."""
    spec = node.get("spec") or {}
    seen: set[tuple[str, str]] = set()
    for taint in Field(node.errors, "metadata", spec).items("taints"):
        key = taint.get("key", "")
        effect = taint.get("effect", "")
        taint.check("key", qualified_name)
        if problems := label_value(taint.get("value", "")):
            taint.invalid("value", ";".join(problems))
        taint.enum("effect", TAINT_EFFECTS)
        if (key, effect) in seen:
            marshalled = {
                "Key": key,
                "Value": taint.get("value", ""),
                "Effect": effect,
                "TimeAdded": taint.get("timeAdded"),
            }
            taint.duplicate("", marshalled, "taints must be unique by key and effect pair")
        seen.add((key, effect))
