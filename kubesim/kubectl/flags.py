"""kubectl's command-line flags, parsed by pflag's rules and refused in pflag's words.

Mirrors github.com/spf13/pflag flag.go as kubectl v1.36 uses it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kubesim.api import load_table
from kubesim.gotext.gojson import quote
from kubesim.kubectl.errors import FlagError, NotSimulated, refuse_if, reworded


@dataclass(frozen=True)
class Flag:
    """One flag. `bare` is the value that the flag has when it is given without one (pflag's NoOptDefVal).

    `kind` is text, switch, number (of 64 bits), int32, duration, list (commas divide), pairs (the same of KEY=VALUE)
    or array (they do not).
    `simulated` is False for flags that kubectl has and kubesim refuses in one line. `deprecated` is said where it is
    used.
    """

    name: str
    short: str = ""
    kind: str = "text"
    default: Any = ""
    bare: str | None = None
    help: str = ""
    simulated: bool = True
    deprecated: str = ""


TABLE = load_table(__file__, "commands.json")
"""The modules of commands and the names of absent ones, the global and the shared flags in the form of `read_flags`,
and of each command its usage, help, flags and refusals; and `SAYS`."""

SAYS: Mapping[str, str] = TABLE["says"]
"""kubectl's longer sentences, by what they are about."""

_DEFAULTS: dict[str, Any] = {"switch": False, "number": 0, "int32": 0, "duration": 0.0}
_DEFAULTS |= dict.fromkeys(("list", "pairs", "array"), ())


FLAG_KEYS = ("shared", "flags", "refused")


def read_flags(row: Mapping[str, Any]) -> Iterator[Flag]:
    """The flags of a command: the names of `shared` ones, its own `flags`, and the `refused` ones by their kind.

    A refused flag is written NAME, NAME/SHORT or NAME=BARE.
    """
    yield from [_SHARED[name] for name in row.get("shared", ())]
    yield from map(_flag, row.get("flags", ()))
    for kind, names in row.get("refused", {}).items():
        for name, _, bare in (word.partition("=") for word in names):
            plain, _, short = name.partition("/")
            yield Flag(plain, short, kind, bare="true" if kind == "switch" else bare or None, simulated=False)


def _flag(row: Mapping[str, Any]) -> Flag:
    kind = row.get("kind", "text")
    return Flag(**{"default": _DEFAULTS.get(kind, ""), "bare": "true" if kind == "switch" else None, **row})


_SHARED = {row["name"]: _flag(row) for row in TABLE["shared"]}
GLOBAL = tuple(read_flags({"flags": TABLE["global"], "refused": TABLE["refused"]}))


class FlagSet:
    """The flags of one command, ready for parsing."""

    def __init__(self, flags: Iterable[Flag]) -> None:
        self.flags = {flag.name: flag for flag in flags}
        self.shorts = {flag.short: flag for flag in self.flags.values() if flag.short}
        self.defaults = {flag.name: flag.default for flag in self.flags.values()}

    def parse(self, words: Sequence[str]) -> tuple[list[str], dict[str, Any], frozenset[str], int]:
        """Positional arguments, the value of every flag, the names of those given, and how many come before "--".

        Raises FlagError, and NotSimulated for a flag that kubectl has and kubesim does not.
        """
        args, left = list[str](), deque(words)
        values, lists, refused = dict(self.defaults), dict[str, list[Any]](), list[str]()
        given: set[str] = set()
        for flag, text in self._read(left):
            if flag is None:
                args.append(text)
                continue
            shown = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            with reworded(ValueError, f'invalid argument {quote(text)} for "{shown}" flag: ', FlagError):
                parsed = _PARSERS[flag.kind](text)
            if isinstance(parsed, tuple):
                lists.setdefault(flag.name, []).extend(parsed)
            else:
                values[flag.name] = parsed
            given.add(flag.name)
            refused += [] if flag.simulated else [flag.name]
        dash = len(args) if left else -1
        args += list(left)[1:]
        if refused and not values.get("help"):
            raise NotSimulated(f"the flag --{refused[0]} is not part of this simulator")
        return args, values | {name: tuple(items) for name, items in lists.items()}, frozenset(given), dash

    def _read(self, left: deque[str]) -> Iterator[tuple[Flag | None, str]]:
        """Each flag with its text, and each other word with None, up to "--", which stays in `left`."""
        while left and left[0] != "--":
            word = left.popleft()
            if word.startswith("--"):
                yield self._long(word[2:], left)
            elif word.startswith("-") and word != "-":
                yield from self._short(word, left)
            else:
                yield None, word

    def _long(self, word: str, left: deque[str]) -> tuple[Flag, str]:
        name, equals, value = word.partition("=")
        if not name or name.startswith("-"):
            raise FlagError(f"bad flag syntax: --{word}")
        flag = self.flags.get(name)
        if flag is None:
            raise FlagError(f"unknown flag: --{name}")
        return flag, value if equals else _next(flag, left, f"--{name}")

    def _short(self, word: str, left: deque[str]) -> Iterator[tuple[Flag, str]]:
        for at, letter in enumerate(word[1:], 2):
            flag = self.shorts.get(letter)
            if flag is None:
                raise FlagError(f"unknown shorthand flag: {letter!r} in -{word[at - 1 :]}")
            rest = word[at:]
            if (rest.startswith("=") and rest != "=") or (rest and flag.bare is None):
                yield flag, rest if rest == "=" else rest.removeprefix("=")
                return
            yield flag, _next(flag, left, f"{letter!r} in {word}")


def _next(flag: Flag, left: deque[str], shown: str) -> str:
    """The text of a flag that comes without one: its bare value, or the next word."""
    if flag.bare is None and not left:
        raise FlagError(f"flag needs an argument: {shown}")
    return left.popleft() if flag.bare is None else flag.bare


TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(?!$)([0-9]*\.?[0-9]*)([^.0-9]*)")
_LONGEST = (2**63 - 1) / 1e9


def parse_switch(value: str) -> bool:
    """A truth value. Raises ValueError with Go's words."""
    if value not in TRUE | FALSE:
        raise ValueError(f"strconv.ParseBool: parsing {quote(value)}: invalid syntax")
    return value in TRUE


def parse_number(value: str, bits: int = 64, base: int = 0) -> int:
    """A whole number. Raises ValueError with Go's words."""
    plain = re.sub(r"(?i)^([-+]?)0(?=[0-9_])", r"\g<1>0o", value) if not base else value
    if not value.isascii() or value != value.strip() or (base and "_" in value):
        plain = ""
    try:
        number = int(plain[:100], base)
    except ValueError:
        raise ValueError(f"strconv.ParseInt: parsing {quote(value)}: invalid syntax") from None
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(f"strconv.ParseInt: parsing {quote(value)}: value out of range")
    return number


def parse_duration(value: str) -> float:
    """A Go duration (1m30s, 500ms, 0) in seconds. Raises ValueError with Go's words."""
    rest, seconds = value[value[:1] in ("+", "-") :], 0.0
    if rest == "0":
        return 0.0
    for digits, unit in _PART.findall(rest):
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
    return tuple(value.split(",")) if value else ()


def _pairs(value: str) -> tuple[str, ...]:
    pairs = _list(value)
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ValueError(f"{wrong[0]} must be formatted as key=value")
    return pairs


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "switch": parse_switch,
    "number": parse_number,
    "int32": partial(parse_number, bits=32),
    "duration": parse_duration,
    "list": _list,
    "pairs": _pairs,
    "array": lambda value: (value,),
}

_VARIABLE = re.compile("[-._a-zA-Z][-._a-zA-Z0-9]*")


def check_variable_name(name: str) -> None:
    """Refuse a name that no environment variable can have, as IsEnvVarName of k8s.io/apimachinery."""
    refuse_if(not _VARIABLE.fullmatch(name), SAYS["bad variable"].format(quote(name), _VARIABLE.pattern))
