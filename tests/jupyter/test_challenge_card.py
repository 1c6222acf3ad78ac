"""The card of the challenge: a round of broken clusters, help and points, undo, several cards and kernels, reviews."""

import re
from typing import Any

import pytest

from kubesim.jupyter import challenge
from kubesim.jupyter.challenge import ChallengeCard
from kubesim.jupyter.quiz import NOTHING
from kubesim.jupyter.seat import Seat
from kubesim.lessons import load_quizzes
from kubesim.lessons.clusters import RoundId
from kubesim.lessons.progress import Progress
from kubesim.session import Session
from tests.jupyter.conftest import labels, press, refused


@pytest.fixture
def card(seat):
    """The card of round 1, with 12 broken clusters."""
    return ChallengeCard(RoundId(1), seat)


def fix(card, seat):
    """Run the solution of the current task, wait, and return the card's feedback."""
    task = card._round.current.task
    for line in task.solution:
        seat.run(line)
    seat.advance(task.wait)
    return card.feedback


def namespace_of(card):
    """The namespace of the current task."""
    return card._round.current.task.namespaces[0]


def test_showing_a_round_sets_nothing_up(seat):
    revision = seat.session.cluster.api.revision
    card = ChallengeCard(RoundId(1), seat)
    assert seat.session.cluster.api.revision == revision
    shown = card.feedback
    assert (shown["score"], labels(shown), shown["task"]) == ("0 of 120 points", ["Start"], {})
    assert [task["state"] for task in card.feedback["tasks"]] == ["not started"] * 12


def test_the_first_task_is_set_up_at_the_start(card, seat):
    heard = []
    seat.on_change(lambda: heard.append(1))
    feedback = press(card, "next")
    assert heard
    assert feedback["task"]["title"].startswith("Task 1. The ")
    assert [goal["ok"] for goal in feedback["task"]["goals"]].count(False) >= 1
    assert (feedback["task"]["advice"], feedback["task"]["hints"], feedback["task"]["over"]) == ("", [], "")
    assert re.search(r"<p>Its manifest is <code>round-1/\w+.yaml</code>.</p>$", feedback["task"]["html"])
    assert feedback["tasks"][0]["current"]
    assert feedback["tasks"][0]["label"].endswith(", started")
    assert labels(card.feedback) == [
        "Hint (costs 2)",
        "Why? (costs 3)",
        "Show the solution (no points)",
        "Skip",
        "Start over",
        "End the round",
    ]
    assert seat.session.run(f"kubectl get pods -n {namespace_of(card)} -o name").stdout != ""


def test_a_fix_in_the_terminal_solves_the_task_and_shows_the_shortest_fix(card, seat):
    press(card, "next", wall=100.0)
    feedback = fix(card, seat)
    assert (feedback["score"], feedback["asks_time"], feedback["since"]) == ("10 of 120 points", True, 0)
    assert all(goal["ok"] for goal in feedback["task"]["goals"])
    assert feedback["news"][1].startswith("Solved, 10 points. ")
    assert feedback["tasks"][0]["label"].endswith(", solved, 10 points")
    feedback = press(card, "tick", wall=175.0)
    assert (feedback["asks_time"], feedback["real"]) == (False, 75.0)
    assert re.search("Solved: 10 points, .* simulated, 1 min 15 s real.", feedback["task"]["over"])
    assert "The shortest fix:" in feedback["task"]["over"]
    assert labels(card.feedback) == ["Next task", "End the round"]
    assert press(card, "next", wall=180.0)["task"]["title"].startswith("Task 2. ")


def test_a_wrong_fix_is_explained_and_can_be_undone(card, seat):
    press(card, "next")
    assert seat.undo() == "There is nothing left to revert."
    seat.run(f"kubectl delete pods --all -n {namespace_of(card)} --now")
    assert card.feedback["task"]["advice"] != ""
    assert seat.undo().startswith("Reverted: `kubectl delete pods")
    assert card.feedback["task"]["advice"] == ""


def test_reset_in_the_terminal_and_start_over_set_the_task_up_again(card, seat):
    press(card, "next")
    line = f"kubectl delete pods --all -n {namespace_of(card)} --now"
    for again in (lambda: seat.run("reset"), lambda: press(card, "restart")):
        seat.run(line)
        again()
        assert card.feedback["task"]["advice"] == ""


