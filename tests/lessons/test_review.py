"""The review, which chooses due questions, and the page of skills, from a record of progress."""

import pytest

from kubesim.lessons import load_quizzes, load_tasks, question_ids
from kubesim.lessons.grade import grade
from kubesim.lessons.record import REVEALED, blank
from kubesim.lessons.review import review_news, to_review
from kubesim.lessons.skills import lessons, skills, skills_text, title

# Ids of questions.
ONE, TWO, THREE, FOUR, FIVE = question_ids()[:5]
TODAY = 100

# By case: the sections `asked` and `given` of a record, the chosen questions, and the sentence about them.
ROWS = {
    "nothing": ({}, {}, [], ""),
    "wrong ones first, then the longest due": (
        {FIVE: [90, 1], FOUR: [80, 1], THREE: [99, 0], TWO: [99, 1], ONE: [99, 3]},
        {},
        [THREE, FOUR, FIVE],
        "3 questions are due for review. Run `%review` in a cell.",
    ),
    "what is due next, if nothing else is": (
        {FIVE: [99, 3], FOUR: [99, 1], THREE: [99, 2]},
        {},
        [FOUR, THREE, FIVE],
        "Nothing is due for review. Next: in 2 days.",
    ),
    "tomorrow": ({ONE: [100, 0]}, {}, [ONE], "Nothing is due for review. Next: in 1 day."),
    "an old file has no days": (
        {},
        {"start-no-secret": [[2]], "start-simulated-time": [[0], [1]], "of-another-version": [[1]]},
        ["start-simulated-time", "start-no-secret"],
        "2 questions are due for review. Run `%review` in a cell.",
    ),
    "one": ({ONE: [99, 0]}, {}, [ONE], "1 question is due for review. Run `%review` in a cell."),
}

GOALS = sum(len(lesson.goals) for lesson in lessons().values())
FILLED = load_quizzes()["start-fill-the-blanks"].answer
# 26 November 2026, as the day's number.
DAY = 739946
RECORD = blank() | {
    "given": {"start-no-secret": [[0], [2]], "start-simulated-time": [[1]], "start-fill-the-blanks": [FILLED]},
    "tasks": {"store-credentials": True, "fix-the-namespace": True},
    "scores": {"challenge-1": [95, 120]},
    "shown": {
        "start-no-secret": [2, DAY],
        "start-simulated-time": [0, DAY],
        "fix-the-namespace": [REVEALED, DAY],
        "cluster/wrong-namespace": [0, DAY],
        "cluster/host-typo": [1, DAY],
    },
}


@pytest.mark.parametrize(("asked", "given", "expected", "said"), ROWS.values(), ids=ROWS)
def test_three_due_questions_are_chosen(asked, given, expected, said):
    record = blank() | {"asked": asked, "given": given}
    assert to_review(record, TODAY) == expected
    assert review_news(record, TODAY) == said


# The page of skills


def test_the_page_of_skills_has_day_and_help_of_each_goal():
    assert skills_text(RECORD).startswith(
        "# My skills\n\n"
        f"- 2 of {GOALS} goals shown\n"
        "- 2 kinds of broken clusters fixed, 1 of them without help\n"
        "- Best score of the challenge: 95 of 120\n\n"
        "## 00 Start\n\n"
        "- ✓ run cells, and type commands into the terminal: shown\n"
        "- ○ fix a Pod whose pull secret is missing: 1 of 2 shown\n"
        "- ✓ let simulated time pass: 26 November 2026, without help\n\n"
        "## 01 Storing credentials\n"
    )
    assert "\n## Not begun yet\n\n- 02 Referencing the Secret\n- 04 Service accounts\n" in skills_text(RECORD)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({}, "shown"),
        ({"start-no-secret": [0, DAY]}, "shown"),
        ({"start-no-secret": [0, DAY - 1], "first-fix-alone": [1, DAY]}, "26 November 2026, with 1 hint"),
        ({"start-no-secret": [2, DAY], "first-fix-alone": [1, DAY - 1]}, "26 November 2026, with 3 hints"),
        ({"start-no-secret": [0, DAY], "first-fix-alone": [99, 1]}, "26 November 2026, after seeing an answer"),
    ],
)
def test_a_goal_is_shown_by_all_its_questions_and_tasks(shown, said):
    record = blank() | {"given": {"start-no-secret": [[2]]}, "tasks": {"first-fix-alone": True}, "shown": shown}
    goal = skills(record)[1][1][1]
    assert goal == f"✓ fix a Pod whose pull secret is missing: {said}"


def test_the_page_of_skills_of_a_fresh_learner_lists_all_notebooks():
    (title, summary), (head, rest) = skills(blank())
    assert (title, summary) == ("My skills", [f"0 of {GOALS} goals shown"])
    assert (head, rest[0], len(rest)) == ("Not begun yet", "00 Start", len(lessons()))


def test_every_question_and_task_shows_one_goal():
    assert list(lessons()) == list(grade(blank()))
    by = [name for lesson in lessons().values() for goal in lesson.goals for name in goal.by]
    shown = {*question_ids(), *load_tasks()}
    assert not shown - {*by}, f"in kubesim/lessons/goals.yaml, nothing is shown by {', '.join(sorted(shown - {*by}))}"
    assert sorted(by) == sorted(shown)


def test_a_lesson_missing_in_goals_yaml_has_a_title_that_says_so():
    assert title("99-new") == "99 new (goals.yaml has no title for it)"
