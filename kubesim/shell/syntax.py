"""What a command line means: the tree that the parser makes and the interpreter walks.

Follows the grammar of POSIX.1-2024, Shell Command Language, 2.10, as far as bash 5.2 is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class ShellSyntaxError(Exception):
    """The text is no command line; the message is bash's."""


class IncompleteError(ShellSyntaxError):
    """The text ends too early: a terminal would show "> " and read on."""


class UnsupportedError(Exception):
    """The text is right for bash, but holds something that is not simulated; the message names it."""


@dataclass(frozen=True)
class Literal:  # text that stands for itself; where `quoted`, its `*?[` are no pattern
    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Variable:  # `$name`, or `${name:-word}` with its operator and word
    name: str
    quoted: bool
    operator: str = ""
    word: Word | None = None


@dataclass(frozen=True)
class Substitution:  # `$(script)`
    script: Script
    quoted: bool


@dataclass(frozen=True)
class Arithmetic:  # `$((expression))`
    expression: Word
    quoted: bool


Part = Literal | Variable | Substitution | Arithmetic


@dataclass(frozen=True)
class Word:  # One word as typed (`source`) and what it is made of
    parts: tuple[Part, ...]
    source: str

    @property
    def bare(self) -> str | None:
        """The text, if no part of it is quoted or to be expanded."""
        match self.parts:
            case (Literal(text, False),):
                return text
        return None


@dataclass(frozen=True)
class Operator:  # `|`, `&&`, newline … A redirection has the digits before it as `descriptor`; for others that is None
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


@dataclass(frozen=True)
class Redirect:  # `2> file`: the descriptor, the operator, and a word or a here-document
    descriptor: int
    operator: str
    target: Word | HereDocument


@dataclass(frozen=True)
class Simple:  # `NAME=value command argument > file`
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class For:  # `for name in words; do body; done`
    name: str
    words: tuple[Word, ...]
    body: Script


@dataclass(frozen=True)
class If:  # `if …; then …; elif …; else …; fi`: pairs of a condition and what follows it
    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script


@dataclass(frozen=True)
class While:  # `while …; do …; done`; `until` waits for the opposite
    condition: Script
    body: Script
    until: bool


@dataclass(frozen=True)
class Group:  # `{ …; }`, or `( … )` in a shell of its own
    body: Script
    subshell: bool


@dataclass(frozen=True)
class Compound:  # A command made of commands, with its redirections
    body: For | If | While | Group
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Pipeline:  # `! one | two`
    commands: tuple[Simple | Compound, ...]
    negated: bool


@dataclass
class AndOr:  # `one && two || three`: the first pipeline, then operators with theirs; `&` puts it in the background
    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]
    background: bool = False


@dataclass(frozen=True)
class Script:  # Lists of commands, one after the other
    items: tuple[AndOr, ...] = ()
