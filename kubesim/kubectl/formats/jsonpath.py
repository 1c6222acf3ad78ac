"""JSONPath as kubectl understands it: templates such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Mirrors k8s.io/client-go util/jsonpath/{parser,jsonpath}.go and RelaxedJSONPathExpression of k8s.io/kubectl
pkg/cmd/get/customcolumn.go, v1.36. Only the order in which `..` and `*` visit a map differs: Go's is random, here it is
that of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kubesim import gojson
from kubesim.kubectl.formats import jsonpath_steps as steps
from kubesim.kubectl.formats.golang import code_point, syntax, unquote
from kubesim.kubectl.formats.json_ import to_json
from kubesim.kubectl.formats.jsonpath_steps import JSONPathError, Run, Step, Values

__all__ = ["JSONPathError", "Template", "parse", "relaxed"]


_TOO_DEEP = "this template is nested too deeply for the simulator"


@dataclass(frozen=True)
class Template:
    """A parsed template and its text."""

    text: str
    parts: tuple[Step, ...]

    def results(self, obj: Any, allow_missing_keys: bool = True) -> list[Values]:
        """What each part of the template finds in `obj`. Raises JSONPathError with the bare reason."""
        try:
            return self._find(0, obj, Run(allow_missing_keys))
        except RecursionError:
            raise JSONPathError(_TOO_DEEP) from None

    def _find(self, at: int, obj: Any, run: Run) -> list[Values]:
        found: list[Values] = []
        while at < len(self.parts):
            values = self.parts[at]([obj], run)
            if 0 < run.ended <= run.inside:
                run.ended -= 1
                run.last_end = at
                break
            if run.begun:
                found += self._range(at + 1, values, run)
                at = max(at, run.last_end)
            else:
                found.append(values)
            at += 1
        return found

    def _range(self, at: int, values: Values, run: Run) -> list[Values]:
        """The body once for each value; once in vain where there is none, to find its end."""
        run.begun -= 1
        run.inside += 1
        found = [result for value in values for result in self._find(at, value, run)]
        if not values:
            self._find(at, None, run)
        run.inside -= 1
        return found

    def render(self, obj: Any, allow_missing_keys: bool = True, as_json: bool = False) -> str:
        """`obj` printed through the template; `as_json` prints each part's results as an indented list.

        Raises JSONPathError with all that kubectl tells.
        """
        try:
            found = self.results(obj, allow_missing_keys)
        except JSONPathError as error:
            raise JSONPathError(self._explain(error.message, obj)) from None
        if as_json:
            return "".join([to_json(values) + "\n" for values in found])
        return "".join([" ".join(map(_printed, values)) for values in found])

    def _explain(self, reason: str, obj: Any) -> str:
        return (
            f"error executing jsonpath {gojson.quote(self.text)}: Error executing template: {reason}. Printing more "
            f"information for debugging the template:\n\ttemplate was:\n\t\t{self.text}\n"
            f"\tobject given to jsonpath engine was:\n\t\t{syntax(obj)}\n\n"
        )


def _printed(value: Any) -> str:
    return gojson.dumps(value) if isinstance(value, dict | list) else gojson.sprint(value)


_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


def relaxed(expression: str) -> str:
    """The template that a path without braces or leading dot means: `metadata.name` is `{.metadata.name}`.

    For --sort-by, custom columns and wait. Raises JSONPathError.
    """
    if not expression:
        return expression
    match = _RELAXED.fullmatch(expression)
    if match is None:
        raise JSONPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return f"{{.{match[1] or match[2]}}}"


@lru_cache(maxsize=256)
def parse(template: str) -> Template:
    """Read a template. Raises JSONPathError with the bare reason, such as "unclosed action"."""
    try:
        return Template(template, tuple(_Parser(template).template()))
    except RecursionError:
        raise JSONPathError(_TOO_DEEP) from None


_NUMBER = re.compile(r"[+-]?[0-9.]*")
_WORD = re.compile(r"[^ \t\r\n.,\[\]$@{}]*")
_FIELD = re.compile(r"(?:\\.|[^ \t\r\n.,\[\]$@{}\\])*\\?", re.DOTALL)
_SLICE = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def template(self) -> Iterator[Step]:
        while self._at < len(self._text):
            start = self._at
            brace = self._text.find("{", start)
            self._at = len(self._text) if brace < 0 else brace
            if self._at > start:
                yield steps.text(self._text[start : self._at])
            if brace >= 0:
                self._at += 1
                yield steps.chain(list(self._action()))

    def _action(self) -> Iterator[Step]:
        """The steps up to the closing brace, which is consumed."""
        after_descent = False
        while not self._take("}"):
            if self._take(".."):
                if after_descent:
                    raise JSONPathError("invalid multiple recursive descent")
                after_descent = True
                yield steps.recursive
                step = self._field() if self._at_word() else None
            else:
                step = self._filter() if self._take("[?(") else self._operand()
            if step is not None:
                after_descent = False
                yield step

    def _operand(self) -> Step | None:
        char = self._peek()
        if not char or char in "\r\n":
            raise JSONPathError("unclosed action")
        if char in "+-" or char.isdecimal():
            return self._number()
        if self._at_word():
            return self._identifier()
        self._at += 1
        if char in " @$":
            return None
        if char == "[":
            return self._array()
        if char in "\"'":
            return self._quoted(char)
        if char == ".":
            return self._field()
        raise JSONPathError(f"unrecognized character in action: {code_point(char)}")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _at_word(self) -> bool:
        char = self._peek()
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

    def _until(self, char: str, problem: str, escaped: bool = False) -> str:
        """The text before the next `char` of this line, which is consumed too."""
        start = self._at
        while True:
            found = self._peek()
            if not found or found == "\n":
                raise JSONPathError(problem)
            self._at += 1
            if found == char and not (escaped and self._text[self._at - 2] == "\\"):
                return self._text[start : self._at - 1]

    def _identifier(self) -> Step:
        word = self._match(_WORD)
        return steps.constant(word == "true") if word in ("true", "false") else steps.identifier(word)

    def _number(self) -> Step:
        text = self._match(_NUMBER)
        try:
            return steps.constant(int(text) if len(text) < 19 and "." not in text else float(text))
        except ValueError:
            raise JSONPathError(f"cannot parse number {text}") from None

    def _quoted(self, quote: str) -> Step:
        body = self._until(quote, "unterminated quoted string", escaped=True)
        try:
            return steps.text(unquote(body, quote))
        except ValueError as error:
            raise JSONPathError(f"unquote string {quote}{body}{quote} error {error}") from None

    def _field(self) -> Step:
        name = self._match(_FIELD)
        return steps.wildcard if name == "*" else steps.field(name.replace("\\", ""))

    def _array(self) -> Step:
        text = self._until("]", "unterminated array")
        text = ":" if text == "*" else text
        if "," in text:
            return steps.union([_sub(f"[{part.strip(' ')}]") for part in text.split(",")])
        key = re.fullmatch(r"'([^']*)'", text)
        return _sub(f".{key[1]}") if key else _slice(text)

    def _filter(self) -> Step:
        text = self._filter_text()
        if self._peek() != "]":
            raise JSONPathError("unclosed array expect ]")
        self._at += 1
        match = _COMPARISON.fullmatch(text)
        if match is None:
            return steps.existing(_sub(text))
        return steps.comparing(_sub(match[1]), match[2], _sub(match[3]))

    def _filter_text(self) -> str:
        """The text up to the closing parenthesis. As upstream, only the first quotes in it hide one."""
        start, quote, closed = self._at, "", False
        while True:
            char = self._peek()
            if not char or char == "\n":
                raise JSONPathError("unterminated filter")
            self._at += 1
            if char in "\"'" and not quote:
                quote = char
            elif char == quote and self._text[self._at - 2] != "\\":
                closed = True
            elif char == ")" and bool(quote) == closed:
                return self._text[start : self._at - 1]


def _sub(text: str) -> Step:
    """One action given without its braces."""
    return next(_Parser(f"{{{text}}}").template())


def _slice(text: str) -> Step:
    match = _SLICE.fullmatch(text)
    if match is None:
        raise JSONPathError(f"invalid array index {text}")
    start, end, step = (_index(group or "") for group in match.groups())
    if match[2]:
        return steps.array(start, end, step, derived=False)
    return steps.array(start, (start or 0) + 1, step, derived=True)


def _index(text: str) -> int | None:
    digits = text.removeprefix(":")
    if digits == "-" or len(digits) > 18:
        raise JSONPathError(f"array index {digits} is not a number")
    return int(digits) if digits else None
