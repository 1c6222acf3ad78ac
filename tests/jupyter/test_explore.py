"""Explorables: each shows its values, no input breaks one, and no typed text becomes markup."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kubesim.jupyter import explore, quiz
from kubesim.jupyter.explore import make
from kubesim.jupyter.explore.match import look
from kubesim.jupyter.quiz import QuizCard
from kubesim.lessons import load_quizzes, variants_of
from kubesim.lessons.done import is_done
from kubesim.lessons.explore import LONGEST_TEXT, MOST_LINES, load_explorables
from kubesim.lessons.explore.match import NO_ADDRESS, OLD_HUB, OTHER_HOST, OTHER_PATH, OTHER_PORT, match
from kubesim.lessons.grade import is_right
from tests.jupyter.conftest import press, refused
from tests.jupyter.explorables import change, ticks, words

NAMES = list(load_explorables())
# A test for each explorable.
EACH = pytest.mark.parametrize("name", NAMES)
# Explorables and their controls that take typed text.
TYPED = [
    (name, control.name)
    for name, one in load_explorables().items()
    for control in one.controls
    if control.kind in ("text", "lines")
]
# Sentences of explorables whose names the code composes.
COMPOSED = ("asked-basic", "asked-token")
# The elements of HTML that the page of `match` has.
TAGS = {"table", "thead", "tbody", "tr", "th", "td", "code", "b", "p", "ol", "li"}


@pytest.fixture
def card(seat):
    """The card of `match`, which compares an image's name with the entries of a pull secret."""
    return make("match", seat)


@pytest.fixture
def sorting(seat):
    """The card of `sent`, a quiz that sorts failures by whether something was sent."""
    return QuizCard(variants_of("sent"), seat)


# All explorables


def test_an_unknown_name_is_refused_with_the_known_names(seat):
    assert refused(explore.show, "nothing-like-it", seat).startswith(
        "there is no explorable 'nothing-like-it'; there are:"
    )
    assert refused(explore.show, "", seat).endswith("; there are: " + ", ".join(explore.names()))


@EACH
def test_two_cards_of_the_same_values_show_the_same(name, seat):
    bundles = [make(name, seat)._repr_mimebundle_()[0] for _ in range(2)]
    assert bundles[0]["text/plain"] == bundles[1]["text/plain"]
    assert bundles[0]["text/html"] == bundles[1]["text/html"]
    assert bundles[0]["text/plain"].startswith(f"Explore: {load_explorables()[name].title}\n")


@EACH
def test_no_trait_holds_none(name, seat):
    """Pyodide turns None into undefined, which a widget's page doesn't expect."""
    card = make(name, seat)
    press(card, "set", values={})
    press(card, "restart")
    assert "None" not in repr({key: card.trait_values()[key] for key in ("content", "feedback", "values")})


@EACH
@pytest.mark.parametrize("value", [None, 3, [], {}, "", "x" * 10_000, "-1", "9" * 30, "٣", "\0\x1b[31m<b>"])
def test_no_value_from_a_page_breaks_a_card(name, value, seat):
    card = make(name, seat)
    values = {control.name: value for control in load_explorables()[name].controls}
    assert card._reply_to({"do": "set", "values": values}) is None
    card.refresh()
    assert card.feedback["page"]


@pytest.mark.parametrize(("name", "control"), TYPED)
def test_typed_text_never_becomes_markup_or_invisible_characters(name, control, seat):
    card = make(name, seat)
    page = change(card, **{control: "<img src=x>`**a**`\u202e\x07&amp;"})["page"]
    assert "<img" not in page
    assert not re.search("[\u202e\x07]", page)
    assert len(change(card, **{control: "a/" * 10_000})["page"]) < 40 * LONGEST_TEXT
    assert len(change(card, **{control: "a\n" * 10_000})["page"]) < 40 * LONGEST_TEXT


