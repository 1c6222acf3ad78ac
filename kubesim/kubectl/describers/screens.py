"""The screens of `kubectl describe`: the rows of screens.json, and how they become the lines of an object.

Rows name formatters (api/formatters.py). All rows are read at once, so that a slip of the pen is refused before
anything is described.
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
    """What screens.json has: texts with values in them, by a formatter's name; screens of kinds; parts; tables."""

    texts: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, Sequence[str]]]
    parts: Mapping[str, Sequence[str]]
    tables: Mapping[str, Mapping[str, str]]


TABLE = load_record(__file__, "screens.json", _Table)


Items = Sequence[Object] | None
"""A list in an object, None where it has none."""
Listed = Items | StatusError
"""A related list, or why it may not be listed where that is shown; None where it isn't asked for."""


class Row:
    """A row of screens.json: its label, and the formatter or the part that shows what is at its paths.

    The path "." is the object itself. A {field} in the label is one of the object. Raises ValueError for a formatter or
    a part that there isn't.
    """

    names: Container[str] = FORMATTERS  # one of these shows it

    def __init__(self, label: str, name: str, paths: Sequence[str]) -> None:
        if name not in self.names:
            raise ValueError(f"screens.json, {label} {' '.join(paths)}: there is no {name!r}")
        self.name = name
        self.paths = paths
        self._label = label
        self._getters = [getter("" if path == "." else path) for path in paths]

    def lines(self, obj: Object) -> Iterable[str]:
        """What is written of an object."""
        raise NotImplementedError

    def label_of(self, obj: Object) -> str:
        return self._label.format_map(defaultdict(str, obj)) if "{" in self._label else self._label

    def values(self, obj: Object) -> list[Any]:
        return [get(obj) for get in self._getters]


class Text(Row):
    """A line as it is: its label."""

    names = ("",)

    def lines(self, obj: Object) -> Iterable[str]:
        return [self.label_of(obj)]


class Value(Row):
    """A value beside its label, or of a table below it.

    With "?", there is none where nothing is at the first path; with "|WORD", that word is shown there.
    """

    def __init__(self, label: str, words: str, paths: Sequence[str]) -> None:
        name, bar, instead = words.partition("|")
        super().__init__(label, name.removesuffix("?"), paths)
        self._is_optional = name.endswith("?")
        self._instead = instead if bar else None

    def cell(self, obj: Object) -> Any:
        """The text, or several texts; None for no line."""
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
        if isinstance(value, list):  # the others go below the first
            first, *others = value or [NONE]
            return [f"{head}{first}", *[f"\t{other}" for other in others]]
        return [f"{head}{value}"]


class Lines(Row):
    """The lines that a formatter yields."""

    def lines(self, obj: Object) -> Iterable[str]:
        several: Iterable[str] = FORMATTERS[self.name](*self.values(obj))
        return several


class Part(Row):
    """The rows of a part, for an object that is there."""

    names = TABLE.parts

    def lines(self, obj: Object) -> Iterable[str]:
        (inner,) = self.values(obj)
        return [] if inner is None else part(self.name, inner)


class Parts(Row):
    """A part for each item of a list or key of a map, or a table of them, below the label."""

    names = (*TABLE.parts, *TABLE.tables)

    def __init__(self, label: str, name: str, paths: Sequence[str], says_none: bool = False) -> None:
        super().__init__(label, name, paths)
        self._says_none = says_none  # without any

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
    """The items of a list, or a map's with their keys; those that are no objects have a field "value"."""
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
    """A row of screens.json, taken apart. Raises ValueError.

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
    """What is shown of a kind, and which lists that needs, by plural name."""

    related: Sequence[str]
    rows: Sequence[Row]


class _Screens(NamedTuple):
    """All of screens.json, read."""

    kinds: Mapping[str, Screen]
    parts: Mapping[str, Sequence[Row]]
    tables: Mapping[str, Sequence[Value]]  # by column, whose label is the heading


@cache
def _screens() -> _Screens:
    """Everything in screens.json, once all formatters have registered. Raises ValueError."""
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
    """What is shown of a kind. Raises NotSimulated for one that isn't described here."""
    screen = _screens().kinds.get(kind)
    if screen is None:
        raise NotSimulated(f"a description of {kind} objects is not part of this simulator")
    return screen


def part(name: str, obj: Object) -> list[str]:
    """The lines of a part of a screen, such as a container."""
    return lines(_screens().parts[name], obj)


def lines(rows: Sequence[Row], obj: Object) -> list[str]:
    """The lines that rows make of an object."""
    written: list[str] = []
    for row in rows:
        written += row.lines(obj)
    return written


def table(headings: Sequence[str], rows: Iterable[Iterable[object]], indent: str = "  ") -> Iterator[str]:
    """Headings, a rule under each, and the rows."""
    for row in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, row))
