"""Table rows of `kubectl get`: pure functions of an object and the time.

Mirrors kubernetes pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.humanize import age
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.printers import pods, rows


class Column(NamedTuple):
    """One column: its heading, and whether only `-o wide` shows it."""

    name: str
    wide: bool = False


class _Printer(NamedTuple):
    columns: tuple[Column, ...]
    row: Callable[[Object, Micros], list[str]]


def _printer(headings: str, row: Callable[[Object, Micros], list[str]]) -> _Printer:
    """A printer whose headings are divided by two spaces; a leading "+" makes a column a wide one."""
    return _Printer(tuple(Column(name.lstrip("+"), name.startswith("+")) for name in headings.split("  ")), row)


def _unknown(obj: Object, now: Micros) -> list[str]:
    meta = obj["metadata"]
    return [meta.get("name", ""), age(meta.get("creationTimestamp"), now)]


_UNKNOWN = _printer("NAME  AGE", _unknown)
_POD = "NAME  READY  STATUS  RESTARTS  AGE  +IP  +NODE  +NOMINATED NODE  +READINESS GATES"
_NODE = "NAME  STATUS  ROLES  AGE  VERSION  +INTERNAL-IP  +EXTERNAL-IP  +OS-IMAGE  +KERNEL-VERSION  +CONTAINER-RUNTIME"
_EVENT = "LAST SEEN  TYPE  REASON  OBJECT  +SUBOBJECT  +SOURCE  MESSAGE  +FIRST SEEN  +COUNT  +NAME"
_BINDING = "NAME  ROLE  AGE  +USERS  +GROUPS  +SERVICEACCOUNTS"

_PRINTERS = {
    "ClusterRole": _printer("NAME  CREATED AT", rows.role),
    "ClusterRoleBinding": _printer(_BINDING, rows.role_binding),
    "ConfigMap": _printer("NAME  DATA  AGE", rows.config_map),
    "Deployment": _printer("NAME  READY  UP-TO-DATE  AVAILABLE  AGE  +CONTAINERS  +IMAGES  +SELECTOR", rows.deployment),
    "Event": _printer(_EVENT, rows.event),
    "Namespace": _printer("NAME  STATUS  AGE", rows.namespace),
    "Node": _printer(_NODE, rows.node),
    "Pod": _printer(_POD, pods.pod),
    "ReplicaSet": _printer("NAME  DESIRED  CURRENT  READY  AGE  +CONTAINERS  +IMAGES  +SELECTOR", rows.replica_set),
    "Role": _printer("NAME  CREATED AT", rows.role),
    "RoleBinding": _printer(_BINDING, rows.role_binding),
    "Secret": _printer("NAME  TYPE  DATA  AGE", rows.secret),
    "Service": _printer("NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE  +SELECTOR", rows.service),
}


def columns(kind: str) -> tuple[Column, ...]:
    """The columns of a kind's table, in screen order; NAME and AGE for a kind without a printer of its own."""
    return _PRINTERS.get(kind, _UNKNOWN).columns


def row(obj: Object, now: Micros) -> list[str]:
    """One cell for every column of the object's kind, wide ones too, in the order of `columns`."""
    return _PRINTERS.get(obj.get("kind", ""), _UNKNOWN).row(obj, now)


pod_status = pods.pod_status
pod_summary = pods.pod_summary

__all__ = ["Column", "columns", "pod_status", "pod_summary", "row"]
