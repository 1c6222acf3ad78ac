"""Tasks: something to do alone in the terminal, in namespaces of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubesim.api.resources import NAMESPACE
from kubesim.lessons.goal import Condition, Reading, read, shell_of
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

    What the learner has in the place of a file of the task's stays as it is; the names of such files are returned.
    """
    workspace = Workspace()
    for name, text in task.files.items():
        workspace.put(name, text)
    in_the_way = [name for name, text in task.files.items() if not _give(session.workspace, name, text)]
    steps = shell_of(session, session.cluster.clock, workspace)
    for namespace in task.namespaces:
        steps.run(f"kubectl delete namespace {namespace} --ignore-not-found")
        steps.run(f"kubectl create namespace {namespace}")
    session.advance(1)
    for line in task.start:
        steps.run(line)
        session.advance(1)
    return in_the_way


def _give(workspace: Workspace, name: str, text: str) -> bool:
    """Put a file there, if nothing is; say whether this text is there then."""
    try:
        if not workspace.exists(name):
            workspace.put(name, text)
        return workspace.read_text(name) == text
    except OSError:
        return False


def begun(task: Task, session: Session) -> bool:
    """Whether one of the task's namespaces is there, so that work in it could be lost."""
    return any(_there(task, session))


def intact(task: Task, session: Session) -> bool:
    """Whether all of the task's namespaces are there."""
    return all(_there(task, session))


def _there(task: Task, session: Session) -> list[bool]:
    api = session.cluster.api
    return [api.find(NAMESPACE, "", namespace) is not None for namespace in task.namespaces]


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
