"""Selectors: `-l 'tier in (web,api),!old'`, `--field-selector type!=Normal`, and the label selectors of manifests.

Mirrors k8s.io/apimachinery pkg/labels/selector.go and pkg/fields/selector.go, v1.36.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from kubesim.api.content import label_value, qualified_name
from kubesim.api.errors import invalid_value
from kubesim.api.numbers import integer
from kubesim.api.objects import Object, at, labels_of
from kubesim.api.resources import Resource

Selector = Callable[[Object], bool]

# A token: an operator of one or two characters, or a word.
_TOKEN = r"==|!=|[=!(),<>]|[^\s=!(),<>]+"
_EXPECTED_OPERATORS = "in, notin, =, ==, !=, gt, lt"
# The operators of manifests by those of the command line.
_OPERATORS = {"in": "In", "notin": "NotIn", "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt"}
_ONLY_NAMES = '"{}" is not a known field selector: only "metadata.name", "metadata.namespace"'
_FIELD_REFUSALS = {"Job": 'field label "{}" not supported for Job'}
# A term between commas. A backslash escapes a comma in it.
_TERM = r"(?:\\.|[^,])+"


class SelectorError(ValueError):
    """An invalid selector. The message is Kubernetes' own."""


def label_selector(text: str) -> Selector:
    """Compile a label selector to a predicate of objects. Raises SelectorError."""
    requirements = list(_Parser(text).requirements())
    return lambda obj: all(requirement.is_met_by(labels_of(obj)) for requirement in requirements)


def matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """True if a metav1.LabelSelector (matchLabels, matchExpressions) selects `labels`. An empty one selects all."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for item in selector.get("matchExpressions") or ():
        if not _Requirement(item["key"], item["operator"], item.get("values") or ()).is_met_by(labels):
            return False
    return True


class _Requirement(NamedTuple):
    """A requirement on one label, with the operators of manifests."""

    key: str
    operator: str
    values: Collection[str] = ()

    def is_met_by(self, labels: Mapping[str, str]) -> bool:
        """True if `labels` meet the requirement. "Gt" and "Lt" compare integers, and have one value.

        Raises ValueError for any other operator.
        """
        label = labels.get(self.key)
        match self.operator:
            case "In":
                return label in self.values
            case "NotIn":
                return label not in self.values
            case "Exists":
                return label is not None
            case "DoesNotExist":
                return label is None
            case "Gt" | "Lt":
                (value,) = self.values
                number, bound = integer(label or ""), integer(value)
                if number is None or bound is None:
                    return False
                return number > bound if self.operator == "Gt" else number < bound
        raise ValueError(f"unknown operator {self.operator}")


class _Parser:
    """Parser of a label selector, with the error messages of labels.Parser."""

    def __init__(self, text: str) -> None:
        self._tokens = deque([*re.findall(_TOKEN, text), ""])  # "" marks the end

    def _is_identifier(self) -> bool:
        return bool(self._tokens[0]) and self._tokens[0][0] not in "=!(),<>"

    def _require(self, expected: str, is_there: bool) -> None:
        if not is_there:
            raise SelectorError(f"found '{self._tokens[0]}', expected: {expected}")

    def _take(self) -> str:
        return self._tokens.popleft() if self._tokens[0] else ""

    def requirements(self) -> Iterator[_Requirement]:
        """The requirements of the selector, none for an empty one."""
        if not self._tokens[0]:
            return
        expected = "!, identifier, or 'end of string'"
        while True:
            self._require(expected, self._is_identifier() or self._tokens[0] == "!")
            try:
                yield self._requirement()
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            self._require("',' or 'end of string'", self._tokens[0] in ("", ","))
            if not self._take():
                return
            expected = "identifier after ','"

    def _requirement(self) -> _Requirement:
        """Parse one requirement: `!key`, `key`, `key=value` or `key in (a,b)`."""
        if self._tokens[0] == "!":
            self._take()
            return _Requirement(self._key(), "DoesNotExist")
        key = self._key()
        if self._tokens[0] in ("", ","):
            return _Requirement(key, "Exists")
        self._require(_EXPECTED_OPERATORS, self._tokens[0] in _OPERATORS)
        symbol = self._take()
        values = self._values_in_parentheses() if symbol in ("in", "notin") else {self._single_value()}
        for index, value in enumerate(sorted(values)):
            if symbol in (">", "<") and integer(value) is None:
                _check(f"values[{index}]", value, ["for 'Gt', 'Lt' operators, the value must be an integer"])
            _check(f"values[{index}][{key}]", value, label_value(value))
        return _Requirement(key, _OPERATORS[symbol], values)

    def _key(self) -> str:
        self._require("identifier", self._is_identifier())
        key = self._take()
        _check("<nil>", key, qualified_name(key))
        return key

    def _single_value(self) -> str:
        """The value after "=" and the like, which may be empty."""
        if self._tokens[0] in ("", ","):
            return ""
        self._require("identifier", self._is_identifier())
        return self._take()

    def _values_in_parentheses(self) -> set[str]:
        """The values in parentheses, each of which may be empty."""
        if self._tokens[0] != "(":
            raise SelectorError(f"found '{self._tokens[0]}' expected: '('")
        self._take()
        self._require("',', ')' or identifier", self._is_identifier() or self._tokens[0] in (",", ")"))
        values: set[str] = set()
        while True:
            if self._is_identifier():
                values.add(self._take())
                expected = "',' or ')'"
            else:
                values.add("")
                expected = "',', or identifier"
            self._require(expected, self._tokens[0] in (",", ")"))
            if self._take() == ")":
                return values


def _check(field: str, value: str, problems: list[str]) -> None:
    """Raise SelectorError if `problems` has any."""
    if problems:
        raise SelectorError(str(invalid_value(field, value, "; ".join(problems))))


def field_selector(text: str, resource: Resource) -> Selector:
    """Compile a field selector for one type to a predicate of objects. Raises SelectorError with the type's message.

    Mirrors k8s.io/apimachinery pkg/runtime/conversion.go and kubernetes pkg/apis/{core,batch}/v1/conversion.go, v1.36.
    """
    own = resource.fields
    supported = {"metadata.name", *own}
    if resource.namespaced or not own:  # see DefaultMetaV1FieldSelectorConversion
        supported.add("metadata.namespace")
    refusal = _FIELD_REFUSALS.get(resource.kind, "field label not supported: {}") if own else _ONLY_NAMES
    tests = [_field_test(term, text) for term in sorted(re.findall(_TERM, text))]  # sorted as in parseSelector
    for test in tests:
        if test.field not in supported:
            raise SelectorError(refusal.format(test.field))
    return lambda obj: all(test.holds(obj) for test in tests)


def _field_test(term: str, selector: str) -> _FieldTest:
    """Parse a term of a field selector. Raises SelectorError."""
    match = re.fullmatch("(.*?)(!=|==|=)(.*)", term, re.DOTALL)
    if match is None:
        raise SelectorError(f"invalid selector: '{selector}'; can't understand '{term}'")
    field, operator, value = match.groups()
    return _FieldTest(field, operator != "!=", _unescaped(value))


def _unescaped(value: str) -> str:
    """Unescape a value, in which backslashes precede special characters. Raises SelectorError."""
    text = ""
    for character in re.findall(r"\\?.|\\", value, re.DOTALL):
        if character in ",=":  # Go prints the character's number
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(character)}")
        if character.startswith("\\") and character[1:] not in ("\\", ",", "="):
            raise SelectorError(f"invalid field selector: invalid escape sequence: {character}")
        text += character[-1]
    return text


class _FieldTest(NamedTuple):
    """The test that a field has a value (`is_equal`), or hasn't."""

    field: str
    is_equal: bool
    value: str

    def holds(self, obj: Object) -> bool:
        has_value = _field_value(obj, self.field) == self.value
        return has_value == self.is_equal


def _field_value(obj: Object, field: str) -> str:
    """The value that a field selector compares: mostly that of the path, else as kube-apiserver computes it."""
    if field == "source":
        return str(at(obj, "source.component") or at(obj, "reportingComponent") or "")
    if field == "status.successful":
        return str(at(obj, "status.succeeded") or 0)
    value = at(obj, field)
    if field in ("spec.unschedulable", "spec.hostNetwork"):
        return "true" if value else "false"
    return "" if value is None else str(value)
