"""The help texts of kubectl and its commands, and suggestions for misspelled commands.

The data is in commands.json. Usage lines and flags are kubectl's; the other texts are our own. Mirrors the layout of
k8s.io/kubectl pkg/util/templates/templater.go and github.com/spf13/cobra, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from kubesim.gotext.pflag import Flag
from kubesim.kubectl.catalogue import GLOBAL, GROUPS, MODULES, SUGGESTED, WORDS, absent_of, row_of
from kubesim.kubectl.command import REGISTERED, Command

_GLOBAL_OPTIONS = 'Use "kubectl options" for a list of global command-line options (applies to all commands).\n'
_NARROWEST = 11  # the least width of the column of subcommands
_GROUPS_WIDTH = 13  # the width of the column of commands in the help of kubectl itself
_LONGEST = 20  # letters that are compared: no command is so long that a longer word could be within two edits


def help_text(command: Command) -> str:
    """The output of `kubectl COMMAND --help`, with the subcommands of a group, or all commands for kubectl itself."""
    row = command.row
    members = _members(command.path) if command.path else {}
    parts = [row.long or f"{row.short}."]
    if row.aliases:
        parts.append(f"Aliases:\n{', '.join((command.path[-1], *row.aliases))}")
    if row.example:
        parts.append(f"Examples:\n{row.example}")
    if members:
        width = max(_NARROWEST, *map(len, members))
        lines = [f"  {word:<{width}}   {short}" for word, short in sorted(members.items())]
        parts.append("\n".join(["Available Commands:", *lines]))
    if not command.path:
        parts += _groups()
    if options := _options(command.flags):
        parts.append(f"Options:\n{options}")
    usage = f"{command.name} {row.usage}".rstrip()
    parts.append(f"Usage:\n  {usage} [options]")
    text = "".join(f"{part}\n\n" for part in parts)
    if members or not command.path:
        text += f'Use "{command.name} <command> --help" for more information about a given command.\n'
    return text + _GLOBAL_OPTIONS


def _members(path: tuple[str, ...]) -> dict[str, str]:
    """The subcommands of the command `path`, simulated or not, each with its line in the help."""
    members = {member.path[-1]: member.row.short for member in subcommands(path)}
    members |= absent_of(" ".join(path))
    return {word: short for word, short in members.items() if short}


def _groups() -> list[str]:
    """All commands of kubectl in blocks, one for each heading."""
    blocks = []
    for heading, words in GROUPS.items():
        lines = [f"{heading}:"]
        for word in words:
            short = row_of(word).short if word in MODULES else absent_of("")[word]
            if short:
                lines.append(f"  {word:<{_GROUPS_WIDTH}}   {short}")
        blocks.append("\n".join(lines))
    return blocks


def _options(flags: Iterable[Flag]) -> str:
    """The help of the simulated flags, sorted by name; "" without any."""
    by_name = {flag.name: flag for flag in flags if flag.simulated}
    return "\n\n".join(_flag_help(by_name[name]) for name in sorted(by_name))


def _flag_help(flag: Flag) -> str:
    if flag.kind in ("list", "pairs", "array"):
        default = "[]"
    elif flag.kind == "text":
        default = f"'{flag.default}'"
    elif flag.kind == "duration":
        default = f"{flag.default:g}s"
    else:
        default = json.dumps(flag.default)
    short = f"-{flag.short}, " if flag.short else ""
    return f"    {short}--{flag.name}={default}:\n\t{flag.help}"


def options_text() -> str:
    """The output of `kubectl options`."""
    return f"The following options can be passed to any command:\n\n{_options(GLOBAL)}\n"


def subcommands(path: tuple[str, ...]) -> list[Command]:
    """The registered commands directly below `path`, sorted by name, without aliases. Their module must be imported."""
    # An alias has the path of its command, and so the dict keeps one of them.
    by_path = {item.path: item for item in REGISTERED.values() if item.path[:-1] == path}
    return [by_path[key] for key in sorted(by_path)]


def suggestions(word: str) -> str:
    """Cobra's "Did you mean this?" with the commands similar to `word`, "" if none is."""
    typed = word.lower()
    near = [f"\t{name}" for name in WORDS if _is_near(typed, name)]
    if not near:
        return ""
    return "\n\nDid you mean this?\n" + "\n".join(near)


def _is_near(typed: str, name: str) -> bool:
    """True if cobra suggests `name` for `typed`: by its table, as an abbreviation, or within two edits."""
    return name == SUGGESTED.get(typed) or name.startswith(typed) or _distance(typed[:_LONGEST], name) <= 2


@lru_cache(maxsize=4096)
def _distance(one: str, other: str) -> int:
    """The Levenshtein distance of two words. The cache keeps the recursion from growing exponentially."""
    if not one or not other:
        return len(one + other)
    if one[0] == other[0]:
        return _distance(one[1:], other[1:])
    return 1 + min(_distance(one[1:], other), _distance(one, other[1:]), _distance(one[1:], other[1:]))
