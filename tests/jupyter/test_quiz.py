import pytest

from kubesim.jupyter import quiz
from kubesim.jupyter.current import Seat
from kubesim.jupyter.quiz import QuizCard
from kubesim.lessons import Choice, Condition, Progress, Quiz, Reply
from kubesim.session import Session

PICK = Quiz(
    id="pick",
    kind="choice",
    question="Which type must a **pull secret** have?",
    answer="B. `kubernetes.io/dockerconfigjson` (or, long ago, `dockercfg`).",
    choices=(Choice("`Opaque`", "The kubelet passes it over."), Choice("`dockerconfigjson`", "It does.", True)),
    hints=("Look at the TYPE column of `kubectl get secrets`.", "Whose format is it?"),
)
TYPED = Quiz(
    id="typed",
    kind="text",
    question="How long at most?",
    answer="Five minutes.",
    accept=("5 minutes", "300 s"),
    replies=(Reply("^10 ", "That is the first pause."),),
    otherwise="No.",
    why="It is.",
    hints=("Less than ten.",),
)
COMMAND = Quiz(
    id="command",
    kind="command",
    question="Make a namespace `blue`.",
    answer="kubectl create namespace blue",
    why="There it is.",
    hints=("create",),
    goal=(Condition("kubectl get ns blue -o name", "There is no namespace `blue`.", equals="namespace/blue"),),
)
QUIZZES = {item.id: item for item in (PICK, TYPED, COMMAND)}


@pytest.fixture
def seat(tmp_path):
    return Seat(Session(tmp_path))


@pytest.fixture
def card(seat):
    return make("pick", seat)


def make(name, seat):
    return QuizCard(QUIZZES[name], Progress(seat.session.workspace))


def press(card, do, answer=None):
    card._hear(card, {"do": do, "answer": answer}, [])
    return card.feedback


def labels(card):
    return [label for _, label in card.feedback["buttons"]]


def test_a_fresh_card_says_nothing_yet(card):
    assert card.answer is None
    assert card.feedback == {
        "verdict": "",
        "word": "",
        "notes": [],
        "hints": [],
        "reveal": "",
        "buttons": [("check", "Check"), ("hint", "Hint"), ("reveal", "Reveal answer")],
    }


def test_the_plain_form_is_the_question_and_nothing_of_the_answer(card):
    assert card._repr_mimebundle_()[0]["text/plain"] == (
        "Quiz: Which type must a **pull secret** have?\n  A. `Opaque`\n  B. `dockerconfigjson`\nOne answer is right."
    )


def test_the_plain_form_stays_the_same_after_an_answer(card):
    before = card.plain()
    press(card, "check", [1])
    press(card, "reveal")
    assert card.plain() == before


def test_the_static_form_folds_the_answer_away(card):
    page = card._repr_mimebundle_()[0]["text/html"]
    question, _, answer = page.partition("<details><summary>Answer</summary>")
    assert "<li><b>B</b> <code>dockerconfigjson</code></li>" in question
    assert "<b>pull secret</b>" in question
    assert "dockercfg" not in question
    assert "dockercfg" in answer


def test_a_wrong_answer_then_the_right_one(card):
    wrong = press(card, "check", [0])
    assert (wrong["verdict"], wrong["word"], [note["ok"] for note in wrong["notes"]]) == ("wrong", "Not yet", [False])
    assert labels(card) == ["Check", "Hint", "Reveal answer", "Try again"]
    right = press(card, "check", [1])
    assert (right["verdict"], right["word"], [note["ok"] for note in right["notes"]]) == ("right", "Right", [True])
    assert labels(card) == ["Try again"]


def test_hints_come_one_after_another(card):
    assert len(press(card, "hint")["hints"]) == 1
    assert labels(card)[1] == "Another hint (1 left)"
    assert press(card, "hint")["hints"][0] == "Look at the TYPE column of <code>kubectl get secrets</code>."
    assert labels(card) == ["Check", "Reveal answer"]
    assert len(press(card, "hint")["hints"]) == 2


def test_reveal_and_try_again(card, seat):
    assert "<code>kubernetes.io/dockerconfigjson</code>" in press(card, "reveal")["reveal"]
    press(card, "check", [0])
    press(card, "retry")
    assert card.answer is None
    assert card.feedback["verdict"] == card.feedback["reveal"] == ""
    assert make("pick", seat).answer is None


def test_an_answer_survives_a_restart_of_the_kernel(card, seat, tmp_path):
    press(card, "check", [1])
    again = make("pick", Seat(Session(tmp_path)))
    assert (again.answer, again.feedback["word"]) == ([1], "Right")


def test_a_typed_answer_survives_too(seat):
    press(make("typed", seat), "check", "10 s")
    again = make("typed", seat)
    assert (again.answer, again.feedback["word"]) == ("10 s", "Not yet")
    assert "That is the first pause." in again.feedback["notes"][0]["html"]


def test_a_kept_answer_of_another_kind_breaks_nothing(seat):
    progress = Progress(seat.session.workspace)
    progress.keep("pick", "B")
    progress.keep("typed", [1])
    assert make("pick", seat).feedback["verdict"] == ""
    assert make("typed", seat).feedback["verdict"] == ""


def test_where_the_answer_cannot_be_kept_the_card_says_so(seat, tmp_path):
    (tmp_path / ".progress.json").mkdir()
    feedback = press(make("pick", seat), "check", [1])
    assert feedback["word"] == "Right"
    assert "cannot be kept" in feedback["notes"][-1]["html"]


def test_where_a_damaged_file_was_set_aside_the_card_says_so_once(seat, tmp_path):
    (tmp_path / ".progress.json").write_text("{}")
    card = make("pick", seat)
    assert "It is now <code>progress-damaged.json</code>" in press(card, "check", [1])["notes"][-1]["html"]
    assert len(press(card, "check", [1])["notes"]) == 1


def test_a_command_is_tried_in_a_cluster_of_its_own(seat):
    card = make("command", seat)
    before = seat.session.cluster.api.revision
    assert press(card, "check", QUIZZES["command"].answer)["word"] == "Right"
    assert seat.session.cluster.api.revision == before
    wrong = press(card, "check", "kubectl get pods")
    assert wrong["word"] == "Not yet"
    assert wrong["notes"] == [{"ok": False, "html": "There is no namespace <code>blue</code>."}]


def test_what_a_learner_types_is_never_markup(seat):
    card = make("command", seat)
    feedback = press(card, "check", "<b>x</b>")
    assert not any("<b>" in note["html"] for note in feedback["notes"])


@pytest.mark.parametrize("message", [{}, {"do": "unknown"}, {"do": "check"}, {"do": "check", "answer": {"a": 1}}])
def test_a_strange_message_gives_no_traceback(card, message):
    card._hear(card, message, [])
    assert card.feedback["verdict"] in ("", "wrong")


def test_show(seat, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(quiz, "display", shown.append)
    monkeypatch.setattr(quiz, "load_quizzes", lambda: QUIZZES)
    quiz.show("nothing", seat)
    assert capsys.readouterr().out == "kubesim: there is no quiz 'nothing'; there are: pick, typed, command\n"
    quiz.show("comand", seat)
    assert capsys.readouterr().out == "kubesim: there is no quiz 'comand'; there are: command\n"
    quiz.show(" typed ", seat)
    assert shown[0].plain() == "Quiz: How long at most?\nType your answer."
