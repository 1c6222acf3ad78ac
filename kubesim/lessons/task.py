"""Tasks: something to do alone in the terminal, in namespaces of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubesim.lessons.goal import Condition, Reading, read, shell_of
from kubesim.resources import NAMESPACE
from kubesim.session import Session
from kubesim.workspace import Workspace


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people try, and the message that it must get: the tests play it."""

    lines: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Task:
    """Something to do in a terminal, `minutes` long. All texts may have the little markup of the lessons.

    `files` and `start` make the start state, which does not meet `goal`; `solution` does, after `wait` seconds. The
    `hints` go from a nudge to the last step before the solution; each of the `wrong` ones misses the goal.
    """

    id: str
    title: str
    namespaces: tuple[str, ...]
    text: str
    goal: tuple[Condition, ...]
    hints: tuple[str, ...]
    solution: tuple[str, ...]
    done: str
    files: Mapping[str, str] = field(default_factory=dict)
    start: tuple[str, ...] = ()
    wait: float = 0
    minutes: int = 5
    wrong: tuple[Mistake, ...] = ()


def begin(task: Task, session: Session) -> list[str]:
    """Make the task's start state: its namespaces are made anew, and nothing else changes.

    A file of the task's that the learner has with another content stays as it is; the names of such files are returned.
    """
    workspace = Workspace()
    for name, text in task.files.items():
        workspace.put(name, text)
        if not session.workspace.exists(name):
            session.workspace.put(name, text)
    steps = shell_of(session, session.cluster.clock, workspace)
    for namespace in task.namespaces:
        steps.run(f"kubectl delete namespace {namespace} --ignore-not-found")
        steps.run(f"kubectl create namespace {namespace}")
    session.advance(1)
    for line in task.start:
        steps.run(line)
        session.advance(1)
    return [name for name, text in task.files.items() if session.workspace.read_text(name) != text]


def begun(task: Task, session: Session) -> bool:
    """Whether the task's namespaces are there, so that work in them could be lost."""
    return session.cluster.api.find(NAMESPACE, "", task.namespaces[0]) is not None


def check(task: Task, session: Session) -> tuple[Reading, ...]:
    """Look at every condition of the task. No time passes and nothing changes."""
    return read(task.goal, session)


def solve(task: Task) -> Session:
    """A session of its own in which the task is solved."""
    session = Session()
    begin(task, session)
    for line in task.solution:
        session.run(line)
    session.advance(task.wait)
    return session
