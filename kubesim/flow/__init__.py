"""The pull of an image as data: the hops that a credential passes, where it fails, and which command fixes that.

Drawn from the live cluster and the trace of the kubelet's last attempt; `trace_flow` changes nothing. `explain` does
the same for what was exported from a different cluster. The tools are `why POD` and `kubesim why -f FILE`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kubesim.cluster import Cluster
from kubesim.shell import Invocation, Tool
from kubesim.shell.tools import Options, tool

if TYPE_CHECKING:
    from kubesim.flow.export import explain
    from kubesim.flow.hops import trace_flow
    from kubesim.flow.load import MAX_SIZE, ExportError, decode
    from kubesim.flow.model import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop

# The module of each name. It is imported when the name is first used: every session has `why`, few ask it first.
_MODULES = {
    "export": ("explain",),
    "hops": ("trace_flow",),
    "load": ("MAX_SIZE", "ExportError", "decode"),
    "model": ("FAILED", "NOT_NEEDED", "NOT_REACHED", "PASSED", "SYMBOLS", "Flow", "Hop"),
}


def __getattr__(name: str) -> Any:
    module = next((module for module, names in _MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)


__all__ = ["FAILED", "MAX_SIZE", "NOT_NEEDED", "NOT_REACHED", "PASSED", "SYMBOLS", "ExportError", "Flow", "Hop"]
__all__ += ["decode", "explain", "trace_flow", "why_file", "why_tool"]

USAGE = "why POD [-n NAMESPACE] [-c CONTAINER]"
FILE_USAGE = "kubesim why -f FILE [--pod NAME]"


def why_tool(cluster: Callable[[], Cluster], namespace: Callable[[], str], on_why: Callable[[str], None]) -> Tool:
    """`why POD`: the story of the last attempt to get its image, in the cluster and namespace that are current then.

    `on_why` is called with the namespace of a Pod that was explained.
    """

    @tool(USAGE, "n:c:", {"namespace=": "n", "container=": "c"}, example="why web")
    def why(operands: list[str], options: Options, io: Invocation) -> int:
        if len(operands) != 1:
            io.err(f"kubesim: which Pod? {USAGE}\n")
            return 1
        pod = operands[0].removeprefix("pod/").removeprefix("pods/")
        place = options.get("n") or namespace()
        flow = __getattr__("trace_flow")(cluster(), place, pod, options.get("c"))
        io.out(f"{flow.why()}\n")
        if flow.story:
            on_why(place)
        return 0 if flow.story else 1

    return why


@tool(FILE_USAGE, "f:", {"filename=": "f", "pod=": "pod"})
def why_file(operands: list[str], options: Options, io: Invocation) -> int:
    """`kubesim why -f FILE`: the same for an export from any cluster; FILE may be "-"."""
    if operands or not options.get("f"):
        io.err(f"Usage: {FILE_USAGE}\n")
        return 2
    load, export = (import_module(f"{__name__}.{module}") for module in ("load", "export"))
    try:
        text = load.decode(io.read(options["f"]).encode("utf-8", "surrogateescape"))
        io.out(export.explain(text, options.get("pod", "")))
    except load.ExportError as error:
        io.err(f"kubesim: {options['f']}: {error}\n")
        return 1
    return 0
