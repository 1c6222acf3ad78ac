"""Every quiz, prediction and task: its form, its answers, its feedback, and that its solution works."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kubesim.api import load_yaml
from kubesim.api.resources import POD
from kubesim.lessons import build_variants, documents, load_predictions, load_quizzes, load_tasks
from kubesim.lessons.quiz import BLANK, Note, Verdict, judge, letter
from kubesim.lessons.task import begin, check, solve
from kubesim.session import Session

# The folders of the lessons' files, each with the name of its entries in schema.json; and all files.
FOLDERS = {"quizzes": "quiz", "predictions": "prediction", "tasks": "task"}
DOCUMENTS = [(folder, name, found) for folder in FOLDERS for name, found in documents(folder)]
# The names of the placeholders in each quiz with variants, by its id.
VARIED = {
    entry["id"]: {
        name
        for key, options in entry.get("vary", {}).items()
        for name in (options[0] if isinstance(options[0], dict) else [key])
    }
    for _, found in documents("quizzes")
    for entry in found
}
QUIZZES, TASKS = list(load_quizzes().values()), list(load_tasks().values())
# Quizzes by kind. PICKED are those with choices of which some are right.
COMMANDS = [quiz for quiz in QUIZZES if quiz.kind == "command"]
ORDERS = [quiz for quiz in QUIZZES if quiz.kind == "order"]
LINES = [quiz for quiz in QUIZZES if quiz.kind == "line"]
PICKED = [quiz for quiz in QUIZZES if quiz.choices and quiz.kind not in ("order", "sort")]
SORTS = [quiz for quiz in QUIZZES if quiz.kind == "sort"]
TYPED = [quiz for quiz in QUIZZES if quiz.kind == "text"]

# A JSONPath for the messages of events.
EVENTS = "'{range .items[*]}{.message}{\"\\n\"}{end}'"
# Command quizzes whose line has blanks.
GAPS = [quiz for quiz in COMMANDS if quiz.gap]
# A sign that a choice gives a reason.
REASON = re.compile(r"[,:.] |\b(because|since|as|which|until)\b")
# Tasks with each of their common mistakes.
WRONG = [(task, mistake) for task in TASKS for mistake in task.wrong]
# Notes of single quizzes, and a command that creates a Secret for Docker Hub.
REPLIES = load_quizzes()["policy-that-stays"].replies
HUB = "kubectl create secret docker-registry hub --docker-username=acme --docker-password=hubpass"
NO_ENTRY = load_quizzes()["secret-for-hub"].goal[0].otherwise
EVERYWHERE = load_quizzes()["all-but-secrets"].goal[-1].otherwise
# Quizzes and predictions in which one picks a choice, with and without their variants.
PICKS = [quiz for quiz in [*load_predictions().values(), *QUIZZES] if quiz.kind in ("predict", "choice")]
ONCE = [quiz for quiz in PICKS if "#" not in quiz.id]
# First words of choices that deny or affirm.
DENYING = {"no", "none", "nothing", "neither", "nowhere", "not", "only", "never"}
AFFIRMING = {"yes", "both", "all", "each", "every", "always"}

FAILURES = load_yaml(Path(__file__).with_name("sent.yaml"))
ATTEMPTS = load_yaml(Path(__file__).with_name("answers.yaml"))
ROWS = [(task, name) for task, attempts in ATTEMPTS.items() for name in attempts]
TYPED_LINES = load_yaml(Path(__file__).with_name("typed.yaml"))


def _ids(items):
    """The ids of quizzes or tasks, as names of tests."""
    return [item.id for item in items]


def _reached(task, session):
    """True if the session meets all goals of a task."""
    return all(reading.holds for reading in check(task, session))


def _schema(kind):
    """The JSON schema of a file with entries of a kind."""
    schema = json.loads(files("kubesim.lessons").joinpath("schema.json").read_text(encoding="utf-8"))
    return {"$defs": schema["$defs"], "type": "array", "items": {"$ref": f"#/$defs/{kind}"}}


@pytest.mark.parametrize(
    ("slip", "sentence"),
    [
        ({"hint": []}, "color has no field hint"),
        ({"hints": "Look up."}, "color.hints must be a list"),
        ({"choices": [{"text": "Blue."}, {"why": "No."}]}, "color.choices[1] lacks text"),
        ({"choices": [{"text": "Blue.", "right": "yes"}]}, "color.choices[0].right must be true or false"),
    ],
)
def test_a_mistake_in_an_entry_is_refused_with_its_place(slip, sentence):
    entry = {"id": "color", "kind": "choices", "question": "Which?", "choices": [{"text": "Blue."}], **slip}
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        next(build_variants(entry))


@pytest.mark.parametrize(("folder", "name", "found"), DOCUMENTS, ids=[f"{row[0]}/{row[1]}" for row in DOCUMENTS])
def test_a_file_fits_the_schema(folder, name, found):
    mistakes = list(Draft202012Validator(_schema(FOLDERS[folder])).iter_errors(found))
    assert [f"{list(mistake.absolute_path)}: {mistake.message[:200]}" for mistake in mistakes] == []


def test_ids_are_used_once():
    """Ids are unique across folders, because the progress file identifies entries by id alone."""
    ids = [entry["id"] for folder in FOLDERS for _, found in documents(folder) for entry in found]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("quiz", QUIZZES, ids=_ids(QUIZZES))
def test_a_variant_differs_from_all_others_and_has_no_placeholder_left(quiz):
    texts = [quiz.question, quiz.answer, quiz.why, *quiz.hints, *quiz.start, *(choice.why for choice in quiz.choices)]
    assert [name for name in VARIED[quiz.id.partition("#")[0]] if any(f"<{name}>" in text for text in texts)] == []
    first = load_quizzes()[quiz.id.partition("#")[0]]
    alike = [other.id for other in QUIZZES if replace(other, id="") == replace(quiz, id="")]
    assert alike == [quiz.id]
    assert [choice.right for choice in quiz.choices].count(True) == [choice.right for choice in first.choices].count(
        True
    )


def test_all_but_a_dozen_questions_have_a_second_variant():
    """A question for a single word or number has no second variant, because that would be another question."""
    once = [quiz.id for quiz in QUIZZES if "#" not in quiz.id and f"{quiz.id}#1" not in load_quizzes()]
    assert {load_quizzes()[name].kind for name in once} <= {"text", "line"}
    assert len(once) <= 12


@pytest.mark.parametrize("quiz", PICKED, ids=_ids(PICKED))
def test_the_right_choices_and_only_they_pass(quiz):
    right = [number for number, choice in enumerate(quiz.choices) if choice.right]
    assert judge(quiz, right).right
    for number, choice in enumerate(quiz.choices):
        verdict = judge(quiz, [number])
        assert verdict.right is (right == [number])
        assert choice.why in verdict.notes[0].text
    assert not judge(quiz, list(range(len(quiz.choices)))).right


@pytest.mark.parametrize("quiz", PICKED, ids=_ids(PICKED))
def test_the_revealed_answer_names_the_right_letters(quiz):
    letters = [chr(ord("A") + number) for number, choice in enumerate(quiz.shown) if choice.right]
    named = quiz.answer.partition(".")[0].replace(",", " ").replace("and", " ").split()
    assert named == letters


@pytest.mark.parametrize("quiz", ORDERS, ids=_ids(ORDERS))
def test_an_order_is_shown_unsolved_and_every_item_that_comes_too_early_gets_its_note(quiz):
    solved = [quiz.shown.index(choice) for choice in quiz.choices]
    assert quiz.answer == ", ".join(letter(number) for number in solved) + "."
    assert judge(quiz, solved) == Verdict(True, (Note(True, quiz.why),))
    assert not judge(quiz, range(len(solved))).right
    for place, number in enumerate(solved[1:], 1):
        early = [number, *(other for other in solved if other != number)]
        assert judge(quiz, early).notes == (
            Note(False, f"{letter(number)} comes too early. {quiz.choices[place].why}"),
        )


@pytest.mark.parametrize("quiz", SORTS, ids=_ids(SORTS))
def test_a_sort_is_right_if_each_choice_is_and_a_wrong_choice_gets_its_note(quiz):
    right = [2 * number + choice.right for number, choice in enumerate(quiz.choices)]
    assert judge(quiz, right).right
    assert len(judge(quiz, right).notes) == len(quiz.choices)
    letters = [letter(number) for number, choice in enumerate(quiz.shown) if choice.right]
    assert re.findall(r"\b[A-H]\b", quiz.answer.partition(".")[0]) == letters
    for number, choice in enumerate(quiz.choices):
        other = [value ^ (value // 2 == number) for value in right]
        note = f"{letter(quiz.numbers.index(number))}: {choice.why}"
        assert judge(quiz, other) == Verdict(False, (Note(False, note),))


def test_the_messages_to_sort_are_those_of_pods_and_the_answers_match_their_traces():
    """Each failure is played. The kubelet's trace of its pull says if something was sent."""
    session = Session()
    for line in FAILURES["start"]:
        assert session.run(line).exit_code == 0
    choices = {choice.text.split("`")[1]: choice for choice in load_quizzes()["sent"].choices}
    assert [list(choices), len(choices)] == [FAILURES["pods"], 5]
    for name, choice in choices.items():
        pod = session.cluster.api.get(POD, "default", name)
        events = session.run(
            f"kubectl get events --field-selector involvedObject.name={name} -o jsonpath={EVENTS}"
        ).stdout
        waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
        assert choice.quote in events.splitlines() or choice.quote in waiting, name
        attempts = session.cluster.kubelet.traces["default", name, name].attempts
        assert [attempt.username is not None for attempt in attempts] == [choice.right], name


