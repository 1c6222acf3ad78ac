"""What a command line means: its words and its tree, which the lexer and the parser make and the interpreter walks.

Follows the grammar of POSIX.1-2024, Shell Command Language, 2.10, as far as bash 5.2 is simulated.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeGuard

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)=")


class ShellError(Exception):
    """A line that bash gives up on; the message is bash's."""

    status = 1
    speaker = ""  # who says so, instead of the shell


class ProtectedTargetError(ShellError):
    """A redirection to a file that no command may change; bash would change it."""

    speaker = "kubesim"


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


def is_bare(part: Part) -> TypeGuard[Literal]:
    """Whether a part is text that is not quoted."""
    return isinstance(part, Literal) and not part.quoted


def assignment(word: Word) -> tuple[str, Word] | None:
    """The name and the value of `NAME=value`, or None."""
    first = word.parts[0] if word.parts else None
    if not first or not is_bare(first) or not (match := ASSIGNMENT.match(first.text)):
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
        return self.parts[0].text if len(self.parts) == 1 and is_bare(self.parts[0]) else None


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
