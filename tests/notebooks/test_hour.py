"""The hour: six short notebooks that one does, in as many minutes as they state; and the minutes of all the others."""

import re

import pytest

from kubesim.lessons import load_quizzes, load_tasks
from kubesim.lessons.clusters import RoundId
from tests.notebooks.pages import PATH, asked, cells, output_of, prose_of, source, without_code

HOUR = [name for name in PATH if name[0] == "0"]
COUNTED = [name for name in PATH if name[0].isdigit()]
NAMES = pytest.mark.parametrize("name", HOUR)

MOST_WORDS = 450
MOST_RUN_ONLY = 6
ASKS = re.compile(r"%(quiz|review|predict|task|challenge|explore) ?")
SHOWN = ("%%kubectl", "%flow", "%%why")

WORDS_A_MINUTE = 150
LINES_A_MINUTE = 40
PREDICTION = 0.5
QUESTION = 1
FROM_MEMORY = 2
"""A command without blanks, messages to sort, an explorable."""
CLUSTER = 4.5
TODAY = {"12-six-broken-clusters": 3, "10-when-the-secret-is-wrong": 0}
"""The broken clusters of a round that the minutes count, where the others are for a later day."""


def words(name):
    return len(re.findall(r"[A-Za-z][^\s|]*", without_code(prose_of(name), "code")))


def lines(name, magic):
    """The lines of the code cells that begin with a magic."""
    return [line for cell in cells(name, "code") for line in source(cell).splitlines() if line.startswith(magic)]


def clusters(name):
    """How many broken clusters the minutes count."""
    rounds = [line.partition(" ")[2] for line in lines(name, "%challenge")]
    return TODAY.get(name, sum(RoundId(1, small).clusters for small in rounds))


def answering(name):
    """The minutes of the questions."""
    quizzes = [load_quizzes()[question] for question in asked(name, "quiz") + asked(name, "review")]
    hard = [quiz for quiz in quizzes if quiz.kind == "sort" or (quiz.kind == "command" and not quiz.gap)]
    explorables = [line for line in lines(name, "%explore ") if line.split()[1] not in load_quizzes()]
    easy = len(quizzes) - len(hard)
    return QUESTION * easy + FROM_MEMORY * (len(hard) + len(explorables)) + PREDICTION * len(asked(name, "predict"))


def minutes(name):
    """What docs/class.md counts."""
    screens = [output_of(cell) for cell in cells(name, "code") if source(cell).startswith(SHOWN)]
    reading = words(name) / WORDS_A_MINUTE + sum(len(screen.splitlines()) for screen in screens) / LINES_A_MINUTE
    tasks = sum(load_tasks()[task].minutes for task in asked(name, "task"))
    return reading + answering(name) + CLUSTER * clusters(name) + tasks


def stated(name):
    return int(re.findall(r"Time: about (\d+) minutes", source(cells(name)[0]))[0])


@NAMES
def test_a_notebook_of_the_hour_is_short(name):
    assert words(name) <= MOST_WORDS


@NAMES
def test_it_is_done_more_than_read(name):
    assert len([cell for cell in cells(name, "code") if not ASKS.match(source(cell))]) <= MOST_RUN_ONLY


@NAMES
def test_it_ends_with_something_done_alone(name):
    asks = [match[1] for cell in cells(name, "code") if (match := ASKS.match(source(cell)))]
    assert asks[-1] in ("task", "challenge")


def test_the_hour_has_sixty_minutes():
    assert sum(stated(name) for name in HOUR) == 60
    assert {name: minutes(name) for name in HOUR if abs(minutes(name) - stated(name)) > 0.5} == {}


def test_the_other_minutes_are_as_many_as_are_counted():
    """In fives, and none of debugging pulls takes more than three quarters of an hour."""
    others = [name for name in COUNTED if name not in HOUR]
    wrong = {name: minutes(name) for name in others if not -2 <= stated(name) - minutes(name) <= 6}
    assert wrong == {}
    assert [name for name in others if stated(name) % 5] == []
    assert [name for name in others if name[0] == "1" and stated(name) > 45] == []


def test_the_counts_can_tell():
    assert words("30-troubleshooting-challenge") > MOST_WORDS
    assert len(cells("24-keeping-passwords-out-of-reach", "code")) > MOST_RUN_ONLY
