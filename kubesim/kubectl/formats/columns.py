"""-o custom-columns=HEADER:path,…, custom-columns-file and --sort-by: what they do with the paths of objects.

Mirrors k8s.io/kubectl pkg/cmd/get/{customcolumn,sorter}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from kubesim.api import quantity
from kubesim.api.budget import Budget
from kubesim.gotext import tabwriter
from kubesim.gotext.gojson import quote, sprint
from kubesim.kubectl.errors import FormatError, NotSimulated, refuse_if, reworded
from kubesim.kubectl.formats import items_of, jsonpath, relaxed

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})
_EXPECTED = "Expected format is one line of space separated headers, one line of space separated column specs."
_MISSING: Any = object()


class Printer:
    """Prints one row an object, the headers above the first; a watch goes on with the widths that it has.

    Raises FormatError, with the headers already printed.
    """

    def __init__(self, name: str, spec: str, no_headers: bool, budget: Budget) -> None:
        self._headers, paths = _of_file(spec) if name == "custom-columns-file" else _of_option(spec)
        self._paths = [relaxed(path) for path in paths]
        self._has_headings = name == "custom-columns-file" or not no_headers
        self._widths: list[int] = []
        self._budget = budget

    def __call__(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        rows = [self._headers] if self._has_headings else []
        self._has_headings = False
        try:
            templates = [jsonpath.parse(path) for path in self._paths]
            rows += [[self._cell(template, item) for template in templates] for item in items_of(obj)]
        except FormatError as error:
            raise FormatError(str(error), stdout=tabwriter.format(rows[:1])) from None
        self._budget.spend(len(rows) * sum(max(map(len, column)) for column in zip(*rows, strict=True)))
        if any("\n" in cell or "\t" in cell for row in rows for cell in row):
            return tabwriter.align("".join(["\t".join(row) + "\n" for row in rows]), minwidth=6, padding=3)
        return tabwriter.format(rows, widths=self._widths)

    def _cell(self, template: Sequence[jsonpath.Part], obj: Any) -> str:
        found = jsonpath.results(template, obj, self._budget)
        values = [sprint(value).translate(_ESCAPES) for part in found for value in part]
        return ",".join(values if found and found[0] else ["<none>", *values])


def _of_option(spec: str) -> tuple[list[str], list[str]]:
    """The headers and paths of `NAME:.metadata.name,TYPE:.type`."""
    pairs = [part.partition(":") for part in spec.split(",")]
    for header, colon, _ in pairs:
        if not colon:
            raise FormatError(f"unexpected custom-columns spec: {header}, expected <header>:<json-path-expr>")
    return [header for header, _, _ in pairs], [path for _, _, path in pairs]


def _of_file(text: str) -> tuple[list[str], list[str]]:
    lines = text.splitlines()
    for number, name in enumerate(("header", "spec")):
        refuse_if(len(lines) <= number, f"invalid template, missing {name} line. {_EXPECTED}", FormatError)
    headers, paths = lines[0].split(), lines[1].split()
    if len(headers) != len(paths):
        raise FormatError(f"number of headers ({len(headers)}) and field specifications ({len(paths)}) don't match")
    return headers, paths


def sort_objects(objects: Sequence[Any], field: str, budget: Budget) -> list[Any]:
    """`objects` in the order of `field`, a path with or without braces; those without the field come first.

    Raises FormatError.
    """
    path = relaxed(field)
    with reworded(FormatError, "sorting error: ", FormatError):
        template = jsonpath.parse(path)
    firsts = [jsonpath.results(template, obj, budget)[:1] for obj in objects]
    found = [next((value for part in first for value in part), _MISSING) for first in firsts]
    if found and all(value is _MISSING for value in found):
        raise FormatError(f"couldn't find any field with path {quote(path)} in the list of objects")
    kinds = {type(value) for value in found} - {object, type(None)}
    if len(found) > 1 and (len(kinds) > 1 or kinds & {bool, dict, list}):
        raise NotSimulated(f"sorting by {path}, whose values have no order, is not part of this simulator")
    order = cmp_to_key(lambda one, other: -_is_less(one, other))
    return [objects[at] for at in sorted(range(len(found)), key=lambda at: order(found[at]))]


def _is_less(one: Any, other: Any) -> bool:
    """Texts are compared as quantities where both are some; a missing field comes first, and then null."""
    for absent in (_MISSING, None):
        if one is absent or other is absent:
            return one is absent and other is not absent
    if isinstance(one, str):
        try:
            return quantity.parse(one) < quantity.parse(other)
        except ValueError:
            return bool(one < other)
    return bool(one < other)
