"""POSIX regular expressions, basic and extended, with GNU's additions, in bounded time.

Python's `re` backtracks, so a learner's `(a+)+$` could block it. Here a pattern becomes a tree. For each part of the
tree, `_ends` maps a set of start positions to the set of end positions of its matches, so that no path through the text
is tried twice. Of the matches with the first start, the longest wins, as POSIX requires. The contents of groups aren't
known in this way, so back-references are refused.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise, zip_longest
from math import inf
from typing import NamedTuple

from kubesim.api.budget import Budget
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import ToolError

_TOKEN_COST = 200  # to read and compile a token
_LETTER_COST = 40  # for each character of a token; a bracket may be as long as the pattern
_PART_COST = 2  # to try a part at one position
BRACKET = r"\[\^?+\]?+(?:\[[:.=][^\]:.=]*[:.=]\]|[^\]])*+\]"
_REST = rf"\\.|{BRACKET}|."
_TOKEN = re.compile(r"\{[0-9]+\}|\{[0-9]*,[0-9]*\}|" + _REST, re.DOTALL)
_BASIC_TOKEN = re.compile(r"\\\{[0-9]*,?[0-9]*\\\}|" + _REST, re.DOTALL)
_REPEATS = {"*": "{0,}", "+": "{1,}", "?": "{0,1}"}
# Operators that the basic syntax writes with a backslash, and the extended without one.
_BACKSLASHED = ("(", ")", "|", "{", "+", "?")
_ESCAPES = {"w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S"}
_ESCAPES |= {"b": r"\b", "B": r"\B", "<": r"\b(?=\w)", ">": r"\b(?<=\w)"}
_SINGLE = {"^": r"\A", "$": r"\Z", ".": "."}
CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t-\r",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "cntrl": r"\x00-\x1f\x7f",
}


class Span(NamedTuple):
    """The place of a match: `end` is behind its last character."""

    begin: int
    end: int


class Single(NamedTuple):
    """A part that matches one character, or an empty place such as a word's edge."""

    pattern: re.Pattern[str]


class Series(NamedTuple):
    """A sequence of parts."""

    parts: Sequence[Part]


class Alternatives(NamedTuple):
    """A choice between parts."""

    parts: Sequence[Part]


class Repeat(NamedTuple):
    """A repeated part."""

    part: Part
    least: int
    most: float  # inf for no limit


Part = Single | Series | Alternatives | Repeat


def with_characters(pattern: str) -> str:
    r"""Replace `\n` and `\t` in a pattern by a newline and a tab, as sed and awk do. grep doesn't."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[0]), pattern)


class Regex:
    """A compiled list of patterns, basic or `extended`. A line matches if one of them does.

    Compiling and searching are paid from `budget`. Raises UnsupportedError, and ToolError with GNU's message.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        budget: Budget,
        *,
        extended: bool = False,
        ignores_case: bool = False,
        whole_words: bool = False,
    ) -> None:
        """Parse `patterns` to one tree of alternatives."""
        self.budget = budget
        flags = re.DOTALL | re.IGNORECASE if ignores_case else re.DOTALL
        parsers = [_Parser(_tokens(pattern, budget, extended=extended), budget, flags) for pattern in patterns]
        self._tree: Part = Alternatives([parser.parse() for parser in parsers])
        if whole_words:
            self._tree = Series([Single(re.compile(r"(?<!\w)")), self._tree, Single(re.compile(r"(?!\w)"))])

    def search(self, text: str, start: int = 0) -> Span | None:
        """The first match at or after `start`, the longest of those that begin there."""
        places = range(start, len(text) + 1)
        if not self._ends(self._tree, text, places):
            return None
        # Bisect the positions by "a match begins at or before this one", which is true from the first match on.
        begin = places[bisect_left(places, True, key=lambda last: self._begins_by(text, start, last))]
        return Span(begin, max(self._ends(self._tree, text, [begin])))

    def _begins_by(self, text: str, start: int, last: int) -> bool:
        """True if a match begins between two positions, both included."""
        return bool(self._ends(self._tree, text, range(start, last + 1)))

    def find_all(self, text: str) -> Iterator[Span]:
        """All matches that don't overlap."""
        start = 0
        while span := self.search(text, start):
            yield span
            start = max(span.end, span.begin + 1)

    def _ends(self, part: Part, text: str, starts: Collection[int]) -> set[int]:
        """The end positions of a part's matches that begin at any of `starts`."""
        self.budget.spend(_PART_COST * (len(starts) + 1))
        match part:
            case Single(pattern):
                matches = (pattern.match(text, start) for start in starts)
                return {match.end() for match in matches if match}
            case Series(parts):
                for item in parts:
                    starts = self._ends(item, text, starts)
                return set(starts)
            case Alternatives(parts):
                return {end for item in parts for end in self._ends(item, text, starts)}
        return self._ends_of_repeat(part, text, starts)

    def _ends_of_repeat(self, repeat: Repeat, text: str, starts: Collection[int]) -> set[int]:
        """The end positions of a repeated part: those after `least` repetitions, and after each further one."""
        reached = set(starts)
        for _ in range(repeat.least):
            reached = self._ends(repeat.part, text, reached)
        every = set(reached)
        rounds = repeat.least
        while reached and rounds < repeat.most:
            reached = self._ends(repeat.part, text, reached) - every
            every |= reached
            rounds += 1
        return every


