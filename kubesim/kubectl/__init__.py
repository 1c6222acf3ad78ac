"""kubectl: the entry point `run`, from the words of a command line to its output and exit status.

Here a command is found, its flags are parsed, and its errors become text. Each command has a module of its own.
Mirrors k8s.io/kubectl pkg/cmd/cmd.go and github.com/spf13/cobra, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from kubesim.api.clock import OutOfTimeError
from kubesim.api.result import Result
from kubesim.gotext import pflag
from kubesim.kubectl.access import Context
from kubesim.kubectl.catalogue import ABSENT
from kubesim.kubectl.checks import check_before_running
from kubesim.kubectl.command import Call, Command
from kubesim.kubectl.errors import (
    REFUSALS,
    AggregateError,
    Exit,
    FlagError,
    FormatError,
    KubectlError,
    NotSimulated,
    UnprefixedError,
    UsageError,
    message,
    reworded,
)
from kubesim.kubectl.help import help_text, suggestions
from kubesim.kubectl.kubeconfig import Kubeconfig
from kubesim.kubectl.lookup import ROOT, find_command, next_word

_TERMINATED = 143  # exit status of a process that SIGTERM has ended: 128 + 15
_LONGEST_CACHED = 1000  # letters; a longer command line isn't cached, so that the caches stay small


def run(args: Sequence[str], context: Context) -> Result:
    """Run kubectl with `args`, the words after "kubectl".

    Refusals become part of the Result. Only TooMuchError passes through, to the code that made the budget.
    """
    call = Call(ROOT, context)
    is_short = sum(map(len, args)) <= _LONGEST_CACHED
    find = _find_cached if is_short else find_command
    parse = _parse_cached if is_short else _parse
    try:
        call.command, rest = find(tuple(args))
        if call.command is ROOT:
            _run_without_command(call, rest)
        else:
            _run(call, parse(call.command, tuple(rest)))
    except Exit as end:
        call.exit_code = end.code
    except REFUSALS as error:
        _fail(call, error)
    except OutOfTimeError:
        call.exit_code = _TERMINATED
    except OSError as error:  # a file that can't be read, where kubectl's own message isn't reproduced
        _fail(call, NotSimulated(f"{error.filename}: {error.strerror}"))
    except RecursionError:
        _fail(call, NotSimulated("this is nested too deeply for the simulator"))
    return Result(call.written, call.exit_code, call.edit)


def _parse(command: Command, words: Sequence[str]) -> pflag.CommandLine:
    """Parse a command's arguments and flags.

    Raises FlagError for an unknown or malformed flag, and NotSimulated for one that kubesim lacks. With --help, flags
    that kubesim lacks are allowed.
    """
    with reworded(pflag.FlagError, into=FlagError):
        line = command.flag_set.parse(words)
    if line.refused and not line.values["help"]:
        raise NotSimulated(f"the flag --{line.refused} is not part of this simulator")
    return line


# Learners repeat command lines. A cached result is shared by later calls, and must never be changed.
_find_cached = lru_cache(maxsize=256)(find_command)
_parse_cached = lru_cache(maxsize=256)(_parse)


def _run(call: Call, line: pflag.CommandLine) -> None:
    call.args = line.args
    call.dash = line.dash
    call.flags = line.values
    call.typed_flags = line.typed
    if call.flags["help"]:
        call.say(help_text(call.command))
        return
    check_before_running(call)
    call.command.run(call)


def _fail(call: Call, error: Exception) -> None:
    """Write an error to stderr, after the output that came before it, and set the exit status."""
    errors = error.errors if isinstance(error, AggregateError) else [error]
    for each in errors:
        if isinstance(each, FormatError):
            call.say(each.stdout)
    # diff, the one command whose errors have exit status 2, refers to -h where others refer to --help.
    if isinstance(error, FlagError) and call.command.traits.failure > 1:
        error = UsageError(str(error))
    call.complain(message(error, call.command.name))
    call.exit_code = call.command.traits.failure


def _run_without_command(call: Call, words: Sequence[str]) -> None:
    """Print the help of kubectl, or of the topic after "help".

    Raises KubectlError for an unknown command, and UnprefixedError for flags before it.
    """
    position = next_word(words, ROOT.flag_set)
    if position is None:
        _parse(ROOT, words)
        call.say(help_text(ROOT))
        return
    if words[0].startswith("-"):
        raise UnprefixedError(f"Error: flags cannot be placed before plugin name: {words[0]}")
    word = words[position]
    if word != "help":
        raise KubectlError(f'unknown command "{word}" for "kubectl"{suggestions(word)}')
    topic, rest = find_command(words[position + 1 :])
    if topic is ROOT and next_word(rest, ROOT.flag_set) is not None:
        quoted = " ".join(f"`{word}`" for word in rest)
        call.complain(f"Unknown help topic [{quoted}]\n\n\n")
        call.complain(help_text(ROOT).removeprefix(f"{ROOT.row.long}\n\n"))
    else:
        call.say(help_text(topic))


__all__ = ["ABSENT", "Command", "Context", "Kubeconfig", "find_command", "run"]
