"""The lexer: cuts the text of a command line into words, with their parts, and operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from kubesim.api.budget import Budget
from kubesim.shell.syntax import (
    HereDocument,
    IncompleteError,
    Literal,
    Operator,
    Part,
    Script,
    ShellSyntaxError,
    Substitution,
    Token,
    UnsupportedError,
    Variable,
    Word,
)

_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_REDIRECT = re.compile(r"([0-9]{0,9})(&>>|&>|<<-|<<<|<<|<&|<>|>>|>&|>\||[<>])(?!\()")
_OPERATOR = re.compile(r"\n|&&|\|\||;;|\|&|<\(|>\(|[|&;()<>]")
_NAME = "[A-Za-z_][A-Za-z_0-9]*"
_PARAMETER = "[0-9@*#?!$-]"  # a positional or special parameter
# The forms after a `$`: name, {#name}, {name} or {name:-default}.
_VARIABLE = re.compile(
    rf"(?P<name>{_NAME}|{_PARAMETER})"
    rf"|\{{(?:(?P<length>#{_NAME})"
    rf"|(?P<braced>PIPESTATUS\[(?:@|[0-9]{{1,5}})\]|{_NAME}|{_PARAMETER})"
    r"(?:(?P<colon>:?)-(?P<default>[^{}'\"]*))?)\}"
)
_BACKQUOTED = re.compile(r"((?:[^`\\]|\\.)*+)`", re.DOTALL)
_COST = 60  # steps for one token, or one part of a word

# The escapes of `echo -e`: the character after the backslash, and its replacement.
ECHO_ESCAPES = dict(zip("abeEfnrtv\\", "\a\b\x1b\x1b\f\n\r\t\v\\", strict=True))
# The escapes of printf and `$'…'`.
ESCAPES = ECHO_ESCAPES | dict(zip("'\"?", "'\"?", strict=True))


def unescape(text: str, escapes: Mapping[str, str] = ESCAPES) -> str:
    """`text` with its escapes replaced. Raises UnsupportedError for escapes of bytes and code points, and for `\\c`."""

    def character(match: re.Match[str]) -> str:
        if match[1] in "01234567cuxU":
            raise UnsupportedError(f"the escape '{match[0]}'")
        return escapes.get(match[1], match[0])

    return re.sub(r"(?s)\\(.)", character, text)


class _Quoting(NamedTuple):
    """The rules of a context: outside quotes, in double quotes, or in a here-document.

    `part` matches the next part of a word. The name of the group that matched is the kind of the part; see
    Lexer._parts.
    """

    part: re.Pattern[str]
    is_quoted: bool
    escapable: str = r"[`$\\]"  # the characters that a backslash escapes within backquotes


_BARE = _Quoting(
    re.compile(
        r"(?P<plain>[^ \t\n|&;()<>'\"\\$`]+)|'(?P<single>[^']*)'|\$'(?P<ansi>(?:[^'\\]|\\.)*)'|\$?(?P<double>\")"
        r"|\\(?P<escaped>.?)|(?P<expansion>[$`])|(?P<open>')",
        re.DOTALL,
    ),
    is_quoted=False,
)
_DOUBLE_QUOTES = _Quoting(
    re.compile(
        r"(?P<plain>[^\"\\$`]+)|\\(?P<escaped>[$`\"\\\n])|(?P<backslash>\\)|(?P<expansion>[$`])|(?P<end>\")|(?P<open>\Z)"
    ),
    is_quoted=True,
    escapable=r"[`$\\\"]",
)
_HERE_DOCUMENT = _Quoting(
    re.compile(r"(?P<plain>[^\\$`]+)|\\(?P<escaped>[$`\\\n])|(?P<backslash>\\)|(?P<expansion>[$`])"),
    is_quoted=True,
)


class Lexer:
    """Cuts `text` into tokens. `nested` parses the script in `$(…)` with this lexer, up to its `)`.

    The parser appends the document of each `<<` to `pending`. At the next newline, the lexer reads its body.
    """

    def __init__(self, text: str, budget: Budget, nested: Callable[[Lexer], Script]) -> None:
        self.text = text
        self.position = 0
        self.pending: list[HereDocument] = []
        self.budget = budget
        self._nested = nested

    def next(self) -> Token:
        """The next token. At a newline, the bodies of pending here-documents are read."""
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
        """True if `text` follows immediately, without a blank."""
        return self.text.startswith(text, self.position)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if not match:
            return ""
        self.position = match.end()
        return match[0]

    def _word(self) -> Word:
        start = self.position
        parts = tuple(self._parts(_BARE))
        return Word(parts, self.text[start : self.position])

    def _parts(self, quoting: _Quoting) -> Iterator[Part]:
        """Read parts up to the end of the word, the closing double quote (included), or the end of the text."""
        while match := quoting.part.match(self.text, self.position):
            self.budget.spend(_COST)
            self.position = match.end()
            kind = str(match.lastgroup)
            text = match[kind]
            if kind == "end":
                return
            if kind == "open":
                mark = text or '"'
                raise IncompleteError(f"unexpected EOF while looking for matching `{mark}'")
            if kind == "expansion":
                yield self._backquoted(quoting) if text == "`" else self._expansion(quoting.is_quoted)
            elif kind == "double":
                yield Literal("", quoted=True)
                yield from self._parts(_DOUBLE_QUOTES)
            elif kind == "ansi":
                yield Literal(unescape(text), quoted=True)
            elif kind != "escaped":
                yield Literal(text, quoting.is_quoted or kind == "single")
            elif text != "\n":  # a backslash before a newline joins the lines
                yield Literal(text or "\\", quoted=True)

    def _expansion(self, quoted: bool) -> Part:
        """The expansion after a `$`."""
        if match := _VARIABLE.match(self.text, self.position):
            self.position = match.end()
            name = match["name"] or match["length"] or match["braced"]
            default = self._inner(match["default"]) if match["default"] else None
            return Variable(name, quoted, default, replaces_empty=bool(match["colon"]))
        if self.is_before("{"):
            raise self._refused_brace()
        if not self.is_before("("):
            return Literal("$", quoted)
        if self.is_before("(("):
            raise UnsupportedError("'$((…))'")
        self.position += 1
        return Substitution(self._nested(self), quoted)

    def _backquoted(self, quoting: _Quoting) -> Substitution:
        """The substitution after a backquote.

        A syntax error in it ends the line. bash would go on with the next command.
        """
        match = _BACKQUOTED.match(self.text, self.position)
        if not match:
            raise IncompleteError("unexpected EOF while looking for matching ``'")
        self.position = match.end()
        script = re.sub(rf"\\({quoting.escapable})", r"\1", match[1])
        closed = Lexer(f"{script}\n)", self.budget, self._nested)  # `nested` reads up to a `)`
        substitution = Substitution(self._nested(closed), quoting.is_quoted)
        if closed.position < len(closed.text):
            raise ShellSyntaxError("syntax error near unexpected token `)'")
        return substitution

    def _refused_brace(self) -> Exception:
        end = self.text.find("}", self.position)
        if end < 0:
            return IncompleteError("unexpected EOF while looking for matching `}'")
        return UnsupportedError(f"'${self.text[self.position : end][:41]}}}'")

    def _inner(self, text: str) -> Word:
        """Parse text in which variables and substitutions are expanded, as between double quotes."""
        lexer = Lexer(text, self.budget, self._nested)
        with self.budget.level():
            return Word(tuple(lexer._parts(_HERE_DOCUMENT)), text)

    def _read_here_documents(self) -> None:
        """Read the bodies of all here-documents that began on the line before."""
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
