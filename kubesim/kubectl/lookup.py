"""The search for the command of a command line, and the import of the command's module.

Parsing of its flags comes afterwards, in pflag. Mirrors github.com/spf13/cobra command.go as kubectl v1.36 uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from kubesim.gotext.pflag import FlagSet
from kubesim.kubectl.catalogue import ABSENT, GROUP_PATHS, MODULES, row_of
from kubesim.kubectl.command import REGISTERED, Call, Command, command
from kubesim.kubectl.errors import Exit, NotSimulated, UsageError
from kubesim.kubectl.help import help_text

_HELP_ON_STDOUT = (("rollout",),)  # groups whose help goes to stdout; that of others goes to stderr


def find_command(args: Sequence[str]) -> tuple[Command, list[str]]:
    """Find the command in the words after "kubectl"; return it and the other words, flags included.

    Flags may stand before and between the command's words. Without a known command, the result is ROOT and all words.
    Raises NotSimulated for a command that only kubectl has.
    """
    rest = list(args)
    command = ROOT
    while (position := next_word(rest, command.flag_set)) is not None:
        path = (*command.path, rest[position])
        _import_modules(path[0])
        if path in ABSENT:
            raise NotSimulated(f"'kubectl {' '.join(path)}' is not part of this simulator")
        if path not in REGISTERED:
            break
        command = REGISTERED[path]
        del rest[position]
    return command, rest


@cache
def _import_modules(word: str) -> None:
    """Import the modules that `catalogue.GROUPS` lists for a first word; they fill REGISTERED."""
    for module in MODULES.get(word, "").split():
        import_module(f"kubesim.kubectl.{module}")


def next_word(words: Sequence[str], flags: FlagSet) -> int | None:
    """The index of the first word that is neither a flag nor a flag's value, None without one before a "--".

    The word after an unknown flag counts as its value. Mirrors stripFlags.
    """
    at = 0
    while at < len(words) and words[at] != "--":
        word = words[at]
        if word and not word.startswith("-"):
            return at
        at += 2 if _takes_next(word, flags) else 1
    return None


def _takes_next(word: str, flags: FlagSet) -> bool:
    """True for a flag whose value is the next word. The empty word and "-" aren't flags."""
    if len(word) < 2 or "=" in word:
        return False
    if word.startswith("--"):
        flag = flags.flags.get(word[2:])
    elif len(word) == 2:
        flag = flags.shorts.get(word[1:])
    else:
        return False  # as in -nshop
    return flag is None or flag.bare is None


def _show_group(call: Call) -> None:
    """The `run` of groups: print the group's help, and raise Exit. Raises UsageError for an unknown subcommand."""
    if call.args:
        raise UsageError(f'unknown command "{" ".join(call.args)}"')
    show = call.say if call.command.path in _HELP_ON_STDOUT else call.complain
    show(help_text(call.command))
    raise Exit(1)


# The command of kubectl itself, without words.
ROOT = Command((), row_of(""), _show_group)

# Groups have no module of their own, and so they are registered here.
for _path in GROUP_PATHS:
    command(_path, is_offline=True)(_show_group)
