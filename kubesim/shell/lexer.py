"""The lexer: from a command line's text to words and operators, one at a time."""

from __future__ import annotations

import re
from collections.abc import Callable

from kubesim.shell import syntax
from kubesim.shell.machine import Budget
from kubesim.shell.syntax import IncompleteError, Literal, Operator, Part, UnsupportedError, Word

_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_REDIRECT = re.compile(r"([0-9]*)(&>>|&>|<<-|<<<|<<|<&|<>|>>|>&|>\||[<>])(?!\()")
_OPERATOR = re.compile(r"\n|&&|\|\||;;|\|&|<\(|>\(|[|&;()<>]")
_META = " \t\n|&;()<>"
_BARE = re.compile(r"[^ \t\n|&;()<>'\"\\$`]+")
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_IN_HERE = re.compile(r"[^\\$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9@*#?!$-]")
_BRACE = re.compile(r"\{([A-Za-z_][A-Za-z_0-9]*|[0-9@*#?!$-])(?:(:?[-+])([^{}'\"]*))?\}")
_ARITHMETIC = re.compile(r"\(\(((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+)\)\)")
_ANSI = re.compile(r"((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|0?([0-7]{1,3})|([abefnrtv\\'\"])|(c))", re.DOTALL)
_ESCAPES = dict(zip("abefnrtv\\'\"", "\a\b\x1b\f\n\r\t\v\\'\"", strict=True))
_DEPTH = 40
_COST = 60  # units of the line's budget for one token, or one part of a word


def unescape(text: str) -> tuple[str, bool]:
    """`text` with echo -e's and printf's escapes replaced, and whether `\\c` ended it early."""
    done, end = [], 0
    for match in _ESCAPE.finditer(text):
        done.append(text[end : match.start()])
        if match[4]:
            return "".join(done), True
        done.append(_ESCAPES[match[3]] if match[3] else chr(int(match[1] or match[2], 16 if match[1] else 8) & 0xFF))
        end = match.end()
    return "".join([*done, text[end:]]), False


