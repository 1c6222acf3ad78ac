"""The workbench, one for each kernel: terminal, path of a pull, cluster at a glance, and the goals of the open task.

This module decides which Pod and which objects are shown, and what is concealed from a learner who solves something
alone. The page's half is static/workbench.js, which docks it at the right of the notebook if the front end can do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import traitlets
from IPython.display import display

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, POD
from kubesim.jupyter import flowview
from kubesim.jupyter.arguments import read_target
from kubesim.jupyter.card import Message, goal_lines, script, styles
from kubesim.jupyter.flowview import created
from kubesim.jupyter.glance import KINDS, Glance, glance
from kubesim.jupyter.markup import inline, listing
from kubesim.jupyter.road import blank, road
from kubesim.jupyter.screen import colour_constants
from kubesim.jupyter.seat import Seat
from kubesim.jupyter.terminal import Terminal
from kubesim.jupyter.xray import xray
from kubesim.lessons.clusters import Broken
from kubesim.lessons.done import is_done
from kubesim.lessons.review import counted
from kubesim.lessons.task import Reading, Task, all_hold
from kubesim.session.flow import trace_flow
from kubesim.why.tell.hops import conceal
from kubesim.why.tell.report import FAILED, PASSED, UNSEEN, WAITING, Flow

MOST_OBJECTS = 80  # objects shown at a glance, in all namespaces together
_LONGEST = 120  # characters of a check's output
_ABOUT = "The workbench: a terminal, the path of a pull, the cluster at a glance, and the clock."
_STATES = {"✓": PASSED, "…": WAITING, "✗": FAILED}
_ALONE = "What blocks the pull is for you to find. `why POD` in the terminal tells you."
_CONCEALED = "What blocks the pull is for you to find. The button Why? on the challenge shows it, at its price."


class Focus(NamedTuple):
    """The Pod whose pull is shown. Without a container, `trace_flow` takes the one that waits for its image."""

    namespace: str
    pod: str
    container: str | None = None


class Workbench(Terminal):
    """A terminal with views of the cluster. Each view is one trait, so traitlets sends only the changed ones."""

    _esm = colour_constants() + script(
        "lines.js",
        "terminal.js",
        "prompt.js",
        "editor.js",
        "steps.js",
        "road.js",
        "evidence.js",
        "views.js",
        "lesson.js",
        "../labextensions/kubesim/static/sizes.js",
        "dock.js",
        "workbench.js",
    )
    _css = styles("flow.css", "road.css", "lines.css", "terminal.css", "workbench.css")

    # The pull of the Pod in focus: its `title`, and the fields of `road` and of `flowview.attempt_fields`.
    #
    # In addition either `concealed`, the sentence why no more is shown, or `advice`, `story`, `anatomy` and `xray` as
    # HTML, `news` for a screen reader, and `broken`, true for a failed pull.
    path = traitlets.Dict().tag(sync=True)
    # For each namespace a triple: its name, its objects as Glances, and the number of objects left out.
    objects: traitlets.List[Any] = traitlets.List().tag(sync=True)
    # The open task: `title`, `goals` and `done`, true if all are reached. {} before the first task.
    #
    # Each goal has the check's output `now` and at the `goal`. A done task may have a `comparison`, a sentence about
    # the number of commands in its shortest solution, and that `solution` as HTML.
    goals = traitlets.Dict().tag(sync=True)
    # Those lines of the notebook's cells, such as `%quiz ID`, whose question or task the learner has done.
    done: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._focus: Focus | None = None
        self._task: Task | None = None
        self._task_opened: Micros = 0  # cut to whole seconds
        self._questions: list[str] = []  # the lines of the last `do_asks`
        self._drawn_for = self._circumstances()  # those of the last `refresh`
        seat.progress.on_change(self._note_done)
        seat.on_change(self.refresh)
        self.refresh()

    def focus(self, namespace: str, pod: str, container: str | None = None) -> None:
        """Show the pull of this Pod from now on, until the Pod is deleted or another task is opened."""
        self._focus = Focus(namespace, pod, container)
        self.refresh()

    do_focus = focus  # the page's message for a click on a Pod

    def do_asks(self, lines: list[str]) -> None:
        """Take over the notebook's lines with questions and tasks, such as `%quiz ID`, to keep `done` up to date."""
        self._questions = lines
        self._note_done()

    def _note_done(self) -> None:
        record = self._seat.progress.record()
        self.done = [line for line in self._questions if is_done(line, record)]

    def open_task(self, task: Task, readings: tuple[Reading, ...], solved: bool = False, took: int = 0) -> None:
        """Show the goals of a task. Its card calls this at each refresh.

        `solved` counts all goals as reached, whatever the readings say. `took` is the number of commands that a done
        task took, 0 if that isn't counted. Until the task is done, the cluster at a glance shows only objects in the
        task's namespaces and newer ones, and the cause of a failed pull is concealed.
        """
        if self._task is not task:
            self._task = task
            self._task_opened = self._seat.now // SECOND * SECOND  # whole seconds, to compare with creationTimestamp
            self._focus = None  # the Pod in focus belongs to something else
        is_done = solved or all_hold(readings)
        title = task.title.replace("`", "")
        with self.hold_sync():
            self.goals = {
                "title": title,
                "goals": [
                    line | _outputs(task, reading)
                    for line, reading in zip(goal_lines(readings, solved), readings, strict=True)
                ],
                "done": is_done,
                **_comparison(task, took),
            }
            if self._circumstances() != self._drawn_for:  # else the seat has called `refresh`, and nothing is new
                self.refresh()

    def refresh(self) -> None:
        with self.hold_sync():
            super().refresh()
            if self._focus and not self._seat.cluster.api.find(POD, self._focus.namespace, self._focus.pod):
                self._focus = None
            self.path = self._path(self._focus or self._newest())
            self.objects = list(self._objects())
            self._drawn_for = self._circumstances()

    def _circumstances(self) -> tuple[Task | None, dict[str, Any], bool]:
        """What the views depend on besides the cluster, whose changes the seat reports."""
        challenge = self._seat.open_round
        return self._task, self.goals, challenge is not None and challenge.conceals

    def _reply_to(self, message: Message) -> Message | None:
        with self._seat.notifying_once():  # tracing the flow takes long: once for a paste of many lines
            return super()._reply_to(message)

    def settle(self) -> None:
        """Do nothing: every change of the cluster has notified this widget, a watcher of the seat, already."""

    def plain(self) -> str:
        return _ABOUT

    def static_html(self) -> str:
        return f"<p>{_ABOUT}</p>"

    def _path(self, focus: Focus | None) -> dict[str, Any]:
        """The value of `path`. A concealed flow has the Pod's STATUS, which `kubectl get pods` shows anyway."""
        if focus is None:
            return {"title": "", **blank()}
        title = f"{focus.pod} in {focus.namespace}"
        traced = trace_flow(self._seat.cluster, *focus)
        attempt = flowview.attempt_fields(self._seat.cluster, focus.namespace, focus.pod)
        if sentence := self._concealment(traced):
            state, status = self._status(focus)
            shown = road(conceal(traced, state, status), status)
            return {"title": title, **shown, **attempt, "past": "", "concealed": inline(sentence)}
        return {
            "title": title,
            **road(traced),
            "advice": flowview.advice_html(traced),
            "story": flowview.story_html(traced),
            "anatomy": flowview.anatomy_html(traced),
            "xray": self._xray(traced),
            "news": flowview.announcement(traced),
            "broken": traced.cause is not None,
            **attempt,
        }

    def _concealment(self, traced: Flow) -> str:
        """The sentence shown instead of the cause to a learner who is to find it alone; "" if the cause is shown."""
        challenge = self._seat.open_round
        if challenge and challenge.conceals:
            return _CONCEALED
        # Broken clusters of the challenge are decided above, by their round; those of the playground conceal nothing.
        is_alone = self._unsolved is not None and not isinstance(self._unsolved, Broken)
        return _ALONE if traced.cause and is_alone else ""

    def _xray(self, traced: Flow) -> str:
        cluster = self._seat.cluster
        pod = cluster.api.find(POD, traced.about.namespace, traced.about.pod)
        return xray(cluster, pod, traced.about) if pod else ""

    def _status(self, focus: Focus) -> tuple[str, str]:
        """The state of a hop that a Pod's STATUS stands for, and that STATUS."""
        pod = self._seat.cluster.api.find(POD, focus.namespace, focus.pod)
        seen = glance(pod, self._seat.now) if pod else Glance("Pod", focus.pod, "", "")
        return _STATES.get(seen.sign, UNSEEN), seen.words.partition(" ")[2]

    def _newest(self) -> Focus | None:
        """The newest Pod, outside of kube-* namespaces; during an unsolved task, of those that belong to the task."""
        pods = self._seat.cluster.api.list(POD)
        candidates = [pod for pod in pods if not _is_system(namespace_of(pod)) and self._belongs(pod)]
        newest = max(candidates, key=created, default=None)
        return Focus(namespace_of(newest), name_of(newest)) if newest else None

    def _objects(self) -> Iterator[tuple[str, list[Glance], int]]:
        """The values of `objects`. During an unsolved task, namespaces without objects of the task are left out."""
        cluster = self._seat.cluster
        left = MOST_OBJECTS
        for namespace in sorted(map(name_of, cluster.api.list(NAMESPACE))):
            if _is_system(namespace):
                continue
            objects = [obj for kind in KINDS for obj in cluster.api.list(kind, namespace) if self._belongs(obj)]
            glances = [glance(obj, cluster.clock.now) for obj in objects[:left]]
            left -= len(glances)
            if objects or self._unsolved is None:
                yield namespace, glances, len(objects) - len(glances)

    @property
    def _unsolved(self) -> Task | None:
        """The open task, if its goals aren't reached.

        None, too, in a cluster whose clock is before the opening: a restart has created another cluster since.
        """
        is_past = self.goals.get("done") or self._task_opened > self._seat.now
        return None if is_past else self._task

    def _belongs(self, obj: Object) -> bool:
        """True for an object in the unsolved task's namespaces or newer than it, and for any without such a task."""
        task = self._unsolved
        return task is None or namespace_of(obj) in task.namespaces or created(obj) >= self._task_opened


