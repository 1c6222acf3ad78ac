"""The lines of a description, and the rows that several kinds share.

Mirrors the small helpers of k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.api import quantity
from kubesim.api.clock import Micros
from kubesim.api.errors import StatusError
from kubesim.api.humanize import NONE
from kubesim.api.objects import LAST_APPLIED, Object, at

_MAX_ANNOTATION = 140  # characters of an annotation that fit in one line

# A list in an object, None if the field is missing.
Items = Sequence[Object] | None
# A related list, the refusal to show in its place, or None if it wasn't requested.
RelatedList = Items | StatusError
# Related lists by plural; a refusal in place of a list is shown in the description.
RelatedLists = Mapping[str, list[Object] | StatusError]


class Surroundings(NamedTuple):
    """The inputs of a description in addition to its object."""

    related: RelatedLists
    now: Micros


def text(value: object) -> str:
    return "" if value is None else str(value)


def number(value: int | None) -> str:
    return str(value or 0)


def switch(value: object) -> str:
    return "true" if value else "false"


def capital_switch(value: object) -> str:
    return "True" if value else "False"


def or_unset(value: Any, show: Callable[[Any], str] = text, unset: str = "<unset>") -> str:
    """The value as `show` writes it, or `unset` for a missing one."""
    return unset if value in (None, "") else show(value)


def row(label: str, value: object) -> str:
    """A label and a value in the next column. A list has a line for each item, or "<none>"."""
    texts = value if isinstance(value, list) else [text(value)]
    return f"{label}:\t" + "\n\t".join(texts or [NONE])


def optional(label: str, value: Any, show: Callable[[Any], object] = text) -> list[str]:
    """The row of a value, as `show` writes it, or no row for a missing or empty value."""
    return [] if value in (None, "", [], {}) else [row(label, show(value))]


def section(label: str, lines: Iterable[str], says_none: bool = False) -> Iterator[str]:
    """Lines below a label. Without any, "<none>" behind the label if `says_none`, else nothing."""
    below = list(lines)
    if below:
        yield f"{label}:"
        yield from below
    elif says_none:
        yield row(label, NONE)


def table(headings: Sequence[str], rows: Iterable[Iterable[object]], indent: str = "  ") -> Iterator[str]:
    """The lines of a table: headings, dashes below each, and the rows."""
    for cells in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, cells))


def name_rows(obj: Object) -> Iterator[str]:
    yield row("Name", at(obj, "metadata.name"))
    yield row("Namespace", at(obj, "metadata.namespace"))


def label_rows(obj: Object) -> Iterator[str]:
    yield row("Labels", pairs(at(obj, "metadata.labels")))
    yield row("Annotations", annotation_lines(at(obj, "metadata.annotations")))


def pairs(labels: Mapping[str, str] | None) -> list[str]:
    """Labels, one for each line."""
    return [f"{key}={value}" for key, value in sorted((labels or {}).items())]


def annotation_lines(values: Mapping[str, str] | None) -> list[str]:
    """Annotations, sorted, without LAST_APPLIED. Long values are cut, and begin on a line of their own."""
    lines: list[str] = []
    for key, value in sorted((values or {}).items()):
        if key != LAST_APPLIED:
            lines += _annotation(key, value.removesuffix("\n"))
    return lines


def _annotation(key: str, value: str) -> list[str]:
    if len(key) + len(value) + 2 <= _MAX_ANNOTATION and "\n" not in value:
        return [f"{key}: {value}"]
    limit = _MAX_ANNOTATION - 2
    lines = [f"{key}:"]
    for line in value.split("\n"):
        is_long = len(line) > limit
        lines.append(f"  {line[:limit]}..." if is_long else f"  {line}")
    return lines


def amounts(values: Mapping[str, object] | None, indent: str) -> Iterator[str]:
    """A row for each resource, such as "cpu", with its quantity."""
    for name, value in sorted((values or {}).items()):
        yield row(f"{indent}{name}", quantity.canonical(str(value)))


def conditions(values: Items) -> Iterator[str]:
    """The section about the conditions of a workload."""
    if values:
        yield "Conditions:"
        cells = [(f"{text(one.get('type'))} ", text(one.get("status")), text(one.get("reason"))) for one in values]
        yield from table(("Type", "Status", "Reason"), cells)
