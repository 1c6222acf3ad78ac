"""The commands `why POD`, for a pull in the running cluster, and `kubesim why`, for an export or a message.

`why` without a Pod explains what is piped into it, as `kubesim why -f -` does.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.cluster import Cluster
from kubesim.session.flow import trace_flow
from kubesim.session.usage import FILE_USAGE, USAGE
from kubesim.shell import Invocation, Options
from kubesim.why.export import explain_as_text
from kubesim.why.hide.redact import printable
from kubesim.why.read.load import ExportError
from kubesim.why.tell import report


def explain_pod(
    cluster: Cluster,
    namespace: str,
    on_why: Callable[[str], None],
    operands: list[str],
    options: Options,
    io: Invocation,
) -> int:
    """`why POD`: print the story of a Pod's last pull, and call `on_why` with the Pod's namespace if there is a story.

    `namespace` is the default namespace. Returns the exit status.
    """
    form = options.get("o", "text")
    if len(operands) != 1 or form not in report.FORMS:
        io.err(f"kubesim: which Pod? {USAGE}\n")
        return 1
    pod = printable(operands[0]).removeprefix("pod/").removeprefix("pods/")
    place = printable(options.get("n") or namespace)
    container = options.get("c")
    flow = trace_flow(cluster, place, pod, container and printable(container))
    io.out(f"{report.FORMS[form](flow)}\n")
    if not flow.story:
        return 1
    on_why(place)
    return 0


def explain_files(operands: list[str], options: Options, io: Invocation) -> int:
    """`kubesim why`: explain exports from any cluster (`-f FILE`, or `-f -` for stdin), or a message.

    Returns the exit status.
    """
    names = options.get("f", "").splitlines()
    form = options.get("o", "text")
    answer = options.get("a", "")
    if bool(names) == bool(operands) or form not in report.FORMS or answer not in ("", "yes", "no"):
        io.err(f"Usage: {FILE_USAGE}\n")
        return 2
    texts: dict[str, str | bytes] = {"the message": " ".join(operands)} if operands else {}
    for name in dict.fromkeys(names):
        try:
            texts[name] = io.read(name).encode("utf-8", "surrogateescape")
        except OSError as error:
            io.err(f"kubesim: {printable(name)}: {error.strerror}\n")
            return 1
    return _explain_texts(texts, options, io)


def explain_piped(text: str, options: Options, io: Invocation) -> int:
    """`… | why`: explain what another command printed. Returns the exit status."""
    if options.get("o", "text") not in report.FORMS:
        io.err(f"Usage: {USAGE}\n")
        return 2
    return _explain_texts({"-": text}, options, io)


def _explain_texts(texts: dict[str, str | bytes], options: Options, io: Invocation) -> int:
    """Print the explanations of texts, given by the names of their files. Returns the exit status."""
    pod, form, answer = (options.get(letter, default) for letter, default in (("p", ""), ("o", "text"), ("a", "")))
    try:
        io.out(explain_as_text(list(texts.values()), pod, form, answer, whole="A" in options))
    except ExportError as error:
        io.err(f"kubesim: {printable(error.blamed(list(texts)))}: {error}\n")
        return 1
    return 0
