"""The tree of a command line, which the lexer and the parser build and the interpreter walks.

Follows the grammar of POSIX.1-2024, Shell Command Language, 2.10, as far as bash 5.2 is simulated.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeGuard

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)=")


class ShellError(Exception):
    """An error at which bash gives up the line. The message is bash's."""

    status = 1
    speaker = ""  # the prefix of the message, instead of the shell's name


class ProtectedTargetError(ShellError):
    """A redirection to a file that is protected here. bash would write to it."""

    speaker = "kubesim"


class ShellSyntaxError(ShellError):
    """Text that is no valid command line."""

    status = 2


class IncompleteError(ShellSyntaxError):
    """Text that ends too early. A terminal would show "> " and read on, up to `end_mark` if that is known."""

    def __init__(self, message: str, end_mark: str = "") -> None:
        super().__init__(message)
        self.end_mark = end_mark


class UnsupportedError(Exception):
    """Valid input for bash that isn't simulated. The message names it."""

    @property
    def sentence(self) -> str:
        return f"kubesim: {self} is not part of this simulator\n"


class Literal(NamedTuple):
    """Literal text. If it is `quoted`, its `*?[` are no file name pattern."""

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


Part = Literal | Variable | Substitution


def is_bare(part: Part) -> TypeGuard[Literal]:
    """True for unquoted literal text."""
    return isinstance(part, Literal) and not part.quoted


def assignment(word: Word) -> tuple[str, Word] | None:
    """The name and the value of `NAME=value`, or None."""
    first = word.parts[0] if word.parts else None
    if not first or not is_bare(first) or not (match := ASSIGNMENT.match(first.text)):
        return None
    value = Literal(first.text[match.end() :])
    return match[1], Word((value, *word.parts[1:]), word.source[match.end() :])


class Word(NamedTuple):
    """A word: its parts, and its `source` as typed."""

    parts: tuple[Part, ...]
    source: str

    @property
    def bare(self) -> str | None:
        """The text of a word without quotes and expansions, else None."""
        return self.parts[0].text if len(self.parts) == 1 and is_bare(self.parts[0]) else None


Words = tuple[Word, ...]


class Operator(NamedTuple):
    """`|`, `&&`, newline …"""

    text: str
    descriptor: str | None = None  # the digits before a redirection, "" if there are none; None for other operators


# The result of the lexer; None at the end of the text.
Token = Word | Operator | None


class HereDocument:
    """The lines after `<<`. The lexer sets `body` when it reaches them, after the Redirect was made."""

    def __init__(self, delimiter: str, expand: bool) -> None:
        self.delimiter = delimiter
        self.expand = expand
        self.body = Word((), "")


class Redirect(NamedTuple):
    """`2> file`: the descriptor, the operator and its word, and the document of `<<`."""

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
    """`for`, `if`, `while`, `until`, `{` or `(`: its scripts in order, and the variable and words of `for`."""

    keyword: str
    scripts: tuple[Script, ...]
    redirects: tuple[Redirect, ...]
    name: str = ""
    words: Words = ()


class Job(NamedTuple):
    """`(sleep N; …) &`: what runs after `seconds`, while the rest of the line goes on."""

    seconds: float
    script: Script
    redirects: tuple[Redirect, ...]


Command = Simple | Compound | Job


class Pipeline(NamedTuple):
    """`! one | two`, and the operator before it: `;`, `&&` or `||`."""

    operator: str
    commands: tuple[Command, ...]
    negated: bool


Script = tuple[Pipeline, ...]
