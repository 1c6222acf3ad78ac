"""A task in a notebook: what is to be reached, a check that says what is still missing, hints and a solution."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from kubesim.jupyter import markup
from kubesim.jupyter.current import Seat
from kubesim.jupyter.exercise import Button, Exercise
from kubesim.jupyter.quiz import unknown
from kubesim.lessons import Note, Task, Verdict, begin, begun, check, load_tasks


class TaskCard(Exercise):
    """One task in the notebook's own cluster. Its start state is made unless its namespace is there already."""

    def __init__(self, task: Task, seat: Seat) -> None:
        self._task = task
        self._seat = seat
        self._asking = False
        self.hints = task.hints
        super().__init__(content={"kind": "task", "label": f"Task: {task.title}", "html": self._text_html()})
        if not begun(task, seat.session):
            self._begin()
        self.refresh()

    def do_check(self, _message: dict[str, Any]) -> None:
        """Look at the cluster: what is reached, and what is still missing."""
        if not begun(self._task, self._seat.session):
            self._begin()
            fresh = Note(False, "The cluster was restarted, so the task has been set up again. Now it is your turn.")
            self._verdict = Verdict(False, (fresh,))
            return
        readings = check(self._task, self._seat.session)
        notes = tuple(Note(reading.holds, reading.message) for reading in readings)
        right = all(note.ok for note in notes)
        self._verdict = Verdict(right, notes + ((Note(True, self._task.done),) if right else ()))

    def do_restart(self, _message: dict[str, Any]) -> None:
        """Ask before anything is lost."""
        self._asking = True

    def do_keep(self, _message: dict[str, Any]) -> None:
        """Do not start over."""
        self._asking = False

    def do_begin(self, _message: dict[str, Any]) -> None:
        """Start over."""
        self._begin()
        self._verdict, self._revealed, self._told, self._asking = None, False, 0, False

    def refresh(self) -> None:
        """Bring the feedback up to date."""
        super().refresh()
        if self._asking:
            self.feedback = {**self.feedback, "warning": self._loss()}

    def plain(self) -> str:
        """The task and what is to be reached."""
        goals = [f"  - {markup.plain(goal.what)}" for goal in self._task.goal]
        return "\n".join([f"Task: {self._task.title}", markup.plain(self._task.text), "Reach this:", *goals])

    def static_html(self) -> str:
        """The task, and a solution folded away."""
        solution = f"<details><summary>A solution</summary>{self._answer_html()}</details>"
        return f"<p><b>Task: {markup.inline(self._task.title)}</b></p>{self._text_html()}{solution}"

    def _begin(self) -> None:
        begin(self._task, self._seat.session)
        self._seat.changed()

    def _word(self, verdict: Verdict) -> str:
        reached = sum(note.ok for note in verdict.notes)
        return "Well done" if verdict.right else f"Not yet ({reached} of {len(self._task.goal)} reached)"

    def _loss(self) -> str:
        made = [f"the namespace `{name}` and everything in it" for name in self._task.namespaces]
        files = [f"your changes to the file `{name}`" for name in self._task.files]
        return markup.inline(f"Starting over makes anew: {', '.join(made + files)}. Everything else stays.")

    def _text_html(self) -> str:
        goals = "".join(f"<li>{markup.inline(goal.what)}</li>" for goal in self._task.goal)
        return f"{markup.paragraphs(self._task.text)}<p>Reach this:</p><ul>{goals}</ul>"

    def _answer_html(self) -> str:
        return markup.listing(self._task.solution)

    def _buttons(self) -> list[Button]:
        if self._asking:
            return [("begin", "Yes, start over"), ("keep", "No, keep my work")]
        reveal: list[Button] = [] if self._revealed else [("reveal", "Show a solution")]
        return [("check", "Check"), *self._hint_button(), *reveal, ("restart", "Start over")]


def show(arguments: str, seat: Seat) -> None:
    """Display the task whose id `arguments` names (`%task ID`), or say which ids there are."""
    tasks = load_tasks()
    task = tasks.get(arguments.strip())
    if task is None:
        print(unknown("task", arguments, list(tasks)))  # noqa: T201  # a cell's output
    else:
        display(TaskCard(task, seat))
