"""The flow picture: the way of an image pull, drawn by Graphviz, following the cluster as commands run.

Where Graphviz's `dot` is not installed, in a browser without processes, and on a page too narrow to read it, a chain of
boxes in HTML and CSS takes its place. (A WebAssembly Graphviz would cost a dependency of megabytes for seven boxes, and
leave nothing in the notebook.)
"""

from __future__ import annotations

import html
import re
import textwrap
from itertools import pairwise
from typing import Any

import anywidget
import graphviz
import traitlets
from IPython.display import display

from kubesim.flow import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop, trace_flow
from kubesim.jupyter import markup
from kubesim.jupyter.assets import static
from kubesim.jupyter.current import Seat

# How a state looks besides its symbol and its word: the shape of the box and the line around it.
LOOKS = {
    PASSED: {"shape": "box", "style": "rounded,filled", "penwidth": "1.5"},
    FAILED: {"shape": "box", "style": "filled", "penwidth": "2.5"},
    NOT_REACHED: {"shape": "box", "style": "rounded,filled,dashed", "penwidth": "1.2"},
    NOT_NEEDED: {"shape": "box", "style": "rounded,filled,dotted", "penwidth": "1.2"},
}
# Lines of words in a box: enough for three Secrets with their types and registries.
MAX_LINES = 9
CULPRIT = {"shape": "octagon", "penwidth": "3.5", "margin": "0,0.02"}
"""The hop where the cause lies stands out as a stop sign does."""
# Colours by day, and the theme's variables that replace them on a JupyterLab page.
PAPER, INK = "#ffffff", "#1f2328"
TINTS = {PASSED: "#e6f4ea", FAILED: "#fde7e9", NOT_REACHED: "#f3f4f6", NOT_NEEDED: "#f3f4f6"}
LINES = {PASSED: "#1a7f37", FAILED: "#b3261e", NOT_REACHED: "#6e7781", NOT_NEEDED: "#6e7781"}
FONT, MONOSPACED = "Arial", "Courier New"
WIDTH, LONGEST_WORD = 27, 40
"""Characters in a line of a box; a word that is longer makes the box wider, up to a limit."""


def dot(flow: Flow, with_mend: bool = False) -> graphviz.Digraph:
    """The flow as a Graphviz graph in two rows: what the cluster was told, and what the node does with it.

    `with_mend` adds what is wrong and how to mend it, for where no HTML stands under the picture.
    """
    graph = graphviz.Digraph("flow")
    graph.attr(bgcolor=PAPER, nodesep="0.3", ranksep="0.28", margin="0.05", fontname=FONT)
    graph.attr("node", fontname=FONT, fontsize="12", fontcolor=INK, margin="0.14,0.09")
    graph.attr("edge", color=LINES[NOT_REACHED], penwidth="1.5", arrowsize="0.8")
    split = next(number for number, hop in enumerate(flow.hops) if hop.key == "kubelet")
    _row(graph, flow.hops[:split])
    _row(graph, flow.hops[split:])
    _turn(graph, flow.hops[split - 1], flow.hops[split], flow.hops[0])
    if with_mend and flow.cause:
        _callout(graph, flow, flow.cause)
    return graph


def _row(graph: graphviz.Digraph, hops: tuple[Hop, ...]) -> None:
    with graph.subgraph() as row:
        row.attr(rank="same")
        for hop in hops:
            look = {**LOOKS[hop.state], **(CULPRIT if hop.problem else {})}
            look |= {"class": f"hop {_slug(hop)}", "fillcolor": TINTS[hop.state], "color": LINES[hop.state]}
            row.node(hop.key, _label(hop), width="2.2", **look)
        for before, after in pairwise(hops):
            row.edge(before.key, after.key, **_edge(after))


def _edge(after: Hop) -> dict[str, str]:
    reached = after.state in (PASSED, FAILED)
    return {"style": "solid" if reached else "dashed", "color": LINES[after.state], "class": f"way {_slug(after)}"}


def _slug(hop: Hop) -> str:
    return hop.state.replace(" ", "-")


