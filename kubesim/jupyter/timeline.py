"""What happened and when (`%timeline POD`): each command, each change that came by itself, and the growing back-off."""

from __future__ import annotations

import html

from IPython.display import display

from kubesim.api.clock import SECOND, Micros
from kubesim.jupyter import card, flow
from kubesim.jupyter.current import Seat, spell, time_of_day
from kubesim.session.history import Timeline, Try

ROW, LEFT, RIGHT, WIDTH = 20, 4, 290, 600
"""The back-off as a picture, in its own units: the height of a row, where time begins and ends, the width of it all."""
MOST_ROWS = 14
_ATTEMPTS = "Attempts to get the image"


def chronicle(seat: Seat, namespace: str, pod: str = "") -> dict[str, str]:
    """The past of one Pod, or of all Pods of a namespace: as text, and as a table with the back-off drawn."""
    title = f"What happened to {f'Pod {pod} in ' if pod else ''}namespace {namespace}"
    timeline = Timeline(seat.history, namespace, pod)
    first, tries = timeline.moments[0].at, [_line(one) for one in timeline.tries]
    rows = [(time_of_day(one.at), spell((one.at - first) / SECOND), one.label) for one in timeline.moments]
    lines = [f"{time}  {after:>10}  {label}" for time, after, label in rows]
    listed = [_ATTEMPTS, *(f"  {line}" for line in tries)] if tries else []
    drawn = staircase(timeline.tries, seat.session.cluster.clock.now) if tries else ""
    return {"text/plain": "\n".join([title, *lines, *listed]), "text/html": _page(title, rows, drawn, tries)}


def _page(title: str, rows: list[tuple[str, str, str]], drawn: str, tries: list[str]) -> str:
    cells = [[html.escape(cell, quote=False) for cell in row] for row in rows]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
    head = "<tr><th>Time</th><th>After</th><th>What happened</th></tr>"
    table = f'<table class="ks-moments"><thead>{head}</thead><tbody>{body}</tbody></table>'
    listed = card.listed((html.escape(line, quote=False) for line in tries), "ol")
    attempts = f"<p><b>{_ATTEMPTS}</b></p>{drawn}{listed}" if tries else ""
    return f'<div class="ks-flow"><p><b>{html.escape(title)}</b></p>{table}{attempts}</div>'


def staircase(tries: tuple[Try, ...], now: Micros) -> str:
    """The growing back-off as SVG: a row for each attempt, in it the pause that followed, and a line at `now`."""
    shown = tries[-MOST_ROWS:]
    start, end = shown[0].at, max(shown[-1].until, now, shown[0].at + 1)
    height = ROW * len(shown) + 8

    def x(moment: Micros) -> float:
        return round(LEFT + (RIGHT - LEFT) * max(0, moment - start) / (end - start), 1)

    rows = "".join(_row(one, number * ROW + 4, x(one.at), x(one.until)) for number, one in enumerate(shown))
    cursor = f'<path class="ks-now" d="M{x(now)} 0V{height}"/>'
    label = html.escape("The growing back-off. " + ". ".join(map(_line, shown)), quote=True)
    frame = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return f'<svg class="ks-tries" role="img" aria-label="{label}" {frame}>{cursor}{rows}</svg>'


def _row(one: Try, top: int, left: float, right: float) -> str:
    got = one.outcome in ("Pulled", "AlreadyPresent")
    bar = f'<rect x="{left}" y="{top}" width="{max(right - left, 3):.1f}" height="{ROW - 6}"/>'
    words = f'<text x="{max(right, left + 3) + 6:.1f}" y="{top + 11}">{"✓" if got else "✗"} {_line(one)}</text>'
    return f'<g class="{"ks-passed" if got else "ks-failed"}">{bar}</g>{words}'


def _line(one: Try) -> str:
    return f"{time_of_day(one.at)} {one.outcome}" + (f", back-off {spell(one.pause)}" if one.pause else "")


def show(arguments: str, seat: Seat) -> None:
    """Display what happened, or print how to ask for it."""
    if found := flow.target(arguments, "the past of which Pod? %timeline [POD] [-n NAMESPACE]"):
        namespace, pod, _ = found
        display(chronicle(seat, namespace, pod), raw=True)
