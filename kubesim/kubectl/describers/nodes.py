"""Formatters for Nodes: the Lease and the taints, which screens.json refers to by name.

Mirrors describeNode in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.errors import StatusError
from kubesim.api.formatters import formatter
from kubesim.api.humanize import long_time
from kubesim.kubectl.describers.screens import Items, Listed

# The interval at which a kubelet renews its Lease. The Lease isn't stored as an object, because only describe reads it.
_RENEWAL: Micros = 10 * SECOND


@formatter
def _taints(taints: Items) -> list[str]:
    texts = []
    for taint in taints or ():
        value = f"={taint['value']}" if taint.get("value") else ""
        texts.append(f"{taint['key']}{value}:{taint['effect']}")
    return sorted(texts)


@formatter
def _lease(node: str, leases: Listed, now: Micros) -> Iterator[str]:
    if isinstance(leases, StatusError):
        yield f"Lease:\tFailed to get lease: {leases}"
        return
    yield "Lease:"
    yield f"  HolderIdentity:\t{node}"
    yield "  AcquireTime:\t<unset>"
    yield f"  RenewTime:\t{long_time(rfc3339(now - now % _RENEWAL))}"
