"""A task in a notebook: a list that ticks itself off, the goal beside the learner's state, hints, undo, a solution."""

from __future__ import annotations

import html
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from IPython.display import display

from kubesim.jupyter import flow, markup
from kubesim.jupyter.assets import static
from kubesim.jupyter.current import Seat
from kubesim.jupyter.exercise import Button, Exercise
from kubesim.jupyter.quiz import unknown
from kubesim.lessons import Pair, Progress, Reading, Task, begin, begun, beside, check, load_tasks, solve
from kubesim.session import Session

_LONGEST = 120  # characters of what a check printed
_BUTTONS = {"compare": "Goal beside state", "undo": "Undo", "restart": "Start over"}


class TaskCard(Exercise):
    """One task in the notebook's own cluster, looked at after every command.

    Its start state is made unless its namespace is there already; `reset` in the terminal makes it anew.
    """

    _esm = static("parts.js", "task.js")
    _css = static("exercise.css", "flow.css", "task.css")

    def __init__(self, task: Task, seat: Seat) -> None:
        self._task = task
        self._seat = seat
        self._kept: list[str] = []
        self._comparing = False
        self._said = ""
        self._reached: tuple[bool, ...] = ()
        self.hints = task.hints
        super().__init__(content={"label": _title(task), "html": markup.paragraphs(task.text)})
        if not begun(task, seat.session):
            self._begin()
            seat.history.begin(task.title)
            seat.changed()
        seat.start_over = self._begin
        seat.on_change(self.refresh)
        self._steps = len(seat.history.steps)
        self.refresh()

    def do_compare(self, _message: dict[str, Any]) -> None:
        """Show or hide the goal beside the state."""
        self._comparing = not self._comparing

    def do_undo(self, _message: dict[str, Any]) -> None:
        """Take back the last command."""
        label = self._seat.undo()
        self._said = f"Taken back: `{label}`" if label else "Nothing is left to take back."

    def do_restart(self, _message: dict[str, Any]) -> None:
        """Start over; `undo` takes that back."""
        with self._seat.changing(f"start over: {self._task.title}"):
            self._begin()
        self._revealed, self._told = False, 0
        self._said = "Started over. Undo takes this back."

    def refresh(self) -> None:
        """Look at the cluster and bring the card up to date."""
        there = begun(self._task, self._seat.session)
        readings = check(self._task, self._seat.session)
        reached = tuple(reading.holds for reading in readings)
        news, self._reached = self._news(readings) if self._reached else "", reached
        self.feedback = {
            "goals": [self._drawn(reading) for reading in readings],
            "count": self._count(reached),
            "done": markup.inline(self._task.done) if all(reached) else "",
            "warnings": [markup.inline(warning) for warning in self._warnings(there)],
            "hints": [markup.inline(hint) for hint in self.hints[: self._told]],
            "reveal": self._answer_html() if self._revealed else "",
            "beside": self._beside(readings) if self._comparing else "",
            "said": markup.inline(self._said),
            "news": news,
            "buttons": self._buttons(),
        }
        self._said = ""

    def plain(self) -> str:
        """The task and what is to be reached."""
        goals = [f"  - {markup.plain(goal.what)}" for goal in self._task.goal]
        return "\n".join([_title(self._task), markup.plain(self._task.text), "Reach this:", *goals])

    def static_html(self) -> str:
        """The task, with its hints and a solution folded away."""
        goals = "".join(f"<li>{markup.inline(goal.what)}</li>" for goal in self._task.goal)
        hints = "".join(f"<li>{markup.inline(hint)}</li>" for hint in self.hints)
        folded = _folded("Hints", f"<ol>{hints}</ol>") + _folded("A solution", self._answer_html())
        text = markup.paragraphs(self._task.text)
        return f"<p><b>{markup.inline(_title(self._task))}</b></p>{text}<p>Reach this:</p><ul>{goals}</ul>{folded}"

    def _begin(self) -> str:
        self._kept = begin(self._task, self._seat.session)
        return self._task.title

    @cached_property
    def _solved(self) -> Session:
        return solve(self._task)

    def _count(self, reached: tuple[bool, ...]) -> str:
        """How much is reached, and whether all was before; what is reached now is kept."""
        progress = Progress(self._seat.session.workspace)
        before = progress.is_done(self._task.id)
        if all(reached) and not before:
            progress.keep_task(self._task.id)
        again = " (you have done this task before)" if before and not all(reached) else ""
        return f"{sum(reached)} of {len(reached)} reached{again}"

    def _drawn(self, reading: Reading) -> dict[str, Any]:
        """A line of the list. What is missing is not told before anything was done."""
        goal = reading.condition
        missing = not reading.holds and len(self._seat.history.steps) != self._steps
        return {
            "ok": reading.holds,
            "what": markup.inline(goal.what),
            "missing": markup.inline(goal.otherwise) if missing else "",
            "hint": markup.inline(goal.hint) if missing else "",
            "reason": markup.inline(goal.reason) if missing or reading.holds else "",
        }

    def _news(self, readings: tuple[Reading, ...]) -> str:
        """What a screen reader says when a tick comes or goes."""
        pairs = [(reading, was) for reading, was in zip(readings, self._reached, strict=True) if reading.holds != was]
        words = [f"{'Reached' if reading.holds else 'Lost'}: {reading.condition.what}" for reading, _ in pairs]
        return " ".join(words).replace("`", "")

    def _warnings(self, there: bool) -> Iterator[str]:
        if not there:
            yield "The task's namespace is gone. Start over to have it set up again."
        if self._kept:
            names = ", ".join(f"`{name}`" for name in self._kept)
            yield f"You have another {names} already; it is kept. Remove it and start over to get the task's own."

    def _beside(self, readings: tuple[Reading, ...]) -> str:
        pairs = beside(self._task, self._seat.session, self._solved)
        rows = "".join(map(_row, readings))
        head = "<tr><th>This command prints</th><th>now</th><th>at the goal</th></tr>"
        return f"{''.join(map(_pictures, pairs))}<table><thead>{head}</thead><tbody>{rows}</tbody></table>"

    def _answer_html(self) -> str:
        return markup.listing(self._task.solution)

    def _buttons(self) -> list[Button]:
        reveal: list[Button] = [] if self._revealed else [("reveal", "Show a solution")]
        compare, *others = _BUTTONS.items()
        return [*self._hint_button(), compare, *reveal, *others]


