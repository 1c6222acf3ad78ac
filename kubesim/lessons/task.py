"""Tasks to solve in the terminal, and the conditions that decide whether they are solved."""

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
from kubesim.session.programs import new_context, registry_tools
from kubesim.shell import Invocation, Shell, Tool
from kubesim.why.tell.report import Flow
from kubesim.workspace import Workspace


@dataclass(frozen=True)
class Condition:
    """A condition on the cluster. Each text has one or two sentences."""

    run: str  # a shell line that changes nothing
    otherwise: str  # feedback while the condition doesn't hold
    what: str = ""  # the condition in words
    equals: str | None = None  # the output of the line
    matches: str | None = None  # or a regex for the output
    hint: str = ""  # a place to look
    reason: str = ""  # the reason for the condition


@dataclass(frozen=True)
class Reading:
    """A condition with the output of its command."""

    condition: Condition
    printed: str

    @property
    def holds(self) -> bool:
        if self.condition.equals is not None:
            return self.printed == self.condition.equals
        assert self.condition.matches is not None
        return re.search(self.condition.matches, self.printed) is not None


def evaluate(conditions: Sequence[Condition], session: Session) -> tuple[Reading, ...]:
    """Run every condition's command, with the learner's history. No time passes, and nothing changes."""
    reader = _second_shell(session, Clock(to_datetime(session.cluster.clock.now)), session.workspace)
    reader.adopt_history(session.shell)
    return tuple(Reading(condition, reader.call(condition.run).stdout.strip()) for condition in conditions)


def _second_shell(session: Session, clock: Clock, workspace: Workspace) -> Shell:
    """A second shell on the learner's cluster, with a fresh history, variables, aliases and kubectl context."""

    def run(arguments: list[str], io: Invocation) -> int:
        context = new_context(session.cluster, ADMIN, io, kubectl.Kubeconfig(), clock)
        return io.show(kubectl.run(arguments, context))

    return Shell(clock, workspace, [Tool("kubectl", run), *registry_tools(lambda: session.cluster)])


@dataclass(frozen=True)
class Mistake:
    """A common wrong solution and the message that it causes. The tests run it."""

    lines: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Clue:
    """A command that changes nothing, and the telling part of its output."""

    run: str
    shows: str


@dataclass(frozen=True)
class Task:
    """A task. Its texts may have the lessons' markup."""

    id: str
    title: str
    namespaces: tuple[str, ...]
    text: str
    goal: tuple[Condition, ...]  # the start state doesn't meet it
    hints: tuple[str, ...]  # from a nudge to the step before the solution
    solution: tuple[str, ...]  # lines that meet the goal after `wait` seconds
    done: str
    files: Mapping[str, str] = field(default_factory=dict)  # the start state, with the commands in `start`
    start: tuple[str, ...] = ()
    wait: float = 0
    minutes: int = 5
    wrong: tuple[Mistake, ...] = ()  # none meets the goal


def begin(task: Task, session: Session) -> list[str]:
    """Create the task's start state by recreating its namespaces. Returns the names of files that weren't written.

    A file of the learner's with the same name isn't replaced.
    """
    workspace = Workspace()
    in_the_way = []
    for name, text in task.files.items():
        workspace.put(name, text)
        if not _offer(session.workspace, name, text):
            in_the_way.append(name)
    steps = _second_shell(session, session.cluster.clock, workspace)
    for namespace in task.namespaces:
        steps.run(f"kubectl delete namespace {namespace} --ignore-not-found")
        steps.run(f"kubectl create namespace {namespace}")
    session.advance(1)
    for line in task.start:
        steps.run(line)
        session.advance(1)
    return in_the_way


def _offer(workspace: Workspace, name: str, text: str) -> bool:
    """Write the file unless it exists, and return whether it has this text afterwards."""
    try:
        if not workspace.exists(name):
            workspace.put(name, text)
        return workspace.read_text(name) == text
    except OSError:
        return False


def is_started(task: Task, session: Session) -> bool:
    """True if any of the task's namespaces exists, so that starting again could lose work."""
    return any(_exist(task, session))


def is_intact(task: Task, session: Session) -> bool:
    """True if all of the task's namespaces exist."""
    return all(_exist(task, session))


def _exist(task: Task, session: Session) -> list[bool]:
    api = session.cluster.api
    return [api.find(NAMESPACE, "", namespace) is not None for namespace in task.namespaces]


def all_hold(readings: Iterable[Reading]) -> bool:
    return all(reading.holds for reading in readings)


def check(task: Task, session: Session) -> tuple[Reading, ...]:
    """The readings of the task's goals."""
    return evaluate(task.goal, session)


def solve(task: Task) -> Session:
    """A new session in which the task is solved."""
    session = Session()
    begin(task, session)
    for line in task.solution:
        session.run(line)
    session.advance(task.wait)
    return session


class Comparison(NamedTuple):
    """A Pod's name, its flow in the learner's cluster (None if the Pod is missing), and its flow at the goal."""

    subject: str
    now: Flow | None
    goal: Flow


def compare_pods(task: Task, session: Session, solved: Session) -> Iterator[Comparison]:
    """Compare every Pod of the task's namespaces with its twin in a solved session (a Deployment's newest Pod)."""
    mine = _pods(task, session.cluster)
    for (namespace, subject), pod in _pods(task, solved.cluster).items():
        own = mine.get((namespace, subject))
        now = trace_flow(session.cluster, namespace, name_of(own)) if own else None
        goal = trace_flow(solved.cluster, namespace, name_of(pod))
        yield Comparison(f"Pod {subject} in {namespace}", now, goal)


def _pods(task: Task, cluster: Cluster) -> dict[tuple[str, str], Object]:
    """The newest Pod by namespace and stable name."""
    newest: dict[tuple[str, str], Object] = {}
    for namespace in task.namespaces:
        for pod in sorted(cluster.api.list(POD, namespace), key=lambda pod: pod["metadata"]["creationTimestamp"]):
            newest[namespace, _stable_name(pod)] = pod
    return newest


def _stable_name(pod: Object) -> str:
    """A Pod's name, or for a generated name the part that stays when the template changes."""
    meta = pod["metadata"]
    labels = meta.get("labels", {})
    if not meta.get("generateName") or "statefulset.kubernetes.io/pod-name" in labels:
        return name_of(pod)
    suffix = f"{labels.get(TEMPLATE_HASH, '')}-"
    return f"{meta['generateName'].removesuffix(suffix)}…"
