"""-o custom-columns=HEADER:path,… and custom-columns-file.

Mirrors k8s.io/kubectl pkg/cmd/get/customcolumn.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.objects import Object
from kubesim.gotext import gofmt, tabwriter
from kubesim.gotext.terminal import escape
from kubesim.kubectl.errors import FormatError, NotSimulated, file_problem
from kubesim.kubectl.formats import items_of
from kubesim.kubectl.formats.jsonpath import Part, parse, relaxed, results


class Column(NamedTuple):
    """A column: its header, and the JSONPath of its values."""

    header: str
    path: str


class ColumnsPrinter:
    """A Print with one row for each object, and the headers above the first row.

    Later calls, in a watch, keep the columns' widths. Raises FormatError, whose `stdout` has the rows before the error.
    """

    def __init__(self, columns: Sequence[Column], budget: Budget, *, has_headings: bool) -> None:
        self._headers = [column.header for column in columns]
        self._paths = [relaxed(column.path) for column in columns]
        self._has_headings = has_headings
        self._widths: list[int] = []
        self._budget = budget

    def __call__(self, obj: Object, typed: bool = False) -> str:
        rows = [self._headers] if self._has_headings else []
        self._has_headings = False
        try:  # kubectl, too, parses the paths only now, and so a malformed one is refused below the headings
            templates = [parse(path, self._budget) for path in self._paths]
            for item in items_of(obj):
                rows.append([self._cell(template, item) for template in templates])
        except FormatError as error:
            raise FormatError(str(error), stdout=self._aligned(rows)) from None
        return self._aligned(rows)

    def _aligned(self, rows: Sequence[Sequence[str]]) -> str:
        self._budget.spend(len(rows) * sum(max(map(len, column)) for column in zip(*rows, strict=True)))
        # kubectl doesn't escape tabs and line breaks in values: Go's tabwriter takes them for ends of cells and rows.
        if any("\n" in cell or "\t" in cell for row in rows for cell in row):
            return tabwriter.align("".join(["\t".join(row) + "\n" for row in rows]), minwidth=6, padding=3)
        return tabwriter.format(rows, widths=self._widths)

    def _cell(self, template: Sequence[Part], obj: Any) -> str:
        """The values that a path finds in an object, separated by commas, or "<none>"."""
        parts = results(template, obj, self._budget)
        texts = [escape(gofmt.sprint(value)) for values in parts for value in values]
        if not parts or not parts[0]:
            texts.insert(0, "<none>")
        return ",".join(texts)


def parse_columns(spec: str) -> list[Column]:
    """The columns of `NAME:.metadata.name,TYPE:.type`. Raises FormatError."""
    columns: list[Column] = []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise FormatError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        columns.append(Column(header, path))
    return columns


def read_columns(path: str, read_file: Callable[[str], str]) -> list[Column]:
    """The columns whose headers are in a file's first line and the paths in its second. Raises FormatError."""
    try:
        lines = read_file(path).splitlines()
    except OSError as error:
        raise FormatError(f"error reading template {path}, open {path}: {file_problem(error)}") from None
    headers = lines[0].split() if lines else []
    paths = lines[1].split() if len(lines) > 1 else []
    if not headers or len(headers) != len(paths):
        raise NotSimulated(f"the columns of {path}, whose first two lines don't match, are not part of this simulator")
    return [Column(header, expression) for header, expression in zip(headers, paths, strict=True)]
