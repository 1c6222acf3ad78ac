"""The screens of `kubectl describe`: the rows of screens.json, and how they become the lines of an object.

Rows name formatters (api/formatters.py). All rows are read at once, so that a slip of the pen is refused before
anything is described.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import Any, NamedTuple

from kubesim.api import load_record
from kubesim.api.errors import StatusError
from kubesim.api.formatters import FORMATTERS
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, getter


class _Table(NamedTuple):
    """What screens.json has: texts with values in them, by a formatter's name; screens of kinds; parts; tables."""

    texts: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, Sequence[str]]]
    parts: Mapping[str, Sequence[str]]
    tables: Mapping[str, Mapping[str, str]]


TABLE = load_record(__file__, "screens.json", _Table)


class Field(NamedTuple):
    """What a row shows a value of."""

    path: str
    value_of: Callable[[Any], Any]  # gets the value from an object


class Row(NamedTuple):
    """A row of screens.json, taken apart; see `_row`."""

    label: str
    mark: str  # "=" for a line as it is, "@" for several lines, "#", "*" or "+" for a part, "" for one value
    name: str = ""  # of the part, or of the formatter
    fields: Sequence[Field] = ()
    is_optional: bool = False  # whether there is no line where nothing is at the first path
    instead: str | None = None  # what is shown there


Known = Mapping[str, Any]
"""What a description knows beside its object: the time, as "now", and related lists, as "+plural"."""

Items = Sequence[Object] | None
"""A list in an object, None where it has none."""
Listed = Items | StatusError
"""A related list, or why it may not be listed where that is shown; None where it isn't asked for."""


class Screen(NamedTuple):
    """What is shown of a kind, and which lists that needs, by plural name."""

    related: Sequence[str]
    rows: Sequence[Row]


class _Screens(NamedTuple):
    """All of screens.json, read."""

    kinds: Mapping[str, Screen]
    parts: Mapping[str, Sequence[Row]]
    tables: Mapping[str, Sequence[Row]]  # a row for each column, whose label is the heading


@cache
def _screens() -> _Screens:
    """Everything in screens.json, once all formatters have registered. Raises ValueError."""
    kinds = {kind: Screen(screen["related"], list(map(_row, screen["rows"]))) for kind, screen in TABLE.kinds.items()}
    parts = {name: list(map(_row, texts)) for name, texts in TABLE.parts.items()}
    tables = {}
    for name, columns in TABLE.tables.items():
        tables[name] = [_row(f"{heading}: {words}") for heading, words in columns.items()]
    return _Screens(kinds, parts, tables)


def screen_of(kind: str) -> Screen:
    """What is shown of a kind: every field, where it has no screen of its own."""
    kinds = _screens().kinds
    return kinds.get(kind, kinds["Event"])


def part(name: str, obj: Object) -> list[str]:
    """The lines of a part of a screen, such as a container."""
    return lines(_screens().parts[name], obj, {})


def _row(text: str) -> Row:
    """A row of screens.json. Raises ValueError for a formatter or a part that there isn't.

    "Name: text metadata.name": a line; one for each value of a list; none where the formatter gives None.
    "Reason: text? reason": no line where there is nothing at the first path.
    "Zone: text|<unset> zone": that text where there is nothing.
    "=Misscheduled: number status.misscheduled": a space in place of the tab.
    "=Data": a line as it is.
    "#state lastState": the rows of a part, for an object that is there.
    "Volumes: *volume spec.volumes": a part for each item of a list or key of a map, and "<none>" without any.
    "Limits: +amount limits": the same, but nothing without any. A part can be a table, its columns by their headings.
    "@taints spec.taints": the lines that a formatter yields.

    Beside paths, "." is the object, "now" the time, "+pods" a related list. {field} in a label is one of the object.
    """
    has_label = text[0] not in "*#@"
    label, colon, words = text.partition(": ") if has_label else ("", ": ", text)
    if not colon:
        return Row(label.removeprefix("="), "=")
    formatter, *paths = words.split()
    mark = formatter[0] if formatter[0] in "*#@+" else ""
    name, bar, instead = formatter.removeprefix(mark).partition("|")
    is_optional = name.endswith("?")
    name = name.removesuffix("?")
    is_part = mark in ("*", "#", "+")
    names: Container[str] = {*TABLE.parts, *TABLE.tables} if is_part else FORMATTERS
    if name not in names:
        raise ValueError(f"screens.json, {text!r}: there is no {name!r}")
    fields = [Field(path, getter("" if path == "." else path)) for path in paths]
    return Row(label, mark, name, fields, is_optional, instead if bar else None)


def lines(rows: Sequence[Row], obj: Object, known: Known) -> list[str]:
    """The lines that rows make of an object."""
    written: list[str] = []
    for row in rows:
        written += _lines_of(row, obj, known)
    return written


def _lines_of(row: Row, obj: Object, known: Known) -> Iterable[str]:
    label = row.label
    if "{" in label:
        label = label.format_map(defaultdict(str, obj))
    if row.mark == "=":
        return [label]
    if row.mark == "":
        return _field(label, _cell(row, obj, known))
    values = _values(row, obj, known)
    if row.mark == "@":
        several: Iterable[str] = FORMATTERS[row.name](*values)
        return several
    if row.mark == "#":
        return [] if values[0] is None else part(row.name, values[0])
    return _item_lines(row, label, values[0], known)


def _values(row: Row, obj: Object, known: Known) -> list[Any]:
    """The values at the paths of a row."""
    return [known[path] if path in known else value_of(obj) for path, value_of in row.fields]


def _cell(row: Row, obj: Object, known: Known) -> Any:
    """What a row shows beside its label, or a column below its heading; None for no line."""
    values = _values(row, obj, known)
    first = values[0]
    if row.is_optional and first in (None, "", [], {}):
        return None
    if row.instead is not None and first in (None, ""):
        return row.instead
    return FORMATTERS[row.name](*values)


def _field(label: str, value: Any) -> list[str]:
    """A label with its value, or with the first of several, which are below each other."""
    if value is None:
        return []
    if isinstance(value, list):
        first, *others = value or [NONE]
        return [*_field(label, first), *[f"\t{other}" for other in others]]
    return [f"{label[1:]}: {value}" if label[0] == "=" else f"{label}:\t{value}"]


def _item_lines(row: Row, label: str, value: Any, known: Known) -> Iterator[str]:
    """A part for each item below its label, or a table of them."""
    items = _as_objects(value)
    if label and (items or row.mark == "*"):
        yield f"{label}:" if items else f"{label}:\t{NONE}"
    columns = _screens().tables.get(row.name)
    if columns is None:
        for item in items:
            yield from lines(_screens().parts[row.name], item, known)
    elif items or not label:
        indent = label[: len(label) - len(label.lstrip())]
        rows = [map(_cell, columns, repeat(item), repeat(known)) for item in items]
        yield from table([column.label for column in columns], rows, f"{indent}  ")


def _as_objects(value: Any) -> list[Object]:
    """The items of a list, or a map's with their keys; those that are no objects have a field "value"."""
    if isinstance(value, dict):
        return [{"key": key, "value": value[key]} for key in sorted(value)]
    return [item if isinstance(item, dict) else {"value": item} for item in value or ()]


def table(headings: Sequence[str], rows: Iterable[Iterable[object]], indent: str = "  ") -> Iterator[str]:
    """Headings, a rule under each, and the rows."""
    for row in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, row))
