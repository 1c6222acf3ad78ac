import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.clock import SECOND, parse_time
from kubesim.api.humanize import age, format_labels, format_selector, human_duration, long_time, node_roles

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (0, "0s"),
        (0.999999, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (3 * MINUTE + 5, "3m5s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE + 59, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 20 * MINUTE, "3h20m"),
        (3 * HOUR + 59, "3h"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + 3 * HOUR, "2d3h"),
        (8 * DAY + 5 * HOUR, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (3 * YEAR + 40 * DAY, "3y40d"),
        (9 * YEAR, "9y"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, text: str) -> None:
    assert human_duration(round(seconds * SECOND)) == text


@given(st.integers(min_value=0, max_value=20 * YEAR))
def test_a_duration_is_cut_off_and_never_rounded_up(seconds: int) -> None:
    text = human_duration(seconds * SECOND)
    sizes = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "y": YEAR}
    parts = [(int(count), unit) for count, unit in re.findall(r"(\d+)([smhdy])", text)]
    shown = sum(count * sizes[unit] for count, unit in parts)
    assert shown <= seconds < shown + sizes[parts[0][1]]


def test_an_age_is_the_time_from_a_timestamp_to_now() -> None:
    now = parse_time("2026-11-24T14:00:41.9Z")
    assert age("2026-11-24T14:00:00Z", now) == "41s"
    assert age("2026-11-24T14:00:41.100000Z", now) == "0s"
    assert age(None, now) == age("", now) == "<unknown>"


def test_dates_are_written_as_in_describe() -> None:
    assert long_time("2026-11-04T09:52:13Z") == "Wed, 04 Nov 2026 09:52:13 +0000"
    assert long_time(None) == "Mon, 01 Jan 0001 00:00:00 +0000"


def test_labels_are_sorted() -> None:
    assert format_labels({"tier": "web", "app": "shop"}) == "app=shop,tier=web"
    assert format_labels({}) == format_labels(None) == "<none>"


def test_selectors_are_sorted_by_key() -> None:
    selector = {
        "matchLabels": {"app": "web", "zone": "a"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "env", "operator": "NotIn", "values": ["test"]},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"},
        ],
    }
    assert format_selector(selector) == "app=web,env notin (test),new,!old,tier in (a,b),zone=a"
    assert format_selector({}) == format_selector(None) == "<none>"


def test_roles_come_from_labels() -> None:
    labels = {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "", "a": "b"}
    assert node_roles(labels) == "control-plane,worker"
    assert node_roles({"kubernetes.io/role": "edge"}) == "edge"
    assert node_roles(None) == "<none>"