@pytest.mark.parametrize("quiz", LINES, ids=_ids(LINES))
def test_the_lines_to_pick_from_are_the_output_of_the_command(quiz):
    session = Session()
    for line in quiz.start:
        assert session.run(line).exit_code == 0
    printed = session.run(quiz.run).stdout.splitlines()
    assert [line.rstrip() for line in printed if line.strip()] == [choice.text for choice in quiz.choices]


@pytest.mark.parametrize("quiz", TYPED, ids=_ids(TYPED))
def test_each_accepted_text_is_right_and_any_other_is_wrong(quiz):
    for text in quiz.accept:
        assert judge(quiz, f" {text.upper()}. ").right
    wrong = judge(quiz, "the moon")
    assert (wrong.right, wrong.notes[0].text) == (False, quiz.otherwise)


@pytest.mark.parametrize("quiz", COMMANDS, ids=_ids(COMMANDS))
def test_the_revealed_command_is_right_and_a_wrong_one_gets_a_note(quiz):
    assert judge(quiz, quiz.answer) == Verdict(True, (Note(True, quiz.why),))
    for wrong in (quiz.wrong, "true"):
        verdict = judge(quiz, wrong)
        sentences = {condition.otherwise for condition in quiz.goal}
        assert not verdict.right
        assert sentences & {note.text for note in verdict.notes}


