"""kubectl: one command line in, what it prints and its exit status out.

Mirrors k8s.io/kubectl pkg/cmd/cmd.go and github.com/spf13/cobra, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from kubesim.api.result import Result
from kubesim.kubectl.command import Call, Command, Context, Kustomization, is_change
from kubesim.kubectl.commands import (
    ROOT,
    all_commands,
    complete,
    find_command,
    help_text,
    next_word,
    suggestions,
)
from kubesim.kubectl.config import KUBECONFIG, Kubeconfig, check_client, check_context
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


def run(args: Sequence[str], context: Context) -> Result:
    """Run kubectl with `args` (the words after "kubectl"). Every refusal is part of the Result."""
    call = Call(ROOT, context, (), {}, frozenset())
    try:
        call.command, rest = find_command(args)
        if call.command is ROOT:
            call.say(_first_help(rest))
        else:
            _run(call, rest)
    except Exit as end:
        call.exit_code = end.code
    except REFUSALS as error:
        _fail(call, error)
    except OSError as error:  # a file, where nothing is known of kubectl's own words
        _fail(call, NotSimulated(f"{error.filename}: {error.strerror}"))
    except RecursionError:
        _fail(call, NotSimulated("this is nested too deeply for the simulator"))
    return Result.of([(not is_stdout, text) for is_stdout, text in call.pieces], call.exit_code, call.edit)


def _run(call: Call, words: Sequence[str]) -> None:
    call.args, call.flags, call.given, call.dash = call.command.flag_set.parse(words)
    for flag in [flag for flag in call.command.flags if flag.deprecated and flag.name in call.given]:
        call.complain(f"Flag --{flag.name} has been deprecated, {flag.deprecated}\n")
    if folder := call.flags.get("kustomize"):
        refuse_if(call.flags["filename"], "only one of -f or -k can be specified")
        refuse_if("recursive" in call.given and call.flags["recursive"], "the -k flag can't be used with -f or -R")
        call.flags = {**call.flags, "filename": (Kustomization(folder),)}
    if call.flags["help"]:
        call.say(help_text(call.command))
        return
    if (place := call.context.env.get("KUBECONFIG", "")) not in ("", KUBECONFIG):
        raise NotSimulated(f"the kubeconfig {place[:80]} of $KUBECONFIG is not part of this simulator")
    missing = [f'"{name}"' for name in call.command.required if name not in call.given]
    if missing:
        raise KubectlError(f"required flag(s) {', '.join(missing)} not set")
    _check(call)
    call.command.run(call)


def _check(call: Call) -> None:
    """Refuse wrong arguments, values of the flags that many commands share, and contexts before the command runs."""
    command, is_local = call.command, call.flags.get("local")
    _check_combinations(call, [row for row in command.refuse if row[2:]])
    if "dry-run" in call.flags:
        call.read_dry_run()
    if "template" in call.flags and not command.prints_last:
        call.output_format()
    if "validate" in call.flags:
        call.validation()
    if command.asks_namespace and not call.flags["namespace"]:
        check_context(call.context.config, call.flags)
    if not (command.is_offline or is_local):
        check_client(call.context.config, call.flags, command.shows_config_errors)
    _check_combinations(call, [row for row in command.refuse if not row[2:]])


_TERM = re.compile(r"(!?)(given:)?([\w-]+)(?:(=|!=|<|>)(.*))?")
_KINDS = {"": KubectlError, "help": KubectlError, "usage": UsageError, "plain": Plain, "kubesim": NotSimulated}


def _check_combinations(call: Call, rows: Iterable[Sequence[str]]) -> None:
    """Raise the first refusal of some rows whose condition holds; one of kind "help" shows the help, too.

    A condition is one or more terms that all hold: `flag` has a value, `!flag` has none, `given:flag` was typed,
    `flag=a|b` and `flag!=a|b` for its text, `flag>1` for its number, or how many there are. `args` are all arguments,
    `names` those before "--" and `arguments` the others, `dash` how many are before it, or -1 without one; `words` are
    those that name objects, `changes` the others, and `stray` the first of these that is no change. In a sentence,
    {flag} is its value.
    """
    for condition, sentence, *kind in rows:
        if all(_holds(call, term) for term in condition.split()):
            if kind == ["help"]:
                call.say(help_text(call.command))
            raise _KINDS["".join(kind)](re.sub(r"\{([\w-]+)\}", lambda name: _shown(call, name[1]), sentence))


def _holds(call: Call, term: str) -> bool:
    match = _TERM.fullmatch(term)
    assert match, term
    negated, given, name, sign, wanted = match.groups()
    value = name in call.given if given else _value(call, name)
    if sign in ("=", "!="):
        return (str(value) in wanted.split("|")) is (sign == "=")
    if sign:
        number = float(value if isinstance(value, int | float) else len(value))
        return number < float(wanted) if sign == "<" else number > float(wanted)
    return bool(value) is not bool(negated)


def _value(call: Call, name: str) -> Any:
    count, names = len(call.args), len(call.args) if call.dash < 0 else call.dash
    words, changes = call.split()
    counts: dict[str, Any] = {"args": count, "names": names, "arguments": count - names, "dash": call.dash}
    counts |= {"words": len(words), "changes": len(changes)}
    counts["stray"] = next((word for word in changes if not is_change(word)), "")
    return counts[name] if name in counts else call.flags[name]


def _shown(call: Call, name: str) -> str:
    return " ".join(call.args) if name == "args" else str(_value(call, name))


def _fail(call: Call, error: Exception) -> None:
    for each in error.errors if isinstance(error, Several) else [error]:
        call.say(each.stdout if isinstance(each, FormatError) else "")
    if isinstance(error, FlagError) and call.command.failure > 1:
        error = UsageError(str(error))
    call.complain(message(error, call.command.name))
    call.exit_code = call.command.failure


def _first_help(words: Sequence[str]) -> str:
    """The help that words without a command ask for. Raises a refusal where they ask for something else."""
    if next_word(words, ROOT.flag_set) is None:
        ROOT.flag_set.parse(words)
        return help_text(ROOT)
    if words[0].startswith("-"):
        raise Plain(f"Error: flags cannot be placed before plugin name: {words[0]}")
    if words[0] != "help":
        raise KubectlError(f'unknown command "{words[0]}" for "kubectl"{suggestions(words[0])}')
    topic, rest = find_command(words[1:])
    if topic is ROOT and next_word(rest, ROOT.flag_set) is not None:
        raise Plain(
            f"Unknown help topic [{' '.join(f'`{word}`' for word in rest)}]\n\n\n{help_text(ROOT)}".rstrip("\n")
        )
    return help_text(topic)


__all__ = ["Command", "Context", "Kubeconfig", "all_commands", "complete", "run"]
