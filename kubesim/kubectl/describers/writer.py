"""Lines of a description, in levels of two spaces, with tabs between what is to be aligned; and the events below it.

Mirrors PrefixWriter, the printers of labels and annotations, and DescribeEvents in k8s.io/kubectl
pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, age
from kubesim.api.objects import Object
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

    def name(self, obj: Object, *more: tuple[str, object], namespaced: bool = True) -> None:
        """The lines that most descriptions begin with: name, namespace, `more` fields, labels, annotations."""
        meta = obj["metadata"]
        self.field("Name", meta.get("name", ""))
        if namespaced:
            self.field("Namespace", meta.get("namespace", ""))
        self.fields(more)
        self.labels("Labels", meta.get("labels"))
        self.annotations("Annotations", meta.get("annotations"))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Headings, a rule under each, and the rows, one level in."""
        self.line("\t".join(headings), 1)
        self.line("\t".join("-" * len(heading) for heading in headings), 1)
        for row in rows:
            self.line("\t".join(map(str, row)), 1)

    def unaligned(self) -> str:
        """Everything, with the tabs as they are."""
        return "".join(f"{line}\n" for line in self._lines)

    def text(self) -> str:
        """All lines with their columns aligned, control characters made visible as kubectl does."""
        return tabwriter.align("".join(f"{line}\n" for line in self._lines).translate(_ESCAPES))


Writes = Callable[[Writer, Object, Related, Micros], None]
DESCRIBERS: dict[str, tuple[Writes, tuple[str, ...]]] = {}
"""Each kind with how it is written, and the lists that `describe` wants for it, by plural name.

"events" are those about the object. The others are all of the object's namespace (for a Node: of all namespaces).
"""


def describer(kinds: str, *lists: str) -> Callable[[Writes], Writes]:
    """Make a function the describer of kinds, which needs these lists."""

    def register(write: Writes) -> Writes:
        DESCRIBERS.update(dict.fromkeys(kinds.split(), (write, lists)))
        return write

    return register


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
