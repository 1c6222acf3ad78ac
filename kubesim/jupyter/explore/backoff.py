"""The explorable `backoff`: a timeline with a Pod's attempts to pull, its STATUS, and the moment of a fix."""

from __future__ import annotations

from kubesim.gotext import tabwriter
from kubesim.jupyter.explore.card import Shown, marked, table
from kubesim.jupyter.markup import inline
from kubesim.jupyter.seat import spell
from kubesim.lessons.explore import Values, load_explorables
from kubesim.lessons.explore.backoff import LENGTH, Life, TimedAttempt, play

_HEADS = ["Attempt", "Time", "Result", "Delay"]


def look(values: Values) -> Shown:
    """Render a Pod's life at the moment `now`, with its Secret fixed at `fix`, both in seconds from the start."""
    now, fix = int(values["now"]), int(values["fix"])
    commands = load_explorables()["backoff"].commands
    life = play(commands["start"], commands["fix"], fix)
    past = life.until(now)
    facts = _facts(life, past, now)
    story = _story(past, fix, now)
    rows = [_row(number, attempt) for number, attempt in enumerate(past.attempts, start=1)]
    page = f"{_listed(facts)}<p>{inline(story)}</p>{table(_HEADS, list(map(_as_html, rows)))}"
    lines = [f"{name}: {fact}" for name, fact in facts.items()]
    text = "\n".join([*lines, story, tabwriter.format([_HEADS, *rows], minwidth=0, padding=2).rstrip("\n")])
    news = f"{facts['STATUS']}, attempts: {facts['Attempts']}. {story}".replace("`", "")
    outputs = {"now": spell(now), "fix": "never" if fix == LENGTH else f"after {spell(fix)}"}
    return Shown(page, text, news, past.reached(fix), outputs, picture=_track(life, fix, now))


def _facts(life: Life, past: Life, now: int) -> dict[str, str]:
    """The facts of the moment `now`, by their labels. `past` is `life` until `now`."""
    following = life.next_after(now)
    next_attempt = "none"
    if past.runs_at is None:
        next_attempt = f"in {spell(following.at - now)}" if following else "later"
    return {
        "Time": spell(now),
        "STATUS": past.statuses[-1][1],
        "Attempts": str(len(past.attempts)),
        "Next attempt": next_attempt,
    }


def _story(past: Life, fix: int, now: int) -> str:
    """The sentence about the fix: not made yet, made without an effect so far, or effective after a wait."""
    says = load_explorables()["backoff"].says
    if now < fix:
        return says["broken"]
    if past.runs_at is None:
        return says["waits"].format(fix=spell(fix))
    return says["runs"].format(fix=spell(fix), runs=spell(past.runs_at), wait=spell(past.runs_at - fix))


def _row(number: int, attempt: TimedAttempt) -> list[str]:
    """The cells below _HEADS. The result is a sign, a space and a word."""
    result = "✗ failed" if attempt.delay else "✓ pulled"
    return [str(number), spell(attempt.at), result, spell(attempt.delay) if attempt.delay else "none"]


def _as_html(row: list[str]) -> list[str]:
    number, time, result, delay = row
    return [number, time, marked(*result.split(" ")), delay]


def _listed(facts: dict[str, str]) -> str:
    """The facts in a row. Its commas are for a page without the style sheet, and for screen readers."""
    comma = '<span class="ks-unseen">,</span></span> <span>'
    told = comma.join(f"{name} <b>{fact}</b>" for name, fact in facts.items() if name != "Time")
    return f'<p class="ks-facts"><span>{told}</span></p>'


def _track(life: Life, fix: int, now: int) -> str:
    """Attempts, fix and present moment as marks on a line. Hidden from screen readers, which have the table."""
    marks = [("pulled" if not one.delay else "failed", one.at) for one in life.attempts]
    marks.append(("now", now))
    if fix < LENGTH:
        marks.append(("fix", fix))
    placed = "".join(f'<i data-mark="{kind}" style="--at: {at / LENGTH:.4f}"></i>' for kind, at in marks)
    legend = load_explorables()["backoff"].says["marks"]
    return f'<div class="ks-track" aria-hidden="true">{placed}</div><p class="ks-how" aria-hidden="true">{legend}</p>'
