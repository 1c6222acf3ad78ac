"""The drawing of one flow: Graphviz lays its boxes out where its `dot` is installed, else they stand in two even rows.

Either way the boxes are the same, and so are their states, shapes and words. A page that is too narrow for two rows
shows a chain of boxes instead.
"""

from __future__ import annotations

import base64
import html
import re
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import graphviz

from kubesim.why.tell.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, SYMBOLS, Flow, Hop

PAPER = "#ffffff"
INK = "#1f2328"


class Look(NamedTuple):
    """The box of a hop in some state, by day: the theme's variables replace the colours on a JupyterLab page."""

    line: str
    fill: str
    thickness: float
    dashes: str = "none"
    corner: int = 8


LOOKS = {
    PASSED: Look("#1a7f37", "#e6f4ea", 1.5),
    FAILED: Look("#b3261e", "#fdeceb", 2.5, corner=0),
    NOT_REACHED: Look("#6e7781", "#f5f6f8", 1.2, "6 4"),
    NOT_NEEDED: Look("#6e7781", "#f5f6f8", 1.2, "2 4"),
}
_CULPRIT_THICKNESS = 3.5
_CUT = 14
"""The hop where the cause lies looks like a stop sign: this much of each corner goes."""

# Lengths are in points, as Graphviz counts.
_POINTS = 72  # in an inch
_FONT = "Arial"
_LETTER = 6.9  # the width of one, at 12 pt
_LINE = 16
_PADDING = 12  # in a box
_GAP = 36  # between boxes
_MARGIN = 6  # around the picture
_NARROWEST = 160  # box
_MAX_LINES = 9  # in a box: enough for three Secrets with their types and registries
_LONGEST_LINE = 27  # characters in a line of a box
_LONGEST_WORD = 40  # a word that is longer than a line makes the box wider, up to this
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Box(NamedTuple):
    """A hop and its place: the left and the upper edge, and the size, in points."""

    hop: Hop
    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> int:
        return self.x + self.width // 2

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


def image(flow: Flow) -> str:
    """The picture in two rows as an <img> element."""
    above, below = _rows(flow)
    centres = _centres(above, below)
    above = [_moved(box, centres) for box in above]
    below = [_moved(box, centres) for box in below]
    arrows = [_across(before, after) for row in (above, below) for before, after in pairwise(row)]
    arrows.append(_down(above[-1], below[0]))
    boxes = above + below
    width = max(box.x + box.width for box in boxes) + _MARGIN
    height = max(box.y + box.height for box in below) + _MARGIN
    return embedded("".join([*arrows, *map(_box, boxes)]), width, height, f"Flow of {flow.text()}")


def embedded(parts: str, width: int, height: int, alt: str) -> str:
    """SVG elements as an <img>, which pages show that allow no <svg>; sizes in points, `alt` as a plain text."""
    style = f'style="background:{PAPER}" font-family="{_FONT}" font-size="12" fill="{INK}"'
    size = f'viewBox="0 0 {width} {height}" width="{width}pt" height="{height}pt"'
    readable = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", parts)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {style} {size}>{readable}</svg>'
    code = base64.b64encode(svg.encode()).decode()
    return f'<img class="ks-drawn" alt="{html.escape(alt, quote=True)}" src="data:image/svg+xml;base64,{code}">'


def chain(flow: Flow) -> str:
    """The hops one below the other, for a narrow page: an ordered list, drawn as boxes by static/flow.css."""
    return f'<ol class="ks-chain">{"".join(map(_link, flow.hops))}</ol>'


def _link(hop: Hop) -> str:
    words = "".join(f"<div>{html.escape(text, quote=False)}</div>" for text in hop.words)
    head = f"<b>{SYMBOLS[hop.state]} {html.escape(hop.title)}</b> <i>{hop.state}</i>"
    culprit = " ks-culprit" if hop.is_cause else ""
    state = hop.state.replace(" ", "-")
    return f'<li class="ks-{state}{culprit}"><div>{head}</div>{words}</li>'


def _rows(flow: Flow) -> tuple[list[Box], list[Box]]:
    """What the cluster holds, and below it what the node does with it: each row from the left."""
    split = next(number for number, hop in enumerate(flow.hops) if hop.key == "kubelet")
    above = _row(flow.hops[:split], _MARGIN)
    return above, _row(flow.hops[split:], _MARGIN + above[0].height + _GAP)


def _row(hops: tuple[Hop, ...], y: int) -> list[Box]:
    height = 2 * _PADDING + _LINE * max(1 + len(_lines(hop)) for hop in hops)
    boxes = list[Box]()
    x = _MARGIN
    for hop in hops:
        boxes.append(Box(hop, x, y, _width(hop), height))
        x += boxes[-1].width + _GAP
    return boxes