@pytest.mark.parametrize("quiz", GAPS, ids=_ids(GAPS))
def test_a_line_with_blanks_becomes_the_answer_and_is_refused_unfilled(quiz):
    pattern = ".+".join(map(re.escape, quiz.gap.split(BLANK)))
    assert re.fullmatch(pattern, quiz.answer)
    assert judge(quiz, quiz.gap).notes == (Note(False, "There's still a blank, `____`, in the line."),)


@pytest.mark.parametrize("kind", ["choice", "predict"])
def test_the_right_choice_is_in_no_favorite_place(kind):
    """Among questions with the same number of choices, each place has the right one about equally often."""
    every = QUIZZES if kind == "choice" else load_predictions().values()
    picks = [quiz for quiz in every if quiz.kind == kind and "#" not in quiz.id]
    for size in {len(quiz.choices) for quiz in picks}:
        places = [[choice.right for choice in quiz.shown].index(True) for quiz in picks if len(quiz.choices) == size]
        counts = [places.count(place) for place in range(size)]
        assert max(counts) - min(counts) <= 1, size


@pytest.mark.parametrize("prediction", load_predictions().values(), ids=list(load_predictions()))
def test_the_right_prediction_is_not_the_only_one_without_a_reason(prediction):
    """Wrong choices often give a reason. If only the right one had none, its form would give it away."""
    bare = [choice for choice in prediction.choices if not REASON.search(choice.text)]
    assert [choice.right for choice in bare] != [True]


