"""The rendering of a challenge's round: scores, buttons, the list of tasks, and the open task, for its card.

Every function here is pure: it reads the round, the cluster and the readings of the goals. challenge.py changes the
round, and decides when a solution is shown.
"""

from __future__ import annotations

import html
from typing import Any

from kubesim.api.objects import name_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.jupyter import markup, why
from kubesim.jupyter.card import AGAIN, NO_MORE_HINTS, SPENT, Button, goal_lines
from kubesim.jupyter.seat import Seat, spell
from kubesim.jupyter.task import GONE
from kubesim.lessons.challenge import HINT, WHY, Round, Standing
from kubesim.lessons.clusters import Broken
from kubesim.lessons.review import counted
from kubesim.lessons.task import Reading, is_intact
from kubesim.session.flow import trace_flow
from kubesim.why.export import Explanations
from kubesim.why.tell.report import Flow

TO_DO = "Find out what's wrong, and fix it."


def feedback(challenge: Round, readings: tuple[Reading, ...], seat: Seat, asks_to_end: bool) -> dict[str, Any]:
    """The fields of the card's `feedback` about the round. `readings` are those of the open task's goals.

    `simulated` (words) and `real` (seconds) are the times spent so far. `since` is the page's clock at the last
    message, from which the page counts on; 0 while no clock runs. `asks_time` asks the page for its clock once more,
    because the open task has just ended.
    """
    current = challenge.current
    return {
        "score": score(challenge),
        "tasks": [_task_fields(challenge, *numbered) for numbered in enumerate(challenge.standings, 1)],
        "simulated": spell(sum(standing.simulated for standing in challenge.standings)),
        "real": sum(standing.real for standing in challenge.standings),
        "since": (challenge.wall or 0) if current and not current.is_over else 0,
        "asks_time": bool(current and current.is_over and not current.is_timed),
        "task": _open_task_fields(challenge, current, readings, seat) if current else {},
        "end": markup.listed(map(_review, challenge.standings), "ol") if challenge.is_over else "",
        "buttons": _buttons(challenge, asks_to_end),
    }


def score(challenge: Round) -> str:
    return f"{challenge.points} of {challenge.most_points} points"


def next_task(challenge: Round) -> int:
    """The index of the next unfinished task, going round; if there is none, the index of the open task, or 0."""
    standings = challenge.standings
    here = standings.index(challenge.current) if challenge.current else -1
    numbers = [*range(here + 1, len(standings)), *range(here + 1)]
    return next((number for number in numbers if not standings[number].is_over), max(here, 0))


def flow_to_explain(cluster: Cluster, current: Standing) -> Flow | None:
    """The flow of the task's first Pod with a failed pull, else of its first Pod; None without Pods."""
    namespace = current.task.namespaces[0]
    flows = [trace_flow(cluster, namespace, name_of(pod)) for pod in cluster.api.list(POD, namespace)]
    return next((flow for flow in flows if flow.cause), next(iter(flows), None))


def no_pod_sentence(current: Standing) -> str:
    return f"There is no Pod in {current.task.namespaces[0]}."


def plain(challenge: Round) -> str:
    """The round as plain text."""
    texts = [markup.plain_text(standing.task.text) for standing in challenge.standings]
    return "\n".join([challenge.id.title, TO_DO, *(f"{number}. {text}" for number, text in enumerate(texts, 1))])


def static_html(challenge: Round) -> str:
    """The round as HTML, each task with its solution in a closed <details>."""
    tasks = [
        markup.paragraphs(standing.task.text) + markup.details("Evidence and solution", _solution(standing.task))
        for standing in challenge.standings
    ]
    return f"<p><b>{challenge.id.title}</b></p><p>{TO_DO}</p>{markup.listed(tasks, 'ol')}"


def _task_fields(challenge: Round, number: int, standing: Standing) -> dict[str, Any]:
    """The fields of a task in the row of tasks. Its number is from 1."""
    state = _state(standing)
    points = f", {standing.worth} points" if standing.solved else ""
    label = f"Task {number}: {standing.task.title.replace('`', '')}, {state}{points}"
    return {"label": label, "state": state, "current": standing is challenge.current}


