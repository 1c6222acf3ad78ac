"""-o go-template: the part of Go's templates that is of use with kubectl.

Fields, variables, `range`, `if`, `with`, pipelines, trim markers and the functions of gotemplate_functions; what else
there is, is not simulated. Mirrors text/template (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kubesim.gotext import gojson
from kubesim.gotext.gojson import quote
from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.formats import gotemplate_functions as functions
from kubesim.kubectl.formats.golang import FormatError, Literal, code_point, unquote


@dataclass(frozen=True)
class Template:
    """A parsed template and its text."""

    text: str
    statements: Sequence[_Statement]

    def render(self, obj: Any) -> str:
        """`obj` printed through the template.

        Raises NotSimulated, and FormatError whose `stdout` is what kubectl prints before it.
        """
        run = _Run(self.text, obj)
        try:
            run.walk(self.statements, obj)
        except FormatError as error:
            printed = "".join(run.out) + self._explain(error.message, obj)
            raise FormatError(f"error executing template {quote(self.text)}: {error.message}", printed) from None
        return "".join(run.out)

    def _explain(self, problem: str, obj: Any) -> str:
        return (
            f"Error executing template: {problem}. Printing more information for debugging the template:\n"
            f"\ttemplate was:\n\t\t{self.text}\n\traw data was:\n\t\t{gojson.dumps(obj)}\n"
            f"\tobject given to template engine was:\n\t\t{gojson.sprint(obj)}\n\n"
        )


def parse(text: str) -> Template:
    """Read a template. Raises FormatError ("template: output:1: unclosed action") and NotSimulated."""
    parser = _Parser(text)
    statements, end = parser.statements()
    if end:
        raise parser.error(f"unexpected {{{{{end}}}}}")
    return Template(text, statements)


class _Run:
    """One execution of a template: what it has printed, and its variables, those of the innermost block first."""

    def __init__(self, text: str, obj: Any) -> None:
        self.out: list[str] = []
        self.variables = ChainMap({"$": obj})
        self._text = text

    def error(self, node: _Node, problem: str) -> FormatError:
        """An error at a part of an action."""
        before = self._text[: node.at]
        line, column = 1 + before.count("\n"), len(before) - before.rfind("\n") - 1
        return FormatError(f'template: output:{line}:{column}: executing "output" at <{node.text}>: {problem}')

    def walk(self, statements: Sequence[_Statement], dot: Any) -> None:
        """Execute statements one after the other; their variables end with them."""
        self.variables = self.variables.new_child()
        for statement in statements:
            statement(self, dot)
        self.variables = self.variables.parents


_Statement = Callable[[_Run, Any], None]


@dataclass(frozen=True)
class _Node:
    """A part of an action: where it begins, and its text as Go writes it back in errors."""

    at: int
    text: str

    def evaluate(self, run: _Run, dot: Any) -> Any:
        """Its value."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Constant(_Node):
    value: Any

    def evaluate(self, run: _Run, dot: Any) -> Any:
        return self.value


@dataclass(frozen=True)
class _Path(_Node):
    """`.a.b`, `$x.a`, `(pipeline).a` or only `.`: fields walked from dot (""), from a variable or from a pipeline."""

    base: str | _Pipeline
    names: Sequence[str]

    def evaluate(self, run: _Run, dot: Any) -> Any:
        if isinstance(self.base, _Pipeline):
            value = self.base.evaluate(run, dot)
        else:
            value = run.variables[self.base] if self.base else dot
        for name in self.names:
            if value is not None and not isinstance(value, dict):
                raise run.error(self, f"can't evaluate field {name} in type interface {{}}")
            value = (value or {}).get(name)
        return value


@dataclass(frozen=True)
class _Call(_Node):
    """A function with its arguments; in a pipeline it is handed one more, the last."""

    function: str
    arguments: Sequence[_Node]

    def evaluate(self, run: _Run, dot: Any, *handed: Any) -> Any:
        last = self.arguments[-1] if self.arguments else self
        values = chain((node.evaluate(run, dot) for node in self.arguments), handed)
        try:
            return functions.call(self.function, values, len(self.arguments) + len(handed))
        except functions.WrongArgument as error:
            raise run.error(last, str(error)) from None
        except functions.WrongCount as error:
            raise run.error(_Node(self.at, self.function), str(error)) from None
        except ValueError as error:
            raise run.error(self, str(error)) from None


