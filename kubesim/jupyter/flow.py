"""The flow picture: the path of an image pull at one moment, drawn, told in words and with advice."""

from __future__ import annotations

import html
import re

from kubesim.flow.hops import Flow, trace_flow
from kubesim.jupyter import card, drawing
from kubesim.jupyter.current import Seat, time_of_day


def advice(flow: Flow) -> str:
    """What is under the picture: what is wrong and the commands that fix it, or that all is well."""
    if flow.cause is None:
        return f'<p class="ks-outcome">{html.escape(flow.outcome, quote=False)}</p>'
    title, problem = html.escape(flow.cause.title), html.escape(flow.cause.problem, quote=False)
    fix = card.listing(flow.cause.fix)
    return f"<p><b>What's wrong</b> ({title}): {problem}</p><p><b>How to fix it:</b></p>{fix}"


def story(flow: Flow) -> str:
    return card.listed((html.escape(sentence, quote=False) for sentence in flow.story), "ol")


def announcement(flow: Flow) -> str:
    """One sentence for a screen reader when the flow has changed."""
    return f"{flow.cause.title}: failed. {flow.cause.problem}" if flow.cause else flow.outcome


class Picture:
    """A flow as it was when it was drawn, as text and as a page, each with the simulated time."""

    def __init__(self, flow: Flow, time: str) -> None:
        self._flow, self._time = flow, time

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": f"{self._flow.text()}\n# {self._time}", "text/html": self._page()}

    def _page(self) -> str:
        """The picture, and for pages too narrow for it the chain; below it what is wrong."""
        flow = self._flow
        drawn = drawing.svg(flow) + drawing.chain(flow).replace("<ol ", "<ol hidden ", 1)
        told = f'<div class="ks-advice">{advice(flow)}</div><p class="ks-stamp">{self._time}, simulated time</p>'
        broken = " ks-broken" if flow.cause else ""
        return f'<div class="ks-flow{broken}"><div class="ks-picture">{drawn}</div>{told}</div>'


def target(arguments: str, usage: str) -> tuple[str, str, str | None] | None:
    """Namespace, Pod ("" if none) and container of `POD [-n NAMESPACE] [-c CONTAINER]`; None, after a line of usage."""
    options = "nc" if "CONTAINER" in usage else "n"
    wanted = re.fullmatch(rf"(?P<pod>\s+[^\s-]\S*)?(?P<options>(\s+-[{options}]\s+\S+)*)\s*", f" {arguments}")
    pod = (wanted["pod"] or "").strip().removeprefix("pod/").removeprefix("pods/") if wanted else ""
    if wanted is None or not (pod or "[POD]" in usage):
        print(f"kubesim: {usage}")  # noqa: T201
        return None
    given = dict(re.findall(r"-([nc])\s+(\S+)", wanted["options"]))
    return given.get("n", "default"), pod, given.get("c")


def picture(seat: Seat, namespace: str, pod: str, container: str | None = None) -> Picture:
    cluster = seat.session.cluster
    return Picture(trace_flow(cluster, namespace, pod, container), time_of_day(cluster.clock.now))


def why(arguments: str, seat: Seat) -> None:
    """Print why the Pod's image does not arrive (or how it did), or how to ask for that."""
    if found := target(arguments, "which Pod? %why POD [-n NAMESPACE] [-c CONTAINER]"):
        seat.session.explained.append(found[0])
        print(trace_flow(seat.session.cluster, *found).why())  # noqa: T201  # a cell's output
