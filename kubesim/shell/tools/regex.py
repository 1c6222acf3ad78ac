"""POSIX regular expressions, basic and extended, with GNU's additions, in time that is bounded.

Python's `re` backtracks: a learner's `(a+)+$` could hang it. Here a pattern becomes a small program whose states are
tried at most once at each place of the text, so that the work is at most their product. Of the matches that begin
first the longest wins, as POSIX says. Back-references in patterns are impossible that way, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kubesim.shell.machine import ToolError
from kubesim.shell.syntax import UnsupportedError

Span = tuple[int, int]
Spend = Callable[[int], None]

# A program is a list of instructions: ("step", a pattern for `re` that takes one character or none), ("go", relative
# targets, the first preferred), ("save", a slot) and ("match",).
Instruction = tuple[str, str] | tuple[str, int] | tuple[str, int, int]
Program = list[Instruction]

_MAX_PATTERN, _MAX_PROGRAM, _MAX_DEPTH = 10_000, 4000, 50
_STEP = 4  # units of the line's budget for one state
_TOO_BIG = "Regular expression too big"

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\[[:.=].*?[:.=]\]|[^\]])*+\]|\{[0-9]+,?[0-9]*\}|\{,[0-9]+\}|.", re.DOTALL)
_BASIC = re.compile(r"\\\{[0-9]*,?[0-9]*\\\}|\\.|\[\^?\]?(?:\[[:.=].*?[:.=]\]|[^\]])*+\]|.", re.DOTALL)
_REPEATS = {"*": "{0,}", "+": "{1,}", "?": "{0,1}"}
_ESCAPES = {"w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S", "n": r"\n", "t": r"\t"}
_ESCAPES |= {"b": r"\b", "B": r"\B", "<": r"\b(?=\w)", ">": r"\b(?<=\w)"}
_SINGLE = {"^": r"\A", "$": r"\Z", ".": "."}
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "cntrl": r"\x00-\x1f\x7f",
}


class Regex:
    """A compiled pattern, which lines match if one of `patterns` does; with `words`, only as whole words.

    Raises ToolError with GNU's complaint about a wrong pattern, and UnsupportedError.
    """

    def __init__(
        self, patterns: Sequence[str], *, extended: bool = False, ignore_case: bool = False, words: bool = False
    ) -> None:
        if sum(map(len, patterns)) > _MAX_PATTERN:
            raise ToolError(_TOO_BIG)
        parsers = [_Parser(pattern if extended else _extended(pattern)) for pattern in patterns]
        body = _either([parser.parse() for parser in parsers])
        if words:
            body = [("step", r"(?<!\w)"), *body, ("step", r"(?!\w)")]
        self.groups = max(parser.groups for parser in parsers)
        self._program: Program = [("save", 0), *body, ("save", 1), ("match", 0)]
        self._flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        steps = {str(code[1]) for code in self._program if code[0] == "step"}
        self._match = {step: re.compile(step, self._flags).match for step in steps}
        self._first = self._beginnings()

    def search(self, text: str, spend: Spend, start: int = 0) -> list[Span] | None:
        """Where the first and longest match at or after `start` lies: the whole, then each group.

        A group that took no part is empty. `spend` pays for the work as it is done.
        """
        seen: set[int] = set()
        while start <= len(text):
            if self._first:
                leap = self._first.search(text, start)
                if not leap:
                    return None
                start = leap.start()
            slots = self._at(text, start, seen, spend)
            if slots:
                return list(zip(slots[::2], slots[1::2], strict=True))
            start += 1
        return None

    def _at(self, text: str, start: int, seen: set[int], spend: Spend) -> tuple[int, ...] | None:
        """The slots of the longest match that begins at `start`. States in `seen` are known to lead to none."""
        program, best = self._program, None
        todo = [(0, start, (0,) * (2 * self.groups + 2))]
        while todo:
            pc, at, slots = todo.pop()
            while (state := at * len(program) + pc) not in seen:
                seen.add(state)
                spend(_STEP)
                kind, operand, *other = program[pc]
                if kind == "step":
                    found = self._match[str(operand)](text, at)
                    if not found:
                        break
                    at = found.end()
                elif kind == "save":
                    slots = (*slots[: int(operand)], at, *slots[int(operand) + 1 :])
                elif kind == "match":
                    best = slots if best is None or slots[1] > best[1] else best
                    break
                todo += [(pc + target, at, slots) for target in other]
                pc += int(operand) if kind == "go" else 1
        return best

    def _beginnings(self) -> re.Pattern[str] | None:
        """What every match begins with, to leap to; None where a match may be empty."""
        todo, seen, steps = [0], set[int](), set[str]()
        while todo:
            pc = todo.pop()
            kind, operand, *other = self._program[pc]
            if kind == "match":
                return None
            if kind == "step":
                steps.add(str(operand))
            elif pc not in seen:
                todo += [pc + target for target in (int(operand), *other)] if kind == "go" else [pc + 1]
            seen.add(pc)
        return re.compile("|".join(sorted(steps)), self._flags)


def _either(programs: Sequence[Program]) -> Program:
    *others, program = programs
    for other in reversed(others):
        program = [("go", 1, len(other) + 2), *other, ("go", len(program) + 1), *program]
    return program


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


def _extended(pattern: str) -> str:
    """A basic pattern in the extended syntax, where the operators are without the backslash."""
    done: list[str] = []
    tokens = _BASIC.findall(pattern)
    for index, token in enumerate(tokens):
        opens = not done or done[-1] in ("(", "|")
        closes = index + 1 == len(tokens) or tokens[index + 1] in ("\\)", "\\|")
        if token == "\\{":
            raise ToolError("Unmatched \\{")
        if token[0] == "\\" and token[1:2] in ("(", ")", "|", "{", "+", "?"):
            bare = token.replace("\\", "")
            done.append(token if opens and bare in "+?" else bare)
        else:
            plain = {"*": opens or done == ["^"], "^": not opens, "$": not closes}.get(token, token in "(){}|+?")
            done.append(f"\\{token}" if plain else token)
    return "".join(done)


class _Parser:
    """Recursive descent over the tokens of one extended pattern."""

    def __init__(self, pattern: str) -> None:
        self.groups = 0
        self._depth = 0
        self._tokens = _TOKEN.findall(pattern)[::-1]

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
            program += piece
        return program

    def _group(self) -> Program:
        self._tokens.pop()
        self.groups += 1
        self._depth += 1
        slot = 2 * self.groups
        if self._depth > _MAX_DEPTH:
            raise ToolError(_TOO_BIG)
        body = self._alternatives()
        if not self._at(")"):
            raise ToolError("Unmatched ( or \\(")
        self._tokens.pop()
        self._depth -= 1
        return [("save", slot), *body, ("save", slot + 1)]


def _single(token: str) -> str:
    """What stands for one character, or a place between two, in the syntax of `re`."""
    if token in ("\\", "["):
        raise ToolError("Trailing backslash" if token == "\\" else "Unmatched [, [^, [:, [., or [=")
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
    for item in re.findall(r"\[[:.=].*?[:.=]\]|.", token[1 + len(negation) : -1], re.DOTALL):
        if len(item) > 1 and item[2:-2] not in _CLASSES:
            raise ToolError("Invalid character class name")
        parts.append(_CLASSES[item[2:-2]] if len(item) > 1 else item if item == "-" else re.escape(item))
    for end in (0, -1):
        parts[end] = "\\-" if parts[end] == "-" else parts[end]
    source = f"[{negation}{''.join(parts)}]"
    try:
        re.compile(source)
    except re.error:
        raise ToolError("Invalid range end") from None
    return source
