"""The way of an image pull as data: which hops a credential passes, where it fails, and which command mends that.

Drawn from the live cluster and the trace of the kubelet's last attempt; `trace_flow` changes nothing. `explain` tells
the same of what somebody exported from another cluster.
"""

from kubesim.flow.export import explain
from kubesim.flow.hops import trace_flow
from kubesim.flow.load import MAX_SIZE, ExportError, decode
from kubesim.flow.model import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop

__all__ = [
    "FAILED",
    "MAX_SIZE",
    "NOT_NEEDED",
    "NOT_REACHED",
    "PASSED",
    "SYMBOLS",
    "ExportError",
    "Flow",
    "Hop",
    "decode",
    "explain",
    "trace_flow",
]
