"""Label and field selectors: `-l 'tier in (web,api),!old'`, `--field-selector type!=Normal`.

Mirrors k8s.io/apimachinery pkg/labels/selector.go and pkg/fields/selector.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kubesim.objects import Object, metadata

Selector = Callable[[Object], bool]

_SET = re.compile(r"\s*(?P<key>[^\s!=,()]+)\s+(?P<operator>in|notin)\s+\((?P<values>[^()]*)\)\s*$")
_EQUAL = re.compile(r"\s*(?P<key>[^\s!=,()]+)\s*(?P<operator>==|=|!=)\s*(?P<values>[^\s!=,()]*)\s*$")
_EXISTS = re.compile(r"\s*(?P<operator>!?)\s*(?P<key>[^\s!=,()]+)\s*$")
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")


class SelectorError(ValueError):
    """A selector that cannot be parsed; the text is Kubernetes' own."""


def label_selector(text: str) -> Selector:
    """The predicate of a label selector. Raises SelectorError."""
    tests = [_label_test(part) for part in _split(text)]
    return lambda obj: all(test(metadata(obj).get("labels") or {}) for test in tests)


def _split(text: str) -> list[str]:
    """The requirements of a selector: commas inside parentheses do not count."""
    return [part for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _label_test(part: str) -> Callable[[Mapping[str, str]], bool]:
    match = _SET.match(part) or _EQUAL.match(part) or _EXISTS.match(part)
    if match is None:
        raise SelectorError(f"unable to parse requirement: found '{part.strip()}', expected: identifier or operator")
    key, operator = match["key"], match["operator"]
    _check_key(key)
    values = {value.strip() for value in match["values"].split(",")} if "values" in match.groupdict() else set()
    return _TESTS[operator](key, values)


def _check_key(key: str) -> None:
    if not _NAME.match(key.rpartition("/")[2]):
        raise SelectorError(
            f'unable to parse requirement: <nil>: Invalid value: "{key}": name part must consist of alphanumeric '
            "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
            "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        )


_TESTS: dict[str, Callable[[str, set[str]], Callable[[Mapping[str, str]], bool]]] = {
    "in": lambda key, values: lambda labels: labels.get(key) in values,
    "notin": lambda key, values: lambda labels: labels.get(key) not in values,
    "=": lambda key, values: lambda labels: labels.get(key) in values,
    "==": lambda key, values: lambda labels: labels.get(key) in values,
    "!=": lambda key, values: lambda labels: labels.get(key) not in values,
    "": lambda key, values: lambda labels: key in labels,
    "!": lambda key, values: lambda labels: key not in labels,
}


def field_selector(text: str, supported: Callable[[str], bool]) -> Selector:
    """The predicate of a field selector; `supported` says which fields can be selected by. Raises SelectorError."""
    tests: list[Selector] = []
    for part in filter(None, text.split(",")):
        match = re.match(r"(.*?)(!=|==|=)(.*)$", part)
        if match is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = match.groups()
        if not supported(field):
            raise SelectorError(f"field label not supported: {field}")
        tests.append(_field_test(field.split("."), operator != "!=", value))
    return lambda obj: all(test(obj) for test in tests)


def _field_test(path: list[str], equal: bool, value: str) -> Selector:
    def test(obj: Object) -> bool:
        found: Any = obj
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return (("" if found is None else str(found)) == value) is equal

    return test


def matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a metav1.LabelSelector (matchLabels, matchExpressions) selects `labels`."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(item, labels) for item in selector.get("matchExpressions") or ())


def _expression(item: Object, labels: Mapping[str, str]) -> bool:
    operator = {"In": "in", "NotIn": "notin", "Exists": "", "DoesNotExist": "!"}[item["operator"]]
    return _TESTS[operator](item["key"], set(item.get("values") or ()))(labels)
