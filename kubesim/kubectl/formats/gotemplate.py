"""-o go-template: the part of Go's templates that is needed to print the data of Secrets.

Fields, `range` with its variables, `if`, `with`, pipelines and the functions of gofunctions.py are simulated. Mirrors
text/template/parse and text/template/exec.go (Go 1.26).

_Parser turns a template into statements once, and a _Run executes them for each object. A statement prints the value of
a pipeline, or controls other statements. A pipeline is an operand or a call, whose value is passed to further calls.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.objects import Object
from kubesim.gotext import gofmt
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.errors import FormatError, NotSimulated, reworded
from kubesim.kubectl.formats import gofunctions
from kubesim.kubectl.formats.gofunctions import Refusal

_STATEMENT_COST = 5  # steps of the budget
_TOKEN_COST = 25
_CONTROLS = ("if", "range", "with")
_CONSTANTS = {"true": True, "false": False, "nil": None}
_STRING = r'"(?:[^"\\\n]|\\.)*"|`[^`]*`'
_ACTION = re.compile(rf"\{{\{{((?:{_STRING}|[^\"`}}]|\}}(?!\}}))*)\}}\}}", re.DOTALL)
# Order matters, because the first match counts: a declaration begins with a path.
_TOKEN = re.compile(
    rf"""\s*(?:(?P<string>{_STRING})
    |(?P<declare>\$\w+(?:\s*,\s*\$\w+)?\s*:=)
    |(?P<number>[-+]?[0-9][\w.]*)
    |(?P<path>\$\w*(?:\.[^\W\d]\w*)*|(?:\.[^\W\d]\w*)+|\.)
    |(?P<word>[^\W\d]\w*)
    |(?P<pipe>\|))""",
    re.VERBOSE,
)
_BAD_CHARACTER = re.compile(r"[^\s.,|:()]")  # not allowed directly after a path or a word
_INTEGER = re.compile("[-+]?(?:0|[1-9][0-9]{0,17})")
_CODE = re.compile(r"\\[0-7xuU]")  # a character's code in a string, which isn't simulated


class GoTemplatePrinter:
    """A Print for a template.

    The constructor raises FormatError for a malformed template ("template: output:1: unclosed action"). A call raises
    NotSimulated if the template fails on an object: Go's message about that quotes the template with byte offsets.
    """

    def __init__(self, text: str, budget: Budget) -> None:
        self._budget = budget
        with reworded(FormatError, f"error parsing template {text}, ", FormatError):
            self._statements = _Parser(text, budget).parse()

    def __call__(self, obj: Object, typed: bool = False) -> str:
        run = _Run(obj, self._budget)
        with reworded(Refusal, "a Go template that fails: ", NotSimulated):
            run.walk(self._statements, obj, {})
        return "".join(run.out)


class _Run:
    """One execution of a template: its output so far, and its variables, with those of the innermost block first.

    Statements and produced text are paid from the budget.
    """

    def __init__(self, obj: Any, budget: Budget) -> None:
        self.budget = budget
        self.out: list[str] = []
        self.variables = ChainMap({"$": obj})

    def print(self, text: str) -> None:
        """Append to the output."""
        self.budget.spend(len(text))
        self.out.append(text)

    def walk(self, statements: Sequence[_Statement], dot: Any, variables: dict[str, Any]) -> None:
        """Execute statements in a block with new `variables`; `dot` is the value of "." in them."""
        self.variables = self.variables.new_child(variables)
        for statement in statements:
            self.budget.spend(_STATEMENT_COST)
            statement.execute(self, dot)
        self.variables = self.variables.parents


class _Constant(NamedTuple):
    """A number, a text, true, false or nil."""

    value: Any

    def evaluate(self, run: _Run, dot: Any) -> Any:
        return self.value


class _Field(NamedTuple):
    """A path of fields such as `.a.b`, `$x.a` or `.`, from the dot or a variable."""

    variable: str  # "" for the dot, otherwise with its dollar sign
    names: Sequence[str]  # of the fields, from the outside in

    def evaluate(self, run: _Run, dot: Any) -> Any:
        if self.variable and self.variable not in run.variables:
            # The parser knows the variables of `range` already in the pipeline that declares them.
            raise Refusal(f"undefined variable {quote(self.variable)}")
        value = run.variables[self.variable] if self.variable else dot
        for name in self.names:
            if value is not None and not isinstance(value, dict):
                raise Refusal(f"can't evaluate field {name} in type {gofmt.type_name(value)}")
            value = (value or {}).get(name)
        return value


class _Call(NamedTuple):
    """A function with its arguments. In a pipeline, the value before it, in `piped`, is the last argument."""

    function: str
    operands: Sequence[_Constant | _Field]

    def evaluate(self, run: _Run, dot: Any, piped: Sequence[Any] = ()) -> Any:
        values = [operand.evaluate(run, dot) for operand in self.operands]
        value = gofunctions.call(self.function, [*values, *piped])
        if isinstance(value, str):
            run.budget.spend(len(value))
        return value


class _Pipeline(NamedTuple):
    """A value that is passed through functions."""

    first: _Constant | _Field | _Call
    functions: Sequence[_Call] = ()

    def evaluate(self, run: _Run, dot: Any) -> Any:
        value = self.first.evaluate(run, dot)
        for function in self.functions:
            value = function.evaluate(run, dot, [value])
        return value


class _Output(NamedTuple):
    """The statement that prints a value; plain text of the template is a constant value."""

    pipeline: _Pipeline

    def execute(self, run: _Run, dot: Any) -> None:
        value = self.pipeline.evaluate(run, dot)
        run.print("<no value>" if value is None else gofmt.sprint(value))


class _Control(NamedTuple):
    """The statement `if`, `with` or `range`."""

    keyword: str
    variables: Sequence[str]  # declared by `range`: none, one or two
    pipeline: _Pipeline
    body: Sequence[_Statement]
    otherwise: Sequence[_Statement]  # after `else`

    def execute(self, run: _Run, dot: Any) -> None:
        value = self.pipeline.evaluate(run, dot)
        if not value:
            run.walk(self.otherwise, dot, dict.fromkeys(self.variables, value))
        elif self.keyword == "if":
            run.walk(self.body, dot, {})
        elif self.keyword == "with":
            run.walk(self.body, value, {})
        else:
            for key, item in _pairs(value):
                run.walk(self.body, item, self._range_variables(key, item))

    def _range_variables(self, key: Any, item: Any) -> dict[str, Any]:
        """The variables in one round of `range`: two get key and item, one alone gets the item."""
        if len(self.variables) == 2:
            key_name, item_name = self.variables
            return {key_name: key, item_name: item}
        return dict.fromkeys(self.variables, item)


_Statement = _Output | _Control


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs that `range` iterates over: sorted keys and values of a map, or indices and items of a list."""
    if isinstance(value, dict):
        yield from sorted(value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
    else:
        raise Refusal(f"range can't iterate over {gofmt.sprint(value)}")


class _Token(NamedTuple):
    """A token of an action, the text between {{ and }}."""

    kind: str  # a group of _TOKEN
    text: str


def _not_simulated(text: str) -> NotSimulated:
    return NotSimulated(f"{quote(text)} in this place of a Go template is not part of this simulator")


class _Parser:
    """A parser of templates. It reads piece by piece, because an error names the line that was read last."""

    def __init__(self, text: str, budget: Budget) -> None:
        self._text = text
        self._budget = budget
        self._at = 0
        self._pieces = self._cut()  # lazy: `_error` names the line of the piece that was taken last
        self._variables = ["$"]  # the names that are in scope

    def _error(self, problem: str) -> FormatError:
        line = 1 + self._text.count("\n", 0, self._at)
        return FormatError(f"template: output:{line}: {problem}")

    def _cut(self) -> Iterator[str | list[_Token]]:
        """The pieces of the template: plain texts, and lists of tokens for actions."""
        while (start := self._text.find("{{", self._at)) >= 0:
            yield self._text[self._at : start]
            self._at = start
            action = _ACTION.match(self._text, start)
            if action is None:
                is_in_string = '"' in self._text[start:]
                raise self._error("unterminated quoted string" if is_in_string else "unclosed action")
            yield self._tokens(action[1].rstrip())
            self._at = action.end()
        yield self._text[self._at :]

    def _tokens(self, body: str) -> list[_Token]:
        """The tokens of an action. Raises FormatError for Go's lexical errors, and NotSimulated for other tokens."""
        tokens = []
        at = 0
        while at < len(body):
            self._budget.spend(_TOKEN_COST)
            token = _TOKEN.match(body, at)
            if token is None:
                raise _not_simulated(body[at:].strip())
            kind = str(token.lastgroup)
            tokens.append(_Token(kind, token[kind]))
            at = token.end()
            if kind == "path" and body.startswith(".", at):
                raise self._error("unexpected <.> in operand")
            if kind in ("path", "word") and _BAD_CHARACTER.match(body, at):
                raise self._error(f"bad character {gofmt.code_point(body[at])}")
        if not tokens:
            raise self._error("missing value for command")
        return tokens

    def parse(self) -> list[_Statement]:
        """Parse the whole text into statements. Raises FormatError."""
        statements, end = self._statements()
        if end:
            raise self._error(f"unexpected {{{{{end}}}}}")
        return statements

    def _statements(self) -> tuple[list[_Statement], str]:
        """The statements up to `end` or `else`, and that word; "" at the end of the text."""
        statements: list[_Statement] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                statements.append(_Output(_Pipeline(_Constant(piece))))
                continue
            word = piece[0].text
            if word in ("end", "else"):
                if piece[1:]:
                    raise _not_simulated(f"{word} {piece[1].text}")
                return statements, word
            if word in _CONTROLS:
                statements.append(self._control(piece))
            else:
                statements.append(_Output(self._pipeline(piece)))
        return statements, ""

    def _control(self, tokens: list[_Token]) -> _Control:
        """The statement that begins with an action such as `if .a`, with its blocks up to its `end`."""
        keyword, *condition = tokens
        variables: list[str] = []
        if keyword.text == "range" and condition and condition[0].kind == "declare":
            variables = re.findall(r"\$\w+", condition.pop(0).text)
        if not condition:
            raise self._error(f"missing value for {keyword.text}")
        outer = len(self._variables)
        self._variables += variables
        pipeline = self._pipeline(condition)
        body, end = self._statements()
        otherwise: list[_Statement] = []
        if end == "else":
            otherwise, end = self._statements()
        if not end:
            raise self._error("unexpected EOF")
        if end == "else":
            raise self._error("expected end; found {{else}}")
        del self._variables[outer:]
        return _Control(keyword.text, variables, pipeline, body, otherwise)

    def _pipeline(self, tokens: list[_Token]) -> _Pipeline:
        """The pipeline of tokens, whose stages are separated by "|". Raises FormatError and NotSimulated."""
        stages: list[list[_Token]] = [[]]
        for token in tokens:
            if token.kind == "pipe":
                stages.append([])
            else:
                stages[-1].append(token)
        first = self._command(stages[0])
        functions: list[_Call] = []
        for stage in stages[1:]:
            command = self._command(stage)
            if not isinstance(command, _Call):  # only a function can take the value before it
                raise _not_simulated("|")
            functions.append(command)
        return _Pipeline(first, functions)

    def _command(self, tokens: list[_Token]) -> _Constant | _Field | _Call:
        """A stage of a pipeline: a call with operands, or one operand. Raises FormatError and NotSimulated."""
        if not tokens:
            raise _not_simulated("|")
        first = tokens[0]
        if first.kind == "word" and first.text not in _CONSTANTS:
            if first.text in gofunctions.ABSENT.split():
                raise _not_simulated(first.text)
            if first.text not in gofunctions.FUNCTIONS:
                raise self._error(f"function {quote(first.text)} not defined")
            return _Call(first.text, [self._operand(token) for token in tokens[1:]])
        operand = self._operand(first)
        if tokens[1:] or first.text == "nil":
            raise _not_simulated(first.text)  # Go reports this only when it executes the action
        return operand

    def _operand(self, token: _Token) -> _Constant | _Field:
        """The constant or field of a token. Raises FormatError for an undefined variable or a malformed string."""
        kind, text = token
        if kind == "path":
            variable, *names = text.split(".")
            if variable and variable not in self._variables:
                raise self._error(f"undefined variable {quote(variable)}")
            return _Field(variable, [name for name in names if name])
        if text[0] == "`":
            return _Constant(text[1:-1])
        if kind == "string":
            try:
                return _Constant(gofmt.unquote(text[1:-1]))
            except ValueError as error:
                if _CODE.search(text):
                    raise _not_simulated(text) from None
                raise self._error(str(error)) from None
        if _INTEGER.fullmatch(text):
            return _Constant(int(text))
        if text in _CONSTANTS:
            return _Constant(_CONSTANTS[text])
        raise _not_simulated(text)
