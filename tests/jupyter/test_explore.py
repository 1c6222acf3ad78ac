"""Explorables: what each shows of its values, that no input breaks one, and that nothing typed becomes markup."""

import base64
import html
import re
from pathlib import Path

import pytest

from kubesim.api.clock import SECOND
from kubesim.api.resources import POD
from kubesim.jupyter import explore, quiz
from kubesim.jupyter.explore import make
from kubesim.jupyter.quiz import QuizCard
from kubesim.lessons import load_quizzes, variants_of
from kubesim.lessons.done import is_done
from kubesim.lessons.explore import LONGEST_TEXT, MOST_LINES, lists, load_explorables
from kubesim.lessons.explore.backoff import LENGTH, play
from kubesim.lessons.explore.exchange import tell
from kubesim.lessons.explore.match import NO_ADDRESS, OLD_HUB, OTHER_HOST, OTHER_PATH, OTHER_PORT, match
from kubesim.lessons.grade import is_right
from kubesim.session import Session
from kubesim.session.timeline import pods
from tests.jupyter.conftest import press, refused

NAMES = list(load_explorables())
EACH = pytest.mark.parametrize("name", NAMES)
TYPED = [
    (name, control.name)
    for name, one in load_explorables().items()
    for control in one.controls
    if control.kind in ("text", "lines")
]


@pytest.fixture
def card(seat):
    return make("match", seat)


def change(card, **values):
    """Change some of a card's values as the page does, and return the feedback."""
    return press(card, "set", values={**card.values, **values})


def words(page):
    """The text of a page of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:code|b)\b[^>]*>", "", page))).split())


def ticks(card):
    return [goal["ok"] for goal in card.feedback["goals"]]


# All of them


def test_an_unknown_name_is_one_line_with_those_that_there_are(seat):
    assert refused(explore.show, "nothing-like-it", seat).startswith(
        "there is no explorable 'nothing-like-it'; there are:"
    )
    assert refused(explore.show, "", seat).endswith("; there are: " + ", ".join(explore.names()))


@EACH
def test_what_is_shown_is_the_same_each_time(name, seat):
    bundles = [make(name, seat)._repr_mimebundle_()[0] for _ in range(2)]
    assert bundles[0]["text/plain"] == bundles[1]["text/plain"]
    assert bundles[0]["text/html"] == bundles[1]["text/html"]
    assert bundles[0]["text/plain"].startswith(f"Explore: {load_explorables()[name].title}\n")


@EACH
def test_no_trait_holds_none(name, seat):
    """A page's kernel turns it into undefined."""
    card = make(name, seat)
    press(card, "set", values={})
    press(card, "reset")
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
def test_nothing_typed_becomes_markup_and_what_cannot_be_seen_is_shown(name, control, seat):
    card = make(name, seat)
    page = change(card, **{control: "<img src=x>`**a**`\u202e\x07&amp;"})["page"]
    assert "<img" not in page
    assert not re.search("[\u202e\x07]", page)
    assert len(change(card, **{control: "a/" * 10_000})["page"]) < 40 * LONGEST_TEXT
    assert len(change(card, **{control: "a\n" * 10_000})["page"]) < 40 * LONGEST_TEXT


def test_all_goals_together_are_kept(card, seat):
    for image in ("registry.example.com/team-b/api:1.0", "example.com/api"):
        change(card, image=image)
    assert not is_done("%explore match", seat.progress.record())
    change(card, image="registry.example.com:5000/team/api")
    assert is_done("%explore match", seat.progress.record())
    assert ticks(make("match", seat)) == [True, True, True]
    assert ticks(make("lists", seat)) == [False, False, False]


@EACH
def test_a_change_can_be_reset(name, seat):
    card = make(name, seat)
    fresh = card.feedback
    assert fresh["buttons"] == []
    control = load_explorables()[name].controls[0]
    other = {"switch": "" if control.start else "on", "range": str(control.most), "text": "nginx", "lines": "x"}
    last = control.options[-1].value if control.options else ""
    changed = change(card, **{control.name: other.get(control.kind, last)})
    assert changed["buttons"] == [("reset", "Reset")]
    assert press(card, "reset")["page"] == fresh["page"]
    assert card.values == load_explorables()[name].start()


# match


