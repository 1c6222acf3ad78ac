"""What a command line means: its tree, which the parser makes and the interpreter walks, and the lexer for its words.

Follows the grammar of POSIX.1-2024, Shell Command Language, 2.10, as far as bash 5.2 is simulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeGuard

from kubesim.api.budget import Budget

_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_REDIRECT = re.compile(r"([0-9]{0,9})(&>>|&>|<<-|<<<|<<|<&|<>|>>|>&|>\||[<>])(?!\()")
_OPERATOR = re.compile(r"\n|&&|\|\||;;|\|&|<\(|>\(|[|&;()<>]")
_PART = re.compile(
    r"(?P<bare>[^ \t\n|&;()<>'\"\\$`]+)|'(?P<single>[^']*)'|\$'(?P<ansi>(?:[^'\\]|\\.)*)'|\$?(?P<double>\")"
    r"|\\(?P<escaped>.?)|(?P<expansion>[$`])|(?P<open>')",
    re.DOTALL,
)
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)=")
# What may follow a `$`: name, {#name}, {name} or {name:-default}, ((1+1)) with two levels of brackets in it.
_VARIABLE = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z_0-9]*|[0-9@*#?!$-])"
    r"|\{(?:(?P<length>#[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<braced>[A-Za-z_][A-Za-z_0-9]*|[0-9@*#?!$-])(?:(?P<colon>:?)-(?P<default>[^{}'\"]*))?)\}"
)
_ARITHMETIC = re.compile(r"\(\(((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+)\)\)")
_BACKQUOTED = re.compile(r"`((?:[^`\\]|\\.)*+)`", re.DOTALL)
_IN_BACKQUOTES = re.compile(r"\\([`$\\])")  # what a backslash escapes there
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = dict(zip("abefnrtv\\'\"", "\a\b\x1b\f\n\r\t\v\\'\"", strict=True))
_COST = 60  # steps for one token, or one part of a word


class _Quoting(NamedTuple):
    """A text in which `$` and backquotes are replaced: its `plain` text, what a backslash escapes, and what ends it."""

    plain: re.Pattern[str]
    escapable: str
    end: str  # "" where it goes on to the end of the text


_DOUBLE_QUOTES = _Quoting(re.compile(r"[^\"\\$`]+"), '$`"\\\n', end='"')
_HERE_DOCUMENT = _Quoting(re.compile(r"[^\\$`]+"), "$`\\\n", end="")


class ShellError(Exception):
    """A line that bash gives up on; the message is bash's."""

    status = 1


class ShellSyntaxError(ShellError):
    """The text is no command line."""

    status = 2


class IncompleteError(ShellSyntaxError):
    """The text ends too early: a terminal would show "> " and read on, up to `end_mark` where that is known."""

    def __init__(self, message: str, end_mark: str = "") -> None:
        super().__init__(message)
        self.end_mark = end_mark


class UnsupportedError(Exception):
    """The text is right for bash, but holds something that is not simulated; the message names it."""

    @property
    def sentence(self) -> str:
        return f"kubesim: {self} is not part of this simulator\n"


class Literal(NamedTuple):
    """Text that stands for itself; where `quoted`, its `*?[` are no pattern."""

    text: str
    quoted: bool = False


class Variable(NamedTuple):
    """`$name`, `${name-default}`, or `${#name}`, whose name here is "#name"."""

    name: str
    quoted: bool
    default: Word | None = None
    replaces_empty: bool = False  # as in `${name:-default}`


class Substitution(NamedTuple):
    """`$(script)`, or a script in backquotes."""

    script: Script
    quoted: bool


class Arithmetic(NamedTuple):
    """`$((expression))`."""

    expression: Word
    quoted: bool


Part = Literal | Variable | Substitution | Arithmetic


def bare(part: Part) -> TypeGuard[Literal]:
    """Whether a part is text that is not quoted."""
    return isinstance(part, Literal) and not part.quoted


