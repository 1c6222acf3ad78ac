"""JSONPath as kubectl understands it: templates such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Mirrors k8s.io/client-go util/jsonpath/{parser,jsonpath}.go, v1.36. Only the order in which `..` and `*` visit a map
differs: Go's is random, here it is that of the keys.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.objects import Object
from kubesim.gotext import gofmt, gojson
from kubesim.kubectl.errors import FormatError, NotSimulated, refuse_if, reworded

Values = list[Any]
Find = Callable[[Any], Iterable[Any]]
# A step of a path: a function from values to the values that are found in them, paid from the budget.
Step = Callable[[Values, Budget], Values]
Path = Sequence[Step]
_READING_COST = 5  # steps of the budget for each character of a template
_VALUE_COST = 6  # for each value that a path passes
_NAME = r"(?:\\.|[^ \t\r\n.,\[\]$@{}\\])*\\?"
# Order matters, because the first match counts: `..` begins like a field. The groups' names are the keys of _STEPS.
_TOKEN = re.compile(
    rf"""(?P<descent>\.\.(?:(?=\w){_NAME})?)
    |(?P<field>\.{_NAME})
    |\[\?\((?P<filter>(?:"[^"\n]*"|'[^'\n]*'|[^"'\n)])*)\)\]
    |\[(?!\?\()(?P<brackets>[^\]\n]*)\]
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<number>[+-]?[0-9]{{1,18}}(?:\.[0-9]+)?)
    |(?P<word>\w[^ \t\r\n.,\[\]$@{{}}]*)
    |(?P<root>[ @$])""",
    re.VERBOSE | re.DOTALL,
)
# The message for a place without a token, by the first pattern that matches there.
_PROBLEMS = {
    r"$|[\r\n]": "unclosed action",
    r"\[\?\((?:\"[^\"\n]*\"|'[^'\n]*'|[^\"'\n)])*\)": "unclosed array expect ]",
    r"\[\?\(": "unterminated filter",
    r"\[": "unterminated array",
    r"[\"']": "unterminated quoted string",
}
# A piece of a template: plain text, `{end}`, or the beginning of another action.
_PIECE = re.compile(r"[^{]+|\{end\}|\{(?:range )?")
_RELAXED_PATH = r"\{\.?([^{}]+)\}|\.?([^{}]+)"
_SLICE = re.compile(r"(-?[0-9]{1,18})?(:(-?[0-9]{1,18})?)?")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
}
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)


class Part(NamedTuple):
    """An action or plain text. A range has the parts up to its `{end}` as `body`, evaluated for each value found."""

    path: Path
    body: Sequence[Part] | None = None


class JSONPathPrinter:
    """A Print for a template. With `as_json`, each part's results are printed as an indented list.

    The constructor and the call raise FormatError.
    """

    def __init__(self, text: str, budget: Budget, as_json: bool = False) -> None:
        self._text = text
        self._as_json = as_json
        self._budget = budget
        with reworded(FormatError, f"error parsing jsonpath {text}, ", FormatError):
            self._parts = parse(text, budget)

    def __call__(self, obj: Object, typed: bool = False) -> str:
        try:
            values_of_parts = results(self._parts, obj, self._budget)
        except FormatError as error:
            raise FormatError(
                f"error executing jsonpath {gofmt.quote(self._text)}: Error executing template: {error}. Printing "
                f"more information for debugging the template:\n\ttemplate was:\n\t\t{self._text}\n"
                f"\tobject given to jsonpath engine was:\n\t\t{gofmt.syntax(obj)}\n\n\n"
            ) from None
        if self._as_json:
            return "".join(f"{gojson.dumps(values, indent=4)}\n" for values in values_of_parts)
        return "".join(map(self._text_of, values_of_parts))

    def _text_of(self, values: Values) -> str:
        texts = []
        for value in values:
            text = gojson.dumps(value) if isinstance(value, dict | list | None) else gofmt.sprint(value)
            self._budget.spend(len(text))
            texts.append(text)
        return " ".join(texts)


def results(parts: Sequence[Part], obj: Any, budget: Budget) -> list[Values]:
    """The values that each part of a template finds in `obj`. Raises FormatError, whose message is only the reason."""
    values_of_parts: list[Values] = []
    for path, body in parts:
        values = _follow(path, obj, budget)
        if body is None:
            values_of_parts.append(values)
        else:
            for value in values:
                values_of_parts += results(body, value, budget)
    return values_of_parts


def _follow(path: Path, obj: Any, budget: Budget) -> Values:
    """The values that a path finds in `obj`. Raises FormatError."""
    values = [obj]
    budget.spend(_VALUE_COST)
    for step in path:
        values = step(values, budget)
    return values


def parse(template: str, budget: Budget) -> Sequence[Part]:
    """The parts of a template. Raises FormatError, whose message is only the reason, such as "unclosed action"."""
    budget.spend(_READING_COST * len(template))
    return _parse(template)


@lru_cache(maxsize=256)
def _parse(template: str) -> Sequence[Part]:
    parts, _ = _parts(template, 0)
    return parts


def relaxed(expression: str) -> str:
    """The template for a path in a relaxed spelling: `metadata.name` becomes `{.metadata.name}`.

    --sort-by, custom columns and wait accept paths without braces and leading dot. Raises FormatError.
    """
    match = re.fullmatch(_RELAXED_PATH, expression)
    if match is None and expression:
        raise FormatError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return f"{{.{match[1] or match[2]}}}" if match else ""


def evaluate_relaxed(expression: str, obj: Object, budget: Budget) -> Values:
    """The values that a path in a relaxed spelling finds in `obj`. Raises FormatError."""
    return list(chain.from_iterable(results(parse(relaxed(expression), budget), obj, budget)))


def _parts(text: str, at: int, in_range: bool = False) -> tuple[list[Part], int]:
    """The parts from position `at` up to the `{end}` of their range or the end of the text, and the position there."""
    parts: list[Part] = []
    while piece := _PIECE.match(text, at):
        at = piece.end()
        if not piece[0].startswith("{"):
            parts.append(Part([_constant_step(piece[0])]))
        elif piece[0] == "{end}":
            if in_range:
                break
            parts.append(Part([_word_step("end")]))
        else:
            path, at = _action(text, at)
            body: Sequence[Part] | None = None
            if piece[0] == "{range ":
                body, at = _parts(text, at, in_range=True)
            parts.append(Part(path, body))
    return parts, at


def _action(text: str, at: int = 0) -> tuple[Path, int]:
    """The steps up to the closing brace, and the position after it. Raises FormatError."""
    steps: list[Step] = []
    while not text.startswith("}", at):
        token = _TOKEN.match(text, at)
        if token is None:
            raise FormatError(_problem(text[at:]))
        kind = str(token.lastgroup)
        steps += _STEPS[kind](token[kind])
        at = token.end()
    return steps, at + 1


def _problem(text: str) -> str:
    """The message for a text that doesn't begin with a token."""
    for pattern, problem in _PROBLEMS.items():
        if re.match(pattern, text):
            return problem
    return f"unrecognized character in action: {gofmt.code_point(text[0])}"


def _parse_inner(text: str) -> Path:
    """The steps of an action without braces, as in a filter or in brackets."""
    return _action(f"{text}}}")[0]


def _in_each(find: Find) -> Step:
    """The step that applies `find` to each value."""

    def step(values: Values, budget: Budget) -> Values:
        found = []
        for value in values:
            for item in find(value):
                budget.spend(_VALUE_COST)
                found.append(item)
        return found

    return step


def _constant_step(constant: str | float) -> Step:
    return _in_each(lambda value: [constant])


def _string_step(quoted: str) -> Step:
    with reworded(ValueError, f"unquote string {quoted} error ", FormatError):
        return _constant_step(gofmt.unquote(quoted[1:-1], quoted[0]))


class _UnknownWordError(FormatError):
    """An unknown identifier. A filter that only tests existence counts it as existing, as in client-go."""


def _word_step(name: str) -> Step:
    """The step for a word. Unknown words are refused only when the step runs, as in client-go."""
    if name in ("true", "false"):
        return _constant_step(name == "true")

    def refuse(value: Any) -> Values:
        if name == "end":
            raise FormatError("not in range, nothing to end")
        raise _UnknownWordError(f"unrecognized identifier {name}")

    return _in_each(refuse)


def _field_step(name: str) -> Step:
    if name == "*":
        return _in_each(_children)
    key = name.replace("\\", "")
    return _in_each(lambda value: [value[key]] if isinstance(value, dict) and key in value else [])


def _children(value: Any) -> Values:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else []


def _descend(value: Any) -> Iterator[Any]:
    """The value and all values inside it, depth first, without empty ones, numbers and booleans."""
    left = [value]
    while left:
        item = left.pop()
        if item and isinstance(item, dict | list | str):
            yield item
            left += reversed(_children(item))


def _union_step(paths: Sequence[Path]) -> Step:
    """The step `[0,2]` or `['a','b']`. What it finds is ordered by path, then by value, as in client-go."""
    return lambda values, budget: [item for path in paths for value in values for item in _follow(path, value, budget)]


def _bracket_steps(text: str) -> Path:
    """The steps for brackets: a quoted key, an index, a slice, or a union of these. Raises FormatError."""
    if "," in text:
        return [_union_step([_parse_inner(f"[{part.strip()}]") for part in text.split(",")])]
    if text.count(":") > 1:
        raise NotSimulated(f"[{text}] in JSONPath is not part of this simulator")
    if key := re.fullmatch(r"'([^']*)'", text):
        return _parse_inner(f".{key[1]}")
    match = _SLICE.fullmatch(":" if text == "*" else text)
    if match is None:
        raise FormatError(f"invalid array index {text}")
    start, is_slice, end = match.groups()
    first = int(start or 0)
    last: int | None = None  # up to the end, which is also right for [-1]
    if end:
        last = int(end)
    elif not is_slice and first != -1:
        last = first + 1
    return [_in_each(lambda value: _slice(value, first, last))]


def _slice(value: Any, first: int, last: int | None) -> Values:
    """`[first:last]` of a list; empty for null. Negative numbers count from the end. Raises FormatError."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise FormatError(f"{gofmt.type_name(value)} is not array or slice")
    length = len(value)
    if first < 0:
        first += length
    if last is None:
        last = length
    elif last < 0:
        last += length
    if first == last:
        return []
    if not 0 <= first < length or not 0 <= last <= length:
        index = last - 1 if 0 <= first < length else first
        raise FormatError(f"array index out of bounds: index {index}, length {length}")
    refuse_if(first > last, f"starting index {first} is greater than ending index {last}", FormatError)
    return value[first:last]


def _filter_step(text: str) -> Step:
    """The step for a filter such as `?(@.type=="Ready")` or `?(@.type)`: the items of a list that pass it."""
    match = _COMPARISON.fullmatch(text)
    if match:
        left, symbol, right = match.groups()
        passes = partial(_satisfies, _parse_inner(left), symbol, _parse_inner(right))
    else:
        passes = partial(_exists, _parse_inner(text))

    def step(values: Values, budget: Budget) -> Values:
        found = []
        for value in values:
            if not isinstance(value, list):
                raise FormatError(f"{gofmt.sprint(value)} is not array or slice and cannot be filtered")
            found += [item for item in value if passes(item, budget)]
        return found

    return step


def _exists(path: Path, item: Any, budget: Budget) -> bool:
    """True if a filter without comparison accepts an item. As in client-go, errors count as missing."""
    try:
        return bool(_follow(path, item, budget))
    except _UnknownWordError:
        return True
    except FormatError:
        return False


def _satisfies(left: Path, symbol: str, right: Path, item: Any, budget: Budget) -> bool:
    """True if a filter with a comparison accepts an item, False if one side finds nothing. Raises FormatError."""
    left_values = _follow(left, item, budget)
    right_values = _follow(right, item, budget)
    refuse_if(len(left_values) > 1 or len(right_values) > 1, "can only compare one element at a time", FormatError)
    if not left_values or not right_values:
        return False
    return _compare(symbol, left_values[0], right_values[0])


def _compare(symbol: str, left: Any, right: Any) -> bool:
    """Compare two scalars of the same type. Raises FormatError for other values and for an unknown operator."""
    refuse_if(symbol not in _OPERATORS, f"unrecognized filter operator {symbol}", FormatError)
    if isinstance(left, dict | list | None) or isinstance(right, dict | list | None):
        raise FormatError("invalid type for comparison")
    is_ordered = symbol not in ("==", "!=")
    refuse_if(is_ordered and isinstance(left, bool), "invalid type for comparison", FormatError)
    refuse_if(type(left) is not type(right), "incompatible types for comparison", FormatError)
    return _OPERATORS[symbol](left, right)


# By the kind of a token, a function from its text to steps.
_STEPS: Mapping[str, Callable[[str], Path]] = {
    "descent": lambda text: [_in_each(_descend), *([_field_step(text[2:])] if text[2:] else [])],
    "field": lambda text: [_field_step(text[1:])],
    "filter": lambda text: [_filter_step(text)],
    "brackets": _bracket_steps,
    "string": lambda text: [_string_step(text)],
    "number": lambda text: [_constant_step(float(text) if "." in text else int(text))],
    "word": lambda text: [_word_step(text)],
    "root": lambda text: [],
}
