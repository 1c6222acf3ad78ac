"""A shell in the manner of busybox's ash: lists of commands, loops and variables.

What else a shell can do is not simulated, and the script says so on its standard error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.api.process.tools import Endless, Machine

MAX_DEPTH = 30
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\\\n|\#[^\n]*)
    |(?P<operator>&&|\|\||[;&\n])
    |(?P<word>(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|\$\{\w+\}|[^\s'"\\;&|<>(){}`])+)""",
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = r"\$\{?(?P<name>[A-Za-z_]\w*|[0-9?])\}?"
_PIECE = re.compile(
    rf"""'(?P<literal>[^']*)'|"(?P<quoted>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)|{_VARIABLE}""", re.DOTALL | re.ASCII
)
_IN_QUOTES = re.compile(rf"""\\(?P<escaped>["\\$`])|{_VARIABLE}""", re.ASCII)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
_NOT_SIMULATED = frozenset({"if", "until", "case", "!", "[", "test", "export", "printf", "read", "set", "source", "."})
_NOTHING = frozenset({":", "true", "trap", "wait", "cd"})
_END = "end of file"


class Exit(Exception):
    """The shell was told to exit."""

    def __init__(self, code: int) -> None:
        self.code = code


class _SyntaxError(Exception):
    """The script is none, or has what is not simulated; the text is the complaint."""


@dataclass(frozen=True)
class _Loop:
    """`while` with its condition, or `for` with a name and words; and the body."""

    condition: _List
    name: str
    words: list[str]
    body: _List


_List = list[tuple[str, list[str] | _Loop]]
"""Commands (words, or a loop), each with what stands before it: "&&", "||" or what only divides them."""


def sh(machine: Machine, args: Sequence[str], stdin: str) -> int:
    """The tool sh: `sh -c SCRIPT [NAME [ARG]...]`, or the script from the standard input."""
    is_command = bool(args) and re.fullmatch(r"-[a-z]*c", args[0]) is not None
    if is_command and len(args) == 1:
        return machine.complain("sh: -c requires an argument", 2)
    if args and not is_command:
        return machine.complain(f"sh: can't open '{args[0]}': No such file or directory", 2)
    script, parameters = (args[1], args[2:]) if is_command else (stdin, ())
    try:
        return _Shell(machine, parameters or ["sh"], stdin if is_command else "").interpret(script)
    except _SyntaxError as error:
        return machine.complain(str(error), 2)
    except Exit as ended:
        return ended.code


def _refused(text: str) -> _SyntaxError:
    return _SyntaxError(f'kubesim: "{text}" in the shell of a container is not part of this simulator')


def _tokenize(script: str) -> list[tuple[str, str]]:
    """The tokens as (kind, text), the last one at the front; operators are kinds of their own."""
    tokens, at = [], 0
    while at < len(script):
        match = _TOKEN.match(script, at)
        if not match:
            if script[at] in "'\"":
                raise _SyntaxError("sh: syntax error: unterminated quoted string")
            raise _refused(script[at])
        at = match.end()
        if match.lastgroup != "blank":
            tokens.append((match[0] if match.lastgroup == "operator" else str(match.lastgroup), match[0]))
    return [(_END, _END), *tokens[::-1]]


