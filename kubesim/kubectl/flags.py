"""kubectl's command-line flags, parsed by pflag's rules and refused in pflag's words.

Mirrors github.com/spf13/pflag flag.go as kubectl v1.36 uses it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kubesim.kubectl.command import Flag, absent, array, duration, switch, text
from kubesim.kubectl.errors import FlagError, NotSimulated

GLOBAL: tuple[Flag, ...] = (
    text("namespace", "n", "The namespace to work in, instead of the current one."),
    text("as", "", "Ask as this user (user, or system:serviceaccount:NAMESPACE:NAME)."),
    array("as-group", "", "Ask as a member of this group; may be given several times."),
    text("context", "", "The context of the kubeconfig to use."),
    text("request-timeout", "", "How long a single request may take, such as 10s; a watch ends then.", "0"),
    switch("help", "h", "Show help for the command."),
    *absent("as-uid", "as-user-extra", "cache-dir", "certificate-authority", "client-certificate", "client-key"),
    *absent("cluster", "kubeconfig", "kuberc", "log-flush-frequency", "password", "profile", "profile-output"),
    *absent("server/s", "storage-driver-table", "tls-server-name", "token", "user", "username", "vmodule", "v"),
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
        return parser.args, parser.values, frozenset(parser.given), parser.dash


class _Parser:
    def __init__(self, flags: FlagSet, words: list[str]) -> None:
        self._set = flags
        self._words = words
        self.args: list[str] = []
        self.values = dict(flags.defaults)
        self.given: set[str] = set()
        self.dash = -1

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
            if letters.startswith("="):
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
        if not flag.simulated:
            raise NotSimulated(f"the flag --{flag.name} is not part of this simulator")
        try:
            parsed = _PARSERS[flag.kind](value)
        except ValueError as error:
            shown = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            raise FlagError(f'invalid argument "{value}" for "{shown}" flag: {error}') from None
        if isinstance(parsed, tuple) and flag.name in self.given:
            parsed = (*self.values[flag.name], *parsed)
        self.values[flag.name] = parsed
        self.given.add(flag.name)


_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"([-+]?)((?:{_PART.pattern})+)")
_LONGEST = (2**63 - 1) / 1e9


def _switch(value: str) -> bool:
    if value not in _TRUE | _FALSE:
        raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    return value in _TRUE


def parse_number(value: str) -> int:
    """A whole number of 32 bits. Raises ValueError with Go's words."""
    match = re.fullmatch(r"([-+]?)0*([0-9]+)", value)
    if match is None:
        raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    number = int(match[1] + match[2][:11])
    if not -(2**31) <= number < 2**31:
        raise ValueError(f'strconv.ParseInt: parsing "{value}": value out of range')
    return number


def parse_duration(value: str) -> float:
    """A Go duration (1m30s, 500ms, 0) in seconds. Raises ValueError with Go's words."""
    if value.lstrip("+-") == "0":
        return 0.0
    match = _DURATION.fullmatch(value)
    if match is None:
        unitless = re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value)
        raise ValueError(
            f'time: missing unit in duration "{value}"' if unitless else f'time: invalid duration "{value}"'
        )
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match[2]))
    if seconds > _LONGEST:
        raise ValueError(f'time: invalid duration "{value}"')
    return -seconds if match[1] == "-" else seconds


def _list(value: str) -> tuple[str, ...]:
    """The first line of CSV, as pflag's StringSlice reads it."""
    try:
        return tuple(next(csv.reader(value.splitlines(keepends=True)), []))
    except csv.Error as error:
        raise ValueError(str(error)) from None


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "switch": _switch,
    "number": parse_number,
    "duration": parse_duration,
    "list": _list,
    "array": lambda value: (value,),
}

# Groups of flags that several commands share.
FILENAME = (
    array("filename", "f", "A file, a folder or - for standard input; may be given several times."),
    switch("recursive", "R", "Take the folders of -f with everything below them."),
    *absent("kustomize/k"),
)
DRY_RUN = (text("dry-run", "", "none, client (only print) or server (check, store nothing).", "none", "unchanged"),)
OUTPUT = (
    text("output", "o", "The output format: json, yaml, name, go-template, jsonpath and others."),
    text("template", "", "The template of -o go-template or jsonpath."),
    switch("show-managed-fields", "", "Keep managedFields in JSON and YAML (kubesim keeps none)."),
    *absent("allow-missing-template-keys", kind="switch"),
)
VALIDATE = (
    text("validate", "", "strict (refuse unknown fields), warn or ignore.", "strict", "strict"),
    text("field-manager", "", "The name of who changes the object (kubesim tracks no ownership of fields).", "kubectl"),
)
SAVE_CONFIG = (switch("save-config", "", "Keep the manifest in the object's last-applied annotation."),)
SELECTOR = (text("selector", "l", "A label selector such as app=web or 'tier in (a,b)'."),)
FIELD_SELECTOR = (text("field-selector", "", "A field selector such as status.phase=Running."),)
ALL_NAMESPACES = (switch("all-namespaces", "A", "In every namespace."),)
TIMEOUT = (duration("timeout", "", "How long to wait (30s, 5m); 0 means until it is done."),)