def test_an_explorable_is_done_and_stays_so_once_all_goals_are_reached(card, seat):
    for image in ("registry.example.com/team-b/api:1.0", "example.com/api"):
        change(card, image=image)
    assert not is_done("%explore match", seat.progress.record())
    change(card, image="registry.example.com:5000/team/api")
    assert is_done("%explore match", seat.progress.record())
    assert ticks(make("match", seat)) == [True, True, True]
    assert ticks(make("lists", seat)) == [False, False, False]


@EACH
def test_a_changed_explorable_can_be_started_over(name, seat):
    card = make(name, seat)
    fresh = card.feedback
    assert fresh["buttons"] == []
    control = load_explorables()[name].controls[0]
    other = {"switch": "" if control.start else "on", "range": str(control.most), "text": "nginx", "lines": "x"}
    last = control.options[-1].value if control.options else ""
    changed = change(card, **{control.name: other.get(control.kind, last)})
    assert changed["buttons"] == [("restart", "Start over")]
    assert press(card, "restart")["page"] == fresh["page"]
    assert card.values == load_explorables()[name].start()


@pytest.mark.parametrize("name", ["match", "backoff", "lists", "exchange"])
def test_each_sentence_is_used(name, monkeypatch):
    """A sentence whose name the code doesn't have is unused. A name without a sentence raises KeyError elsewhere."""
    package = Path(explore.__file__).parents[1]
    code = "".join(
        (package.parent / room / f"{name}.py").read_text() for room in ("jupyter/explore", "lessons/explore")
    )
    assert [one for one in load_explorables()[name].says if f'"{one}"' not in code and one not in COMPOSED] == []


# match


def test_the_entries_that_match_are_tried_from_the_most_specific_to_a_glob(card):
    assert card.plain() == (
        "Explore: Which entry matches the image?\n"
        "A pull secret has entries, and each entry is for a registry or for part of one. Change the image or the "
        "entries. The matching part of the image's name is highlighted.\n"
        "Tried  Entry                      Image\n"
        "2nd    registry.example.com       [registry.example.com]/team/api\n"
        "1st    registry.example.com/team  [registry.example.com/team]/api\n"
        "3rd    *.example.com              [registry.example.com]/team/api\n"
        "no     example.com                is for a different host\n"
        "What is sent:\n"
        "  1. The username and password of the entry `registry.example.com/team` go to `registry.example.com`.\n"
        "  2. Only if that fails: those of `registry.example.com`.\n"
        "  3. Only if that fails: those of `*.example.com`.\n"
        "Goals:\n"
        "  - Exactly one entry matches.\n"
        "  - An entry for one team also matches the image of a different team.\n"
        "  - No entry matches, and nothing is sent."
    )
    assert '<code><b class="ks-lit">registry.example.com/team</b>/api</code>' in card.static_html()


def test_goals_stay_reached_after_other_values_and_a_restart(card):
    assert ticks(card) == [False, False, False]
    change(card, image="registry.example.com/team-b/api:1.0")
    assert ticks(card) == [False, True, False]
    change(card, image="example.com/api")
    assert ticks(card) == [True, True, False]
    said = change(card, image="registry.example.com:5000/team/api")
    assert ticks(card) == [True, True, True]
    assert "Nothing. No entry matches, and the node asks registry.example.com:5000 without a password." in said["news"]
    press(card, "restart")
    assert ticks(card) == [True, True, True]


