"""Parser of command-line flags with pflag's rules and messages, as kubectl and docker have them.

Mirrors github.com/spf13/pflag flag.go as kubectl v1.36 uses it.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from kubesim.gotext.gofmt import quote, quote_char

TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_UNITS = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = r"(?!\Z)([0-9]*\.?[0-9]*)([^.0-9]*)"  # a number and its unit
_LONGEST = (2**63 - 1) / 1e9  # seconds of a Go duration, which counts nanoseconds in 64 bits
_ITEM = r'("(?:[^"]|"")*"|[^",]*),'  # an item with its comma: in quotes, in which "" stands for one, or bare


class FlagError(Exception):
    """A flag that can't be parsed. The message is pflag's."""


class Flag(NamedTuple):
    """One flag."""

    name: str
    short: str = ""
    kind: str = "text"  # a key of PARSERS
    default: Any = ""
    # The value of the flag without one (pflag's NoOptDefVal). None: the next word is the value.
    bare: str | None = None
    help: str = ""
    simulated: bool = True  # False for a flag of the real program that isn't simulated


class CommandLine(NamedTuple):
    """A parsed command line."""

    args: tuple[str, ...]
    values: dict[str, Any]  # by flag name: those of all simulated flags, and of typed other ones
    typed: frozenset[str]  # names of the typed flags
    dash: int  # the number of arguments before "--", -1 without it: pflag's ArgsLenAtDash
    refused: str  # the first typed flag that isn't simulated, "" for none


class FlagSet:
    """The flags of one command, ready for parsing."""

    def __init__(self, flags: Iterable[Flag]) -> None:
        self.flags = {flag.name: flag for flag in flags}
        self.shorts = {flag.short: flag for flag in self.flags.values() if flag.short}
        self.defaults = {flag.name: flag.default for flag in self.flags.values() if flag.simulated}

    def parse(self, words: Sequence[str]) -> CommandLine:
        """Parse the words after a command's name. Raises FlagError."""
        args: list[str] = []
        values = dict(self.defaults)
        lists: dict[str, list[str]] = {}
        typed: list[Flag] = []
        words_left = deque(words)
        for flag, text in self._read(words_left):
            if flag is None:
                args.append(text)
                continue
            typed.append(flag)
            parsed = _parse(flag, text)
            if isinstance(parsed, tuple):
                lists.setdefault(flag.name, []).extend(parsed)
            else:
                values[flag.name] = parsed
        dash = -1
        if words_left:
            words_left.popleft()  # "--"
            dash = len(args)
            args += words_left
        for name, items in lists.items():
            values[name] = tuple(items)
        refused = next((flag.name for flag in typed if not flag.simulated), "")
        return CommandLine(tuple(args), values, frozenset(flag.name for flag in typed), dash, refused)

    def _read(self, words_left: deque[str]) -> Iterator[tuple[Flag | None, str]]:
        """Yield each flag with its text, and other words with None, up to "--", which stays in `words_left`."""
        while words_left and words_left[0] != "--":
            word = words_left.popleft()
            if word.startswith("--"):
                yield self._long(word[2:], words_left)
            elif word.startswith("-") and word != "-":
                yield from self._short(word, words_left)
            else:
                yield None, word

    def _long(self, word: str, words_left: deque[str]) -> tuple[Flag, str]:
        """The flag in `word`, which has lost its "--", and its text. Raises FlagError."""
        name, equals, value = word.partition("=")
        if not name or name.startswith("-"):
            raise FlagError(f"bad flag syntax: --{word}")
        flag = self.flags.get(name.replace("_", "-"))  # WordSepNormalizeFunc
        if flag is None:
            raise FlagError(f"unknown flag: --{name}")
        if not equals:
            value = _value_of(flag, words_left, f"--{name}")
        return flag, value

    def _short(self, word: str, words_left: deque[str]) -> Iterator[tuple[Flag, str]]:
        """The flags in a word such as -n (NAME), -nNAME, -n=NAME, or -it, which has two."""
        for at, letter in enumerate(word[1:], 2):
            flag = self.shorts.get(letter)
            if flag is None:
                raise FlagError(f"unknown shorthand flag: {quote_char(letter)} in -{word[at - 1 :]}")
            rest = word[at:]
            has_equals = rest.startswith("=") and rest != "="
            if has_equals:
                yield flag, rest[1:]
                return
            if rest and flag.bare is None:
                yield flag, rest
                return
            yield flag, _value_of(flag, words_left, f"{quote_char(letter)} in {word}")


