"""A description: the rows of screens.json, as lines with tabs between what is to be aligned; and the events below it.

Mirrors PrefixWriter, the printers of labels and annotations, and DescribeEvents in k8s.io/kubectl
pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from kubesim.api import load_table
from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import NONE, age, format_labels, format_selector, human_duration, long_time, node_roles
from kubesim.api.objects import Object, at
from kubesim.gotext import tabwriter

Related = Mapping[str, list[Object]]

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MAX_ANNOTATION = 140


class Writer:
    """Gathers the text of one description; `text` aligns it."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def line(self, text: str = "", level: int = 0) -> None:
        """One line as it is; tabs in it divide cells."""
        self._lines.append("  " * level + text)

    def field(self, label: str, value: object, level: int = 0) -> None:
        self.line(f"{label}:\t{value}", level)

    def fields(self, pairs: Iterable[tuple[str, object]], level: int = 0) -> None:
        for label, value in pairs:
            self.field(label, value, level)

    def given(self, obj: Mapping[str, Any], labels: Iterable[tuple[str, str]], level: int = 0) -> None:
        """One `field` for every (label, key) whose key is in `obj` and not empty."""
        for label, key in labels:
            if obj.get(key) not in (None, ""):
                self.field(label, obj[key], level)

    def section(self, label: str, pairs: Iterable[tuple[str, object]], level: int = 0) -> None:
        """A label and one `field` for every pair below it."""
        self.line(f"{label}:", level)
        self.fields(pairs, level + 1)

    def multiline(self, label: str, values: Sequence[str]) -> None:
        """A label with one value a line, all in one column; "<none>" if there are none."""
        self.field(label, values[0] if values else NONE)
        for value in values[1:]:
            self.line(f"\t{value}")

    def labels(self, label: str, labels: Mapping[str, str] | None) -> None:
        self.multiline(label, [f"{key}={value}" for key, value in sorted((labels or {}).items())])

    def annotations(self, label: str, annotations: Mapping[str, str] | None) -> None:
        """Annotations, sorted; long values or ones of several lines on lines of their own, cut off where too long."""
        shown = sorted((key, value) for key, value in (annotations or {}).items() if key != _LAST_APPLIED)
        self.multiline(label, [line for key, value in shown for line in _annotation(key, value.removesuffix("\n"))])

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]], level: int = 1) -> None:
        """Headings, a rule under each, and the rows, one level in."""
        for row in (headings, ["-" * len(heading) for heading in headings], *rows):
            self.line("\t".join(map(str, row)), level)

    def unaligned(self) -> str:
        """Everything, with the tabs as they are."""
        return "".join(f"{line}\n" for line in self._lines)

    def text(self) -> str:
        """All lines with their columns aligned, control characters made visible as kubectl does."""
        return tabwriter.align("".join(f"{line}\n" for line in self._lines).translate(_ESCAPES))


Block = TypeVar("Block", bound=Callable[..., None])
BLOCKS: dict[str, Callable[..., None]] = {}
"""What writes several lines of a description, by the name that screens.json calls it by."""


def block(write: Block) -> Block:
    """Make a function a block under its own name. It gets the writer and what its row names."""
    BLOCKS[write.__name__.removeprefix("write").strip("_")] = write
    return write


_SCREENS: Mapping[str, Sequence[str]] = load_table(__file__, "screens.json")
RELATED: Mapping[str, Sequence[str]] = {kind: rows[0].split() for kind, rows in _SCREENS.items()}
"""The lists that `describe` wants for a kind, by plural name: events about the object, and others of its namespace."""


