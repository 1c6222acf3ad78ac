"""What validation of all kinds shares: small rules that yield field errors, and those of metadata and selectors.

Mirrors k8s.io/apimachinery pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation/validation.go, v1.36. Where
Go walks a map in random order, these go by its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kubesim.api.errors import FieldError, field_forbidden, invalid_value, required, too_long, unsupported
from kubesim.api.objects import Object, metadata
from kubesim.cluster.apiserver.validation.names import Check, dns_label, label_value, qualified_name
from kubesim.gotext.gojson import quote

Errors = Iterator[FieldError]
Rule = Callable[[str, Any], Errors]
"""What holds for one field: takes its path and its value, which is None where it is not given."""

ANNOTATIONS_LIMIT = 256 * 1024
_IMMUTABLE = "field is immutable"
_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def invalid_each(field: str, value: Any, problems: Iterable[str]) -> Errors:
    """One Invalid for each problem of a value."""
    return (invalid_value(field, value, problem) for problem in problems)


def given(field: str, value: Any) -> Errors:
    """A value that must be given."""
    if not value:
        yield required(field)


def valid(check: Check) -> Rule:
    """A value that must pass a check; it is "" where it is missing."""

    def rule(field: str, value: Any) -> Errors:
        value = "" if value is None else value
        return (invalid_value(field, value, problem) for problem in check(value))

    return rule


def needed(check: Check) -> Rule:
    """A value that must be given and pass a check."""
    return lambda field, value: valid(check)(field, value) if value else given(field, value)


def optional(rule: Rule) -> Rule:
    """A value that may be missing, and else follows the rule, even if it is empty."""
    return lambda field, value: iter(()) if value is None else rule(field, value)


def unless_empty(rule: Rule) -> Rule:
    """A value that may be missing or empty, and else follows the rule."""
    return lambda field, value: rule(field, value) if value else iter(())


def checked(check: Check) -> Rule:
    """A value that may be missing or empty, and else passes a check."""
    return unless_empty(valid(check))


def one_of(*supported: str) -> Rule:
    """A value that must be given and be one of `supported`, which are told in the order given."""

    def check(field: str, value: Any) -> Errors:
        yield from given(field, value)
        if value and value not in supported:
            yield unsupported(field, value, supported)

    return check


def each(rule: Rule) -> Rule:
    """A list, of whose items each follows the rule."""
    return lambda field, items: (
        error for index, item in enumerate(items or ()) for error in rule(f"{field}[{index}]", item)
    )


def struct(**rules: Rule) -> Rule:
    """A struct, whose fields follow their rules, in that order."""
    return lambda field, value: (
        error for key, rule in rules.items() for error in rule(f"{field}.{key}", value.get(key))
    )


def one_kind(what: str, rules: Mapping[str, Rule]) -> Rule:
    """A struct with exactly one of the fields that `rules` names, each of which is one kind of `what`."""

    def rule(field: str, value: Object) -> Errors:
        found = [key for key in rules if key in value]
        if not found:
            yield required(field, f"must specify a {what} type")
        for key in found[:1]:
            yield from rules[key](f"{field}.{key}", value[key])
        for key in found[1:]:
            yield field_forbidden(f"{field}.{key}", f"may not specify more than 1 {what} type")

    return rule


def anything(_field: str, _value: Any) -> Errors:
    """Whatever there is."""
    return iter(())


def non_negative(field: str, value: int | None) -> Errors:
    """A number that may be missing, but not below zero."""
    if value is not None and value < 0:
        yield invalid_value(field, value, "must be greater than or equal to 0")


def immutable(field: str, new: Any, old: Any, detail: str = _IMMUTABLE) -> Errors:
    """A value that an update must leave as it was."""
    if new != old:
        yield invalid_value(field, new, detail)


def object_meta(obj: Object, namespaced: bool, check: Check) -> Errors:
    """The metadata of a new object, whose name must pass `check`."""
    meta = metadata(obj)
    yield from _names(meta, check)
    namespace = meta.get("namespace", "")
    if namespaced:
        yield from needed(dns_label)("metadata.namespace", namespace)
    elif namespace:
        yield field_forbidden("metadata.namespace", "not allowed on this type")
    yield from non_negative("metadata.generation", meta.get("generation"))
    yield from _common(meta)


def _names(meta: Object, check: Check) -> Errors:
    if prefix := meta.get("generateName", ""):
        # A suffix follows, so that the prefix itself may end in a dash.
        whole = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        yield from invalid_each("metadata.generateName", prefix, check(whole))
    if name := meta.get("name", ""):
        yield from invalid_each("metadata.name", name, check(name))
    else:
        yield required("metadata.name", "name or generateName is required")


def object_meta_update(new: Object, old: Object) -> Errors:
    """What an update may not do to metadata."""
    meta, before = metadata(new), metadata(old)
    added = set(meta.get("finalizers", ())) - set(before.get("finalizers", ()))
    if before.get("deletionTimestamp") and added:
        listed = ", ".join(map(quote, sorted(added)))
        why = "no new finalizers can be added if the object is being deleted, found new finalizers []string"
        yield field_forbidden("metadata.finalizers", f"{why}{{{listed}}}")
    for name in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        yield from immutable(f"metadata.{name}", meta.get(name), before.get(name))
    yield from _common(meta)


def _common(meta: Object) -> Errors:
    yield from labels("metadata.labels", meta.get("labels"))
    yield from annotation_keys("metadata.annotations", meta.get("annotations"))
    yield from _owner_references(meta.get("ownerReferences", ()))
    for finalizer in meta.get("finalizers", ()):
        yield from invalid_each("metadata.finalizers", finalizer, qualified_name(finalizer))
    for index, finalizer in enumerate(meta.get("finalizers", ())):
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"metadata.finalizers[{index}]", finalizer, why)


def _owner_references(references: Iterable[Object]) -> Errors:
    field, controller = "metadata.ownerReferences", ""
    for reference in references:
        if not reference.get("apiVersion", "").rpartition("/")[2]:
            yield invalid_value(f"{field}.apiVersion", reference.get("apiVersion", ""), "version must not be empty")
        for name in ("kind", "name", "uid"):
            if not reference.get(name):
                yield invalid_value(f"{field}.{name}", "", "must not be empty")
        if reference.get("controller"):
            this = f"{reference.get('kind', '')}/{reference.get('name', '')}"
            if controller:
                why = 'Only one reference can have Controller set to true. Found "true" in references for'
                yield invalid_value(field, list(references), f"{why} {controller} and {this}")
            controller = controller or this


def labels(field: str, found: Mapping[str, str] | None) -> Errors:
    """Keys and values of labels."""
    for key, value in sorted((found or {}).items()):
        yield from invalid_each(field, key, qualified_name(key))
        yield from invalid_each(field, value, label_value(value))


def annotation_keys(field: str, found: Mapping[str, str] | None) -> Errors:
    """Keys and total size of annotations."""
    size = 0
    for key, value in sorted((found or {}).items()):
        yield from invalid_each(field, key, qualified_name(key.lower()))
        size += len(key) + len(value)
    if size > ANNOTATIONS_LIMIT:
        yield too_long(field, ANNOTATIONS_LIMIT)


def label_selector(field: str, selector: Object) -> Errors:
    """A metav1.LabelSelector."""
    yield from labels(f"{field}.matchLabels", selector.get("matchLabels"))
    yield from each(_requirement)(f"{field}.matchExpressions", selector.get("matchExpressions"))


def _requirement(field: str, item: Object) -> Errors:
    operator, values = item.get("operator", ""), item.get("values", ())
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield field_forbidden(
                f"{field}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
    else:
        yield invalid_value(f"{field}.operator", operator, "not a valid selector operator")
    yield from invalid_each(f"{field}.key", item.get("key", ""), qualified_name(item.get("key", "")))
    yield from each(checked(label_value))(f"{field}.values", values)
