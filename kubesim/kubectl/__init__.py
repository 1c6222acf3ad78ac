"""kubectl: one command line in, what it prints and its exit status out; completion, and the help.

Mirrors k8s.io/kubectl pkg/cmd/cmd.go and github.com/spf13/cobra, v1.36.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from kubesim.api.objects import name_of
from kubesim.api.resources import NAMESPACE, RESOURCES, find_resource
from kubesim.api.result import Result
from kubesim.kubectl.command import (
    REGISTERED,
    Call,
    Command,
    Context,
    Kustomization,
    command,
    is_change,
)
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
from kubesim.kubectl.flags import TABLE, Flag, FlagSet
from kubesim.kubectl.kubeconfig import KUBECONFIG, Kubeconfig

_WORDS: dict[str, str] = {word: modules for group in TABLE["groups"].values() for word, modules in group.items()}
MODULES = {word: modules for word, modules in _WORDS.items() if modules}
"""The modules that register a command and its subcommands, by its first word.

One is imported when its command is first used: a learner's first answer should not wait for sixty commands.
"""

ABSENT: set[tuple[str, ...]] = {(word,) for word in _WORDS.keys() - MODULES.keys()}
ABSENT |= {(group, word) for group, words in TABLE["absent"].items() for word in words}
"""Commands of kubectl v1.36 that are not simulated."""


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
        call.check_context()
    if not (command.is_offline or is_local):
        call.check_client(command.shows_config_errors)
    _check_combinations(call, [row for row in command.refuse if not row[2:]])


_TERM = re.compile(r"(!?)(given:)?([\w-]+)(?:(=|!=|<|>)(.*))?")
_KINDS = {"": KubectlError, "help": KubectlError, "usage": UsageError, "plain": Plain, "kubesim": NotSimulated}


def _check_combinations(call: Call, rows: Iterable[Sequence[str]]) -> None:
    """Raise the first refusal of some rows whose condition holds; one of kind "help" shows the help, too.

    A condition is one or more terms that all hold: `flag` has a value, `!flag` has none, `given:flag` was typed,
    `flag=a|b` and `flag!=a|b` for its text, `flag>1` for its number, or how many there are. `args` are all arguments,
    `names` those before "--" and `arguments` the others, `dash` how many are before it, or -1 without one; `words` are
    those that name objects, `changes` the others, and `stray` the first of these that is no change; `first` is the
    first argument. In a sentence, {flag} is its value.
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
    counts["first"] = call.args[0] if call.args else ""
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


