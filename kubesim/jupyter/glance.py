"""The cluster at a glance, a view of the workbench: a few words for each object, from the columns of `kubectl get`."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    SECRET,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
)
from kubesim.cluster.apiserver import printers
from kubesim.jupyter.screen import status_sign

# The kinds shown of each namespace, in this order, and the columns of `kubectl get` shown of each.
KINDS = {
    DEPLOYMENT: "{READY}",
    STATEFUL_SET: "{READY}",
    DAEMON_SET: "{READY}/{DESIRED}",
    CRON_JOB: "{SCHEDULE}",
    JOB: "{STATUS}",
    POD: "{READY} {STATUS}",
    SECRET: "{TYPE}",
    SERVICE_ACCOUNT: "",
}
_COLUMNS_BY_KIND = {resource.kind: words for resource, words in KINDS.items()}


class Glance(NamedTuple):
    """An object in a few words. `sign` is ✓, … or ✗ for a Pod that is well, waiting or failing; "" for other kinds."""

    kind: str
    name: str
    words: str
    sign: str


def glance(obj: Object, now: Micros) -> Glance:
    """Describe an object, whose kind must be one of KINDS. Ages are relative to `now`."""
    kind = obj["kind"]
    headings = [column.name for column in printers.columns(kind)]
    cells = dict(zip(headings, printers.row(obj, now), strict=True))
    words = _COLUMNS_BY_KIND[kind].format_map(cells).removeprefix("kubernetes.io/")
    if kind == "ServiceAccount":
        words = _pull_secrets(obj)
    return Glance(kind, name_of(obj), words, status_sign(cells["STATUS"]) if kind == "Pod" else "")


def _pull_secrets(account: Object) -> str:
    names = [reference.get("name", "") for reference in account.get("imagePullSecrets") or ()]
    return f"pulls with {', '.join(names)}" if names else ""
