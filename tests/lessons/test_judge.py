from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.lessons import Choice, Condition, Note, Quiz, Reply, Verdict, judge

PICK_TWO = Quiz(
    id="two",
    kind="choices",
    question="Which are even?",
    answer="A and C.",
    choices=(Choice("2", "even", True), Choice("3", "odd"), Choice("4", "even too", True)),
)
TYPED = Quiz(
    id="typed",
    kind="text",
    question="How much is 6 times 7?",
    answer="42",
    accept=("42", "forty-two"),
    matches=r"0*42(\.0+)?",
    replies=(Reply("^54$", "That is 6 times 9."),),
    otherwise="Count again.",
    why="It is.",
)
MAKE = Quiz(
    id="make",
    kind="command",
    question="Make a namespace `blue`.",
    answer="kubectl create namespace blue",
    why="There it is.",
    goal=(Condition("kubectl get ns blue -o name", "There is no namespace `blue`.", equals="namespace/blue"),),
)


@pytest.mark.parametrize(
    ("picked", "verdict"),
    [
        ([], Verdict(False, (Note(False, "Pick an answer first."),))),
        ([0], Verdict(False, (Note(True, "A: even"), Note(False, "1 more is right.")))),
        ([1], Verdict(False, (Note(False, "B: odd"), Note(False, "2 more are right.")))),
        ([2, 0, 2], Verdict(True, (Note(True, "A: even"), Note(True, "C: even too")))),
        ([0, 1, 2], Verdict(False, (Note(True, "A: even"), Note(False, "B: odd"), Note(True, "C: even too")))),
        ([7, -1], Verdict(False, (Note(False, "Pick an answer first."),))),
    ],
)
def test_choices(picked, verdict):
    assert judge(PICK_TWO, picked) == verdict


@pytest.mark.parametrize(
    ("answer", "right", "text"),
    [
        ("42", True, "It is."),
        (' "Forty-Two". ', True, "It is."),
        ("0042.0", True, "It is."),
        ("\uff14\uff12", True, "It is."),
        ("54", False, "That is 6 times 9."),
        ("542", False, "Count again."),
        ("  ", False, "Type an answer first."),
    ],
)
def test_typed(answer, right, text):
    assert judge(TYPED, answer) == Verdict(right, (Note(right, text),))


@given(st.text())
def test_no_typed_answer_breaks_the_judge(answer):
    assert judge(TYPED, answer).notes


@pytest.mark.parametrize(
    "line",
    [
        "kubectl create namespace blue",
        "kubectl create ns blue -o name",
        "echo '{apiVersion: v1, kind: Namespace, metadata: {name: blue}}' | kubectl apply -f -",
    ],
)
def test_a_command_is_judged_by_what_it_does(line):
    assert judge(MAKE, line) == Verdict(True, (Note(True, "There it is."),))


def test_a_command_that_fails_is_told_what_it_answered_and_what_is_missing():
    assert judge(MAKE, "kubectl create namespace Blue").notes[1:] == (Note(False, "There is no namespace `blue`."),)
    assert "Invalid value" in judge(MAKE, "kubectl create namespace Blue").notes[0].text
    assert judge(MAKE, "kubectl get pods").notes == (Note(False, "There is no namespace `blue`."),)
    assert judge(MAKE, " ").notes == (Note(False, "Type a command first."),)


def test_only_the_first_thing_that_is_missing_is_told():
    twice = replace(MAKE, goal=(*MAKE.goal, Condition("true", "It is not blue.", equals="blue")))
    assert judge(twice, "true").notes == (Note(False, "There is no namespace `blue`."),)
    assert judge(twice, "kubectl create ns blue").notes == (Note(False, "It is not blue."),)


@pytest.mark.parametrize(("line", "right"), [("cat token", True), ("echo secret", False), ("ls $(cat token)", False)])
def test_a_goal_may_ask_the_history_and_the_neighbour(line, right):
    goal = tuple(
        Condition(f"{who} | grep -c secret", "It was seen.", equals="0") for who in ("history", "neighbour | grep ls")
    )
    assert judge(replace(MAKE, files={"token": "secret\n"}, goal=goal), line).right is right
