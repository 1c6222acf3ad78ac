"""`%timeline`: the past of a Pod as a table of moments, and its attempts to pull as a picture of the growing back-off.

The moments come from session.timeline; this module only renders them, as text and as HTML.
"""

from __future__ import annotations

import html
from typing import NamedTuple

from IPython.display import display

from kubesim.api.clock import SECOND, Micros
from kubesim.jupyter import drawing
from kubesim.jupyter.arguments import read_target
from kubesim.jupyter.seat import Seat, spell, time_of_day
from kubesim.session.timeline import PULLED, Timeline, Try
from kubesim.why.tell.report import FAILED, PASSED

# Lengths in the picture, in points.
ROW = 20  # the height of a row
LEFT = 4  # the x of the first attempt
RIGHT = 290  # the x of the last moment; the words of the last bar follow
WIDTH = 600  # the width of the whole picture
MOST_ROWS = 14  # the last attempts are drawn
_ATTEMPTS = "Attempts to get the image"


class _Row(NamedTuple):
    """A moment in words: time of day, time since the first moment, and the command or change."""

    time: str
    after: str
    label: str


def timeline(arguments: str, seat: Seat) -> None:
    """Display the past of a Pod or namespace (`%timeline [POD] [-n NAMESPACE]`). Raises Refusal with the usage."""
    usage = "the past of which Pod? %timeline [POD] [-n NAMESPACE]"
    asked = read_target(arguments, "n:", usage, needs_pod=False)
    display(chronicle(seat, asked.namespace, asked.pod), raw=True)


def chronicle(seat: Seat, namespace: str, pod: str = "") -> dict[str, str]:
    """The past of one Pod, or of all Pods of a namespace, as a MIME bundle of text and HTML.

    A Timeline is never empty: its first moment is the beginning of the history.
    """
    whose = f"Pod {pod} in namespace {namespace}" if pod else f"namespace {namespace}"
    title = f"What happened to {whose}"
    past = Timeline(seat.history, namespace, pod)
    first = past.moments[0].at
    rows = [_Row(time_of_day(one.at), spell((one.at - first) / SECOND), one.label) for one in past.moments]
    text = [title, *(f"{row.time}  {row.after:>10}  {row.label}" for row in rows)]
    page = f"<p><b>{html.escape(title)}</b></p>{_table(rows)}"
    if past.tries:
        text += [_ATTEMPTS, *(f"  {_attempt(one)}" for one in past.tries)]
        page += f"<p><b>{_ATTEMPTS}</b></p>{staircase(past.tries, seat.now)}"
    return {"text/plain": "\n".join(text), "text/html": f'<div class="ks-flow">{page}</div>'}


def _table(rows: list[_Row]) -> str:
    head = "<tr><th>Time</th><th>After</th><th>What happened</th></tr>"
    body = "".join(map(_table_row, rows))
    return f'<table class="ks-moments"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _table_row(row: _Row) -> str:
    cells = "".join(f"<td>{html.escape(cell, quote=False)}</td>" for cell in row)
    return f"<tr>{cells}</tr>"


def staircase(tries: tuple[Try, ...], now: Micros) -> str:
    """The back-off as an <img>: one row for each attempt, a bar as long as the pause after it, and a line at `now`."""
    last_tries = tries[-MOST_ROWS:]
    start = last_tries[0].at
    end = max(last_tries[-1].until, now, start + 1)  # at least a microsecond, because `x` divides by the length
    height = ROW * len(last_tries) + 8

    def x(moment: Micros) -> float:
        return round(LEFT + (RIGHT - LEFT) * max(0, moment - start) / (end - start), 1)

    bars = "".join(_bar(one, number * ROW + 4, x(one.at), x(one.until)) for number, one in enumerate(last_tries))
    cursor = f'<path stroke="{drawing.INK}" stroke-dasharray="2 4" d="M{x(now)} 0V{height}"/>'
    alt = "The growing back-off. " + ". ".join(map(_attempt, last_tries))
    return drawing.embedded(cursor + bars, WIDTH, height, alt)


def _bar(one: Try, top: int, left: float, right: float) -> str:
    """The bar of the pause after an attempt, with the attempt in words at its right."""
    is_pulled = one.outcome in PULLED
    look = drawing.LOOKS[PASSED if is_pulled else FAILED]
    width = max(right - left, 3)
    place = f'x="{left}" y="{top}" width="{width:.1f}" height="{ROW - 6}"'
    halo = f'stroke="{drawing.PAPER}" stroke-width="4" paint-order="stroke" font-size="10"'
    words = f"{'✓' if is_pulled else '✗'} {_attempt(one)}"
    text = f'<text x="{left + width + 6:.1f}" y="{top + 11}" {halo}>{words}</text>'
    return f'<rect {place} fill="{look.fill}" stroke="{look.line}"/>{text}'


def _attempt(one: Try) -> str:
    back_off = f", back-off {spell(one.pause)}" if one.pause else ""
    return f"{time_of_day(one.at)} {one.outcome}{back_off}"
