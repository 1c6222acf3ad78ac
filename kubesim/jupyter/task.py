"""The card of `%task`: a text, goals that are checked after each command, hints, a comparison, and a solution.

Set-up and checks are lessons.task's work. A task runs in the notebook's own cluster, in its own namespaces. The page's
half is static/task.js.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Any

from IPython.display import display

from kubesim.jupyter import drawing, markup
from kubesim.jupyter.card import AGAIN, NEXT, SPENT, Button, Exercise, check_known, script, styles
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.jupyter.workbench import workbench
from kubesim.lessons import load_tasks
from kubesim.lessons.task import (
    Comparison,
    Reading,
    Task,
    all_hold,
    begin,
    check,
    compare_pods,
    is_intact,
    is_started,
    solve,
)
from kubesim.session import Session
from kubesim.session.history import History

# Steps of the history without a new tick, after which the next hint is free.
PATIENCE = 4
NUDGE = "No new tick for a while. The first hint is free: it doesn't count as help."
GONE = "The task's namespace is gone. Start over to have it set up again."
_COMPARE: Button = ("compare", "Goal beside state")
_LONGEST = 120  # characters of a check's output in the comparison
_WAITS = ("sleep", "kubectl wait", "kubectl get", "kubectl rollout status")  # commands that count as no work


class _Work:
    """The goals of a task that are reached, and the steps of the history that the learner has taken to them.

    Set-up isn't the learner's work: the count begins at the first `update` after a start, when that step is over.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._is_starting = True
        self._begun_at = 0  # History.count at the start
        self._ticked_at = 0  # History.count when a tick last appeared or disappeared
        self.reached: tuple[bool, ...] = ()  # for each goal, at the last update; () before the first

    def start_over(self) -> None:
        self._is_starting = True

    def update(self, reached: tuple[bool, ...]) -> None:
        count = self._history.count
        if self._is_starting:
            self._begun_at = self._ticked_at = count
            self._is_starting = False
        if reached != self.reached:
            self.reached = reached
            self._ticked_at = count

    @property
    def has_begun(self) -> bool:
        return self._history.count != self._begun_at

    @property
    def is_stuck(self) -> bool:
        """True after PATIENCE steps without a tick, if goals are left."""
        return not all(self.reached) and self._history.count >= self._ticked_at + PATIENCE

    def commands(self) -> int:
        """The number of commands since the start, without those that only wait or look."""
        count = self._history.count - self._begun_at
        steps = self._history.steps[-count:] if count > 0 else ()
        return sum(not step.label.startswith(_WAITS) for step in steps)


