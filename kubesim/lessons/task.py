"""Tasks: something to do alone in the terminal, and what must hold in the end, whatever was typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kubesim import kubectl
from kubesim.api.clock import Clock, to_datetime
from kubesim.api.objects import TEMPLATE_HASH, Object, name_of
from kubesim.api.resources import NAMESPACE, POD
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.session import Session
from kubesim.session.flow import trace_flow
from kubesim.session.programs import beside_kubectl, new_context
from kubesim.shell import Invocation, Shell, Tool
from kubesim.why.tell.report import Flow
from kubesim.workspace import Workspace


@dataclass(frozen=True)
class Condition:
    """One thing that must hold. Its texts are one or two sentences each."""

    run: str  # a shell line that only reads
    otherwise: str  # what is still missing
    what: str = ""  # the goal in words
    equals: str | None = None  # what the line prints
    matches: str | None = None  # or a regex for that
    hint: str = ""  # where to look
    reason: str = ""  # why it has to be so


@dataclass(frozen=True)
class Reading:
    """A condition, what its command printed, and whether it holds."""

    condition: Condition
    printed: str

    @property
    def holds(self) -> bool:
        if self.condition.equals is not None:
            return self.printed == self.condition.equals
        assert self.condition.matches is not None
        return re.search(self.condition.matches, self.printed) is not None


def read(conditions: Sequence[Condition], session: Session) -> tuple[Reading, ...]:
    """Read every condition, with the learner's history. No time passes and nothing changes."""
    reader = shell_of(session, Clock(to_datetime(session.cluster.clock.now)), session.workspace)
    reader.recall(session.shell)
    return tuple(Reading(condition, reader.call(condition.run).stdout.strip()) for condition in conditions)


def shell_of(session: Session, clock: Clock, workspace: Workspace) -> Shell:
    """A second shell on the learner's cluster, without their history, variables, aliases and context."""

    def run(arguments: list[str], io: Invocation) -> int:
        context = new_context(session.cluster, ADMIN, io, kubectl.Kubeconfig(), clock)
        return io.show(kubectl.run(arguments, context))

    return Shell(clock, workspace, [Tool("kubectl", run), *beside_kubectl(lambda: session.cluster)])


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people try, and the message that it must get; the tests run it."""

    lines: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Clue:
    """A command that only reads, and the part of its output that matters."""

    run: str
    shows: str


@dataclass(frozen=True)
class Task:
    """Something to do in a terminal. All texts may have the little markup of the lessons."""

    id: str
    title: str
    namespaces: tuple[str, ...]
    text: str
    goal: tuple[Condition, ...]  # not met by the start state
    hints: tuple[str, ...]  # from a nudge to the last step before the solution
    solution: tuple[str, ...]  # lines that meet the goal, after `wait` seconds
    done: str
    files: Mapping[str, str] = field(default_factory=dict)  # with `start`, the start state
    start: tuple[str, ...] = ()
    wait: float = 0
    minutes: int = 5
    wrong: tuple[Mistake, ...] = ()  # each misses the goal


def begin(task: Task, session: Session) -> list[str]:
    """Create the task's start state: its namespaces are recreated, and nothing else changes.

    Files of the learner's with the names of the task's stay as they are; their names are returned.
    """
    workspace = Workspace()
    in_the_way = []
    for name, text in task.files.items():
        workspace.put(name, text)
        if not _offer(session.workspace, name, text):
            in_the_way.append(name)
    steps = shell_of(session, session.cluster.clock, workspace)
    for namespace in task.namespaces:
        steps.run(f"kubectl delete namespace {namespace} --ignore-not-found")
        steps.run(f"kubectl create namespace {namespace}")
    session.advance(1)
    for line in task.start:
        steps.run(line)
        session.advance(1)
    return in_the_way


def _offer(workspace: Workspace, name: str, text: str) -> bool:
    """Write the file unless it exists; return whether it has this text then."""
    try:
        if not workspace.exists(name):
            workspace.put(name, text)
        return workspace.read_text(name) == text
    except OSError:
        return False


def is_started(task: Task, session: Session) -> bool:
    """Whether one of the task's namespaces exists, so that work in it could be lost."""
    return any(_exist(task, session))


def is_intact(task: Task, session: Session) -> bool:
    """Whether all of them exist."""
    return all(_exist(task, session))


def _exist(task: Task, session: Session) -> list[bool]:
    api = session.cluster.api
    return [api.find(NAMESPACE, "", namespace) is not None for namespace in task.namespaces]


def all_hold(readings: Iterable[Reading]) -> bool:
    return all(reading.holds for reading in readings)


def check(task: Task, session: Session) -> tuple[Reading, ...]:
    """Read the task's goals."""
    return read(task.goal, session)


def solve(task: Task) -> Session:
    """A session in which the task is solved."""
    session = Session()
    begin(task, session)
    for line in task.solution:
        session.run(line)
    session.advance(task.wait)
    return session


class Comparison(NamedTuple):
    """What a Pod is called, its flow in the learner's cluster (None where there's no such Pod), and at the goal."""

    subject: str
    now: Flow | None
    goal: Flow


def beside(task: Task, session: Session, solved: Session) -> Iterator[Comparison]:
    """The goal beside the learner's state: every Pod of the solved task's namespaces; of a Deployment's, the newest."""
    mine = _pods(task, session.cluster)
    for (namespace, subject), pod in _pods(task, solved.cluster).items():
        own = mine.get((namespace, subject))
        now = trace_flow(session.cluster, namespace, name_of(own)) if own else None
        goal = trace_flow(solved.cluster, namespace, name_of(pod))
        yield Comparison(f"Pod {subject} in {namespace}", now, goal)


def _pods(task: Task, cluster: Cluster) -> dict[tuple[str, str], Object]:
    """The newest Pod of each name that stays, by its namespace and that name."""
    newest: dict[tuple[str, str], Object] = {}
    for namespace in task.namespaces:
        for pod in sorted(cluster.api.list(POD, namespace), key=lambda pod: pod["metadata"]["creationTimestamp"]):
            newest[namespace, _stable_name(pod)] = pod
    return newest


def _stable_name(pod: Object) -> str:
    """A Pod's name; of a generated one, the part that stays when its template changes."""
    meta = pod["metadata"]
    labels = meta.get("labels", {})
    if not meta.get("generateName") or "statefulset.kubernetes.io/pod-name" in labels:
        return name_of(pod)
    suffix = f"{labels.get(TEMPLATE_HASH, '')}-"
    return f"{meta['generateName'].removesuffix(suffix)}…"