def write_screen(writer: Writer, obj: Object, related: Related, now: Micros) -> None:
    """Write the rows of the object's kind, or all of its fields.

    A row is "Label: format path…" for one line, left out where the format says so; "=" before it writes a space for the
    tab. "=text" is a line as it is, and "@name path…" a block. Beside paths, "." is the object, "now" the time, and
    "+plural" a related list.
    """
    known = {".": obj, "now": now}
    for row in _SCREENS.get(obj.get("kind", ""), _SCREENS["Event"])[1:]:
        label, colon, words = row.partition(": ")
        name, *paths = (words if colon else row[1:]).split() or [""]
        values = [
            related.get(path[1:]) if path[0] == "+" else known[path] if path in known else at(obj, path)
            for path in paths
        ]
        if row.startswith("@"):
            BLOCKS[name](writer, *values)
        elif not colon:
            writer.line(row[1:])
        elif (value := _FORMATS[name](*values)) is not None:
            writer.line(f"{label[1:]}: {value}" if label[0] == "=" else f"{label}:\t{value}")


_UNSET = "<unset>"


def _replicas(wanted: Any, updated: Any, total: Any, available: Any, unavailable: Any) -> str:
    counts = {"desired": wanted, "updated": updated, "total": total, "available": available, "unavailable": unavailable}
    return " | ".join(f"{count or 0} {word}" for word, count in counts.items())


def _job_pods(active: Any, ready: Any, succeeded: Any, failed: Any) -> str:
    return f"{active or 0} Active ({ready or 0} Ready) / {succeeded or 0} Succeeded / {failed or 0} Failed"


# What a line shows of the values at its paths; None for no line.
_FORMATS: dict[str, Callable[..., Any]] = {
    "current": lambda now, wanted: f"{now or 0} current / {wanted or 0} desired",
    "desired": lambda wanted, total: f"{wanted or 0} desired | {total or 0} total",
    "duration": lambda start, end: human_duration(parse_time(end) - parse_time(start)) if start and end else None,
    "given": lambda value: None if value == "" else value,
    "job_pods": _job_pods,
    "labels": format_labels,
    "list": lambda values: ",".join(values or ()) or NONE,
    "list_given": lambda values: ",".join(values or ()) or None,
    "names": lambda items: ", ".join(item["name"] for item in items or ()) or NONE,
    "node": lambda name, address: f"{name}/{address or ''}" if name else NONE,
    "number": lambda value: value or 0,
    "or_unset": lambda value: _UNSET if value is None else value,
    "python_switch": bool,
    "quality": lambda value: value or "BestEffort",
    "replicas": _replicas,
    "roles": node_roles,
    "rolling": lambda rolling: (
        rolling and f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge"
    ),
    "seconds": lambda value: None if value is None else f"{value}s",
    "seconds_or_unset": lambda value: _UNSET if value is None else f"{value}s",
    "selector": format_selector,
    "selector_or_unset": lambda value: _UNSET if value is None else format_selector(value),
    "switch": lambda value: "true" if value else "false",
    "text": lambda value: "" if value is None else value,
    "time": long_time,
    "time_given": lambda value: long_time(value) if value else None,
    "time_or_unset": lambda value: long_time(value) if value else _UNSET,
}


@block
def _labels(writer: Writer, meta: Object) -> None:
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))


def _annotation(key: str, value: str) -> list[str]:
    if len(key) + len(value) + 2 <= _MAX_ANNOTATION and "\n" not in value:
        return [f"{key}: {value}"]
    return [f"{key}:", *(f"  {_shorten(line)}" for line in value.split("\n"))]


def _shorten(line: str) -> str:
    limit = _MAX_ANNOTATION - 2
    return f"{line[:limit]}..." if len(line) > limit else line


def write_events(writer: Writer, events: Sequence[Object] | None, now: Micros) -> None:
    """The table of events, oldest first; nothing at all if `events` is None (kubectl does not always ask for them)."""
    if events is None:
        return
    if not events:
        writer.field("Events", NONE)
        return
    writer.line("Events:")
    # The scheduler's events have no lastTimestamp, and Go's zero time sorts before all others.
    shown = sorted(events, key=lambda event: event.get("lastTimestamp") or "")
    writer.line("Type\tReason\tAge\tFrom\tMessage", 1)
    writer.line("----\t------\t----\t----\t-------", 1)
    for event in shown:
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
