"""The playground's card: a random broken cluster, and a cluster from a file."""

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
    """The playground's card."""
    return Playground(seat)


def test_a_broken_cluster_is_set_up_and_can_be_fixed_or_undone(card, seat):
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


def test_the_workbench_shows_the_goals_of_the_task_or_cluster_begun_last(card, seat):
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


def test_different_seeds_give_different_broken_clusters(card):
    titles = {press(card, "break", seed=seed)["title"] for seed in range(12)}
    assert len(titles) > 4


def test_an_export_can_be_loaded_repeatedly(card, seat):
    """The cluster lacks the export's node and the owner of its Pod."""
    assert "no file" in press(card, "load")["said"]
    seat.run("kubectl create namespace shop")
    seat.run("kubectl create deployment web -n shop --image=registry.example.com/myapp:1.0; sleep 5")
    seat.run(f"kubectl get pods,serviceaccounts,secrets -n shop -o yaml | sed s/sim-worker/ip-10-0-1-7/ > {CASE}")
    for times in (1, 2):
        assert "is loaded" in press(card, "load")["said"]
        screen = strip_escapes("".join(text for _, text in workbench(seat).screen.entries))
        assert len(re.findall(r"^web-\S+ +0/1 +ErrImagePull +", screen, re.MULTILINE)) == times
        assert "error" not in screen.lower()
