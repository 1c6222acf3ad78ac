"""What happened to a Pod, and when: each command, each change on its own, each attempt to pull and its back-off."""

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

ROW = 20
LEFT = 4
RIGHT = 290
WIDTH = 600
"""The back-off as a picture, in its own units: the height of a row, where time begins and ends, the width of it all."""
MOST_ROWS = 14
_ATTEMPTS = "Attempts to get the image"


class _Row(NamedTuple):
    """A moment, in words."""

    time: str
    after: str
    label: str


def timeline(arguments: str, seat: Seat) -> None:
    """Display what happened (`%timeline [POD] [-n NAMESPACE]`), or raise Refusal: how to ask for it."""
    usage = "the past of which Pod? %timeline [POD] [-n NAMESPACE]"
    asked = read_target(arguments, "n:", usage, needs_pod=False)
    display(chronicle(seat, asked.namespace, asked.pod), raw=True)


def chronicle(seat: Seat, namespace: str, pod: str = "") -> dict[str, str]:
    """The past of one Pod, or of all Pods of a namespace: as text, and as a table with the back-off drawn."""
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
    """The growing back-off as an image: a row for each attempt, in it the pause that followed, and a line at `now`."""
    last_tries = tries[-MOST_ROWS:]
    start = last_tries[0].at
    end = max(last_tries[-1].until, now, start + 1)
    height = ROW * len(last_tries) + 8

    def x(moment: Micros) -> float:
        return round(LEFT + (RIGHT - LEFT) * max(0, moment - start) / (end - start), 1)

    bars = "".join(_bar(one, number * ROW + 4, x(one.at), x(one.until)) for number, one in enumerate(last_tries))
    cursor = f'<path stroke="{drawing.INK}" stroke-dasharray="2 4" d="M{x(now)} 0V{height}"/>'
    alt = "The growing back-off. " + ". ".join(map(_attempt, last_tries))
    return drawing.embedded(cursor + bars, WIDTH, height, alt)


def _bar(one: Try, top: int, left: float, right: float) -> str:
    """The pause after an attempt, and what that was, at the right of it."""
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
