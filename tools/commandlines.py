"""Random kubectl command lines, generated from kubesim's tables of flags, with valid and invalid values.

Operands and values are in commandlines.yaml. `chance` is the source of randomness.
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
# Flags that every command takes.
_GLOBAL_FLAGS = [flag for flag in GLOBAL if flag.simulated and flag.name != "help"]
# Kinds of flags that may be repeated.
_REPEATABLE = ("list", "array")
# A line that reads stdin.
_STDIN = re.compile(r"(-f |--filename=|--env=|-e )-( |$)")


def _commands() -> list[Command]:
    """The commands that are generated: all but groups of subcommands and `config`, which has no cluster."""
    return [command for command in all_commands() if command.path[0] != "config" and not command.row.is_group]


def _simulated(command: Command) -> dict[str, Flag]:
    """The flags of a command that kubesim simulates, by name."""
    return {flag.name: flag for flag in command.flags if flag.simulated}


def _mistaken(command: Command) -> list[str]:
    """The words of a command's flags with invalid values."""
    flags = _simulated(command) | {flag.name: flag for flag in GLOBAL}
    return [f"--{name}={shlex.quote(value)}" for name, value in _WORDS["mistakes"].items() if name in flags]


def _usual(command: Command) -> list[str]:
    """The names of the flags that most lines of a command have, because it does little without them."""
    return [*command.row.required, *_WORDS["usual"].get(" ".join(command.path), ())]


def _operands(chance: random.Random, path: str) -> str:
    """The operands of the command with that path, in one text."""
    if path in _WORDS["operands"]:
        return str(chance.choice(_WORDS["operands"][path]))
    is_new = path.startswith("create ") or path == "run"
    lists = _WORDS["products"].get(path) or (["new"] if is_new else chance.choice((["pairs"], ["types", "names"])))
    return " ".join(chance.choice(_WORDS["lists"][name]) for name in lists)


def _flag(chance: random.Random, flag: Flag) -> str:
    """A flag with a value or, if it needs none, mostly without."""
    if flag.bare is not None and chance.randrange(4):
        return chance.choice([f"--{flag.name}", f"-{flag.short}" if flag.short else f"--{flag.name}"])
    value = chance.choice(_WORDS["values"].get(flag.name) or _WORDS["values_by_kind"].get(flag.kind, ["x"]))
    is_short = flag.short and flag.bare is None and chance.randrange(2)
    return f"-{flag.short} {shlex.quote(value)}" if is_short else f"--{flag.name}={shlex.quote(value)}"


def _joined(path: str, words: list[str]) -> str:
    """The command line with these words, of which the first one has all operands. A " -- " in it has to come last."""
    if any(word.startswith(("--watch", "-w")) for word in words):
        words = [*words, "--request-timeout=1s"]
    if " -- " in words[0]:
        words = [*words[1:], words[0]]
    return " ".join(filter(None, ("kubectl", path, *words)))


def _line(chance: random.Random, command: Command) -> str:
    """A line with the command: operands, some of its flags, sometimes repeated, and one time in six an invalid flag."""
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


def generate(seed: int) -> Iterator[str]:
    """Endless command lines, the same for the same `seed`. Commands with more flags are more frequent."""
    chance = random.Random(seed)
    commands = _commands()
    weights = [1 + len(command.flags) for command in commands]
    while True:
        yield _line(chance, chance.choices(commands, weights)[0])
