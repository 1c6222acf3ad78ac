"""Go templates: from text to nodes.

Mirrors text/template/parse/{lex,parse,node}.go, Go 1.26, without define, block and template.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from kubesim.gojson import quote
from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.formats.errors import FormatError
from kubesim.kubectl.formats.golang import code_point, unquote


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


@dataclass(frozen=True)
class Token:
    """A word of a template. `spaced` says that white space stands before it."""

    kind: str
    text: str
    at: int
    line: int
    spaced: bool = False

    def __str__(self) -> str:
        if self.kind in ("EOF", "error"):
            return self.text
        if self.kind in ("keyword", "dot", "nil"):
            return f"<{self.text}>"
        return quote(self.text) if len(self.text) <= 10 else quote(self.text[:10]) + "..."


_KEYWORDS = {"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"}
_NOT_SIMULATED = {"call", "html", "js", "slice", "urlquery"}
_OPEN = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_CLOSE = re.compile(r"([ \t\r\n]-)?\}\}")
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD_END = re.compile(r"[ \t\r\n.,|:()]|\}\}|$")
_DIGITS = r"(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_TOKENS = {
    "declare": re.compile(r":="),
    "assign": re.compile(r"="),
    "pipe": re.compile(r"\|"),
    "string": re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'),
    "raw": re.compile(r"`[^`]*`"),
    "rune": re.compile(r"'(?:[^'\\\n]|\\[^\n])*'"),
    "variable": re.compile(r"\$\w*"),
    "field": re.compile(r"\.[^\W\d]\w*"),
    "number": re.compile(f"[+-]?{_DIGITS}"),
    "dot": re.compile(r"\."),
    "word": re.compile(r"\w+"),
    "(": re.compile(r"\("),
    ")": re.compile(r"\)"),
    "char": re.compile(r"[!-~]"),
}
_OPERANDS = {"bool", "rune", "dot", "field", "word", "number", "nil", "raw", "string", "variable", "("}
_UNTERMINATED = {'"': "quoted string", "`": "raw quoted string", "'": "character constant"}


class _Lexer:
    """Cuts a template into tokens, the last of which is EOF or an error."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._trim = False

    def tokens(self) -> Iterator[Token]:
        while True:
            start, opening = self._at, _OPEN.search(self._text, self._at)
            text = self._text[start : opening.start() if opening else None]
            text = text.lstrip(" \t\r\n") if self._trim else text
            text = text.rstrip(" \t\r\n") if opening and opening[0] == "{{-" else text
            if text:
                yield self._token("text", text, start)
            if opening is None:
                yield self._token("EOF", "EOF", len(self._text))
                return
            self._at = opening.end()
            for token in self._comment(opening) or self._action(opening.start()):
                yield token
                if token.kind == "error":
                    return

    def _token(self, kind: str, text: str, at: int, spaced: bool = False) -> Token:
        return Token(kind, text, at, 1 + self._text.count("\n", 0, at), spaced)

    def _close(self, at: int) -> bool:
        """Pass the closing delimiter at `at`, if there is one."""
        match = _CLOSE.match(self._text, at)
        if match:
            self._at = match.end()
            self._trim = bool(match[1])
        return match is not None

    def _skip_space(self) -> bool:
        start = self._at
        while self._text[self._at : self._at + 1] in (" ", "\t", "\r", "\n"):
            self._at += 1
        return self._at > start

    def _comment(self, opening: re.Match[str]) -> list[Token]:
        """Pass a comment. An error, or an empty text where all is well; nothing where there is no comment."""
        start = self._at + (opening[0] == "{{-")
        if not self._text.startswith("/*", start):
            return []
        end = self._text.find("*/", start)
        if end < 0:
            return [self._token("error", "unclosed comment", start)]
        if not self._close(end + 2):
            return [self._token("error", "comment ends before closing delimiter", start)]
        return [self._token("text", "", start)]

    def _action(self, start: int) -> Iterator[Token]:
        yield self._token("{{", "{{", start)
        self._depth = 0
        while True:
            spaced = self._skip_space()
            at = self._at
            if self._close(at) or (spaced and self._close(at - 1)):
                yield self._token("error", "unclosed left paren", at) if self._depth else self._token("}}", "}}", at)
                return
            yield self._word(spaced)

    def _word(self, spaced: bool) -> Token:
        start = self._at
        if start == len(self._text):
            return self._token("error", "unclosed action", start)
        for kind, pattern in _TOKENS.items():
            match = pattern.match(self._text, start)
            if match:
                self._at = match.end()
                return self._checked(kind, match[0], start, spaced)
        return self._token("error", f"unrecognized character in action: {code_point(self._text[start])}", start)

    def _checked(self, kind: str, text: str, start: int, spaced: bool) -> Token:
        problem = self._problem(kind, text)
        if problem:
            return self._token("error", problem, start)
        if kind == "word":
            kind = "keyword" if text in _KEYWORDS else {"nil": "nil", "true": "bool", "false": "bool"}.get(text, kind)
        return self._token(kind, text, start, spaced)

    def _problem(self, kind: str, text: str) -> str:
        following = self._text[self._at : self._at + 1]
        if kind == "char" and text in _UNTERMINATED:
            return f"unterminated {_UNTERMINATED[text]}"
        if kind == "char" and text == ":":
            return "expected :="
        if kind == "number" and following and (following.isalnum() or following == "_"):
            return f"bad number syntax: {quote(text + following)}"
        if kind in ("word", "field", "variable") and not _WORD_END.match(self._text, self._at):
            return f"bad character {code_point(following)}"
        self._depth += {"(": 1, ")": -1}.get(kind, 0)
        return "unexpected right paren" if self._depth < 0 else ""


def parse(text: str, functions: Container[str]) -> list[Node]:
    """The nodes of a template that may call `functions`.

    Raises TemplateError as Go words it ("template: output:1: unclosed action") and NotSimulated.
    """
    return _Parser(text, functions).template()


class _Parser:
    def __init__(self, text: str, functions: Container[str]) -> None:
        self._tokens = list(_Lexer(text).tokens())
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
            if self._peek().kind not in _OPERANDS:
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
        while self._peek().spaced and self._peek().kind in _OPERANDS:
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
            raise self._error(str(error)) from None


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
    for convert in (lambda: int(text, 0), lambda: int(text, 8), lambda: float(text)):
        try:
            return convert()
        except ValueError:
            continue
    raise ValueError(f"bad number syntax: {quote(text)}")
