"""The hour (notebooks 00 to 05): short notebooks of exercises; and the stated minutes of all notebooks."""

import re

import pytest

from kubesim.lessons import load_quizzes, load_tasks
from kubesim.lessons.clusters import RoundId
from tests.notebooks.pages import PATH, asked, cells, output_of, prose_of, source, without_code

# The notebooks of the hour, and all notebooks with a number.
HOUR = [name for name in PATH if name[0] == "0"]
COUNTED = [name for name in PATH if name[0].isdigit()]
NAMES = pytest.mark.parametrize("name", HOUR)

# The most words of a notebook of the hour, and its most code cells without a question or a task.
MOST_WORDS = 450
MOST_RUN_ONLY = 6
# The beginnings of cells that ask, and of cells with output to read.
ASKS = re.compile(r"%(quiz|review|predict|task|challenge|explore) ?")
SHOWN = ("%%kubectl", "%flow", "%%why")

# The speed of reading, and the minutes of a prediction, a question, a question without choices, and a broken cluster.
WORDS_A_MINUTE = 150
LINES_A_MINUTE = 40
PREDICTION = 0.5
QUESTION = 1
# Minutes for a command without blanks, messages to sort, or an explorable.
FROM_MEMORY = 2
CLUSTER = 4.5
# Notebooks of whose round the minutes count only some broken clusters, because the others are for a later day.
TODAY = {"12-six-broken-clusters": 3, "10-when-the-secret-is-wrong": 0}


def words(name):
    """The number of words in a notebook's prose."""
    return len(re.findall(r"[A-Za-z][^\s|]*", without_code(prose_of(name), "code")))


def lines(name, magic):
    """The lines of the code cells that begin with a magic."""
    return [line for cell in cells(name, "code") for line in source(cell).splitlines() if line.startswith(magic)]


def clusters(name):
    """The number of broken clusters that the minutes count."""
    rounds = [line.partition(" ")[2] for line in lines(name, "%challenge")]
    return TODAY.get(name, sum(RoundId(1, small).clusters for small in rounds))


def answering(name):
    """The minutes for all questions and explorables."""
    quizzes = [load_quizzes()[question] for question in asked(name, "quiz") + asked(name, "review")]
    hard = [quiz for quiz in quizzes if quiz.kind == "sort" or (quiz.kind == "command" and not quiz.gap)]
    explorables = [line for line in lines(name, "%explore ") if line.split()[1] not in load_quizzes()]
    easy = len(quizzes) - len(hard)
    return QUESTION * easy + FROM_MEMORY * (len(hard) + len(explorables)) + PREDICTION * len(asked(name, "predict"))


def minutes(name):
    """The minutes of a notebook, counted as docs/class.md says."""
    screens = [output_of(cell) for cell in cells(name, "code") if source(cell).startswith(SHOWN)]
    reading = words(name) / WORDS_A_MINUTE + sum(len(screen.splitlines()) for screen in screens) / LINES_A_MINUTE
    tasks = sum(load_tasks()[task].minutes for task in asked(name, "task"))
    return reading + answering(name) + CLUSTER * clusters(name) + tasks


def stated(name):
    """The minutes that a notebook states in its first cell."""
    return int(re.findall(r"Time: about (\d+) minutes", source(cells(name)[0]))[0])


@NAMES
def test_a_notebook_of_the_hour_is_short(name):
    assert words(name) <= MOST_WORDS


@NAMES
def test_few_cells_of_the_hour_are_only_run(name):
    assert len([cell for cell in cells(name, "code") if not ASKS.match(source(cell))]) <= MOST_RUN_ONLY


@NAMES
def test_a_notebook_of_the_hour_ends_with_a_task(name):
    asks = [match[1] for cell in cells(name, "code") if (match := ASKS.match(source(cell)))]
    assert asks[-1] in ("task", "challenge")


def test_the_hour_has_sixty_minutes():
    assert sum(stated(name) for name in HOUR) == 60
    assert {name: minutes(name) for name in HOUR if abs(minutes(name) - stated(name)) > 0.5} == {}


def test_the_stated_minutes_of_the_others_are_those_counted():
    """They are multiples of five, and at most 45 for the notebooks about debugging pulls."""
    others = [name for name in COUNTED if name not in HOUR]
    wrong = {name: minutes(name) for name in others if not -2 <= stated(name) - minutes(name) <= 6}
    assert wrong == {}
    assert [name for name in others if stated(name) % 5] == []
    assert [name for name in others if name[0] == "1" and stated(name) > 45] == []


def test_longer_notebooks_exceed_the_limits():
    assert words("30-troubleshooting-challenge") > MOST_WORDS
    assert len(cells("24-keeping-passwords-out-of-reach", "code")) > MOST_RUN_ONLY
