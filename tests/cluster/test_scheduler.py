"""A Pod gets the node that it fits on, or hears why it fits on none."""

from __future__ import annotations

from kubesim.api.resources import EVENT, NODE, POD
from tests.learner import Learner, container


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
    learner.wait(310)
    assert learner.status("web") == "Running"
