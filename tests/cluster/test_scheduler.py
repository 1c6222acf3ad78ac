"""Retries of many Pods without room, and of a Pod after a change. screens/scheduler.yaml has single Pods."""

from __future__ import annotations

import pytest

from kubesim.api.objects import Object, name_of
from kubesim.api.resources import EVENT, POD
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.cluster.controllers.scheduler import MOST_AT_ONCE, Scheduler
from tests.learner import Learner

BIG = """apiVersion: v1
kind: Pod
metadata: {name: big}
spec: {containers: [{name: app, image: nginx, resources: {requests: {cpu: 100}}}]}
"""


def test_pods_without_room_are_tried_a_few_at_once_and_say_nothing_new(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted Pod makes room for one other, and many deletions at once cause few retries."""
    tried: list[str] = []
    schedule = Scheduler._schedule

    def count(self: Scheduler, pod: Object, is_prompted: bool = False) -> None:
        tried.append(name_of(pod))
        schedule(self, pod, is_prompted)

    monkeypatch.setattr(Scheduler, "_schedule", count)
    learner("kubectl create deployment web --image=nginx --replicas=350")
    learner.wait(60)

    def failures() -> int:
        return sum(item["reason"] == "FailedScheduling" for item in learner.api.list(EVENT, "default"))

    def bound() -> list[str]:
        return [name_of(pod) for pod in learner.api.list(POD, "default") if pod["spec"].get("nodeName")]

    before, waiting, room = tried.copy(), failures(), len(bound())
    assert waiting == 350 - room
    learner.api.delete(POD, "default", bound()[0], DeleteOptions(0))
    learner.wait(10)
    assert (len(bound()), failures()) == (room, waiting + 1)  # one more, for the replacement
    tried[:] = []
    learner("kubectl scale deployment web --replicas=0")
    learner.wait(0.02)
    assert len(tried) <= MOST_AT_ONCE
    learner.wait(60)
    assert learner.api.list(POD, "default") == []
    assert len(tried) < 3 * len(before)


def test_a_prompted_pod_that_is_refused_again_has_one_retry(learner: Learner) -> None:
    """It's refused at 0 s and, after the node's label has changed, at 100 s, then retried 300 and 600 s later."""
    learner(f"kubectl apply -f - <<'EOF'\n{BIG.replace('containers:', 'nodeSelector: {place: here}, containers:')}EOF")
    learner.wait(100)
    learner("kubectl label node sim-worker place=here")
    learner.wait(650)
    events = learner.api.list(EVENT, "default", fields="reason=FailedScheduling")
    times = [event["eventTime"][11:19] for event in events]
    assert times == ["13:59:00", "14:00:40", "14:05:40", "14:10:40"]
