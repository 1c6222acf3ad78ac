"""Go templates: from text to tokens.

Mirrors text/template/parse/lex.go, Go 1.26.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kubesim.gojson import quote
from kubesim.kubectl.formats.golang import code_point


@dataclass(frozen=True)
class Token:
    """A word of a template. `spaced` says that white space stands before it."""

    kind: str
    text: str
    at: int
    line: int
    spaced: bool = False

    def __str__(self) -> str:
        if self.kind in ("EOF", "error"):
            return self.text
        if self.kind in ("keyword", "dot", "nil"):
            return f"<{self.text}>"
        return quote(self.text) if len(self.text) <= 10 else quote(self.text[:10]) + "..."


_KEYWORDS = {"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"}
_OPEN = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_CLOSE = re.compile(r"([ \t\r\n]-)?\}\}")
_WORD_END = re.compile(r"[ \t\r\n.,|:()]|\}\}|$")
_DIGITS = r"(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_TOKENS = {
    "declare": re.compile(r":="),
    "assign": re.compile(r"="),
    "pipe": re.compile(r"\|"),
    "string": re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'),
    "raw": re.compile(r"`[^`]*`"),
    "rune": re.compile(r"'(?:[^'\\\n]|\\[^\n])*'"),
    "variable": re.compile(r"\$\w*"),
    "field": re.compile(r"\.[^\W\d]\w*"),
    "number": re.compile(f"[+-]?{_DIGITS}"),
    "dot": re.compile(r"\."),
    "word": re.compile(r"\w+"),
    "(": re.compile(r"\("),
    ")": re.compile(r"\)"),
    "char": re.compile(r"[!-~]"),
}
OPERANDS = {"bool", "rune", "dot", "field", "word", "number", "nil", "raw", "string", "variable", "("}
_UNTERMINATED = {'"': "quoted string", "`": "raw quoted string", "'": "character constant"}


class Lexer:
    """Cuts a template into tokens, the last of which is EOF or an error."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._trim = False

    def tokens(self) -> Iterator[Token]:
        """The tokens in their order."""
        while True:
            start, opening = self._at, _OPEN.search(self._text, self._at)
            text = self._text[start : opening.start() if opening else None]
            text = text.lstrip(" \t\r\n") if self._trim else text
            text = text.rstrip(" \t\r\n") if opening and opening[0] == "{{-" else text
            if text:
                yield self._token("text", text, start)
            if opening is None:
                yield self._token("EOF", "EOF", len(self._text))
                return
            self._at = opening.end()
            for token in self._comment(opening) or self._action(opening.start()):
                yield token
                if token.kind == "error":
                    return

    def _token(self, kind: str, text: str, at: int, spaced: bool = False) -> Token:
        return Token(kind, text, at, 1 + self._text.count("\n", 0, at), spaced)

    def _close(self, at: int) -> bool:
        """Pass the closing delimiter at `at`, if there is one."""
        match = _CLOSE.match(self._text, at)
        if match:
            self._at = match.end()
            self._trim = bool(match[1])
        return match is not None

    def _skip_space(self) -> bool:
        start = self._at
        while self._text[self._at : self._at + 1] in (" ", "\t", "\r", "\n"):
            self._at += 1
        return self._at > start

    def _comment(self, opening: re.Match[str]) -> list[Token]:
        """Pass a comment. An error, or an empty text where all is well; nothing where there is no comment."""
        start = self._at + (opening[0] == "{{-")
        if not self._text.startswith("/*", start):
            return []
        end = self._text.find("*/", start)
        if end < 0:
            return [self._token("error", "unclosed comment", start)]
        if not self._close(end + 2):
            return [self._token("error", "comment ends before closing delimiter", start)]
        return [self._token("text", "", start)]

    def _action(self, start: int) -> Iterator[Token]:
        yield self._token("{{", "{{", start)
        self._depth = 0
        while True:
            spaced = self._skip_space()
            at = self._at
            if self._close(at) or (spaced and self._close(at - 1)):
                yield self._token("error", "unclosed left paren", at) if self._depth else self._token("}}", "}}", at)
                return
            yield self._word(spaced)

    def _word(self, spaced: bool) -> Token:
        start = self._at
        if start == len(self._text):
            return self._token("error", "unclosed action", start)
        for kind, pattern in _TOKENS.items():
            match = pattern.match(self._text, start)
            if match:
                self._at = match.end()
                return self._checked(kind, match[0], start, spaced)
        return self._token("error", f"unrecognized character in action: {code_point(self._text[start])}", start)

    def _checked(self, kind: str, text: str, start: int, spaced: bool) -> Token:
        problem = self._problem(kind, text)
        if problem:
            return self._token("error", problem, start)
        if kind == "word":
            kind = "keyword" if text in _KEYWORDS else {"nil": "nil", "true": "bool", "false": "bool"}.get(text, kind)
        return self._token(kind, text, start, spaced)

    def _problem(self, kind: str, text: str) -> str:
        following = self._text[self._at : self._at + 1]
        if kind == "char" and text in _UNTERMINATED:
            return f"unterminated {_UNTERMINATED[text]}"
        if kind == "char" and text == ":":
            return "expected :="
        if kind == "number" and following and (following.isalnum() or following == "_"):
            return f"bad number syntax: {quote(text + following)}"
        if kind in ("word", "field", "variable") and not _WORD_END.match(self._text, self._at):
            return f"bad character {code_point(following)}"
        self._depth += {"(": 1, ")": -1}.get(kind, 0)
        return "unexpected right paren" if self._depth < 0 else ""