class _Parser:
    def __init__(self, script: str) -> None:
        self._tokens = _tokenize(script)
        self._depth = 0

    def _accept(self, *texts: str) -> str:
        """Take the next token if it is one of these operators or reserved words."""
        kind, text = self._tokens[-1]
        if text in texts and kind in (text, "word"):
            self._tokens.pop()
            return text
        return ""

    def _expect(self, *texts: str) -> str:
        found = self._accept(*texts)
        if not found:
            text = self._tokens[-1][1]
            shown = text if text == _END else '"newline"' if text == "\n" else f'"{text}"'
            raise _SyntaxError(f"sh: syntax error: unexpected {shown}")
        return found

    def commands(self, closer: str = _END) -> _List:
        """Commands up to `closer`, which is taken."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Endless
        found: _List = []
        connector = ";"
        while connector:
            while self._accept("\n", ";", "&"):
                pass
            if self._tokens[-1][1] in (_END, "do", "done"):
                break
            found.append((connector, self._command()))
            connector = self._accept("&&", "||", ";", "\n", "&")
        self._depth -= 1
        self._expect(closer)
        return found

    def _command(self) -> list[str] | _Loop:
        if self._accept("while"):
            return _Loop(self.commands("do"), "", [], self.commands("done"))
        if self._accept("for"):
            name, *words = self._words()
            if words[:1] != ["in"]:
                self._expect("in")
            self._expect(";", "\n")
            self._expect("do")
            return _Loop([], name, words[1:], self.commands("done"))
        words = self._words()
        if words[0] in _NOT_SIMULATED:
            raise _refused(words[0])
        return words

    def _words(self) -> list[str]:
        words = []
        while self._tokens[-1][0] == "word":
            words.append(self._tokens.pop()[1])
        if not words:
            self._expect("word")
        return words


class _Shell:
    """A shell at work on one script."""

    def __init__(self, machine: Machine, parameters: Sequence[str], stdin: str) -> None:
        self._machine, self._parameters, self._stdin = machine, parameters, stdin
        self._variables: dict[str, str] = {}
        self._status = 0

    def interpret(self, script: str) -> int:
        """Obey a script to its exit status. Raises _SyntaxError, Exit and Endless."""
        self._machine.count(len(script))
        self._run(_Parser(script).commands())
        return self._status

    def _run(self, commands: _List) -> None:
        for connector, command in commands:
            if connector in ("&&", "||") and (self._status == 0) != (connector == "&&"):
                continue
            if isinstance(command, list):
                self._status = self._execute(list(command))
            elif command.name:
                for value in self._split(command.words):
                    self._variables[command.name] = value
                    self._run(command.body)
            else:
                self._while(command)

    def _while(self, loop: _Loop) -> None:
        while True:
            self._machine.count()
            self._run(loop.condition)
            if self._status:
                break
            self._run(loop.body)
        self._status = 0

    def _execute(self, words: list[str]) -> int:
        self._machine.count(len(words))
        while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
            self._variables[assignment[1]] = self._expand(assignment[2])
            words.pop(0)
        argv = self._split(words)
        if argv[:1] == ["exec"] and len(argv) > 1:
            raise Exit(self._call(argv[1:]))
        return self._call(argv) if argv else 0

    def _call(self, argv: Sequence[str]) -> int:
        if argv[0] in _NOTHING:
            return 0
        if argv[0] == "false":
            return 1
        if argv[0] == "exit":
            return self._exit(argv[1] if len(argv) > 1 else str(self._status))
        tool = self._machine.tools.get(argv[0].removeprefix("/bin/"))
        if tool is None:
            return self._machine.complain(f"sh: {argv[0]}: not found", 127)
        return tool(self._machine, argv[1:], self._stdin)

    def _exit(self, code: str) -> int:
        if not re.fullmatch(r"\d{1,9}", code, re.ASCII):
            raise Exit(self._machine.complain(f"sh: exit: Illegal number: {code}", 2))
        raise Exit(int(code) % 256)

    def _split(self, words: Sequence[str]) -> list[str]:
        """Words expanded; one that is a lone unquoted variable is split at blanks."""
        found = []
        for word in words:
            match = _PIECE.fullmatch(word)
            found += self._expand(word).split() if match and match["name"] else [self._expand(word)]
        return found

    def _expand(self, word: str) -> str:
        """A word without its quotes, its variables replaced."""
        text = _PIECE.sub(self._piece, word)
        self._machine.count(len(text))
        return text

    def _piece(self, match: re.Match[str]) -> str:
        pieces = match.groupdict()
        if pieces["name"]:
            return self._value(pieces["name"])
        if pieces.get("quoted"):
            return _IN_QUOTES.sub(self._piece, pieces["quoted"])
        return pieces.get("literal") or pieces["escaped"] or ""

    def _value(self, name: str) -> str:
        """A variable or parameter, empty when it is not set."""
        if name == "?":
            return str(self._status)
        if name.isdecimal():
            return self._parameters[int(name)] if int(name) < len(self._parameters) else ""
        return self._variables.get(name, self._machine.env.get(name, ""))
