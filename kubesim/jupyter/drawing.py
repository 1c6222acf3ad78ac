"""Two drawings of one flow: by Graphviz where its `dot` is installed, else by a layout of our own.

Both show the same hops in the same two rows, with the same states, shapes and words. A page that is too narrow for
two rows shows a chain of boxes instead.
"""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass
from itertools import pairwise

import graphviz

from kubesim.flow.hops import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop

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
    return "<" + "".join(f"{line}<br align='left'/>" for line in [head, *map(html.escape, _lines(hop))]) + ">"


def _lines(hop: Hop) -> list[str]:
    return [line for words in hop.words for line in _wrapped(words)][:MAX_LINES]


def _wrapped(words: str) -> list[str]:
    longest = max(map(len, words.split()), default=0)
    return textwrap.wrap(words, max(WIDTH, min(longest, LONGEST_WORD)), break_on_hyphens=False)


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
    culprit = " ks-culprit" if hop.problem else ""
    return f'<li class="ks-{_slug(hop)}{culprit}"><div>{head}</div>{words}</li>'


def _attributes(flow: Flow) -> str:
    label = html.escape(f"Flow of {flow.text()}", quote=True)
    return f'role="img" aria-label="{label}" style="max-width:100%;height:auto"'


# --- our own layout, in points as Graphviz counts

LETTER, LINE, PADDING, GAP, MARGIN = 6.9, 16, 12, 36, 6
"""The width of a letter of Arial at 12 pt, the height of a line, and the space in a box, between boxes and around."""
NARROWEST = 160
ROUND, CUT = 8, 14  # how much of a corner goes: of a round one, and of an octagon's
_DASHES = {NOT_REACHED: ' stroke-dasharray="6 4"', NOT_NEEDED: ' stroke-dasharray="2 4"'}


@dataclass(frozen=True)
class _Box:
    """A hop, and where its box is: `x` and `y` are its left and upper edge."""

    hop: Hop
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def drawn(self) -> str:
        head = f"{SYMBOLS[self.hop.state]} {html.escape(self.hop.title)}"
        first = f'<tspan font-weight="bold">{head}</tspan> <tspan font-style="italic">{self.hop.state}</tspan>'
        texts = (
            f'<text x="{self.x + PADDING}" y="{self.y + PADDING + LINE * number - 4}" fill="{INK}">{line}</text>'
            for number, line in enumerate([first, *map(html.escape, _lines(self.hop))], start=1)
        )
        return f'<g class="hop {_slug(self.hop)}">{self._outline()}{"".join(texts)}</g>'

    def _outline(self) -> str:
        state = _BOXES[self.hop.state] | (_CULPRIT if self.hop.problem else {})
        look = f'fill="{state["fillcolor"]}" stroke="{LINES[self.hop.state]}" stroke-width="{state["penwidth"]}"'
        if self.hop.problem:
            return f'<polygon points="{self._octagon()}" {look}/>'
        corner = "" if self.hop.state == FAILED else f' rx="{ROUND}"'
        place = f'x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}"{corner}'
        return f"<rect {place} {look}{_DASHES.get(self.hop.state, '')}/>"

    def _octagon(self) -> str:
        across = (self.x, self.x + CUT, self.right - CUT, self.right)
        down = (self.y, self.y + CUT, self.bottom - CUT, self.bottom)
        corners = ((1, 0), (2, 0), (3, 1), (3, 2), (2, 3), (1, 3), (0, 2), (0, 1))
        return " ".join(f"{across[x]},{down[y]}" for x, y in corners)


def _layout(flow: Flow) -> str:
    boxes: list[_Box] = []
    y = MARGIN
    for row in _rows(flow):
        x, height = MARGIN, max(2 * PADDING + LINE * (1 + len(_lines(hop))) for hop in row)
        for hop in row:
            boxes.append(_Box(hop, x, y, _width(hop), height))
            x = boxes[-1].right + GAP
        y += height + GAP
    width, height = max(box.right for box in boxes) + MARGIN, boxes[-1].bottom + MARGIN
    drawn = "".join([*(_arrow(before, after) for before, after in pairwise(boxes)), *(box.drawn() for box in boxes)])
    size = f'viewBox="0 0 {width} {height}" width="{width}pt" height="{height}pt" font-family="{FONT}" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {_attributes(flow)} {size}>{drawn}</svg>'


def _width(hop: Hop) -> int:
    longest = max(map(len, [f"{SYMBOLS[hop.state]} {hop.title}  {hop.state}", *_lines(hop)]))
    return max(NARROWEST, round(longest * LETTER) + 2 * PADDING)


def _arrow(before: _Box, after: _Box) -> str:
    """The path from one box to the next: across in a row, else down and back to the start of the next row."""
    look = _edge(after.hop)
    if before.y == after.y:
        y = before.y + before.height // 2
        path, head = (
            f"M{before.right},{y}H{after.x - 8}",
            f"{after.x - 8},{y - 5} {after.x - 8},{y + 5} {after.x - 1},{y}",
        )
    else:
        x, start = after.x + after.width // 2, before.x + before.width // 2
        y = before.bottom + GAP // 2
        path = f"M{start},{before.bottom}V{y}H{x}V{after.y - 8}"
        head = f"{x - 5},{after.y - 8} {x + 5},{after.y - 8} {x},{after.y - 1}"
    dashes = ' stroke-dasharray="6 4"' if look["style"] == "dashed" else ""
    line = f'<path d="{path}" fill="none" stroke="{look["color"]}" stroke-width="1.5"{dashes}/>'
    return f'<g class="{look["class"]}">{line}<polygon points="{head}" fill="{look["color"]}"/></g>'
