"""Generates command lines from the flag tables of kubesim's kubectl, with right and wrong values.

The words are in commandlines.yaml.
"""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from kubesim.api import load_yaml
from kubesim.gotext.pflag import Flag
from kubesim.kubectl import Command
from kubesim.kubectl.catalogue import GLOBAL
from tools.commands import all_commands

_WORDS = load_yaml(Path(__file__).with_suffix(".yaml"))
_GLOBAL_FLAGS = [flag for flag in GLOBAL if flag.simulated and flag.name != "help"]
# Kinds of flags that may be repeated.
_REPEATABLE = ("list", "array")
# A line that reads stdin.
_STDIN = re.compile(r"(-f |--filename=|--env=|-e )-( |$)")


def generate(seed: int) -> Iterator[str]:
    """Command lines without end; the same for the same `seed`. Commands with more flags come more often."""
    chance = random.Random(seed)
    commands = _commands()
    weights = [1 + len(command.flags) for command in commands]
    while True:
        yield _line(chance, chance.choices(commands, weights)[0])


def _commands() -> list[Command]:
    return [command for command in all_commands() if command.path[0] != "config" and not command.row.is_group]


def _mistaken(command: Command) -> list[str]:
    """The flags of a command with wrong values."""
    flags = _simulated(command) | {flag.name: flag for flag in GLOBAL}
    return [f"--{name}={shlex.quote(value)}" for name, value in _WORDS["mistakes"].items() if name in flags]


def _simulated(command: Command) -> dict[str, Flag]:
    return {flag.name: flag for flag in command.flags if flag.simulated}


def _usual(command: Command) -> list[str]:
    """The names of the flags that nearly every line of a command has."""
    return [*command.row.required, *_WORDS["usual"].get(" ".join(command.path), ())]


def _line(chance: random.Random, command: Command) -> str:
    path, flags = " ".join(command.path), _simulated(command)
    words = [_operands(chance, path)]
    wanted = [flags[name] for name in _usual(command) if chance.randrange(12)]
    wanted += chance.sample(list(flags.values()), min(len(flags), chance.choice((0, 1, 1, 2, 3))))
    wanted += chance.sample(_GLOBAL_FLAGS, chance.choice((0, 0, 0, 0, 1, 1, 2)))
    words += [_flag(chance, flag) for flag in wanted]
    words += [_flag(chance, flag) for flag in wanted if flag.kind in _REPEATABLE and not chance.randrange(3)]
    if not chance.randrange(6):
        words += chance.sample(_mistaken(command), 1)
    line = _joined(path, words)
    return f"cat {chance.choice(_WORDS['values']['filename'])} | {line}" if _STDIN.search(line) else line


def _joined(path: str, words: list[str]) -> str:
    """The command line of a path and its words. The first word, the operands, comes last if it has a " -- "."""
    if any(word.startswith(("--watch", "-w")) for word in words):
        words = [*words, "--request-timeout=1s"]
    if " -- " in words[0]:
        words = [*words[1:], words[0]]
    return " ".join(filter(None, ("kubectl", path, *words)))


def _operands(chance: random.Random, path: str) -> str:
    """The operands of a command."""
    if path in _WORDS["operands"]:
        return str(chance.choice(_WORDS["operands"][path]))
    is_new = path.startswith("create ") or path == "run"
    lists = _WORDS["products"].get(path) or (["new"] if is_new else chance.choice((["pairs"], ["types", "names"])))
    return " ".join(chance.choice(_WORDS["lists"][name]) for name in lists)


def _flag(chance: random.Random, flag: Flag) -> str:
    if flag.bare is not None and chance.randrange(4):
        return chance.choice([f"--{flag.name}", f"-{flag.short}" if flag.short else f"--{flag.name}"])
    value = chance.choice(_WORDS["values"].get(flag.name) or _WORDS["values_by_kind"].get(flag.kind, ["x"]))
    is_short = flag.short and flag.bare is None and chance.randrange(2)
    return f"-{flag.short} {shlex.quote(value)}" if is_short else f"--{flag.name}={shlex.quote(value)}"