def test_the_entries_that_match_are_tried_from_the_most_specific_to_a_glob(card):
    assert card.plain() == (
        "Explore: Which entry matches the image?\n"
        "A pull secret has entries, and each entry is for a registry, or for a part of one. Change the image or the "
        "entries. The marked part of the image's name is what an entry matches.\n"
        "Tried  Entry                      Image\n"
        "2nd    registry.example.com       [registry.example.com]/team/api\n"
        "1st    registry.example.com/team  [registry.example.com/team]/api\n"
        "3rd    *.example.com              [registry.example.com]/team/api\n"
        "no     example.com                is for another host\n"
        "What is sent:\n"
        "  1. The username and password of the entry `registry.example.com/team` go to `registry.example.com`.\n"
        "  2. Only if that fails: those of `registry.example.com`.\n"
        "  3. Only if that fails: those of `*.example.com`.\n"
        "Can you get there?\n"
        "  - Exactly one entry matches.\n"
        "  - An entry for one team also matches an image of another team.\n"
        "  - No entry matches, and nothing is sent."
    )
    assert '<code><b class="ks-lit">registry.example.com/team</b>/api</code>' in card.static_html()


def test_the_goals_are_reached_by_trying_and_stay_reached(card):
    assert ticks(card) == [False, False, False]
    change(card, image="registry.example.com/team-b/api:1.0")
    assert ticks(card) == [False, True, False]
    change(card, image="example.com/api")
    assert ticks(card) == [True, True, False]
    said = change(card, image="registry.example.com:5000/team/api")
    assert ticks(card) == [True, True, True]
    assert "Nothing. No entry matches, and the node asks registry.example.com:5000 without a password." in said["news"]
    press(card, "reset")
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


def test_what_is_no_image_is_told_as_the_kubelet_words_it(card):
    feedback = change(card, image="Registry/App")
    why = "invalid reference format: repository name (App) must be lowercase"
    assert f"The kubelet can't parse the image's name: {why}." in words(feedback["page"])
    assert "<table>" not in feedback["page"]


def test_more_lines_than_fit_are_left_out(card):
    change(card, entries="\n".join(f"r{number}.io" for number in range(20)))
    assert card.values["entries"].count("\n") == MOST_LINES - 1


# backoff


def moment(seat, now, fix):
    """What `backoff` shows where the Secret is fixed at the second `fix`, 1020 for never."""
    card = make("backoff", seat)
    return card, change(card, now=str(now), fix=str(fix))


def test_the_kubelet_waits_twice_as_long_each_time_and_at_most_five_minutes(seat):
    _card, feedback = moment(seat, 1020, 1020)
    delays = re.findall(r"✗</span> failed</td><td>([^<]+)", feedback["page"])
    assert delays == ["10 s", "20 s", "40 s", "1 min 20 s", "2 min 40 s", "5 min", "5 min", "5 min"]
    assert "STATUS ImagePullBackOff" in words(feedback["page"])
    assert [goal["ok"] for goal in feedback["goals"]] == [False, False, True]
    assert feedback["outputs"] == {"now": "17 min", "fix": "never"}


@pytest.mark.parametrize(("now", "fix"), [(0, 1020), (60, 1020), (100, 1020), (250, 200), (400, 200), (1020, 1000)])
def test_the_status_at_a_moment_is_the_one_that_kubectl_shows(seat, now, fix):
    start, fixing = backoff_commands()
    own = Session()
    for line in start:
        own.run(line)
    own.advance(min(now, fix))
    if now >= fix:
        own.run(fixing[0])
        own.advance(now - fix - 0.2)
    _ready, status = pods(own.cluster, "default", "web")["default", "web"]
    _card, feedback = moment(seat, now, fix)
    assert f"STATUS {status} " in words(feedback["page"])


@pytest.mark.parametrize(
    ("now", "fix", "attempts", "following", "story"),
    [
        (0, 1020, 0, "in 0 s", "The Secret is still wrong."),
        (100, 1020, 4, "in 1 min", "it waits longer each time."),
        (250, 200, 5, "in 1 min", "The kubelet reads it at its next attempt, not before."),
        (400, 200, 6, "none", "You fixed the Secret after 3 min 20 s, and the Pod was Running after 6 min"),
        (1020, 1000, 8, "later", "The kubelet reads it at its next attempt, not before."),
    ],
)
def test_what_has_happened_and_what_comes_next_is_told(seat, now, fix, attempts, following, story):
    _card, feedback = moment(seat, now, fix)
    shown = words(feedback["page"])
    assert f"Attempts {attempts} Next attempt {following}" in shown
    assert story in shown