def _dot(above: list[Box], below: list[Box]) -> str:
    """The boxes as a graph for Graphviz: two rows, the second one of which begins below the first."""
    statements = [f"nodesep={_GAP / _POINTS}", f"ranksep={_GAP / _POINTS}", 'node [shape=box fixedsize=true label=""]']
    for row in (above, below):
        nodes = [f"{box.hop.key} [width={box.width / _POINTS:.4f} height={box.height / _POINTS:.4f}]" for box in row]
        path = " -> ".join(box.hop.key for box in row)
        statements.append(f"{{ rank=same; {'; '.join(nodes)}; {path} }}")
    statements.append(f"{above[0].hop.key} -> {below[0].hop.key} [weight=20]")
    return f"digraph {{ {'; '.join(statements)} }}"


class _Centre(NamedTuple):
    """Where the centre of a box is, in inches, from the left and from above."""

    x: float
    y: float


def _centres(above: list[Box], below: list[Box]) -> Mapping[str, _Centre]:
    """Where Graphviz puts the boxes, by their hops' keys; nothing without it.

    Its plain format says: graph SCALE WIDTH HEIGHT, and then node NAME X Y … with y from below.
    """
    try:
        graph = graphviz.Source(_dot(above, below))
        plain = graph.pipe(format="plain", encoding="utf-8", quiet=True)  # no warnings about fonts
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError):
        return {}
    (_graph, _scale, _width, top), *lines = map(str.split, plain.splitlines())
    return {line[1]: _Centre(float(line[2]), float(top) - float(line[3])) for line in lines if line[0] == "node"}


def _moved(box: Box, centres: Mapping[str, _Centre]) -> Box:
    """The box where Graphviz puts it, if it does."""
    if centre := centres.get(box.hop.key):
        left = round(centre.x * _POINTS - box.width / 2)
        upper = round(centre.y * _POINTS - box.height / 2)
        return box._replace(x=_MARGIN + left, y=_MARGIN + upper)
    return box


def _lines(hop: Hop) -> list[str]:
    lines: list[str] = []
    for words in hop.words:
        longest = max(map(len, words.split()), default=0)
        lines += textwrap.wrap(words, max(_LONGEST_LINE, min(longest, _LONGEST_WORD)), break_on_hyphens=False)
    return lines[:_MAX_LINES]


def _width(hop: Hop) -> int:
    longest = max(map(len, [f"{SYMBOLS[hop.state]} {hop.title}  {hop.state}", *_lines(hop)]))
    return max(_NARROWEST, round(longest * _LETTER) + 2 * _PADDING)


def _box(box: Box) -> str:
    hop = box.hop
    head = f"{SYMBOLS[hop.state]} {html.escape(hop.title)}"
    first = f'<tspan font-weight="bold">{head}</tspan> <tspan font-style="italic">{hop.state}</tspan>'
    texts = "".join(
        f'<text x="{_PADDING}" y="{_PADDING + _LINE * number - 4}">{line}</text>'
        for number, line in enumerate([first, *map(html.escape, _lines(hop))], start=1)
    )
    return f'<g transform="translate({box.x},{box.y})">{_outline(box)}{texts}</g>'


def _outline(box: Box) -> str:
    width = box.width
    height = box.height
    look = LOOKS[box.hop.state]
    colours = f'fill="{look.fill}" stroke="{look.line}" stroke-dasharray="{look.dashes}"'
    if not box.hop.is_cause:
        size = f'width="{width}" height="{height}" rx="{look.corner}"'
        return f'<rect {size} {colours} stroke-width="{look.thickness}"/>'
    right = width - _CUT
    low = height - _CUT
    corners = f"{_CUT},0 {right},0 {width},{_CUT} {width},{low} {right},{height} {_CUT},{height} 0,{low} 0,{_CUT}"
    return f'<polygon points="{corners}" {colours} stroke-width="{_CULPRIT_THICKNESS}"/>'


def _across(before: Box, after: Box) -> str:
    path = f"M{before.x + before.width},{before.middle}H{after.x - 8}"
    return _arrow(after.hop, path, f"translate({after.x},{after.middle})")


def _down(before: Box, after: Box) -> str:
    """From the end of the first row to the start of the second, with two corners."""
    lower = before.y + before.height
    path = f"M{before.centre},{lower}V{(lower + after.y) // 2}H{after.centre}V{after.y - 8}"
    return _arrow(after.hop, path, f"translate({after.centre},{after.y}) rotate(90)")


def _arrow(hop: Hop, line: str, tip: str) -> str:
    """The path to a hop: a line, and its head, which is moved to the tip."""
    colour = LOOKS[hop.state].line
    dashes = "none" if hop.state in (PASSED, FAILED) else "6 4"
    path = f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>'
    head = f'<polygon points="-8,-5 -8,5 -1,0" transform="{tip}" fill="{colour}"/>'
    return path + head
