"""The history of a session: each step can be undone and redone, and each moment can be looked at again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubesim.api import load_yaml
from kubesim.api.clock import SECOND
from kubesim.api.resources import NAMESPACE
from kubesim.session import Session
from kubesim.session.flow import trace_flow
from kubesim.session.history import LIMIT, History

STORIES = load_yaml(Path(__file__).with_name("undo.yaml"))
GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("lesson-0*.yaml"))


class Learner:
    """A session whose every line is a step."""

    def __init__(self) -> None:
        self.session = Session()
        self.history = History(self.session)

    def __call__(self, line: str) -> str:
        with self.history.step(line):
            return self.session.run(line).screen

    def wait(self, seconds: float) -> None:
        """Let time pass, as a step of its own."""
        with self.history.step(f"{seconds} s"):
            self.session.advance(seconds)


@pytest.fixture
def learner() -> Learner:
    """A learner in a fresh session."""
    return Learner()


def labels(learner: Learner) -> list[str]:
    """The labels of the steps that can be undone, oldest first."""
    return [step.label for step in learner.history.steps]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["title"])
def test_each_line_of_a_story_prints_what_is_recorded(learner: Learner, story: dict[str, Any]) -> None:
    for line, screen in story["steps"]:
        assert (line, learner(line)) == (line, screen)


def test_commands_given_again_after_undo_have_the_same_effect(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    learner.wait(5)
    first = learner("kubectl get pods -o yaml")
    learner("undo")
    learner("undo")
    learner("kubectl run web --image=nginx")
    learner.wait(5)
    assert learner("kubectl get pods -o yaml") == first


@pytest.mark.parametrize("line", ["kubectl get pods", "kubectl run x", "ls", "kubectl delete pod x", "A=1", "nonsense"])
def test_a_line_that_changes_nothing_is_no_step_even_while_a_pod_starts(learner: Learner, line: str) -> None:
    learner("kubectl run web --image=nginx")
    learner(line)
    assert labels(learner) == ["kubectl run web --image=nginx"]


@pytest.mark.parametrize("line", ["sleep 2", "kubectl label pod web a=b", "kubectl config set-context --current -n y"])
def test_a_line_that_changes_something_is_a_step(learner: Learner, line: str) -> None:
    learner("kubectl run web --image=nginx")
    learner(line)
    assert labels(learner) == ["kubectl run web --image=nginx", line]


def test_a_step_within_another_one_splits_it_in_two(learner: Learner) -> None:
    run = learner.session.shell.run
    with learner.history.step("outer"):
        run("kubectl create namespace a")
        with learner.history.step("inner"):
            run("kubectl create namespace b")
        run("kubectl create namespace c")
    assert labels(learner) == ["outer", "inner", "outer"]


def test_undo_stops_where_the_task_began(learner: Learner) -> None:
    learner("kubectl create namespace blue")
    learner.history.limit_undo("the task")
    learner("kubectl create namespace green")
    assert learner("undo") == "reverted: kubectl create namespace green\n"
    assert learner("undo") == "kubesim: there is nothing left to revert\n"
    assert learner("kubectl get namespace blue -o name") == "namespace/blue\n"


def test_a_limited_number_of_steps_is_kept_and_undo_still_stops_where_the_task_began(learner: Learner) -> None:
    learner("kubectl create namespace blue")
    learner.history.limit_undo("the task")
    for number in range(LIMIT):
        learner(f"kubectl create namespace n{number}")
    assert len(learner.history.steps) == LIMIT
    assert all(learner.history.undo() for _ in range(LIMIT))
    assert learner.history.undo() is None
    assert learner("kubectl get namespace n0 blue -o name") == (
        'namespace/blue\nError from server (NotFound): namespaces "n0" not found\n'
    )


def test_fewer_steps_are_kept_of_a_cluster_with_many_pods(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubesim.session.history.MOST_PODS", 40)
    learner("kubectl create deployment web --image=nginx --replicas=3")
    learner.wait(10)
    for number in range(5):
        learner(f"kubectl create namespace n{number}")
    assert labels(learner) == ["kubectl create namespace n3", "kubectl create namespace n4"]


def test_the_oldest_remembered_cluster_holds_the_effects_of_dropped_steps(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubesim.session.history.LIMIT", 1)
    begun = learner.session.cluster.clock.now
    learner("kubectl create namespace blue")
    done = learner.session.cluster.clock.now
    learner.session.advance(10)
    learner("kubectl create namespace green")
    assert labels(learner) == ["kubectl create namespace green"]
    for moment in (begun, done, done + 5 * SECOND):
        cluster = learner.history.cluster_at(moment)
        assert cluster.clock.now == max(moment, done)
        assert cluster.api.find(NAMESPACE, "", "blue")
        assert not cluster.api.find(NAMESPACE, "", "green")


def test_every_moment_can_be_looked_at_again(learner: Learner) -> None:
    learner("kubectl run web --image=registry.example.com/myapp:1.0")
    begun = learner.session.cluster.clock.now
    seen = []
    for _ in range(12):
        seen.append((learner.session.cluster.clock.now, trace_flow(learner.session.cluster, "default", "web")))
        learner.session.advance(7)
    learner("kubectl delete pod web --now")
    for moment, flow in seen:
        assert trace_flow(learner.history.cluster_at(moment), "default", "web") == flow
    assert learner.history.cluster_at(begun - SECOND).clock.now >= begun - SECOND
    assert trace_flow(learner.history.cluster_at(begun - SECOND), "default", "web").story == ()


def test_looking_back_changes_nothing(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    now = learner.session.cluster.clock.now
    learner.history.cluster_at(now).advance(1000)
    learner.history.cluster_at(now - SECOND).advance(1000)
    assert learner.session.cluster.clock.now == now
    learner.wait(5)
    assert learner("kubectl get pods --no-headers") == "web   1/1   Running   0     5s\n"


@pytest.mark.parametrize("recording", GOLDEN, ids=lambda path: path.stem)
def test_every_command_of_a_recording_prints_the_same_after_an_undo(recording: Path) -> None:
    lines = [step["run"] for step in load_yaml(recording)["steps"] if "run" in step]
    learner = Learner()
    for line in lines:
        steps = len(learner.history.steps)
        first = learner(line)
        if len(learner.history.steps) > steps:
            learner.history.undo()
            assert learner(line) == first


def test_a_write_from_outside_is_a_step_too(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    learner.session.advance(20)
    before = learner.session.cluster.clock.now
    learner.session.run("kubectl label pod web a=b")
    learner.history.keep_outside_writes("from outside")
    assert labels(learner) == ["kubectl run web --image=nginx", "from outside"]
    learner.session.advance(20)
    learner.history.keep_outside_writes("only time has passed")
    assert len(learner.history.steps) == 2
    assert learner("undo") == "reverted: from outside\n"
    assert learner.session.cluster.clock.now - before == 0.2 * SECOND  # label and undo take a tenth of a second each
    assert learner("kubectl get pods --no-headers -L a") == "web   1/1   Running   0     20s   \n"


def test_a_write_from_outside_before_the_task_survives_undo(learner: Learner) -> None:
    learner.session.run("kubectl create namespace blue")
    learner.history.limit_undo("the task")
    learner.session.run("kubectl create namespace green")
    learner.history.keep_outside_writes("from outside")
    assert labels(learner) == ["the task", "from outside"]
    assert learner("undo") == "reverted: from outside\n"
    assert learner("undo") == "kubesim: there is nothing left to revert\n"
    assert learner("kubectl get namespace blue -o name") == "namespace/blue\n"


def test_undo_keeps_the_lock_of_the_cluster(learner: Learner) -> None:
    lock = learner.session.cluster.lock
    learner("kubectl create namespace blue")
    learner("undo")
    assert learner.session.cluster.lock is lock