@dataclass(frozen=True)
class _Pipeline(_Node):
    """A value and the functions that it is handed through; it goes into the variables, if any."""

    variables: Sequence[str]
    assigns: bool
    commands: Sequence[Any]

    def evaluate(self, run: _Run, dot: Any) -> Any:
        value = self.commands[0].evaluate(run, dot)
        for command in self.commands[1:]:
            value = command.evaluate(run, dot, value)
        self.bind(run, value)
        return value

    def bind(self, run: _Run, *values: Any) -> None:
        """Declare the variables, from the last one on, or give them new values where they are."""
        for name, value in zip(reversed(self.variables), reversed(values), strict=False):
            found = [scope for scope in run.variables.maps if name in scope]
            (found[0] if self.assigns and found else run.variables)[name] = value

    def print(self, run: _Run, dot: Any) -> None:
        """The statement that an action is."""
        value = self.evaluate(run, dot)
        if not self.variables:
            run.out.append("<no value>" if value is None else gojson.sprint(value))

    def items(self, run: _Run, value: Any) -> Iterator[tuple[Any, Any]]:
        """The keys and values that `range` goes through."""
        if isinstance(value, dict):
            return iter(sorted(value.items()))
        if isinstance(value, list):
            return iter(enumerate(value))
        if isinstance(value, int) and not isinstance(value, bool):
            if len(self.variables) > 1:
                raise run.error(self.commands[-1], f"can't use {value} to iterate over more than one variable")
            return ((index, index) for index in range(min(value, _MOST_ROUNDS)))
        raise run.error(self.commands[-1], f"range can't iterate over {gojson.sprint(value)}")


@dataclass(frozen=True)
class _Control:
    """The statement `if`, `with` or `range`."""

    keyword: str
    pipeline: _Pipeline
    body: Sequence[_Statement]
    otherwise: Sequence[_Statement]

    def __call__(self, run: _Run, dot: Any) -> None:
        run.variables = run.variables.new_child()
        value = self.pipeline.evaluate(run, dot)
        if not value:
            run.walk(self.otherwise, dot)
        elif self.keyword == "range":
            for key, item in self.pipeline.items(run, value):
                self.pipeline.bind(run, key, item)
                run.walk(self.body, item)
        else:
            run.walk(self.body, value if self.keyword == "with" else dot)
        run.variables = run.variables.parents


