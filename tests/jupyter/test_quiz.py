"""Quizzes and predictions as cards: feedback, static and plain forms, kept answers, reviews and variants."""

from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kubesim import lessons
from kubesim.jupyter import prediction, quiz
from kubesim.jupyter.prediction import PredictionCard
from kubesim.jupyter.quiz import QuizCard
from kubesim.jupyter.seat import Seat
from kubesim.lessons import build_variants
from kubesim.lessons.progress import Progress
from kubesim.lessons.quiz import Choice, Quiz
from kubesim.lessons.record import REVEALED
from kubesim.lessons.task import Condition
from kubesim.session import Session
from tests.jupyter.conftest import labels, press, refused
from tests.lessons.examples import QUIZZES

# A quiz with three variants, whose texts have <name> and <first> replaced by the values of a variant.
VARIED = {
    "id": "varied",
    "kind": "choice",
    "question": "Which is the first letter of <name>?",
    "vary": {"name": [{"name": "Ada", "first": "A"}, {"name": "Bo", "first": "B"}, {"name": "Cy", "first": "C"}]},
    "choices": [{"text": "<first>", "why": "It is.", "right": True}, {"text": "z", "why": "No."}],
    "answer": "It's <first>.",
    "hints": ["Read <name>."],
}
PREDICTION = Quiz(
    id="guess",
    kind="predict",
    question="Will it run?",
    answer="B.",
    choices=(Choice("Yes"), Choice("No", right=True)),
    why="It has no image.",
)


def make(name, seat):
    """A card with the quiz of that name in tests/lessons/examples.yaml."""
    return QuizCard([QUIZZES[name]], seat)


@pytest.fixture
def card(seat):
    """A card with the multiple-choice quiz "pick", whose second choice is right."""
    return make("pick", seat)


def test_a_fresh_card_has_no_feedback_and_three_buttons(card):
    assert card.answer == []
    buttons = [("check", "Check"), ("hint", "Hint"), ("reveal", "Reveal answer")]
    blank = {"verdict": "", "heading": "", "notes": [], "printed": "", "hints": [], "revealed": "", "said": ""}
    assert card.feedback == {**blank, "buttons": buttons}


def test_the_plain_form_has_the_question_and_never_the_answer(card):
    plain = (
        "Quiz: Which type must a **pull secret** have?\n  A. `Opaque`\n  B. `dockerconfigjson`\nOne answer is right."
    )
    assert card._repr_mimebundle_()[0]["text/plain"] == plain
    press(card, "check", answer=[1])
    press(card, "reveal")
    assert card.plain() == plain


def test_the_static_form_folds_the_answer_away(card):
    page = card._repr_mimebundle_()[0]["text/html"]
    question, _, answer = page.partition("<details><summary>Answer</summary>")
    assert "<li><b>B</b> <code>dockerconfigjson</code></li>" in question
    assert "<b>pull secret</b>" in question
    assert "dockercfg" not in question
    assert answer == (
        "<p>B. <code>kubernetes.io/dockerconfigjson</code> (or, long ago, <code>dockercfg</code>).</p>"
        "<ul><li><b>A</b> The kubelet passes it over.</li><li><b>B</b> It does.</li></ul></details>"
    )


def test_a_wrong_answer_can_be_corrected(card):
    wrong = press(card, "check", answer=[0])
    assert (wrong["verdict"], wrong["heading"], [note["ok"] for note in wrong["notes"]]) == (
        "wrong",
        "Not yet",
        [False],
    )
    assert labels(card.feedback) == ["Check", "Hint", "Reveal answer", "Try again"]
    right = press(card, "check", answer=[1])
    assert (right["verdict"], right["heading"], [note["ok"] for note in right["notes"]]) == ("right", "Right", [True])
    assert labels(card.feedback) == ["Next", "Try again"]


def test_an_empty_answer_does_not_count(card, seat):
    nothing: list[int] | str
    for nothing in ([], "", "  "):
        assert press(card, "check", answer=nothing)["said"] == "Choose or type an answer first. This doesn't count."
    assert card.feedback["verdict"] == ""
    assert seat.progress.record()["asked"] == {}
    assert press(card, "hint")["said"] == ""


