"""What a command line means: the tree that the parser makes and the interpreter walks.

Follows the grammar of POSIX.1-2024, Shell Command Language, 2.10, as far as bash 5.2 is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class ShellSyntaxError(Exception):
    """The text is no command line; the message is bash's."""


class IncompleteError(ShellSyntaxError):
    """The text ends too early: a terminal would show "> " and read on."""


class UnsupportedError(Exception):
    """The text is right for bash, but holds something that is not simulated; the message names it."""


class Literal(NamedTuple):  # text that stands for itself; where `quoted`, its `*?[` are no pattern
    text: str
    quoted: bool = False


class Variable(NamedTuple):  # `$name`, or `${name:-word}` with its operator and word
    name: str
    quoted: bool
    operator: str = ""
    word: Word | None = None


class Substitution(NamedTuple):  # `$(script)`
    script: Script
    quoted: bool


class Arithmetic(NamedTuple):  # `$((expression))`
    expression: Word
    quoted: bool


Part = Literal | Variable | Substitution | Arithmetic


class Word(NamedTuple):  # One word as typed (`source`) and what it is made of
    parts: tuple[Part, ...]
    source: str

    @property
    def bare(self) -> str | None:
        """The text, if no part of it is quoted or to be expanded."""
        match self.parts:
            case (Literal(text, False),):
                return text
        return None


class Operator(
    NamedTuple
):  # `|`, `&&`, newline … A redirection has the digits before it as `descriptor`; for others that is None
    text: str
    descriptor: str | None = None

    @property
    def source(self) -> str:
        """How a syntax error names it."""
        return "newline" if self.text == "\n" else self.text


@dataclass
class HereDocument:  # The lines that follow `<<`; the body is filled in when the lexer comes to them
    delimiter: str
    expand: bool
    strip_tabs: bool
    body: Word = field(default_factory=lambda: Word((), ""))


class Redirect(NamedTuple):  # `2> file`: the descriptor, the operator, and a word or a here-document
    descriptor: int
    operator: str
    target: Word | HereDocument


class Simple(NamedTuple):  # `NAME=value command argument > file`
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class For(NamedTuple):  # `for name in words; do body; done`
    name: str
    words: tuple[Word, ...]
    body: Script


class If(NamedTuple):  # `if …; then …; elif …; else …; fi`: pairs of a condition and what follows it
    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script


class While(NamedTuple):  # `while …; do …; done`; `until` waits for the opposite
    condition: Script
    body: Script
    until: bool


class Group(NamedTuple):  # `{ …; }`, or `( … )` in a shell of its own
    body: Script
    subshell: bool


class Compound(NamedTuple):  # A command made of commands, with its redirections
    body: For | If | While | Group
    redirects: tuple[Redirect, ...]


class Pipeline(NamedTuple):  # `! one | two`
    commands: tuple[Simple | Compound, ...]
    negated: bool


@dataclass
class AndOr:  # `one && two || three`: the first pipeline, then operators with theirs; `&` puts it in the background
    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]
    background: bool = False


class Script(NamedTuple):  # Lists of commands, one after the other
    items: tuple[AndOr, ...] = ()
