"""Label and field selectors: `-l 'tier in (web,api),!old'`, `--field-selector type!=Normal`.

Mirrors k8s.io/apimachinery pkg/labels/selector.go and pkg/fields/selector.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kubesim.api.objects import Object, metadata
from kubesim.gotext.gojson import quote

Selector = Callable[[Object], bool]
_Test = Callable[[Mapping[str, str]], bool]

# Special characters, of which as many as make an operator stay together; words; what is nothing.
_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
_SYMBOLS = {">": "gt", "<": "lt"}
_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_LONGEST = 63


class SelectorError(ValueError):
    """A selector that cannot be parsed; the text is Kubernetes' own."""


def label_selector(text: str) -> Selector:
    """The predicate of a label selector. Raises SelectorError."""
    tests = list(_Parser(text).requirements())
    return lambda obj: all(test(metadata(obj).get("labels") or {}) for test in tests)


_OTHER = {True: " or ')'", False: ", or identifier"}


class _Parser:
    """Reads a label selector from the left, and refuses it in the words of labels.Parser."""

    def __init__(self, text: str) -> None:
        self._words: list[str] = [*_TOKEN.findall(text), ""]  # the last one is the end

    @property
    def _next(self) -> str:
        return self._words[0]

    @property
    def _is_identifier(self) -> bool:
        return bool(self._next) and self._next[0] not in "=!(),<>"

    def _take(self) -> str:
        return self._words.pop(0) if self._words[1:] else ""

    def requirements(self) -> Iterator[_Test]:
        """The test of each requirement. Raises SelectorError."""
        while self._next:
            if not self._is_identifier and self._next != "!":
                raise SelectorError(f"found '{self._next}', expected: !, identifier, or 'end of string'")
            try:
                yield self._requirement()
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            after = self._take()
            if after not in ("", ","):
                raise SelectorError(f"found '{after}', expected: ',' or 'end of string'")
            if after and not self._is_identifier and self._next != "!":
                raise SelectorError(f"found '{self._next}', expected: identifier after ','")

    def _requirement(self) -> _Test:
        operator = "!" if self._next == "!" and self._take() else ""
        if not self._is_identifier:
            raise SelectorError(f"found '{self._next}', expected: identifier")
        key = self._take()
        _check_key(key)
        if operator or self._next in ("", ","):
            return _TESTS[operator](key, set())
        operator = self._take()
        operator = _SYMBOLS.get(operator, operator)
        if operator not in _OPERATORS:
            raise SelectorError(f"found '{operator}', expected: {', '.join(_OPERATORS)}")
        values = self._several() if operator in ("in", "notin") else {self._one()}
        _check_values(key, operator, values)
        return _TESTS[operator](key, values)

    def _one(self) -> str:
        if self._next in ("", ","):
            return ""
        if not self._is_identifier:
            raise SelectorError(f"found '{self._next}', expected: identifier")
        return self._take()

    def _several(self) -> set[str]:
        if self._next != "(":
            raise SelectorError(f"found '{self._next}' expected: '('")
        self._take()
        if not self._is_identifier and self._next not in (",", ")"):
            raise SelectorError(f"found '{self._next}', expected: ',', ')' or identifier")
        values, word = set[str](), ","
        while word == ",":
            is_word = self._is_identifier
            values.add(self._take() if is_word else "")
            if self._next not in (",", ")"):
                raise SelectorError(f"found '{self._next}', expected: ','{_OTHER[is_word]}")
            word = self._take()
        return values


_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def _check_key(key: str) -> None:
    problem = "" if _PART.match(key.rpartition("/")[2]) else f"name part {_RULE}"
    if key.count("/") > 1:
        problem = f"a valid label key {_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    if problem:
        raise SelectorError(f"<nil>: Invalid value: {quote(key)}: {problem}")


def _check_values(key: str, operator: str, values: set[str]) -> None:
    for at, value in enumerate(sorted(values)):
        if operator in ("gt", "lt") and not re.fullmatch("[-+]?[0-9]+", value):
            problem = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise SelectorError(f"values[{at}]: Invalid value: {quote(value)}: {problem}")
        if value and (len(value) > _LONGEST or not _PART.match(value)):
            rule = f"a valid label must be an empty string or consist of{_RULE[len('must consist of') :]}"
            rule = rule.replace("MyName',  or 'my.name',  or '123-abc", "MyValue',  or 'my_value',  or '12345")
            rule = rule.replace("(([", "([").replace("'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'", f"'{_VALUE}'")
            rule = f"must be no more than {_LONGEST} bytes" if len(value) > _LONGEST else rule
            raise SelectorError(f"values[{at}][{key}]: Invalid value: {quote(value)}: {rule}")


_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"


def _compared(key: str, values: set[str], is_less: bool) -> _Test:
    def test(labels: Mapping[str, str]) -> bool:
        value = labels.get(key, "")
        return bool(re.fullmatch("[-+]?[0-9]+", value)) and (
            int(value) < int(*values) if is_less else int(value) > int(*values)
        )

    return test


_TESTS: dict[str, Callable[[str, set[str]], _Test]] = {
    "in": lambda key, values: lambda labels: labels.get(key) in values,
    "notin": lambda key, values: lambda labels: labels.get(key) not in values,
    "=": lambda key, values: lambda labels: labels.get(key) in values,
    "==": lambda key, values: lambda labels: labels.get(key) in values,
    "!=": lambda key, values: lambda labels: labels.get(key) not in values,
    "gt": lambda key, values: _compared(key, values, is_less=False),
    "lt": lambda key, values: _compared(key, values, is_less=True),
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
