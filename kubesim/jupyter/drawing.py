"""The picture of a Flow as SVG: its hops as boxes, and arrows between them with words.

If Graphviz's `dot` is installed, it places the boxes; else `_place_in_columns` does. Sizes, states and words don't
depend on that. A page that is too narrow shows `hop_list`, a list, instead. Learners' words enter the SVG through
html.escape alone.
"""

from __future__ import annotations

import base64
import html
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import graphviz

from kubesim.why.tell.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, UNSEEN, WAITING, Flow, Hop

PAPER = "#ffffff"
INK = "#1f2328"
SOFT = "#57606a"


class Look(NamedTuple):
    """Colours and line of a box, for a light page. CSS inverts the lightness of the whole picture on a dark page."""

    line: str
    fill: str
    thickness: float
    dashes: str = "none"
    ink: str = INK


LOOKS = {
    PASSED: Look("#187a34", "#e6f4ea", 1.5),
    FAILED: Look("#b3261e", "#fdeceb", 1.5),
    WAITING: Look("#855300", "#fdf3e0", 1.5),
    NOT_REACHED: Look("#6e7781", "#f5f6f8", 1.2, "6 4", SOFT),
    NOT_NEEDED: Look("#6e7781", "#f5f6f8", 1.2, "2 4", SOFT),
    UNSEEN: Look("#6e7781", "#f5f6f8", 1.2, "none", SOFT),
}
# The look of the hop where the pull is stuck. Hops after it get the look of NOT_REACHED.
CAUSE = Look("#b3261e", "#b3261e", 1.5, ink=PAPER)
# SVG paths of icons in a square of 14, as in static/tokens.css. States without their own use that of NOT_REACHED.
ICONS = {
    PASSED: "M7 0a7 7 0 1 0 0 14A7 7 0 0 0 7 0ZM6.1 10.3 2.9 7.1 4.2 5.8 6.1 7.7 9.9 3.9 11.2 5.2Z",
    FAILED: (
        "M4.1 0h5.8L14 4.1v5.8L9.9 14H4.1L0 9.9V4.1ZM7 5.7 4.9 3.6 3.6 4.9 5.7 7 3.6 9.1 4.9 10.4 7 8.3 9.1 10.4 "
        "10.4 9.1 8.3 7 10.4 4.9 9.1 3.6Z"
    ),
    WAITING: (
        "M7 0a7 7 0 1 0 0 14A7 7 0 0 0 7 0ZM7 1.7a5.3 5.3 0 1 1 0 10.6A5.3 5.3 0 0 1 7 1.7ZM6.2 3.3h1.6v3.4l2.4 "
        "2.4-1.1 1.1-2.9-2.9Z"
    ),
    NOT_REACHED: "M7 0a7 7 0 1 0 0 14A7 7 0 0 0 7 0ZM7 1.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 7 1.6Z",
}
# The names of the icons in the style sheets: `data-icon` of a mark.
ICON_NAMES = {
    PASSED: "passed",
    FAILED: "failed",
    WAITING: "waiting",
    NOT_REACHED: "unreached",
    NOT_NEEDED: "unneeded",
    UNSEEN: "open",
}

# Lengths are in points, as Graphviz counts.
_POINTS = 72  # points in an inch
_FONT = "Arial"
_LETTER = 6.4  # the width of a letter at 12 pt
_LINE = 15  # the height of a line
_PADDING = 9  # between the edge of a box and its text
_ICON = 19  # the width of the icon before a title
_GAP = 34  # the space between boxes
_MARGIN = 6  # the space around the picture
_NARROWEST = 150  # the least width of a box
_MAX_LINES = 9  # the most lines in a box: enough for three Secrets with their types and registries
_LONGEST_LINE = 32  # the most characters in a line of a box
_LONGEST_WORD = 40  # a word that is longer than a line makes the box wider, up to this
_TIP = 8  # the length of an arrow's head
_LISTS_WIDTH = 34  # the width of the word on the arrow from the Pod to its Secrets
# Boxes by their level, from above. "lists" and "wire" are the words on two horizontal arrows.
_LEVELS = (("kubectl", "account"), ("spec", "lists", "secret"), ("kubelet", "wire", "registry"), ("image",))
_TRUNK = ("kubectl", "spec", "kubelet", "image")  # the left column
# Pairs of boxes that Graphviz should put one below the other, beside the trunk.
_STACKED = (("account", "secret"), ("secret", "registry"))
# The characters that XML 1.0 forbids: with one of them, a browser shows no picture at all.
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SILENCE = "nothing is sent"
# The dashes of an arrow, by the state of its hop; other states have none.
_DASHES = {NOT_REACHED: "6 4", NOT_NEEDED: "2 4"}


