"""Words and HTML about one broken cluster of a challenge: its state, its result, its evidence and its solution.

challenge.py decides when they are shown.
"""

from __future__ import annotations

import html

from kubesim.jupyter import markup
from kubesim.jupyter.seat import spell
from kubesim.lessons.challenge import Standing
from kubesim.lessons.clusters import Broken
from kubesim.lessons.review import counted


def state(standing: Standing) -> str:
    if standing.solved:
        return "solved"
    if standing.shown:
        return "solution shown"
    return "started" if standing.start else "not started"


def summary(standing: Standing) -> str:
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


def solution(cluster: Broken) -> str:
    """The evidence, the reasoning from it to the cause, and the shortest fix, as HTML."""
    clues = [(html.escape(clue.run), html.escape(clue.shows)) for clue in cluster.evidence]
    evidence = markup.listed(f"<code>{run}</code> shows <code>{shows}</code>" for run, shows in clues)
    fix = markup.listing(cluster.solution)
    return f"{evidence}{markup.paragraphs(cluster.because)}<p>The shortest fix:</p>{fix}"


def review(standing: Standing) -> str:
    """The solution, folded below the title and the result, as HTML."""
    return markup.details(f"{markup.inline(standing.task.title)}. {summary(standing)}", solution(standing.task))
