"""Putting things in order: what is said of the first one that is out of place."""

import pytest

from kubesim.lessons import Choice, Note, Quiz, Verdict, judge

QUIZ = Quiz(
    id="tea",
    kind="order",
    question="How is tea made?",
    answer="C, A, D, B.",
    choices=(
        Choice("Put the kettle on."),
        Choice("Boil the water.", "There is no water."),
        Choice("Wait **four** minutes.", "For what?"),
        Choice("`Drink`.", "It is too weak."),
    ),
    why="Enjoy it.",
)
FIRST = Note(True, "The first one is right.")


def test_the_items_are_shown_by_the_alphabet():
    assert [choice.text for choice in QUIZ.shown] == [
        "Boil the water.",
        "`Drink`.",
        "Put the kettle on.",
        "Wait **four** minutes.",
    ]


@pytest.mark.parametrize(
    ("answer", "notes"),
    [
        ([0, 1, 2, 3], [Note(False, "A comes too early. There is no water.")]),
        ([2, 3, 0, 1], [FIRST, Note(False, "D comes too early. For what?")]),
        ([2, 0, 1, 3], [Note(True, "The first 2 are right."), Note(False, "B comes too early. It is too weak.")]),
        *[
            (answer, [Note(False, "Put all of them in order first.")])
            for answer in ([], [2], [2, 0, 3, 3], [2, 0, 3, 4])
        ],
    ],
)
def test_the_first_one_out_of_place_is_named(answer, notes):
    assert judge(QUIZ, answer) == Verdict(False, tuple(notes))


def test_the_right_order():
    assert judge(QUIZ, [2, 0, 3, 1]) == Verdict(True, (Note(True, "Enjoy it."),))