def assignment(word: Word) -> tuple[str, Word] | None:
    """The name and the value of `NAME=value`, or None."""
    first = word.parts[0] if word.parts else None
    if not first or not bare(first) or not (match := ASSIGNMENT.match(first.text)):
        return None
    value = Literal(first.text[match.end() :])
    return match[1], Word((value, *word.parts[1:]), word.source[match.end() :])


class Word(NamedTuple):
    """One word as typed (`source`) and what it is made of."""

    parts: tuple[Part, ...]
    source: str

    @property
    def bare(self) -> str | None:
        """The text, if no part of it is quoted or to be expanded."""
        return self.parts[0].text if len(self.parts) == 1 and bare(self.parts[0]) else None


Words = tuple[Word, ...]


class Operator(NamedTuple):
    """`|`, `&&`, newline …"""

    text: str
    descriptor: str | None = None  # of a redirection: the digits before it


Token = Word | Operator | None
"""What the lexer finds next; None at the end of the text."""


class HereDocument:
    """The lines that follow `<<`; the body is filled in when the lexer comes to them."""

    def __init__(self, delimiter: str, expand: bool) -> None:
        self.delimiter = delimiter
        self.expand = expand
        self.body = Word((), "")


class Redirect(NamedTuple):
    """`2> file`: the descriptor, the operator, the word behind it, and what `<<` reads."""

    descriptor: int
    operator: str
    target: Word
    document: HereDocument | None


class Simple(NamedTuple):
    """`NAME=value command argument > file`."""

    assignments: tuple[tuple[str, Word], ...]
    words: Words
    redirects: tuple[Redirect, ...]


class Compound(NamedTuple):
    """`for`, `if`, `while`, `until`, `{` or `(`: its scripts in order, and what `for` assigns."""

    keyword: str
    scripts: tuple[Script, ...]
    redirects: tuple[Redirect, ...]
    name: str = ""
    words: Words = ()


Command = Simple | Compound


class Pipeline(NamedTuple):
    """`! one | two`, and what is before it: `;`, `&&` or `||`."""

    operator: str
    commands: tuple[Command, ...]
    negated: bool


Script = tuple[Pipeline, ...]


def unescape(text: str) -> str:
    """`text` with echo -e's and printf's escapes replaced. Raises UnsupportedError for those of a byte, and `\\c`."""

    def character(match: re.Match[str]) -> str:
        if match[1] in "01234567cuxU":
            raise UnsupportedError(f"the escape '{match[0]}'")
        return _ESCAPES.get(match[1], match[0])

    return _ESCAPE.sub(character, text)