def test_help_costs_points_and_is_announced_once(card, seat):
    press(card, "next")
    feedback = press(card, "hint")
    assert len(feedback["task"]["hints"]) == 1
    count, words = feedback["news"]
    assert words.startswith("Hint: ")
    seat.run("kubectl get pods")
    assert card.feedback["news"] == [count, words]
    feedback = press(card, "why")
    assert "<b>What's wrong</b>: The node doesn't trust the certificate" in feedback["task"]["why"]
    assert "Why? (costs 3)" not in labels(card.feedback)
    assert fix(card, seat)["score"] == "5 of 120 points"


def test_why_in_the_terminal_costs_as_much_as_the_button(card, seat):
    press(card, "next")
    pod = seat.session.run(f"kubectl get pods -n {namespace_of(card)} -o name").stdout.split()[0]
    seat.run(f"why {pod} -n {namespace_of(card)}")
    assert "Why? (costs 3)" not in labels(card.feedback)
    assert fix(card, seat)["score"] == "7 of 120 points"


def test_a_task_whose_solution_was_shown_gives_no_points(card, seat):
    press(card, "next")
    feedback = press(card, "reveal")
    assert "Not solved: 0 points" in feedback["task"]["over"]
    assert feedback["tasks"][0]["state"] == "solution shown"
    assert fix(card, seat)["score"] == "0 of 120 points"


def test_skipping_leads_through_all_tasks_and_back(card):
    first = press(card, "next")["task"]["title"]
    for _ in range(11):
        press(card, "next")
    assert card.feedback["task"]["title"].startswith("Task 12. ")
    assert press(card, "next")["task"]["title"] == first
    assert press(card, "open", number=4)["task"]["title"].startswith("Task 5. ")


def test_ending_asks_first_and_then_reviews_every_task(card, seat):
    press(card, "next")
    fix(card, seat)
    feedback = press(card, "end")
    assert labels(card.feedback) == ["Yes, end the round", "No, continue"]
    assert "no points" in feedback["warning"]
    assert labels(press(card, "keep"))[-1] == "End the round"
    press(card, "end")
    feedback = press(card, "finish")
    assert feedback["news"][1] == "The round is over: 10 of 120 points."
    assert (feedback["end"].count("<details>"), feedback["end"].count("Not solved: 0 points")) == (12, 11)
    assert labels(card.feedback) == ["Another round"]
    feedback = press(card, "another")
    assert card.content["label"] == "Challenge, round 2: 12 broken clusters"
    assert (feedback["score"], labels(card.feedback)) == ("0 of 120 points", ["Start"])
    assert seat.run("reset").stderr == "kubesim: there is no task to start over\n"


def test_score_and_round_survive_a_new_kernel(card, seat, tmp_path):
    press(card, "next")
    press(card, "hint")
    fix(card, seat)
    assert Progress(seat.session.workspace).record()["scores"] == {"challenge-1": [8, 120]}
    again = ChallengeCard(RoundId(1), Seat(Session(tmp_path)))
    assert (again.feedback["score"], again.feedback["tasks"][0]["state"]) == ("8 of 120 points", "solved")
    assert labels(again.feedback) == ["Continue"]
    assert press(again, "next")["task"]["title"].startswith("Task 2. ")
    assert all(goal["ok"] for goal in press(again, "open", number=0)["task"]["goals"])


def test_after_a_restart_of_the_cluster_the_task_can_be_started_over(card, seat):
    press(card, "next")
    seat.restart()
    assert card.feedback["task"]["advice"].startswith("The task's namespace is gone.")
    assert press(card, "restart")["task"]["advice"] == ""


def test_a_file_of_the_learners_in_the_way_is_left_alone_and_reported(seat, tmp_path):
    (tmp_path / "round-1").write_text("mine")
    card = ChallengeCard(RoundId(1), seat)
    feedback = press(card, "next")
    assert feedback["warning"] == "The task's files cannot be written to the folder round-1: what is in the way?"
    assert (feedback["task"]["title"][:7], (tmp_path / "round-1").read_text()) == ("Task 1.", "mine")
    (tmp_path / "round-1").unlink()
    assert press(card, "restart")["warning"] == ""
    assert len(list((tmp_path / "round-1").glob("*.yaml"))) == 1


def test_a_round_shown_twice_is_the_same_on_both_cards(card, seat):
    again = ChallengeCard(RoundId(1), seat)
    press(card, "next")
    seat.run(f"kubectl create configmap mine -n {namespace_of(card)} --from-literal=a=b")
    third = ChallengeCard(RoundId(1), seat)
    assert third.feedback["task"]["title"] == again.feedback["task"]["title"] == card.feedback["task"]["title"]
    assert seat.session.run(f"kubectl get configmap mine -n {namespace_of(card)}").exit_code == 0
    fix(card, seat)
    assert again.feedback["news"][1].startswith("Solved, 10 points. ")
    assert again.feedback["news"][1] == card.feedback["news"][1]


