"""JSONPath as kubectl understands it: templates such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Mirrors k8s.io/client-go util/jsonpath/{parser,jsonpath}.go and RelaxedJSONPathExpression of k8s.io/kubectl
pkg/cmd/get/customcolumn.go, v1.36. Only the order in which `..` and `*` visit a map differs: Go's is random, here it is
that of the keys.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

from kubesim.gotext import gojson
from kubesim.kubectl.formats.golang import FormatError, code_point, syntax, type_name, unquote
from kubesim.kubectl.formats.json_ import to_json

Values = list[Any]
Step = Callable[[Values], Values]
"""From the values that the step before it found to what it finds in them."""


@dataclass(frozen=True)
class _Range:
    over: Step
    body: Sequence[Step | _Range]


@dataclass(frozen=True)
class Template:
    """A parsed template and its text."""

    text: str
    parts: Sequence[Step | _Range]

    def results(self, obj: Any) -> list[Values]:
        """What each part of the template finds in `obj`. Raises FormatError with the bare reason."""
        return list(_find(self.parts, obj))

    def render(self, obj: Any, as_json: bool = False) -> str:
        """`obj` printed through the template; `as_json` prints each part's results as an indented list.

        Raises FormatError with all that kubectl tells.
        """
        try:
            found = self.results(obj)
        except FormatError as error:
            raise FormatError(self._explain(error.message, obj)) from None
        if as_json:
            return "".join([to_json(values) + "\n" for values in found])
        return "".join([" ".join(map(_printed, values)) for values in found])

    def _explain(self, reason: str, obj: Any) -> str:
        return (
            f"error executing jsonpath {gojson.quote(self.text)}: Error executing template: {reason}. Printing more "
            f"information for debugging the template:\n\ttemplate was:\n\t\t{self.text}\n"
            f"\tobject given to jsonpath engine was:\n\t\t{syntax(obj)}\n\n"
        )


def _find(parts: Sequence[Step | _Range], obj: Any) -> Iterator[Values]:
    for part in parts:
        if isinstance(part, _Range):
            for value in part.over([obj]):
                yield from _find(part.body, value)
        else:
            yield part([obj])


def _printed(value: Any) -> str:
    return gojson.dumps(value) if isinstance(value, dict | list | None) else gojson.sprint(value)


_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


def relaxed(expression: str) -> str:
    """The template that a path without braces or leading dot means: `metadata.name` is `{.metadata.name}`.

    For --sort-by, custom columns and wait. Raises FormatError.
    """
    if not expression:
        return expression
    match = _RELAXED.fullmatch(expression)
    if match is None:
        raise FormatError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return f"{{.{match[1] or match[2]}}}"


@lru_cache(maxsize=256)
def parse(template: str) -> Template:
    """Read a template. Raises FormatError with the bare reason, such as "unclosed action"."""
    return Template(template, _Parser(template).parts())


_IN_DOUBLE = re.compile(r'(?:\\.|[^"\\\n])*')
_IN_SINGLE = re.compile(r"(?:\\.|[^'\\\n])*")
_IN_BRACKETS = re.compile(r"[^\]\n]*")
_IN_FILTER = re.compile(r"""(?:"[^"\n]*"|'[^'\n]*'|[^"'\n)])*""")
_NUMBER = re.compile(r"[+-]?[0-9.]*")
_WORD = re.compile(r"[^ \t\r\n.,\[\]$@{}]*")
_FIELD = re.compile(r"(?:\\.|[^ \t\r\n.,\[\]$@{}\\])*\\?", re.DOTALL)
_SLICE = re.compile(r"(-?[0-9]{0,18})(:-?[0-9]{0,18})?(:-?[0-9]{0,18})?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parts(self, in_range: bool = False) -> list[Step | _Range]:
        """The parts up to `{end}`, which is consumed, or to the end of the text."""
        parts: list[Step | _Range] = []
        while self._at < len(self._text):
            plain = self._match(re.compile(r"[^{]*"))
            if plain:
                parts.append(_constant(plain))
            if not self._take("{"):
                break
            if in_range and self._take("end}"):
                break
            is_range = self._take("range ")
            step = _chain(list(self._action()))
            parts.append(_Range(step, self.parts(in_range=True)) if is_range else step)
        return parts

    def _action(self) -> Iterator[Step]:
        """The steps up to the closing brace, which is consumed."""
        after_descent = False
        while not self._take("}"):
            if self._take(".."):
                if after_descent:
                    raise FormatError("invalid multiple recursive descent")
                yield _recursive
                step = self._field() if self._at_word() else None
                after_descent = step is None
            else:
                step = self._filter() if self._take("[?(") else self._operand()
                after_descent = after_descent and step is None
            if step is not None:
                yield step

    def action(self) -> Step:
        """One action given without its braces, as it stands in a filter or in brackets."""
        return _chain(list(self._action()))

    def _operand(self) -> Step | None:
        char = self._text[self._at : self._at + 1]
        if not char or char in "\r\n":
            raise FormatError("unclosed action")
        if char in "+-" or char.isdecimal():
            return self._number()
        if self._at_word():
            return _identifier(self._match(_WORD))
        self._at += 1
        if char in " @$":
            return None
        if char == "[":
            return self._array()
        if char in "\"'":
            return self._quoted(char)
        if char == ".":
            return self._field()
        raise FormatError(f"unrecognized character in action: {code_point(char)}")

    def _at_word(self) -> bool:
        char = self._text[self._at : self._at + 1]
        return char == "_" or char.isalpha() or char.isdecimal()

    def _take(self, prefix: str) -> bool:
        found = self._text.startswith(prefix, self._at)
        self._at += len(prefix) if found else 0
        return found

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None  # the patterns match the empty text too
        self._at = match.end()
        return match[0]

    def _inside(self, pattern: re.Pattern[str], closer: str, problem: str) -> str:
        """The text up to a closing character, which is consumed too."""
        text = self._match(pattern)
        if not self._take(closer):
            raise FormatError(problem)
        return text

    def _number(self) -> Step:
        text = self._match(_NUMBER)
        try:
            return _constant(int(text) if len(text) < 19 and "." not in text else float(text))
        except ValueError:
            raise FormatError(f"cannot parse number {text}") from None

    def _quoted(self, quote: str) -> Step:
        body = self._inside(_IN_DOUBLE if quote == '"' else _IN_SINGLE, quote, "unterminated quoted string")
        try:
            return _constant(unquote(body))
        except FormatError as error:
            raise FormatError(f"unquote string {quote}{body}{quote} error {error.message}") from None

    def _field(self) -> Step:
        name = self._match(_FIELD)
        return _wildcard if name == "*" else _field(name.replace("\\", ""))

    def _sub(self, text: str) -> Step:
        return _Parser(f"{text}}}").action()

    def _array(self) -> Step:
        text = self._inside(_IN_BRACKETS, "]", "unterminated array")
        if "," in text:
            return _union([self._sub(f"[{part.strip()}]") for part in text.split(",")])
        key = re.fullmatch(r"'([^']*)'", text)
        return self._sub(f".{key[1]}") if key else _slice(":" if text == "*" else text)

    def _filter(self) -> Step:
        text = self._inside(_IN_FILTER, ")", "unterminated filter")
        if not self._take("]"):
            raise FormatError("unclosed array expect ]")
        match = _COMPARISON.fullmatch(text)
        if match is None:
            return _filtered(_existing(self._sub(text)))
        return _filtered(_comparing(self._sub(match[1]), match[2], self._sub(match[3])))


def _slice(text: str) -> Step:
    match = _SLICE.fullmatch(text)
    if match is None:
        raise FormatError(f"invalid array index {text}")
    start, end, step = [(group or "").removeprefix(":") for group in match.groups()]
    if "-" in (start, end, step):
        raise FormatError("array index - is not a number")
    first = int(start or 0)
    if match[2] is None:
        return _array(first, first + 1 if first != -1 else None, 1)
    return _array(first, int(end) if end else None, int(step or 1))


def _chain(steps: Sequence[Step]) -> Step:
    return lambda values: reduce(lambda found, step: step(found), steps, values)


def _constant(value: str | int | float | bool) -> Step:
    return lambda values: [value]


def _identifier(name: str) -> Step:
    if name in ("true", "false"):
        return _constant(name == "true")

    def refuse(values: Values) -> Values:
        raise FormatError("not in range, nothing to end" if name == "end" else f"unrecognized identifier {name}")

    return refuse


def _field(name: str) -> Step:
    return lambda values: [value[name] for value in values if isinstance(value, dict) and name in value]


def _children(value: Any) -> Values:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else []


def _wildcard(values: Values) -> Values:
    return [child for value in values for child in _children(value)]


def _recursive(values: Values) -> Values:
    """Each value that contains something, and what it contains, in its order."""
    holders = [value for value in values if value and isinstance(value, dict | list | str)]
    return [item for value in holders for item in (value, *_recursive(_children(value)))]


def _union(steps: Sequence[Step]) -> Step:
    return lambda values: [value for step in steps for value in step(values)]


def _array(start: int, end: int | None, step: int) -> Step:
    """`[start:end:step]` of each list."""

    def find(values: Values) -> Values:
        found: Values = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list):
                raise FormatError(f"{type_name(value)} is not array or slice")
            length = len(value)
            first = start + length * (start < 0)
            last = length if end is None else end + length * (end < 0)
            if first != last:
                _check_bounds(first, last, step, length)
                found += value[first:last:step]
        return found

    return find