class TaskCard(Exercise):
    """The card of one task.

    Showing it sets the task up, unless its namespace exists already. `reset` in the terminal sets it up again while it
    is the seat's `open_task`.
    """

    _esm = script("task.js")
    _css = styles("card.css", "flow.css", "task.css")

    def __init__(self, task: Task, seat: Seat) -> None:
        self._task = task
        self._in_the_way: list[str] = []  # files of the learner's, which the set-up didn't replace
        self._compares = False  # the comparison of state and goal is shown
        self._work = _Work(seat.history)
        self._took = 0  # the number of commands that led to all goals; 0 until then
        self._was_done = seat.progress.is_done(task.id)
        self.hints = task.hints
        super().__init__(seat, content={"label": _title(task), "html": markup.paragraphs(task.text)})
        self.take_up()  # before the subscription: it changes the cluster, and would call `refresh` halfway
        seat.on_change(self.refresh)

    def take_up(self) -> None:
        """Make this the open task, and set it up unless it is set up already."""
        seat = self._seat
        seat.open_task = self
        if not is_started(self._task, seat.session):
            self.start_over()
            seat.history.limit_undo(self._task.title)
            seat.skip_pause()
            seat.notify()
        self.refresh()

    def do_compare(self) -> None:
        self._compares = not self._compares

    def do_restart(self) -> None:
        with self._seat.changing(f"start over: {self._task.title}"):
            self.start_over()
        self.forget_help()
        self.say("Started over. Undo reverts this.")

    def refresh(self) -> None:
        readings = check(self._task, self._seat.session)
        is_done = all_hold(readings)
        before = self._work.reached
        self._work.update(tuple(reading.holds for reading in readings))
        if self._work.reached != before:
            self._took = self._work.commands() if is_done else 0
            if is_done:
                self._save()  # before `take_said`: a problem replaces the words to show
        self.feedback = {
            "goals": [self._goal_line(reading) for reading in readings],
            "count": self._count(readings),
            "done": markup.inline(self._task.done) if is_done else "",
            "warnings": [markup.inline(warning) for warning in self._warnings()],
            **self.help(),
            "beside": self._comparison(readings) if self._compares else "",
            "said": markup.inline(self.take_said() or (NUDGE if self.hint_is_free else "")),
            "news": self._news(before, readings),
            "buttons": self._buttons(is_done),
        }
        if self._seat.open_task is self:
            workbench(self._seat).open_task(self._task, readings, took=self._took)

    def _news(self, before: tuple[bool, ...], readings: tuple[Reading, ...]) -> str:
        """A sentence for each tick that appeared or disappeared, for a screen reader; "" at the first refresh.

        `before` has the goals that were reached at the last refresh, () if there was none.
        """
        words = []
        for reading, was in zip(readings, before, strict=False):
            if reading.holds != was:
                words.append(f"{'Reached' if reading.holds else 'Lost'}: {reading.condition.what}")
        return " ".join(words).replace("`", "")

    @property
    def hint_is_free(self) -> bool:
        """True for a learner who is stuck and has taken no help."""
        return self._work.is_stuck and not self.hints_shown and not self.revealed

    def _buttons(self, is_done: bool) -> list[Button]:
        help_ = self.help_buttons("Show a solution", _COMPARE)
        if is_done:
            return [NEXT, *(button for button in help_ if button[0] not in ("hint", SPENT)), AGAIN]
        return [*help_, AGAIN]

    def plain(self) -> str:
        goals = [f"  - {markup.plain_text(goal.what)}" for goal in self._task.goal]
        return "\n".join([_title(self._task), markup.plain_text(self._task.text), "Goals:", *goals])

    def static_html(self) -> str:
        title = markup.inline(_title(self._task))
        text = markup.paragraphs(self._task.text)
        goals = markup.listed(markup.inline(goal.what) for goal in self._task.goal)
        hints = markup.details("Hints", markup.listed(map(markup.inline, self.hints), "ol"))
        solution = markup.details("A solution", self.answer_html())
        return f"<p><b>{title}</b></p>{text}<p>Goals:</p>{goals}{hints}{solution}"

    def answer_html(self) -> str:
        return markup.listing(self._task.solution)

    def start_over(self) -> str:
        """Set the task up again, and return its title (OpenTask). The caller refreshes the card."""
        self._in_the_way = begin(self._task, self._seat.session)
        self._work.start_over()
        return self._task.title

    @cached_property
    def _solved(self) -> Session:
        """A session of its own with the task solved, for the comparison. It takes a moment to compute."""
        return solve(self._task)

    def _save(self) -> None:
        """Save the task as done. A problem with the progress file becomes the words to show."""
        progress = self._seat.progress
        self._was_done = progress.keep_task(self._task.id, self.helped) or self._was_done
        if progress.message:
            self.say(progress.message)

    def _count(self, readings: Sequence[Reading]) -> str:
        reached = sum(reading.holds for reading in readings)
        again = " (you have done this task before)" if self._was_done and reached < len(readings) else ""
        return f"{reached} of {len(readings)} reached{again}"

    def _goal_line(self, reading: Reading) -> dict[str, Any]:
        """A goal as task.js draws it. Advice on an unreached goal is shown only after the learner's first step."""
        goal = reading.condition
        is_missing = not reading.holds and self._work.has_begun
        return {
            "ok": reading.holds,
            "what": markup.inline(goal.what),
            "missing": markup.inline(goal.otherwise) if is_missing else "",
            "hint": markup.inline(goal.hint) if is_missing else "",
            "reason": markup.inline(goal.reason) if is_missing or reading.holds else "",
        }

    def _warnings(self) -> Iterator[str]:
        if not is_intact(self._task, self._seat.session):
            yield GONE
        if self._in_the_way:
            names = ", ".join(f"`{name}`" for name in self._in_the_way)
            yield f"You have another {names} already; it is kept. Remove it and start over to get the task's own."

    def _comparison(self, readings: tuple[Reading, ...]) -> str:
        """The comparison as HTML: pictures of the flow now and at the goal, and the output of each check."""
        pictures = map(_pictures, compare_pods(self._task, self._seat.session, self._solved))
        rows = "".join(map(_row, readings))
        head = "<tr><th>This command prints</th><th>now</th><th>at the goal</th></tr>"
        return f"{''.join(pictures)}<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _title(task: Task) -> str:
    return f"Task: {task.title} ({task.minutes} minutes)"


def _pictures(comparison: Comparison) -> str:
    drawn = drawing.image(comparison.now) if comparison.now else "<p>There is no such Pod yet.</p>"
    goal = drawing.image(comparison.goal)
    return _figure(f"{comparison.subject}: now", drawn) + _figure(f"{comparison.subject}: goal", goal)


def _figure(caption: str, picture: str) -> str:
    return f"<figure class='ks-flow'><figcaption>{html.escape(caption)}</figcaption>{picture}</figure>"


def _row(reading: Reading) -> str:
    """A row of the comparison: the command of a check, its output now, and its output at the goal."""
    goal = reading.condition
    if reading.holds:
        mark = "✓ the same"
    elif goal.equals is None:
        mark = markup.inline(goal.what)
    else:
        mark = f"<code>{html.escape(goal.equals)}</code>"
    now = f"<code>{html.escape(reading.printed[:_LONGEST])}</code>" if reading.printed else "nothing"
    return f"<tr><td><code>{html.escape(goal.run)}</code></td><td>{now}</td><td>{mark}</td></tr>"


@cache
def _card(name: str, seat: Seat) -> TaskCard:
    return TaskCard(load_tasks()[name], seat)


def show(arguments: str, seat: Seat) -> None:
    """Display a task and take it up (`%task ID`). Raises Refusal for an unknown id, and without one."""
    name = arguments.strip()
    if not name:
        raise Refusal("the name of the task is missing; to see the goals of a task again, run its cell again")
    check_known("task", name, load_tasks())
    task_card = _card(name, seat)  # one card for each task, however often it is shown
    task_card.take_up()
    display(task_card)
