"""What commands print: "secret/x created", an object in the format of -o, or the tables of `kubectl get`.

Mirrors k8s.io/cli-runtime pkg/printers/tableprinter.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kubesim.api.clock import Micros
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import Resource
from kubesim.api.schema import in_go_order
from kubesim.cluster.apiserver import printers
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call

DRY_RUN_SUFFIX = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


def print_result(
    call: Call,
    resource: Resource,
    obj: Object,
    operation: str,
    typed: bool = False,
    *,
    is_alone: bool = False,
    mentions_dry_run: bool = True,
) -> None:
    """Report that `operation` ("created", "configured") was done to `obj`, or print it in the format of -o.

    `typed`: kubectl holds the object as a Go struct, see Format.render. `is_alone`: kubectl makes a printer for each
    object, so that nothing is printed between them.
    """
    if is_alone:
        call.format = None
    form = call.output_format()
    if form.is_table:
        suffix = DRY_RUN_SUFFIX[call.dry_run] if mentions_dry_run else ""
        call.say(f"{resource.printed}/{name_of(obj) or '<unknown>'} {operation}{suffix}\n")
    else:
        call.say(form.render(in_go_order(resource, obj) if typed else obj, typed))


def nothing_found(call: Call, namespaced: bool = True) -> str:
    """What kubectl reports where a list is empty."""
    is_everywhere = call.flags.get("all-namespaces") or not namespaced
    return "No resources found\n" if is_everywhere else f"No resources found in {call.namespace} namespace.\n"


class Table:
    """Prints objects of one type; of a watch, line after line with the widths that the columns have got.

    `with_kind` writes "pod/web" instead of "web", as for several types at once; `columns` are other headings and cells
    than those of the type. While it `has_headings`, they are still to be printed.
    """

    def __init__(
        self, call: Call, resource: Resource, with_kind: bool, columns: tuple[list[str], printers.Cells] | None = None
    ) -> None:
        flags = call.flags
        self._resource = resource
        self._with_kind = with_kind
        self._namespaced = bool(flags.get("all-namespaces")) and resource.namespaced
        self._labels: Sequence[str] = flags.get("label-columns") or ()
        self._all_labels = bool(flags.get("show-labels"))
        self.has_headings = not flags.get("no-headers")
        wide = flags.get("output") == "wide"
        names = [column.name for column in printers.columns(resource.kind, wide)]
        self._names, self._cells = columns or (names, printers.row_of(resource.kind, wide))
        self._is_cut = columns is None
        self._adds = self._with_kind or self._namespaced or bool(self._labels) or self._all_labels
        self._widths: list[int] = []

    def render(self, objects: Sequence[Object], now: Micros) -> str:
        """The objects' rows, under the headings when they are printed for the first time."""
        cells = self._cells
        rows = [cells(obj, now) for obj in objects]
        if self._is_cut and not "".join(map("".join, rows)).isprintable():
            rows = [list(map(_cut, row)) for row in rows]
        if self._adds:
            rows = [self._with_flags(obj, row) for obj, row in zip(objects, rows, strict=True)]
        if self.has_headings:
            rows.insert(0, self._headings())
            self.has_headings = False
        return tabwriter.format(rows, widths=self._widths)

    def _headings(self) -> list[str]:
        headings = list(self._names)
        if self._namespaced:
            headings.insert(0, "NAMESPACE")
        headings += [label.rpartition("/")[2].upper() for label in self._labels]
        if self._all_labels:
            headings.append("LABELS")
        return headings

    def _with_flags(self, obj: Object, row: list[str]) -> list[str]:
        """The cells with what flags change or add."""
        if self._with_kind:
            at = self._names.index("NAME") if "NAME" in self._names else 0
            name = row[at] if self._names[at] == "NAME" else name_of(obj)
            row[at] = f"{self._resource.printed}/{name}"
        if self._namespaced:
            row.insert(0, namespace_of(obj))
        labels = metadata(obj).get("labels") or {}
        row += [labels.get(label, "") for label in self._labels]
        if self._all_labels:
            row.append(",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>")
        return row


def _cut(cell: str) -> str:
    """A cell up to its first line break; no character that a terminal would obey."""
    if cell.isprintable():
        return cell
    first = re.split("[\f\n\r]", cell, maxsplit=1)[0]
    return (first if first == cell else f"{first}...").replace("\x1b", "^[")
