"""The screens of `kubectl describe`: the rows of screens.json, and how they become the lines of an object.

A row names a format or a block, which are functions that register here. Rows are read once, all of them, so that a slip
of the pen is refused before anything is described.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from kubesim.api import load_record
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, at


class _Table(NamedTuple):
    """What screens.json has: texts with values in them, by the format's name; screens of kinds; parts, and tables."""

    texts: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, Sequence[str]]]
    parts: Mapping[str, Sequence[str]]
    tables: Mapping[str, Mapping[str, str]]


TABLE = load_record(__file__, "screens.json", _Table)


class Row(NamedTuple):
    """A row of screens.json, taken apart; see `_row`."""

    label: str
    mark: str  # "=" for a line as it is, "@" for a block, "#", "*" or "+" for a part, "" for a format
    name: str = ""  # of the block, the part or the format
    paths: tuple[str, ...] = ()
    is_optional: bool = False  # whether there is no line where nothing is at the first path
    instead: str | None = None  # what is shown there


class Screen(NamedTuple):
    """What is shown of a kind, and which lists that needs, by plural name."""

    related: Sequence[str]
    rows: Sequence[Row]


class _Screens(NamedTuple):
    """All of screens.json, taken apart."""

    kinds: Mapping[str, Screen]
    parts: Mapping[str, Sequence[Row]]
    tables: Mapping[str, Sequence[Row]]


Shown = TypeVar("Shown", bound=Callable[..., Any])
BLOCKS: dict[str, Callable[..., Iterable[str]]] = {}
"""What gives several lines of a description, by the name that screens.json calls it by."""


def block(lines: Shown) -> Shown:
    """Make a function a block, which screens.json calls by the function's name without its underscore ("@rules").

    It gets what its row names, in that order.
    """
    BLOCKS[lines.__name__.strip("_")] = lines
    return lines


FORMATS: dict[str, Callable[..., Any]] = {}
"""What a line shows of the values at its paths, by the name that screens.json calls it by; None for no line."""


def shows(show: Shown) -> Shown:
    """Make a function a format, which screens.json calls by the function's name without its underscore ("taints")."""
    FORMATS[show.__name__.strip("_")] = show
    return show


@cache
def _screens() -> _Screens:
    """Everything in screens.json, once all formats and blocks have registered. Raises ValueError."""
    kinds = {}
    for kind, screen in TABLE.kinds.items():
        kinds[kind] = Screen(screen["related"], [_row(text) for text in screen["rows"]])
    parts = {}
    for name, rows in TABLE.parts.items():
        parts[name] = [_row(text) for text in rows]
    tables = {}
    for name, columns in TABLE.tables.items():
        tables[name] = [_row(f"{heading}: {words}") for heading, words in columns.items()]
    return _Screens(kinds, parts, tables)


def screen_of(kind: str) -> Screen:
    """What is shown of a kind: every field, where it has no screen of its own."""
    kinds = _screens().kinds
    return kinds.get(kind, kinds["Event"])


def part(name: str, obj: Object) -> Iterator[str]:
    """The lines of a part of a screen, such as a container."""
    return lines(_screens().parts[name], obj, {})


def _row(text: str) -> Row:
    """A row of screens.json. Raises ValueError for a format, a block or a part that there isn't.

    It is "Label: format path…": one line, or one for each value of a list; none where the format gives None. Where
    there is nothing at the first path, "format?" gives no line, and "format|text" that text. After "=" there is a space
    in place of the tab. "=text" is a line as it is. In labels and texts, {field} is one of the object. "Label: *part
    path" writes a part for each item of a list or each key of a map, "<none>" without any, and "Label: +part path"
    nothing then; a part can be a table, its columns by their headings. Without a label, "*part path" does the same,
    "#part path" writes the part of an object that is there, and "@block path…" what a function yields. Beside paths,
    "." is the object, "now" the time, and "+plural" a related list.
    """
    has_label = text[0] not in "*#@"
    label, colon, words = text.partition(": ") if has_label else ("", ": ", text)
    if not colon:
        return Row(label.removeprefix("="), "=")
    name, *paths = words.split()
    if name[0] in "*#@+":
        names: Mapping[str, object] = BLOCKS if name[0] == "@" else {**TABLE.parts, **TABLE.tables}
        _check_name(text, name[1:], names)
        return Row(label, name[0], name[1:], tuple(paths))
    name, bar, instead = name.partition("|")
    _check_name(text, name.rstrip("?"), FORMATS)
    return Row(label, "", name.rstrip("?"), tuple(paths), name.endswith("?"), instead if bar else None)


def _check_name(row: str, name: str, known: Container[str]) -> None:
    if name not in known:
        raise ValueError(f"screens.json, {row!r}: there is no {name!r}")


def lines(rows: Sequence[Row], obj: Object, known: Mapping[str, Any]) -> Iterator[str]:
    """The lines that rows make of an object."""
    for row in rows:
        label = row.label.format_map(defaultdict(str, obj)) if "{" in row.label else row.label
        values = [_value(path, obj, known) for path in row.paths]
        if row.mark == "=":
            yield label
        elif row.mark == "@":
            yield from BLOCKS[row.name](*values)
        elif row.mark == "#":
            if values[0] is not None:
                yield from lines(_screens().parts[row.name], values[0], known)
        elif row.mark:
            yield from _each(row, label, values[0], known)
        else:
            yield from _field(label, _formatted(row, values))


def _value(path: str, obj: Object, known: Mapping[str, Any]) -> Any:
    if path == ".":
        return obj
    if path in known:
        return known[path]
    return None if path[0] == "+" else at(obj, path)


def _formatted(row: Row, values: Sequence[Any]) -> Any:
    """What a format makes of the values at its paths."""
    if row.instead is not None and values[0] in (None, ""):
        return row.instead
    if row.is_optional and values[0] in (None, "", [], {}):
        return None
    return FORMATS[row.name](*values)


def _field(label: str, value: Any) -> Iterator[str]:
    first, *others = (value or [NONE]) if isinstance(value, list) else [value]
    if first is not None:
        yield f"{label[1:]}: {first}" if label[0] == "=" else f"{label}:\t{first}"
    yield from (f"\t{other}" for other in others)


def _each(row: Row, label: str, items: Any, known: Mapping[str, Any]) -> Iterator[str]:
    """A part for each item below its label, or a table of them."""
    if isinstance(items, dict):
        items = [{"key": key, "value": value} for key, value in sorted(items.items())]
    items = [item if isinstance(item, dict) else {"value": item} for item in items or ()]
    if label and (items or row.mark == "*"):
        yield f"{label}:" if items else f"{label}:\t{NONE}"
    columns = _screens().tables.get(row.name)
    if columns:
        indent = label[: len(label) - len(label.lstrip())]
        if items or not label:
            yield from _table_of(columns, items, known, f"{indent}  ")
        return
    for item in items:
        yield from lines(_screens().parts[row.name], item, known)


def _table_of(columns: Sequence[Row], items: Sequence[Object], known: Mapping[str, Any], indent: str) -> Iterator[str]:
    """A table with a line for each item; the labels of its rows are the headings."""
    rows = []
    for item in items:
        cells = []
        for column in columns:
            values = [_value(path, item, known) for path in column.paths]
            cells.append(_formatted(column, values))
        rows.append(cells)
    yield from table([column.label for column in columns], rows, indent)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], indent: str = "  ") -> Iterator[str]:
    """Headings, a rule under each, and the rows."""
    for row in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, row))
