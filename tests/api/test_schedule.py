"""When a CronJob is due."""

from __future__ import annotations

import pytest

from kubesim.api.clock import parse_time, rfc3339
from kubesim.api.schedule import ScheduleError, parse_schedule
from tests.learner import rows

ROWS = rows(__file__)

NOW = "2026-11-24T14:00:30Z"  # a Tuesday


@pytest.mark.parametrize(("text", "coming"), ROWS["next"])
def test_next(text: str, coming: str | None) -> None:
    found = parse_schedule(text).next(parse_time(NOW))
    assert (found and rfc3339(found)) == coming


@pytest.mark.parametrize(("text", "since", "due"), ROWS["last"])
def test_last(text: str, since: str, due: str | None) -> None:
    found = parse_schedule(text).last(parse_time(since), parse_time(NOW))
    assert (found and rfc3339(found)) == due


@pytest.mark.parametrize(("text", "refusal"), ROWS["refusals"])
def test_refusals(text: str, refusal: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert str(caught.value) == refusal
