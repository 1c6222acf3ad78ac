"""The screens of `kubectl describe`: the rows of screens.json, and their rendering as lines.

A row names a label, a formatter (api/formatters.py) and paths of an object; `_row` lists the forms of a row. All rows
are read at the first use, so that a misspelled row fails before anything is described.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import repeat
from typing import Any, NamedTuple

from kubesim.api import load_record
from kubesim.api.errors import StatusError
from kubesim.api.formatters import FORMATTERS
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, getter
from kubesim.kubectl.errors import NotSimulated


class _Table(NamedTuple):
    """The sections of screens.json, not yet parsed."""

    texts: Mapping[str, str]  # by the name of a formatter, a text with {} for each value
    kinds: Mapping[str, Mapping[str, Sequence[str]]]  # by kind, the fields of its Screen
    parts: Mapping[str, Sequence[str]]  # rows that several screens share or that repeat in one
    tables: Mapping[str, Mapping[str, str]]  # by heading, a formatter and a path


TABLE = load_record(__file__, "screens.json", _Table)


Items = Sequence[Object] | None
"""A list in an object, None if the field is missing."""
Listed = Items | StatusError
"""A related list, the refusal to show in its place, or None if it wasn't requested."""


class Row:
    """A row of screens.json: a label, the name of a formatter, part or table, and paths of the object.

    The path "." is the object itself. "{field}" in a label is replaced by a field of the object. The constructor raises
    ValueError for an unknown name.
    """

    names: Container[str] = FORMATTERS  # the names that a subclass accepts

    def __init__(self, label: str, name: str, paths: Sequence[str]) -> None:
        if name not in self.names:
            raise ValueError(f"screens.json, {label} {' '.join(paths)}: there is no {name!r}")
        self.name = name
        self.paths = paths
        self._label = label
        self._getters = [getter("" if path == "." else path) for path in paths]

    def lines(self, obj: Object) -> Iterable[str]:
        """The lines about an object, without line ends."""
        raise NotImplementedError

    def label_of(self, obj: Object) -> str:
        return self._label.format_map(defaultdict(str, obj)) if "{" in self._label else self._label

    def values(self, obj: Object) -> list[Any]:
        return [get(obj) for get in self._getters]


class Text(Row):
    """A line that consists of its label."""

    names = ("",)

    def lines(self, obj: Object) -> Iterable[str]:
        return [self.label_of(obj)]


class Value(Row):
    """A value after its label, or a cell of a table, whose heading is the label then.

    `words` is a formatter's name. With "?" after it, an empty value at the first path gives no line; with "|WORD", it
    gives WORD.
    """

    def __init__(self, label: str, words: str, paths: Sequence[str]) -> None:
        name, bar, instead = words.partition("|")
        super().__init__(label, name.removesuffix("?"), paths)
        self._is_optional = name.endswith("?")
        self._instead = instead if bar else None

    def cell(self, obj: Object) -> Any:
        """The formatter's text, or its list of texts, one for each line; None for no line."""
        values = self.values(obj)
        first = values[0]
        if self._is_optional and first in (None, "", [], {}):
            return None
        if self._instead is not None and first in (None, ""):
            return self._instead
        return FORMATTERS[self.name](*values)

    def lines(self, obj: Object) -> Iterable[str]:
        value = self.cell(obj)
        if value is None:
            return []
        label = self.label_of(obj)
        head = f"{label[1:]}: " if label[0] == "=" else f"{label}:\t"
        if isinstance(value, list):  # further texts are aligned below the first
            first, *others = value or [NONE]
            return [f"{head}{first}", *[f"\t{other}" for other in others]]
        return [f"{head}{value}"]


class Lines(Row):
    """A row without a label, whose formatter yields complete lines."""

    def lines(self, obj: Object) -> Iterable[str]:
        several: Iterable[str] = FORMATTERS[self.name](*self.values(obj))
        return several


class Part(Row):
    """The rows of a part, applied to the object at the path; no lines if that is missing."""

    names = TABLE.parts

    def lines(self, obj: Object) -> Iterable[str]:
        (inner,) = self.values(obj)
        return [] if inner is None else part(self.name, inner)