def test_each_press_of_hint_shows_one_more_hint_until_none_is_left(card):
    assert len(press(card, "hint")["hints"]) == 1
    assert labels(card.feedback)[1] == "Hint (1 left)"
    assert press(card, "hint")["hints"][0] == "Look at the TYPE column of <code>kubectl get secrets</code>."
    assert labels(card.feedback) == ["Check", "No more hints", "Reveal answer"]
    assert len(press(card, "hint")["hints"]) == 2


def test_try_again_removes_the_answer_and_what_was_revealed(card, seat):
    assert "<code>kubernetes.io/dockerconfigjson</code>" in press(card, "reveal")["revealed"]
    press(card, "check", answer=[0])
    press(card, "retry")
    assert card.answer == []
    assert card.feedback["verdict"] == card.feedback["revealed"] == ""
    assert make("pick", seat).answer == []


def test_an_answer_survives_a_restart_of_the_kernel(card, seat, tmp_path):
    press(card, "check", answer=[1])
    again = make("pick", Seat(Session(tmp_path)))
    assert (again.answer, again.feedback["heading"]) == ([1], "Right")


def test_a_typed_answer_survives_a_restart_of_the_kernel(seat):
    press(make("typed", seat), "check", answer="10 s")
    again = make("typed", seat)
    assert (again.answer, again.feedback["heading"]) == ("10 s", "Not yet")
    assert "That is the first pause." in again.feedback["notes"][0]["html"]


def test_a_kept_answer_of_another_kind_breaks_nothing(seat):
    progress = Progress(seat.session.workspace)
    progress.keep("pick", "B")
    progress.keep("typed", [1])
    assert make("pick", seat).feedback["verdict"] == ""
    assert make("typed", seat).feedback["verdict"] == ""


def test_a_damaged_progress_file_is_reported_on_the_card(seat, tmp_path):
    (tmp_path / ".progress.json").write_text("{}")
    feedback = press(make("pick", seat), "check", answer=[1])
    assert feedback["heading"] == "Right"
    assert "progress-damaged.json" in feedback["notes"][-1]["html"]


def test_an_order_lists_its_items_alphabetically_and_folds_the_solution_away(seat):
    card = make("order", seat)
    assert card.plain() == (
        "Quiz: How is tea made?\n  A. Boil the water.\n  B. Drink.\n  C. `Put` the kettle on.\n"
        "  D. Wait **four** minutes.\nPut these in the right order."
    )
    question, _, answer = card.static_html().partition("<details><summary>Answer</summary>")
    assert "<li><b>B</b> Drink.</li><li><b>C</b> <code>Put</code> the kettle on.</li>" in question
    assert answer == (
        "<p>C, A, D, B.</p><ol><li><code>Put</code> the kettle on.</li><li>Boil the water.</li>"
        "<li>Wait <b>four</b> minutes.</li><li>Drink.</li></ol><p>Enjoy it.</p></details>"
    )


def test_an_order_is_kept_and_shown_again(seat):
    wrong = press(make("order", seat), "check", answer=[2, 1, 0, 3])
    assert [note["html"] for note in wrong["notes"]] == [
        "The first one is right.",
        "B comes too early. It is too weak.",
    ]
    again = make("order", seat)
    assert (again.answer, again.feedback["heading"]) == ([2, 1, 0, 3], "Not yet")
    assert press(again, "check", answer=[2, 0, 3, 1])["heading"] == "Right"


def test_lines_of_output_keep_their_columns_and_are_never_markup(seat):
    card = make("line", seat)
    assert card.plain() == (
        "Quiz: Which line says what holds `a < b`?\n  $ cat <table>\n  A. NAME    HOLDS\n  B. alpha   a < `b`\n"
        "  C. beta    -\nPick one line."
    )
    lines = "<b>A</b>  NAME    HOLDS\n<b>B</b>  alpha   a &lt; `b`\n<b>C</b>  beta    -"
    assert f"<pre><code>$ cat &lt;table&gt;\n{lines}</code></pre>" in card.static_html()
    assert card.content["choices"][1] == "alpha   a &lt; `b`"
    assert press(card, "check", answer=[0])["notes"] == [{"ok": False, "html": "A: A heading."}]
    assert press(card, "check", answer=[1])["heading"] == "Right"


