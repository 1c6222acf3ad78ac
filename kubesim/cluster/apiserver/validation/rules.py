"""Rules for fields: what names, keys and values must look like, and how rules.json puts them together.

A rule is written as words, the last of which names a check, an enum, a struct, or a function that is a `special` rule;
those before it are `_COMBINATORS`; commas stand between several. A struct is a map of rules by fields: "a.b c" are two
fields, "" is the whole.
Of `cases`, each has a condition (`_TERM`), a field, and what holds for that then: a rule, or an error with its details.

Mirrors k8s.io/apimachinery pkg/util/validation, pkg/api/validation and pkg/apis/meta/v1/validation, v1.36. Where Go
walks a map in random order, these go by its keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from kubesim.api import load_table
from kubesim.api.errors import FieldError, duplicate, field_forbidden, invalid_value, required, unsupported
from kubesim.api.objects import at, getter
from kubesim.api.selectors import Check, dns_subdomain, label_value, longer, qualified_name, text_form

Errors = Iterator[FieldError]
Rule = Callable[[str, Any], Errors]
"""What holds for one field: takes its path and its value, which is None where it is not given."""

# formats: of each text with a form of its own, its regular expression, the most bytes, what it must be, and examples;
# texts: patterns that one must match, each with what to say where it doesn't; numbers: the lowest, the highest, and
# what to say of others; enums: the values of a type; structs: the rules of its fields; cases: what holds under a
# condition; env, volumes, persistent, handlers: the sources of a variable and a volume, what a probe or a hook does.
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


def cron_job_name(value: str) -> list[str]:
    """A name to which the controller adds eleven characters for each Job."""
    return dns_subdomain(value) + (["must be no more than 52 bytes"] if len(value) > 52 else [])


def ip(value: str) -> list[str]:
    try:
        ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def cidr(value: str) -> list[str]:
    address, _, bits = value.partition("/")
    if ip(address) or not bits.isdecimal() or int(bits[:4]) > ip_address(address).max_prefixlen:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    strict = ip_network(value, strict=False).network_address == ip_address(address)
    return [] if strict else ["must not have bits set beyond the prefix length"]


def _text(rows: list[list[str]]) -> Check:
    return lambda value: [says for pattern, says in rows if not re.fullmatch(pattern, value, re.DOTALL)]


def _number(low: int, high: int, says: str = "") -> Check:
    return lambda value: [] if low <= value <= high else [says or f"must be between {low} and {high}, inclusive"]


CHECKS: Mapping[str, Check] = {
    **_FORMATS,
    **{name: _text(rows) for name, rows in TABLE["texts"].items()},
    **{name: _number(*row) for name, row in TABLE["numbers"].items()},
    "cidr": cidr,
    "config_key": config_key,
    "cron_job_name": cron_job_name,
    "dns_label": dns_label,
    "dns_subdomain": dns_subdomain,
    "ip": ip,
    "label_value": label_value,
    "qualified_name": qualified_name,
}


def valid(check: Check, missing: Any = "") -> Rule:
    """A value that must pass a check, even if it is missing."""
    return lambda field, value: (
        invalid_value(field, missing if value is None else value, problem)
        for problem in check(missing if value is None else value)
    )


def each(rule: Rule) -> Rule:
    """A list, of whose items each follows the rule."""
    return lambda field, items: (
        error for index, item in enumerate(items or ()) for error in rule(f"{field}[{index}]", item)
    )


def distinct(rule: Rule, key: str = "name", taken: tuple[str, ...] = ()) -> Rule:
    """A list, of whose items each follows the rule, and which differ in a key."""

    def check(field: str, items: Any) -> Errors:
        found = set(taken)
        for index, item in enumerate(items or ()):
            yield from rule(f"{field}[{index}]", item)
            if item.get(key) in found:
                yield duplicate(f"{field}[{index}].{key}", item[key])
            found |= {item[key]} if item.get(key) else set()

    return check


@cache
def rule(words: str) -> Rule:
    """The rule that words of rules.json or kinds.json stand for."""
    if ", " in words:
        several = [rule(part) for part in words.split(", ")]
        return lambda field, value: (error for each_of in several for error in each_of(field, value))
    first, _, rest = words.partition(" ")
    if first in _COMBINATORS:
        return _COMBINATORS[first](rest)
    if first in TABLE["enums"]:
        return _one_of(TABLE["enums"][first].split(" "))
    if first in TABLE["cases"]:
        return _in_cases(TABLE["cases"][first])
    return struct(TABLE["structs"][first]) if first in TABLE["structs"] else SPECIAL[first]


# What the words before the last one make of it: of a check a rule (for a value that must pass it even if it is
# missing; that must be there; that may be missing or empty), of a sentence the refusal of any value, of an enum one
# for a value that may be "", and of a rule another one (for a value that may be missing, for a list's items, for those
# that upstream reports without their index, and for those that differ in a key); of a table, that of its sources
# exactly one is there.
_COMBINATORS: Mapping[str, Callable[[str], Rule]] = {
    "valid": lambda name: valid(CHECKS[name], 0 if name in TABLE["numbers"] else ""),
    "needed": lambda name: lambda field, value: (valid(CHECKS[name]) if value else given)(field, value),
    "checked": lambda name: lambda field, value: valid(CHECKS[name])(field, value) if value else iter(()),
    "absent": lambda why: lambda field, value: iter([field_forbidden(field, why)] if value else ()),
    "optional": lambda words: lambda field, value: iter(()) if value is None else rule(words)(field, value),
    "among": lambda name: lambda field, value: _among(field, value or "", TABLE["enums"][name].split(" ")),
    "each": lambda words: each(rule(words)),
    "all": lambda words: lambda field, items: (error for item in items or () for error in rule(words)(field, item)),
    "unique": lambda words: distinct(rule(words.partition(" ")[2]), words.partition(" ")[0]),
    "one": lambda words: _one_source(*words.split()),
}

_TERM = re.compile(r"(!?\??)([\w.]+?)(?:(!?[=~]|<=?)(.*))?")
_ERRORS = {"required": required, "forbidden": field_forbidden}


def _in_cases(cases: list[list[str]]) -> Rule:
    """What holds for fields under conditions: one has a value, "!" none, "?" is there, "!?" not, or is one of "a|b".

    Or it is like a regular expression ("~"), or a number below another field's ("<", "<=").
    """

    def check(where: str, item: Mapping[str, Any]) -> Errors:
        for condition, name, kind, *more in cases:
            if not all(holds(term, item) for term in condition.split()):
                continue
            field, value = f"{where}.{name}".strip("."), at(item, name) if name else item
            if kind in _ERRORS:
                yield _ERRORS[kind](field, *(text.format_map(item) for text in more))
            elif kind in ("invalid", "unsupported"):
                shown = internal(more[1], value) if more[1:] else value if name and value is not None else ""
                if kind == "invalid":
                    yield invalid_value(field, shown, more[0].format_map(item))
                else:
                    yield unsupported(field, shown, more[0].split())
            else:
                yield from rule(kind)(field, value)

    return lambda where, item: check(where, item or {})


@cache
def _parsed(term: str) -> Sequence[str]:
    match = _TERM.fullmatch(term)
    assert match, term
    return match.groups()


def holds(term: str, item: Mapping[str, Any]) -> bool:
    mark, path, sign, wanted = _parsed(term)
    value = at(item, path)
    if sign in ("<", "<="):
        low, high = int(value or 0), int(at(item, wanted) or 0)
        return low < high or (sign == "<=" and low == high)
    if mark.endswith("?"):
        return (value is not None) is (mark == "?")
    if sign:
        text = "" if value is None else value
        found = re.fullmatch(wanted, str(text)) if sign.endswith("~") else text in wanted.split("|")
        return bool(found) is not sign.startswith("!")
    return bool(value) is not bool(mark)


def _one_of(supported: list[str]) -> Rule:
    return lambda field, value: _among(field, value, supported) if value else given(field, value)


def _among(field: str, value: Any, supported: list[str]) -> Errors:
    if value not in supported:
        yield unsupported(field, value, supported)


def struct(rules: Mapping[str, str]) -> Rule:
    """A struct whose fields follow their rules, in that order."""

    rows = [(path, getter(path), rule(words)) for paths, words in rules.items() for path in paths.split() or [""]]
    return lambda field, value: (
        error for path, get, check in rows for error in check(f"{field}.{path}".strip("."), get(value))
    )


@cache
def source_rule(table: str, name: str) -> Rule:
    """The rule of one of the sources that a table has."""
    return struct(TABLE[table][name])


def _one_source(table: str, what: str) -> Rule:
    def check(where: str, item: Mapping[str, Any]) -> Errors:
        found = [name for name in TABLE[table] if item.get(name) is not None]
        if not found:
            yield required(where, f"must specify a {what} type")
        for name in found[:1]:
            yield from source_rule(table, name)(f"{where}.{name}", item[name])
        for name in found[1:]:
            yield field_forbidden(f"{where}.{name}", f"may not specify more than 1 {what} type")

    return check


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


@special
def port(field: str, value: int | str | None) -> Errors:
    """A number or a name."""
    yield from rule("valid port_name" if isinstance(value, str) else "valid port_number")(field, value)


def internal(held: str, value: Any) -> Any:
    """A value of the external API as Go marshals its internal counterpart: a struct that is `held`, or a "map".

    internal.json has the fields of internal structs in their order, from kubernetes pkg/apis/*/types.go, v1.36. They
    have no JSON names and are marshalled under their Go names, empty ones too: each with its zero value, or with what
    it holds, a struct or a "map". "!" marks a struct that is held by value. A label selector is the same type inside
    and outside, with JSON names.
    """
    if isinstance(value, list):
        return [internal(held, item) for item in value] or None
    if held == "map":
        return dict(sorted(value.items())) or None
    return dict(_members(load_table(__file__, "internal.json")[held], value)) if held else value


def _members(struct: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    given = {key.lower(): item for key, item in value.items()}
    for name, zero in struct.items():
        held = zero.rstrip("!") if isinstance(zero, str) and zero[:1].isalpha() else ""
        if (held and zero != held) or name.lower() in given:
            yield name, internal(held, given.get(name.lower(), {}))
        else:
            yield name, None if held else zero
