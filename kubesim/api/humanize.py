"""API values in the words that kubectl has for them: ages, dates, labels, selectors.

Mirrors k8s.io/apimachinery pkg/util/duration and pkg/apis/meta/v1/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kubesim.api.clock import SECOND, Micros, parse_time, to_datetime

UNKNOWN = "<unknown>"
NONE = "<none>"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
# Below so many of a unit: the unit that it is shown in, and that of the rest ("": it is cut off).
_DURATIONS: tuple[tuple[float, str, str, str], ...] = (
    *((2, "m", "s", ""), (10, "m", "m", "s")),
    *((3, "h", "m", ""), (8, "h", "h", "m")),
    *((2, "d", "h", ""), (8, "d", "d", "h")),
    *((2, "y", "d", ""), (8, "y", "y", "d"), (float("inf"), "y", "y", "")),
)


def human_duration(micros: Micros) -> str:
    """A length of time in at most two units: "119s", "3m5s", "17m", "3h20m", "2d3h".

    Less than two seconds into the future is "0s", as clocks differ; more is "<invalid>".
    """
    seconds = int(micros / SECOND) if micros < 0 else micros // SECOND
    if seconds < 0:
        return "0s" if seconds == -1 else "<invalid>"
    unit, smaller = next((unit, rest) for most, of, unit, rest in _DURATIONS if seconds < most * _SECONDS[of])
    count, rest = divmod(seconds, _SECONDS[unit])
    more = rest // _SECONDS[smaller] if smaller else 0
    return f"{count}{unit}" + (f"{more}{smaller}" if more else "")


@lru_cache(maxsize=4096)
def age(timestamp: str | None, now: Micros) -> str:
    """How long before `now` an API time was; "<unknown>" where there is none. Raises ValueError if it is no time."""
    return human_duration(now - parse_time(timestamp)) if timestamp else UNKNOWN


@lru_cache(maxsize=1024)
def long_time(timestamp: str | None) -> str:
    """An API time as describe writes it (Go's RFC1123Z): "Tue, 24 Nov 2026 13:52:13 +0000"."""
    if not timestamp:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    return to_datetime(parse_time(timestamp)).strftime("%a, %d %b %Y %H:%M:%S +0000")


def format_labels(labels: Mapping[str, str] | None) -> str:
    """Labels on one line, sorted: "app=web,tier=front", or "<none>"."""
    return ",".join([f"{key}={value}" for key, value in sorted(labels.items())]) if labels else NONE


_REQUIREMENTS = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}


def format_selector(selector: Mapping[str, Any] | None) -> str:
    """A metav1.LabelSelector on one line: "app=web,tier in (api,web)", or "<none>"."""
    selector = selector or {}
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for item in selector.get("matchExpressions") or ():
        values = ",".join(sorted(item.get("values") or ()))
        parts.append((item["key"], _REQUIREMENTS[item["operator"]].format(key=item["key"], values=values)))
    return ",".join([text for _, text in sorted(parts, key=lambda part: part[0])]) or NONE


_ROLE_PREFIX = "node-role.kubernetes.io/"


def node_roles(labels: Mapping[str, str] | None) -> str:
    """The roles that a Node's labels give it: "control-plane,worker", or "<none>"."""
    labels = labels or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    return ",".join(sorted(role for role in roles | {labels.get("kubernetes.io/role", "")} if role)) or NONE


def go_duration(micros: Micros) -> str:
    """As Go prints a duration of less than an hour in whole milliseconds: 0s, 53ms, 1.317s, 1m20s, 5m0s."""
    minutes, rest = divmod(micros // 1000, 60_000)
    if not minutes and 0 < rest < 1000:
        return f"{rest}ms"
    return (f"{minutes}m" if minutes else "") + f"{rest / 1000:g}s"
