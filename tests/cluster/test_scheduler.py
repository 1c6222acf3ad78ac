"""Many Pods that no node has room for; see screens/scheduler.yaml for single ones."""

from __future__ import annotations

import pytest

from kubesim.api.objects import name_of
from kubesim.api.resources import EVENT, POD
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.cluster.controllers.scheduler import ROUND, Scheduler
from tests.learner import Learner


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
    learner.api.delete(POD, "default", bound()[0], DeleteOptions(0))
    learner.wait(10)
    assert (len(bound()), failures()) == (room, waiting + 1)  # the Pod that replaces it
    tried[:] = []
    learner("kubectl scale deployment web --replicas=0")
    learner.wait(0.02)
    assert len(tried) <= ROUND
    learner.wait(60)
    assert learner.api.list(POD, "default") == []
    assert len(tried) < 3 * len(before)
