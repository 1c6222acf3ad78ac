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


class Chronicle:
    """The past of one Pod, or of all Pods of a namespace: as text, and as a table with the back-off drawn."""

    def __init__(self, seat: Seat, namespace: str, pod: str = "") -> None:
        self._now = seat.session.cluster.clock.now
        self._title = f"What happened to {f'Pod {pod} in ' if pod else ''}namespace {namespace}"
        timeline = Timeline(seat.history, namespace, pod)
        self._tries = timeline.tries
        first = timeline.moments[0].at
        self._rows = [
            (time_of_day(moment.at), spell((moment.at - first) / SECOND), moment.label) for moment in timeline.moments
        ]

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": self._plain(), "text/html": self._page()}

    def _plain(self) -> str:
        lines = [f"{time}  {after:>10}  {label}" for time, after, label in self._rows]
        tries = [f"  {line}" for line in map(_line, self._tries)]
        return "\n".join([self._title, *lines, *(["Attempts to get the image", *tries] if tries else [])])

    def _page(self) -> str:
        cells = [[html.escape(cell, quote=False) for cell in row] for row in self._rows]
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
        head = "<tr><th>Time</th><th>After</th><th>What happened</th></tr>"
        drawn = staircase(self._tries, self._now) if self._tries else ""
        listed = card.listed((html.escape(_line(one), quote=False) for one in self._tries), "ol")
        tries = f"<p><b>Attempts to get the image</b></p>{drawn}{listed}"
        table = f'<table class="ks-moments"><thead>{head}</thead><tbody>{body}</tbody></table>'
        title = f"<p><b>{html.escape(self._title)}</b></p>"
        return f'<div class="ks-flow">{title}{table}{tries if self._tries else ""}</div>'


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
        display(Chronicle(seat, namespace, pod))