def _outputs(task: Task, reading: Reading) -> dict[str, str]:
    """The output of a goal's check `now` and at the `goal`. {} for a goal without one exact output.

    {} for broken clusters as well, because the output at the goal would tell the fix.
    """
    goal = reading.condition.equals
    if goal is None or isinstance(task, Broken):
        return {}
    return {"now": reading.printed[:_LONGEST], "goal": goal[:_LONGEST]}


def _comparison(task: Task, took: int) -> dict[str, str]:
    """The fields `comparison` and `solution` of `goals`: the second only if it has fewer commands than were taken.

    {} if `took` is 0, for a task that isn't done.
    """
    least = len(task.solution)
    if not took:
        return {}
    if took <= least:
        return {"comparison": f"{counted(took, 'command')}: no solution is shorter."}
    words = f"{counted(took, 'command')}. The shortest solution has {least}."
    return {"comparison": words, "solution": listing(task.solution)}


def _is_system(namespace: str) -> bool:
    return namespace.startswith("kube-")


@cache
def workbench(seat: Seat) -> Workbench:
    """The seat's only workbench."""
    return Workbench(seat)


def show(seat: Seat) -> None:
    display(workbench(seat))


def draw(arguments: str, seat: Seat) -> None:
    """Display the present flow of a Pod (`%flow POD`), and put the Pod into focus. Raises Refusal with the usage.

    It counts as `why` in the challenge, which finds the namespace in `session.explained`.
    """
    usage = "which Pod? %flow POD [-n NAMESPACE] [-c CONTAINER]"
    asked = read_target(arguments, "n:c:", usage)
    seat.session.explained.append(asked.namespace)
    display(flowview.picture(seat, asked.namespace, asked.pod, asked.container), raw=True)
    workbench(seat).focus(asked.namespace, asked.pod, asked.container)
