"""Two drawings of one flow: by Graphviz where its `dot` is installed, else by a layout of our own.

Both show the same hops in the same two rows, with the same states, shapes and words. A page that is too narrow for
two rows shows a chain of boxes instead.
"""

from __future__ import annotations

import html
import re
import textwrap
from itertools import pairwise

import graphviz

from kubesim.flow.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop

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
    above, below = _rows(flow)
    _row(graph, above)
    _row(graph, below)
    _turn(graph, above[-1], below[0], above[0])
    return graph


def _row(graph: graphviz.Digraph, hops: tuple[Hop, ...]) -> None:
    with graph.subgraph() as row:
        row.attr(rank="same")
        for hop in hops:
            box = {"shape": "box", **_BOXES[hop.state], **(_CULPRIT if hop.is_cause else {})}
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
    return "<" + "".join(f"{line}<br align='left'/>" for line in [head, *map(html.escape, _lines(hop))]) + ">"


def _lines(hop: Hop) -> list[str]:
    lines: list[str] = []
    for words in hop.words:
        longest = max(map(len, words.split()), default=0)
        lines += textwrap.wrap(words, max(WIDTH, min(longest, LONGEST_WORD)), break_on_hyphens=False)
    return lines[:MAX_LINES]


def _rows(flow: Flow) -> tuple[tuple[Hop, ...], tuple[Hop, ...]]:
    split = next(number for number, hop in enumerate(flow.hops) if hop.key == "kubelet")
    return flow.hops[:split], flow.hops[split:]


def svg(flow: Flow) -> str:
    """The picture in two rows as an <svg> element."""
    try:
        drawn = dot(flow).pipe(format="svg", encoding="utf-8", quiet=True)  # no warnings about fonts
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError):
        return _layout(flow)
    body = re.sub(r"<title>.*?</title>\n?|<!--.*?-->\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    return body.replace("<svg ", f"<svg {_attributes(flow)} ", 1)


def chain(flow: Flow) -> str:
    """The hops one below the other, for a narrow page: an ordered list, drawn as boxes by static/flow.css."""
    return f'<ol class="ks-chain">{"".join(map(_link, flow.hops))}</ol>'


def _link(hop: Hop) -> str:
    words = "".join(f"<div>{html.escape(text, quote=False)}</div>" for text in hop.words)
    head = f"<b>{SYMBOLS[hop.state]} {html.escape(hop.title)}</b> <i>{hop.state}</i>"
    culprit = " ks-culprit" if hop.is_cause else ""
    return f'<li class="ks-{_slug(hop)}{culprit}"><div>{head}</div>{words}</li>'


def _attributes(flow: Flow) -> str:
    label = html.escape(f"Flow of {flow.text()}", quote=True)
    return f'role="img" aria-label="{label}" style="max-width:100%;height:auto"'


# --- our own layout, in points as Graphviz counts

LETTER = 6.9
LINE = 16
PADDING = 12
GAP = 36
MARGIN = 6
"""The width of a letter of Arial at 12 pt, the height of a line, and the space in a box, between boxes and around."""
NARROWEST = 160
ROUND, CUT = 8, 14  # how much of a corner goes: of a round one, and of an octagon's
_DASHES = {NOT_REACHED: ' stroke-dasharray="6 4"', NOT_NEEDED: ' stroke-dasharray="2 4"'}


def _layout(flow: Flow) -> str:
    """Each row from the left; an arrow leads to each box from the one before, to the second row from the end above."""
    drawn = list[str]()
    y = MARGIN
    end = 0
    middle = 0
    for row in _rows(flow):
        x, height = MARGIN, 2 * PADDING + LINE * max(1 + len(_lines(hop)) for hop in row)
        for number, hop in enumerate(row):
            width = _width(hop)
            centre, half = x + width // 2, y + height // 2
            if number:
                drawn.append(_arrow(hop, f"M{x - GAP},{half}H{x - 8}", f"translate({x},{half})"))
            elif drawn:
                down = f"M{middle},{y - GAP}v{GAP // 2}H{centre}V{y - 8}"
                drawn.append(_arrow(hop, down, f"translate({centre},{y}) rotate(90)"))
            drawn.append(f'<g class="hop {_slug(hop)}" transform="translate({x},{y})">{_box(hop, width, height)}</g>')
            x, middle = x + width + GAP, centre
            end = max(end, x)
        y += height + GAP
    width, height = end - GAP + MARGIN, y - GAP + MARGIN
    size = f'viewBox="0 0 {width} {height}" width="{width}pt" height="{height}pt" font-family="{FONT}" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {_attributes(flow)} {size}>{"".join(drawn)}</svg>'


def _width(hop: Hop) -> int:
    longest = max(map(len, [f"{SYMBOLS[hop.state]} {hop.title}  {hop.state}", *_lines(hop)]))
    return max(NARROWEST, round(longest * LETTER) + 2 * PADDING)


def _box(hop: Hop, width: int, height: int) -> str:
    state = _BOXES[hop.state] | (_CULPRIT if hop.is_cause else {})
    look = f'fill="{state["fillcolor"]}" stroke="{LINES[hop.state]}" stroke-width="{state["penwidth"]}"'
    if hop.is_cause:
        right, low = width - CUT, height - CUT
        corners = f"{CUT},0 {right},0 {width},{CUT} {width},{low} {right},{height} {CUT},{height} 0,{low} 0,{CUT}"
        outline = f'<polygon points="{corners}" {look}/>'
    else:
        corner = 0 if hop.state == FAILED else ROUND
        outline = f'<rect width="{width}" height="{height}" rx="{corner}" {look}{_DASHES.get(hop.state, "")}/>'
    head = f"{SYMBOLS[hop.state]} {html.escape(hop.title)}"
    first = f'<tspan font-weight="bold">{head}</tspan> <tspan font-style="italic">{hop.state}</tspan>'
    texts = (
        f'<text x="{PADDING}" y="{PADDING + LINE * number - 4}" fill="{INK}">{line}</text>'
        for number, line in enumerate([first, *map(html.escape, _lines(hop))], start=1)
    )
    return outline + "".join(texts)


def _arrow(hop: Hop, line: str, tip: str) -> str:
    """The path to a hop: a line, and its head, which is moved to the tip."""
    look = _edge(hop)
    dashes = ' stroke-dasharray="6 4"' if look["style"] == "dashed" else ""
    path = f'<path d="{line}" fill="none" stroke="{look["color"]}" stroke-width="1.5"{dashes}/>'
    head = f'<polygon points="-8,-5 -8,5 -1,0" transform="{tip}" fill="{look["color"]}"/>'
    return f'<g class="{look["class"]}">{path}{head}</g>'
