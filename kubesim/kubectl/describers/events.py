"""The events under a description. Mirrors DescribeEvents in k8s.io/kubectl pkg/describe/describe.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, age
from kubesim.api.objects import Object
from kubesim.kubectl.describers.writer import Writer


def write_events(writer: Writer, events: Sequence[Object] | None, now: Micros) -> None:
    """The table of events, oldest first; nothing at all if `events` is None (kubectl does not always ask for them)."""
    if events is None:
        return
    if not events:
        writer.field("Events", NONE)
        return
    writer.line("Events:")
    writer.line("Type\tReason\tAge\tFrom\tMessage", 1)
    writer.line("----\t------\t----\t----\t-------", 1)
    # The scheduler's events have no lastTimestamp, and Go's zero time sorts before all others.
    for event in sorted(events, key=lambda event: event.get("lastTimestamp") or ""):
        writer.line("\t".join(_row(event, now)), 1)


def _row(event: Object, now: Micros) -> tuple[str, ...]:
    source = (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""
    field = (event.get("involvedObject") or {}).get("fieldPath")
    message = event.get("message", "").strip()
    return (
        event.get("type", ""),
        event.get("reason", ""),
        _interval(event, now),
        source,
        f"{field}: {message}" if field else message,
    )


def _interval(event: Object, now: Micros) -> str:
    """How long ago: "6s", or "6s (x3 over 41s)" for an event that came again."""
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now)} (x{series.get('count')} over {first})"
    count = event.get("count") or 1
    return f"{age(event.get('lastTimestamp'), now)} (x{count} over {first})" if count > 1 else first
