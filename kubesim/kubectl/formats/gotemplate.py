"""-o go-template: the part of Go's templates that is of use with kubectl.

Fields, variables, `range`, `if`, `with`, pipelines, trim markers and the functions of gotemplate_functions; the rest is
not simulated. Mirrors text/template (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

import re
from collections import ChainMap, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.gotext import gojson
from kubesim.gotext.gojson import Literal, quote
from kubesim.kubectl.errors import FormatError, NotSimulated, reworded
from kubesim.kubectl.formats import gotemplate_functions as functions


class Printer:
    """Prints objects through a template.

    Raises FormatError ("template: output:1: unclosed action"), and NotSimulated where the object is not as the template
    expects: Go's report of that is long, and says at which byte of the template it was.
    """

    def __init__(self, text: str, budget: Budget) -> None:
        self._budget = budget
        with reworded(FormatError, f"error parsing template {text}, ", FormatError):
            parser = _Parser(text, budget)
            self._statements, end = parser.statements()
            if end:
                raise parser.error(f"unexpected {{{{{end}}}}}")

    def __call__(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        run = _Run(obj, self._budget)
        with reworded(functions.Refusal, "a Go template that fails: ", NotSimulated):
            run.walk(self._statements, obj)
        return "".join(run.out)


class _Run:
    """One execution of a template: what it has printed, and its variables, those of the innermost block first.

    Each statement and each text that is made are paid for.
    """

    def __init__(self, obj: Any, budget: Budget) -> None:
        self.budget = budget
        self.out: list[str] = []
        self.variables = ChainMap({"$": obj})

    def print(self, text: str) -> None:
        """Write a text."""
        self.budget.spend(len(text))
        self.out.append(text)

    def walk(self, statements: Sequence[_Statement], dot: Any) -> None:
        """Execute statements one after the other; their variables end with them."""
        self.variables = self.variables.new_child()
        for statement in statements:
            self.budget.spend(5)
            statement(self, dot)
        self.variables = self.variables.parents


_Statement = Callable[[_Run, Any], None]
_Evaluate = Callable[[_Run, Any], Any]
"""The value of a part of an action, from the run and its dot."""


def _fields(base: _Evaluate, names: Sequence[str]) -> _Evaluate:
    """`.a.b`, `$x.a`, `(pipeline).a` or only `.`: the fields of what `base` evaluates to."""

    def evaluate(run: _Run, dot: Any) -> Any:
        value = base(run, dot)
        for name in names:
            if value is not None and not isinstance(value, dict):
                raise functions.Refusal(f"can't evaluate field {name} in type {gojson.type_name(value)}")
            value = (value or {}).get(name)
        return value

    return evaluate


class _Command(NamedTuple):
    """A function with its arguments, or ("") a value; a function is handed one more argument by a pipeline."""

    function: str
    operands: Sequence[_Evaluate]

    def evaluate(self, run: _Run, dot: Any, *handed: Any) -> Any:
        values = [*(operand(run, dot) for operand in self.operands), *handed]
        return functions.call(self.function, values, run.budget) if self.function else values[0]


class _Pipeline(NamedTuple):
    """A value and the functions that it is handed through; it goes into the variables, if any."""

    variables: Sequence[str]
    assigns: bool
    commands: Sequence[_Command]

    def evaluate(self, run: _Run, dot: Any) -> Any:
        value = self.commands[0].evaluate(run, dot)
        for command in self.commands[1:]:
            value = command.evaluate(run, dot, value)
        self.bind(run, value)
        return value

    def bind(self, run: _Run, *values: Any) -> None:
        """Declare the variables, from the last one on, or give them new values where they are."""
        for name, value in zip(reversed(self.variables), reversed(values), strict=False):
            scopes = [scope for scope in run.variables.maps if name in scope] if self.assigns else []
            scope = scopes[0] if scopes else run.variables
            scope[name] = value

    def print(self, run: _Run, dot: Any) -> None:
        """The statement that an action is."""
        value = self.evaluate(run, dot)
        if not self.variables:
            run.print("<no value>" if value is None else gojson.sprint(value))


class _Control(NamedTuple):
    """The statement `if`, `with` or `range`."""

    keyword: str
    pipeline: _Pipeline
    body: Sequence[_Statement]
    otherwise: Sequence[_Statement]

    def execute(self, run: _Run, dot: Any) -> None:
        run.variables = run.variables.new_child()
        value = self.pipeline.evaluate(run, dot)
        if not value:
            run.walk(self.otherwise, dot)
        elif self.keyword != "range":
            run.walk(self.body, value if self.keyword == "with" else dot)
        elif not isinstance(value, dict | list):
            raise functions.Refusal(f"range can't iterate over {gojson.sprint(value)}")
        else:
            pairs = sorted(value.items()) if isinstance(value, dict) else enumerate(value)
            for key, item in pairs:
                self.pipeline.bind(run, key, item)
                run.walk(self.body, item)
        run.variables = run.variables.parents


_CONTROLS = ("if", "range", "with")
_ABSENT = (
    *("and", "block", "break", "call", "continue", "define", "exists", "ge", "gt", "html", "js", "le", "lt"),
    *("or", "print", "slice", "template", "urlquery"),
)
_OPERANDS = ("string", "number", "path", "word", "(")
_CONSTANTS = {"true": True, "false": False, "nil": None}
_STRING = r'"(?:[^"\\\n]|\\.)*"|`[^`]*`'
_ACTION = re.compile(
    rf"\{{\{{(?P<trim>-(?=\s))?(?P<body>\s*/\*.*?\*/|(?:{_STRING}|[^\"`}}]|\}}(?!\}}))*?)(?P<trim_after>\s-)?\}}\}}",
    re.DOTALL,
)
_ACTION_COST, _TOKEN_COST = 100, 25  # steps of the budget
_TOKEN = re.compile(
    rf"""\s*(?:(?P<string>{_STRING})
    |(?P<declare>\$\w+(?:\s*,\s*\$\w+)?\s*:?=)
    |(?P<number>[+-]?[0-9]{{1,18}}(?:\.[0-9]+)?)
    |(?P<path>\$\w*(?:\.[^\W\d]\w*)*|(?:\.[^\W\d]\w*)+|\.)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>[|()]))""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: str  # a sign is a kind of its own
    text: str
    at: int