@pytest.mark.parametrize(
    ("image", "entry", "turn", "covered", "why"),
    [
        ("r.io/team/api", "https://r.io/v1/", 1, "r.io", ""),
        ("r.io/team/api", "r.io/te", 1, "r.io/te", ""),
        ("r.io/team/api", "r.io/team/", 1, "r.io/team/", ""),
        ("r.io/team/api", "r.io/other", 0, "", OTHER_PATH),
        ("r.io:5000/api", "r.io", 0, "", OTHER_PORT),
        ("r.io/api", "r.io:5000", 0, "", OTHER_PORT),
        ("a.r.io/api", "*.io", 0, "", OTHER_HOST),
        ("a.r.io/api", "?.r.*", 1, "a.r.io", ""),
        ("nginx", "https://index.docker.io/v1/", 1, "docker.io", OLD_HUB),
        ("nginx", "docker.io", 1, "docker.io", ""),
        ("r.io/api", "r io", 0, "", NO_ADDRESS),
    ],
)
def test_an_entry_is_compared_by_host_port_and_beginning_of_the_path(image, entry, turn, covered, why):
    matching = match(image, [entry])
    [found] = matching.entries
    assert (found.turn, matching.name[: found.covered], found.why) == (turn, covered, why)


def test_the_old_name_of_docker_hub_counts_only_if_nothing_else_matches():
    first, old = match("nginx", ["docker.io", "https://index.docker.io/v1/"]).entries
    assert (first.turn, old.turn, old.why) == (1, 0, OLD_HUB)


def test_an_invalid_image_name_gets_the_kubelets_own_message(card):
    feedback = change(card, image="Registry/App")
    why = "invalid reference format: repository name (App) must be lowercase"
    assert f"The kubelet can't parse the image's name: {why}." in words(feedback["page"])
    assert "<table>" not in feedback["page"]


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=9))
@example("registry.example.com/a", ["[", "*" * 60, "registry.example.com/[", "https://", "/", ":", "a:b:c"])
def test_any_image_and_entries_give_escaped_html(image, entries):
    values = load_explorables()["match"].cleaned({"image": image, "entries": "\n".join(entries)})
    page = look(values).page
    assert set(re.findall(r"</?(\w+)[^<>]*>", page)) <= TAGS
    assert "<" not in re.sub(r"</?\w+[^<>]*>", "", page)


def test_entries_beyond_the_most_lines_are_dropped(card):
    change(card, entries="\n".join(f"r{number}.io" for number in range(20)))
    assert card.values["entries"].count("\n") == MOST_LINES - 1


# sent


def test_a_wrongly_sorted_failure_is_explained_until_all_five_are_right(sorting, seat):
    right = [2 * number + choice.right for number, choice in enumerate(load_quizzes()["sent"].choices)]
    for partial in ([], right[:4], [right[0]] * 4):
        assert "This doesn't count." in press(sorting, "check", answer=partial)["said"]
    assert press(sorting, "check", answer=[0] * 9)["notes"] == [{"ok": False, "html": "Sort all of them first."}]
    swapped = press(sorting, "check", answer=[right[0] ^ 1, *right[1:]])
    assert (swapped["heading"], len(swapped["notes"])) == ("Not yet", 1)
    assert "No credentials were sent. The registry required a username and a password" in swapped["notes"][0]["html"]
    done = press(sorting, "check", answer=right)
    assert (done["heading"], len(done["notes"])) == ("Right", 5)
    assert QuizCard(variants_of("sent"), seat).answer == right
    assert is_right("sent", seat.progress.record())


def test_the_sorting_has_a_plain_and_a_static_form(sorting):
    lines = sorting.plain().splitlines()
    assert lines[0].startswith(
        "Quiz: Five Pods with private images don't start, and nothing but their pull secrets could provide"
    )
    assert [line for line in lines if line.startswith("     failed to pull and unpack image")] != []
    assert lines[-2:] == ["No credentials sent, or credentials sent?", "Sort all of them."]
    question, _, answer = sorting.static_html().partition("<details><summary>Answer</summary>")
    assert '<br><code class="ks-quote">Unable to retrieve some image pull secrets (my-registry-cred);' in question
    assert answer.startswith("<p>Credentials sent: ")


def test_explore_sent_shows_the_sorting_quiz(seat, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(quiz, "display", shown.append)
    explore.show("sent", seat)
    assert shown[0].content["kind"] == "sort"
