"""kubectl: one command line in, what it prints and its exit status out.

Mirrors k8s.io/kubectl pkg/cmd/cmd.go and github.com/spf13/cobra, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from kubesim.api.result import Result
from kubesim.gotext import pflag
from kubesim.kubectl.catalogue import ABSENT
from kubesim.kubectl.checks import check_before_running
from kubesim.kubectl.command import Call, Command, Context, Kustomization
from kubesim.kubectl.errors import (
    REFUSALS,
    Exit,
    FlagError,
    FormatError,
    KubectlError,
    NotSimulated,
    Plain,
    Several,
    UsageError,
    message,
    refuse_if,
)
from kubesim.kubectl.help import help_text, suggestions
from kubesim.kubectl.kubeconfig import Kubeconfig
from kubesim.kubectl.lookup import ROOT, find_command, next_word

_LONGEST_KEPT = 1000  # letters of a command line that is kept with what it was parsed into


def run(args: Sequence[str], context: Context) -> Result:
    """Run kubectl with `args` (the words after "kubectl"). Every refusal is part of the Result."""
    call = Call(ROOT, context)
    try:
        is_short = sum(map(len, args)) <= _LONGEST_KEPT
        call.command, rest = _find_kept(tuple(args)) if is_short else find_command(args)
        if call.command is ROOT:
            call.say(_first_help(call, rest))
        else:
            line = _parse_kept(call.command, tuple(rest)) if is_short else _parse(call.command, rest)
            _run(call, line)
    except Exit as end:
        call.exit_code = end.code
    except REFUSALS as error:
        _fail(call, error)
    except OSError as error:  # a file, where nothing is known of kubectl's own words
        _fail(call, NotSimulated(f"{error.filename}: {error.strerror}"))
    except RecursionError:
        _fail(call, NotSimulated("this is nested too deeply for the simulator"))
    return Result(call.written, call.exit_code, call.edit)


def _parse(command: Command, words: Sequence[str]) -> pflag.CommandLine:
    try:
        return command.flag_set.parse(words)
    except pflag.FlagError as error:
        raise FlagError(str(error)) from None


# A line that was typed before isn't taken apart again.
_find_kept = lru_cache(maxsize=256)(find_command)
_parse_kept = lru_cache(maxsize=256)(_parse)


def _run(call: Call, line: pflag.CommandLine) -> None:
    call.args = line.args
    call.dash = line.dash
    call.flags = line.values
    call.typed_flags = line.typed
    is_help = call.flags["help"]
    if line.refused and not is_help:
        raise NotSimulated(f"the flag --{line.refused} is not part of this simulator")
    if folder := call.flags.get("kustomize"):
        refuse_if(call.flags["filename"], "only one of -f or -k can be specified")
        call.flags = {**call.flags, "filename": (Kustomization(folder),)}  # from here on -k is a kind of -f
    if is_help:
        call.say(help_text(call.command))
        return
    check_before_running(call)
    call.command.run(call)


def _fail(call: Call, error: Exception) -> None:
    errors = error.errors if isinstance(error, Several) else [error]
    for each in errors:
        if isinstance(each, FormatError):
            call.say(each.stdout)
    if isinstance(error, FlagError) and call.command.traits.failure > 1:  # diff points at -h, where others say --help
        error = UsageError(str(error))
    call.complain(message(error, call.command.name))
    call.exit_code = call.command.traits.failure


def _first_help(call: Call, words: Sequence[str]) -> str:
    """The help that words without a command ask for; "" where it went to stderr. Raises a refusal of other words."""
    if next_word(words, ROOT.flag_set) is None:
        line = _parse(ROOT, words)
        if line.refused and not line.values["help"]:
            raise NotSimulated(f"the flag --{line.refused} is not part of this simulator")
        return help_text(ROOT)
    if words[0].startswith("-"):
        raise Plain(f"Error: flags cannot be placed before plugin name: {words[0]}")
    if words[0] != "help":
        raise KubectlError(f'unknown command "{words[0]}" for "kubectl"{suggestions(words[0])}')
    topic, rest = find_command(words[1:])
    if topic is ROOT and next_word(rest, ROOT.flag_set) is not None:
        quoted = " ".join(f"`{word}`" for word in rest)
        commands = help_text(ROOT).removeprefix(f"{ROOT.row.long}\n\n")
        call.complain(f"Unknown help topic [{quoted}]\n\n\n{commands}")
        return ""
    return help_text(topic)


__all__ = ["ABSENT", "Command", "Context", "Kubeconfig", "find_command", "run"]
