"""The Seat, which the cells, widgets and tasks of one kernel share: the session, its history and its subscribers.

Everything in the notebook that changes the cluster goes through the Seat, which takes the lock, records a step for
`undo` and notifies the widgets. Advice about typing errors is slips.py's; the shell and kubectl know nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Micros, to_datetime
from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.api.result import Result, Written
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change
from kubesim.jupyter.slips import coached
from kubesim.lessons.progress import Progress
from kubesim.session import Session
from kubesim.session.attempts import PodColumns, describe_changes, pod_columns
from kubesim.session.history import History
from kubesim.shell import Invocation, Tool

if TYPE_CHECKING:
    from kubesim.lessons.challenge import Round
    from kubesim.server.https import Server

_log = logging.getLogger(__name__)
# Seconds. Of a longer pause between two typed commands, only this much passes in the cluster.
LONGEST_PAUSE = 600.0


class OpenTask(Protocol):
    """A task or broken cluster in progress."""

    def start_over(self) -> str:
        """Set the task up again, and return its title. Called by `reset` in the terminal."""


class _PodNews:
    """A wait for news: a Pod was created, deleted, fixed or tried again.

    READY or STATUS in `kubectl get pods` must have changed. A change to a back-off is no news: that follows by itself.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._written: set[tuple[str, str]] = set()  # namespaces and names of the Pods written since the last look
        self._before = pod_columns(cluster)  # the Pods' columns, updated with each change that is no news

    def wait(self, limit: float) -> PodColumns:
        """Let at most `limit` seconds pass, until there is news. Returns the Pods just before the news.

        Without any, returns the Pods before the wait. Raises TooMuchError if the simulation becomes too long.
        """
        start = self._before.copy()
        unsubscribe = self._cluster.api.subscribe(self._on_write, POD)
        try:
            has_come = self._cluster.clock.run_until(self._look, limit, Budget())
        finally:
            unsubscribe()
        return self._before if has_come else start

    def _on_write(self, change: Change) -> None:
        self._written.add((namespace_of(change.obj), name_of(change.obj)))

    def _look(self) -> bool:
        """Look at the Pods written since the last look. Returns True for news; other changes go into `_before`.

        The clock calls this after each event; looking at the written Pods alone keeps it fast.
        """
        now: PodColumns = {}
        for namespace, name in self._written:
            now |= pod_columns(self._cluster, namespace, name)
        is_news = any(self._is_news(now, place) for place in self._written)
        self._written.clear()
        if not is_news:
            self._before.update(now)
        return is_news

    def _is_news(self, now: PodColumns, place: tuple[str, str]) -> bool:
        """True if the Pod at `place` was created or deleted, or has new columns whose STATUS is no back-off."""
        before = self._before.get(place)
        after = now.get(place)
        if before is None or after is None:
            return before != after
        _ready, status = after
        return before != after and not status.endswith("BackOff")


