"""`%playground`: a card with a button that sets up a random broken cluster, and one that loads the learner's own YAML.

It uses the page's half of a task, static/task.js. The page picks the random seed: Python here has no randomness.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from IPython.display import display

from kubesim.jupyter import markup
from kubesim.jupyter.card import Button, Exercise, script, styles
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.jupyter.workbench import workbench
from kubesim.lessons.clusters import Broken, RoundId, broken_clusters
from kubesim.lessons.practice import practice_cluster, practices
from kubesim.lessons.task import all_hold, begin, check

CASE = "case.yaml"
_PLAYGROUND = "Playground"
_OFFER = (
    "**Break something** sets up a broken cluster at random, in namespaces of its own. **Load case.yaml** creates what "
    f"the file `{CASE}` in the folder `workspace` contains, in a new namespace `case`."
)
_MISSING = f"There's no file `{CASE}` in the folder `workspace` yet. Create one with `nano {CASE}`, or drag it there."
# The commands that load an export of a real cluster. sed removes the fields that name what doesn't exist here: owners,
# nodes, versions and uids. It also removes the namespaces, because all objects go into one.
LOAD = rf"""kubectl delete namespace case --ignore-not-found
kubectl create namespace case
sed -E '/ownerReferences:/,/uid:/d; /(resourceVersion|uid|namespace|nodeName):/d' {CASE} | kubectl apply -n case -f -
sleep 10
kubectl get pods -n case"""
_LOAD: Button = ("load", f"Load {CASE}")


class Playground(Exercise):
    """The card of the playground: at most one broken cluster at a time, without points or progress.

    The broken cluster is the seat's `open_task`, so the workbench shows its goals until another task is taken up.
    """

    _esm = script("task.js")
    _css = styles("card.css", "task.css")

    def __init__(self, seat: Seat) -> None:
        self._broken: Broken | None = None
        super().__init__(seat, content={"label": _PLAYGROUND, "html": markup.paragraphs(_OFFER)})
        seat.on_change(self.refresh)
        self.refresh()

    def do_break(self, seed: int) -> None:
        self.set_up(broken_clusters(RoundId(seed))[0])

    def set_up(self, broken: Broken) -> None:
        """Set up a broken cluster, as one step that `undo` reverts. The caller refreshes the card."""
        self._broken = broken
        self.hints = broken.hints
        self.forget_help()
        self._seat.open_task = self
        with self._seat.changing(f"break something: {broken.title}"):
            self.start_over()
        self.say("Something is broken. Undo reverts this.")

    def start_over(self) -> str:
        """Create the start state of the broken cluster, and return its title. `reset` in the terminal calls this."""
        assert self._broken
        begin(self._broken, self._seat.session)
        return self._broken.title

    def do_load(self) -> None:
        if self._seat.session.workspace.exists(CASE):
            workbench(self._seat).feed(LOAD)
            self.say(f"`{CASE}` is loaded: see the terminal.")
        else:
            self.say(_MISSING)

    def refresh(self) -> None:
        view: dict[str, Any] = {"title": "", "html": "", "done": "", "buttons": [("break", "Break something"), _LOAD]}
        if self._broken:
            view = self._view(self._broken)
        self.feedback = {**view, **self.help(), "said": markup.inline(self.take_said())}

    def _view(self, broken: Broken) -> dict[str, Any]:
        """The fields of `feedback` about a broken cluster. Updates its goals on the workbench, too."""
        readings = check(broken, self._seat.session)
        if self._seat.open_task is self:
            workbench(self._seat).open_task(broken, readings)
        is_fixed = all_hold(readings)
        help_buttons = [] if is_fixed else self.help_buttons("Show a solution")
        return {
            "title": markup.inline(broken.title),
            "html": markup.paragraphs(broken.text),
            "done": markup.inline(broken.because) if is_fixed else "",
            "buttons": [("break", "Break something else"), _LOAD, *help_buttons],
        }

    def plain(self) -> str:
        return f"{_PLAYGROUND}: {markup.plain_text(_OFFER)}"

    def static_html(self) -> str:
        return f"<p><b>{_PLAYGROUND}</b></p>{markup.paragraphs(_OFFER)}"

    def answer_html(self) -> str:
        assert self._broken
        return markup.listing(self._broken.solution) + markup.paragraphs(self._broken.because)


@cache
def _playground(seat: Seat) -> Playground:
    """The seat's only playground."""
    return Playground(seat)


def show(line: str, seat: Seat) -> None:
    """Display the playground (`%playground`). `%playground CAUSE` also sets up a cluster with this cause.

    Raises Refusal for an unknown cause.
    """
    if cause := line.strip():
        try:
            broken = practice_cluster(cause)
        except KeyError:
            raise Refusal(f"%playground CAUSE, one of {', '.join(practices())}") from None
        _playground(seat).set_up(broken)
        _playground(seat).refresh()
    display(_playground(seat))
