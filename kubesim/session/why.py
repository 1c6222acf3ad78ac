"""The tools `why POD`, which explains a pull in the running cluster, and `kubesim why`, which explains an export."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.cluster import Cluster
from kubesim.shell import Declaration, Invocation, Options, Tool

USAGE = "why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]"
FILE_USAGE = "kubesim why (-f FILE [-f FILE]... [--pod NAME] [--answer yes|no] [-o markdown|json] | MESSAGE)"
FORMS = ("text", "markdown", "json")
ANSWERS = ("", "yes", "no")
# What the tools need is imported when they are first used: every session has `why`, few ask it first.


def why_tool(cluster: Callable[[], Cluster], namespace: Callable[[], str], on_why: Callable[[str], None]) -> Tool:
    """`why POD`: the story of the last attempt to get its image, in the cluster and namespace that are current then.

    `on_why` is called with the namespace of a Pod that was explained.
    """

    @Declaration(USAGE, "n:/namespace c:/container o:/output", example="why web").tool
    def why(operands: list[str], options: Options, io: Invocation) -> int:
        from kubesim.session.flow import trace_flow
        from kubesim.why.hide.redact import printable
        from kubesim.why.tell import report

        form = options.get("o", "text")
        if len(operands) != 1 or form not in FORMS:
            io.err(f"kubesim: which Pod? {USAGE}\n")
            return 1
        pod = printable(operands[0]).removeprefix("pod/").removeprefix("pods/")
        place = printable(options.get("n") or namespace())
        container = options.get("c")
        flow = trace_flow(cluster(), place, pod, container and printable(container))
        io.out(f"{report.FORMS[form](flow)}\n")
        if flow.story:
            on_why(place)
        return 0 if flow.story else 1

    return why


@Declaration(FILE_USAGE, "f*/filename p:/pod a:/answer o:/output").tool
def why_file(operands: list[str], options: Options, io: Invocation) -> int:
    """`kubesim why -f FILE`: the same for an export from any cluster (FILE may be "-"), or for a message."""
    from kubesim.why.export import explain
    from kubesim.why.hide.redact import printable
    from kubesim.why.read.load import ExportError

    names = options.get("f", "").splitlines()
    form = options.get("o", "text")
    answer = options.get("a", "")
    if bool(names) == bool(operands) or form not in FORMS or answer not in ANSWERS:
        io.err(f"Usage: {FILE_USAGE}\n")
        return 2
    texts: dict[str, str | bytes] = {"the message": " ".join(operands)} if operands else {}
    for name in dict.fromkeys(names):
        try:
            texts[name] = io.read(name).encode("utf-8", "surrogateescape")
        except OSError as error:
            io.err(f"kubesim: {printable(name)}: {error.strerror}\n")
            return 1
    try:
        io.out(explain(list(texts.values()), options.get("p", ""), form, answer))
    except ExportError as error:
        io.err(f"kubesim: {printable(error.blamed(list(texts)))}: {error}\n")
        return 1
    return 0