class Seat:
    """The shared state of one notebook kernel: a session, its history, the learner's progress, and the watchers.

    `run`, `advance`, `restart`, `undo` and `redo` notify the watchers themselves. For any other change of the cluster,
    use `changing`.
    """

    def __init__(self, session: Session, today: Callable[[], int] = lambda: date.today().toordinal()) -> None:
        self.session = session
        self.progress = Progress(session.workspace, today)
        self.history = History(session)
        self.open_task: OpenTask | None = None  # the task taken up last, whichever card it is on
        self.open_round: Round | None = None  # the challenge's round opened last
        session.shell.add(Tool("reset", self._run_reset, "reset", "reset"))
        self._watchers: list[Callable[[], None]] = []
        self._depth = 0  # the number of open `notifying_once` contexts
        self._is_due = False  # `notify` was called inside `notifying_once`
        self._last_typed = inf  # wall-clock seconds of the last command; inf if the next pause is not to be counted

    @property
    def cluster(self) -> Cluster:
        """The session's present cluster. Restarts, `undo` and `redo` replace it: don't keep it."""
        return self.session.cluster

    @property
    def now(self) -> Micros:
        return self.cluster.clock.now

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after every change of the cluster or its time, with the cluster's lock held."""
        self._watchers.append(callback)

    @contextmanager
    def changing(self, label: str = "") -> Iterator[None]:
        """A context for a change of the cluster: holds the lock, then notifies the watchers.

        With a `label`, the change becomes a step of the history, which `undo` reverts. The lock is needed because
        JupyterLab handles messages of widgets while a cell runs.
        """
        with self.cluster.lock, self.history.step(label) if label else nullcontext():
            yield
        self.notify()

    def notify(self) -> None:
        """Notify the watchers. An exception of one is logged, and the others are still called."""
        with self.cluster.lock:
            if self._depth:
                self._is_due = True
                return
            for watcher in list(self._watchers):  # a copy, because a watcher may create a widget, which adds one
                try:
                    watcher()
                except Exception:
                    _log.exception("a widget could not follow the cluster")

    @contextmanager
    def notifying_once(self) -> Iterator[None]:
        """A context that delays notifications: at its end, the watchers are notified once of all changes in it."""
        with self.cluster.lock:
            self._depth += 1
        try:
            yield
        finally:
            with self.cluster.lock:
                self._depth -= 1
                if self._is_due and not self._depth:
                    self._is_due = False
                    self.notify()

    def run(self, line: str, label: str = "") -> Result:
        """Run one complete shell line as a step, then notify the watchers.

        A `label` marks a line that the learner didn't type: `undo` names the step so, and the line is kept out of the
        shell's history. A bug of the simulator becomes one `kubesim:` line, never an exception.
        """
        run = self.session.shell.call if label else self.session.run
        with self.changing(label or line):
            try:
                return coached(line, run(line))
            except Exception:
                _log.exception("%r failed", line)
                return Result([Written(True, "kubesim: internal error: the simulator could not do this\n")], 70)

    def advance(self, seconds: float, to_change: bool = False) -> str:
        """Let simulated time pass, notify the watchers, and return a sentence: the time passed and the changed Pods.

        With `to_change`, it ends at the first news (see _PodNews), and the sentence has the changes of that moment
        alone. This is no step: `undo` reverts the last command, not the time after it.
        """
        with self.changing():
            cluster = self.cluster
            start = cluster.clock.now
            before = pod_columns(cluster)
            try:
                if to_change:
                    before = _PodNews(cluster).wait(seconds)
                else:
                    self.session.advance(seconds, Budget())
            except TooMuchError as error:
                return str(error)
            past = (cluster.clock.now - start) / SECOND
            passed = spell(past) if past >= 0.5 else "less than a second"
            return f"{passed} later: {describe_changes(before, pod_columns(cluster)) or 'each Pod is as before'}"

    def catch_up(self, wall: float) -> None:
        """Let as much time pass in the cluster as on the learner's clock (`wall`, seconds) since the last command.

        This is no step, and notifies no watchers: call it just before `run`, which does.
        """
        pause = wall - self._last_typed
        self._last_typed = wall
        if pause > 0:
            with self.cluster.lock, suppress(TooMuchError):  # a pause cut short is better than a refused command
                self.session.advance(min(pause, LONGEST_PAUSE), Budget())

    def skip_pause(self) -> None:
        """Let no time pass for the pause before the next command, as at the start of a task, which is to be read."""
        self._last_typed = inf

    def restart(self, registries: Path | None = None) -> None:
        """Replace the cluster with a fresh one. Files, shell history, aliases and variables stay; `undo`'s steps go.

        `registries` is a YAML file of the registries that the new cluster reaches; by default, the same as before.
        Raises OSError for a file that can't be read, and ValueError for mistakes in it.
        """
        with self.changing():
            cluster = Cluster(registries=registries) if registries else self.cluster.fresh()
            self.session.resume(cluster)
            self.history.restart()

    def undo(self) -> str:
        """Revert the last step, if there is one. Returns a sentence about it."""
        with self.changing():
            label = self.history.undo()
        return f"Reverted: `{label}`" if label else "There is nothing left to revert."

    def redo(self) -> str:
        """Do the step reverted last again, if there is one. Returns a sentence about it."""
        with self.changing():
            label = self.history.redo()
        return f"Done again: `{label}`" if label else "There is nothing left to do again."

    def _run_reset(self, arguments: list[str], io: Invocation) -> int:
        """The shell command `reset`, which starts the open task over."""
        if arguments:
            io.err("Usage: reset\n")
            return 2
        if self.open_task is None:
            io.err("kubesim: there is no task to start over\n")
            return 1
        io.out(f"started over: {self.open_task.start_over()}; your files are kept, and undo reverts this\n")
        return 0

    def serve(self, realtime: bool) -> Server:
        """Serve the cluster to a real kubectl, and notify the watchers of its writes.

        The same server is returned if there is one already. Raises ImportError without the packages for it, and
        OSError if no port can be opened.
        """
        before = self.session.server
        server = self.session.serve(realtime=realtime)
        if server is not before:
            with suppress(RuntimeError):  # outside a kernel there is no event loop, and no widget to update
                loop = asyncio.get_running_loop()
                # The server's thread reports the writes; widgets may only be changed in the kernel's thread.
                server.on_change(lambda: loop.call_soon_threadsafe(self._keep_outside_writes))
        return server

    def _keep_outside_writes(self) -> None:
        """Keep writes over HTTP as a step, and notify the watchers."""
        with self.cluster.lock:
            self.history.keep_outside_writes("a change from outside")
        self.notify()


def spell(seconds: float) -> str:
    """A duration in words, rounded to seconds: "13 s", "1 min", "2 min 5 s", "13 h"."""
    minutes, rest = divmod(round(seconds), 60)
    parts = ((minutes // 60, "h"), (minutes % 60, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def time_of_day(moment: Micros) -> str:
    """The time of day in UTC, cut to seconds: "13:59:14"."""
    return to_datetime(moment // SECOND * SECOND).strftime("%H:%M:%S")
