"""Table rows of `kubectl get`: pure functions of an object and the time.

Mirrors kubernetes pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.humanize import age
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.printers import rows

Cells = Callable[[Object, Micros], list[str]]


class Column(NamedTuple):
    """One column: its heading, and whether only `-o wide` shows it."""

    name: str
    wide: bool = False


class _Printer(NamedTuple):
    """`narrow` may leave out the cells after the last column that is no wide one."""

    columns: tuple[Column, ...]
    row: Cells
    narrow: Cells


def _printer(headings: str, cells: Cells, narrow: Cells | None = None) -> _Printer:
    """A printer whose headings are divided by two spaces; a leading "+" makes a column a wide one.

    `cells` gives all cells but NAME and AGE, or indeed all where NAME isn't first; `narrow` is quicker and gives fewer.
    """
    names = headings.split("  ")
    columns = tuple(Column(name.lstrip("+"), name.startswith("+")) for name in names)
    if names[0] != "NAME":
        return _Printer(columns, cells, cells)
    age_at = names.index("AGE") if "AGE" in names else 0
    return _Printer(columns, partial(_named, cells, age_at), partial(_named, narrow or cells, age_at))


def _named(cells: Cells, age_at: int, obj: Object, now: Micros) -> list[str]:
    meta = obj["metadata"]
    row = cells(obj, now)
    row.insert(0, meta.get("name", ""))
    if age_at:
        row.insert(age_at, age(meta.get("creationTimestamp"), now))
    return row


_UNKNOWN = _printer("NAME  AGE", lambda obj, now: [])
_BINDING = _printer("NAME  ROLE  AGE  +USERS  +GROUPS  +SERVICEACCOUNTS", rows.role_binding)
_ROLE = _printer("NAME  CREATED AT", rows.role)
_REPLICAS = "NAME  DESIRED  CURRENT  READY"
_TEMPLATE = "AGE  +CONTAINERS  +IMAGES  +SELECTOR"

_PRINTERS = {
    "ClusterRole": _ROLE,
    "ClusterRoleBinding": _BINDING,
    "ConfigMap": _printer("NAME  DATA  AGE", rows.config_map),
    "ControllerRevision": _printer("NAME  CONTROLLER  REVISION  AGE", rows.controller_revision),
    "CronJob": _printer(f"NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  {_TEMPLATE}", rows.cron_job),
    "DaemonSet": _printer(f"{_REPLICAS}  UP-TO-DATE  AVAILABLE  NODE SELECTOR  {_TEMPLATE}", rows.daemon_set),
    "Deployment": _printer(f"NAME  READY  UP-TO-DATE  AVAILABLE  {_TEMPLATE}", rows.deployment),
    "Event": _printer(
        "LAST SEEN  TYPE  REASON  OBJECT  +SUBOBJECT  +SOURCE  MESSAGE  +FIRST SEEN  +COUNT  +NAME",
        rows.event,
    ),
    "Job": _printer(f"NAME  STATUS  COMPLETIONS  DURATION  {_TEMPLATE}", rows.job),
    "Namespace": _printer("NAME  STATUS  AGE", rows.namespace),
    "Node": _printer(
        "NAME  STATUS  ROLES  AGE  VERSION  +INTERNAL-IP  +EXTERNAL-IP  +OS-IMAGE  +KERNEL-VERSION  +CONTAINER-RUNTIME",
        rows.node,
    ),
    "Pod": _printer(
        "NAME  READY  STATUS  RESTARTS  AGE  +IP  +NODE  +NOMINATED NODE  +READINESS GATES",
        rows.pod,
        rows.narrow_pod,
    ),
    "ReplicaSet": _printer(f"{_REPLICAS}  {_TEMPLATE}", rows.replica_set),
    "Role": _ROLE,
    "RoleBinding": _BINDING,
    "Secret": _printer("NAME  TYPE  DATA  AGE", rows.secret),
    "Service": _printer("NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE  +SELECTOR", rows.service),
    "StatefulSet": _printer("NAME  READY  AGE  +CONTAINERS  +IMAGES", rows.stateful_set),
}


def columns(kind: str) -> tuple[Column, ...]:
    """The columns of a kind's table, in screen order; NAME and AGE for a kind without a printer of its own."""
    return _PRINTERS.get(kind, _UNKNOWN).columns


def row(obj: Object, now: Micros) -> list[str]:
    """One cell for every column of the object's kind, wide ones too, in the order of `columns`."""
    return _PRINTERS.get(obj.get("kind", ""), _UNKNOWN).row(obj, now)


def row_of(kind: str, wide: bool) -> Cells:
    """What makes the cells of one object of a kind, perhaps without those after the last column that is shown."""
    printer = _PRINTERS.get(kind, _UNKNOWN)
    return printer.row if wide else printer.narrow


pod_status = rows.pod_status
pod_summary = rows.pod_summary

__all__ = ["Column", "columns", "pod_status", "pod_summary", "row", "row_of"]