class Parts(Row):
    """A label, and below it a part for each item of a list or map, or a table with a row for each item.

    Without items, there is no line, or with `says_none` the label and "<none>".
    """

    names = (*TABLE.parts, *TABLE.tables)

    def __init__(self, label: str, name: str, paths: Sequence[str], says_none: bool = False) -> None:
        super().__init__(label, name, paths)
        self._says_none = says_none

    def lines(self, obj: Object) -> Iterator[str]:
        (value,) = self.values(obj)
        items = _as_objects(value)
        label = self._label
        if label and (items or self._says_none):
            yield f"{label}:" if items else f"{label}:\t{NONE}"
        columns = _screens().tables.get(self.name)
        if columns is None:
            for item in items:
                yield from part(self.name, item)
        elif items or not label:
            indent = label[: len(label) - len(label.lstrip())]
            headings = [column.label_of({}) for column in columns]
            rows = [map(Value.cell, columns, repeat(item)) for item in items]
            yield from table(headings, rows, f"{indent}  ")


def _as_objects(value: Any) -> list[Object]:
    """Items as objects: a map's entries have the fields "key" and "value", and plain values in a list have "value"."""
    if isinstance(value, dict):
        return [{"key": key, "value": value[key]} for key in sorted(value)]
    return [item if isinstance(item, dict) else {"value": item} for item in value or ()]


_BY_MARK: Mapping[str, Callable[[str, str, Sequence[str]], Row]] = {
    "@": Lines,
    "#": Part,
    "*": partial(Parts, says_none=True),
    "+": Parts,
}


def _row(text: str) -> Row:
    """Parse a row of screens.json. Raises ValueError. These are the forms:

    "Name: text metadata.name", "Reason: text? reason", "Zone: text|<unset> zone": a Value.
    "=Misscheduled: number status.misscheduled": with a space in place of the tab.
    "=Data": a Text. "#state lastState": a Part. "@taints spec.taints": Lines.
    "Volumes: *volume spec.volumes": Parts, and "<none>" without any.
    "Limits: +amount limits": the same, but nothing without any.
    """
    has_label = text[0] not in _BY_MARK
    label, colon, words = text.partition(": ") if has_label else ("", ": ", text)
    if not colon:
        return Text(label.removeprefix("="), "", ())
    word, *paths = words.split()
    if word[0] in _BY_MARK:
        return _BY_MARK[word[0]](label, word[1:], paths)
    return Value(label, word, paths)


class Screen(NamedTuple):
    """The description of a kind."""

    related: Sequence[str]  # plurals of the related lists that the rows need
    rows: Sequence[Row]


class _Screens(NamedTuple):
    """The sections of screens.json, parsed."""

    kinds: Mapping[str, Screen]
    parts: Mapping[str, Sequence[Row]]
    tables: Mapping[str, Sequence[Value]]  # columns, whose labels are the headings


@cache
def _screens() -> _Screens:
    """Parse all of screens.json. Call it only after all formatters are registered, because rows check their names.

    Raises ValueError.
    """
    kinds = {kind: Screen(screen["related"], list(map(_row, screen["rows"]))) for kind, screen in TABLE.kinds.items()}
    parts = {name: list(map(_row, texts)) for name, texts in TABLE.parts.items()}
    tables: dict[str, list[Value]] = {}
    for name, columns in TABLE.tables.items():
        tables[name] = []
        for heading, words in columns.items():
            word, path = words.split()
            tables[name].append(Value(heading, word, [path]))
    return _Screens(kinds, parts, tables)


def screen_of(kind: str) -> Screen:
    """The screen of a kind. Raises NotSimulated if there is none."""
    screen = _screens().kinds.get(kind)
    if screen is None:
        raise NotSimulated(f"a description of {kind} objects is not part of this simulator")
    return screen


def part(name: str, obj: Object) -> list[str]:
    """The lines of the part `name`, such as "container", for an object."""
    return lines(_screens().parts[name], obj)


def lines(rows: Sequence[Row], obj: Object) -> list[str]:
    """The lines of all rows for an object."""
    written: list[str] = []
    for row in rows:
        written += row.lines(obj)
    return written


def table(headings: Sequence[str], rows: Iterable[Iterable[object]], indent: str = "  ") -> Iterator[str]:
    """The lines of a table: headings, dashes below each, and the rows."""
    for row in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, row))