@pytest.mark.parametrize("quiz", LINES, ids=_ids(LINES))
def test_no_line_to_pick_is_a_heading(quiz):
    """Nobody would pick a heading. The question explains the columns."""
    assert not re.fullmatch(r"[A-Z ]+", quiz.choices[0].text)


def test_no_hint_counts_the_right_choices():
    counted = re.compile(r"\bof the \w+( entries)? (are right|match)|\b(are|is) right\.", re.IGNORECASE)
    assert [quiz.id for quiz in QUIZZES for hint in quiz.hints if counted.search(hint)] == []


@pytest.mark.parametrize("task", TASKS, ids=_ids(TASKS))
def test_waiting_alone_does_not_meet_the_goal(task):
    session = Session()
    begin(task, session)
    session.advance(1000)
    assert not _reached(task, session)


@pytest.mark.parametrize("task", TASKS, ids=_ids(TASKS))
def test_the_start_does_not_meet_the_goal_and_the_solution_does(task):
    session = Session()
    begin(task, session)
    assert not _reached(task, session)
    for line in task.solution:
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    session.advance(task.wait)
    assert all(reading.holds for reading in check(task, session))


@pytest.mark.parametrize(("task", "mistake"), WRONG, ids=[task.id for task, _ in WRONG])
def test_a_common_mistake_gets_its_message(task, mistake):
    session = Session()
    begin(task, session)
    for line in mistake.lines:
        session.run(line)
    session.advance(task.wait)
    missing = [reading.condition.otherwise for reading in check(task, session) if not reading.holds]
    assert [message for message in missing if mistake.says in message], missing


def test_every_task_has_two_common_mistakes():
    assert [task.id for task in TASKS if len(task.wrong) < 2] == []


@pytest.mark.parametrize("task", TASKS, ids=_ids(TASKS))
def test_other_objects_in_the_cluster_never_fail_a_task(task):
    session = solve(task)
    for namespace in task.namespaces:
        session.run(
            f"kubectl create secret docker-registry extra -n {namespace} --docker-server=example.com "
            "--docker-username=a --docker-password=b"
        )
        session.run(f"kubectl create serviceaccount extra -n {namespace}")
        session.run(f"kubectl run extra -n {namespace} --image=nginx")
    assert _reached(task, session)


@pytest.mark.parametrize("task", TASKS, ids=_ids(TASKS))
def test_a_check_changes_nothing_and_takes_no_time(task):
    session = Session()
    begin(task, session)
    before = (session.cluster.clock.now, session.cluster.api.revision, list(session.shell.history))
    check(task, session)
    assert (session.cluster.clock.now, session.cluster.api.revision, list(session.shell.history)) == before


@pytest.mark.parametrize("task", TASKS, ids=_ids(TASKS))
def test_a_task_can_be_started_over(task):
    session = Session()
    begin(task, session)
    first = check(task, session)
    files = session.run("ls").stdout.split()
    for line in task.solution:
        session.run(line)
    session.advance(task.wait)
    begin(task, session)
    for name in session.run("ls").stdout.split():  # a learner's files stay, and a goal may be about one
        if name not in files:
            session.run(f"rm {name}")
    assert check(task, session) == first


