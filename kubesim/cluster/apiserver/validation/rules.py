"""Rules for fields: what names, keys and values must look like, and how rules.json puts them together.

A rule is written as words, the last of which names a check, an enum, a struct, or a function that is a `special` rule;
those before it are `_COMBINATORS`. A struct is a map of rules by fields: "a.b c" are two fields, "" is the whole.
Of `cases`, each has a condition (`_TERM`), a field, and what holds for that then: a rule, or an error with its details.

Mirrors k8s.io/apimachinery pkg/util/validation, pkg/api/validation and pkg/apis/meta/v1/validation, v1.36. Where Go
walks a map in random order, these go by its keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from kubesim.api import load_table
from kubesim.api.errors import FieldError, duplicate, field_forbidden, invalid_value, required, unsupported
from kubesim.api.objects import at
from kubesim.api.selectors import Check, dns_subdomain, label_value, longer, qualified_name, text_form

Errors = Iterator[FieldError]
Rule = Callable[[str, Any], Errors]
"""What holds for one field: takes its path and its value, which is None where it is not given."""

# formats: of each text with a form of its own, its regular expression, the most bytes, what it must be, and examples;
# enums: the values of a type; structs: the rules of its fields; cases: what holds under a condition; env, volumes: the
# sources of a variable and a volume.
TABLE: Mapping[str, Any] = load_table(__file__, "rules.json")
SPECIAL: dict[str, Rule] = {}


def special(rule: Rule) -> Rule:
    """Let rules.json call a function by its name."""
    SPECIAL[getattr(rule, "__name__", "")] = rule
    return rule


_FORMATS = {name: text_form(*row) for name, row in TABLE["formats"].items()}
percent = _FORMATS["percent"]


def dns_label(value: str) -> list[str]:
    """The name of a namespace, a container, a volume."""
    if "." in value and not dns_subdomain(value):
        return [*longer(value, 63), "must not contain dots"]
    return _FORMATS["dns_label"](value)


def config_key(value: str) -> list[str]:
    if value in (".", ".."):
        return [*_FORMATS["config_key"](value), f"must not be '{value}'"]
    return _FORMATS["config_key"](value) + (["must not start with '..'"] if value.startswith("..") else [])


def env_name(value: str) -> list[str]:
    if all(" " <= char <= "~" and char != "=" for char in value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def path_segment(value: str) -> list[str]:
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def cron_job_name(value: str) -> list[str]:
    """A name to which the controller adds eleven characters for each Job."""
    return dns_subdomain(value) + (["must be no more than 52 characters"] if len(value) > 52 else [])


def _in_range(low: int, high: int) -> Check:
    return lambda value: [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


CHECKS: Mapping[str, Check] = {
    **_FORMATS,
    "absolute_path": lambda path: [] if path.startswith("/") else ["must be an absolute path"],
    "config_key": config_key,
    "cron_job_name": cron_job_name,
    "deadline": _in_range(1, 2**31 - 1),
    "dns_label": dns_label,
    "dns_subdomain": dns_subdomain,
    "env_name": env_name,
    "label_value": label_value,
    "node_port": lambda port: [] if 30000 <= port <= 32767 else [TABLE["node ports"]],
    "path_segment": path_segment,
    "port_number": _in_range(1, 65535),
    "qualified_name": qualified_name,
    "positive": lambda value: [] if (value or 0) > 0 else ["must be greater than zero"],
    "user_id": _in_range(0, 2**31 - 1),
}


def valid(check: Check) -> Rule:
    """A value that must pass a check; it is "" where it is missing."""
    return lambda field, value: (
        invalid_value(field, "" if value is None else value, problem)
        for problem in check("" if value is None else value)
    )


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


@cache
def rule(words: str) -> Rule:
    """The rule that words of rules.json or kinds.json stand for."""
    first, _, rest = words.partition(" ")
    if first in _COMBINATORS:
        return _COMBINATORS[first](rest)
    if first in TABLE["enums"]:
        return _one_of(TABLE["enums"][first].split())
    if first in TABLE["cases"]:
        return _in_cases(TABLE["cases"][first])
    return struct(TABLE["structs"][first]) if first in TABLE["structs"] else SPECIAL[first]


# What the words before the last one make of it: of a check a rule (for a value that must pass it even if it is missing;
# that must be there; that may be missing or empty), of a sentence the refusal of any value, of an enum one for a value
# that may be "", and of a rule another one (for a value that may be missing, for a list's items, and for those that
# each have a name of their own).
_COMBINATORS: Mapping[str, Callable[[str], Rule]] = {
    "valid": lambda name: valid(CHECKS[name]),
    "needed": lambda name: lambda field, value: (valid(CHECKS[name]) if value else given)(field, value),
    "checked": lambda name: lambda field, value: valid(CHECKS[name])(field, value) if value else iter(()),
    "absent": lambda why: lambda field, value: iter([field_forbidden(field, why)] if value else ()),
    "optional": lambda words: lambda field, value: iter(()) if value is None else rule(words)(field, value),
    "among": lambda name: lambda field, value: _among(field, value or "", TABLE["enums"][name].split()),
    "each": lambda words: each(rule(words)),
    "named": lambda words: named(rule(words)),
}

_TERM = re.compile(r"(!?\??)([\w.]+?)(?:(=|!=)(.*))?")
_ERRORS = {"required": required, "forbidden": field_forbidden}


def _in_cases(cases: list[list[str]]) -> Rule:
    """What holds for fields under conditions: one has a value, "!" none, "?" is there, "!?" not, or is one of "a|b"."""

    def check(where: str, item: Mapping[str, Any]) -> Errors:
        for condition, name, kind, *more in cases:
            if not all(holds(term, item) for term in condition.split()):
                continue
            field = f"{where}.{name}".strip(".")
            if kind in _ERRORS:
                yield _ERRORS[kind](field, *(text.format_map(item) for text in more))
            elif kind == "invalid":
                yield invalid_value(field, item.get(name, ""), *more)
            else:
                yield from rule(kind)(field, item.get(name) if name else item)

    return lambda where, item: check(where, item or {})


def holds(term: str, item: Mapping[str, Any]) -> bool:
    match = _TERM.fullmatch(term)
    assert match, term
    mark, path, sign, wanted = match.groups()
    value = at(item, path)
    if mark.endswith("?"):
        return (value is not None) is (mark == "?")
    if sign:
        return (("" if value is None else value) in wanted.split("|")) is (sign == "=")
    return bool(value) is not bool(mark)


def _one_of(supported: list[str]) -> Rule:
    return lambda field, value: _among(field, value, supported) if value else given(field, value)


def _among(field: str, value: Any, supported: list[str]) -> Errors:
    if value not in supported:
        yield unsupported(field, value, supported)


def struct(rules: Mapping[str, str]) -> Rule:
    """A struct whose fields follow their rules, in that order."""

    rows = [(path, rule(words)) for paths, words in rules.items() for path in paths.split() or [""]]
    return lambda field, value: (
        error for path, check in rows for error in check(f"{field}.{path}".strip("."), at(value, path))
    )


@cache
def source_rule(kind: str, name: str) -> Rule:
    """The rule of one kind of source of a variable ("env") or a volume ("volumes")."""
    return struct(TABLE[kind].get(name, {}))


@special
def given(field: str, value: Any) -> Errors:
    if not value:
        yield required(field)


@special
def non_negative(field: str, value: int | None) -> Errors:
    """A number that may be missing, but not below zero."""
    if value is not None and value < 0:
        yield invalid_value(field, value, "must be greater than or equal to 0")


def immutable(field: str, new: Any, old: Any, detail: str = "field is immutable") -> Errors:
    """A value that an update must leave as it was."""
    if new != old:
        yield invalid_value(field, new, detail)


@special
def labels(field: str, found: Mapping[str, str] | None) -> Errors:
    for key, value in sorted((found or {}).items()):
        yield from valid(qualified_name)(field, key)
        yield from valid(label_value)(field, value)
