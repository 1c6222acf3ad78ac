"""The tools that tell why an image does not arrive: `why POD` here, `kubesim why -f FILE` in somebody's cluster."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.cluster import Cluster
from kubesim.flow import ExportError, decode, explain, trace_flow
from kubesim.shell import Invocation, Tool
from kubesim.shell.tools.tool import Options, tool

USAGE = "why POD [-n NAMESPACE] [-c CONTAINER]"
FILE_USAGE = "kubesim why -f FILE [--pod NAME]"


def why_tool(cluster: Callable[[], Cluster], namespace: Callable[[], str], told: Callable[[str], None]) -> Tool:
    """`why POD`: the story of the last attempt to get its image, in the cluster and namespace that are current then.

    `told` hears the namespace of a Pod whose story was told.
    """

    @tool(USAGE, "n:c:", {"namespace=": "n", "container=": "c"}, example="why web")
    def why(operands: list[str], options: Options, io: Invocation) -> int:
        if len(operands) != 1:
            io.err(f"kubesim: which Pod? {USAGE}\n")
            return 1
        pod = operands[0].removeprefix("pod/").removeprefix("pods/")
        place = options.get("n") or namespace()
        flow = trace_flow(cluster(), place, pod, options.get("c"))
        io.out(f"{flow.why()}\n")
        if flow.story:
            told(place)
        return 0 if flow.story else 1

    return why


@tool(FILE_USAGE, "f:", {"filename=": "f", "pod=": "pod"})
def why_file(operands: list[str], options: Options, io: Invocation) -> int:
    """`kubesim why -f FILE`: the same for what somebody exported; FILE may be "-"."""
    if operands or not options.get("f"):
        io.err(f"Usage: {FILE_USAGE}\n")
        return 2
    try:
        text = decode(io.read(options["f"]).encode("utf-8", "surrogateescape"))
        io.out(explain(text, options.get("pod", "")))
    except ExportError as error:
        io.err(f"kubesim: {options['f']}: {error}\n")
        return 1
    return 0
