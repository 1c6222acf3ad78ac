"""API values as kubectl prints them: ages, dates, labels, selectors.

Mirrors k8s.io/apimachinery pkg/util/duration and pkg/apis/meta/v1/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from kubesim.api.clock import SECOND, Micros, parse_time, to_datetime

UNKNOWN = "<unknown>"
NONE = "<none>"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY
_SECONDS = {"s": 1, "m": _MINUTE, "h": _HOUR, "d": _DAY, "y": _YEAR}
_REQUIREMENTS = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}
_ROLE_PREFIX = "node-role.kubernetes.io/"


class _Range(NamedTuple):
    """The units for durations `below` a number of seconds: `unit`, and `smaller_unit` for the rest, if any."""

    below: float
    unit: str
    smaller_unit: str = ""


_RANGES = (
    _Range(2 * _MINUTE, "s"),
    _Range(10 * _MINUTE, "m", "s"),
    _Range(3 * _HOUR, "m"),
    _Range(8 * _HOUR, "h", "m"),
    _Range(2 * _DAY, "h"),
    _Range(8 * _DAY, "d", "h"),
    _Range(2 * _YEAR, "d"),
    _Range(8 * _YEAR, "y", "d"),
    _Range(inf, "y"),
)


def human_duration(micros: Micros) -> str:
    """A duration in at most two units: "119s", "3m5s", "17m", "3h20m", "2d3h".

    Less than two seconds in the future is "0s", because clocks differ; more is "<invalid>".
    """
    if micros < 0:
        return "0s" if micros > -2 * SECOND else "<invalid>"
    seconds = micros // SECOND
    scale = next(scale for scale in _RANGES if seconds < scale.below)
    number, rest = divmod(seconds, _SECONDS[scale.unit])
    text = f"{number}{scale.unit}"
    if scale.smaller_unit and (smaller := rest // _SECONDS[scale.smaller_unit]):
        text += f"{smaller}{scale.smaller_unit}"
    return text


@lru_cache(maxsize=4096)
def age(timestamp: str | None, now: Micros) -> str:
    """The time from an API time to `now`, or "<unknown>" without one. Raises ValueError if it isn't a time."""
    return human_duration(now - parse_time(timestamp)) if timestamp else UNKNOWN


@lru_cache(maxsize=1024)
def long_time(timestamp: str | None) -> str:
    """An API time as describe writes it (Go's RFC1123Z): "Tue, 24 Nov 2026 13:52:13 +0000"."""
    if not timestamp:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    return to_datetime(parse_time(timestamp)).strftime("%a, %d %b %Y %H:%M:%S +0000")


def format_labels(labels: Mapping[str, str] | None) -> str:
    """Labels on one line: "app=web,tier=front", or "<none>". Sorted as texts, which puts "a.b=x" before "a=x"."""
    return ",".join(sorted(f"{key}={value}" for key, value in labels.items())) if labels else NONE


def format_selector(selector: Mapping[str, Any] | None) -> str:
    """A metav1.LabelSelector on one line: "app=web,tier in (api,web)", or "<none>"."""
    selector = selector or {}
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for item in selector.get("matchExpressions") or ():
        values = ",".join(sorted(item.get("values") or ()))
        parts.append((item["key"], _REQUIREMENTS[item["operator"]].format(key=item["key"], values=values)))
    return ",".join([text for _, text in sorted(parts, key=lambda part: part[0])]) or NONE


def node_roles(labels: Mapping[str, str] | None) -> str:
    """The roles that a Node's labels give it: "control-plane,worker", or "<none>"."""
    labels = labels or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(labels.get("kubernetes.io/role", ""))
    return ",".join(sorted(role for role in roles if role)) or NONE


def go_duration(micros: Micros) -> str:
    """As Go prints a duration of less than an hour in whole milliseconds: 0s, 53ms, 1.317s, 1m20s, 5m0s."""
    minutes, rest = divmod(micros // 1000, 60_000)
    if not minutes and 0 < rest < 1000:
        return f"{rest}ms"
    seconds = f"{rest / 1000:g}s"
    return f"{minutes}m{seconds}" if minutes else seconds
