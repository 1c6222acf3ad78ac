"""POSIX regular expressions, basic and extended, with GNU's additions, in time that is bounded.

Python's `re` backtracks: a learner's `(a+)+$` could hang it. Here a pattern becomes a small program whose states are
tried at most once at each place of the text, so that the work is at most their product. Of the matches that begin
first the longest wins, as POSIX says. Back-references in patterns are impossible that way, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from kubesim.api.budget import Budget
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import ToolError

Span = tuple[int, int]

# A program is a list of instructions: ("step", a pattern for `re` that takes one character or none), ("go", relative
# targets, the first preferred), ("save", a slot) and ("match",).
Instruction = tuple[str, str] | tuple[str, int] | tuple[str, int, int]
Program = list[Instruction]

_MAX_PROGRAM = 4000
_STATE_COST, _TOKEN_COST, _STEP_COST = 4, 200, 300
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
    """A compiled pattern, which lines match if one of `patterns` does.

    `flags` are those of grep: E for extended patterns, i to ignore case, w to match whole words only. Making and
    searching are paid from `budget`. Raises ToolError with GNU's complaint about a pattern, and UnsupportedError.
    """

    def __init__(self, patterns: Sequence[str], budget: Budget, flags: str = "") -> None:
        self._budget = budget
        parsers = [_Parser(_tokens(pattern, budget, extended="E" in flags), budget) for pattern in patterns]
        body = _either([parser.parse() for parser in parsers])
        if "w" in flags:
            body = [("step", r"(?<!\w)"), *body, ("step", r"(?!\w)")]
        self.groups = max(parser.groups for parser in parsers)
        self._program: Program = [("save", 0), *body, ("save", 1), ("match", 0)]
        self._flags = re.DOTALL | (re.IGNORECASE if "i" in flags else 0)
        steps = {str(code[1]) for code in self._program if code[0] == "step"}
        budget.spend(_STEP_COST * len(steps))
        self._match = {step: re.compile(step, self._flags).match for step in steps}
        first = next(code for code in self._program if code[0] != "save")
        self._first = re.compile(str(first[1]), self._flags) if first[0] == "step" else None  # to leap to

    def search(self, text: str, start: int = 0) -> list[Span] | None:
        """Where the first and longest match at or after `start` lies: the whole, then each group.

        A group that took no part is empty.
        """
        self._budget.spend(_TOKEN_COST // 4)
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
        program, best = self._program, None
        todo = [(0, start, (0,) * (2 * self.groups + 2))]
        while todo:
            pc, at, slots = todo.pop()
            while (state := at * len(program) + pc) not in seen:
                seen.add(state)
                self._budget.spend(_STATE_COST)
                kind, operand, *other = program[pc]
                if kind == "step":
                    found = self._match[str(operand)](text, at)
                    if not found:
                        break
                    at = found.end()
                elif kind == "save":
                    self._budget.spend(len(slots))
                    slots = (*slots[: int(operand)], at, *slots[int(operand) + 1 :])
                elif kind == "match":
                    best = slots if best is None or slots[1] > best[1] else best
                    break
                todo += [(pc + target, at, slots) for target in other]
                pc += int(operand) if kind == "go" else 1
        return best


def _either(programs: Sequence[Program]) -> Program:
    *others, last = programs
    left, program = sum(len(other) + 2 for other in others) + len(last), list[Instruction]()
    for other in others:
        left -= len(other) + 2
        program += [("go", 1, len(other) + 2), *other, ("go", left + 1)]
    return program + last


def _repeated(body: Program, bounds: str) -> Program:
    match = re.fullmatch(r"\{([0-9]{0,3})(,?)([0-9]{0,3})\}", bounds)
    if not match or not (match[1] or match[2]) or (match[3] and int(match[3]) < int(match[1] or 0)):
        raise ToolError("Invalid content of \\{\\}")
    least = int(match[1] or 0)
    most = int(match[3]) if match[3] else least
    if len(body) * max(least, most) > _MAX_PROGRAM:
        raise ToolError(_TOO_BIG)
    program = body * least
    if match[2] and not match[3]:
        return [*program, ("go", 1, len(body) + 2), *body, ("go", -len(body) - 1)]
    for left in range(most - least, 0, -1):
        program = [*program, ("go", 1, left * (len(body) + 1)), *body]
    return program


def _tokens(pattern: str, budget: Budget, *, extended: bool) -> list[str]:
    """The tokens of a pattern, in the extended syntax."""
    found: list[str] = []
    for match in (_TOKEN if extended else _BASIC_TOKEN).finditer(pattern):
        budget.spend(_TOKEN_COST)
        if match[0] == "[":  # here and not later, or each `[` would look for its end
            raise ToolError("Unmatched [, [^, [:, [., or [=")
        found.append(match[0])
    return found if extended else _extended(found)


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
        else:
            plain = {"*": opens or done == ["^"], "^": not opens, "$": not closes}.get(token, token in "(){}|+?")
            done.append(f"\\{token}" if plain else token)
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
            piece: Program = self._group() if self._at("(") else [("step", _single(self._tokens.pop()))]
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
        return [("save", slot), *body, ("save", slot + 1)]


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
    negation = "^" if token.startswith("[^") else ""
    parts = []
    for item in re.findall(r"\[[:.=][^\]:.=]*[:.=]\]|.", token[1 + len(negation) : -1], re.DOTALL):
        if len(item) > 1 and item[2:-2] not in CLASSES:
            raise ToolError("Invalid character class name")
        parts.append(CLASSES[item[2:-2]] if len(item) > 1 else item if item == "-" else re.escape(item))
    for end in (0, -1):
        parts[end] = "\\-" if parts[end] == "-" else parts[end]
    source = f"[{negation}{''.join(parts)}]"
    try:
        re.compile(source)
    except re.error:
        raise ToolError("Invalid range end") from None
    return source
