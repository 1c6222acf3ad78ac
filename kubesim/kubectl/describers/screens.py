"""The screens of `kubectl describe`: the rows of screens.json, and how they become the lines of an object.

A row names a format or a block, which are functions that register here. Rows are read once, all of them, so that a slip
of the pen is refused before anything is described.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from kubesim.api import load_record
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, getter


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


Known = Mapping[str, Any]
"""What a description knows beside its object: the time, as "now", and related lists, as "+plural"."""
Get = Callable[[Object, Known], Any]
Write = Callable[[Object, Known], Iterable[str]]
"""A row of screens.json: the lines that it makes of an object."""


class Screen(NamedTuple):
    """What is shown of a kind, and which lists that needs, by plural name."""

    related: Sequence[str]
    rows: Sequence[Write]


class Column(NamedTuple):
    """A column of a table."""

    heading: str
    cell: Get


class _Screens(NamedTuple):
    """All of screens.json, compiled."""

    kinds: Mapping[str, Screen]
    parts: Mapping[str, Sequence[Write]]
    tables: Mapping[str, Sequence[Column]]


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
        kinds[kind] = Screen(screen["related"], [_writer(_row(text)) for text in screen["rows"]])
    parts = {}
    for name, rows in TABLE.parts.items():
        parts[name] = [_writer(_row(text)) for text in rows]
    tables = {}
    for name, columns in TABLE.tables.items():
        rows_of = {heading: _row(f"{heading}: {words}") for heading, words in columns.items()}
        tables[name] = [Column(heading, _cell(row)) for heading, row in rows_of.items()]
    return _Screens(kinds, parts, tables)


def screen_of(kind: str) -> Screen:
    """What is shown of a kind: every field, where it has no screen of its own."""
    kinds = _screens().kinds
    return kinds.get(kind, kinds["Event"])


def part(name: str, obj: Object) -> list[str]:
    """The lines of a part of a screen, such as a container."""
    return lines(_screens().parts[name], obj, {})


def lines(rows: Sequence[Write], obj: Object, known: Known) -> list[str]:
    """The lines that rows make of an object."""
    written: list[str] = []
    for write in rows:
        written += write(obj, known)
    return written


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


def _writer(row: Row) -> Write:
    """Compile a row."""
    if "{" not in row.label:
        return _labelled_writer(row)

    def write(obj: Object, known: Known) -> Iterable[str]:
        label = row.label.format_map(defaultdict(str, obj))
        return _labelled_writer(row._replace(label=label))(obj, known)

    return write


def _labelled_writer(row: Row) -> Write:
    """Compile a row whose label is as it's shown."""
    if row.mark == "=":
        text = [row.label]
        return lambda obj, known: text
    if row.mark == "@":
        return _call(BLOCKS[row.name], row.paths)
    if row.mark == "#":
        return partial(_write_part, row.name, getter(_plain(row.paths[0])))
    if row.mark:
        return partial(_write_items, row, getter(_plain(row.paths[0])))
    return partial(_write_field, row.label, _cell(row))


def _cell(row: Row) -> Get:
    """Compile what a row shows beside its label."""
    show = _call(FORMATS[row.name], row.paths)
    if row.instead is None and not row.is_optional:
        return show
    get = getter(_plain(row.paths[0]))
    nothing: tuple[object, ...] = (None, "", [], {}) if row.is_optional else (None, "")
    return lambda obj, known: row.instead if get(obj) in nothing else show(obj, known)


def _call(function: Callable[..., Any], paths: Sequence[str]) -> Get:
    """Compile the call of a format or a block with the values at its paths."""
    if len(paths) == 1:
        get = getter(_plain(paths[0]))
        return lambda obj, known: function(get(obj))

    def call(obj: Object, known: Known) -> Any:
        return function(*[known.get(path) if get is None else get(obj) for path, get in gets])

    gets = [(path, None if path == "now" or path[0] == "+" else getter(_plain(path))) for path in paths]
    return call


def _plain(path: str) -> str:
    """A path as `getter` takes it."""
    return "" if path == "." else path


def _write_field(label: str, cell: Get, obj: Object, known: Known) -> list[str]:
    value = cell(obj, known)
    if value is None:
        return []
    first, *others = (value or [NONE]) if isinstance(value, list) else [value]
    line = f"{label[1:]}: {first}" if label[0] == "=" else f"{label}:\t{first}"
    return [line, *[f"\t{other}" for other in others]] if others else [line]


def _write_part(name: str, get: Callable[[Any], Any], obj: Object, known: Known) -> list[str]:
    inner = get(obj)
    return [] if inner is None else lines(_screens().parts[name], inner, known)


def _write_items(row: Row, get: Callable[[Any], Any], obj: Object, known: Known) -> Iterator[str]:
    """A part for each item below its label, or a table of them."""
    label = row.label
    items = get(obj)
    if isinstance(items, dict):
        items = [{"key": key, "value": value} for key, value in sorted(items.items())]
    items = [item if isinstance(item, dict) else {"value": item} for item in items or ()]
    if label and (items or row.mark == "*"):
        yield f"{label}:" if items else f"{label}:\t{NONE}"
    columns = _screens().tables.get(row.name)
    if columns is None:
        for item in items:
            yield from lines(_screens().parts[row.name], item, known)
    elif items or not label:
        indent = label[: len(label) - len(label.lstrip())]
        rows = [[column.cell(item, known) for column in columns] for item in items]
        yield from table([column.heading for column in columns], rows, f"{indent}  ")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], indent: str = "  ") -> Iterator[str]:
    """Headings, a rule under each, and the rows."""
    for row in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, row))