class Lexer:
    """Cuts `text` into tokens; `nested` parses what stands in `$(…)`, with this same lexer, up to its `)`."""

    def __init__(self, text: str, budget: Budget, nested: Callable[[Lexer], syntax.Script], depth: int = 0) -> None:
        self.text = text
        self.position = 0
        self.pending: list[syntax.HereDocument] = []
        self.budget = budget
        self._nested = nested
        self._depth = depth

    def next(self) -> Word | Operator | None:
        """The next token, or None at the end."""
        self.budget.spend(_COST)
        self._skip(_BLANK)
        if match := _REDIRECT.match(self.text, self.position):
            self.position = match.end()
            return Operator(match[2], match[1])
        if match := _OPERATOR.match(self.text, self.position):
            self.position = match.end()
            if match[0] == "\n":
                self._read_here_documents()
            return Operator(match[0])
        if self.position < len(self.text):
            return self._word()
        if self.pending:
            self._here_document_ends(self.pending[0])
        return None

    def deeper(self) -> None:
        """Count one more level of nesting. Raises UnsupportedError where it is too deep."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise UnsupportedError(f"nesting of more than {_DEPTH} levels")

    def shallower(self) -> None:
        """Leave a level that `deeper` entered."""
        self._depth -= 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return match[0] if match else ""

    def _peek(self, offset: int = 0) -> str:
        return self.text[self.position + offset : self.position + offset + 1]

    def _word(self) -> Word:
        start, parts = self.position, list[Part]()
        while (character := self._peek()) and character not in _META:
            self.budget.spend(_COST)
            if bare := self._skip(_BARE):
                parts.append(Literal(bare))
            else:
                self._special(parts)
        return Word(tuple(parts), self.text[start : self.position])

    def _special(self, parts: list[Part]) -> None:
        match self._peek():
            case "'":
                parts.append(Literal(self._until("'"), quoted=True))
            case '"':
                self._double(parts)
            case "\\":
                self._backslash(parts)
            case "$" if self._peek(1) == "'":
                self.position += 1
                parts.append(self._ansi())
            case "$" if self._peek(1) == '"':
                self.position += 1
            case _:
                parts.append(self._expansion(quoted=False))

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.position + 1)
        if end < 0:
            raise IncompleteError(f"unexpected EOF while looking for matching `{quote}'")
        text = self.text[self.position + 1 : end]
        self.position = end + 1
        return text

    def _ansi(self) -> Literal:
        match = _ANSI.match(self.text, self.position + 1)
        if not match:
            raise IncompleteError("unexpected EOF while looking for matching `''")
        self.position = match.end()
        return Literal(unescape(match[1])[0], quoted=True)

    def _backslash(self, parts: list[Part]) -> None:
        following = self._peek(1)
        if following != "\n":
            parts.append(Literal(following or "\\", quoted=True))
        self.position += 2 if following else 1

    def _double(self, parts: list[Part]) -> None:
        self.position += 1
        parts.append(Literal("", quoted=True))
        self._quoted(parts, _IN_DOUBLE, '$`"\\\n')
        if not self._peek():
            raise IncompleteError("unexpected EOF while looking for matching `\"'")
        self.position += 1

    def _quoted(self, parts: list[Part], plain: re.Pattern[str], escapable: str) -> None:
        """Read what quotes or a here-document hold, up to a character that is none of it."""
        while text := self._skip(plain) or self._peek():
            self.budget.spend(_COST)
            if text == "\\" and (following := self._peek(1)) and following in escapable:
                parts.append(Literal(following if following != "\n" else "", quoted=True))
                self.position += 2
            elif text in ("$", "`"):
                parts.append(self._expansion(quoted=True))
            elif text == '"' and '"' in escapable:
                return
            else:
                parts.append(Literal(text, quoted=True))
                self.position += text == "\\"

    def _expansion(self, *, quoted: bool) -> Part:
        if self._peek() == "`":
            return syntax.Substitution(self._backquoted(), quoted)
        self.position += 1
        match = _NAME.match(self.text, self.position)
        if match:
            self.position = match.end()
            return syntax.Variable(match[0], quoted)
        match self._peek():
            case "(":
                return self._parenthesis(quoted=quoted)
            case "{":
                return self._brace(quoted=quoted)
            case _:
                return Literal("$", quoted)

    def _parenthesis(self, *, quoted: bool) -> Part:
        if self._peek(1) == "(" and (match := _ARITHMETIC.match(self.text, self.position)):
            self.position = match.end()
            return syntax.Arithmetic(self._inner(match[1]), quoted)
        self.position += 1
        self.deeper()
        script = self._nested(self)
        self.shallower()
        return syntax.Substitution(script, quoted)

    def _brace(self, *, quoted: bool) -> syntax.Variable:
        end = self.text.find("}", self.position)
        if end < 0:
            raise IncompleteError("unexpected EOF while looking for matching `}'")
        match = _BRACE.match(self.text, self.position)
        if not match:
            raise UnsupportedError(f"'${self.text[self.position : end][:41]}}}'")
        self.position = match.end()
        return syntax.Variable(match[1], quoted, match[2] or "", self._inner(match[3]) if match[2] else None)

    def _inner(self, text: str) -> Word:
        """Text in which variables and substitutions are replaced, as between double quotes."""
        lexer, parts = Lexer(text, self.budget, self._nested, self._depth + 1), list[Part]()
        lexer._quoted(parts, _IN_HERE, "$`\\\n")
        return Word(tuple(parts), text)

    def _backquoted(self) -> syntax.Script:
        source = self._until("`")
        if "\\" in source:
            raise UnsupportedError("a backslash between backquotes")
        self.deeper()
        script = self._nested(Lexer(source + ")", self.budget, self._nested, self._depth))
        self.shallower()
        return script

    def _read_here_documents(self) -> None:
        while self.pending:
            document = self.pending.pop(0)
            lines = []
            while (line := self._line(document)) != document.delimiter:
                lines.append(line + "\n")
            document.body = self._body("".join(lines), expand=document.expand)

    def _line(self, document: syntax.HereDocument) -> str:
        if self.position >= len(self.text):
            self._here_document_ends(document)
        end = self.text.find("\n", self.position)
        end = end if end >= 0 else len(self.text)
        line = self.text[self.position : end]
        self.position = end + 1
        return line.lstrip("\t") if document.strip_tabs else line

    def _here_document_ends(self, document: syntax.HereDocument) -> None:
        raise IncompleteError(f"warning: here-document delimited by end-of-file (wanted `{document.delimiter}')")

    def _body(self, text: str, *, expand: bool) -> Word:
        return self._inner(text) if expand else Word((Literal(text, quoted=True),), text)
