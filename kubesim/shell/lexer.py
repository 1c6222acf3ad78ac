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
_PART = re.compile(
    r"(?P<bare>[^ \t\n|&;()<>'\"\\$`]+)|'(?P<single>[^']*)'|\$'(?P<ansi>(?:[^'\\]|\\.)*)'|\$?(?P<double>\")"
    r"|\\(?P<escaped>.?)|(?P<expansion>[$`])|(?P<open>')",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_IN_HERE = re.compile(r"[^\\$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9@*#?!$-]")
_BRACE = re.compile(r"\{([A-Za-z_][A-Za-z_0-9]*|[0-9@*#?!$-])(?:(:?[-+])([^{}'\"]*))?\}")
_ARITHMETIC = re.compile(r"\(\(((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+)\)\)")
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
        self._depth -= 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return match[0] if match else ""

    def _peek(self, offset: int = 0) -> str:
        return self.text[self.position + offset : self.position + offset + 1]

    def _word(self) -> Word:
        start, parts = self.position, list[Part]()
        while match := _PART.match(self.text, self.position):
            self.budget.spend(_COST)
            kind, text = str(match.lastgroup), match[str(match.lastgroup)]
            if kind == "expansion":
                parts.append(self._expansion(quoted=False))
                continue
            self.position = match.end()
            if kind == "open":
                raise IncompleteError("unexpected EOF while looking for matching `''")
            if kind == "double":
                self._double(parts)
            elif kind == "escaped":
                parts += [Literal(text or "\\", quoted=True)] if text != "\n" else []
            else:
                parts.append(Literal(unescape(text)[0] if kind == "ansi" else text, quoted=kind != "bare"))
        return Word(tuple(parts), self.text[start : self.position])

    def _double(self, parts: list[Part]) -> None:
        parts.append(Literal("", quoted=True))
        self._quoted(parts, _IN_DOUBLE, '$`"\\\n')
        if not self._peek():
            raise IncompleteError("unexpected EOF while looking for matching `\"'")
        self.position += 1

    def _quoted(self, parts: list[Part], plain: re.Pattern[str], escapable: str) -> None:
        """Read what is in quotes or a here-document, up to a character that doesn't belong to it."""
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
        if match := _NAME.match(self.text, self.position):
            self.position = match.end()
            return syntax.Variable(match[0], quoted)
        if self._peek() == "{":
            return self._brace(quoted=quoted)
        if match := _ARITHMETIC.match(self.text, self.position):
            self.position = match.end()
            return syntax.Arithmetic(self._inner(match[1]), quoted)
        if self._peek() != "(":
            return Literal("$", quoted)
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
        end = self.text.find("`", self.position + 1)
        if end < 0:
            raise IncompleteError("unexpected EOF while looking for matching ``'")
        source = self.text[self.position + 1 : end]
        self.position = end + 1
        if "\\" in source:
            raise UnsupportedError("a backslash between backquotes")
        self.deeper()
        script = self._nested(Lexer(source + ")", self.budget, self._nested, self._depth))
        self.shallower()
        return script

    def _read_here_documents(self) -> None:
        while self.pending:
            document, lines = self.pending.pop(0), list[str]()
            while (line := self._line(document)) != document.delimiter:
                lines.append(line + "\n")
            text = "".join(lines)
            document.body = self._inner(text) if document.expand else Word((Literal(text, quoted=True),), text)

    def _line(self, document: syntax.HereDocument) -> str:
        if self.position >= len(self.text):
            self._here_document_ends(document)
        start, end = self.position, self.text.find("\n", self.position)
        self.position = (end if end >= 0 else len(self.text)) + 1
        line = self.text[start : self.position - 1]
        return line.lstrip("\t") if document.strip_tabs else line

    def _here_document_ends(self, document: syntax.HereDocument) -> None:
        raise IncompleteError(f"warning: here-document delimited by end-of-file (wanted `{document.delimiter}')")
