"""The goal of a task beside the learner's own state: the way of each Pod's image, here and there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubesim.api.objects import Object, name_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.flow import Flow, trace_flow
from kubesim.lessons.task import Task
from kubesim.session import Session

Place = tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """A Pod that the goal has: its flow there, and the learner's, None while they have no such Pod."""

    subject: str
    goal: Flow
    now: Flow | None


def beside(task: Task, session: Session, solved: Session) -> Iterator[Pair]:
    """Every Pod of the solved task's namespaces; of those that a Deployment made, the newest stands for all."""
    mine = _pods(task, session.cluster)
    for (namespace, subject), pod in _pods(task, solved.cluster).items():
        own = mine.get((namespace, subject))
        now = trace_flow(session.cluster, namespace, name_of(own)) if own else None
        yield Pair(f"Pod {subject} in {namespace}", trace_flow(solved.cluster, namespace, name_of(pod)), now)


def _pods(task: Task, cluster: Cluster) -> dict[Place, Object]:
    """The newest Pod of each name, by its namespace and what it is called."""
    pods = [(namespace, pod) for namespace in task.namespaces for pod in cluster.api.list(POD, namespace)]
    pods.sort(key=lambda item: item[1]["metadata"]["creationTimestamp"])
    newest = {(namespace, _called(pod)): pod for namespace, pod in pods}
    return dict(sorted(newest.items(), key=lambda item: task.namespaces.index(item[0][0])))


def _called(pod: Object) -> str:
    """A Pod's name; for one with a generated name, the part of it that stays when its template changes."""
    meta = pod["metadata"]
    suffix = f"{meta.get('labels', {}).get('pod-template-hash', '')}-"
    return f"{meta['generateName'].removesuffix(suffix)}…" if meta.get("generateName") else name_of(pod)
