"""Completion of kubectl's command lines with Tab: commands, flags, some values, types and names of objects.

The order of the candidates, and which ones are offered, are our own: kubectl's shell scripts aren't mirrored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from kubesim.api.errors import StatusError
from kubesim.api.objects import name_of
from kubesim.api.resources import NAMESPACE, POD, RESOURCES, Resource, find_resource
from kubesim.gotext.pflag import CommandLine, Flag, FlagError
from kubesim.kubectl.access import Access, Context
from kubesim.kubectl.catalogue import MODULES
from kubesim.kubectl.command import Command
from kubesim.kubectl.errors import KubectlError, NotSimulated
from kubesim.kubectl.help import subcommands
from kubesim.kubectl.lookup import find_command

_OUTPUTS = ("custom-columns=", "go-template=", "json", "jsonpath=", "name", "wide", "yaml")


def complete(words: Sequence[str], context: Context) -> list[str]:
    """The sorted completions of the last of `words`.

    `words` come after "kubectl"; the last may be empty. Errors, such as missing rights, give no completions.
    """
    *before, current = words or [""]
    with suppress(KubectlError, NotSimulated, StatusError):
        command, rest = find_command(before)
        return sorted({word for word in _candidates(command, rest, current, context) if word.startswith(current)})
    return []


def _candidates(command: Command, rest: list[str], current: str, context: Context) -> Iterable[str]:
    """Candidates for the word `current`; the caller drops those that begin otherwise.

    `rest` are the words between the command and `current`. Raises StatusError.
    """
    try:
        line = command.flag_set.parse(rest)
    except FlagError:  # probably the last word is a flag that still needs its value
        return _flag_values(rest[-1], context)
    if line.dash >= 0:  # after "--" comes the command line of a process in a container
        return []
    if current.startswith("-"):
        return [_flag_as_typed(flag) for flag in command.flag_set.flags.values() if flag.simulated]
    if not command.path:
        return MODULES
    if members := subcommands(command.path):
        return [member.path[-1] for member in members]
    if command.traits.operands == "pods":
        return _names(POD, line, context)
    return _operand_candidates(command, line, current, context) if command.traits.operands == "types" else []


def _flag_as_typed(flag: Flag) -> str:
    """A flag as typed, with `=` if it needs a value."""
    return f"--{flag.name}=" if flag.bare is None else f"--{flag.name}"


def _flag_values(flag: str, context: Context) -> Iterable[str]:
    """The possible values of a flag, `flag` with its dashes; none for most flags."""
    if flag in ("-n", "--namespace"):
        return map(name_of, context.api.list(NAMESPACE))
    if flag in ("-o", "--output"):
        return _OUTPUTS
    return []


def _operand_candidates(command: Command, line: CommandLine, current: str, context: Context) -> Iterable[str]:
    """Plurals of types for a first operand, names of objects for others, or TYPE/NAME once the slash is typed."""
    typed_kind, slash, _ = current.partition("/")
    if slash:
        return [f"{typed_kind}/{name}" for name in _names(find_resource(typed_kind), line, context)]
    if line.args:
        return _names(find_resource(line.args[0]), line, context)
    types = [resource for resource in RESOURCES if resource.simulated]
    return [resource.plural for resource in types if not command.traits.kinds or resource.kind in command.traits.kinds]


def _names(resource: Resource | None, line: CommandLine, context: Context) -> list[str]:
    """Names of a type's objects in the command line's namespace; none for an unknown type (None)."""
    if resource is None or not resource.simulated:
        return []
    namespace = None
    if resource.namespaced:
        namespace = Access(context, line.values).namespace
    return [name_of(obj) for obj in context.api.list(resource, namespace)]
