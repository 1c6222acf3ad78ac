"""How a program of the terminal is declared that works on the session's cluster."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.cluster import Cluster
from kubesim.shell import Invocation, Options, Tool, tool

Run = Callable[[Cluster, list[str], Options, Invocation], int]
Program = Callable[[Callable[[], Cluster]], Tool]
"""Makes the tool, given what returns the session's cluster, which `undo` and a reset replace."""


def program(usage: str, options: str | None, example: str) -> Callable[[Run], Program]:
    """Declare a program as `tool` does; its function is given the cluster of the moment."""

    def declare(run: Run) -> Program:
        def make(cluster: Callable[[], Cluster]) -> Tool:
            def function(operands: list[str], selected: Options, io: Invocation) -> int:
                return run(cluster(), operands, selected, io)

            return tool(usage, options, example=example)(function)

        return make

    return declare
