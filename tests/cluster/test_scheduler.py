"""A Pod gets the node that it fits on, or hears why it fits on none."""

from __future__ import annotations

import json

import pytest

from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, NODE, POD
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
