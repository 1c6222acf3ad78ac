"""The times at which the schedule of a CronJob is due."""

from __future__ import annotations

import pytest

from kubesim.api.clock import parse_time, rfc3339
from kubesim.api.schedule import ScheduleError, parse_schedule
from tests.learner import rows

ROWS = rows(__file__)

# A Tuesday.
NOW = "2026-11-24T14:00:30Z"


@pytest.mark.parametrize(("text", "coming"), ROWS["the_next_time_after_now"])
def test_the_next_time_after_now(text: str, coming: str | None) -> None:
    found = parse_schedule(text).next(parse_time(NOW))
    assert (found and rfc3339(found)) == coming


@pytest.mark.parametrize(("text", "since", "due"), ROWS["the_last_time_before_now"])
def test_the_last_time_before_now(text: str, since: str, due: str | None) -> None:
    found = parse_schedule(text).last(parse_time(since), parse_time(NOW))
    assert (found and rfc3339(found)) == due


@pytest.mark.parametrize(("text", "refusal"), ROWS["a_wrong_schedule_is_refused"])
def test_a_wrong_schedule_is_refused(text: str, refusal: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert str(caught.value) == refusal
