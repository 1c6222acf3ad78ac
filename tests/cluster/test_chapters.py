"""What the parts of a cluster do, by what is seen of it: chapters of lines and their answers, in screens/."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from kubesim.api.clock import SECOND, Clock, Identity
from kubesim.api.errors import not_found
from kubesim.api.resources import POD
from kubesim.cluster import BOOT
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.controllers.base import Loop
from tests.exercises.test_exercises import chapters, check
from tests.learner import Learner, container

CHAPTERS = chapters(Path(__file__).parent / "screens")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter(chapter: str) -> None:
    check(CHAPTERS[chapter])


def test_a_key_that_waits_is_not_queued_twice() -> None:
    worked = []

    class Working(Loop):
        def reconcile(self, namespace: str, name: str) -> None:
            worked.append((namespace, name))

    clock = Clock(BOOT)
    loop = Working(APIServer(clock, Identity(0)).as_component(), clock)
    for name in ("a", "b", "a"):
        loop.add_key(("default", name))
    clock.advance(1)
    loop.add_key(("default", "a"))
    clock.advance(1)
    assert worked == [("default", "a"), ("default", "b"), ("default", "a")]


def test_a_refused_key_is_tried_again_after_twice_the_time_up_to_a_thousand_seconds() -> None:
    tried = []
    clock = Clock(BOOT)

    class Refused(Loop):
        def reconcile(self, namespace: str, name: str) -> None:
            tried.append(clock.now)
            raise not_found(POD, name)

    Refused(APIServer(clock, Identity(0)).as_component(), clock).add_key(("default", "a"))
    clock.advance(1_500_000)
    delays = [(after - before) / SECOND for before, after in pairwise(tried)]
    assert delays[:3] == [0.01, 0.02, 0.04]
    assert set(delays[18:]) == {1000}
    assert len(delays) > 1100  # 2 to that power is no float any more


def test_each_pod_has_an_address_of_its_own(learner: Learner) -> None:
    for index in range(260):
        learner(f"""kubectl run p{index} --image=nginx --overrides='{{"spec":{{"nodeName":"sim-worker"}}}}'""")
    learner.wait(5)
    addresses = learner("kubectl get pods -o jsonpath='{.items[*].status.podIP}'").split()
    assert len(set(addresses)) == 260
    assert all(0 < int(part) < 255 for address in addresses for part in address.split(".")[3:])


def test_a_back_off_keeps_the_trace_of_the_attempt_before(learner: Learner) -> None:
    learner.apply("web", container("registry.example.com/myapp:1.0"))
    learner.wait(20)
    trace = learner.kubelet.traces["default", "web", "app"]
    assert learner.status("web") == "ImagePullBackOff"
    assert (trace.outcome, trace.secrets, len(trace.attempts)) == ("ErrImagePull", (), 1)
    assert learner.state("web")["waiting"]["message"].endswith(trace.message)


def test_the_trace_goes_with_the_pod(learner: Learner) -> None:
    learner.apply("web", container("nginx"))
    learner.wait(3)
    assert learner.kubelet.traces["default", "web", "app"].outcome == "Pulled"
    learner("kubectl delete pod web --now")
    assert not any(namespace == "default" for namespace, _, _ in learner.kubelet.traces)
