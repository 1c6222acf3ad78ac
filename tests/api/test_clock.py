"""Time moves only when it is advanced, timers run in their order, and a seed decides every identifier."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.clock import (
    SECOND,
    Clock,
    Identity,
    parse_time,
    rfc3339,
    rfc3339_micro,
    to_datetime,
)
from kubesim.api.digest import SAFE_ALPHABET, safe_hash

START = datetime(2026, 11, 24, 14, tzinfo=UTC)


def test_timers_run_in_order_of_their_time_then_of_their_making() -> None:
    clock = Clock(START)
    ran: list[Any] = []
    for name, seconds in (("late", 2), ("first", 1), ("second", 1), ("never", 3.1)):
        clock.call_later(seconds, lambda name=name: ran.append((name, clock.timestamp())))
    clock.advance(3)
    assert ran == [
        ("first", "2026-11-24T14:00:01Z"),
        ("second", "2026-11-24T14:00:01Z"),
        ("late", "2026-11-24T14:00:02Z"),
    ]
    assert clock.timestamp() == "2026-11-24T14:00:03Z"


def test_a_timer_that_is_cancelled_never_runs_and_one_that_has_run_may_be_cancelled() -> None:
    clock = Clock(START)
    ran: list[Any] = []
    first, second, _ = [clock.call_later(seconds, ran.append, seconds) for seconds in (1, 2, 3)]
    clock.advance(1)
    clock.cancel(first)
    clock.cancel(second)
    clock.advance(2)
    assert ran == [1, 3]


def test_a_timer_may_set_another_that_falls_due_on_the_way() -> None:
    clock = Clock(START)
    ran: list[Any] = []

    def set_another() -> None:
        clock.call_later(1, lambda: ran.append(clock.timestamp()))

    clock.call_later(1, set_another)
    clock.advance(2)
    assert ran == ["2026-11-24T14:00:02Z"]


def test_run_until_stops_at_the_timer_that_made_it_true() -> None:
    clock = Clock(START)
    ran: list[Any] = []
    for seconds in (1, 2, 3):
        clock.call_later(seconds, lambda: ran.append(None))
    assert clock.run_until(lambda: len(ran) == 2, timeout=60)
    assert clock.timestamp() == "2026-11-24T14:00:02Z"


def test_run_until_gives_up_at_the_end_of_the_timeout() -> None:
    clock = Clock(START)
    clock.call_later(5.5, lambda: None)
    assert not clock.run_until(lambda: False, timeout=5)
    assert clock.timestamp() == "2026-11-24T14:00:05Z"


def test_tenths_of_seconds_add_up_exactly() -> None:
    clock = Clock(START)
    for _ in range(36_000):
        clock.advance(0.1)
    assert clock.micro_timestamp() == "2026-11-24T15:00:00.000000Z"


@pytest.mark.parametrize("text", ["2026-11-24T14:00:00Z", "2026-11-24T14:00:00.123456Z"])
def test_times_are_read_as_they_are_written(text: str) -> None:
    moment = parse_time(text)
    assert rfc3339(moment) == "2026-11-24T14:00:00Z"
    assert to_datetime(moment).isoformat() in (text.replace("Z", "+00:00"),)
    assert moment // SECOND == round(START.timestamp())


def test_what_can_be_read_can_be_written_to_the_last_microsecond() -> None:
    assert rfc3339_micro(parse_time("9999-12-31T23:59:59.999999Z")) == "9999-12-31T23:59:59.999999Z"
    assert rfc3339_micro(parse_time("9999-12-31T23:59:59-05:00")) == "9999-12-31T23:59:59.999999Z"
    assert rfc3339(parse_time("0999-01-01T00:00:00Z")) == "0999-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["soon", "2026-11-24", "2026-W48-2", "2026-11-24T14:00:00"])
def test_what_is_no_time_in_some_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_time(text)


def _identifiers(seed: int) -> tuple[str, str, str]:
    """The first UID, suffix and container ID that a seed gives."""
    identity = Identity(seed)
    return identity.uid(), identity.suffix(), identity.container_id()


def test_a_seed_decides_every_identifier() -> None:
    assert _identifiers(1) == _identifiers(1)
    assert not set(_identifiers(1)) & set(_identifiers(2))
    uid, suffix, container = _identifiers(0)
    assert uuid.UUID(uid).version == 4
    assert re.fullmatch(f"[{SAFE_ALPHABET}]{{5}} [0-9a-f]{{64}}", f"{suffix} {container}")


@given(st.text(), st.text())
def test_hashes_differ_where_texts_do_and_keep_to_the_alphabet(one: str, other: str) -> None:
    assert (safe_hash(one) == safe_hash(other)) is (one == other)
    assert re.fullmatch(f"[{SAFE_ALPHABET}]{{5}}", safe_hash(one))
