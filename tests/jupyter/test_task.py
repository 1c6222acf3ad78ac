"""The card of a task: goals and their feedback, undo, starting over, hints, and progress."""

from typing import Any

import pytest

from kubesim.jupyter import task
from kubesim.jupyter.task import NUDGE, PATIENCE, TaskCard
from kubesim.lessons import load_tasks
from kubesim.lessons.progress import Progress
from kubesim.session.history import LIMIT
from tests.jupyter.conftest import press, refused
from tests.lessons.examples import TASKS

# A small task of tests/lessons/examples.yaml, with a Pod web in the namespace shop.
TASK = TASKS["other-place"]


@pytest.fixture
def card(seat):
    """The card of TASK, which has been begun."""
    return TaskCard(TASK, seat)


def ticks(card):
    """True or False for each goal: reached or not."""
    return [goal["ok"] for goal in card.feedback["goals"]]


def test_a_card_sets_its_task_up_and_a_second_card_keeps_the_work(card, seat):
    assert seat.session.run("kubectl get pod web -n shop -o name").stdout == "pod/web\n"
    seat.run("kubectl create configmap mine -n shop --from-literal=a=b")
    TaskCard(TASK, seat)
    assert seat.run("kubectl get configmap mine -n shop -o name").stdout == "configmap/mine\n"


def test_goals_are_checked_after_each_command(card, seat):
    assert ticks(card) == [False, False]
    untouched = {"ok": False, "what": "The Secret is there.", "missing": "", "hint": "", "reason": ""}
    assert card.feedback["goals"][0] == untouched
    seat.run("kubectl get pods -n shop")
    assert card.feedback["goals"][0] == untouched
    seat.run("kubectl create configmap mine -n shop --from-literal=a=b")
    help = {"missing": "No Secret yet.", "hint": "Look in <code>shop</code>.", "reason": "Pods look nowhere else."}
    assert card.feedback["goals"][0] == {**untouched, **help}
    seat.run(TASK.solution[0])
    assert ticks(card) == [True, False]
    assert (card.feedback["count"], card.feedback["news"]) == ("1 of 2 reached", "Reached: The Secret is there.")
    assert card.feedback["goals"][0]["reason"] == "Pods look nowhere else."
    seat.run("kubectl get pods")
    assert card.feedback["news"] == ""
    seat.advance(60)
    assert card.feedback["done"] == "Well done, <code>web</code> runs."
    assert card.feedback["news"] == "Reached: It runs."


def test_a_reached_goal_can_be_lost_but_a_done_task_stays_done(card, seat):
    seat.run(TASK.solution[0])
    assert not Progress(seat.session.workspace).is_done(TASK.id)
    seat.advance(60)
    assert Progress(seat.session.workspace).is_done(TASK.id)
    seat.run("kubectl delete secret regcred -n shop")
    assert (ticks(card), card.feedback["done"]) == ([False, True], "")
    assert card.feedback["news"] == "Lost: The Secret is there."
    assert card.feedback["count"] == "1 of 2 reached (you have done this task before)"
    assert Progress(seat.session.workspace).is_done(TASK.id)


def test_undo_reverts_commands_back_to_the_start_of_the_task(card, seat):
    seat.run(TASK.solution[0])
    assert seat.undo() == f"Reverted: `{TASK.solution[0].replace('=mypassword', '=***')}`"
    assert ticks(card) == [False, False]
    assert seat.undo() == "There is nothing left to revert."
    assert seat.run("kubectl get pod web -n shop -o name").stdout == "pod/web\n"


def test_starting_over_keeps_the_files_and_can_be_undone(card, seat):
    seat.run("kubectl create configmap mine -n shop --from-literal=a=b")
    seat.session.write_file("web.yaml", "changed")
    feedback = press(card, "restart")
    assert feedback["said"] == "Started over. Undo reverts this."
    assert feedback["warnings"] == [
        "You have another <code>web.yaml</code> already; it is kept. Remove it and start over to get the task's own."
    ]
    assert seat.run("kubectl get configmap mine -n shop").exit_code == 1
    seat.undo()
    assert seat.run("kubectl get configmap mine -n shop -o name; cat web.yaml").stdout == "configmap/mine\nchanged"


def test_reset_in_the_terminal_starts_the_task_over(card, seat):
    seat.run("kubectl create configmap mine -n shop --from-literal=a=b")
    assert seat.run("reset").screen == (
        "started over: The right Secret in the wrong place; your files are kept, and undo reverts this\n"
    )
    assert seat.run("kubectl get configmap mine -n shop").exit_code == 1
    assert seat.run("undo").screen == "reverted: reset\n"
    assert seat.run("kubectl get configmap mine -n shop -o name").stdout == "configmap/mine\n"
    assert seat.run("reset now").screen == "Usage: reset\n"


def test_after_a_restart_of_the_cluster_the_card_reports_the_missing_namespace(card, seat):
    seat.restart()
    assert card.feedback["warnings"] == ["The task's namespace is gone. Start over to have it set up again."]
    assert press(card, "restart")["warnings"] == []
    assert seat.run("kubectl get pod web -n shop -o name").stdout == "pod/web\n"


