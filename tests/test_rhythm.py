"""The timing of a Pod whose pull is refused: kubesim against a recording of a real cluster over 620 seconds."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import pytest

from kubesim import Session
from kubesim.api.resources import EVENT, POD
from kubesim.cluster.apiserver import printers
from tools import golden

# Seconds: a real kubelet repeats a failed sync after a random time of 10 to 15 s, kubesim after 13 s.
ONE_SYNC = 15.0
# Events of one type about one object that the kubelet's spam filter lets pass at once. Then it's one more every 300 s.
BURST = 25
MANIFEST = """{apiVersion: v1, kind: Pod, metadata: {name: p},
spec: {containers: [{name: app, image: "registry.example.com/myapp:1.0"}]}}"""


class Moment(NamedTuple):
    """The state of the Pod `seconds` after its creation: STATUS, and the numbers of events, with their repeats."""

    seconds: float
    status: str
    pulling: int
    backoff: int


@pytest.fixture(scope="module")
def recorded() -> list[Moment]:
    """The moments of the real cluster."""
    with (golden.FOLDER / "timeline-no-secret.csv").open(encoding="utf-8") as file:
        return [
            Moment(float(row["seconds"]), row["status"], int(row["pulling_events"]), int(row["backoff_events"]))
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def played(recorded: list[Moment]) -> list[Moment]:
    """kubesim at the recorded moments."""
    session = Session()
    session.write_file("pod.yaml", MANIFEST)
    session.run("kubectl apply -f pod.yaml")
    moments: list[Moment] = []
    for real in recorded:
        session.advance(real.seconds - (moments[-1].seconds if moments else 0.0))
        moments.append(_moment(session, real.seconds))
    return moments


def _moment(session: Session, seconds: float) -> Moment:
    """The present state of the Pod in a session."""
    api, clock = session.cluster.api, session.cluster.clock
    counts: Counter[str] = Counter()
    for event in api.list(EVENT, "default"):
        counts[event["reason"]] += event.get("count", 1)
    _name, _ready, status, *_ = printers.row(api.get(POD, "default", "p"), clock.now)
    return Moment(seconds, status, counts["Pulling"], counts["BackOff"])


def changes(moments: list[Moment], field: str) -> list[Moment]:
    """The moments at which a field of Moment differs from the moment before."""
    return [after for before, after in pairwise(moments) if getattr(before, field) != getattr(after, field)]


def test_status_changes_in_the_recorded_order(recorded: list[Moment], played: list[Moment]) -> None:
    assert [moment.status for moment in changes(played, "status")] == [
        moment.status for moment in changes(recorded, "status")
    ]


def test_the_time_between_two_pulls_is_the_recorded_one_within_one_sync(
    recorded: list[Moment], played: list[Moment]
) -> None:
    ours, theirs = ([moment.seconds for moment in changes(moments, "pulling")] for moments in (played, recorded))
    assert len(ours) == len(theirs) == 5  # the sixth pull has no event: the spam filter has closed
    for (before, after), (then, later) in zip(pairwise(ours), pairwise(theirs), strict=True):
        assert after - before == pytest.approx(later - then, abs=ONE_SYNC)


def test_a_pull_without_an_event_shows_in_the_status_within_one_sync(
    recorded: list[Moment], played: list[Moment]
) -> None:
    ours, theirs = (
        [moment.seconds for moment in changes(moments, "status") if moment.status == "ErrImagePull"]
        for moments in (played, recorded)
    )
    assert ours[-1] - ours[-2] == pytest.approx(theirs[-1] - theirs[-2], abs=ONE_SYNC)


def test_the_spam_filter_lets_26_events_pass_and_then_one_with_what_it_held_back(
    recorded: list[Moment], played: list[Moment]
) -> None:
    """Pulling and BackOff are both of the type Normal, and share the 25 events and the one every 300 s."""
    for moments in (recorded, played):
        *_, last, late = changes(moments, "backoff")
        assert last.pulling + last.backoff == BURST + 1
        assert late.seconds >= 600
    ours, theirs = changes(played, "backoff")[-1], changes(recorded, "backoff")[-1]
    # With 13 s a sync instead of 10 to 15, ten minutes have a sync more or less.
    assert ours.backoff == pytest.approx(theirs.backoff, abs=1)
    assert ours.seconds == pytest.approx(theirs.seconds, abs=ONE_SYNC)
