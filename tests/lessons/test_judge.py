"""Each answer to a quiz is judged, and gets the notes that belong to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.lessons.quiz import Note, Verdict, judge
from kubesim.lessons.task import Condition
from tests.lessons.examples import QUIZZES

MAKE = QUIZZES["command"]
FIRST, UNORDERED = "The first one is right.", "Put all of them in order first."


@pytest.mark.parametrize(
    ("quiz", "answer", "notes"),
    [
        ("two", [], ["- Pick an answer first."]),
        ("two", [0], ["+ A: even", "- That isn't all yet."]),
        ("two", [1], ["- B: odd", "- That isn't all yet."]),
        ("two", [2, 0, 2], ["+ A: even", "+ C: even too"]),
        ("two", [0, 1, 2], ["+ A: even", "- B: odd", "+ C: even too"]),
        ("two", [7, -1], ["- Pick an answer first."]),
        ("typed", "5 minutes", ["+ It is."]),
        ("typed", ' "300 S". ', ["+ It is."]),
        ("typed", "005.0 min", ["+ It is."]),
        ("typed", "\uff15 minutes", ["+ It is."]),
        ("typed", "10 min", ["- That is the first pause."]),
        ("typed", "15 minutes", ["- No."]),
        ("command", MAKE.answer, ["+ There it is."]),
        ("command", "kubectl create ns blue -o name", ["+ There it is."]),
        (
            "command",
            "echo '{apiVersion: v1, kind: Namespace, metadata: {name: blue}}' | kubectl apply -f -",
            ["+ There it is."],
        ),
        ("command", "kubectl get pods", ["- There is no namespace `blue`."]),
        ("command", "nope", ["- There is no namespace `blue`."]),
        ("order", [2, 0, 3, 1], ["+ Enjoy it."]),
        ("order", [0, 1, 2, 3], ["- A comes too early. There is no water."]),
        ("order", [2, 3, 0, 1], [f"+ {FIRST}", "- D comes too early. For what?"]),
        ("order", [2, 0, 1, 3], ["+ The first 2 are right.", "- B comes too early. It is too weak."]),
        *(("order", answer, [f"- {UNORDERED}"]) for answer in ([], [2], [2, 0, 3, 3], [2, 0, 3, 4])),
    ],
)
def test_an_answer_gets_its_notes(quiz, answer, notes):
    verdict = judge(QUIZZES[quiz], answer)
    said = [f"{'+' if note.ok else '-'} {note.text}" for note in verdict.notes]
    assert (said, verdict.right) == (notes, all(note.startswith("+") for note in notes))


@pytest.mark.parametrize(
    ("answer", "printed"),
    [(MAKE.answer, "namespace/blue created\n"), ("cat nope", "cat: nope: No such file or directory\n")],
)
def test_what_a_command_printed_is_kept(answer, printed):
    assert judge(MAKE, answer).printed == printed


def test_an_order_is_shown_by_the_alphabet():
    shown = [choice.text for choice in QUIZZES["order"].shown]
    assert shown == ["Boil the water.", "Drink.", "`Put` the kettle on.", "Wait **four** minutes."]


@given(st.text())
def test_no_typed_answer_breaks_the_judge(answer):
    assert judge(QUIZZES["typed"], answer).notes


def test_only_the_first_missing_condition_is_shown():
    twice = replace(MAKE, goal=(*MAKE.goal, Condition("true", "It is not blue.", equals="blue")))
    assert judge(twice, "true").notes == (Note(False, "There is no namespace `blue`."),)
    assert judge(twice, "kubectl create ns blue") == Verdict(False, (Note(False, "It is not blue."),))


@pytest.mark.parametrize(("line", "right"), [("cat token", True), ("echo secret", False), ("ls $(cat token)", False)])
def test_a_goal_may_ask_the_history_and_the_neighbor(line, right):
    goal = tuple(
        Condition(f"{who} | grep -c secret", "It was seen.", equals="0") for who in ("history", "neighbor | grep ls")
    )
    assert judge(replace(MAKE, files={"token": "secret\n"}, goal=goal), line).right is right
