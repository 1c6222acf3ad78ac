"""kubectl's command-line flags, parsed by pflag's rules and refused in pflag's words.

Mirrors github.com/spf13/pflag flag.go as kubectl v1.36 uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kubesim.gotext.gojson import quote
from kubesim.kubectl.errors import FlagError, KubectlError, NotSimulated


@dataclass(frozen=True)
class Flag:
    """One flag. `bare` is the value that the flag has when it is given without one (pflag's NoOptDefVal).

    `kind` is text, switch, number (of 64 bits), int32, duration, list (commas divide) or
    array (they do not).
    `simulated` is False for flags that kubectl has and kubesim refuses in one line.
    """

    name: str
    short: str = ""
    kind: str = "text"
    default: Any = ""
    bare: str | None = None
    help: str = ""
    simulated: bool = True


def text(name: str, short: str = "", help: str = "", default: str = "", bare: str | None = None) -> Flag:
    """A flag with a text."""
    return Flag(name, short, "text", default, bare, help)


def switch(name: str, short: str = "", help: str = "", default: bool = False) -> Flag:
    """A flag that is on or off."""
    return Flag(name, short, "switch", default, "true", help)


def number(name: str, short: str = "", help: str = "", default: int = 0, kind: str = "number") -> Flag:
    """A flag with a whole number."""
    return Flag(name, short, kind, default, None, help)


def duration(name: str, short: str = "", help: str = "", default: float = 0.0) -> Flag:
    """A flag with a duration such as 1m30s; its value is in seconds."""
    return Flag(name, short, "duration", default, None, help)


def many(name: str, short: str = "", help: str = "") -> Flag:
    """A flag that may be given several times, or once with commas."""
    return Flag(name, short, "list", (), None, help)


def array(name: str, short: str = "", help: str = "") -> Flag:
    """A flag that may be given several times; commas belong to the value."""
    return Flag(name, short, "array", (), None, help)


def absent(*names: str, kind: str = "text", bare: str | None = None) -> tuple[Flag, ...]:
    """Flags that kubectl has and kubesim does not simulate; "name/n" gives the short form."""
    return tuple(
        Flag(
            name.partition("/")[0],
            name.partition("/")[2],
            kind,
            bare="true" if kind == "switch" else bare,
            simulated=False,
        )
        for name in names
    )


GLOBAL: tuple[Flag, ...] = (
    text("namespace", "n", "The namespace to work in, instead of the current one."),
    text("as", "", "Ask as this user (user, or system:serviceaccount:NAMESPACE:NAME)."),
    array("as-group", "", "Ask as a member of this group; may be given several times."),
    text("context", "", "The context of the kubeconfig to use."),
    text("request-timeout", "", "How long a single request may take, such as 10s; a watch ends then.", "0"),
    switch("help", "h", "Show help for the command."),
    *absent("as-uid", "as-user-extra", "cache-dir", "certificate-authority", "client-certificate", "client-key"),
    *absent("cluster", "kubeconfig", "kuberc", "password", "profile", "profile-output", "server/s"),
    *absent("tls-server-name", "token", "user", "username", "vmodule"),
    *absent("v/v", kind="number"),
    *absent("log-flush-frequency", kind="duration"),
    *absent("disable-compression", "insecure-skip-tls-verify", "match-server-version", kind="switch"),
    *absent("warnings-as-errors", kind="switch"),
)


class FlagSet:
    """The flags of one command with the global ones, ready for parsing."""

    def __init__(self, flags: Iterable[Flag]) -> None:
        self.flags = {flag.name: flag for flag in (*GLOBAL, *flags)}
        self.shorts = {flag.short: flag for flag in self.flags.values() if flag.short}
        self.defaults = {flag.name: flag.default for flag in self.flags.values()}

    def parse(self, words: Sequence[str]) -> tuple[list[str], dict[str, Any], frozenset[str], int]:
        """Positional arguments, the value of every flag, the names of those given, and how many stood before "--".

        Raises FlagError, and NotSimulated for a flag that kubectl has and kubesim does not.
        """
        parser = _Parser(self, list(words))
        parser.run()
        if parser.refused and not parser.values["help"]:
            raise parser.refused
        return parser.args, parser.values, frozenset(parser.given), parser.dash


class _Parser:
    def __init__(self, flags: FlagSet, words: list[str]) -> None:
        self._set = flags
        self._words = words
        self.args: list[str] = []
        self.values = dict(flags.defaults)
        self.given: set[str] = set()
        self.dash = -1
        self.refused: NotSimulated | None = None

    def run(self) -> None:
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                self.dash = len(self.args)
                self.args += self._words
                return
            if word.startswith("--"):
                self._long(word[2:])
            elif word.startswith("-") and word != "-":
                self._short(word[1:], word)
            else:
                self.args.append(word)

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        if not name or name.startswith("-"):
            raise FlagError(f"bad flag syntax: --{word}")
        flag = self._set.flags.get(name)
        if flag is None:
            raise FlagError(f"unknown flag: --{name}")
        if equals:
            self._store(flag, value)
        elif flag.bare is not None:
            self._store(flag, flag.bare)
        elif self._words:
            self._store(flag, self._words.pop(0))
        else:
            raise FlagError(f"flag needs an argument: --{name}")

    def _short(self, letters: str, word: str) -> None:
        while letters:
            letter, letters = letters[0], letters[1:]
            flag = self._set.shorts.get(letter)
            if flag is None:
                raise FlagError(f"unknown shorthand flag: {letter!r} in -{letter}{letters}")
            if letters.startswith("=") and letters != "=":
                return self._store(flag, letters[1:])
            if flag.bare is not None:
                self._store(flag, flag.bare)
            elif letters:
                return self._store(flag, letters)
            elif self._words:
                return self._store(flag, self._words.pop(0))
            else:
                raise FlagError(f"flag needs an argument: {letter!r} in {word}")
        return None

    def _store(self, flag: Flag, value: str) -> None:
        try:
            parsed = _PARSERS[flag.kind](value)
        except ValueError as error:
            shown = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            raise FlagError(f'invalid argument {quote(value)} for "{shown}" flag: {error}') from None
        if not flag.simulated:
            self.refused = self.refused or NotSimulated(f"the flag --{flag.name} is not part of this simulator")
        if isinstance(parsed, tuple) and flag.name in self.given:
            parsed = (*self.values[flag.name], *parsed)
        self.values[flag.name] = parsed
        self.given.add(flag.name)


_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]*\.?[0-9]*)([^.0-9]*)")
_LONGEST = (2**63 - 1) / 1e9


def parse_switch(value: str) -> bool:
    """A truth value. Raises ValueError with Go's words."""
    if value not in _TRUE | _FALSE:
        raise ValueError(f"strconv.ParseBool: parsing {quote(value)}: invalid syntax")
    return value in _TRUE


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
    while rest:
        part = _PART.match(rest)
        digits, unit = part.groups() if part else ("", "")
        if not digits.strip("."):
            raise ValueError(f"time: invalid duration {quote(value)}")
        if unit not in _UNITS:
            problem = f"unknown unit {quote(unit)}" if unit else "missing unit"
            raise ValueError(f"time: {problem} in duration {quote(value)}")
        seconds += float(digits) * _UNITS[unit]
        rest = rest[len(digits + unit) :]
    if not value.strip("+-") or seconds > _LONGEST:
        raise ValueError(f"time: invalid duration {quote(value)}")
    return -seconds if value.startswith("-") else seconds


_FIELD = re.compile(r'"((?:[^"]|"")*)"(?=,|\Z)|([^,"]*)(?=,|\Z)')


def _list(value: str) -> tuple[str, ...]:
    """The first line of CSV, as pflag's StringSlice reads it."""
    line, at, fields = value.partition("\n")[0], 0, []
    while value and at <= len(line):
        match = _FIELD.match(line, at)
        if match is None:
            column = line.index('"', at) + 1
            raise ValueError(f'parse error on line 1, column {column}: bare " in non-quoted-field')
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end() + 1
    return tuple(fields)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "switch": parse_switch,
    "number": parse_number,
    "int32": partial(parse_number, bits=32),
    "duration": parse_duration,
    "list": _list,
    "array": lambda value: (value,),
}

