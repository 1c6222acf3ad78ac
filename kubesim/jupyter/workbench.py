"""The workbench beside the text: the one live terminal, the path of a pull, the cluster at a glance, a task's goals.

There is one for each kernel. The page's half is static/workbench.js, which docks it at the right of the notebook where
the front end has a dock, and otherwise shows it in the cell.
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
from kubesim.jupyter import flow
from kubesim.jupyter.arguments import read_target
from kubesim.jupyter.card import Message, goal_lines, script, styles
from kubesim.jupyter.flow import created
from kubesim.jupyter.glance import KINDS, Glance, glance
from kubesim.jupyter.markup import inline, listing
from kubesim.jupyter.road import blank, road
from kubesim.jupyter.screen import colors
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

MOST_OBJECTS = 80
_LONGEST = 120  # characters of what a check prints
_ABOUT = "The workbench: a terminal, the path of a pull, the cluster at a glance, and the clock."
_STATES = {"✓": PASSED, "…": WAITING, "✗": FAILED}
_ALONE = "What blocks the pull is for you to find. `why POD` in the terminal tells you."
_CONCEALED = "What blocks the pull is for you to find. The button Why? on the challenge shows it, at its price."


class Focus(NamedTuple):
    """The Pod whose pull is shown, and one of its containers if it is about that."""

    namespace: str
    pod: str
    container: str | None = None


class Workbench(Terminal):
    """A terminal with a view of the cluster. It is drawn again only where something has changed."""

    _esm = colors() + script(
        "lines.js",
        "terminal.js",
        "prompt.js",
        "editor.js",
        "steps.js",
        "road.js",
        "evidence.js",
        "views.js",
        "lesson.js",
        "dock.js",
        "workbench.js",
    )
    _css = styles("flow.css", "road.css", "lines.css", "terminal.css", "workbench.css")

    path = traitlets.Dict().tag(sync=True)
    """The pull for the Pod in focus: its `title`, the road's `stations` and what else `road` tells, what `flow.attempt`
    tells, and either `concealed`, which says why no more is told, or `advice`, `story`, `anatomy` and `xray` as HTML,
    `news` for a screen reader, and whether it is `broken`."""
    objects: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """Each namespace with its objects, as `glance` tells them, and how many more it has."""
    goals = traitlets.Dict().tag(sync=True)
    """Of the open task: its `title`, whether all is `done`, and the `goals`, each with what its check prints `now`
    and at the `goal`; once it's done, how that compares (`score`) with the `shortest` solution, in HTML."""
    done: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """Of the notebook's lines that ask for something (`%quiz ID`), those that the learner has done."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._focus: Focus | None = None
        self._task: Task | None = None
        self._task_opened: Micros = 0
        self._asked: list[str] = []  # the notebook's lines that ask for something
        seat.progress.on_change(self._note_done)
        seat.on_change(self.refresh)
        self.refresh()

    def focus(self, namespace: str, pod: str, container: str | None = None) -> None:
        """Show the path of this Pod's image from now on, until the Pod is gone."""
        self._focus = Focus(namespace, pod, container)
        self.refresh()

    do_focus = focus  # a click on a Pod

    def do_asks(self, lines: list[str]) -> None:
        """Take the lines of the notebook that ask for something, such as `%quiz ID`; `done` follows them."""
        self._asked = lines
        self._note_done()

    def _note_done(self) -> None:
        record = self._seat.progress.record()
        self.done = [line for line in self._asked if is_done(line, record)]

    def open_task(self, task: Task, readings: tuple[Reading, ...], solved: bool = False, took: int = 0) -> None:
        """Show the goals of a task, each with whether it is reached, or was, and what is no longer concealed.

        If it's done, it `took` that many commands.

        Until all are reached, the cluster at a glance leaves out what was there before and is none of the task's.
        """
        if self._task is not task:
            self._task = task
            self._task_opened = self._seat.now // SECOND * SECOND  # as an object's creation
            self._focus = None  # what was looked at before has nothing to do with this task
        is_done = solved or all_hold(readings)
        title = task.title.replace("`", "")
        with self.hold_sync():
            self.goals = {
                "title": title,
                "goals": [
                    line | _beside(task, one) for line, one in zip(goal_lines(readings, solved), readings, strict=True)
                ],
                "done": is_done,
                **_score(task, took),
            }
            self.refresh()

    def refresh(self) -> None:
        with self.hold_sync():
            super().refresh()
            if self._focus and not self._seat.cluster.api.find(POD, self._focus.namespace, self._focus.pod):
                self._focus = None
            self.path = self._path(self._focus or self._newest())
            self.objects = list(self._objects())

    def _reply_to(self, message: Message) -> Message | None:
        with self._seat.together():  # the path is looked at once, however many lines were pasted
            return super()._reply_to(message)

    def settle(self) -> None:
        """Do nothing: whatever changes the cluster or its time has notified the seat's watchers, and so this one."""

    def plain(self) -> str:
        return _ABOUT

    def static_html(self) -> str:
        return f"<p>{_ABOUT}</p>"

    def _path(self, focus: Focus | None) -> dict[str, Any]:
        if focus is None:
            return {"title": "", **blank()}
        title = f"{focus.pod} in {focus.namespace}"
        traced = trace_flow(self._seat.cluster, *focus)
        attempt = flow.attempt(self._seat.cluster, focus.namespace, focus.pod)
        if why_not := self._concealed(traced):
            state, status = self._status(focus)
            shown = road(conceal(traced, state, status), status)
            return {"title": title, **shown, **attempt, "past": "", "concealed": inline(why_not)}
        return {
            "title": title,
            **road(traced),
            "advice": flow.advice(traced),
            "story": flow.story(traced),
            "anatomy": flow.anatomy_of(traced),
            "xray": self._xray(traced),
            "news": flow.announcement(traced),
            "broken": traced.cause is not None,
            **attempt,
        }

    def _concealed(self, traced: Flow) -> str:
        """Why the cause isn't shown, for a learner who solves something alone; "" if it is."""
        challenge = self._seat.open_round
        if challenge and challenge.conceals:
            return _CONCEALED
        is_alone = self._unsolved is not None and not isinstance(self._unsolved, Broken)  # whose round knows better
        return _ALONE if traced.cause and is_alone else ""

    def _xray(self, traced: Flow) -> str:
        cluster = self._seat.cluster
        pod = cluster.api.find(POD, traced.about.namespace, traced.about.pod)
        return xray(cluster, pod, traced.about) if pod else ""

    def _status(self, focus: Focus) -> tuple[str, str]:
        """How a Pod is, as a hop's state, and the column STATUS of `kubectl get pods`."""
        pod = self._seat.cluster.api.find(POD, focus.namespace, focus.pod)
        seen = glance(pod, self._seat.now) if pod else Glance("Pod", focus.pod, "", "")
        return _STATES.get(seen.sign, UNSEEN), seen.words.partition(" ")[2]

    def _newest(self) -> Focus | None:
        """The newest Pod, of the open task if there is one."""
        pods = self._seat.cluster.api.list(POD)
        candidates = [pod for pod in pods if not _is_system(namespace_of(pod)) and self._belongs(pod)]
        newest = max(candidates, key=created, default=None)
        return Focus(namespace_of(newest), name_of(newest)) if newest else None

    def _objects(self) -> Iterator[tuple[str, list[Glance], int]]:
        """Each namespace with what the cluster at a glance shows of it, and how many objects it leaves out."""
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
        """The open task until its goals are reached, in the cluster in which it was opened."""
        is_past = self.goals.get("done") or self._task_opened > self._seat.now
        return None if is_past else self._task

    def _belongs(self, obj: Object) -> bool:
        """Whether an object has to do with the unsolved task: it is in its namespaces, or newer than it."""
        task = self._unsolved
        return task is None or namespace_of(obj) in task.namespaces or created(obj) >= self._task_opened