def find_command(args: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that the words begin with, flags left aside, and the words without its name; ROOT is without a name.

    Raises NotSimulated for one that kubectl has and kubesim does not.
    """
    rest, found = list(args), ROOT
    while (position := next_word(rest, found.flag_set)) is not None:
        path = (*found.path, rest[position])
        _load(path[0])
        if path in ABSENT:
            raise NotSimulated(f"'kubectl {' '.join(path)}' is not part of this simulator")
        if path not in REGISTERED:
            break
        found = REGISTERED[path]
        del rest[position]
    return found, rest


@cache
def _load(word: str) -> None:
    for module in MODULES.get(word, "").split():
        import_module(f"kubesim.kubectl.{module}")


def all_commands() -> list[Command]:
    """Every simulated command, by its words."""
    for word in MODULES:
        _load(word)
    return sorted({command.path: command for command in REGISTERED.values()}.values(), key=lambda item: item.path)


def next_word(words: Sequence[str], flags: FlagSet) -> int | None:
    """The position of the first word that is neither a flag nor the value of one, as cobra looks for commands.

    It takes the word after a flag that it does not know for its value. Mirrors stripFlags of github.com/spf13/cobra.
    """
    at = 0
    while at < len(words) and words[at] != "--":
        word = words[at]
        if not word.startswith("-") or word == "-":
            return at
        is_long = word.startswith("--")
        flag = flags.flags.get(word[2:]) if is_long else flags.shorts.get(word[1:])
        has_value = "=" in word or (len(word) > 2 and not is_long) or (flag and flag.bare is not None)
        at += 1 if has_value else 2
    return None


def suggestions(word: str) -> str:
    """Cobra's "Did you mean this?" with the commands that are at most two letters away."""
    given, meant = word.lower(), TABLE["suggested"].get(word.lower())
    near = [name for name in _WORDS if _distance(given, name) <= 2 or name.startswith(given) or name == meant]
    return "\n\nDid you mean this?\n" + "\n".join(f"\t{name}" for name in near) if near else ""


def _distance(one: str, other: str) -> int:
    """The Levenshtein distance."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one[:64], 1):
        previous, row[0] = row[0], index
        for column, wanted in enumerate(other, 1):
            cost = previous + (letter != wanted)
            previous, row[column] = row[column], min(cost, row[column] + 1, row[column - 1] + 1)
    return row[-1]


_OUTPUTS = ("custom-columns=", "go-template=", "json", "jsonpath=", "name", "wide", "yaml")


def complete(words: Sequence[str], context: Context) -> list[str]:
    """The words that could replace the last of `words` (the words after "kubectl"; the last may be empty)."""
    *before, current = words or [""]
    with suppress(NotSimulated):
        candidates = _candidates(*find_command(before), current, context)
        return sorted({word for word in candidates if word.startswith(current)})
    return []


def _candidates(command: Command, rest: list[str], current: str, context: Context) -> Iterable[str]:
    previous = rest[-1] if rest else ""
    if previous in ("-n", "--namespace"):
        return [name_of(obj) for obj in context.api.list(NAMESPACE)]
    if previous in ("-o", "--output"):
        return _OUTPUTS
    if current.startswith("-"):
        flags = command.flag_set.flags.values()
        return [f"--{flag.name}" + ("" if flag.bare is not None else "=") for flag in flags if flag.simulated]
    if not command.path:
        return MODULES
    return [member.path[-1] for member in subcommands(command.path)] or _operands(command, rest, current, context)


def _operands(command: Command, rest: list[str], current: str, context: Context) -> list[str]:
    named = re.findall(r"(?:^| )(?:-n|--namespace)[ =](\S+)", " ".join(rest))
    namespace = named[-1] if named else context.config.working_namespace
    words = [word for word in rest if not word.startswith("-")]
    kind, slash, _ = current.partition("/")
    if not command.operands:
        return []
    if command.operands == "types" and not slash and not words:
        return [resource.plural for resource in RESOURCES if resource.simulated]
    resource = find_resource("pods" if command.operands == "pods" else kind if slash else words[0])
    if resource is None or not resource.simulated:
        return []
    head = f"{kind}/" if slash and command.operands == "types" else ""
    return [head + name_of(obj) for obj in context.api.list(resource, namespace if resource.namespaced else None)]


_OPTIONS = 'Use "kubectl options" for a list of global command-line options (applies to all commands).\n'


def help_text(command: Command) -> str:
    """What `kubectl COMMAND --help` prints; one that holds others lists them."""
    members = subcommands(command.path) if command.path else []
    width = max([11, *(len(member.path[-1]) for member in members)])
    listed = "".join([f"  {member.path[-1]:<{width}}   {member.short}\n" for member in members])
    own = sorted((flag for flag in command.flags if flag.simulated), key=lambda flag: flag.name)
    parts = [
        f"{command.long or f'{command.short}.'}\n",
        f"Aliases:\n{', '.join((command.path[-1], *command.aliases))}\n" if command.aliases else "",
        command.example and f"Examples:\n{command.example}\n",
        listed and f"Available Commands:\n{listed}",
        "" if command.path else _groups(),
        "Options:\n" * bool(own) + "\n".join(map(_flag_help, own)),
        f"Usage:\n  {' '.join(filter(None, (command.name, command.usage)))} [options]\n",
    ]
    if members or not command.path:
        parts.append(f'Use "{command.name} <command> --help" for more information about a given command.')
    return "\n".join([*filter(None, parts), _OPTIONS])


def _groups() -> str:
    """The simulated commands as kubectl groups them, without their modules."""
    groups = {heading: [word for word in words if word in MODULES] for heading, words in TABLE["groups"].items()}
    return "\n".join(
        "".join([f"{heading}:\n", *(f"  {word:<13}   {TABLE['commands'][word]['short']}\n" for word in words)])
        for heading, words in groups.items()
    )


def _flag_help(flag: Flag) -> str:
    default = {"list": "[]", "pairs": "[]", "array": "[]", "text": f"'{flag.default}'"}.get(flag.kind)
    shown = default or f"{json.dumps(flag.default)}{'s' if flag.kind == 'duration' else ''}".replace(".0s", "s")
    return f"    {f'-{flag.short}, ' if flag.short else ''}--{flag.name}={shown}:\n\t{flag.help}\n"


def subcommands(path: tuple[str, ...]) -> list[Command]:
    """The registered commands right below `path`, by name."""
    found = {id(item): item for item in REGISTERED.values() if item.path[:-1] == path and item.path != path}
    return sorted(found.values(), key=lambda item: item.path)


def _show_group(call: Call) -> None:
    """Called by itself, a command that only holds others shows its help."""
    if call.args:
        raise UsageError(f'unknown command "{" ".join(call.args)}"')
    (call.say if call.command.shows_help else call.complain)(help_text(call.command))
    raise Exit(1)


for _path, _row in TABLE["commands"].items():
    if _row.get("is_group") and _path:
        command(_path, is_offline=True)(_show_group)
ROOT = Command((), _show_group, **TABLE["commands"][""])

__all__ = ["Command", "Context", "Kubeconfig", "all_commands", "complete", "find_command", "run"]