class _Parser:
    """Reads statements from the text, piece by piece, and within an action token by token."""

    def __init__(self, text: str, budget: Budget) -> None:
        self._text = text
        self._budget = budget
        self._at = 0
        self._pieces = self._cut()
        self._tokens = deque[_Token]()
        self._variables = ["$"]

    def error(self, problem: str) -> FormatError:
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

    def _tokenize(self, action: re.Match[str]) -> deque[_Token]:
        tokens = deque[_Token]()
        at, end = action.start("body"), action.start("body") + len(action["body"].rstrip())
        while at < end:
            self._budget.spend(_TOKEN_COST)
            token = _TOKEN.match(self._text, at, end)
            if token is None:
                raise self.error(f"unexpected {quote(self._text[at:].lstrip()[0])} in operand")
            kind = str(token.lastgroup)
            tokens.append(_Token(token[kind] if kind == "sign" else kind, token[kind], token.start(kind)))
            at = token.end()
            if kind in ("path", "word") and at < end and not re.match(r"[\s.,|:()]", self._text[at]):
                raise self.error(f"bad character {gojson.code_point(self._text[at])}")
        tokens.append(_Token("}}", "}}", end))
        return tokens

    def statements(self) -> tuple[list[_Statement], str]:
        """What stands up to `end` or `else`, which is consumed and returned too, or to the end of the text."""
        statements: list[_Statement] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                statements.append(lambda run, _, text=piece: run.print(text))  # type: ignore[misc]
                continue
            self._budget.spend(_ACTION_COST)
            self._tokens = self._tokenize(piece)
            word = self._tokens[0].text
            if word in ("end", "else"):
                self._tokens.popleft()
                return statements, word
            statements.append(self._control() if word in _CONTROLS else self._pipeline("command").print)
        return statements, ""

    def _control(self) -> _Statement:
        known, keyword = len(self._variables), self._tokens.popleft().text
        pipeline = self._pipeline(keyword)
        (body, end), otherwise = self.statements(), list[_Statement]()
        if end == "else" and self._tokens[0].text == keyword:  # `else if` shares the `end`
            otherwise, end = [self._control()], "end"
        elif end == "else":
            otherwise, end = self.statements()
        if end != "end":
            raise self.error(f"expected end; found {{{{{end}}}}}" if end else "unexpected EOF")
        del self._variables[known:]
        return _Control(keyword, pipeline, body, otherwise).execute

    def _pipeline(self, context: str, end: str = "}}") -> _Pipeline:
        declaration = self._tokens.popleft().text if self._tokens[0].kind == "declare" else ""
        variables = re.findall(r"\$\w+", declaration)
        self._variables += variables
        commands = [self._command(context)]
        while self._tokens[0].kind == "|":
            self._tokens.popleft()
            commands.append(self._command(context))
            if not commands[-1].function:
                raise self.error(f"non executable command in pipeline stage {len(commands)}")
        if self._tokens[0].kind != end:
            raise self._unexpected()
        self._tokens.popleft()
        return _Pipeline(variables, bool(declaration) and ":" not in declaration, commands)

    def _unexpected(self) -> FormatError:
        kind, text, _ = self._tokens[0]
        known = {"}}": "unclosed left paren", ")": "unexpected right paren"}
        return self.error(known.get(kind, f"unexpected {quote(text)} in operand"))

    def _command(self, context: str) -> _Command:
        kind, text, _ = self._tokens[0]
        if kind == "}}":
            raise self.error(f"missing value for {context}")
        operands = [self._operand()]
        while self._tokens[0].kind in _OPERANDS:
            operands.append(self._operand())
        if kind == "word" and text not in _CONSTANTS:
            return _Command(text, operands[1:])
        if operands[1:]:
            raise self.error(f"can't give argument to non-function {text}")
        return _Command("", operands)

    def _operand(self) -> _Evaluate:
        kind, text, _ = self._tokens[0]
        if kind not in _OPERANDS:
            raise self._unexpected()
        self._tokens.popleft()
        if kind == "(":
            return self._parenthesized()
        if kind == "path":
            base, *names = text.split(".")
            if base and base not in self._variables:
                raise self.error(f"undefined variable {quote(base)}")
            return _fields(lambda run, dot: run.variables[base] if base else dot, [name for name in names if name])
        if kind == "word" and text not in _CONSTANTS:
            if text in _ABSENT:
                raise NotSimulated(f"{quote(text)} in a Go template is not part of this simulator")
            if text not in functions.NAMES:
                raise self.error(f"function {quote(text)} not defined")
            return _Command(text, ()).evaluate
        value = _CONSTANTS[text] if kind == "word" else self._literal(text)
        return lambda run, dot: value

    def _literal(self, text: str) -> Any:
        if text[0] not in '"`':
            return float(text) if "." in text else Literal(text)
        try:
            return text[1:-1] if text[0] == "`" else gojson.unquote(text[1:-1])
        except ValueError as error:
            raise self.error(str(error)) from None

    def _parenthesized(self) -> _Evaluate:
        pipeline, fields = self._pipeline("parenthesized pipeline", end=")"), self._tokens[0]
        if fields.kind != "path" or self._text[fields.at - 1] != ")":
            return pipeline.evaluate
        self._tokens.popleft()
        return _fields(pipeline.evaluate, fields.text[1:].split("."))
