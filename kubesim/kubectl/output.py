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


def print_result(call: Call, resource: Resource, obj: Object, operation: str, typed: bool = False) -> None:
    """Report that `operation` ("created", "configured") was done to `obj`, or print it in the format of -o.

    `typed` says that kubectl holds the object as a Go struct, see Format.render.
    """
    if call.command.prints_each:
        call.format = None
    form = call.output_format()
    if form.is_table:
        suffix = "" if call.command.hides_dry_run else DRY_RUN_SUFFIX[call.dry_run]
        call.say(f"{resource.printed}/{name_of(obj) or '<unknown>'} {operation}{suffix}\n")
    else:
        call.say(form.render(in_go_order(resource, obj) if typed else obj, typed))


def nothing_found(call: Call, namespaced: bool = True) -> str:
    """What kubectl reports where a list is empty."""
    is_everywhere = call.flags.get("all-namespaces") or not namespaced
    return "No resources found\n" if is_everywhere else f"No resources found in {call.namespace} namespace.\n"


class Table:
    """Prints objects of one type; of a watch, line after line with the widths that the columns have got.

    `with_kind` writes "pod/web" instead of "web", as for several types at once; `shown` are other headings and cells
    than those of the type. While it `has_headings`, they are still to be printed.
    """

    def __init__(
        self, call: Call, resource: Resource, with_kind: bool, shown: tuple[list[str], printers.Cells] | None = None
    ) -> None:
        flags = call.flags
        self._resource = resource
        self._with_kind = with_kind or bool(flags.get("show-kind"))
        self._namespaced = bool(flags.get("all-namespaces")) and resource.namespaced
        self._labels: Sequence[str] = flags.get("label-columns") or ()
        self._all_labels = bool(flags.get("show-labels"))
        self.has_headings = not flags.get("no-headers")
        wide = flags.get("output") == "wide"
        self._kind = resource.kind if flags.get("server-print", True) else ""
        names = [column.name for column in printers.columns(self._kind, wide)]
        self._names, self._cells = shown or (names, printers.row_of(self._kind, wide))
        self._is_cut = shown is None
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
            head, last = ["NAMESPACE"] * self._namespaced, ["LABELS"] * self._all_labels
            rows.insert(0, [*head, *self._names, *(label.rpartition("/")[2].upper() for label in self._labels), *last])
            self.has_headings = False
        return tabwriter.format(rows, widths=self._widths)

    def _with_flags(self, obj: Object, shown: list[str]) -> list[str]:
        """The cells with what flags change or add."""
        if self._with_kind:
            at = self._names.index("NAME") if "NAME" in self._names else 0
            name = shown[at] if self._names[at] == "NAME" else name_of(obj)
            shown[at] = f"{self._resource.printed}/{name}"
        if self._namespaced:
            shown.insert(0, namespace_of(obj))
        labels = metadata(obj).get("labels") or {}
        shown += [labels.get(label, "") for label in self._labels]
        if self._all_labels:
            shown.append(",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>")
        return shown


def _cut(cell: str) -> str:
    """A cell up to its first line break; no character that a terminal would obey."""
    if cell.isprintable():
        return cell
    first = re.split("[\f\n\r]", cell, maxsplit=1)[0]
    return (first if first == cell else f"{first}...").replace("\x1b", "^[")
