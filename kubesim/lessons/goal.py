"""What must hold in a cluster in the end, and whether it does: the state counts, never the commands typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kubesim import kubectl
from kubesim.api.clock import Clock, to_datetime
from kubesim.session import Session
from kubesim.shell import Invocation, Shell, Tool
from kubesim.workspace import Workspace


@dataclass(frozen=True)
class Condition:
    """One thing that must hold: what `run` (a shell line that only reads) prints is `equals`, or `matches` a regex.

    `what` is the goal in words, `otherwise` what is still missing, `hint` where to look, and `reason` why it has to be
    so: one or two sentences each.
    """

    run: str
    otherwise: str
    what: str = ""
    equals: str | None = None
    matches: str | None = None
    hint: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """A condition, what its command printed, and whether it holds."""

    condition: Condition
    printed: str

    @property
    def holds(self) -> bool:
        if self.condition.equals is not None:
            return self.printed == self.condition.equals
        return re.search(self.condition.matches or "", self.printed) is not None

    @property
    def message(self) -> str:
        return self.condition.what if self.holds else self.condition.otherwise


def read(conditions: Sequence[Condition], session: Session) -> tuple[Reading, ...]:
    """Read every condition, with the learner's history. No time passes and nothing changes."""
    reader = shell_of(session, Clock(to_datetime(session.cluster.clock.now)), session.workspace)
    reader.recall(session.shell)
    return tuple(Reading(condition, reader.call(condition.run).stdout.strip()) for condition in conditions)


def shell_of(session: Session, clock: Clock, workspace: Workspace) -> Shell:
    """A second shell on the learner's cluster, without their history, variables, aliases and context."""

    def run(arguments: list[str], io: Invocation) -> int:
        context = kubectl.Context(session.cluster.api, clock, workspace, kubectl.Kubeconfig(), io.env, io.stdin)
        return io.show(kubectl.run(arguments, context))

    return Shell(clock, workspace, [Tool("kubectl", run)])
