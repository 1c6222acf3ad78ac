"""-o custom-columns=HEADER:path,… and custom-columns-file.

Mirrors k8s.io/kubectl pkg/cmd/get/customcolumn.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kubesim.gotext import tabwriter
from kubesim.gotext.gojson import sprint
from kubesim.kubectl.formats import jsonpath
from kubesim.kubectl.formats.golang import FormatError

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})
_EXPECTED = "Expected format is one line of space separated headers, one line of space separated column specs."


@dataclass(frozen=True)
class Columns:
    """Headers and the JSONPath templates of their cells."""

    headers: tuple[str, ...]
    paths: tuple[str, ...]
    no_headers: bool = False

    def render(self, objects: Iterable[Any], first: bool = True, widths: list[int] | None = None) -> str:
        """One row an object; headers where it is the `first` print. `widths` is a watch's memory, see tabwriter.

        Raises FormatError, with the headers already printed.
        """
        rows = [list(self.headers)] if first and not self.no_headers else []
        try:
            templates = [jsonpath.parse(path) for path in self.paths]
            rows += [[_cell(template, obj) for template in templates] for obj in objects]
        except FormatError as error:
            raise FormatError(error.message, stdout=tabwriter.format(rows[:1])) from None
        if any("\n" in cell or "\t" in cell for row in rows for cell in row):
            return tabwriter.align("".join(["\t".join(row) + "\n" for row in rows]), minwidth=6, padding=3)
        return tabwriter.format(rows, widths=widths)


def _cell(template: jsonpath.Template, obj: Any) -> str:
    found = template.results(obj)
    values = [sprint(value).translate(_ESCAPES) for part in found for value in part]
    return ",".join(values if found and found[0] else ["<none>", *values])


def parse(spec: str, no_headers: bool = False) -> Columns:
    """Read `NAME:.metadata.name,TYPE:.type`. Raises FormatError."""
    headers, paths = [], []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise FormatError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        headers.append(header)
        paths.append(jsonpath.relaxed(path))
    return Columns(tuple(headers), tuple(paths), no_headers)


def parse_file(text: str) -> Columns:
    """Read a file of two lines: headers, and paths below them. Raises FormatError."""
    lines = text.splitlines()
    for number, name in enumerate(("header", "spec")):
        if len(lines) <= number:
            raise FormatError(f"invalid template, missing {name} line. {_EXPECTED}")
    headers, paths = lines[0].split(), lines[1].split()
    if len(headers) != len(paths):
        raise FormatError(f"number of headers ({len(headers)}) and field specifications ({len(paths)}) don't match")
    return Columns(tuple(headers), tuple(jsonpath.relaxed(path) for path in paths))