def _value_of(flag: Flag, words_left: deque[str], spelling: str) -> str:
    """The text of a flag written without one: its bare value, or the next word."""
    if flag.bare is not None:
        return flag.bare
    if not words_left:
        raise FlagError(f"flag needs an argument: {spelling}")
    return words_left.popleft()


def _parse(flag: Flag, text: str) -> Any:
    try:
        return PARSERS[flag.kind](text)
    except ValueError as error:
        name = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
        raise FlagError(f'invalid argument {quote(text)} for "{name}" flag: {error}') from None


def parse_switch(value: str) -> bool:
    """Parse a boolean. Raises ValueError with Go's message."""
    if value not in TRUE | FALSE:
        raise ValueError(f"strconv.ParseBool: parsing {quote(value)}: invalid syntax")
    return value in TRUE


def parse_number(value: str, bits: int = 64, base: int = 0) -> int:
    """Parse an integer of `bits` bits. Base 0 accepts 0x, 0o and so on. Raises ValueError with Go's message."""
    digits = value
    if not base:  # Go reads 017 as octal, Python needs 0o17
        digits = re.sub("^([-+]?)0(?=[0-9_])", r"\g<1>0o", value)
    is_for_python_alone = not value.isascii() or value != value.strip() or (base and "_" in value)
    if is_for_python_alone:
        digits = ""
    try:
        number = int(digits, base)
    except ValueError:  # also for digits alone: Python limits their number
        problem = "value out of range" if digits.lstrip("+-").isdecimal() else "invalid syntax"
        raise ValueError(f"strconv.ParseInt: parsing {quote(value)}: {problem}") from None
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(f"strconv.ParseInt: parsing {quote(value)}: value out of range")
    return number


def parse_duration(value: str) -> float:
    """Parse a Go duration (1m30s, 500ms, 0) to seconds. Raises ValueError with Go's message."""
    rest = value[1:] if value.startswith(("+", "-")) else value
    if rest == "0":
        return 0.0
    seconds = 0.0
    for digits, unit in re.findall(_PART, rest):
        if not digits.strip("."):
            raise ValueError(f"time: invalid duration {quote(value)}")
        if unit not in _UNITS:
            problem = f"unknown unit {quote(unit)}" if unit else "missing unit"
            raise ValueError(f"time: {problem} in duration {quote(value)}")
        seconds += float(digits) * _UNITS[unit]
    if not rest or seconds > _LONGEST:
        raise ValueError(f"time: invalid duration {quote(value)}")
    return -seconds if value.startswith("-") else seconds


def _list(value: str) -> tuple[str, ...]:
    """Split a list at its commas, as Go's encoding/csv reads a line. Raises ValueError with its message."""
    if '"' not in value:
        return tuple(value.split(",")) if value else ()
    ended = f"{value},"  # each item ends with a comma
    broken = re.sub(f"^(?:{_ITEM})*", "", ended)
    if broken:
        raise ValueError(f"parse error on line 1, {_misplaced_quote(value, len(ended) - len(broken))}")
    items = re.findall(_ITEM, ended)
    return tuple(item[1:-1].replace('""', '"') if item.startswith('"') else item for item in items)


def _misplaced_quote(value: str, start: int) -> str:
    """The column and the problem of a misplaced quote in the item that begins at `start`."""
    if value[start] == '"':
        quoted = re.compile('"(?:[^"]|"")*"(?!")').match(value, start)
        place = quoted.end() - 1 if quoted else len(value)
        problem = 'extraneous or missing " in quoted-field'
    else:
        place = value.index('"', start)
        problem = 'bare " in non-quoted-field'
    return f"column {len(value[:place].encode()) + 1}: {problem}"


def _pairs(value: str) -> tuple[str, ...]:
    pairs = _list(value)
    for pair in pairs:
        if "=" not in pair:
            raise ValueError(f"{pair} must be formatted as key=value")
    return pairs


# Parsers of a flag's text, by the flag's kind. Those that return a tuple let the flag be repeated.
PARSERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "switch": parse_switch,
    "number": parse_number,  # 64 bits
    "int32": partial(parse_number, bits=32),
    "duration": parse_duration,
    "list": _list,  # items separated by commas
    "pairs": _pairs,  # items KEY=VALUE separated by commas
    "array": lambda value: (value,),  # one item; commas have no meaning
}
