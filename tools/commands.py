"""Every command of kubectl that kubesim has, for documents and tests."""

from __future__ import annotations

from kubesim.kubectl import Command, find_command
from kubesim.kubectl.catalogue import MODULES
from kubesim.kubectl.command import REGISTERED


def all_commands() -> list[Command]:
    """Every simulated command, sorted by its words."""
    for word in MODULES:
        find_command([word])  # imports the modules that register its commands
    return sorted({command.path: command for command in REGISTERED.values()}.values(), key=lambda item: item.path)
