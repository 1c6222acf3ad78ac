"""The path of an image pull at one moment, drawn, told in words and with advice."""

from __future__ import annotations

import html

from kubesim.flow.hops import trace_flow
from kubesim.flow.report import Flow
from kubesim.jupyter import drawing, markup
from kubesim.jupyter.current import Seat, time_of_day


def advice(flow: Flow) -> str:
    """What is under the picture: what is wrong and the commands that fix it, or that all is well."""
    if flow.cause is None:
        return f'<p class="ks-outcome">{html.escape(flow.outcome, quote=False)}</p>'
    title = html.escape(flow.cause.title)
    problem = html.escape(flow.cause.problem, quote=False)
    fix = markup.listing(flow.cause.fix)
    return f"<p><b>What's wrong</b> ({title}): {problem}</p><p><b>How to fix it:</b></p>{fix}"


def story(flow: Flow) -> str:
    return markup.listed((html.escape(sentence, quote=False) for sentence in flow.story), "ol")


def announcement(flow: Flow) -> str:
    """One sentence for a screen reader when the flow has changed."""
    return f"{flow.cause.title}: failed. {flow.cause.problem}" if flow.cause else flow.outcome


def picture(seat: Seat, namespace: str, pod: str, container: str | None = None) -> dict[str, str]:
    """A flow as it is now, as text and as a page, each with the simulated time."""
    cluster = seat.session.cluster
    flow = trace_flow(cluster, namespace, pod, container)
    time = time_of_day(cluster.clock.now)
    return {"text/plain": f"{flow.text()}\n# {time}", "text/html": _page(flow, time)}


def _page(flow: Flow, time: str) -> str:
    """The picture; below it what is wrong, and the same in words, both folded."""
    said = markup.details("What's wrong, and how to fix it", advice(flow)) if flow.cause else advice(flow)
    words = markup.details(f"{time}, simulated time: the picture in words", drawing.chain(flow))
    broken = " ks-broken" if flow.cause else ""
    parts = {"picture": drawing.image(flow), "advice": said, "twin": words}
    page = "".join(f'<div class="ks-{name}">{part}</div>' for name, part in parts.items())
    return f'<div class="ks-flow{broken}">{page}</div>'
