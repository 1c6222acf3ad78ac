"""The cluster's parts as a learner sees them (chapters of lines with their answers, in screens/), and its loops."""

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
def test_the_lines_of_a_chapter_have_its_answers(chapter: str) -> None:
    check(CHAPTERS[chapter])


def test_a_loop_queues_no_key_that_already_waits() -> None:
    reconciled = []

    class Recording(Loop):
        """A loop that records the keys that it reconciles."""

        def reconcile(self, namespace: str, name: str) -> None:
            reconciled.append((namespace, name))

    clock = Clock(BOOT)
    loop = Recording(APIServer(clock, Identity(0)).as_component(), clock)
    for name in ("a", "b", "a"):
        loop.add_key(("default", name))
    clock.advance(1)
    loop.add_key(("default", "a"))
    clock.advance(1)
    assert reconciled == [("default", "a"), ("default", "b"), ("default", "a")]


def test_a_refused_key_is_tried_again_after_twice_the_time_up_to_a_thousand_seconds() -> None:
    tried = []
    clock = Clock(BOOT)

    class Refused(Loop):
        """A loop that records the times at which it fails."""

        def reconcile(self, namespace: str, name: str) -> None:
            tried.append(clock.now)
            raise not_found(POD, name)

    Refused(APIServer(clock, Identity(0)).as_component(), clock).add_key(("default", "a"))
    clock.advance(1_500_000)
    delays = [(after - before) / SECOND for before, after in pairwise(tried)]
    assert delays[:3] == [0.01, 0.02, 0.04]
    assert set(delays[18:]) == {1000}
    assert len(delays) > 1100  # enough that 0.01 s times 2 to that power would overflow a float


def test_260_pods_have_different_ip_addresses(learner: Learner) -> None:
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


def test_a_deleted_pod_leaves_no_trace_of_its_pull(learner: Learner) -> None:
    learner.apply("web", container("nginx"))
    learner.wait(3)
    assert learner.kubelet.traces["default", "web", "app"].outcome == "Pulled"
    learner("kubectl delete pod web --now")
    assert not any(namespace == "default" for namespace, _, _ in learner.kubelet.traces)
