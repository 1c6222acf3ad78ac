"""The flow picture: the path of an image pull at one moment, drawn by Graphviz.

Where Graphviz's `dot` is missing, as in a browser, and on a page too narrow for it, a chain of boxes in HTML and CSS
takes its place.
"""

from __future__ import annotations

import html
import re
import textwrap
from itertools import pairwise

import graphviz

from kubesim.flow.hops import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop, trace_flow
from kubesim.jupyter import card
from kubesim.jupyter.current import Seat, time_of_day

# The box of a state, by day: the theme's variables replace the colours on a JupyterLab page.
PAPER, INK = "#ffffff", "#1f2328"
LINES = {PASSED: "#1a7f37", FAILED: "#b3261e", NOT_REACHED: "#6e7781", NOT_NEEDED: "#6e7781"}
_BOXES = {
    PASSED: {"style": "rounded,filled", "penwidth": "1.5", "fillcolor": "#e6f4ea"},
    FAILED: {"style": "filled", "penwidth": "2.5", "fillcolor": "#fde7e9"},
    NOT_REACHED: {"style": "rounded,filled,dashed", "penwidth": "1.2", "fillcolor": "#f3f4f6"},
    NOT_NEEDED: {"style": "rounded,filled,dotted", "penwidth": "1.2", "fillcolor": "#f3f4f6"},
}
# The hop where the cause lies looks like a stop sign.
_CULPRIT = {"shape": "octagon", "penwidth": "3.5", "margin": "0,0.02"}
MAX_LINES = 9  # in a box: enough for three Secrets with their types and registries
FONT = "Arial"
WIDTH, LONGEST_WORD = 27, 40
"""Characters in a line of a box; a word that is longer makes the box wider, up to a limit."""


def dot(flow: Flow) -> graphviz.Digraph:
    """The flow as a Graphviz graph in two rows: what the cluster holds, and what the node does with it."""
    graph = graphviz.Digraph("flow")
    graph.attr(bgcolor=PAPER, nodesep="0.3", ranksep="0.28", margin="0.05", fontname=FONT)
    graph.attr("node", fontname=FONT, fontsize="12", fontcolor=INK, margin="0.14,0.09")
    graph.attr("edge", color=LINES[NOT_REACHED], penwidth="1.5", arrowsize="0.8")
    split = next(number for number, hop in enumerate(flow.hops) if hop.key == "kubelet")
    _row(graph, flow.hops[:split])
    _row(graph, flow.hops[split:])
    _turn(graph, flow.hops[split - 1], flow.hops[split], flow.hops[0])
    return graph


def _row(graph: graphviz.Digraph, hops: tuple[Hop, ...]) -> None:
    with graph.subgraph() as row:
        row.attr(rank="same")
        for hop in hops:
            box = {"shape": "box", **_BOXES[hop.state], **(_CULPRIT if hop.problem else {})}
            box |= {"class": f"hop {_slug(hop)}", "color": LINES[hop.state], "width": "2.2"}
            row.node(hop.key, _label(hop), **box)
        for before, after in pairwise(hops):
            row.edge(before.key, after.key, **_edge(after))


def _edge(after: Hop) -> dict[str, str]:
    reached = after.state in (PASSED, FAILED)
    return {"style": "solid" if reached else "dashed", "color": LINES[after.state], "class": f"way {_slug(after)}"}


def _slug(hop: Hop) -> str:
    return hop.state.replace(" ", "-")


def _turn(graph: graphviz.Digraph, before: Hop, after: Hop, first: Hop) -> None:
    """The path from the end of the first row back to the start of the second, with two corners."""
    path = _edge(after)
    corner = {"shape": "point", "width": "0.01", "label": "", "color": path["color"]}
    with graph.subgraph() as row:
        row.attr(rank="same")
        row.node("left", **corner)
        row.node("right", **corner)
    graph.edge("left", "right", arrowhead="none", constraint="false", **path)
    graph.edge(before.key, "right", arrowhead="none", weight="20", **path)
    graph.edge(first.key, "left", style="invis", weight="20")
    graph.edge("left", after.key, weight="20", **path)


def _label(hop: Hop) -> str:
    head = f"<b>{SYMBOLS[hop.state]} {html.escape(hop.title)}</b>  <i>{hop.state}</i>"
    lines = [line for words in hop.words for line in _wrapped(words)]
    return _left([head, *map(html.escape, lines[:MAX_LINES])])


def _wrapped(words: str) -> list[str]:
    longest = max(map(len, words.split()), default=0)
    return textwrap.wrap(words, max(WIDTH, min(longest, LONGEST_WORD)), break_on_hyphens=False)


def _left(lines: list[str]) -> str:
    return "<" + "".join(f"{line}<br align='left'/>" for line in lines) + ">"


def svg(flow: Flow) -> str | None:
    try:
        drawn = dot(flow).pipe(format="svg", encoding="utf-8", quiet=True)  # no warnings about fonts
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError):
        return None
    body = re.sub(r"<title>.*?</title>\n?|<!--.*?-->\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    label = html.escape(f"Flow of {flow.text()}", quote=True)
    style = 'style="max-width:100%;height:auto"'
    return body.replace("<svg ", f'<svg role="img" aria-label="{label}" {style} ', 1)


def chain(flow: Flow) -> str:
    """The picture without Graphviz or room for it: an ordered list, drawn as boxes and arrows by static/flow.css."""
    return f'<ol class="ks-chain">{"".join(map(_link, flow.hops))}</ol>'


def _link(hop: Hop) -> str:
    words = "".join(f"<div>{html.escape(text, quote=False)}</div>" for text in hop.words)
    head = f"<b>{SYMBOLS[hop.state]} {html.escape(hop.title)}</b> <i>{hop.state}</i>"
    culprit = " ks-culprit" if hop.problem else ""
    return f'<li class="ks-{_slug(hop)}{culprit}"><div>{head}</div>{words}</li>'


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
        """The picture, and for pages too narrow for it, or that show no SVG, the chain; below it what is wrong."""
        flow, drawn = self._flow, svg(self._flow) or ""
        links = chain(flow).replace("<ol ", "<ol hidden ", 1) if drawn else chain(flow)
        told = f'<div class="ks-advice">{advice(flow)}</div><p class="ks-stamp">{self._time}, simulated time</p>'
        broken = " ks-broken" if flow.cause else ""
        return f'<div class="ks-flow{broken}"><div class="ks-picture">{drawn}{links}</div>{told}</div>'


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