def _turn(graph: graphviz.Digraph, before: Hop, after: Hop, first: Hop) -> None:
    """The way from the end of the first row back to the beginning of the second, with two corners."""
    corner = {"shape": "point", "width": "0.01", "label": ""}
    way = {**_edge(after)}
    with graph.subgraph() as row:
        row.attr(rank="same")
        row.node("left", **corner, color=way["color"])
        row.node("right", **corner, color=way["color"])
    graph.edge("left", "right", arrowhead="none", constraint="false", **way)
    graph.edge(before.key, "right", arrowhead="none", weight="20", **way)
    graph.edge(first.key, "left", style="invis", weight="20")
    graph.edge("left", after.key, weight="20", **way)


def _label(hop: Hop) -> str:
    head = f"<b>{SYMBOLS[hop.state]} {html.escape(hop.title)}</b>  <i>{hop.state}</i>"
    lines = [line for words in hop.words for line in _wrapped(words)]
    return _left([head, *map(html.escape, lines[:MAX_LINES])])


def _wrapped(words: str) -> list[str]:
    longest = max(map(len, words.split()), default=0)
    return textwrap.wrap(words, max(WIDTH, min(longest, LONGEST_WORD)), break_on_hyphens=False)


def _callout(graph: graphviz.Digraph, flow: Flow, cause: Hop) -> None:
    problem = textwrap.wrap(cause.problem, 90, break_on_hyphens=False)
    code = [line for command in cause.fix for line in markup.folded(command)]
    lines = [f"<b>What is wrong</b>&#160; ({html.escape(cause.title)})", *map(html.escape, problem), "<b>Mend it</b>"]
    lines += [f"<font face='{MONOSPACED}' point-size='11'>{html.escape(line)}</font>" for line in code]
    look = {"shape": "note", "style": "filled", "fillcolor": PAPER, "color": LINES[FAILED]}
    graph.node("mend", _left(lines), **look)
    graph.edge(flow.hops[-2].key, "mend", style="invis", weight="50")


def _left(lines: list[str]) -> str:
    return "<" + "".join(f"{line}<br align='left'/>" for line in lines) + ">"


def svg(flow: Flow, with_mend: bool = False) -> str | None:
    """The picture as SVG that stands in a page or alone, None where there is no Graphviz to draw it."""
    try:
        drawn = dot(flow, with_mend).pipe(format="svg", encoding="utf-8", quiet=True)  # fonts are grumbled about
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError):
        return None
    return _dressed(drawn, flow)


