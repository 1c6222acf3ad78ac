"""The help of kubectl's commands: kubectl's usage lines and flags, our own words for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubesim.kubectl.command import REGISTERED, Call, Command, command
from kubesim.kubectl.errors import Exit, UsageError
from kubesim.kubectl.flags import Flag

_OPTIONS = 'Use "kubectl options" for a list of global command-line options (applies to all commands).\n'


def help_text(command: Command) -> str:
    """What `kubectl COMMAND --help` prints."""
    parts = [f"{command.short}.\n"]
    if command.example:
        parts.append(f"Examples:\n{command.example}\n")
    own = [flag for flag in command.flags if flag.simulated]
    if own:
        lines = "\n\n".join(_flag_help(flag) for flag in sorted(own, key=lambda flag: flag.name))
        parts.append(f"Options:\n{lines}\n")
    parts.append(f"Usage:\n{_usage(command)}\n")
    parts.append(_OPTIONS)
    return "\n".join(parts)


def _usage(command: Command) -> str:
    return f"  {' '.join(filter(None, (command.name, command.usage)))} [options]"


def _flag_help(flag: Flag) -> str:
    head = f"-{flag.short}, " if flag.short else ""
    return f"    {head}--{flag.name}={_default(flag)}:\n\t{flag.help}"


def _default(flag: Flag) -> str:
    value: Any = flag.default
    if flag.kind in ("list", "array"):
        return "[]"
    if flag.kind == "duration":
        return f"{value:g}s"
    if flag.kind == "switch":
        return "true" if value else "false"
    return f"'{value}'" if flag.kind == "text" else str(value)


def group_help(group: Command, members: Iterable[Command]) -> str:
    """What a command that only holds others prints."""
    rows = [(member.path[-1], member.short) for member in members]
    width = max(len(name) for name, _ in rows)
    listed = "".join(f"  {name.ljust(width)}   {short}\n" for name, short in rows)
    return (
        f"{group.example or group.short + '.'}\n\nAvailable Commands:\n{listed}\nUsage:\n{_usage(group)}\n\n"
        f'Use "{group.name} <command> --help" for more information about a given command.\n{_OPTIONS}'
    )


def root_help() -> str:
    """What `kubectl` alone prints."""
    return (
        "kubectl controls the Kubernetes cluster manager.\n\n"
        "kubesim simulates its commands for Pods, Secrets, ServiceAccounts, Namespaces, Deployments and RBAC.\n\n"
        'Usage:\n  kubectl [flags] [options]\n\nUse "kubectl <command> --help" for more information about a given '
        f"command.\n{_OPTIONS}"
    )


def group(path: str, *, to_stdout: bool = False) -> Command:
    """Register a command that only holds others: called by itself it shows its help."""

    def show(call: Call) -> None:
        if call.args:
            raise UsageError(f'unknown command "{" ".join(call.args)}"')
        (call.say if to_stdout else call.complain)(group_help(call.command, subcommands(call.command.path)))
        raise Exit(1)

    return command(path, is_group=True, is_offline=True)(show)


def subcommands(path: tuple[str, ...]) -> list[Command]:
    """The registered commands right below `path`, by name."""
    found = {id(item): item for item in REGISTERED.values() if item.path[:-1] == path and item.path != path}
    return sorted(found.values(), key=lambda item: item.path)
