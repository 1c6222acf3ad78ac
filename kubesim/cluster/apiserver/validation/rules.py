"""Rules for fields: what names, keys and values must look like, and how rules are put together for lists and structs.

Mirrors k8s.io/apimachinery pkg/util/validation, pkg/api/validation and pkg/apis/meta/v1/validation, v1.36. Where Go
walks a map in random order, these go by its keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kubesim.api.errors import FieldError, duplicate, field_forbidden, invalid_value, required, too_long, unsupported
from kubesim.api.objects import Object, metadata

Errors = Iterator[FieldError]
Check = Callable[[Any], list[str]]
"""Takes a value and returns what is wrong with it."""
Rule = Callable[[str, Any], Errors]
"""What holds for one field: takes its path and its value, which is None where it is not given."""

_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ENDS = "must start and end with an alphanumeric character"
ANNOTATIONS_LIMIT = 256 * 1024


def _explain(what: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{what} (e.g. {shown}regex used for validation is '{pattern}')"


def _longer(value: str, limit: int) -> list[str]:
    too_long = len(value.encode("utf-8", "surrogatepass")) > limit
    return [f"must be no more than {limit} bytes"] if too_long else []


# Of each text with a form of its own: its regular expression, the most bytes, what it must be, and examples.
_FORMATS: Mapping[str, Any] = json.loads(Path(__file__).with_name("formats.json").read_text("utf-8"))


def _format(name: str) -> Check:
    pattern, limit, what, *examples = _FORMATS[name]
    matches, sentence = re.compile(pattern).fullmatch, _explain(what, pattern, *examples)
    return lambda value: _longer(value, limit) + ([] if matches(value) else [sentence])


dns_subdomain, dns_1035_label = _format("dns_subdomain"), _format("dns_1035_label")
label_value, percent = _format("label_value"), _format("percent")
_dns_label, _config_key = _format("dns_label"), _format("config_key")


def dns_label(value: str) -> list[str]:
    """The name of a namespace, a container, a volume."""
    if "." in value and not dns_subdomain(value):
        return [*_longer(value, 63), "must not contain dots"]
    return _dns_label(value)


def config_key(value: str) -> list[str]:
    if value in (".", ".."):
        return [*_config_key(value), f"must not be '{value}'"]
    return _config_key(value) + (["must not start with '..'"] if value.startswith("..") else [])


_KEY_PART = f"must consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}"
_KEY_EXAMPLES = ("MyName", "my.name", "123-abc")


def qualified_name(value: str) -> list[str]:
    """A label's key: an optional DNS prefix and a slash, then a name."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        what = _explain(f"a valid label key {_KEY_PART}", _KEY, *_KEY_EXAMPLES)
        return [f"{what} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if slash:
        found = dns_subdomain(prefix) if prefix else ["must be non-empty"]
        problems = [f"prefix part {problem}" for problem in found]
    problems += [f"name part {problem}" for problem in (_longer(name, 63) if name else ["must be non-empty"])]
    if not re.fullmatch(_KEY, name):
        problems.append(_explain(f"name part {_KEY_PART}", _KEY, *_KEY_EXAMPLES))
    return problems


def env_name(value: str) -> list[str]:
    if all(" " <= char <= "~" and char != "=" for char in value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def path_segment(value: str) -> list[str]:
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def in_range(low: int, high: int) -> Check:
    return lambda value: [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


port_number = in_range(1, 65535)


def given(field: str, value: Any) -> Errors:
    if not value:
        yield required(field)


def valid(check: Check) -> Rule:
    """A value that must pass a check; it is "" where it is missing."""
    return lambda field, value: (
        invalid_value(field, "" if value is None else value, problem)
        for problem in check("" if value is None else value)
    )


def needed(check: Check) -> Rule:
    """A value that must be given and pass a check."""
    return lambda field, value: valid(check)(field, value) if value else given(field, value)


def optional(rule: Rule) -> Rule:
    """A value that may be missing, and else follows the rule, even if it is empty."""
    return lambda field, value: iter(()) if value is None else rule(field, value)


def checked(check: Check) -> Rule:
    """A value that may be missing or empty, and else passes a check."""
    return lambda field, value: valid(check)(field, value) if value else iter(())


def one_of(*supported: str) -> Rule:
    """A value that must be given and be one of `supported`, which the error lists in the order given."""

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


def named(rule: Rule, taken: tuple[str, ...] = ()) -> Rule:
    """A list, of whose items each follows the rule and has a name of its own."""

    def check(field: str, items: Any) -> Errors:
        names = set(taken)
        for index, item in enumerate(items or ()):
            yield from rule(f"{field}[{index}]", item)
            if item.get("name") in names:
                yield duplicate(f"{field}[{index}].name", item["name"])
            names |= {item["name"]} if item.get("name") else set()

    return check


def struct(**rules: Rule) -> Rule:
    """A struct, whose fields follow their rules, in that order."""
    return lambda field, value: (
        error for key, rule in rules.items() for error in rule(f"{field}.{key}", value.get(key))
    )


def anything(_field: str, _value: Any) -> Errors:
    return iter(())


def non_negative(field: str, value: int | None) -> Errors:
    """A number that may be missing, but not below zero."""
    if value is not None and value < 0:
        yield invalid_value(field, value, "must be greater than or equal to 0")


def immutable(field: str, new: Any, old: Any, detail: str = "field is immutable") -> Errors:
    """A value that an update must leave as it was."""
    if new != old:
        yield invalid_value(field, new, detail)


def object_meta(obj: Object, namespaced: bool, check: Check) -> Errors:
    """The metadata of a new object, whose name must pass `check`."""
    meta = metadata(obj)
    if prefix := meta.get("generateName", ""):
        # A suffix follows, so that the prefix itself may end in a dash.
        whole = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        yield from (invalid_value("metadata.generateName", prefix, problem) for problem in check(whole))
    if name := meta.get("name", ""):
        yield from valid(check)("metadata.name", name)
    else:
        yield required("metadata.name", "name or generateName is required")
    if namespaced:
        yield from needed(dns_label)("metadata.namespace", meta.get("namespace"))
    elif meta.get("namespace"):
        yield field_forbidden("metadata.namespace", "not allowed on this type")
    yield from _common(meta)


def object_meta_update(new: Object, old: Object) -> Errors:
    meta, before = metadata(new), metadata(old)
    for name in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        yield from immutable(f"metadata.{name}", meta.get(name), before.get(name))
    yield from _common(meta)


def _common(meta: Object) -> Errors:
    yield from labels("metadata.labels", meta.get("labels"))
    yield from annotation_keys("metadata.annotations", meta.get("annotations"))
    for index, finalizer in enumerate(meta.get("finalizers", ())):
        yield from valid(qualified_name)("metadata.finalizers", finalizer)
        if "/" not in finalizer and finalizer not in ("kubernetes", "orphan", "foregroundDeletion"):
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"metadata.finalizers[{index}]", finalizer, why)


def labels(field: str, found: Mapping[str, str] | None) -> Errors:
    for key, value in sorted((found or {}).items()):
        yield from valid(qualified_name)(field, key)
        yield from valid(label_value)(field, value)


def annotation_keys(field: str, found: Mapping[str, str] | None) -> Errors:
    """Keys and total size of annotations."""
    size = sum(len(key) + len(value) for key, value in (found or {}).items())
    for key in sorted(found or {}):
        yield from (invalid_value(field, key, problem) for problem in qualified_name(key.lower()))
    if size > ANNOTATIONS_LIMIT:
        yield too_long(field, ANNOTATIONS_LIMIT)


def label_selector(field: str, selector: Object) -> Errors:
    yield from labels(f"{field}.matchLabels", selector.get("matchLabels"))
    yield from each(_requirement)(f"{field}.matchExpressions", selector.get("matchExpressions"))


def _requirement(field: str, item: Object) -> Errors:
    operator, values = item.get("operator", ""), item.get("values", ())
    if operator in ("In", "NotIn") and not values:
        yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield field_forbidden(f"{field}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        yield invalid_value(f"{field}.operator", operator, "not a valid selector operator")
    yield from valid(qualified_name)(f"{field}.key", item.get("key"))
    yield from each(checked(label_value))(f"{field}.values", values)
