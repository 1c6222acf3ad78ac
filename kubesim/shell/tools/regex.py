"""POSIX regular expressions, basic and extended, with GNU's additions, in time that is bounded.

Python's `re` backtracks: a learner's `(a+)+$` could hang it. Here a pattern becomes a small program whose states are
tried at most once at each place of the text, so that the work is at most their product. Of the matches that begin
first the longest wins, as POSIX says. Back-references in patterns are impossible that way, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from kubesim.api.budget import Budget
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import ToolError

Span = tuple[int, int]


class Step(NamedTuple):
    """Go on behind what `re` matches here: one character, or a place between two."""

    pattern: str


class Go(NamedTuple):
    """Go on at one of these relative targets, the first preferred."""

    targets: tuple[int, ...]


class Save(NamedTuple):
    """Note the place in a slot: 2n where the group n begins, 2n + 1 where it ends; the group 0 is the whole."""

    slot: int


class Match(NamedTuple):
    """The pattern matches."""


Program = list[Step | Go | Save | Match]

_MAX_PROGRAM = 4000
_STATE_COST = 4
_TOKEN_COST = 200
_STEP_COST = 300
_TOO_BIG = "Regular expression too big"

BRACKET = r"\[\^?+\]?+(?:\[[:.=][^\]:.=]*[:.=]\]|[^\]])*+\]"
_REST = rf"\\.|{BRACKET}|."
_TOKEN = re.compile(r"\{[0-9]+,?[0-9]*\}|\{,[0-9]+\}|" + _REST, re.DOTALL)
_BASIC_TOKEN = re.compile(r"\\\{[0-9]*,?[0-9]*\\\}|" + _REST, re.DOTALL)
_REPEATS = {"*": "{0,}", "+": "{1,}", "?": "{0,1}"}
_ESCAPES = {"w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S", "n": r"\n", "t": r"\t"}
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


class Regex:
    """A compiled pattern, which lines match if one of `patterns` does; the patterns are basic or `extended`.

    Making and searching are paid from `budget`. Raises ToolError with GNU's complaint about a pattern, and
    UnsupportedError.
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
        self.budget = budget
        parsers = [_Parser(_tokens(pattern, budget, extended=extended), budget) for pattern in patterns]
        body = _either([parser.parse() for parser in parsers])
        if whole_words:
            body = [Step(r"(?<!\w)"), *body, Step(r"(?!\w)")]
        self.groups = max(parser.groups for parser in parsers)
        self._program: Program = [Save(0), *body, Save(1), Match()]
        flags = re.DOTALL | (re.IGNORECASE if ignores_case else 0)
        steps = {code.pattern for code in self._program if isinstance(code, Step)}
        budget.spend(_STEP_COST * len(steps))
        self._steps = {step: re.compile(step, flags) for step in steps}
        first = next(code for code in self._program if not isinstance(code, Save))
        self._first = self._steps[first.pattern] if isinstance(first, Step) else None  # where a search can leap to

    def search(self, text: str, start: int = 0) -> list[Span] | None:
        """Where the first and longest match at or after `start` lies: the whole, then each group.

        A group that took no part is empty.
        """
        self.budget.spend(_TOKEN_COST // 4)
        seen: set[int] = set()
        while start <= len(text):
            if self._first:
                leap = self._first.search(text, start)
                if not leap:
                    return None
                start = leap.start()
            slots = self._at(text, start, seen)
            if slots:
                return list(zip(slots[::2], slots[1::2], strict=True))
            start += 1
        return None

    def find_all(self, text: str) -> Iterator[list[Span]]:
        """The matches one after the other, as `search` gives them."""
        start = 0
        while spans := self.search(text, start):
            yield spans
            start = max(spans[0][1], spans[0][0] + 1)

    def _at(self, text: str, start: int, seen: set[int]) -> tuple[int, ...] | None:
        """The slots of the longest match that begins at `start`. States in `seen` are known to lead to none."""
        program = self._program
        longest: tuple[int, ...] | None = None
        states = [(0, start, (0,) * (2 * self.groups + 2))]
        while states:
            counter, at, slots = states.pop()
            while (state := at * len(program) + counter) not in seen:
                seen.add(state)
                self.budget.spend(_STATE_COST)
                match program[counter]:
                    case Step(pattern):
                        step = self._steps[pattern].match(text, at)
                        if not step:
                            break
                        at = step.end()
                        counter += 1
                    case Save(slot):
                        self.budget.spend(len(slots))
                        slots = (*slots[:slot], at, *slots[slot + 1 :])
                        counter += 1
                    case Go((preferred, *others)):
                        states += [(counter + target, at, slots) for target in others]
                        counter += preferred
                    case _:
                        if longest is None or slots[1] > longest[1]:
                            longest = slots
                        break
        return longest


def _either(programs: Sequence[Program]) -> Program:
    """What matches where one of the programs does, the first preferred."""
    *others, last = programs
    program = last
    for other in reversed(others):
        program = [Go((1, len(other) + 2)), *other, Go((len(program) + 1,)), *program]
    return program


def _repeated(body: Program, bounds: str) -> Program:
    match = re.fullmatch(r"\{([0-9]{0,3})(,?)([0-9]{0,3})\}", bounds)
    if not match or bounds in ("{}", "{,}"):
        raise ToolError("Invalid content of \\{\\}")
    least = int(match[1] or 0)
    most = int(match[3] or least)
    if most < least:
        raise ToolError("Invalid content of \\{\\}")
    if len(body) * most > _MAX_PROGRAM:
        raise ToolError(_TOO_BIG)
    program = body * least
    if match[2] and not match[3]:
        return [*program, Go((1, len(body) + 2)), *body, Go((-len(body) - 1,))]
    for remaining in range(most - least, 0, -1):
        program = [*program, Go((1, remaining * (len(body) + 1))), *body]
    return program


def _tokens(pattern: str, budget: Budget, *, extended: bool) -> list[str]:
    """The tokens of a pattern, in the extended syntax."""
    tokens: list[str] = []
    syntax = _TOKEN if extended else _BASIC_TOKEN
    for match in syntax.finditer(pattern):
        budget.spend(_TOKEN_COST)
        if match[0] == "[":  # here and not later, or each `[` would look for its end
            raise ToolError("Unmatched [, [^, [:, [., or [=")
        tokens.append(match[0])
    return tokens if extended else _extended(tokens)


def _extended(tokens: list[str]) -> list[str]:
    """The tokens of a basic pattern in the extended syntax, where the operators are without the backslash."""
    done: list[str] = []
    for token, following in zip_longest(tokens, tokens[1:], fillvalue=""):
        opens = not done or done[-1] in ("(", "|")
        closes = following in ("", "\\)", "\\|")
        if token == "\\{":
            raise ToolError("Unmatched \\{")
        if token[0] == "\\" and token[1:2] in ("(", ")", "|", "{", "+", "?"):
            bare = token.replace("\\", "")
            done.append(token if opens and bare in "+?" else bare)
        elif token == "*":
            done.append("\\*" if opens or done == ["^"] else "*")
        elif token == "^":
            done.append("^" if opens else "\\^")
        elif token == "$":
            done.append("$" if closes else "\\$")
        else:
            done.append(f"\\{token}" if token in "(){}|+?" else token)
    return done


class _Parser:
    """Recursive descent over the tokens of one extended pattern."""

    def __init__(self, tokens: list[str], budget: Budget) -> None:
        self.groups = 0
        self._tokens = tokens[::-1]
        self._budget = budget

    def parse(self) -> Program:
        program = self._alternatives()
        if self._tokens:
            raise ToolError("Unmatched ) or \\)")
        if len(program) > _MAX_PROGRAM:
            raise ToolError(_TOO_BIG)
        return program

    def _at(self, *tokens: str) -> bool:
        return bool(self._tokens) and self._tokens[-1] in tokens

    def _alternatives(self) -> Program:
        programs = [self._sequence()]
        while self._at("|"):
            self._tokens.pop()
            programs.append(self._sequence())
        return _either(programs)

    def _sequence(self) -> Program:
        program: Program = []
        while self._tokens and not self._at("|", ")"):
            piece: Program = self._group() if self._at("(") else [Step(_single(self._tokens.pop()))]
            while self._tokens and (self._at(*_REPEATS) or re.match(r"\{.", self._tokens[-1])):
                bounds = self._tokens.pop()
                piece = _repeated(piece, _REPEATS.get(bounds, bounds))
            self._budget.spend(len(piece))
            program += piece
        return program

    def _group(self) -> Program:
        self._tokens.pop()
        self.groups += 1
        slot = 2 * self.groups
        with self._budget.level():
            body = self._alternatives()
        if not self._at(")"):
            raise ToolError("Unmatched ( or \\(")
        self._tokens.pop()
        return [Save(slot), *body, Save(slot + 1)]


def _single(token: str) -> str:
    """What stands for one character, or a place between two, in the syntax of `re`."""
    if token == "\\":
        raise ToolError("Trailing backslash")
    if token[0] == "[":
        return _bracket(token)
    if token[0] != "\\":
        return _SINGLE.get(token) or re.escape(token[0])
    if token[1].isdigit():
        raise UnsupportedError(f"the back-reference '{token}' in a pattern")
    return _ESCAPES.get(token[1]) or re.escape(token[1])


def _bracket(token: str) -> str:
    """A set of characters in the syntax of `re`."""
    negation = "^" if token.startswith("[^") else ""
    parts: list[str] = []
    for item in re.findall(r"\[[:.=][^\]:.=]*[:.=]\]|.", token[1 + len(negation) : -1], re.DOTALL):
        if len(item) == 1:
            parts.append(item if item == "-" else re.escape(item))
        elif item[2:-2] in CLASSES:
            parts.append(CLASSES[item[2:-2]])
        else:
            raise ToolError("Invalid character class name")
    for end in (0, -1):
        if parts[end] == "-":
            parts[end] = "\\-"
    source = f"[{negation}{''.join(parts)}]"
    try:
        re.compile(source)
    except re.error:
        raise ToolError("Invalid range end") from None
    return source
