"""The output that commands share: reports such as "secret/x created", and the tables of get and events.

The formats of --output are in formats/, and the columns of each type in the API server's printers. Mirrors
k8s.io/cli-runtime pkg/printers/tableprinter.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.humanize import age, format_labels
from kubesim.api.objects import Object, labels_of, name_of, namespace_of
from kubesim.api.resources import Resource
from kubesim.api.schema import in_go_order
from kubesim.cluster.apiserver import printers
from kubesim.gotext import tabwriter
from kubesim.gotext.terminal import escape
from kubesim.kubectl.command import Call

DRY_RUN_SUFFIX = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
_CELL_COST = 10  # steps of the budget for the cell of a label: -L may list thousands of labels


def print_result(call: Call, resource: Resource, obj: Object, operation: str) -> None:
    """Print "TYPE/NAME OPERATION", such as "pod/web created", or `obj` in the format of --output."""
    traits = call.command.traits
    form = call.output_format()
    if form.is_table:
        suffix = "" if traits.hides_dry_run else DRY_RUN_SUFFIX[call.dry_run]
        call.say(f"{resource.printed}/{name_of(obj) or '<unknown>'} {operation}{suffix}\n")
    elif traits.is_typed:
        call.say(form.render(in_go_order(resource, obj), typed=True))
    else:
        call.say(form.render(obj))


def event_age(event: Object, now: Micros) -> str:
    """The age of an event at `now`: "6s", or "6s (x3 over 41s)" for a repeated one.

    Mirrors getInterval of k8s.io/kubectl pkg/cmd/events/event_printer.go.
    """
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now)} (x{series.get('count')} over {first})"
    count = event.get("count") or 1
    if count > 1:
        return f"{age(event.get('lastTimestamp'), now)} (x{count} over {first})"
    return first


def nothing_found(call: Call, namespaced: bool = True) -> str:
    """The line on stderr about an empty list; `namespaced` is false if a type without namespaces was listed."""
    if call.flags.get("all-namespaces") or not namespaced:
        return "No resources found\n"
    return f"No resources found in {call.namespace} namespace.\n"


class Columns(NamedTuple):
    """The columns of a table: headings, and the function that returns an object's cells."""

    names: list[str]
    cells: printers.Cells


class Table:
    """A table of objects of one type, rendered at once or, for a watch, call by call.

    Later calls print no headings and keep the widths of the columns. `with_kind` prints "pod/web" instead of "web".
    `columns` replace those that the API server has for the type. `has_headings` is true until the headings are printed.
    """

    def __init__(
        self, call: Call, resource: Resource, *, with_kind: bool = False, columns: Columns | None = None
    ) -> None:
        flags = call.flags
        self._resource = resource
        self._with_kind = with_kind
        self._shows_namespace = bool(flags.get("all-namespaces")) and resource.namespaced
        self._labels: Sequence[str] = flags.get("label-columns") or ()
        self._all_labels = bool(flags.get("show-labels"))
        self.has_headings = not flags.get("no-headers")
        self._is_from_server = columns is None
        if columns is None:
            is_wide = flags.get("output") == "wide"
            names = [column.name for column in printers.columns(resource.kind, is_wide)]
            columns = Columns(names, printers.row_of(resource.kind, is_wide))
        self._columns = columns
        self._has_more_cells = self._with_kind or self._shows_namespace or bool(self._labels) or self._all_labels
        self._widths: list[int] = []
        self._budget = call.context.budget

    def render(self, objects: Sequence[Object], now: Micros) -> str:
        """The rows of `objects` at the moment `now`, below the headings in the first call."""
        self._budget.spend(_CELL_COST * len(objects) * len(self._labels))
        cells_of = self._columns.cells
        rows = [cells_of(obj, now) for obj in objects]
        if self._is_from_server and not "".join(map("".join, rows)).isprintable():  # one test for all cells is faster
            rows = [list(map(_cut, row)) for row in rows]
        if self._has_more_cells:
            rows = [self._with_more_cells(obj, row) for obj, row in zip(objects, rows, strict=True)]
        if self.has_headings:
            rows.insert(0, self._headings())
            self.has_headings = False
        return tabwriter.format(rows, widths=self._widths)

    def _headings(self) -> list[str]:
        headings = list(self._columns.names)
        if self._shows_namespace:
            headings.insert(0, "NAMESPACE")
        headings += [label.rpartition("/")[2].upper() for label in self._labels]
        if self._all_labels:
            headings.append("LABELS")
        return headings

    def _with_more_cells(self, obj: Object, row: list[str]) -> list[str]:
        """Add the kind, the namespace and labels to `row`, which is changed and returned."""
        if self._with_kind:
            names = self._columns.names
            place = names.index("NAME") if "NAME" in names else 0
            row[place] = f"{self._resource.printed}/{name_of(obj)}"
        if self._shows_namespace:
            row.insert(0, namespace_of(obj))
        labels = labels_of(obj)
        row += [labels.get(label, "") for label in self._labels]
        if self._all_labels:
            row.append(format_labels(labels))
        return row


def _cut(cell: str) -> str:
    """A cell up to its first line break, with control characters escaped."""
    if cell.isprintable():
        return cell
    first_line = re.split("[\f\n\r]", cell, maxsplit=1)[0]
    if first_line != cell:
        first_line += "..."
    return escape(first_line)