@pytest.mark.parametrize(("task_id", "name"), ROWS)
def test_an_incomplete_solution_misses_the_goals_of_its_row(task_id, name):
    task, attempt, session = load_tasks()[task_id], ATTEMPTS[task_id][name], Session()
    begin(task, session)
    for line in attempt["lines"]:
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    session.advance(task.wait)
    assert [number for number, goal in enumerate(check(task, session)) if not goal.holds] == attempt["missing"]


@pytest.mark.parametrize("quiz_id", TYPED_LINES)
def test_other_right_lines_are_right_and_wrong_lines_get_the_note_of_the_goal_they_miss(quiz_id):
    quiz, lines = load_quizzes()[quiz_id], TYPED_LINES[quiz_id]
    assert [line for line in lines["right"] if not judge(quiz, line).right] == []
    for wrong in lines["wrong"]:
        assert judge(quiz, wrong["line"]).notes == (Note(False, quiz.goal[wrong["misses"]].otherwise),)


@pytest.mark.parametrize(
    ("quiz_id", "answer", "note"),
    [
        ("recall-restart", "kubectl rollout restart deploy/web", load_quizzes()["recall-restart"].why),
        ("recall-restart", "kubectl delete pods -l app=web", load_quizzes()["recall-restart"].why),
        ("recall-restart", "kubectl delete pods --all --now", load_quizzes()["recall-restart"].why),
        ("policy-that-stays", "IfNotPresent", REPLIES[0].why),
        ("policy-that-stays", "if not present", REPLIES[0].why),
        ("policy-that-stays", "Never", REPLIES[1].why),
        ("policy-that-stays", "none", REPLIES[2].why),
        ("cronjob-path", "cronjob.spec.jobTemplate.spec.template.spec", load_quizzes()["cronjob-path"].why),
        ("job-command", "kubectl delete pods --all", load_quizzes()["job-command"].why),
        ("secret-for-hub", f"{HUB} --docker-server=https://index.docker.io/v2/", load_quizzes()["secret-for-hub"].why),
        ("secret-for-hub", f"{HUB} --docker-server=registry-1.docker.io", NO_ENTRY),
        ("all-but-secrets", "kubectl create clusterrolebinding looks --clusterrole=view --user=mia", EVERYWHERE),
    ],
)
def test_an_answer_that_learners_give_gets_its_own_note(quiz_id, answer, note):
    assert [said.text for said in judge(load_quizzes()[quiz_id], answer).notes] == [note]


# Right choices can't be guessed by their form


def _first_word(choice):
    """The first word of a choice outside code."""
    return re.findall(r"\w+", re.sub(r"`[^`]*`", "code", choice.text))[0].lower()


@pytest.mark.parametrize("words", [DENYING, AFFIRMING], ids=["denying", "affirming"])
def test_the_first_word_of_a_choice_gives_no_hint(words):
    """Choices with such a first word are right about as often as others."""
    found = [choice for quiz in ONCE for choice in quiz.choices if _first_word(choice) in words]
    assert len(found) > 9
    assert 0.3 <= sum(choice.right for choice in found) / len(found) <= 0.45


@pytest.mark.parametrize("pick", [max, min], ids=["longest", "shortest"])
def test_the_length_of_a_choice_gives_no_hint(pick):
    """Always taking the longest choice, or the shortest, is right about as often as by chance."""
    right = sum(pick(quiz.choices, key=lambda choice: len(choice.text)).right for quiz in ONCE)
    by_chance = sum(1 / len(quiz.choices) for quiz in ONCE)
    assert abs(right - by_chance) <= 0.2 * by_chance


@pytest.mark.parametrize("kind", ["predict", "choice"])
@pytest.mark.parametrize("pick", [max, min], ids=["longest", "shortest"])
def test_the_length_of_a_choice_gives_no_hint_among_predictions_or_quizzes_alone(pick, kind):
    picks = [quiz for quiz in ONCE if quiz.kind == kind]
    right = sum(pick(quiz.choices, key=lambda choice: len(choice.text)).right for quiz in picks)
    assert right <= 1.2 * sum(1 / len(quiz.choices) for quiz in picks)