def test_state_and_goal_can_be_compared_and_follow_commands(card, seat):
    assert card.feedback["beside"] == ""
    before = press(card, "compare")["beside"]
    assert before.count("<figure") == 2
    assert "Pod web in shop: now" in before
    assert "Pod web in shop: goal" in before
    assert before.endswith(
        "<tr><td><code>kubectl get secret -n shop -o name</code></td><td>nothing</td>"
        "<td><code>secret/regcred</code></td></tr>"
        "<tr><td><code>kubectl get pod web -n shop -o jsonpath={.status.phase}</code></td>"
        "<td><code>Pending</code></td><td><code>Running</code></td></tr></tbody></table>"
    )
    seat.run(TASK.solution[0])
    assert "<td><code>secret/regcred</code></td><td>✓ the same</td></tr>" in card.feedback["beside"]
    assert press(card, "compare")["beside"] == ""


def test_a_task_has_a_plain_and_a_static_form(card):
    assert "--docker-password=mypassword" in press(card, "reveal")["revealed"]
    bundle = card._repr_mimebundle_()[0]
    assert bundle["text/plain"] == (
        "Task: The right Secret in the wrong place (5 minutes)\n"
        "Get the Pod `web` in `shop` to run.\n"
        "Goals:\n"
        "  - The Secret is there.\n"
        "  - It runs."
    )
    assert "<details><summary>A solution</summary>" in bundle["text/html"]


def test_missing_goals_are_explained_even_with_a_full_history(seat):
    for number in range(LIMIT):
        seat.run(f"kubectl create namespace n{number}")
    card = TaskCard(TASK, seat)
    assert card.feedback["goals"][0]["missing"] == ""
    seat.run("kubectl create namespace late")
    assert card.feedback["goals"][0]["missing"] == "No Secret yet."


@pytest.mark.parametrize("namespace", TASK.namespaces)
def test_any_missing_namespace_of_the_task_is_reported(card, seat, namespace):
    seat.run(f"kubectl delete namespace {namespace}")
    assert card.feedback["warnings"] == ["The task's namespace is gone. Start over to have it set up again."]


def test_a_folder_in_the_way_of_a_file_is_reported(seat, tmp_path):
    (tmp_path / "web.yaml").mkdir()
    card = TaskCard(TASK, seat)
    assert "You have another <code>web.yaml</code> already" in card.feedback["warnings"][0]
    assert seat.run("reset").stdout.startswith("started over: ")


def test_progress_that_cannot_be_kept_is_reported(card, seat, tmp_path):
    (tmp_path / ".progress.json").mkdir()
    seat.run(TASK.solution[0])
    seat.advance(60)
    assert card.feedback["said"].startswith("Your progress cannot be kept: ")


def test_an_internal_error_is_reported_to_the_page(card, monkeypatch):
    replies: list[dict[str, Any]] = []
    monkeypatch.setattr(card, "send", replies.append)
    monkeypatch.setattr(card, "do_hint", lambda _message: 1 / 0)
    press(card, "hint", id="page-1")
    assert replies == [{"error": "kubesim: internal error: this could not be done", "re": "page-1"}]


def test_setting_a_task_up_calls_the_listeners_once(seat):
    heard = []
    seat.on_change(lambda: heard.append(1))
    TaskCard(TASK, seat)
    assert heard == [1]


def test_the_magic_shows_a_task_by_its_name(seat, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(task, "display", shown.append)
    monkeypatch.setattr(task, "load_tasks", lambda: {TASK.id: TASK})
    assert (
        refused(task.show, "", seat)
        == "the name of the task is missing; to see the goals of a task again, run its cell again"
    )
    task.show("other-place", seat)
    assert shown[0].plain().startswith("Task: The right Secret in the wrong place (5 minutes)\n")


def test_after_some_fruitless_commands_a_free_hint_is_offered(seat):
    card = TaskCard(load_tasks()["store-credentials"], seat)
    for number in range(PATIENCE - 1):
        seat.run(f"kubectl create configmap a{number}; kubectl get pods")
    seat.run("kubectl get configmaps")
    assert card.feedback["said"] == ""
    seat.run("kubectl create configmap last")
    assert card.feedback["said"] == NUDGE
    press(card, "hint")
    assert (card.helped, card.feedback["said"], len(card.feedback["hints"])) == (0, "", 1)
    press(card, "hint")
    assert card.helped == 2


def test_the_free_hint_is_offered_even_with_a_full_history(seat):
    for number in range(LIMIT):
        seat.run(f"kubectl create namespace n{number}")
    card = TaskCard(load_tasks()["store-credentials"], seat)
    for number in range(PATIENCE):
        assert card.feedback["said"] == ""
        seat.run(f"kubectl create configmap a{number}")
    assert card.feedback["said"] == NUDGE


@pytest.mark.parametrize("start_over", ["the button", "reset"])
def test_starting_over_resets_goals_and_offer(card, seat, start_over):
    for number in range(PATIENCE + 1):
        seat.run(f"kubectl create configmap a{number}")
    assert card.feedback["said"] == NUDGE
    if start_over == "reset":
        seat.run("reset")
    else:
        press(card, "restart")
    seat.run("kubectl get pods")
    assert card.feedback["said"] == ""
    assert [goal["missing"] for goal in card.feedback["goals"]] == ["", ""]
    for number in range(PATIENCE):
        assert card.feedback["said"] == ""
        seat.run(f"kubectl create configmap b{number}")
    assert card.feedback["said"] == NUDGE
    assert card.feedback["goals"][0]["missing"] == "No Secret yet."


def test_a_reached_goal_withdraws_the_offer(seat):
    task = load_tasks()["store-credentials"]
    card = TaskCard(task, seat)
    for number in range(PATIENCE):
        seat.run(f"kubectl create configmap a{number}")
    assert card.feedback["said"] == NUDGE
    for line in task.solution:
        seat.run(line)
    assert card.feedback["said"] == ""