class Box(NamedTuple):
    """The rectangle of a hop, or of the words on an arrow: left and upper edge, width and height, in points."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def low(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    def across(self, share: float) -> int:
        """The x at `share` of the width, from 0 at the left edge to 1 at the right one."""
        return self.x + round(self.width * share)


# Boxes by the keys of the hops, and those of the words on two arrows: `lists`, from the Pod to its Secrets, and `wire`,
# between kubelet and registry.
Boxes = dict[str, Box]


def image(flow: Flow) -> str:
    """The picture of a flow as an <img> element."""
    boxes = _place_in_columns(_sizes(flow))
    boxes |= _place_by_dot(boxes)
    hops = {hop.key: hop for hop in flow.hops}
    parts = [*_arrows(flow, hops, boxes), *(_hop_box(hop, boxes[hop.key]) for hop in flow.hops)]
    width = max(box.right for box in boxes.values()) + _MARGIN
    height = max(box.low for box in boxes.values()) + _MARGIN
    return embedded("".join(parts), width, height, f"Flow of {flow.text()}")


def embedded(parts: str, width: int, height: int, alt: str) -> str:
    """An <img> with SVG elements inside, because sanitizers such as GitHub's remove <svg>. Escapes `alt`, not `parts`.

    Sizes are in points.
    """
    style = f'style="background:{PAPER}" font-family="{_FONT}" font-size="12" fill="{INK}"'
    size = f'viewBox="0 0 {width} {height}" width="{width}pt" height="{height}pt"'
    readable = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", parts)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {style} {size}>{readable}</svg>'
    code = base64.b64encode(svg.encode()).decode()
    return f'<img class="ks-drawn" alt="{html.escape(alt, quote=True)}" src="data:image/svg+xml;base64,{code}">'


def hop_list(flow: Flow) -> str:
    """The hops as an ordered list, for narrow pages and as text. static/flow.css draws the items as boxes."""
    return f'<ol class="ks-chain">{"".join(map(_hop_item, flow.hops))}</ol>'


def _hop_item(hop: Hop) -> str:
    """A hop as an item of `hop_list`."""
    words = "".join(f"<div>{html.escape(text, quote=False)}</div>" for text in hop.words)
    mark = f'<span class="ks-mark" data-icon="{ICON_NAMES[hop.state]}" aria-hidden="true">{hop.symbol}</span>'
    head = f"{mark} <b>{html.escape(hop.title)}</b> <i>{html.escape(state_words(hop))}</i>"
    rank = " ks-culprit" if hop.is_cause else " ks-follows" if is_after_cause(hop) else ""
    state = hop.state.replace(" ", "-")
    return f'<li class="ks-{state}{rank}"><div>{head}</div>{words}</li>'


def state_words(hop: Hop) -> str:
    """The state of a hop, in the words that are shown beside its title."""
    if hop.is_cause:
        return "stuck here"
    if hop.is_late:
        return "not the cause"
    return f"see {hop.because}" if hop.because else hop.state


def is_after_cause(hop: Hop) -> bool:
    """True for a hop after the one where the pull is stuck. It is drawn as not reached, whether it failed or passed."""
    return bool(hop.because) or hop.is_late


def _drawn_state(hop: Hop) -> str:
    """The state that a hop and its arrow show."""
    return NOT_REACHED if is_after_cause(hop) else hop.state


# Sizes and places of the boxes


def _sizes(flow: Flow) -> dict[str, tuple[int, int]]:
    """The width and height of each box, in points."""
    sizes = {hop.key: (_width(hop), 2 * _PADDING + _LINE * (1 + len(_lines(hop)))) for hop in flow.hops}
    on_wire = (*flow.sent, flow.answered)
    letters = max(map(len, on_wire)) if flow.sent else len(_SILENCE)
    return sizes | {"lists": (_LISTS_WIDTH, _LINE), "wire": (round(letters * _LETTER) + 10, _LINE * len(on_wire) + 14)}


def _place_in_columns(sizes: Mapping[str, tuple[int, int]]) -> Boxes:
    """Place the boxes in two columns, at the left and the right edge. Words on an arrow are in the middle between."""
    levels = [[name for name in level if name in sizes] for level in _LEVELS]
    width = max(sum(sizes[name][0] + _GAP // 2 for name in level) for level in levels) + 2 * _MARGIN
    boxes: Boxes = {}
    y = _MARGIN
    for level in levels:
        height = max(sizes[name][1] for name in level)
        row = [Box(_MARGIN, y + (height - sizes[name][1]) // 2, *sizes[name]) for name in level]
        if len(row) > 1:
            row[-1] = row[-1]._replace(x=width - _MARGIN - row[-1].width)
        if len(row) > 2:
            row[1] = row[1]._replace(x=(row[0].right + row[2].x - row[1].width) // 2)
        boxes |= zip(level, row, strict=True)
        y += height + _GAP
    return boxes


def _dot_source(boxes: Boxes) -> str:
    """The source of the graph for Graphviz. Its weights keep the trunk straight."""
    statements = [f"nodesep={_GAP / 2 / _POINTS}", f"ranksep={_GAP / _POINTS}"]
    statements.append('node [shape=box fixedsize=true label=""]')
    for name, box in boxes.items():
        statements.append(f"{name} [width={box.width / _POINTS:.4f} height={box.height / _POINTS:.4f}]")
    for level in _LEVELS:
        names = [name for name in level if name in boxes]
        statements.append(f"{{ rank=same; {' -> '.join(names)} }}")
    statements.append(f"{' -> '.join(name for name in _TRUNK if name in boxes)} [weight=20]")
    statements += [f"{above} -> {below}" for above, below in _STACKED if above in boxes]
    return f"digraph {{ {'; '.join(statements)} }}"


def _place_by_dot(boxes: Boxes) -> Boxes:
    """The boxes at Graphviz's places; {} if Graphviz is missing or fails.

    Its plain format is a line `graph SCALE WIDTH HEIGHT` and lines `node NAME X Y …`: the centre in inches, with y
    counted from the bottom.
    """
    try:
        graph = graphviz.Source(_dot_source(boxes))
        plain = graph.pipe(format="plain", encoding="utf-8", quiet=True)  # no warnings about fonts
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError):
        return {}
    (_graph, _scale, _graph_width, top), *lines = map(str.split, plain.splitlines())
    placed: Boxes = {}
    for _node, name, x, y, *_ in (line for line in lines if line[0] == "node"):
        box = boxes[name]
        left = round(float(x) * _POINTS - box.width / 2)
        upper = round((float(top) - float(y)) * _POINTS - box.height / 2)
        placed[name] = box._replace(x=_MARGIN + left, y=_MARGIN + upper)
    return placed


# The boxes as SVG


def _lines(hop: Hop) -> list[str]:
    """The words of a hop, wrapped to lines of its box."""
    lines: list[str] = []
    for words in hop.words:
        longest = max(map(len, words.split()), default=0)
        lines += textwrap.wrap(words, max(_LONGEST_LINE, min(longest, _LONGEST_WORD)), break_on_hyphens=False)
    return lines[:_MAX_LINES]


def _width(hop: Hop) -> int:
    title = round(len(f"{hop.title}  {state_words(hop)}") * _LETTER * 1.06) + _ICON
    longest = max(map(len, _lines(hop)), default=0)
    return max(_NARROWEST, title, round(longest * _LETTER)) + 2 * _PADDING


def _hop_box(hop: Hop, box: Box) -> str:
    """The box of a hop with icon, title, state and words, as an SVG group moved to its place."""
    look = CAUSE if hop.is_cause else LOOKS[_drawn_state(hop)]
    size = f'width="{box.width}" height="{box.height}" rx="8"'
    colours = f'fill="{look.fill}" stroke="{look.line}" stroke-dasharray="{look.dashes}"'
    outline = f'<rect {size} {colours} stroke-width="{look.thickness}"/>'
    icon_colour = PAPER if hop.is_cause else look.line
    shape = ICONS.get(hop.state, ICONS[NOT_REACHED])
    icon = (
        f'<path d="{shape}" transform="translate({_PADDING},{_PADDING - 1})" fill="{icon_colour}" fill-rule="evenodd"/>'
    )
    head = f'<tspan font-weight="bold">{html.escape(hop.title)}</tspan>'
    aside = f'<tspan font-style="italic">{html.escape(state_words(hop))}</tspan>'
    texts = f'<text x="{_PADDING + _ICON}" y="{_PADDING + 11}">{head} {aside}</text>'
    for number, line in enumerate(map(html.escape, _lines(hop)), start=2):
        texts += f'<text x="{_PADDING}" y="{_PADDING + _LINE * number - 4}">{line}</text>'
    return f'<g transform="translate({box.x},{box.y})" fill="{look.ink}">{outline}{icon}{texts}</g>'


# The arrows as SVG


def _arrows(flow: Flow, hops: Mapping[str, Hop], boxes: Boxes) -> Iterator[str]:
    """All arrows. An arrow has the colour of the hop at its end; the one from Secret to kubelet, that of the Secret."""
    spec, kubelet, registry, end = boxes["spec"], boxes["kubelet"], boxes["registry"], boxes["image"]
    yield _arrow_down(hops["kubectl"], boxes["kubectl"].across(0.3), boxes["kubectl"].low, spec, 0.3, "creates")
    if "account" in boxes:
        account = boxes["account"]
        yield _arrow_down(
            hops["account"], account.across(0.3), account.low, spec, 0.8, "copied when the Pod is created"
        )
    yield _arrow_to_secrets(hops["secret"], spec, boxes["lists"], boxes["secret"])
    yield _arrow_down(hops["kubelet"], spec.across(0.3), spec.low, kubelet, 0.3, "reads")
    yield _arrow_down(hops["secret"], boxes["secret"].across(0.3), boxes["secret"].low, kubelet, 0.8, "reads")
    yield _arrows_to_registry(flow, hops["registry"], kubelet, boxes["wire"], registry)
    bend = f"M{registry.across(0.3)},{registry.low}V{end.middle}H{end.right + _TIP}"
    yield _arrow(_drawn_state(hops["image"]), bend, f"translate({end.right},{end.middle}) rotate(180)")


def _arrow_down(hop: Hop, x: int, y: int, end: Box, share: float, words: str) -> str:
    """An arrow from (x, y) down to the upper edge of `end`, at `share` of its width, with words beside it."""
    to = end.across(share)
    half = (y + end.y) // 2
    curve = f"M{x},{y}C{x},{half} {to},{half} {to},{end.y - _TIP}"
    arrow = _arrow(_drawn_state(hop), curve, f"translate({to},{end.y}) rotate(90)")
    return arrow + _label(x + 7, y + 14, words)


def _arrow_to_secrets(secret: Hop, spec: Box, lists: Box, end: Box) -> str:
    """The arrow from the Pod to its Secrets, interrupted by its word."""
    path = f"M{spec.right},{lists.middle}H{lists.x}M{lists.right},{lists.middle}H{end.x - _TIP}"
    word = f'<text x="{lists.across(0.5)}" y="{lists.middle + 4}" text-anchor="middle" font-size="11">lists</text>'
    return _arrow(_drawn_state(secret), path, f"translate({end.x},{lists.middle})") + word


def _arrows_to_registry(flow: Flow, registry: Hop, kubelet: Box, wire: Box, end: Box) -> str:
    """Two arrows between kubelet and registry, the requests above and the answer below.

    If nothing was sent, it is one dashed arrow.
    """
    x = wire.across(0.5)
    if not flow.sent:
        across = f"M{kubelet.right},{wire.middle}H{end.x - _TIP}"
        silent = _arrow(NOT_REACHED, across, f"translate({end.x},{wire.middle})")
        return silent + _label(x, wire.middle - 6, _SILENCE, "middle")
    going = wire.y + _LINE * len(flow.sent) + 3
    coming = going + 9
    there = _arrow(PASSED, f"M{kubelet.right},{going}H{end.x - _TIP}", f"translate({end.x},{going})")
    back = f"translate({kubelet.right},{coming}) rotate(180)"
    here = _arrow(_drawn_state(registry), f"M{end.x},{coming}H{kubelet.right + _TIP}", back)
    lines = [_label(x, wire.y + _LINE * number - 3, text, "middle") for number, text in enumerate(flow.sent, start=1)]
    return there + here + "".join(lines) + _label(x, coming + 14, flow.answered, "middle")


def _label(x: int, y: int, words: str, anchor: str = "start") -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}" font-size="11" fill="{SOFT}"'
    return f'<text {place} stroke="{PAPER}" stroke-width="3" paint-order="stroke">{html.escape(words)}</text>'


def _arrow(state: str, path: str, tip_transform: str) -> str:
    """An arrow in the style of a state."""
    colour = LOOKS[state].line
    style = f'stroke="{colour}" stroke-width="1.5" stroke-dasharray="{_DASHES.get(state, "none")}"'
    tip = f'<polygon points="-{_TIP},-5 -{_TIP},5 -1,0" transform="{tip_transform}" fill="{colour}"/>'
    return f'<path d="{path}" fill="none" {style}/>{tip}'
