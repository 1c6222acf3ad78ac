"""What Tab completes of kubectl's command lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from kubesim.api.errors import StatusError
from kubesim.api.objects import name_of
from kubesim.api.resources import NAMESPACE, RESOURCES, find_resource
from kubesim.kubectl.catalogue import MODULES
from kubesim.kubectl.command import Command, Context
from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.help import subcommands
from kubesim.kubectl.lookup import find_command

_OUTPUTS = ("custom-columns=", "go-template=", "json", "jsonpath=", "name", "wide", "yaml")


def complete(words: Sequence[str], context: Context) -> list[str]:
    """The words that could replace the last of `words` (the words after "kubectl"; the last may be empty)."""
    *before, current = words or [""]
    with suppress(NotSimulated, StatusError):
        command, rest = find_command(before)
        candidates = _candidates(command, rest, current, context)
        return sorted({word for word in candidates if word.startswith(current)})
    return []


def _candidates(command: Command, rest: list[str], current: str, context: Context) -> Iterable[str]:
    previous = rest[-1] if rest else ""
    if previous in ("-n", "--namespace"):
        return map(name_of, context.api.list(NAMESPACE))
    if previous in ("-o", "--output"):
        return _OUTPUTS
    if current.startswith("-"):
        flags = [flag for flag in command.flag_set.flags.values() if flag.simulated]
        return [f"--{flag.name}" if flag.bare is not None else f"--{flag.name}=" for flag in flags]
    if not command.path:
        return MODULES
    members = [member.path[-1] for member in subcommands(command.path)]
    return members or _operands(command, rest, current, context)


def _operands(command: Command, rest: list[str], current: str, context: Context) -> list[str]:
    """Types, names of one type, or TYPE/NAME."""
    typed = re.findall(r"(?:^| )(?:-n|--namespace)[ =](\S+)", " ".join(rest))
    namespace = typed[-1] if typed else context.config.working_namespace
    words = [word for word in rest if not word.startswith("-")]
    kind, slash, _ = current.partition("/")
    if not command.operands:
        return []
    if command.operands == "types" and not slash and not words:
        return [resource.plural for resource in RESOURCES if resource.simulated]
    if command.operands == "pods":
        kind = "pods"
    elif not slash:
        kind = words[0]
    resource = find_resource(kind)
    if resource is None or not resource.simulated:
        return []
    is_pair = slash and command.operands == "types"
    head = f"{kind}/" if is_pair else ""
    return [head + name_of(obj) for obj in context.api.list(resource, namespace if resource.namespaced else None)]
