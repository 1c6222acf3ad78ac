"""What a line of a notebook asks for is done once it's answered, reached or solved, and not before."""

import pytest

from kubesim.lessons import load_predictions, load_quizzes, load_tasks
from kubesim.lessons.clusters import RoundId, broken_clusters, small_rounds
from kubesim.lessons.done import EXPLORED, is_done
from kubesim.lessons.explore import load_explorables
from kubesim.lessons.record import ClusterEntry, answered, blank, merge

QUIZ = next(quiz for quiz in load_quizzes().values() if quiz.kind == "choice")
RIGHT = [number for number, choice in enumerate(QUIZ.choices) if choice.right]
WRONG = [number for number, choice in enumerate(QUIZ.choices) if not choice.right][:1]
PREDICTION = next(iter(load_predictions()))
TASK = next(iter(load_tasks()))
ROUND = RoundId(1, next(iter(small_rounds())))
CLUSTERS = [f"{ROUND.name}/{cluster.id}" for cluster in broken_clusters(ROUND)]
EXPLORABLE = next(name for name, explorable in load_explorables().items() if explorable.goals)


def kept(**sections):
    """A learner's record with these sections."""
    return merge(blank(), {**blank(), **sections})


def with_clusters(names, **fields):
    """A learner's record in which the entries of these broken clusters have such fields."""
    marks = ClusterEntry(0, 0, 0, 0, 5, 5)._replace(**fields)
    return kept(clusters={name: list(marks) for name in names})


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (f"%quiz {QUIZ.id}", kept(**answered({QUIZ.id: RIGHT}))),
        (f"%predict {PREDICTION}", kept(**answered({PREDICTION: [0]}))),
        (f"%task {TASK}", kept(tasks={TASK: True})),
        (f"%review {QUIZ.id}", kept(asked={QUIZ.id: [9, 0]})),
        (f"%explore {EXPLORABLE}", kept(shown={EXPLORED + EXPLORABLE: [0, 9]})),
        (f"%challenge {ROUND.small}", with_clusters(CLUSTERS, solved=1)),
        (f"%challenge {ROUND.small} 1", with_clusters(CLUSTERS, shown=1)),
    ],
)
def test_a_line_is_done_once_its_work_is(line, record):
    assert not is_done(line, blank())
    assert is_done(line, record)
    assert not is_done(f"{line}-of-another-name", record)


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (f"%quiz {QUIZ.id}", kept(**answered({QUIZ.id: WRONG}))),
        (f"%challenge {ROUND.small}", with_clusters(CLUSTERS[:-1], solved=1)),
        (f"%challenge {ROUND.small}", with_clusters(CLUSTERS, hints=1)),
        (f"%challenge {ROUND.small} 2", with_clusters(CLUSTERS, solved=1)),
        ("%challenge", with_clusters(CLUSTERS, solved=1)),
        ("%quiz sent-to-nobody", kept(**answered({"sent-to-nobody": [0]}))),
    ],
)
def test_a_line_whose_work_was_only_tried_is_not_done(line, record):
    assert not is_done(line, record)


def test_a_line_that_asks_for_nothing_is_done():
    assert is_done("%review", blank())
    assert is_done("%%kubectl", blank())