def _check_bounds(first: int, last: int, step: int, length: int) -> None:
    if not 0 <= first < length:
        raise FormatError(f"array index out of bounds: index {first}, length {length}")
    if not 0 <= last <= length:
        raise FormatError(f"array index out of bounds: index {last - 1}, length {length}")
    if first > last:
        raise FormatError(f"starting index {first} is greater than ending index {last}")
    if step <= 0:
        raise FormatError("step must be > 0")


def _filtered(passes: Callable[[Any], bool]) -> Step:
    def find(values: Values) -> Values:
        found: Values = []
        for value in values:
            if not isinstance(value, list):
                raise FormatError(f"{gojson.sprint(value)} is not array or slice and cannot be filtered")
            found += [item for item in value if passes(item)]
        return found

    return find


def _existing(path: Step) -> Callable[[Any], bool]:
    """`[?(path)]`: whether `path` finds something."""

    def passes(item: Any) -> bool:
        try:
            return bool(path([item]))
        except FormatError:
            return False

    return passes


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
}


def _comparing(left: Step, symbol: str, right: Step) -> Callable[[Any], bool]:
    """`[?(left symbol right)]`: whether the comparison holds."""

    def passes(item: Any) -> bool:
        lefts, rights = left([item]), right([item])
        if len(lefts) > 1 or len(rights) > 1:
            raise FormatError("can only compare one element at a time")
        return bool(lefts and rights) and _compare(symbol, lefts[0], rights[0])

    return passes


def _compare(symbol: str, left: Any, right: Any) -> bool:
    if symbol not in _OPERATORS:
        raise FormatError(f"unrecognized filter operator {symbol}")
    if isinstance(left, dict | list | None) or isinstance(right, dict | list | None):
        raise FormatError("invalid type for comparison")
    if type(left) is not type(right):
        raise FormatError("incompatible types for comparison")
    return _OPERATORS[symbol](left, right)