def _open_task_fields(challenge: Round, current: Standing, readings: tuple[Reading, ...], seat: Seat) -> dict[str, Any]:
    """The fields of the open task, as HTML. `over` has the result and the solution once the task is over."""
    task = current.task
    number = challenge.standings.index(current) + 1
    is_gone = not current.is_over and not is_intact(task, seat.session)
    names = " and ".join(f"`{name}`" for name in task.files)
    files = f"{'Its files are' if len(task.files) > 1 else 'Its manifest is'} {names}."
    return {
        "title": markup.inline(f"Task {number}. {task.title}"),
        "html": markup.paragraphs(task.text) + markup.paragraphs(files),
        "goals": goal_lines(readings, current.solved),
        "advice": markup.inline(GONE if is_gone else challenge.advice()),
        "hints": [markup.inline(hint) for hint in task.hints[: current.hints]],
        "why": _why_page(seat.cluster, current) if current.why and not current.is_over else "",
        "over": f"<p><b>{_summary(current)}</b></p>{_solution(task)}" if current.is_over else "",
    }


def _why_page(cluster: Cluster, current: Standing) -> str:
    flow = flow_to_explain(cluster, current)
    return why.page(Explanations([flow])) if flow else f"<p>{no_pod_sentence(current)}</p>"


def _buttons(challenge: Round, asks_to_end: bool) -> list[Button]:
    """The buttons for the present state. `asks_to_end`: the card asks for confirmation to end the round."""
    current = challenge.current
    if asks_to_end:
        return [("finish", "Yes, end the round"), ("keep", "No, continue")]
    if challenge.is_over:
        return [] if challenge.id.is_review else [("another", "Another round")]
    if current is None:
        has_begun = any(any(marks) for marks in challenge.marks)
        return [("next", "Continue" if has_begun else "Start")]
    end: Button = ("end", "End the round")
    if current.is_over:
        return [("next", "Next task"), end]
    buttons: list[Button] = [
        ("hint", f"Hint (costs {HINT})") if current.hints < len(current.task.hints) else NO_MORE_HINTS,
        (SPENT, "Why? (see below)") if current.why else ("why", f"Why? (costs {WHY})"),
        ("reveal", "Show the solution (no points)"),
    ]
    if challenge.standings[next_task(challenge)] is not current:
        buttons.append(("next", "Skip"))
    return [*buttons, AGAIN, end]


# One broken cluster


def _state(standing: Standing) -> str:
    """The state of a broken cluster in words, which static/challenge.js marks with a sign."""
    if standing.solved:
        return "solved"
    if standing.shown:
        return "solution shown"
    return "started" if standing.start else "not started"


def _summary(standing: Standing) -> str:
    """The result in one sentence: solved or not, the help taken, the points, and both times."""
    times = f"{spell(standing.simulated)} simulated, {spell(standing.real)} real."
    if not standing.solved:
        return f"Not solved: 0 points, {times}"
    help_taken = []
    if standing.hints:
        help_taken.append(counted(standing.hints, "hint"))
    if standing.why:
        help_taken.append("why")
    with_help = f" with {' and '.join(help_taken)}" if help_taken else ""
    return f"Solved{with_help}: {standing.worth} points, {times}"


def _solution(cluster: Broken) -> str:
    """The evidence, the reasoning from it to the cause, and the shortest fix, as HTML."""
    clues = [(html.escape(clue.run), html.escape(clue.shows)) for clue in cluster.evidence]
    evidence = markup.listed(f"<code>{run}</code> shows <code>{shows}</code>" for run, shows in clues)
    fix = markup.listing(cluster.solution)
    return f"{evidence}{markup.paragraphs(cluster.because)}<p>The shortest fix:</p>{fix}"


def _review(standing: Standing) -> str:
    """The solution, folded below the title and the result, as HTML."""
    return markup.details(f"{markup.inline(standing.task.title)}. {_summary(standing)}", _solution(standing.task))