def test_a_pod_runs_soon_or_late_after_a_fix_as_the_next_attempt_has_it(seat):
    attempts = [attempt.at for attempt in play(*backoff_commands(), LENGTH).attempts]
    before, after = (10 * int(attempts[5] // 10) + seconds for seconds in (0, 10))  # the sixth, after six minutes
    card, _feedback = moment(seat, 1020, before)
    assert ticks(card) == [True, False, False]
    assert [goal["ok"] for goal in change(card, fix=str(after))["goals"]] == [True, True, False]


def test_what_is_played_is_no_cluster_of_the_learners(seat):
    before = (seat.cluster.clock.now, seat.cluster.api.revision, seat.session.run("ls").stdout)
    for name in ("backoff", "lists"):
        make(name, seat)
    assert (seat.cluster.clock.now, seat.cluster.api.revision, seat.session.run("ls").stdout) == (
        before[0] + SECOND // 10,
        *before[1:],
    )


def backoff_commands():
    commands = load_explorables()["backoff"].commands
    return commands["start"], commands["fix"]


def test_the_commands_that_are_played_succeed(monkeypatch):
    results = []
    run = Session.run

    def recorded(session, line):
        results.append(run(session, line))
        return results[-1]

    monkeypatch.setattr(Session, "run", recorded)
    play.__wrapped__(*backoff_commands(), 100)
    for own in (False, True):
        lists.play(load_explorables()["lists"], own=own, inherited=True, is_late=True)
    assert [result.screen for result in results if result.exit_code] == []
    assert len(results) == 3 + 2 * 5


# lists


@pytest.mark.parametrize(
    ("own", "inherited", "moment", "expected", "status", "why"),
    [
        ("", "", "after", ["none", "none", "none"], "✗ ErrImagePull", "none"),
        ("", "on", "after", ["registry-creds", "none", "registry-creds"], "✓ Running", "copied"),
        ("", "on", "before", ["registry-creds", "none", "none"], "✗ ErrImagePull", "late"),
        ("on", "", "after", ["none", "hub-creds", "hub-creds"], "✗ ErrImagePull", "own-only"),
        ("on", "on", "after", ["registry-creds", "hub-creds", "hub-creds"], "✗ ErrImagePull", "own-wins"),
        ("on", "on", "before", ["registry-creds", "hub-creds", "hub-creds"], "✗ ErrImagePull", "own-wins"),
    ],
)
def test_a_list_is_copied_when_a_pod_is_created_unless_it_has_its_own(
    own, inherited, moment, expected, status, why, seat
):
    feedback = change(make("lists", seat), own=own, inherited=inherited, moment=moment)
    assert re.findall(r"</td><td>(?:<code>)?([\w-]+)", feedback["page"]) == expected
    assert f"STATUS {status} " in words(feedback["page"])
    assert load_explorables()["lists"].says[why] in words(feedback["page"])


def test_the_commands_are_shown_in_their_order(seat):
    card = make("lists", seat)
    assert words(change(card, moment="after")["page"]).index("patch") < words(card.feedback["page"]).index("run web")
    assert words(change(card, moment="before")["page"]).index("patch") > words(card.feedback["page"]).index("run web")
    assert [goal["ok"] for goal in change(card, own="on")["goals"]] == [True, True, True]


# exchange


def lines_of(image, who):
    """The first lines of each request and its response, and the error."""
    story = tell(image, who)
    firsts = [f"{one.request[0].text.partition(' ')[0]} {one.host} {one.response[0].text[9:12]}" for one in story.steps]
    return firsts, [one.meaning for one in story.steps]


REGISTRY, HUB, TOKENS = "registry.example.com", "registry-1.docker.io", "auth.docker.io"


@pytest.mark.parametrize(
    ("image", "who", "lines", "meanings"),
    [
        ("registry.example.com/myapp:1.0", "nobody", [f"HEAD {REGISTRY} 401"], ["asked-basic"]),
        (
            "registry.example.com/myapp:1.0",
            "right",
            [f"HEAD {REGISTRY} 401", f"HEAD {REGISTRY} 200", f"GET {REGISTRY} 200"],
            ["asked-basic", "resolved", "fetched"],
        ),
        (
            "registry.example.com/myapp:1.0",
            "wrong",
            [f"HEAD {REGISTRY} 401", f"HEAD {REGISTRY} 401"],
            ["asked-basic", "rejected"],
        ),
        (
            "acme/private:1.0",
            "nobody",
            [f"HEAD {HUB} 401", f"GET {TOKENS} 200", f"HEAD {HUB} 401"],
            ["asked-token", "anonymous-token", "insufficient"],
        ),
        (
            "acme/private:1.0",
            "right",
            [f"HEAD {HUB} 401", f"POST {TOKENS} 200", f"HEAD {HUB} 200", f"GET {HUB} 200"],
            ["asked-token", "token", "resolved", "fetched"],
        ),
        (
            "acme/private:1.0",
            "wrong",
            [f"HEAD {HUB} 401", f"POST {TOKENS} 401", f"GET {TOKENS} 401"],
            ["asked-token", "again", "no-token"],
        ),
        (
            "nginx:1.27",
            "nobody",
            [f"HEAD {HUB} 401", f"GET {TOKENS} 200", f"HEAD {HUB} 200", f"GET {HUB} 200"],
            ["asked-token", "anonymous-token", "resolved", "fetched"],
        ),
    ],
)
def test_a_pull_is_told_request_by_request(image, who, lines, meanings):
    assert lines_of(image, who) == (lines, meanings)


def test_the_end_is_what_a_pod_with_that_password_gets(seat):
    """The error is the one in the Pod's status, word for word."""
    session = Session()
    for who, flags in (("nobody", ""), ("wrong", '--overrides=\'{"spec":{"imagePullSecrets":[{"name":"creds"}]}}\'')):
        session.run("kubectl create secret docker-registry creds --docker-username=acme --docker-password=ssapbuh")
        session.run(f"kubectl run {who} --image=acme/private:1.0 {flags}")
        session.advance(1)
        pod = session.cluster.api.get(POD, "default", who)
        error = pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
        assert tell("acme/private:1.0", who).error == error.rpartition("ErrImagePull: ")[2]
        feedback = change(make("exchange", seat), image="acme/private:1.0", who=who, count="6")
        assert html.escape(error.rpartition("ErrImagePull: ")[2]) in feedback["page"]


def test_the_password_is_there_to_be_decoded_and_other_headers_are_not_marked(seat):
    card = make("exchange", seat)
    feedback = change(card, count="2")
    assert feedback["outputs"] == {"count": "2 of 3"}
    assert "(myuser:mypassword in Base64)" in words(feedback["page"])
    [header] = re.findall(r'<b class="ks-lit">Authorization: Basic (.+?)</b>', feedback["page"])
    assert base64.b64decode(header) == b"myuser:mypassword"
    assert '<b class="ks-lit">Host' not in feedback["page"]
    assert "The image is pulled." not in words(feedback["page"])
    assert "The image is pulled." in words(change(card, count="3")["page"])


def test_a_goal_is_reached_once_the_last_request_is_shown(seat):
    card = make("exchange", seat)
    change(card, image="acme/private:1.0", who="nobody", count="2")
    assert ticks(card) == [False, False, False]
    change(card, image="acme/private:1.0", who="nobody", count="3")
    assert ticks(card) == [False, False, True]
    change(card, image="nginx:1.27", who="nobody", count="4")
    assert ticks(card) == [False, True, True]
    change(card, image="registry.example.com/myapp:1.0", who="nobody", count="1")
    assert ticks(card) == [True, True, True]


@pytest.mark.parametrize("name", ["match", "backoff", "lists", "exchange"])
def test_each_sentence_is_used(name, monkeypatch):
    """A name that code doesn't look up is a slip of the pen; the other way round, the card would fail."""
    package = Path(explore.__file__).parents[1]
    code = "".join(
        (package.parent / room / f"{name}.py").read_text() for room in ("jupyter/explore", "lessons/explore")
    )
    assert [one for one in load_explorables()[name].says if f'"{one}"' not in code and one not in ASKED] == []


ASKED = ("asked-basic", "asked-token")
"""Sentences whose names are put together."""


# sent


@pytest.fixture
def sorting(seat):
    return QuizCard(variants_of("sent"), seat)


def test_five_failures_are_sorted_and_a_wrong_one_is_told_why(sorting, seat):
    right = [2 * number + choice.right for number, choice in enumerate(load_quizzes()["sent"].choices)]
    for partial in ([], right[:4], [right[0]] * 4):
        assert "This doesn't count." in press(sorting, "check", answer=partial)["said"]
    assert press(sorting, "check", answer=[0] * 9)["notes"] == [{"ok": False, "html": "Sort all of them first."}]
    swapped = press(sorting, "check", answer=[right[0] ^ 1, *right[1:]])
    assert (swapped["word"], len(swapped["notes"])) == ("Not yet", 1)
    assert "Nothing was sent. The registry required a username and a password" in swapped["notes"][0]["html"]
    done = press(sorting, "check", answer=right)
    assert (done["word"], len(done["notes"])) == ("Right", 5)
    assert QuizCard(variants_of("sent"), seat).answer == right
    assert is_right("sent", seat.progress.record())


def test_the_sorting_reads_well_without_a_page(sorting):
    lines = sorting.plain().splitlines()
    assert lines[0].startswith("Quiz: Five Pods with private images don't start.")
    assert [line for line in lines if line.startswith("     failed to pull and unpack image")] != []
    assert lines[-2:] == ["Nothing was sent, or something was sent?", "Sort all of them."]
    question, _, answer = sorting.static_html().partition("<details><summary>Answer</summary>")
    assert '<br><code class="ks-quote">Unable to retrieve some image pull secrets (my-registry-cred);' in question
    assert answer.startswith("<p>Something was sent: ")


def test_the_sorting_is_shown_by_its_name(seat, monkeypatch):
    shown = []
    monkeypatch.setattr(quiz, "display", shown.append)
    explore.show("sent", seat)
    assert shown[0].content["kind"] == "sort"
