"""POSIX regular expressions, basic and extended, with GNU's additions, in time that is bounded.

Python's `re` backtracks: a learner's `(a+)+$` could hang it. Here a pattern becomes a small program whose states are
tried at most once at each place of the text, so the work is at most their product. Of the matches that begin first the
longest wins, as POSIX says. Back-references in patterns cannot be had that way, and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubesim.shell.state import ToolError
from kubesim.shell.syntax import UnsupportedError

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
    "print": r" -~\u00a0-\U0010ffff",
    "graph": r"!-~\u00a1-\U0010ffff",
    "cntrl": r"\x00-\x1f\x7f",
}
_TOKEN = re.compile(r"\\.|\\$|\[\^?\]?(?:\[[:.=].*?[:.=]\]|[^\]])*\]|\{[0-9]*,?[0-9]*\}|.", re.DOTALL)
_BOUNDS = re.compile(r"([0-9]*)(,?)([0-9]*)")
_ESCAPED_ATOMS = {"w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S", "n": r"\n", "t": r"\t"}
_MAX_PROGRAM, _MAX_DEPTH, _MAX_REPEAT = 5000, 50, 255

CHAR, SPLIT, JUMP, SAVE, ASSERT, MATCH = range(6)
Instruction = tuple[int, int | str, int]  # an opcode and its operands; jumps are relative
Program = list[Instruction]


def _word(text: str, position: int) -> bool:
    return 0 <= position < len(text) and (text[position].isalnum() or text[position] == "_")


_ASSERTIONS: dict[str, Callable[[str, int], bool]] = {
    "^": lambda text, at: at == 0,
    "$": lambda text, at: at == len(text),
    "<": lambda text, at: not _word(text, at - 1) and _word(text, at),
    ">": lambda text, at: _word(text, at - 1) and not _word(text, at),
    "b": lambda text, at: _word(text, at - 1) != _word(text, at),
    "B": lambda text, at: _word(text, at - 1) == _word(text, at),
    "not after word": lambda text, at: not _word(text, at - 1),
    "not before word": lambda text, at: not _word(text, at),
}


@dataclass(frozen=True)
class Match:
    """Where a pattern matched: the places of the whole and of its groups."""

    text: str
    places: dict[int, int]

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.places[0]

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.places[1]

    def group(self, number: int) -> str:
        """The text of a group; 0 is the whole; empty where the group took no part."""
        if 2 * number + 1 not in self.places:
            return ""
        return self.text[self.places[2 * number] : self.places[2 * number + 1]]


class Regex:
    """A compiled pattern: lines match if one of `patterns` does. `words` lets it match whole words only.

    Raises ToolError with GNU's complaint about a wrong pattern, and UnsupportedError.
    """

    def __init__(
        self, patterns: Sequence[str], *, extended: bool = False, ignore_case: bool = False, words: bool = False
    ) -> None:
        program: Program | None = None
        self.groups = 0
        for pattern in patterns:
            parser = _Parser(pattern, extended=extended)
            program = _either(program, parser.parse())
            self.groups = max(self.groups, parser.groups)
        body = [(SAVE, 0, 0), *(program or []), (SAVE, 1, 0)]
        if words:
            body = [(ASSERT, "not after word", 0), *body, (ASSERT, "not before word", 0)]
        self._program: Program = [*body, (MATCH, 0, 0)]
        self._flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        self._atoms = {str(x): _Atom(str(x), self._flags) for op, x, _ in self._program if op == CHAR}
        self._first = self._first_characters()

    def search(self, text: str, spend: Callable[[int], None], start: int = 0) -> Match | None:
        """The first and longest match at or after `start`. `spend` is told the work in advance or as it is done."""
        seen: set[int] = set()
        while start <= len(text):
            if self._first:
                candidate = self._first.search(text, start)
                if not candidate:
                    return None
                start = candidate.start()
            before = len(seen)
            places = self._at(text, start, seen)
            spend(len(seen) - before)
            if places:
                return Match(text, places)
            start += 1
        return None

    def _at(self, text: str, start: int, seen: set[int]) -> dict[int, int] | None:
        """The longest match that begins at `start`. States in `seen` are known to lead to none."""
        program, size, best, best_end = self._program, len(self._program), None, -1
        stack: list[tuple[int, int, tuple[object, ...]]] = [(0, start, ())]
        while stack:
            pc, at, saved = stack.pop()
            while (key := at * size + pc) not in seen:
                seen.add(key)
                op, x, y = program[pc]
                pc += 1
                if op == CHAR:
                    if at >= len(text) or not self._atoms[str(x)][text[at]]:
                        break
                    at += 1
                elif op == SPLIT:
                    stack.append((pc - 1 + y, at, saved))
                    pc += int(x) - 1
                elif op == JUMP:
                    pc += int(x) - 1
                elif op == SAVE:
                    saved = (int(x), at, saved)
                elif op == ASSERT:
                    if not _ASSERTIONS[str(x)](text, at):
                        break
                else:
                    if at > best_end:
                        best, best_end = saved, at
                    break
        return None if best is None else _places(best)

    def _first_characters(self) -> re.Pattern[str] | None:
        """What every match begins with, to leap to; None where a match may be empty."""
        todo, seen, first = [0], set[int](), set[str]()
        while todo:
            pc = todo.pop()
            op, x, y = self._program[pc]
            if op == MATCH:
                return None
            if op == CHAR:
                first.add(str(x))
            elif pc not in seen:
                todo += (
                    {SPLIT: [pc + y, pc + int(x)], JUMP: [pc + int(x)]}.get(op, [pc + 1])
                    if op in (SPLIT, JUMP)
                    else [pc + 1]
                )
            seen.add(pc)
        return re.compile("|".join(sorted(first)), self._flags)


class _Atom(dict[str, bool]):
    """Which characters a one-character pattern takes, found out once for each."""

    def __init__(self, source: str, flags: int) -> None:
        super().__init__()
        self._pattern = re.compile(source, flags)

    def __missing__(self, character: str) -> bool:
        self[character] = bool(self._pattern.match(character))
        return self[character]


def _places(saved: tuple[object, ...]) -> dict[int, int]:
    places: dict[int, int] = {}
    while saved:
        slot, at, saved = saved  # type: ignore[assignment]
        places.setdefault(slot, at)  # type: ignore[arg-type]
    return places


def _either(one: Program | None, other: Program) -> Program:
    if one is None:
        return other
    return [(SPLIT, 1, len(one) + 2), *one, (JUMP, len(other) + 1, 0), *other]


def _repeat(body: Program, least: int, most: int | None) -> Program:
    if least > _MAX_REPEAT or (most or 0) > _MAX_REPEAT:
        raise ToolError("Regular expression too big")
    if most is not None and most < least:
        raise ToolError("Invalid content of \\{\\}")
    if len(body) * max(least, most or 0) > _MAX_PROGRAM:
        raise ToolError("Regular expression too big")
    program = body * least
    if most is None:
        return [*program, (SPLIT, 1, len(body) + 2), *body, (JUMP, -len(body) - 1, 0)]
    for left in range(most - least, 0, -1):
        program = [*program, (SPLIT, 1, left * (len(body) + 1)), *body]
    return program


class _Parser:
    """Recursive descent over the tokens of one pattern; basic syntax is made extended first."""

    def __init__(self, pattern: str, *, extended: bool) -> None:
        self.groups = 0
        self._depth = 0
        self._extended = extended
        self._tokens = list(self._normalise(_TOKEN.findall(pattern)))[::-1]

    def _normalise(self, raw: list[str]) -> list[tuple[str, str]]:
        """Tokens as pairs: an operator with what it says, or "atom" with a pattern of one character for `re`."""
        tokens: list[tuple[str, str]] = []
        index = 0
        while index < len(raw):
            token = raw[index]
            index += 1
            if not self._extended and token == "\\{":
                end = raw.index("\\}", index) if "\\}" in raw[index:] else None
                if end is None:
                    raise ToolError("Unmatched \\{")
                tokens.append(("{", "".join(raw[index:end])))
                index = end + 1
            else:
                tokens.append(self._token(token, tokens, raw[index : index + 1]))
        return tokens

    def _token(self, token: str, before: list[tuple[str, str]], after: list[str]) -> tuple[str, str]:
        opens = not before or before[-1][0] in ("(", "|")
        closes = not after or after[0] in ("\\)", "\\|")
        if token == "\\":
            raise ToolError("Trailing backslash")
        if token == "[":
            raise ToolError("Unmatched [, [^, [:, [., or [=")
        if token.startswith("["):
            return "atom", _bracket(token)
        operator = token if self._extended else token.removeprefix("\\") if token[0] == "\\" else ""
        if operator in ("(", ")", "|", "+", "?"):
            return (operator, "") if not (opens and operator in "+?") else ("atom", re.escape(operator))
        if self._extended and token[0] == "{" and len(token) > 2 and not opens:
            return "{", token[1:-1]
        if token == "*":
            return ("atom", r"\*") if opens or before[-1] == ("assert", "^") else ("*", "")
        if (token == "^" and (self._extended or opens)) or (token == "$" and (self._extended or closes)):
            return "assert", token
        return self._character(token)

    def _character(self, token: str) -> tuple[str, str]:
        if len(token) == 1:
            return "atom", "." if token == "." else re.escape(token)
        if token[0] != "\\":  # "{2}" where nothing stands before it
            return "atom", re.escape(token[0])
        if token[1] in _ESCAPED_ATOMS:
            return "atom", _ESCAPED_ATOMS[token[1]]
        if token[1] in "bB<>":
            return "assert", token[1]
        if token[1].isdigit():
            raise UnsupportedError(f"a back-reference in a pattern, {token},")
        return "atom", re.escape(token[1])

    def parse(self) -> Program:
        program = self._alternatives()
        if self._tokens:
            raise ToolError("Unmatched ) or \\)")
        if len(program) > _MAX_PROGRAM:
            raise ToolError("Regular expression too big")
        return program

    def _at(self, *kinds: str) -> bool:
        return bool(self._tokens) and self._tokens[-1][0] in kinds

    def _alternatives(self) -> Program:
        program = self._sequence()
        while self._at("|"):
            self._tokens.pop()
            program = _either(program, self._sequence())
        return program

    def _sequence(self) -> Program:
        program: Program = []
        while self._tokens and not self._at("|", ")"):
            program += self._repeated()
        return program

    def _repeated(self) -> Program:
        program = self._single()
        while self._at("*", "+", "?", "{"):
            kind, text = self._tokens.pop()
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}
            least, most = bounds[kind] if kind in bounds else _bounds(text)
            program = _repeat(program, least, most)
        return program

    def _single(self) -> Program:
        kind, text = self._tokens.pop()
        if kind == "(":
            return self._group()
        if kind in ("atom", "assert"):
            return [(CHAR if kind == "atom" else ASSERT, text, 0)]
        raise ToolError("Invalid preceding regular expression")

    def _group(self) -> Program:
        self.groups += 1
        self._depth += 1
        number = self.groups
        if self._depth > _MAX_DEPTH:
            raise ToolError("Regular expression too big")
        body = self._alternatives()
        if not self._at(")"):
            raise ToolError("Unmatched ( or \\(")
        self._tokens.pop()
        self._depth -= 1
        return [(SAVE, 2 * number, 0), *body, (SAVE, 2 * number + 1, 0)]


def _bounds(text: str) -> tuple[int, int | None]:
    match = _BOUNDS.fullmatch(text)
    if not match or not (match[1] or match[2]) or len(text) > 9:
        raise ToolError("Invalid content of \\{\\}")
    least = int(match[1] or 0)
    return least, (int(match[3]) if match[3] else None) if match[2] else least


def _bracket(token: str) -> str:
    """A bracket expression in the syntax of `re`."""
    negated = token.startswith("[^")
    body = token[2 if negated else 1 : -1]
    parts = []
    for item in re.findall(r"\[:.*?:\]|\[[.=].*?[.=]\]|.", body, re.DOTALL):
        name = item[2:-2] if len(item) > 1 else ""
        if item.startswith("[:") and name not in _CLASSES:
            raise ToolError("Invalid character class name")
        if name and name not in _CLASSES:
            raise UnsupportedError(f"'{item}' in a pattern")
        parts.append(_CLASSES[name] if name else item if item == "-" else re.escape(item))
    source = f"[{'^' if negated else ''}{_hyphens(parts)}]"
    try:
        re.compile(source)
    except re.error:
        raise ToolError("Invalid range end") from None
    return source


def _hyphens(parts: list[str]) -> str:
    """Escape the hyphens that make no range: those at either end."""
    ends = (0, len(parts) - 1)
    return "".join("\\-" if part == "-" and index in ends else part for index, part in enumerate(parts))
