"""Progress is judged from the answers, whatever a file says of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.lessons import load_quizzes, load_tasks, question_ids
from kubesim.lessons.clusters import broken_clusters
from kubesim.lessons.grade import ROUNDS, Counts, best, contents, gained, grade, predicted, total
from kubesim.lessons.gradebook import comma_separated, questions, table
from kubesim.lessons.record import blank

ANSWERS = st.text(max_size=20) | st.lists(st.integers(-9, 9), max_size=4)
LESSONS = list(grade(blank()))


def record(**given):
    """A learner's record with the answers to each question."""
    return blank() | {"given": {name.replace("_", "-"): answers for name, answers in given.items()}}


def test_the_total_of_no_lessons_is_zero():
    assert total([]) == Counts(0, 0, 0, 0, 0)


def test_a_learner_who_has_done_nothing_has_no_points_in_each_lesson():
    marks = grade(blank())
    assert sorted(LESSONS) == LESSONS
    assert LESSONS[:2] == ["00-start", "01-storing-credentials"]
    assert total(marks.values()) == Counts(0, 0, len(question_ids()), 0, len(load_tasks()) + len(ROUNDS))


@pytest.mark.parametrize("lesson", ROUNDS)
def test_a_round_of_broken_clusters_counts_as_a_task_once_it_is_over(lesson):
    *others, last = (f"{ROUNDS[lesson].name}/{cluster.id}" for cluster in broken_clusters(ROUNDS[lesson]))
    solved = {key: [1, 0, 0, 0, 60, 60] for key in others}
    tasks = len(contents()[lesson].tasks)
    for last_entry, done in (([0, 0, 1, 0, 60, 60], 0), ([1, 0, 0, 0, 60, 60], 1), ([0, 1, 0, 0, 60, 60], 1)):
        counts = grade(blank() | {"clusters": solved | {last: last_entry}})[lesson]
        assert (counts.done, counts.tasks) == (done, tasks + 1)


@pytest.mark.parametrize(
    ("answers", "right", "first"),
    [
        ([], 0, 0),
        ([[2]], 1, 1),
        ([[0], [2]], 1, 0),
        ([[2], [0]], 1, 1),
        ([[0], [1]], 0, 0),
        (["C", [2]], 1, 0),
        (["C"], 0, 0),
        ([[99]], 0, 0),
    ],
)
def test_a_question_counts_once_it_was_answered_rightly(answers, right, first):
    mark = grade(record(start_no_secret=answers))["00-start"]
    assert (mark.right, mark.first) == (right, first)


def test_a_command_is_played_again():
    right = load_quizzes()["start-fill-the-blanks"].answer
    mark = grade(record(start_fill_the_blanks=["kubectl get secrets", right]))["00-start"]
    assert (mark.right, mark.first) == (1, 0)


def test_an_unknown_name_does_not_count():
    found = record(nothing=[[1]]) | {"tasks": {"nothing": True, "store-credentials": True}}
    assert total(grade(found).values())[0::3] == (0, 1)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [({}, None), ({"a": [0, 0]}, None), ({"a": [9, 12], "b": [5, 6], "c": [8, 12]}, (5, 6))],
)
def test_the_best_score_is_the_greatest_part(scores, expected):
    assert best({"scores": scores}) == expected


@pytest.mark.parametrize("width", [10, 60, 80, 200])
def test_the_table_fits_or_says_what_does_not(width):
    *lines, last = table([("ada.json", blank()), ("b\nob.json", blank())], width).splitlines()
    shown = lines[0].split()[6:]
    hidden = [lesson for lesson in LESSONS if lesson.partition("-")[0] not in shown]
    assert last == (f"Too narrow for: {', '.join(hidden)}" if hidden else last)
    assert hidden or last.startswith("b?ob.json  0/")
    assert width <= 60 or max(map(len, lines)) <= width


@given(st.dictionaries(st.sampled_from(list(load_quizzes())), st.lists(ANSWERS, max_size=2)), st.text())
def test_the_table_has_one_line_for_each_learner_whatever_the_answers(answers, name):
    found = [(name, blank() | {"given": answers})]
    assert len(table(found, 500).split("\n")) == len(comma_separated(found).split("\n")) == 3


def test_a_question_is_hard_or_easy():
    """What counts is the first answer; a question of another version doesn't."""
    ada = record(start_no_secret=[[2]], start_simulated_time=[[1]])
    bob = record(start_no_secret=[[0], [2]], nothing=[[1]])
    assert questions([("a.json", ada), ("b.json", bob), ("c.json", blank())]) == (
        "QUESTION              ANSWERED  FIRST TRY  NOTE\n"
        "start-no-secret       2         50%        -\n"
        "start-simulated-time  1         100%       -\n"
    )


def test_a_question_that_all_or_none_get_right_says_so():
    first = record(start_no_secret=[[2]], start_simulated_time=[[0]])
    second = record(start_no_secret=[[2]], start_simulated_time=[[3], [1]])
    assert questions([("a.json", first), ("b.json", second)]) == (
        "QUESTION              ANSWERED  FIRST TRY  NOTE\n"
        "start-no-secret       2         100%       all right\n"
        "start-simulated-time  2         0%         none right\n"
    )


def test_the_first_of_each_prediction_counts():
    made = {
        "touch-the-pod": [[2], [0]],
        "lists-merged": [[0], [1]],
        "policies-by-tag": ["x"],
        "no-such": [[0]],
    }
    assert predicted(blank() | {"given": made}) == (1, 3)
    assert total(grade(blank() | {"given": made}).values()).right == 0


def test_a_review_gains_the_questions_that_were_wrong_at_first_and_are_right_since():
    assert gained(record(start_no_secret=[[0], [2]], start_simulated_time=[[0]], assumed_server=["Docker Hub"])) == (
        1,
        2,
    )
    assert gained(blank()) == (0, 0)


def test_an_answer_to_a_variant_counts_but_not_as_a_first_try():
    right = [number for number, choice in enumerate(load_quizzes()["start-no-secret#1"].choices) if choice.right]
    given = {"start-no-secret": [[0]], "start-no-secret#1": [right]}
    mark = grade(blank() | {"given": given})["00-start"]
    assert (mark.right, mark.first) == (1, 0)
