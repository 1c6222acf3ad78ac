"""The playground's card: a button that breaks something at random, and one that hands over a cluster from a file.

The page's half is that of a task; it draws the number that picks what's broken.
"""

from __future__ import annotations

from functools import cache

from IPython.display import display

from kubesim.jupyter import card
from kubesim.jupyter.card import Exercise, Message, static
from kubesim.jupyter.current import Seat
from kubesim.jupyter.workbench import workbench
from kubesim.lessons.challenge import Broken, broken_clusters
from kubesim.lessons.task import begin, check

CASE = "case.yaml"
_TITLE = "Playground"
_OFFER = (
    "**Break something** sets up a broken cluster at random, in namespaces of its own. **Load case.yaml** creates what "
    f"the file `{CASE}` in the folder `workspace` contains, in a new namespace `case`."
)
_MISSING = f"There's no file `{CASE}` in the folder `workspace` yet. Create one with `nano {CASE}`, or drag it there."
# Only a real cluster can set these fields, and the objects are to go into one namespace.
_LOAD = rf"""kubectl delete namespace case --ignore-not-found
kubectl create namespace case
sed '/resourceVersion:/d; /uid:/d; /namespace:/d' {CASE} | kubectl apply -n case -f -
sleep 10
kubectl get pods -n case"""


class Playground(Exercise):
    """At most one broken cluster at a time. Its goals are on the workbench, and nothing counts."""

    _esm = static("parts.js", "task.js")
    _css = static("theme.css", "card.css", "task.css")

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._broken: Broken | None = None
        super().__init__(content={"label": _TITLE, "html": card.paragraphs(_OFFER)})
        seat.on_change(self.refresh)
        self.refresh()

    def do_break(self, message: Message) -> None:
        self._broken = broken_clusters(int(message["seed"]))[0]
        task, self.hints, self.hints_shown, self.revealed = self._broken.task, self._broken.task.hints, 0, False
        with self._seat.changing(f"break something: {task.title}"):
            begin(task, self._seat.session)
        self._said = "Something is broken. Undo reverts this."

    def do_load(self, _message: Message) -> None:
        there = self._seat.session.workspace.exists(CASE)
        if there:
            workbench(self._seat).feed(_LOAD)
        self._said = f"`{CASE}` is loaded: see the terminal." if there else _MISSING

    def refresh(self) -> None:
        broken, is_solved = self._broken, False
        buttons = [("break", "Break something else" if broken else "Break something"), ("load", f"Load {CASE}")]
        if broken:
            readings = check(broken.task, self._seat.session)
            is_solved = all(reading.holds for reading in readings)
            workbench(self._seat).open_task(broken.task.title, readings)
            buttons += [] if is_solved else self.help_buttons("Show a solution")
        self.feedback = {
            "title": card.inline(broken.task.title) if broken else "",
            "html": card.paragraphs(broken.task.text) if broken else "",
            "done": card.inline(broken.because) if broken and is_solved else "",
            **self.help(),
            "said": card.inline(self._said),
            "buttons": buttons,
        }
        self._said = ""

    def plain(self) -> str:
        return f"{_TITLE}: {card.plain_text(_OFFER)}"

    def static_html(self) -> str:
        return f"<p><b>{_TITLE}</b></p>{card.paragraphs(_OFFER)}"

    def answer_html(self) -> str:
        assert self._broken
        return card.listing(self._broken.task.solution) + card.paragraphs(self._broken.because)


@cache
def _card(seat: Seat) -> Playground:
    return Playground(seat)


def show(seat: Seat) -> None:
    display(_card(seat))
