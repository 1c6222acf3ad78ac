"""A Pod gets the node that it fits on, or hears why it fits on none."""

from __future__ import annotations

import json

import pytest

from kubesim.api.objects import Object, name_of
from kubesim.api.resources import EVENT, NODE, POD
from kubesim.cluster.controllers.scheduler import ROUND, Scheduler
from tests.learner import Learner, container, rows

ROWS = rows(__file__)


def test_a_pod_is_bound_and_told_so(learner: Learner) -> None:
    learner.apply("web", container("nginx"))
    learner.wait(0.1)
    pod = learner.get(POD, "web")
    assert pod["spec"]["nodeName"] == "sim-worker"
    assert "Scheduled" in dict(learner.events("web"))


def test_a_pod_that_fits_nowhere_waits_with_the_reason(learner: Learner) -> None:
    learner.apply("web", container("nginx"), nodeSelector={"disk": "ssd"})
    learner.wait(10)
    assert learner.status("web") == "Pending"
    (event,) = learner.api.list(EVENT, "default")
    assert (event["reason"], event["type"]) == ("FailedScheduling", "Warning")
    assert event["message"].startswith("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")


def test_it_is_tried_again_when_a_node_may_fit(learner: Learner) -> None:
    learner.apply("web", container("nginx"), nodeSelector={"disk": "ssd"})
    learner.wait(1)
    learner("kubectl label node sim-worker disk=ssd")
    assert learner.get(NODE, "sim-worker")["metadata"]["labels"]["disk"] == "ssd"
    learner.wait(5)
    assert learner.status("web") == "Running"


@pytest.mark.parametrize(("node", "toleration", "reason"), ROWS["a_node_keeps_pods_away"])
def test_a_node_keeps_pods_away(learner: Learner, node: Object, toleration: Object, reason: str) -> None:
    learner(f"kubectl patch node sim-worker -p '{json.dumps({'spec': node})}'")
    learner.apply("web", container("nginx"), tolerations=[toleration] if toleration else [])
    learner.wait(10)
    assert learner.status("web") == ("Pending" if reason else "Running")
    failed = [item["message"] for item in learner.api.list(EVENT, "default") if item["reason"] == "FailedScheduling"]
    assert [text[: len(reason) + 25] for text in failed] == ([f"0/1 nodes are available: {reason}"] if reason else [])
    learner("""kubectl patch node sim-worker -p '{"spec":{"unschedulable":null,"taints":null}}'""")
    learner.wait(5)
    assert learner.status("web") == "Running"


def test_pods_without_room_are_tried_a_few_at_once_and_say_nothing_new(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted Pod makes room for one of 250; and many don't have each of the others tried as often."""
    tried: list[str] = []
    schedule = Scheduler._schedule

    def count(self: Scheduler, namespace: str, name: str, uid: str, again: bool = False) -> None:
        tried.append(name)
        schedule(self, namespace, name, uid, again)

    monkeypatch.setattr(Scheduler, "_schedule", count)
    learner("kubectl create deployment web --image=nginx --replicas=350")
    learner.wait(60)

    def failures() -> int:
        return sum(item["reason"] == "FailedScheduling" for item in learner.api.list(EVENT, "default"))

    def bound() -> list[str]:
        return [name_of(pod) for pod in learner.api.list(POD, "default") if pod["spec"].get("nodeName")]

    before, waiting, room = tried.copy(), failures(), len(bound())
    assert waiting == 350 - room
    learner.api.delete(POD, "default", bound()[0], grace_period=0)
    learner.wait(10)
    assert (len(bound()), failures()) == (room, waiting + 1)  # the Pod that replaces it
    tried[:] = []
    learner("kubectl scale deployment web --replicas=0")
    learner.wait(0.02)
    assert len(tried) <= ROUND
    learner.wait(60)
    assert learner.api.list(POD, "default") == []
    assert len(tried) < 3 * len(before)
