"""Tab completion: which words may come next on a kubectl command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from kubesim.api.objects import name_of
from kubesim.api.resources import NAMESPACE, RESOURCES, Resource, find_resource
from kubesim.kubectl.command import Command, Context
from kubesim.kubectl.commands import MODULES, find_command, flag_set
from kubesim.kubectl.help import subcommands

_OUTPUTS = ("custom-columns=", "go-template=", "json", "jsonpath=", "name", "wide", "yaml")


def complete(words: Sequence[str], context: Context) -> list[str]:
    """The words that could stand for the last of `words` (the words after "kubectl"; the last may be empty)."""
    *before, current = words or [""]
    command, rest = find_command(before)
    candidates = _candidates(command, rest, current, context)
    return sorted({word for word in candidates if word.startswith(current)})


def _candidates(command: Command | None, rest: list[str], current: str, context: Context) -> Iterable[str]:
    previous = rest[-1] if rest else ""
    if previous in ("-n", "--namespace"):
        return [name_of(obj) for obj in context.api.list(NAMESPACE)]
    if previous in ("-o", "--output"):
        return _OUTPUTS
    if current.startswith("-"):
        return _flags(command)
    if command is None:
        return MODULES
    if below := subcommands(command.path):
        return [member.path[-1] for member in below]
    return _objects(
        command, [word for word in rest if not word.startswith("-")], current, _namespace(rest, context), context
    )


def _flags(command: Command | None) -> list[str]:
    command = command or find_command(["get"])[0]
    flags = flag_set(command.path).flags.values() if command else ()
    return [f"--{flag.name}" + ("" if flag.bare is not None else "=") for flag in flags if flag.simulated]


def _namespace(rest: list[str], context: Context) -> str:
    for flag, value in pairwise(rest):
        if flag in ("-n", "--namespace"):
            return value
    given = [word.partition("=")[2] for word in rest if word.startswith(("-n=", "--namespace="))]
    return given[-1] if given else context.config.namespace_of()


def _objects(command: Command, words: list[str], current: str, namespace: str, context: Context) -> list[str]:
    if command.operands == "pods":
        return _names(context, "pods", namespace)
    if not command.operands:
        return []
    kind, slash, _ = current.partition("/")
    if slash:
        return [f"{kind}/{name}" for name in _names(context, kind, namespace)]
    if not words:
        return [resource.plural for resource in RESOURCES if resource.simulated]
    return _names(context, words[0], namespace)


def _names(context: Context, kind: str, namespace: str) -> list[str]:
    resource: Resource | None = find_resource(kind)
    if resource is None or not resource.simulated:
        return []
    return [name_of(obj) for obj in context.api.list(resource, namespace if resource.namespaced else None)]
