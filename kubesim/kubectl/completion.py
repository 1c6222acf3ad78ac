"""What Tab completes of kubectl's command lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from kubesim.api.errors import StatusError
from kubesim.api.objects import name_of
from kubesim.api.resources import NAMESPACE, POD, RESOURCES, Resource, find_resource
from kubesim.gotext.pflag import CommandLine, Flag, FlagError
from kubesim.kubectl.catalogue import MODULES
from kubesim.kubectl.command import Access, Command, Context
from kubesim.kubectl.errors import KubectlError, NotSimulated
from kubesim.kubectl.help import subcommands
from kubesim.kubectl.lookup import find_command

_OUTPUTS = ("custom-columns=", "go-template=", "json", "jsonpath=", "name", "wide", "yaml")


def complete(words: Sequence[str], context: Context) -> list[str]:
    """The words that could replace the last of `words` (the words after "kubectl"; the last may be empty)."""
    *before, current = words or [""]
    with suppress(KubectlError, NotSimulated, StatusError):
        command, rest = find_command(before)
        return sorted({word for word in _candidates(command, rest, current, context) if word.startswith(current)})
    return []


def _candidates(command: Command, rest: list[str], current: str, context: Context) -> Iterable[str]:
    """What may follow a command and the `rest` of its words, all but the one to complete."""
    try:
        line = command.flag_set.parse(rest)
    except FlagError:  # the last flag still needs its value, or one of them is wrong
        return _values(rest[-1], context)
    if line.dash >= 0:  # the command of a container
        return []
    if current.startswith("-"):
        return [_spelled(flag) for flag in command.flag_set.flags.values() if flag.simulated]
    if not command.path:
        return MODULES
    if members := subcommands(command.path):
        return [member.path[-1] for member in members]
    if command.traits.operands == "pods":
        return _names(POD, line, context)
    return _of_types(command, line, current, context) if command.traits.operands == "types" else []


def _spelled(flag: Flag) -> str:
    """A flag as it is typed, with `=` where a value has to follow."""
    return f"--{flag.name}=" if flag.bare is None else f"--{flag.name}"


def _values(flag: str, context: Context) -> Iterable[str]:
    """The values of the flag that was typed last."""
    if flag in ("-n", "--namespace"):
        return map(name_of, context.api.list(NAMESPACE))
    if flag in ("-o", "--output"):
        return _OUTPUTS
    return []


def _of_types(command: Command, line: CommandLine, current: str, context: Context) -> Iterable[str]:
    """Types, then names of that type; or TYPE/NAME."""
    typed_kind, slash, _ = current.partition("/")
    if slash:
        return [f"{typed_kind}/{name}" for name in _names(find_resource(typed_kind), line, context)]
    if line.args:
        return _names(find_resource(line.args[0]), line, context)
    types = [resource for resource in RESOURCES if resource.simulated]
    return [resource.plural for resource in types if not command.traits.kinds or resource.kind in command.traits.kinds]


def _names(resource: Resource | None, line: CommandLine, context: Context) -> list[str]:
    """The objects of a type in the namespace that the line is about."""
    if resource is None or not resource.simulated:
        return []
    namespace = None
    if resource.namespaced:
        namespace = Access(context, line.values).namespace
    return [name_of(obj) for obj in context.api.list(resource, namespace)]