_MOST_ROUNDS = 10_000
_CONTROLS = ("if", "range", "with")
_NOT_SIMULATED = frozenset(
    "block break call continue define html js slice template urlquery".split()  # noqa: SIM905
)
_CONSTANTS = {"true": True, "false": False, "nil": None}
_STRING = r'"(?:[^"\\\n]|\\.)*"|`[^`]*`'
_ACTION = re.compile(
    rf"\{{\{{(?P<trim>-(?=\s))?(?P<body>\s*/\*.*?\*/|(?:{_STRING}|[^\"`}}]|\}}(?!\}}))*?)(?P<trim_after>\s-)?\}}\}}",
    re.DOTALL,
)
_TOKEN = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<string>{_STRING})
    |(?P<declare>\$\w+(?:\s*,\s*\$\w+)?\s*:?=)
    |(?P<number>[+-]?[0-9]{{1,18}}(?:\.[0-9]+)?)
    |(?P<path>\$\w*(?:\.[^\W\d]\w*)*|(?:\.[^\W\d]\w*)+|\.)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>[|()])""",
    re.VERBOSE,
)
_OPERANDS = ("string", "number", "path", "word", "(")


@dataclass(frozen=True)
class _Token:
    """A word of an action; a sign is a kind of its own."""

    kind: str
    text: str
    at: int


def _plain_text(text: str) -> _Statement:
    return lambda run, dot: run.out.append(text)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._pieces = self._cut()
        self._tokens: list[_Token] = []
        self._variables = ["$"]

    def error(self, problem: str) -> FormatError:
        """An error in the action at hand."""
        line = 1 + self._text.count("\n", 0, self._at)
        return FormatError(f"template: output:{line}: {problem}")

    def _cut(self) -> Iterator[str | re.Match[str]]:
        """Plain texts and actions, without the space that trim markers take away."""
        trim: str | None = None
        while (start := self._text.find("{{", self._at)) >= 0:
            plain = self._text[self._at : start]
            self._at = start
            action = _ACTION.match(self._text, start)
            if action is None:
                raise self.error("unterminated quoted string" if '"' in self._text[start:] else "unclosed action")
            plain = plain.lstrip() if trim else plain
            yield plain.rstrip() if action["trim"] else plain
            if not action["body"].lstrip().startswith("/*"):
                yield action
            self._at, trim = action.end(), action["trim_after"]
        rest = self._text[self._at :]
        yield rest.lstrip() if trim else rest

    def _tokenize(self, action: re.Match[str]) -> list[_Token]:
        tokens = []
        at, end = action.span("body")
        while at < end:
            token = _TOKEN.match(self._text, at, end)
            if token is None:
                raise self.error(f"unexpected {quote(self._text[at])} in operand")
            kind = token[0] if token.lastgroup == "sign" else str(token.lastgroup)
            if kind != "blank":
                tokens.append(_Token(kind, token[0], at))
            at = token.end()
            if kind in ("path", "word") and at < end and not re.match(r"[\s.,|:()]", self._text[at]):
                raise self.error(f"bad character {code_point(self._text[at])}")
        return [*tokens, _Token("}}", "}}", end)]

    def statements(self) -> tuple[list[_Statement], str]:
        """What stands up to `end` or `else`, which is consumed and told, or to the end of the text."""
        nodes: list[_Statement] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                nodes.append(_plain_text(piece))
                continue
            self._tokens = self._tokenize(piece)
            word = self._tokens[0].text
            if word in ("end", "else"):
                self._tokens.pop(0)
                return nodes, word
            nodes.append(self._control() if word in _CONTROLS else self._pipeline("command").print)
        return nodes, ""

    def _control(self) -> _Control:
        known, keyword = len(self._variables), self._tokens.pop(0).text
        pipeline = self._pipeline(keyword)
        body, end = self.statements()
        otherwise: list[_Statement] = []
        if end == "else" and self._tokens[0].text == keyword:  # `else if` shares the `end`
            otherwise, end = [self._control()], "end"
        elif end == "else":
            otherwise, end = self.statements()
        if end != "end":
            raise self.error(f"expected end; found {{{{{end}}}}}" if end else "unexpected EOF")
        del self._variables[known:]
        return _Control(keyword, pipeline, body, otherwise)

    def _pipeline(self, context: str, end: str = "}}") -> _Pipeline:
        at, declaration = self._tokens[0].at, ""
        if self._tokens[0].kind == "declare":
            declaration = self._tokens.pop(0).text
        variables = re.findall(r"\$\w+", declaration)
        self._variables += variables
        assigns = bool(declaration) and ":" not in declaration
        commands = [self._command(context)]
        while self._tokens[0].kind == "|":
            self._tokens.pop(0)
            commands.append(self._command(context))
        if self._tokens[0].kind != end:
            raise self._unexpected()
        self._tokens.pop(0)
        for stage, command in enumerate(commands[1:], 2):
            if not isinstance(command, _Call):
                raise self.error(f"non executable command in pipeline stage {stage}")
        text = " | ".join([command.text for command in commands])
        return _Pipeline(at, f"{declaration} {text}".lstrip(), variables, assigns, commands)

    def _unexpected(self) -> FormatError:
        kind, text = self._tokens[0].kind, self._tokens[0].text
        known = {"}}": "unclosed left paren", ")": "unexpected right paren"}
        return self.error(known.get(kind, f"unexpected {quote(text)} in operand"))

    def _command(self, context: str) -> _Node:
        if self._tokens[0].kind == "}}":
            raise self.error(f"missing value for {context}")
        first, arguments = self._operand(), []
        while self._tokens[0].kind in _OPERANDS:
            arguments.append(self._operand())
        if arguments and not isinstance(first, _Call):
            raise self.error(f"can't give argument to non-function {first.text}")
        if isinstance(first, _Call):
            return _Call(
                first.at, " ".join([first.text, *[node.text for node in arguments]]), first.function, arguments
            )
        return first

    def _operand(self) -> _Node:
        if self._tokens[0].kind not in _OPERANDS:
            raise self._unexpected()
        token = self._tokens.pop(0)
        if token.kind == "word":
            return self._word(token)
        if token.kind == "path":
            return self._path(token)
        if token.kind == "(":
            return self._parenthesized(token)
        if token.kind == "number":
            return _Constant(token.at, token.text, float(token.text) if "." in token.text else Literal(token.text))
        body = token.text[1:-1]
        try:
            return _Constant(token.at, token.text, body if token.text[0] == "`" else unquote(body))
        except FormatError as error:
            raise self.error(error.message) from None

    def _word(self, token: _Token) -> _Node:
        if token.text in _CONSTANTS:
            return _Constant(token.at, token.text, _CONSTANTS[token.text])
        if token.text in _NOT_SIMULATED:
            raise NotSimulated(f"{quote(token.text)} in a Go template is not part of this simulator")
        if token.text not in functions.NAMES:
            raise self.error(f"function {quote(token.text)} not defined")
        return _Call(token.at, token.text, token.text, [])

    def _path(self, token: _Token) -> _Path:
        base, *names = token.text.split(".")
        if base and base not in self._variables:
            raise self.error(f"undefined variable {quote(base)}")
        at = token.at + (len(names[0]) + 1 if len(names) > 1 and not base else len(base))
        return _Path(at, token.text, base, [name for name in names if name])

    def _parenthesized(self, token: _Token) -> _Node:
        pipeline = self._pipeline("parenthesized pipeline", end=")")
        text = f"({pipeline.text})"
        fields = self._tokens[0]
        if fields.kind != "path" or self._text[fields.at - 1] != ")":
            return _Path(token.at, text, pipeline, [])
        self._tokens.pop(0)
        return _Path(fields.at, text + fields.text, pipeline, fields.text[1:].split("."))
