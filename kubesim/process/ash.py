"""A shell in the manner of busybox's ash: lists, pipes, conditions, loops, variables, substitutions, redirections.

It obeys a script while it reads it: what must not run is read all the same, a loop is read again for every round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kubesim.process.machine import Exit, Machine
from kubesim.process.tools import absolute, exists, printf

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\\\n|\#[^\n]*)
    |(?P<redirect>[12]?>>?(?:&[12])?)
    |(?P<operator>&&|\|\||[;&|\n])
    |(?P<word>(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|\$\([^()]*\)|[^\s'"\\;&|<>()])+)""",
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(
    r"""'(?P<literal>[^']*)'|"(?P<quoted>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)
    |\$\((?P<command>[^()]*)\)
    |\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}|\$(?P<bare>[A-Za-z_]\w*|[0-9?])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
_CLOSERS = frozenset({"then", "else", "fi", "do", "done"})
_END = "end of file"


class _SyntaxError(Exception):
    """The script is none; the text is ash's."""


def sh(machine: Machine, args: Sequence[str], stdin: str) -> int:
    """The tool sh: `sh -c SCRIPT [NAME [ARG]...]`, or the script from the standard input."""
    is_command = bool(args) and re.fullmatch(r"-[a-z]*c", args[0]) is not None
    if is_command and len(args) == 1:
        return machine.complain("sh: -c requires an argument", 2)
    if args and not is_command:
        return machine.complain(f"sh: can't open '{args[0]}': No such file or directory", 2)
    script, parameters = (args[1], args[2:]) if is_command else (stdin, ())
    return _Shell(machine, parameters or ["sh"]).interpret(script, stdin if is_command else "")


def _tokenize(script: str) -> list[tuple[str, str]]:
    """The tokens as (kind, text); operators are kinds of their own."""
    tokens, at = [], 0
    while at < len(script):
        match = _TOKEN.match(script, at)
        if not match:
            raise _SyntaxError("unterminated quoted string" if script[at] in "'\"" else f'unexpected "{script[at]}"')
        at = match.end()
        if match.lastgroup != "blank":
            tokens.append((match[0] if match.lastgroup == "operator" else str(match.lastgroup), match[0]))
    return [*tokens, (_END, _END)]


class _Shell:
    """A shell at work on one script."""

    def __init__(self, machine: Machine, parameters: Sequence[str]) -> None:
        self.machine, self.parameters = machine, parameters
        self.variables: dict[str, str] = {}
        self.status = 0
        self.tokens: list[tuple[str, str]] = []
        self.at = 0

    def interpret(self, script: str, stdin: str) -> int:
        """Obey a script to its exit status."""
        depth = self.machine.depth
        try:
            self.tokens = _tokenize(script)
            self._list(True, stdin, _END)
        except _SyntaxError as error:
            return self.machine.complain(f"sh: syntax error: {error}", 2)
        except Exit as ended:
            return ended.code
        finally:
            self.machine.depth = depth
        return self.status

    def _accept(self, *texts: str) -> str:
        """Take the next token if it is one of these operators or reserved words."""
        kind, text = self.tokens[self.at]
        if kind in texts or (kind == "word" and text in texts):
            self.at += 1
            return text
        return ""

    def _expect(self, *texts: str) -> str:
        found = self._accept(*texts)
        if not found:
            text = self.tokens[self.at][1]
            raise _SyntaxError(
                f"unexpected {text}" if text == _END else f'unexpected "{text}"'.replace("\n", "newline")
            )
        return found

    def _list(self, active: bool, stdin: str, *closers: str) -> str:
        """Commands up to one of `closers`, which is taken and returned."""
        self.machine.descend()
        going = True
        while going:
            while self._accept(";", "\n", "&"):
                pass
            going = self.tokens[self.at][1] not in (_END, *_CLOSERS)
            if going:
                self._and_or(active, stdin)
                going = self.tokens[self.at][0] in (";", "\n", "&")
        self.machine.depth -= 1
        return self._expect(*closers)

    def _and_or(self, active: bool, stdin: str) -> None:
        self._pipeline(active, stdin)
        while connector := self._accept("&&", "||"):
            self._pipeline(active and (self.status == 0) == (connector == "&&"), stdin)

    def _pipeline(self, active: bool, stdin: str) -> None:
        negated = self._accept("!")
        while True:
            outer, self.machine.writes = self.machine.writes, []
            piped = ""
            try:
                self._command(active, stdin)
                piped = self._accept("|")
            finally:
                inner, self.machine.writes = self.machine.writes, outer
                outer.extend(write for write in inner if not piped or write[1] == "stderr")
            if not piped:
                break
            stdin = "".join(text for _, stream, text in inner if stream == "stdout")
        if active and negated:
            self.status = int(not self.status)

    def _command(self, active: bool, stdin: str) -> None:
        compound = self._accept("if", "while", "until", "for")
        if compound == "if":
            self._if(active, stdin)
        elif compound == "for":
            self._for(active, stdin)
        elif compound:
            self._loop(active, stdin, compound == "while")
        else:
            self._simple(active, stdin)

    def _if(self, active: bool, stdin: str) -> None:
        self._list(active, stdin, "then")
        holds = self.status == 0
        self.status = 0 if active else self.status
        if self._list(active and holds, stdin, "else", "fi") == "else":
            self._list(active and not holds, stdin, "fi")

    def _loop(self, active: bool, stdin: str, wanted: bool) -> None:
        start = self.at
        going = True
        while going:
            self.at = start
            self._list(active, stdin, "do")
            going = active and (self.status == 0) == wanted
            self.machine.count()
            self._list(going, stdin, "done")
        self.status = 0 if active else self.status

    def _for(self, active: bool, stdin: str) -> None:
        name, values = self._word(), []
        self._expect("in")
        while self.tokens[self.at][0] == "word":
            values += self._split(self._word()) if active else [self._word()]
        self._expect(";", "\n")
        self._expect("do")
        start = self.at
        self._list(False, stdin, "done")
        for value in values if active else ():
            self.at, self.variables[name] = start, value
            self._list(True, stdin, "done")

    def _word(self) -> str:
        if self.tokens[self.at][0] != "word":
            self._expect("word")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _simple(self, active: bool, stdin: str) -> None:
        words, redirections = [], []
        while self.tokens[self.at][0] in ("word", "redirect"):
            kind, text = self.tokens[self.at]
            self.at += 1
            if kind == "word":
                words.append(text)
            else:
                redirections.append((text, "" if "&" in text else self._word()))
        if not words and not redirections:
            self._expect("word")
        self.machine.count(len(words), commands=0)
        if active:
            with self.machine.redirected(self._targets(redirections)):
                self.status = self._run(words, stdin)

    def _targets(self, redirections: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
        targets: dict[str, str | list[str]] = {}
        for sign, word in redirections:
            stream = "stderr" if sign.startswith("2") else "stdout"
            if "&" in sign:
                other = "stderr" if sign.endswith("2") else "stdout"
                targets[stream] = targets.get(other, other)
                continue
            path = targets[stream] = absolute(self._expand(word))
            if ">>" not in sign:
                self.machine.files[path] = ""
        return targets

    def _run(self, words: Sequence[str], stdin: str) -> int:
        self.machine.count()
        count = next((at for at, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
        for word in words[:count]:
            name, _, value = word.partition("=")
            # An exported variable stays exported.
            kept = self.machine.env if name in self.machine.env else self.variables
            kept[name] = self._expand(value)
        argv = [value for word in words[count:] for value in self._split(word)]
        return self._execute(argv, stdin) if argv else 0

    def _execute(self, argv: Sequence[str], stdin: str) -> int:
        if argv[0] == "exec" and len(argv) > 1:
            raise Exit(self._execute(argv[1:], stdin))
        if argv[0] in _BUILTINS:
            return _BUILTINS[argv[0]](self, argv[1:])
        name = argv[0].removeprefix("/bin/")
        if name not in self.machine.tools:
            return self.machine.complain(f"sh: {argv[0]}: not found", 127)
        return self.machine.call([name, *argv[1:]], stdin)

    def _split(self, word: str) -> list[str]:
        """A word expanded; one that is a lone unquoted expansion is split at blanks."""
        match = _PIECE.fullmatch(word)
        is_split = match is not None and word.startswith("$")
        return self._expand(word).split() if is_split else [self._expand(word)]

    def _expand(self, word: str) -> str:
        """A word without its quotes, its variables and commands replaced."""
        text = _PIECE.sub(self._piece, word)
        self.machine.count(len(text), commands=0)
        return text

    def _piece(self, match: re.Match[str]) -> str:
        parts = match.groupdict()
        kind, text = next((kind, text) for kind, text in parts.items() if text is not None)
        if kind == "quoted":
            return self._quoted(text)
        if kind == "command":
            return self._substitute(text)
        if kind in ("name", "bare"):
            return self.value(text) or self._expand(parts["default"] or "")
        return text

    def _quoted(self, text: str) -> str:
        """Between double quotes only $ means something, and a backslash before few characters."""
        pieces = re.split(r"(\\.|')", text, flags=re.DOTALL)
        return "".join(
            piece[piece[1:] in ("\\", '"', "$", "`") :] if piece[:1] in ("\\", "'") else self._expand(piece)
            for piece in pieces
            if piece
        )

    def _substitute(self, script: str) -> str:
        inner = _Shell(self.machine, self.parameters)
        inner.variables = dict(self.variables)
        parts: list[str] = []
        with self.machine.redirected({"stdout": parts}):
            self.status = inner.interpret(script, "")
        return "".join(parts).rstrip("\n")

    def value(self, name: str) -> str:
        """A variable or parameter, empty when it is not set."""
        if name == "?":
            return str(self.status)
        if name.isdecimal():
            return self.parameters[int(name)] if len(name) < 4 and int(name) < len(self.parameters) else ""
        return self.variables.get(name, self.machine.env.get(name, ""))


def _export(shell: _Shell, args: Sequence[str]) -> int:
    for arg in args:
        name, equals, value = arg.partition("=")
        shell.machine.env[name] = value if equals else shell.value(name)
    return 0


def _exit(shell: _Shell, args: Sequence[str]) -> int:
    code = args[0] if args else str(shell.status)
    if not re.fullmatch(r"\d{1,9}", code, re.ASCII):
        raise Exit(shell.machine.complain(f"sh: exit: Illegal number: {code}", 2))
    raise Exit(int(code) % 256)


_UNARY: Mapping[str, Callable[[_Shell, str], bool]] = {
    "-z": lambda _, text: not text,
    "-n": lambda _, text: bool(text),
    "-e": lambda shell, path: exists(shell.machine, path),
    "-f": lambda shell, path: absolute(path) in shell.machine.files,
    "-d": lambda shell, path: exists(shell.machine, path) and absolute(path) not in shell.machine.files,
}


def _test(shell: _Shell, args: Sequence[str]) -> int:
    words = [word for word in args if word != "]"]
    if words[:1] == ["!"]:
        return int(not _test(shell, words[1:5]))
    if len(words) == 2 and words[0] in _UNARY:
        return int(not _UNARY[words[0]](shell, words[1]))
    if len(words) == 3 and words[1] in ("=", "!="):
        return int((words[0] == words[2]) != (words[1] == "="))
    return int(not (len(words) == 1 and words[0]))


def _nothing(shell: _Shell, args: Sequence[str]) -> int:
    return 0


_BUILTINS: Mapping[str, Callable[[_Shell, Sequence[str]], int]] = {
    **dict.fromkeys((":", "cd", "exec", "set", "trap", "true", "wait"), _nothing),
    **dict.fromkeys(("[", "test"), _test),
    "exit": _exit,
    "export": _export,
    "false": lambda shell, args: 1,
    "printf": lambda shell, args: printf(shell.machine, args),
}