def _beside(task: Task, reading: Reading) -> dict[str, str]:
    """What a goal's check prints `now` and at the `goal`, where that is one text; nothing of a broken cluster."""
    goal = reading.condition.equals
    if goal is None or isinstance(task, Broken):
        return {}
    return {"now": reading.printed[:_LONGEST], "goal": goal[:_LONGEST]}


def _score(task: Task, took: int) -> dict[str, str]:
    """How many commands it took, in words, and the shortest solution if that has fewer."""
    least = len(task.solution)
    if not took:
        return {}
    if took <= least:
        return {"score": f"{counted(took, 'command')}: no solution is shorter."}
    words = f"{counted(took, 'command')}. The shortest solution has {least}."
    return {"score": words, "shortest": listing(task.solution)}


def _is_system(namespace: str) -> bool:
    return namespace.startswith("kube-")


@cache
def workbench(seat: Seat) -> Workbench:
    """The seat's only workbench."""
    return Workbench(seat)


def show(seat: Seat) -> None:
    display(workbench(seat))


def draw(arguments: str, seat: Seat) -> None:
    """Display a flow as it is now, and put its Pod into focus, or raise Refusal: how to ask for one."""
    usage = "which Pod? %flow POD [-n NAMESPACE] [-c CONTAINER]"
    asked = read_target(arguments, "n:c:", usage)
    seat.session.explained.append(asked.namespace)
    display(flow.picture(seat, asked.namespace, asked.pod, asked.container), raw=True)
    workbench(seat).focus(asked.namespace, asked.pod, asked.container)
