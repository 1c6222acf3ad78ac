"""When a CronJob is due."""

from __future__ import annotations

import pytest

from kubesim.api.clock import parse_time, rfc3339
from kubesim.api.schedule import ScheduleError, parse_schedule
from tests.learner import rows

ROWS = rows(__file__)

NOW = "2026-11-24T14:00:30Z"  # a Tuesday


@pytest.mark.parametrize(
    ("text", "zone", "coming"),
    [
        ("* * * * *", "", "2026-11-24T14:01:00Z"),
        ("*/15 * * * *", "", "2026-11-24T14:15:00Z"),
        ("0 3 * * *", "", "2026-11-25T03:00:00Z"),
        ("0 3 * * *", "Europe/Berlin", "2026-11-25T02:00:00Z"),
        ("30 2-4/2,9 * * *", "Etc/UTC", "2026-11-25T02:30:00Z"),
        ("0 0 1 jan ?", "", "2027-01-01T00:00:00Z"),
        ("0 0 13 * FRI", "", "2026-11-27T00:00:00Z"),  # a day of the month or of the week
        ("0 0 29 2 *", "", "2028-02-29T00:00:00Z"),
        ("5/20 * * * *", "", "2026-11-24T14:05:00Z"),
        ("@hourly", "", "2026-11-24T15:00:00Z"),
        ("@weekly", "", "2026-11-29T00:00:00Z"),
        ("0 0 31 2 *", "", None),
    ],
)
def test_next(text: str, zone: str, coming: str | None) -> None:
    found = parse_schedule(text, zone).next(parse_time(NOW))
    assert (found and rfc3339(found)) == coming


@pytest.mark.parametrize(("text", "since", "due"), ROWS["last"])
def test_last(text: str, since: str, due: str | None) -> None:
    found = parse_schedule(text).last(parse_time(since), parse_time(NOW))
    assert (found and rfc3339(found)) == due


@pytest.mark.parametrize(("text", "zone", "refusal"), ROWS["refusals"])
def test_refusals(text: str, zone: str, refusal: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text, zone)
    assert str(caught.value) == refusal