def _title(task: Task) -> str:
    return f"Task: {task.title} ({task.minutes} minutes)"


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>{body}</details>"


def _pictures(pair: Pair) -> str:
    """Two flows, one under the other, each with its name."""
    now = flow.svg(pair.now) or flow.chain(pair.now) if pair.now else "<p>There is no such Pod yet.</p>"
    goal = flow.svg(pair.goal) or flow.chain(pair.goal)
    subject = html.escape(pair.subject)
    sides = ((f"{subject}: now", now), (f"{subject}: goal", goal))
    return "".join(
        f"<figure class='ks-flow'><figcaption>{title}</figcaption>{picture}</figure>" for title, picture in sides
    )


def _row(reading: Reading) -> str:
    """A field that a check looks at: the command that shows it, what it is, and what it shall be."""
    wanted = reading.condition.equals
    goal = markup.inline(reading.condition.what) if wanted is None else f"<code>{html.escape(wanted)}</code>"
    mark = "✓ the same" if reading.holds else goal
    now = f"<code>{html.escape(reading.printed[:_LONGEST])}</code>" if reading.printed else "nothing"
    return f"<tr><td><code>{html.escape(reading.condition.run)}</code></td><td>{now}</td><td>{mark}</td></tr>"


def show(arguments: str, seat: Seat) -> None:
    """Display the task whose id `arguments` names (`%task ID`), or say which ids there are."""
    tasks = load_tasks()
    task = tasks.get(arguments.strip())
    if task is None:
        print(unknown("task", arguments, list(tasks)))  # noqa: T201  # a cell's output
    else:
        display(TaskCard(task, seat))