def test_two_kernels_work_on_one_round(card, seat, tmp_path):
    other = ChallengeCard(RoundId(1), Seat(Session(tmp_path)))
    press(other, "open", number=1)
    press(card, "open", number=0)
    fix(card, seat)
    assert press(other, "hint")["score"] == "10 of 120 points"
    third = ChallengeCard(RoundId(1), Seat(Session(tmp_path)))
    assert third.feedback["score"] == "10 of 120 points"
    assert "Hint (costs 2)" in labels(press(third, "open", number=1))
    assert len(third.feedback["task"]["hints"]) == 1


def test_help_that_comes_too_late_is_not_shown(card, seat):
    press(card, "next")
    news = fix(card, seat)["news"]
    assert press(card, "hint")["news"] == press(card, "reveal")["news"] == news


def test_time_and_help_count_only_for_the_task_opened_last(card, seat):
    other = ChallengeCard(RoundId(2), seat)
    press(card, "next", wall=10.0)
    press(other, "next", wall=20.0)
    before = card.feedback["simulated"]
    seat.run("kubectl get pods -A -o yaml > case.yaml; kubesim why -f case.yaml; sleep 100")
    assert (card.feedback["task"], labels(card.feedback), card.feedback["simulated"]) == ({}, ["Start"], before)
    assert press(card, "next", wall=500.0)["task"]["why"] == ""
    assert "Why? (costs 3)" not in labels(press(other, "next"))


def test_a_round_has_a_plain_and_a_static_form(card):
    bundle = card._repr_mimebundle_()[0]
    plain = bundle["text/plain"].splitlines()
    assert plain[0] == "Challenge, round 1: 12 broken clusters"
    assert [line.partition(".")[0] for line in plain[2:]] == [str(number) for number in range(1, 13)]
    assert "credsStore" not in bundle["text/plain"]
    assert bundle["text/html"].count("<details><summary>Evidence and solution</summary>") == 12


@pytest.mark.parametrize("asked", ["0", "x", "-1", "1 2", "99999", "²", "six 0", "SIX"])
def test_an_invalid_round_is_refused(seat, asked):
    assert refused(challenge.show, asked, seat) == f"which round? %challenge ROUND, from 1 to 9999 (not {asked!r})"


@pytest.mark.parametrize(("asked", "seed"), [("", 1), (" 2 ", 2), ("9999", 9999)])
def test_the_magic_shows_the_round_of_its_argument(seat, monkeypatch, asked, seed):
    shown: list[Any] = []
    monkeypatch.setattr(challenge, "display", shown.append)
    challenge.show(asked, seat)
    assert shown[0].content["label"] == f"Challenge, round {seed}: 12 broken clusters"


def test_a_small_round_has_its_own_clusters_and_gives_no_score(seat, monkeypatch):
    displayed: list[Any] = []
    monkeypatch.setattr(challenge, "display", displayed.append)
    challenge.show("six", seat)
    challenge.show("six 2", seat)
    challenge.show("2", seat)
    small, second, whole = displayed
    assert small.plain().startswith("Six broken clusters, round 1\nFind out what's wrong, and fix it.")
    assert second.content["label"] == "Six broken clusters, round 2"
    assert whole.content["label"] == "Challenge, round 2: 12 broken clusters"
    press(small, "next")
    fix(small, seat)
    assert seat.progress.record()["scores"] == {}
    assert list(seat.progress.record()["clusters"]) == [f"six-1/{small._round.current.task.id}"]
    press(second, "next")
    assert small._round.current is None


def test_a_review_has_one_broken_cluster_a_day_which_gives_no_score(seat, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(challenge, "display", shown.append)
    monkeypatch.setattr("kubesim.jupyter.quiz.display", shown.append)
    assert refused(challenge.review, "", seat) == NOTHING
    assert shown == []
    seat.progress.keep_asked("start-no-secret", False, 0, {"start-no-secret": [0]})
    challenge.review("", seat)
    question, cluster = shown
    assert question.plain().startswith("Review: The Pod `")
    variant = load_quizzes()["start-no-secret#1"]
    assert question.content["choices"][0] == variant.shown[0].text
    assert cluster.plain().startswith("Review: a broken cluster\nFind out what's wrong, and fix it.")
    challenge.review("", seat)
    assert shown[-1] is cluster
    press(cluster, "next")
    assert fix(cluster, seat)["buttons"] == []
    record, name = seat.progress.record(), cluster._round.current.task.id
    assert (record["scores"], record["shown"]) == ({}, {f"cluster/{name}": [0, seat.progress.today()]})