def test_a_review_starts_unanswered_and_records_only_its_day(seat, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(quiz, "display", shown.append)
    monkeypatch.setattr(lessons, "load_quizzes", lambda: QUIZZES)
    press(make("pick", seat), "check", answer=[1])
    unknown = "there is no quiz 'nothing'; there are: pick, two, typed, command, order, line"
    assert refused(quiz.show_review, "pick  typed nothing", seat) == unknown
    assert [card.plain().partition(":")[0] for card in shown] == ["Review", "Review"]
    assert shown[0].answer == []
    assert press(shown[0], "check", answer=[0])["heading"] == "Not yet"
    assert press(shown[0], "retry")["heading"] == ""
    assert make("pick", seat).answer == [1]
    record = seat.progress.record()
    assert (record["given"], record["asked"]) == ({"pick": [[1]]}, {"pick": [seat.progress.today(), 0]})


def test_a_retry_and_a_review_each_show_the_next_variant(seat):
    variants = list(build_variants(VARIED))
    shown = QuizCard(variants, seat)
    assert shown.plain() == "Quiz: Which is the first letter of Ada?\n  A. A\n  B. z\nOne answer is right."
    press(shown, "check", answer=[0])
    press(shown, "retry")
    assert shown.plain() == "Quiz: Which is the first letter of Bo?\n  A. z\n  B. B\nOne answer is right."
    assert shown.content["choices"] == ["z", "B"]
    assert press(shown, "reveal")["revealed"] == "<p>B. It's B.</p>"
    assert press(shown, "check", answer=[1])["heading"] == "Right"
    again = QuizCard(variants, seat)
    assert (again.content["html"], again.answer) == ("Which is the first letter of Bo?", [1])
    assert QuizCard(variants, seat, is_review=True).content["html"] == "Which is the first letter of Cy?"
    record = seat.progress.record()
    assert record["given"] == {"varied": [[0]], "varied#1": [[1]]}
    assert record["shown"] == {"varied": [0, seat.progress.today()]}  # the first time, without help


def test_a_revealed_answer_stays_recorded_after_another_try(card, seat):
    press(card, "reveal")
    press(card, "retry")
    press(card, "check", answer=[1])
    assert seat.progress.record()["shown"] == {"pick": [REVEALED, seat.progress.today()]}


def test_a_prediction_is_one_click_and_is_answered_when_the_next_cell_has_run(seat):
    guess = PredictionCard(PREDICTION, seat)
    assert guess.plain() == "Predict: Will it run?\n  A. Yes\n  B. No"
    assert guess.static_html().endswith("<details><summary>Answer</summary><p>B.</p><p>It has no image.</p></details>")
    guess.on_cell("%predict guess")
    guess.on_cell("%quiz pick")  # a quiz in between doesn't answer the prediction
    picked = press(guess, "check", answer=[1])
    assert (picked["verdict"], picked["said"], picked["buttons"]) == ("", "Now run the next cell.", [])
    assert press(guess, "check", answer=[0])["said"] == "Now run the next cell."  # the first click counts
    guess.on_cell("%%kubectl\nkubectl get pods")
    assert (guess.answer, guess.feedback["heading"], guess.feedback["said"]) == ([1], "As you predicted", "")
    assert guess.feedback["notes"] == [{"ok": True, "html": "It has no image."}]
    again = PredictionCard(PREDICTION, seat)
    assert (again.answer, again.feedback["verdict"]) == ([1], "")
    record = seat.progress.record()
    assert (record["given"], record["asked"], record["shown"]) == ({"guess": [[1]]}, {}, {})


def test_a_prediction_made_after_all_cells_have_run_is_answered_at_once(seat):
    guess = PredictionCard(PREDICTION, seat)
    for source in ("%predict guess", "%flow web", "%quiz pick"):
        guess.on_cell(source)
    picked = press(guess, "check", answer=[0])
    assert (picked["heading"], picked["notes"]) == ("Not as you predicted", [{"ok": False, "html": "It has no image."}])


def test_a_page_that_follows_the_next_cell_reports_when_it_has_run(seat):
    guess = PredictionCard(PREDICTION, seat)
    press(guess, "follow")
    guess.on_cell("%%kubectl\nkubectl run web --image=nginx:1.27.3")  # a cell above the card doesn't answer it
    assert guess.feedback["open"] is False
    picked = press(guess, "check", answer=[1])
    assert (picked["verdict"], picked["said"], picked["open"]) == ("", "Now run the next cell.", False)
    assert press(guess, "ran")["heading"] == "As you predicted"


def test_a_command_is_tried_in_a_cluster_of_its_own(seat):
    card = make("command", seat)
    before = seat.session.cluster.api.revision
    assert press(card, "check", answer=QUIZZES["command"].answer)["heading"] == "Right"
    assert card.feedback["printed"] == "namespace/blue created\n"
    assert seat.session.cluster.api.revision == before
    wrong = press(card, "check", answer="kubectl get pods")
    assert wrong["heading"] == "Not yet"
    assert wrong["notes"] == [{"ok": False, "html": "There is no namespace <code>blue</code>."}]


def test_a_typed_command_never_becomes_markup(seat):
    card = make("command", seat)
    feedback = press(card, "check", answer="<b>x</b>")
    assert not any("<b>" in note["html"] for note in feedback["notes"])


@pytest.mark.parametrize("message", [{}, {"do": "unknown"}, {"do": "check"}, {"do": "check", "answer": {"a": 1}}])
def test_an_unexpected_message_gives_no_traceback(card, message):
    card._on_message(card, message, [])
    assert card.feedback["verdict"] in ("", "wrong")


def test_the_magic_shows_a_quiz_by_its_name_and_lists_similar_names(seat, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(quiz, "display", shown.append)
    monkeypatch.setattr(lessons, "load_quizzes", lambda: QUIZZES)
    unknown = "there is no quiz 'nothing'; there are: pick, two, typed, command, order, line"
    assert refused(quiz.show, "nothing", seat) == unknown
    assert refused(quiz.show, "comand", seat) == "there is no quiz 'comand'; there are: command"
    quiz.show(" typed ", seat)
    assert shown[0].plain() == "Quiz: How long at most?\nType your answer."


def test_a_line_with_a_blank_counts_once_filled_and_its_first_miss_shows_a_hint(seat):
    goal = (Condition(run="kubectl get ns blue -o name", equals="namespace/blue", otherwise="There's no `blue`."),)
    gap = Quiz(
        "gap",
        "command",
        "Create `blue`.",
        gap="kubectl create ____ blue",
        goal=goal,
        hints=("Which kind?",),
        why="Yes.",
    )
    card = quiz.QuizCard([gap], seat)
    assert (card.content["gap"], card.content["how"]) == (gap.gap, quiz._INSTRUCTIONS["gap"])
    assert card.plain() == "\n".join(
        ["Quiz: Create `blue`.", "  $ kubectl create ____ blue", quiz._INSTRUCTIONS["gap"]]
    )
    assert press(card, "check", answer=gap.gap)["said"] == "Fill in all the blanks first. This doesn't count."
    for misses in (0, 1):
        card.do_check("kubectl create pod blue")
        assert (card._verdict.notes[0].text, card.hints_shown) == ("There's no `blue`.", misses)
    card.do_check("kubectl create ns blue")
    assert card._verdict.right


def ran(source):
    """IPython's result of a cell with that source."""
    return SimpleNamespace(info=SimpleNamespace(raw_cell=source))


def test_an_answered_prediction_unregisters_its_callback_for_cells(seat, monkeypatch):
    shell = InteractiveShell()
    shown: list[Any] = []
    monkeypatch.setattr(prediction, "display", shown.append)
    monkeypatch.setattr(prediction, "get_ipython", lambda: shell)
    monkeypatch.setattr(prediction, "load_predictions", lambda: {"guess": PREDICTION})
    before = list(shell.events.callbacks["post_run_cell"])
    prediction.show("guess", seat)
    press(shown[0], "check", answer=[1])
    shell.events.trigger("post_run_cell", ran("%predict guess"))
    assert len(shell.events.callbacks["post_run_cell"]) == len(before) + 1
    shell.events.trigger("post_run_cell", ran("%%kubectl\nkubectl get pods"))
    assert shown[0].feedback["heading"] == "As you predicted"
    assert shell.events.callbacks["post_run_cell"] == before
