"""The path of an image pull at one moment, drawn, told in words and with advice; and all that happened to a Pod."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from IPython.display import display

from kubesim.api.clock import SECOND, Micros
from kubesim.flow.hops import trace_flow
from kubesim.flow.report import FAILED, FORMS, PASSED, Flow
from kubesim.jupyter import drawing, markup
from kubesim.jupyter.current import Seat, spell, time_of_day
from kubesim.session.timeline import Timeline, Try


def advice(flow: Flow) -> str:
    """What is under the picture: what is wrong and the commands that fix it, or that all is well."""
    if flow.cause is None:
        return f'<p class="ks-outcome">{html.escape(flow.outcome, quote=False)}</p>'
    title, problem = html.escape(flow.cause.title), html.escape(flow.cause.problem, quote=False)
    fix = markup.listing(flow.cause.fix)
    return f"<p><b>What's wrong</b> ({title}): {problem}</p><p><b>How to fix it:</b></p>{fix}"


def story(flow: Flow) -> str:
    return markup.listed((html.escape(sentence, quote=False) for sentence in flow.story), "ol")


def announcement(flow: Flow) -> str:
    """One sentence for a screen reader when the flow has changed."""
    return f"{flow.cause.title}: failed. {flow.cause.problem}" if flow.cause else flow.outcome


def picture(seat: Seat, namespace: str, pod: str, container: str | None = None) -> dict[str, str]:
    """A flow as it is now, as text and as a page, each with the simulated time."""
    cluster = seat.session.cluster
    flow, time = trace_flow(cluster, namespace, pod, container), time_of_day(cluster.clock.now)
    return {"text/plain": f"{flow.text()}\n# {time}", "text/html": _page(flow, time)}


def _page(flow: Flow, time: str) -> str:
    """The picture; below it what is wrong, and the same in words, both folded."""
    said = markup.details("What's wrong, and how to fix it", advice(flow)) if flow.cause else advice(flow)
    words = markup.details(f"{time}, simulated time: the picture in words", drawing.chain(flow))
    broken = " ks-broken" if flow.cause else ""
    parts = {"picture": drawing.image(flow), "advice": said, "twin": words}
    page = "".join(f'<div class="ks-{name}">{part}</div>' for name, part in parts.items())
    return f'<div class="ks-flow{broken}">{page}</div>'


class Target(NamedTuple):
    """What a magic is about; `pod` is "" where none is named, and `form` one of report.FORMS."""

    namespace: str
    pod: str
    container: str | None
    form: str = "text"


def target(arguments: str, usage: str) -> Target | None:
    """What `POD [-n NAMESPACE] [-c CONTAINER] [-o FORM]` names, with the options of the usage.

    None, after a line of usage, where it is something else.
    """
    options = "".join(re.findall(r"\[-(\w) ", usage))
    words = re.fullmatch(rf"(?P<pod>\s+[^\s-]\S*)?(?P<options>(\s+-[{options}]\s+\S+)*)\s*", f" {arguments}")
    if words:
        pod = (words["pod"] or "").strip().removeprefix("pod/").removeprefix("pods/")
        typed = dict(re.findall(r"-(\w)\s+(\S+)", words["options"]))
        form = typed.get("o", "text")
        if form in FORMS and (pod or "[POD]" in usage):
            return Target(typed.get("n", "default"), pod, typed.get("c"), form)
    print(f"kubesim: {usage}")  # noqa: T201
    return None


# What happened and when (`%timeline POD`): each command, each change that came by itself, and the growing back-off

ROW = 20
LEFT = 4
RIGHT = 290
WIDTH = 600
"""The back-off as a picture, in its own units: the height of a row, where time begins and ends, the width of it all."""
MOST_ROWS = 14
_ATTEMPTS = "Attempts to get the image"


def chronicle(seat: Seat, namespace: str, pod: str = "") -> dict[str, str]:
    """The past of one Pod, or of all Pods of a namespace: as text, and as a table with the back-off drawn."""
    title = f"What happened to {f'Pod {pod} in ' if pod else ''}namespace {namespace}"
    past = Timeline(seat.history, namespace, pod)
    first, tries = past.moments[0].at, [_attempt(one) for one in past.tries]
    rows = [(time_of_day(one.at), spell((one.at - first) / SECOND), one.label) for one in past.moments]
    lines = [f"{time}  {after:>10}  {label}" for time, after, label in rows]
    listed = [_ATTEMPTS, *(f"  {line}" for line in tries)] if tries else []
    drawn = staircase(past.tries, seat.session.cluster.clock.now) if tries else ""
    return {"text/plain": "\n".join([title, *lines, *listed]), "text/html": _past(title, rows, drawn, tries)}


def _past(title: str, rows: list[tuple[str, str, str]], drawn: str, tries: list[str]) -> str:
    body = "".join(map(_moment, rows))
    head = "<tr><th>Time</th><th>After</th><th>What happened</th></tr>"
    table = f'<table class="ks-moments"><thead>{head}</thead><tbody>{body}</tbody></table>'
    attempts = f"<p><b>{_ATTEMPTS}</b></p>{drawn}" if tries else ""
    return f'<div class="ks-flow"><p><b>{html.escape(title)}</b></p>{table}{attempts}</div>'


def _moment(row: tuple[str, str, str]) -> str:
    cells = "".join(f"<td>{html.escape(cell, quote=False)}</td>" for cell in row)
    return f"<tr>{cells}</tr>"


def staircase(tries: tuple[Try, ...], now: Micros) -> str:
    """The growing back-off as an image: a row for each attempt, in it the pause that followed, and a line at `now`."""
    drawn = tries[-MOST_ROWS:]
    start, end = drawn[0].at, max(drawn[-1].until, now, drawn[0].at + 1)
    height = ROW * len(drawn) + 8

    def x(moment: Micros) -> float:
        return round(LEFT + (RIGHT - LEFT) * max(0, moment - start) / (end - start), 1)

    rows = "".join(_bar(one, number * ROW + 4, x(one.at), x(one.until)) for number, one in enumerate(drawn))
    cursor = f'<path stroke="{drawing.INK}" stroke-dasharray="2 4" d="M{x(now)} 0V{height}"/>'
    return drawing.embedded(cursor + rows, WIDTH, height, "The growing back-off. " + ". ".join(map(_attempt, drawn)))


def _bar(one: Try, top: int, left: float, right: float) -> str:
    got = one.outcome in ("Pulled", "AlreadyPresent")
    look = drawing.LOOKS[PASSED if got else FAILED]
    bar = f'<rect x="{left}" y="{top}" width="{max(right - left, 3):.1f}" height="{ROW - 6}"'
    halo = f'stroke="{drawing.PAPER}" stroke-width="4" paint-order="stroke" font-size="10"'
    words = (
        f'<text x="{max(right, left + 3) + 6:.1f}" y="{top + 11}" {halo}>{"✓" if got else "✗"} {_attempt(one)}</text>'
    )
    return f'{bar} fill="{look.fill}" stroke="{look.line}"/>{words}'


def _attempt(one: Try) -> str:
    return f"{time_of_day(one.at)} {one.outcome}" + (f", back-off {spell(one.pause)}" if one.pause else "")


def timeline(arguments: str, seat: Seat) -> None:
    """Display what happened, or print how to ask for it."""
    if asked := target(arguments, "the past of which Pod? %timeline [POD] [-n NAMESPACE]"):
        display(chronicle(seat, asked.namespace, asked.pod), raw=True)
