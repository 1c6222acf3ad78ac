"""Explorables that play a simulation: `backoff`, `lists` (a Pod and its ServiceAccount) and `exchange` (requests)."""

import base64
import html
import re

import pytest

from kubesim.api.clock import SECOND
from kubesim.api.resources import POD
from kubesim.jupyter.explore import make
from kubesim.lessons.explore import lists, load_explorables
from kubesim.lessons.explore.backoff import LENGTH, play
from kubesim.lessons.explore.exchange import tell
from kubesim.session import Session
from kubesim.session.attempts import pod_columns
from tests.jupyter.explorables import change, ticks, words

# Hosts of the private registry, of Docker Hub, and of Docker Hub's token service.
REGISTRY, HUB, TOKENS = "registry.example.com", "registry-1.docker.io", "auth.docker.io"


# backoff


def moment(seat, now, fix):
    """The card of `backoff` and its feedback at the second `now`, if the Secret is fixed at the second `fix`.

    1020, the last second of both sliders, stands for never in `fix`.
    """
    card = make("backoff", seat)
    return card, change(card, now=str(now), fix=str(fix))


def backoff_commands():
    """The commands that `backoff` runs at the start, and those that fix the Secret."""
    commands = load_explorables()["backoff"].commands
    return commands["start"], commands["fix"]


def test_the_kubelet_waits_twice_as_long_each_time_and_at_most_five_minutes(seat):
    _card, feedback = moment(seat, 1020, 1020)
    delays = re.findall(r"✗</span> failed</td><td>([^<]+)", feedback["page"])
    assert delays == ["10 s", "20 s", "40 s", "1 min 20 s", "2 min 40 s", "5 min", "5 min", "5 min"]
    assert "STATUS ImagePullBackOff" in words(feedback["page"])
    assert [goal["ok"] for goal in feedback["goals"]] == [False, False, True]
    assert feedback["outputs"] == {"now": "17 min", "fix": "never"}


def test_the_static_form_has_words_instead_of_the_time_line(seat):
    card = make("backoff", seat)
    stored = card.static_html()
    assert ("ks-track" in card.feedback["page"], "ks-track" in stored) == (True, False)
    assert "<li>Time since the Pod was created: 6 min 40 s</li><li>You fix the Secret: after 3 min 20 s</li>" in stored


@pytest.mark.parametrize(("now", "fix"), [(0, 1020), (60, 1020), (100, 1020), (250, 200), (400, 200), (1020, 1000)])
def test_the_status_is_the_one_that_kubectl_shows_at_that_time(seat, now, fix):
    start, fixing = backoff_commands()
    own = Session()
    for line in start:
        own.run(line)
    own.advance(min(now, fix))
    if now >= fix:
        own.run(fixing[0])
        own.advance(now - fix - 0.2)
    _ready, status = pod_columns(own.cluster, "default", "web")["default", "web"]
    _card, feedback = moment(seat, now, fix)
    assert f"STATUS {status}, " in words(feedback["page"])


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
def test_the_attempts_so_far_and_the_next_one_are_described(seat, now, fix, attempts, following, story):
    _card, feedback = moment(seat, now, fix)
    shown = words(feedback["page"])
    assert f"Attempts {attempts}, Next attempt {following}" in shown
    assert story in shown


def test_a_fix_before_or_after_an_attempt_reaches_a_different_goal(seat):
    attempts = [attempt.at for attempt in play(*backoff_commands(), LENGTH).attempts]
    before, after = (10 * int(attempts[5] // 10) + seconds for seconds in (0, 10))  # the sixth, after six minutes
    card, _feedback = moment(seat, 1020, before)
    assert ticks(card) == [True, False, False]
    assert [goal["ok"] for goal in change(card, fix=str(after))["goals"]] == [True, True, False]


def test_playing_leaves_the_learners_cluster_alone(seat):
    before = (seat.cluster.clock.now, seat.cluster.api.revision, seat.session.run("ls").stdout)
    for name in ("backoff", "lists"):
        make(name, seat)
    assert (seat.cluster.clock.now, seat.cluster.api.revision, seat.session.run("ls").stdout) == (
        before[0] + SECOND // 10,
        *before[1:],
    )


def test_all_played_commands_succeed(monkeypatch):
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


def test_commands_are_shown_in_order_without_a_button_to_run_them(seat):
    card = make("lists", seat)
    assert re.search(r'<div class="ks-elsewhere">.*<pre><code>kubectl patch', card.feedback["page"])
    assert words(change(card, moment="after")["page"]).index("patch") < words(card.feedback["page"]).index("run web")
    assert words(change(card, moment="before")["page"]).index("patch") > words(card.feedback["page"]).index("run web")
    assert [goal["ok"] for goal in change(card, own="on")["goals"]] == [True, True, True]


# exchange


def lines_of(image, who):
    """Method, host and status code of each request, and the names of the sentences that explain them."""
    story = tell(image, who)
    firsts = [f"{one.request[0].text.partition(' ')[0]} {one.host} {one.response[0].text[9:12]}" for one in story.steps]
    return firsts, [one.meaning for one in story.steps]


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
def test_a_pull_is_explained_request_by_request(image, who, lines, meanings):
    assert lines_of(image, who) == (lines, meanings)


def test_the_error_is_the_one_in_the_status_of_a_real_pod(seat):
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


def test_the_authorization_header_is_marked_and_can_be_decoded(seat):
    card = make("exchange", seat)
    feedback = change(card, count="2")
    assert feedback["outputs"] == {"count": "2 of 3"}
    assert "(myuser:mypassword in Base64)" in words(feedback["page"])
    [header] = re.findall(r'<b class="ks-lit">Authorization: Basic (.+?)</b>', feedback["page"])
    assert base64.b64decode(header) == b"myuser:mypassword"
    assert '<b class="ks-lit">Host' not in feedback["page"]
    assert "The image is pulled." not in words(feedback["page"])
    assert "The image is pulled." in words(change(card, count="3")["page"])


def test_a_goal_is_reached_only_when_the_last_request_is_shown(seat):
    card = make("exchange", seat)
    change(card, image="acme/private:1.0", who="nobody", count="2")
    assert ticks(card) == [False, False, False]
    change(card, image="acme/private:1.0", who="nobody", count="3")
    assert ticks(card) == [False, False, True]
    change(card, image="nginx:1.27", who="nobody", count="4")
    assert ticks(card) == [False, True, True]
    change(card, image="registry.example.com/myapp:1.0", who="nobody", count="1")
    assert ticks(card) == [True, True, True]
