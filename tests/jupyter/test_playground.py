"""The playground's card: something broken at random, and a cluster from a file."""

import re

import pytest

from kubesim.jupyter.markup import inline
from kubesim.jupyter.playground import CASE, Playground
from kubesim.jupyter.screen import strip_escapes
from kubesim.jupyter.task import TaskCard
from kubesim.jupyter.workbench import workbench
from kubesim.lessons import load_tasks
from kubesim.lessons.clusters import RoundId, broken_clusters
from tests.jupyter.conftest import labels, press


@pytest.fixture
def card(seat):
    return Playground(seat)


def test_something_is_broken_and_can_be_fixed_or_undone(card, seat):
    task = broken_clusters(RoundId(7))[0]
    assert labels(card.feedback) == ["Break something", "Load case.yaml"]
    feedback = press(card, "break", seed=7)
    assert feedback["title"] == inline(task.title)
    assert not workbench(seat).goals["done"]
    assert labels(feedback) == ["Break something else", "Load case.yaml", "Hint", "Show a solution"]
    for line in task.solution:
        seat.run(line)
    seat.run("sleep 400")
    assert card.feedback["done"]
    assert workbench(seat).goals["done"]
    assert labels(press(card, "break", seed=8))[2:] == ["Hint", "Show a solution"]
    assert seat.undo().startswith("Reverted: `break something: ")


def test_the_workbench_has_the_goals_of_what_was_begun_last(card, seat):
    task, broken = load_tasks()["fix-the-namespace"], broken_clusters(RoundId(7))[0]
    task_card = TaskCard(task, seat)
    press(card, "break", seed=7)
    assert workbench(seat).goals["title"] == broken.title.replace("`", "")
    seat.run(f"kubectl delete namespace {' '.join(broken.namespaces)}")
    assert seat.run("reset").stdout.startswith(f"started over: {broken.title}; ")
    assert not seat.run(f"kubectl get namespace {' '.join(broken.namespaces)}").exit_code
    task_card.take_up()
    seat.run("kubectl get pods")
    assert workbench(seat).goals["title"] == task.title


def test_a_number_picks_what_is_broken(card):
    titles = {press(card, "break", seed=seed)["title"] for seed in range(12)}
    assert len(titles) > 4


def test_a_file_becomes_a_cluster(card, seat):
    """As often as you like, although the export's node isn't here, and neither is the owner of its Pod."""
    assert "no file" in press(card, "load")["said"]
    seat.run("kubectl create namespace shop")
    seat.run("kubectl create deployment web -n shop --image=registry.example.com/myapp:1.0; sleep 5")
    seat.run(f"kubectl get pods,serviceaccounts,secrets -n shop -o yaml | sed s/sim-worker/ip-10-0-1-7/ > {CASE}")
    for times in (1, 2):
        assert "is loaded" in press(card, "load")["said"]
        screen = strip_escapes("".join(text for _, text in workbench(seat).screen.entries))
        assert len(re.findall(r"^web-\S+ +0/1 +ErrImagePull +", screen, re.MULTILINE)) == times
        assert "error" not in screen.lower()