def _dressed(drawn: str, flow: Flow) -> str:
    """Without prolog and tooltips, with a name for screen readers, and as wide as the page lets it be."""
    body = re.sub(r"<title>.*?</title>\n?|<!--.*?-->\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    label = html.escape(f"Flow of {flow.text()}", quote=True)
    style = 'style="max-width:100%;height:auto"'
    return body.replace("<svg ", f'<svg role="img" aria-label="{label}" {style} ', 1)


def written(flow: Flow) -> str:
    """The flow's text as SVG: what a notebook keeps where there is no Graphviz."""
    wrap = textwrap.TextWrapper(96, subsequent_indent="    ", break_on_hyphens=False)
    lines = [part for line in flow.text().splitlines() for part in wrap.wrap(line)]
    width, height = 8 * max(map(len, lines)) + 20, 20 * len(lines) + 20
    rows = (f'<text x="10" y="{20 * number + 25}">{html.escape(line)}</text>' for number, line in enumerate(lines))
    size = f'width="{width}" height="{height}"'
    frame = f'{size} viewBox="0 0 {width} {height}" font-family="monospace" font-size="13" fill="{INK}"'
    paper = f'<rect {size} fill="{PAPER}"/>'
    return _dressed(f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>{paper}{"".join(rows)}</svg>', flow)


def chain(flow: Flow) -> str:
    """The picture without Graphviz or room for it: an ordered list, drawn as boxes and arrows by static/flow.css."""
    items = "".join(_link(hop) for hop in flow.hops)
    return f'<ol class="ks-chain">{items}</ol>'


def _link(hop: Hop) -> str:
    words = "".join(f"<div>{html.escape(text, quote=False)}</div>" for text in hop.words)
    head = f"<b>{SYMBOLS[hop.state]} {html.escape(hop.title)}</b> <i>{hop.state}</i>"
    culprit = " ks-culprit" if hop.problem else ""
    return f'<li class="ks-{_slug(hop)}{culprit}"><div>{head}</div>{words}</li>'


def advice(flow: Flow) -> str:
    """What stands under the picture: what is wrong and the commands that mend it, or that all is well."""
    if flow.cause is None:
        return f'<p class="ks-outcome">{html.escape(flow.outcome, quote=False)}</p>'
    commands = markup.listing(flow.cause.fix)
    problem = html.escape(flow.cause.problem, quote=False)
    title = html.escape(flow.cause.title)
    return f"<p><b>What is wrong</b> ({title}): {problem}</p><p><b>Mend it:</b></p>{commands}"


def story(flow: Flow) -> str:
    """What the button "Why?" unfolds: the last attempt, step by step; "" where there is nothing to tell."""
    items = "".join(f"<li>{html.escape(sentence, quote=False)}</li>" for sentence in flow.story)
    return items and f"<ol>{items}</ol>"


def announcement(flow: Flow) -> str:
    """One sentence for a screen reader when the flow has changed."""
    return f"{flow.cause.title}: failed. {flow.cause.problem}" if flow.cause else flow.outcome


class FlowPicture(anywidget.AnyWidget):
    """A live flow picture of one container's image."""

    _esm = static("flow.js")
    _css = static("flow.css")

    view = traitlets.Dict().tag(sync=True)
    """`picture`, `advice` and `story` as HTML, whether something is `broken`, and the `news` to read out."""

    def __init__(self, seat: Seat, namespace: str, pod: str, container: str | None = None) -> None:
        super().__init__()
        self._seat = seat
        self._target = (namespace, pod, container)
        self._flow: Flow | None = None
        self._follow()
        seat.on_change(self._follow)

    @property
    def flow(self) -> Flow:
        """The flow as it is now."""
        return trace_flow(self._seat.session.cluster, *self._target)

    def _follow(self) -> None:
        flow = self.flow
        if flow == self._flow:
            return
        first, self._flow = self._flow is None, flow
        news = "" if first else announcement(flow)
        picture = (svg(flow) or "") + chain(flow)
        shown = {"picture": picture, "advice": advice(flow), "story": story(flow)}
        self.view = {**shown, "broken": flow.cause is not None, "news": news}

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        flow = self.flow
        faces = {"text/plain": flow.text(), "image/svg+xml": svg(flow, with_mend=True) or written(flow)}
        return {**bundle, **faces}, metadata


def show(arguments: str, seat: Seat) -> None:
    """Display the flow of `POD [-n NAMESPACE] [-c CONTAINER]`, or say how to ask for one."""
    if target := _target(arguments, "%flow"):
        seat.session.explained.append(target[0])
        display(FlowPicture(seat, *target))


def why(arguments: str, seat: Seat) -> None:
    """Print why the Pod's image does not arrive (or how it did), or say how to ask for it."""
    if target := _target(arguments, "%why"):
        seat.session.explained.append(target[0])
        print(trace_flow(seat.session.cluster, *target).why())  # noqa: T201  # a cell's output


def _target(arguments: str, magic: str) -> tuple[str, str, str | None] | None:
    """Namespace, Pod and container; None, and a line that says so, where they are not asked for in that form."""
    wanted = re.fullmatch(r"\s*(?P<pod>[^\s-]\S*)(?P<options>(\s+-[nc]\s+\S+)*)\s*", arguments)
    if wanted is None:
        print(f"kubesim: which Pod? {magic} POD [-n NAMESPACE] [-c CONTAINER]")  # noqa: T201
        return None
    options = dict(re.findall(r"-([nc])\s+(\S+)", wanted["options"]))
    pod = wanted["pod"].removeprefix("pod/").removeprefix("pods/")
    return options.get("n", "default"), pod, options.get("c")
