"""-o custom-columns=HEADER:path,… and custom-columns-file.

Mirrors k8s.io/kubectl pkg/cmd/get/customcolumn.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubesim.api.budget import Budget
from kubesim.gotext import gofmt, tabwriter
from kubesim.kubectl.errors import FormatError, NotSimulated
from kubesim.kubectl.formats import items_of, relaxed
from kubesim.kubectl.formats.jsonpath import Part, parse, results

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})


class Printer:
    """Prints one row an object, the headers above the first; a watch goes on with the widths that it has.

    Raises FormatError, with the headers already printed.
    """

    def __init__(self, headers: list[str], paths: Sequence[str], has_headings: bool, budget: Budget) -> None:
        self._headers = headers
        self._paths = [relaxed(path) for path in paths]
        self._has_headings = has_headings
        self._widths: list[int] = []
        self._budget = budget

    def __call__(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        rows = [self._headers] if self._has_headings else []
        self._has_headings = False
        try:
            templates = [parse(path) for path in self._paths]
            for item in items_of(obj):
                rows.append([self._cell(template, item) for template in templates])
        except FormatError as error:
            raise FormatError(str(error), stdout=tabwriter.format(rows[:1])) from None
        self._budget.spend(len(rows) * sum(max(map(len, column)) for column in zip(*rows, strict=True)))
        if any("\n" in cell or "\t" in cell for row in rows for cell in row):
            return tabwriter.align("".join(["\t".join(row) + "\n" for row in rows]), minwidth=6, padding=3)
        return tabwriter.format(rows, widths=self._widths)

    def _cell(self, template: Sequence[Part], obj: Any) -> str:
        """What a path finds in an object, with commas between; "<none>" for nothing."""
        parts = results(template, obj, self._budget)
        texts = [gofmt.sprint(value).translate(_ESCAPES) for values in parts for value in values]
        if not parts or not parts[0]:
            texts.insert(0, "<none>")
        return ",".join(texts)


def of_option(spec: str) -> tuple[list[str], list[str]]:
    """The headers and paths of `NAME:.metadata.name,TYPE:.type`. Raises FormatError."""
    pairs = [part.partition(":") for part in spec.split(",")]
    for header, colon, _ in pairs:
        if not colon:
            raise FormatError(f"unexpected custom-columns spec: {header}, expected <header>:<json-path-expr>")
    return [header for header, _, _ in pairs], [path for _, _, path in pairs]


def of_file(path: str, read_file: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """The headers of a file's first line and the paths of its second. Raises FormatError."""
    try:
        lines = read_file(path).splitlines()
    except OSError as error:
        raise FormatError(f"error reading template {path}, open {path}: {(error.strerror or '').lower()}") from None
    if len(lines) < 2 or len(lines[0].split()) != len(lines[1].split()):
        raise NotSimulated(f"the columns of {path}, whose first two lines don't match, are not part of this simulator")
    return lines[0].split(), lines[1].split()