def _bounds(token: str) -> tuple[int, float]:
    """The least and the largest number of repetitions in `{2}`, `{2,}` or `{2,5}`."""
    match = re.fullmatch(r"\{(?!\})([0-9]{0,3})(,?)([0-9]{0,3})\}", token)
    if match:
        first, comma, last = match.groups()
        least = int(first or 0)
        most = inf if comma and not last else int(last or least)
        if least <= most:
            return least, most
    raise ToolError("Invalid content of \\{\\}")


def _tokens(pattern: str, budget: Budget, *, extended: bool) -> list[str]:
    """Cut a pattern into tokens of the extended syntax."""
    tokens: list[str] = []
    syntax = _TOKEN if extended else _BASIC_TOKEN
    budget.spend(len(pattern))
    for match in syntax.finditer(pattern):
        budget.spend(_TOKEN_COST + _LETTER_COST * (match.end() - match.start()))
        if match[0] == "[":  # checked here; the parser would search the rest of the pattern for each `[`
            raise ToolError("Unmatched [, [^, [:, [., or [=")
        tokens.append(match[0])
    if not extended:
        tokens = _in_extended_syntax(tokens)
    _refuse_repeats_of_nothing(tokens)
    return tokens


def _refuse_repeats_of_nothing(tokens: list[str]) -> None:
    """Refuse a repeat without a part before it. GNU's tools don't agree on it: grep ignores it, sed refuses it."""
    for before, token in pairwise(["", *tokens]):
        if _is_repeat(token) and before in ("", "(", "|", "^"):
            raise UnsupportedError(f"'{token}' with nothing before it in a pattern")


def _is_repeat(token: str) -> bool:
    """True for a repeat: "*", "+", "?" or an interval such as "{2}". A single "{" is none."""
    return token in _REPEATS or (token[0] == "{" and len(token) > 1)


def _in_extended_syntax(tokens: list[str]) -> list[str]:
    r"""Convert the tokens of a basic pattern to the extended syntax, whose operators have no backslash.

    `a\(b\)*` becomes `a(b)*`, `a(b)` becomes `a\(b\)`. An operator in the wrong place is an ordinary character: `*a`
    becomes `\*a`.
    """
    extended: list[str] = []
    for token, following in zip_longest(tokens, tokens[1:], fillvalue=""):
        if token == "\\{":
            raise ToolError("Unmatched \\{")
        if token[0] == "\\" and token[1:2] in _BACKSLASHED:
            token = token.replace("\\", "")  # `\{2\}` has two of them
        elif token in _BACKSLASHED:
            token = f"\\{token}"
        is_at_start = not extended or extended[-1] in ("(", "|")
        is_at_end = following in ("", "\\)", "\\|")
        can_repeat = not is_at_start and extended[-1] != "^"
        has_a_place = {"^": is_at_start, "$": is_at_end, **dict.fromkeys(_REPEATS, can_repeat)}
        extended.append(token if has_a_place.get(token, True) else f"\\{token}")
    return extended


class _Parser:
    """Recursive descent over the tokens of an extended pattern."""

    def __init__(self, tokens: list[str], budget: Budget, flags: int) -> None:
        self._tokens = tokens[::-1]  # a stack: the next token is the last
        self._budget = budget
        self._flags = flags

    def parse(self) -> Part:
        tree = self._alternatives()
        if self._tokens:
            raise ToolError("Unmatched ) or \\)")
        return tree

    def _at(self, *tokens: str) -> bool:
        return bool(self._tokens) and self._tokens[-1] in tokens

    def _alternatives(self) -> Part:
        branches = [self._series()]
        while self._at("|"):
            self._tokens.pop()
            branches.append(self._series())
        return Alternatives(branches)

    def _series(self) -> Part:
        parts: list[Part] = []
        while self._tokens and not self._at("|", ")"):
            part = self._part()
            while self._tokens and _is_repeat(self._tokens[-1]):
                token = self._tokens.pop()
                part = Repeat(part, *_bounds(_REPEATS.get(token, token)))
            parts.append(part)
        return Series(parts)

    def _part(self) -> Part:
        token = self._tokens.pop()
        if token != "(":
            return Single(re.compile(_single(token), self._flags))
        with self._budget.level():
            group = self._alternatives()
        if not self._at(")"):
            raise ToolError("Unmatched ( or \\(")
        self._tokens.pop()
        return group


def _single(token: str) -> str:
    """Translate a token for one character, or an empty place, to Python's `re`."""
    if token == "\\":
        raise ToolError("Trailing backslash")
    if token[0] == "[":
        return _bracket(token)
    if token[0] != "\\":
        return _SINGLE.get(token) or re.escape(token)
    if token[1].isdigit():
        raise UnsupportedError(f"the back-reference '{token}' in a pattern")
    return _ESCAPES.get(token[1]) or re.escape(token[1])


def _bracket(token: str) -> str:
    """Translate a bracket expression to Python's `re`."""
    negation = "^" if token.startswith("[^") else ""
    parts: list[str] = []
    for item in re.findall(r"\[[:.=][^\]:.=]*[:.=]\]|.", token[1 + len(negation) : -1], re.DOTALL):
        if len(item) == 1:
            parts.append(item if item == "-" else re.escape(item))
        elif item[2:-2] in CLASSES:
            parts.append(CLASSES[item[2:-2]])
        else:
            raise ToolError("Invalid character class name")
    for end in (0, -1):  # "-" is an ordinary character there
        if parts[end] == "-":
            parts[end] = "\\-"
    source = f"[{negation}{''.join(parts)}]"
    try:
        re.compile(source)
    except re.error:
        raise ToolError("Invalid range end") from None
    return source