class Lexer:
    """Cuts `text` into tokens; `nested` parses what is in `$(…)`, with this same lexer, up to its `)`."""

    def __init__(self, text: str, budget: Budget, nested: Callable[[Lexer], Script]) -> None:
        self.text = text
        self.position = 0
        self.pending: list[HereDocument] = []
        self.budget = budget
        self._nested = nested

    def next(self) -> Token:
        self.budget.spend(_COST)
        self._skip(_BLANK)
        if match := _REDIRECT.match(self.text, self.position):
            self.position = match.end()
            return Operator(match[2], match[1])
        if self.position == len(self.text):
            self._read_here_documents()
            return None
        operator = self._skip(_OPERATOR)
        if operator == "\n":
            self._read_here_documents()
        return Operator(operator) if operator else self._word()

    def is_before(self, text: str) -> bool:
        """Whether the next token begins at once, without a space, and with this text."""
        return self.text.startswith(text, self.position)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if not match:
            return ""
        self.position = match.end()
        return match[0]

    def _peek(self, offset: int = 0) -> str:
        return self.text[self.position + offset : self.position + offset + 1]

    def _word(self) -> Word:
        start = self.position
        parts: list[Part] = []
        while match := _PART.match(self.text, self.position):
            self.budget.spend(_COST)
            kind = str(match.lastgroup)
            text = match[kind]
            if kind == "expansion":
                parts.append(self._expansion(quoted=False))
                continue
            self.position = match.end()
            if kind == "open":
                raise IncompleteError("unexpected EOF while looking for matching `''")
            if kind == "double":
                parts.append(Literal("", quoted=True))
                self._quoted(parts, _DOUBLE_QUOTES)
            elif kind == "escaped":
                if text != "\n":
                    parts.append(Literal(text or "\\", quoted=True))
            elif kind == "ansi":
                parts.append(Literal(unescape(text), quoted=True))
            else:
                parts.append(Literal(text, quoted=kind == "single"))
        return Word(tuple(parts), self.text[start : self.position])

    def _quoted(self, parts: list[Part], quoting: _Quoting) -> None:
        """Read what is in double quotes, with their end, or the whole of a here-document, where `"` is plain text."""
        while text := self._skip(quoting.plain) or self._peek():
            self.budget.spend(_COST)
            if text == "\\" and (following := self._peek(1)) and following in quoting.escapable:
                is_continued = following == "\n"  # the two lines are one
                parts.append(Literal("" if is_continued else following, quoted=True))
                self.position += 2
            elif text in ("$", "`"):
                parts.append(self._expansion(quoted=True))
            elif text == quoting.end:
                self.position += 1
                return
            else:
                parts.append(Literal(text, quoted=True))
                if text == "\\":
                    self.position += 1
        if quoting.end:
            raise IncompleteError("unexpected EOF while looking for matching `\"'")

    def _expansion(self, *, quoted: bool) -> Part:
        if self._peek() == "`":
            return self._backquoted(quoted=quoted)
        self.position += 1
        if match := _VARIABLE.match(self.text, self.position):
            self.position = match.end()
            name = match["name"] or match["length"] or match["braced"]
            default = self._inner(match["default"]) if match["default"] else None
            return Variable(name, quoted, default, replaces_empty=bool(match["colon"]))
        if self._peek() == "{":
            raise self._refused_brace()
        if match := _ARITHMETIC.match(self.text, self.position):
            self.position = match.end()
            return Arithmetic(self._inner(match[1]), quoted)
        if self._peek() != "(":
            return Literal("$", quoted)
        self.position += 1
        return Substitution(self._nested(self), quoted)

    def _backquoted(self, *, quoted: bool) -> Substitution:
        match = _BACKQUOTED.match(self.text, self.position)
        if not match:
            raise IncompleteError("unexpected EOF while looking for matching ``'")
        self.position = match.end()
        script = _IN_BACKQUOTES.sub(r"\1", match[1])
        closed = Lexer(f"{script}\n)", self.budget, self._nested)  # `nested` reads up to a `)`
        return Substitution(self._nested(closed), quoted)

    def _refused_brace(self) -> Exception:
        end = self.text.find("}", self.position)
        if end < 0:
            return IncompleteError("unexpected EOF while looking for matching `}'")
        return UnsupportedError(f"'${self.text[self.position : end][:41]}}}'")

    def _inner(self, text: str) -> Word:
        """Text in which variables and substitutions are replaced, as between double quotes."""
        lexer = Lexer(text, self.budget, self._nested)
        parts: list[Part] = []
        with self.budget.level():
            lexer._quoted(parts, _HERE_DOCUMENT)
        return Word(tuple(parts), text)

    def _read_here_documents(self) -> None:
        while self.pending:
            document = self.pending.pop(0)
            self.budget.spend(_COST + 20 * len(document.delimiter))
            end = re.compile(rf"(?m:^{re.escape(document.delimiter)}$)").search(self.text, self.position)
            if not end:
                raise IncompleteError(
                    f"warning: here-document delimited by end-of-file (wanted `{document.delimiter}')",
                    document.delimiter,
                )
            text = self.text[self.position : end.start()]
            self.position = end.end() + 1
            document.body = self._inner(text) if document.expand else Word((Literal(text, quoted=True),), text)
