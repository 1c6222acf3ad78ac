"""The time machine: a slider over the session's simulated time, with Pods, events and the flow as they were then.

The page's half is static/timemachine.js. It reads copies of the cluster; the learner's own never changes.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

import traitlets
from IPython.display import display

from kubesim import kubectl
from kubesim.api.clock import SECOND, Micros, to_datetime
from kubesim.cluster import Cluster
from kubesim.flow.hops import Flow, trace_flow
from kubesim.jupyter import card, flow
from kubesim.jupyter.card import Message, Widget, static
from kubesim.jupyter.current import Seat
from kubesim.jupyter.terminal import spell
from kubesim.session.history import Timeline, Try
from kubesim.workspace import Workspace

ROW, LEFT, RIGHT, WIDTH = 20, 10, 450, 760
"""The back-off as a picture, in its own units: the height of a row, where time begins and ends, the width of it all."""
MOST_ROWS = 14


class TimeMachine(Widget):
    """The past of one Pod, or of all Pods of a namespace. It follows the cluster once a page shows it."""

    _esm = static("parts.js", "timemachine.js")
    _css = static("flow.css", "timemachine.css")

    stops = traitlets.List(traitlets.Tuple()).tag(sync=True)
    """The moments that the slider stops at: time, label, and whether it is something that was done."""
    view = traitlets.Dict().tag(sync=True)
    """What one of them shows: its number (`stop`), `words`, `pods` and `events` as text, `flow` and `tries` as HTML."""
    target = traitlets.Unicode().tag(sync=True)
    """The Pod or namespace, for the label."""

    def __init__(self, seat: Seat, namespace: str, pod: str = "") -> None:
        self._seat = seat
        self._namespace, self._pod = namespace, pod
        self._timeline = Timeline(seat.history, namespace, pod)
        self._drawn: tuple[Flow | None, str] = (None, "")
        self._is_shown = False
        super().__init__(target=pod or namespace)
        self._update()
        seat.on_change(lambda: self._update() if self._is_shown else None)

    def do_go(self, message: Message) -> None:
        self.go(int(message["stop"]))

    def do_look(self, _message: Message) -> None:
        self._is_shown = True
        self._update()

    def go(self, stop: int) -> None:
        """Show a moment by its number; the first or the last if there is none of that number."""
        moments = self._timeline.moments
        number = min(max(stop, 0), len(moments) - 1)
        moment = moments[number]
        cluster = self._seat.history.at(moment.at)
        words = f"{_clock(moment.at)}, {self._after(moment.at)} after the beginning: {moment.label}"
        about = ["--field-selector", f"involvedObject.name={self._pod}"] if self._pod else []
        pods = _screen(cluster, "get", "pods", "-n", self._namespace)
        events = _screen(cluster, "get", "events", "-n", self._namespace, *about)
        shown = {"stop": number, "words": words, "pods": pods, "events": events}
        self.view = {**shown, **self._pictures(cluster, moment.at)}

    def plain(self) -> str:
        lines = [f"{time}  {after:>10}  {label}" for time, after, label in self._rows()]
        title = f"Time machine of {f'Pod {self._pod} in ' if self._pod else ''}namespace {self._namespace}"
        tries = [f"  {line}" for line in map(_line, self._timeline.tries)]
        return "\n".join([title, *lines, *(["Attempts to get the image", *tries] if tries else [])])

    def static_html(self) -> str:
        rows = ((time, after, html.escape(label, quote=False)) for time, after, label in self._rows())
        body = "".join(f"<tr><td>{time}</td><td>{after}</td><td>{label}</td></tr>" for time, after, label in rows)
        head = "<tr><th>Time</th><th>After</th><th>What happened</th></tr>"
        tries = _listed(self._timeline.tries)
        title = "<p><b>Attempts to get the image</b></p>"
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>{title + tries if tries else ''}"

    def _update(self) -> None:
        """Add what was done. A reader at the end stays at the end, one in the past stays there."""
        before, shown = len(self.stops), self.view.get("stop", 0)
        self._timeline.update(self._seat.session.cluster.clock.now)
        self.stops = [(_clock(moment.at), moment.label, moment.done) for moment in self._timeline.moments]
        self.go(shown if shown + 1 < before else len(self.stops) - 1)

    def _after(self, at: Micros) -> str:
        return spell((at - self._timeline.moments[0].at) / SECOND)

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for moment in self._timeline.moments:
            yield _clock(moment.at), self._after(moment.at), moment.label

    def _pictures(self, cluster: Cluster, at: Micros) -> dict[str, str]:
        if not self._pod:
            return {"flow": "", "tries": ""}
        then = trace_flow(cluster, self._namespace, self._pod)
        if then != self._drawn[0]:
            words = html.escape(flow.announcement(then), quote=False)
            self._drawn = (then, f"{flow.svg(then) or ''}{flow.chain(then)}<p>{words}</p>")
        tries = self._timeline.tries
        drawn = staircase(tries, at) + _listed(tries) if tries else ""
        return {"flow": self._drawn[1], "tries": drawn}


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
    return f"{_clock(one.at)} {one.outcome}" + (f", back-off {spell(one.pause)}" if one.pause else "")


def _listed(tries: tuple[Try, ...]) -> str:
    return card.listed((html.escape(_line(one), quote=False) for one in tries), "ol")


def _screen(cluster: Cluster, *arguments: str) -> str:
    context = kubectl.Context(cluster.api, cluster.clock, Workspace(None), kubectl.Kubeconfig())
    return kubectl.run(arguments, context).screen


def _clock(moment: Micros) -> str:
    return to_datetime(moment // SECOND * SECOND).strftime("%H:%M:%S")


def show(arguments: str, seat: Seat) -> None:
    """Display a time machine, or print how to ask for one."""
    if found := flow.target(arguments, "the past of which Pod? %timemachine [POD] [-n NAMESPACE]"):
        namespace, pod, _ = found
        display(TimeMachine(seat, namespace, pod))