_VARIABLE = re.compile("[-._a-zA-Z][-._a-zA-Z0-9]*")
_BAD_VARIABLE = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    f"'{_VARIABLE.pattern}')"
)


def check_variable_name(name: str) -> None:
    """Refuse a name that no environment variable can have, as IsEnvVarName of k8s.io/apimachinery."""
    if not _VARIABLE.fullmatch(name):
        raise KubectlError(f"{quote(name)} is not a valid key name: {_BAD_VARIABLE}")


# Groups of flags that several commands share.
FILENAME = (
    many("filename", "f", "A file, a folder or - for standard input; may be given several times."),
    switch("recursive", "R", "Take the folders of -f with everything below them."),
    *absent("kustomize/k"),
)
DRY_RUN = (text("dry-run", "", "none, client (only print) or server (check, store nothing).", "none", "unchanged"),)


def output(default: str = "") -> tuple[Flag, ...]:
    """The flags about the format of the output."""
    return (
        text("output", "o", "The output format: json, yaml, name, go-template, jsonpath and others.", default),
        text("template", "", "The template of -o go-template or jsonpath."),
        switch("show-managed-fields", "", "Keep managedFields in JSON and YAML (kubesim keeps none)."),
        *absent("allow-missing-template-keys", kind="switch"),
    )


OUTPUT = output()
VALIDATE = (text("validate", "", "strict (refuse unknown fields), warn or ignore.", "strict", "strict"),)
SAVE_CONFIG = (switch("save-config", "", "Keep the manifest in the object's last-applied annotation."),)
SELECTOR = (text("selector", "l", "A label selector such as app=web or 'tier in (a,b)'."),)
FIELD_SELECTOR = (text("field-selector", "", "A field selector such as status.phase=Running."),)
ALL_NAMESPACES = (switch("all-namespaces", "A", "In every namespace."),)
LOCAL = (switch("local", "", "Change the objects of -f as they stand in the files, without the API server."),)
TIMEOUT = (duration("timeout", "", "How long to wait (30s, 5m); 0 means until it is done."),)


def field_manager(name: str) -> Flag:
    """The flag --field-manager with its default, which depends on the command."""
    return text(
        "field-manager", "", "The name of who changes the object (kubesim tracks no ownership of fields).", name
    )
