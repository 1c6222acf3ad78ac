"""Go templates: from text to nodes.

Mirrors text/template/parse/{parse,node}.go, Go 1.26, without define, block and template.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from kubesim.gojson import quote
from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.formats.errors import FormatError
from kubesim.kubectl.formats.golang import unquote
from kubesim.kubectl.formats.gotemplate_lexer import OPERANDS, Lexer, Token

_INT64 = 2**63
_NOT_SIMULATED = {"call", "html", "js", "slice", "urlquery"}


class TemplateError(FormatError):
    """A template that cannot be parsed or executed."""


@dataclass
class Node:
    """A part of a template: where it begins, and its text as Go writes it back in errors."""

    at: int
    text: str


@dataclass
class Literal(Node):
    """A constant, or plain text."""

    value: Any


@dataclass
class Fields(Node):
    """`.a.b`, `$x.a`, `(pipeline).a` or only `.`: a base and the fields walked from it.

    The base is None for dot, the name of a variable, or a function or pipeline.
    """

    base: str | Node | None
    names: list[str]


@dataclass
class Function(Node):
    """The name of a function."""


@dataclass
class Command(Node):
    """A function with its arguments, or one value."""

    arguments: list[Node]


@dataclass
class Pipeline(Node):
    """Commands, each handing its value to the next; the value goes into the variables, if any."""

    variables: list[str]
    assigns: bool
    commands: list[Command]


@dataclass
class Action(Node):
    """`{{pipeline}}`."""

    pipeline: Pipeline


@dataclass
class Control(Node):
    """`if`, `with` or `range` (its text); or `break`, `continue`, which have no pipeline."""

    pipeline: Pipeline | None = None
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


def parse(text: str, functions: Container[str]) -> list[Node]:
    """The nodes of a template that may call `functions`.

    Raises TemplateError as Go words it ("template: output:1: unclosed action") and NotSimulated.
    """
    return _Parser(text, functions).template()


class _Parser:
    def __init__(self, text: str, functions: Container[str]) -> None:
        self._tokens = list(Lexer(text).tokens())
        self._at = 0
        self._functions = functions
        self._variables = ["$"]
        self._ranges = 0

    def template(self) -> list[Node]:
        nodes, end = self._list()
        if end:
            raise self._error(f"unexpected {{{{{end}}}}}")
        return nodes

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _error(self, problem: str) -> TemplateError:
        return TemplateError(f"template: output:{self._peek(-1).line}: {problem}")

    def _unexpected(self, context: str) -> TemplateError:
        token = self._take()
        return self._error(token.text if token.kind == "error" else f"unexpected {token} in {context}")

    def _expect(self, kind: str, context: str) -> None:
        if self._peek().kind != kind:
            raise self._unexpected(context)
        self._take()

    def _list(self) -> tuple[list[Node], str]:
        """Nodes up to `end` or `else`, which is consumed and told, or to the end of the text."""
        nodes: list[Node] = []
        while self._peek().kind != "EOF":
            token = self._peek()
            if token.kind not in ("text", "{{"):
                raise self._unexpected("input")
            self._take()
            if token.kind == "text":
                nodes.append(Literal(token.at, token.text, token.text))
            elif self._peek().text in ("end", "else") and self._peek().kind == "keyword":
                return nodes, self._terminator()
            else:
                nodes.append(self._action())
        return nodes, ""

    def _terminator(self) -> str:
        word = self._take().text
        if word == "end" or self._peek().text not in ("if", "with"):
            self._expect("}}", word)
        return word

    def _action(self) -> Node:
        token = self._peek()
        if token.kind != "keyword":
            return Action(token.at, "", self._pipeline("command"))
        self._take()
        if token.text in ("if", "with", "range"):
            return self._control(token)
        if token.text not in ("break", "continue"):
            raise NotSimulated(f"{{{{{token.text}}}}} in a Go template is not part of this simulator")
        if not self._ranges:
            raise self._error(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        self._expect("}}", f"{{{{{token.text}}}}}")
        return Control(token.at, token.text)

    def _control(self, token: Token) -> Control:
        known = len(self._variables)
        pipeline = self._pipeline(token.text)
        self._ranges += token.text == "range"
        body, end = self._list()
        self._ranges -= token.text == "range"
        otherwise: list[Node] = []
        if end == "else":
            otherwise, end = self._else(token.text)
        if end != "end":
            raise self._error(f"expected end; found {{{{{end}}}}}" if end else "unexpected EOF")
        del self._variables[known:]
        return Control(token.at, token.text, pipeline, body, otherwise)

    def _else(self, context: str) -> tuple[list[Node], str]:
        """What follows `else`. `else if` is a nested `if` that shares the `end`."""
        if self._peek().kind != "keyword":
            return self._list()
        if self._peek().text != context:
            raise self._unexpected("else")
        return [self._control(self._take())], "end"

    def _pipeline(self, context: str, end: str = "}}") -> Pipeline:
        start = self._peek().at
        variables, assigns = self._declarations(context)
        commands: list[Command] = []
        while self._peek().kind != end:
            if self._peek().kind not in OPERANDS:
                raise self._unexpected(context)
            commands.append(self._command())
        self._take()
        self._check(commands, context)
        declared = f"{', '.join(variables)} {'=' if assigns else ':='} " if variables else ""
        text = declared + " | ".join([command.text for command in commands])
        return Pipeline(start, text, variables, assigns, commands)

    def _check(self, commands: list[Command], context: str) -> None:
        if not commands:
            raise self._error(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if _is_constant(command.arguments[0]):
                raise self._error(f"non executable command in pipeline stage {stage}")

    def _declarations(self, context: str) -> tuple[list[str], bool]:
        """`$x :=`, `$x =` or, of a range, `$i, $x :=`; the variables and whether they are only assigned."""
        names: list[str] = []
        while self._peek().kind == "variable" and self._peek(1).text in (":=", "=", ","):
            names.append(self._take().text)
            self._variables.append(names[-1])
            separator = self._take().text
            if separator != ",":
                return names, separator == "="
            if context != "range" or len(names) > 1:
                raise self._error(f"too many declarations in {context}")
            if self._peek().kind not in ("variable", "}}", ")"):
                raise self._error("range can only initialize variables")
        return names, False

    def _command(self) -> Command:
        arguments = [self._operand()]
        while self._peek().spaced and self._peek().kind in OPERANDS:
            arguments.append(self._operand())
        if self._peek().kind == "pipe":
            self._take()
        elif self._peek().kind not in ("}}", ")"):
            raise self._unexpected("operand")
        return Command(arguments[0].at, " ".join(map(_argument_text, arguments)), arguments)

    def _operand(self) -> Node:
        node = self._term()
        at, names = self._peek().at, list[str]()
        while self._peek().kind == "field" and not self._peek().spaced:
            names.append(self._take().text[1:])
        if not names:
            return node
        if _is_constant(node):
            raise self._error(f"unexpected . after term {quote(node.text)}")
        if isinstance(node, Fields):
            return Fields(at, ".".join([node.text, *names]), node.base, node.names + names)
        return Fields(at, ".".join([_argument_text(node), *names]), node, names)

    def _term(self) -> Node:
        token = self._take()
        if token.kind == "word":
            return self._function(token)
        if token.kind in ("dot", "field"):
            return Fields(token.at, token.text, None, [token.text[1:]] if token.kind == "field" else [])
        if token.kind == "variable":
            if token.text not in self._variables:
                raise self._error(f"undefined variable {quote(token.text)}")
            return Fields(token.at, token.text, token.text, [])
        if token.kind == "(":
            return self._pipeline("parenthesized pipeline", end=")")
        return self._constant(token)

    def _function(self, token: Token) -> Function:
        if token.text in _NOT_SIMULATED:
            raise NotSimulated(f"the template function {quote(token.text)} is not part of this simulator")
        if token.text not in self._functions:
            raise self._error(f"function {quote(token.text)} not defined")
        return Function(token.at, token.text)

    def _constant(self, token: Token) -> Literal:
        try:
            return Literal(token.at, token.text, _constant(token))
        except ValueError as error:
            problem = f"bad number syntax: {quote(token.text)}" if "literal" in str(error) else str(error)
            raise self._error(problem) from None


def _is_constant(node: Node) -> bool:
    return isinstance(node, Literal) or node.text == "."


def _argument_text(node: Node) -> str:
    return f"({node.text})" if isinstance(node, Pipeline) else node.text


def _constant(token: Token) -> Any:
    if token.kind in ("bool", "nil"):
        return {"true": True, "false": False}.get(token.text)
    if token.kind == "number":
        return _number(token.text)
    value = token.text[1:-1] if token.kind == "raw" else unquote(token.text[1:-1], token.text[0])
    if token.kind != "rune":
        return value
    if len(value) != 1:
        raise ValueError(f"malformed character constant: {token.text}")
    return ord(value)


def _number(text: str) -> int | float:
    digits = text.lstrip("+-")
    is_hexadecimal = digits[:2] in ("0x", "0X")
    if not is_hexadecimal and any(char in text for char in ".eE"):
        return float(text)
    is_octal = digits[:1] == "0" and digits.isdecimal()
    value = int(text, 8 if is_octal else 0) if len(text) < 100 else _INT64
    if not -_INT64 <= value < _INT64:
        raise ValueError(f"integer overflow: {quote(text)}")
    return value
