"""A learner's place at a cluster, which the cells, the terminal, the pictures and the tasks of one kernel share."""

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
from kubesim.api.result import Result
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change
from kubesim.jupyter.slips import coached
from kubesim.lessons.progress import Progress
from kubesim.session import Session
from kubesim.session.history import History
from kubesim.session.timeline import Pods, describe_changes, pods
from kubesim.shell import Invocation, Tool

if TYPE_CHECKING:
    from kubesim.lessons.challenge import Round
    from kubesim.server.https import Server

_log = logging.getLogger(__name__)
LONGEST_PAUSE = 600.0
"""Seconds of the wall clock's time between two typed commands that pass in the cluster at most."""


class OpenTask(Protocol):
    """A task, or a broken cluster, that a learner works on; `reset` in the terminal starts it over."""

    def start_over(self) -> str:
        """Set it up again, and return its title."""


class _PodNews:
    """Whether a Pod was fixed or tried again: its line in `kubectl get pods` has changed, and not to one that waits."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._touched: set[tuple[str, str]] = set()
        self._before = pods(cluster)  # the Pods before the news

    def wait(self, limit: float) -> Pods:
        """Let time pass, `limit` seconds at most, until there is news; the Pods before it, or else before the wait."""
        start = self._before.copy()
        unsubscribe = self._cluster.api.subscribe(self._note, POD)
        try:
            has_come = self._cluster.clock.run_until(self._has_come, limit, Budget())
        finally:
            unsubscribe()
        return self._before if has_come else start

    def _note(self, change: Change) -> None:
        self._touched.add((namespace_of(change.obj), name_of(change.obj)))

    def _has_come(self) -> bool:
        """Look at the Pods that were touched since this was asked last."""
        now: Pods = {}
        for namespace, name in self._touched:
            now |= pods(self._cluster, namespace, name)
        is_news = any(self._is_news(now, place) for place in self._touched)
        self._touched.clear()
        if not is_news:
            self._before.update(now)
        return is_news

    def _is_news(self, now: Pods, place: tuple[str, str]) -> bool:
        before = self._before.get(place)
        after = now.get(place)
        if before is None or after is None:
            return before != after
        _ready, status = after
        return before != after and not status.endswith("BackOff")


class Seat:
    """A learner's place at a cluster: a session, its history, the progress, and the widgets that watch it."""

    def __init__(self, session: Session, today: Callable[[], int] = lambda: date.today().toordinal()) -> None:
        self.session = session
        self.progress = Progress(session.workspace, today)
        self.history = History(session)
        self.open_task: OpenTask | None = None  # what was taken up last
        self.open_round: Round | None = None  # the round of broken clusters that was opened last
        session.shell.add(Tool("reset", self._run_reset, "reset", "reset"))
        self._watchers: list[Callable[[], None]] = []
        self._depth = 0  # of `together`
        self._is_changed = False  # since the outermost of them began
        self._last_typed = inf  # on the reader's clock; nothing was typed yet

    @property
    def cluster(self) -> Cluster:
        """The session's; a restart and `undo` put another one into it."""
        return self.session.cluster

    @property
    def now(self) -> Micros:
        return self.cluster.clock.now

    def run(self, line: str, label: str = "") -> Result:
        """Run one complete shell line, then notify the watchers.

        One that the learner didn't type is called `label` in `undo`'s answer, and enters no history of lines.
        """
        run = self.session.shell.call if label else self.session.run
        with self.changing(label or line):
            try:
                return coached(line, run(line))
            except Exception:
                _log.exception("%r failed", line)
                return Result([(True, "kubesim: internal error: the simulator could not do this\n")], 70)

    def advance(self, seconds: float, to_change: bool = False) -> str:
        """Let simulated time pass, notify the watchers, and return how long it was and what changed.

        With `to_change` it ends when a Pod is fixed or tried again, and only what changed with that is told. It is not
        a step: `undo` reverts the last command, not the time after it.
        """
        with self.changing():
            cluster = self.cluster
            start = cluster.clock.now
            before = pods(cluster)
            try:
                if to_change:
                    before = _PodNews(cluster).wait(seconds)
                else:
                    self.session.advance(seconds, Budget())
            except TooMuchError as error:
                return str(error)
            past = (cluster.clock.now - start) / SECOND
            passed = spell(past) if past >= 0.5 else "less than a second"
            return f"{passed} later: {describe_changes(before, pods(cluster)) or 'each Pod is as before'}"

    def catch_up(self, wall: float) -> None:
        """Let the time pass that passed on the reader's clock since the last command, if there was any.

        It is not a step: `undo` reverts a command, not the time it took to type it. Nobody is notified, because the
        command that follows does that.
        """
        pause = wall - self._last_typed
        self._last_typed = wall
        if pause > 0:
            with self.cluster.lock, suppress(TooMuchError):  # nobody waits for the rest of the pause
                self.session.advance(min(pause, LONGEST_PAUSE), Budget())

    def restart(self, registries: Path | None = None) -> None:
        """Replace the cluster with a fresh one. Files, history, aliases and variables stay.

        With a YAML file of registries, it can reach those. Raises OSError and ValueError where that can't be used.
        """
        with self.changing():
            cluster = Cluster(registries=registries) if registries else self.cluster.fresh()
            self.session.resume(cluster)
            self.history.restart()

    def undo(self) -> str:
        """Revert the last step, if there is one, and return a sentence about it."""
        with self.changing():
            label = self.history.undo()
        return f"Reverted: `{label}`" if label else "There is nothing left to revert."

    def redo(self) -> str:
        """Do again what was reverted last, and return a sentence about it."""
        with self.changing():
            label = self.history.redo()
        return f"Done again: `{label}`" if label else "There is nothing left to do again."

    def _run_reset(self, arguments: list[str], io: Invocation) -> int:
        if arguments:
            io.err("Usage: reset\n")
            return 2
        if self.open_task is None:
            io.err("kubesim: there is no task to start over\n")
            return 1
        io.out(f"started over: {self.open_task.start_over()}; your files are kept, and undo reverts this\n")
        return 0

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after every command, fast-forward and restart."""
        self._watchers.append(callback)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Notify the watchers once of all that changes meanwhile, at the end."""
        with self.cluster.lock:
            self._depth += 1
        try:
            yield
        finally:
            with self.cluster.lock:
                self._depth -= 1
                if self._is_changed and not self._depth:
                    self._is_changed = False
                    self.changed()

    def changed(self) -> None:
        """Notify the watchers. One that fails is logged and does not affect the others."""
        with self.cluster.lock:
            if self._depth:
                self._is_changed = True
                return
            for watcher in list(self._watchers):  # one of them may add another
                try:
                    watcher()
                except Exception:
                    _log.exception("a widget could not follow the cluster")

    def serve(self, realtime: bool) -> Server:
        """Serve the cluster to a real kubectl, and notify the watchers of what comes over HTTP.

        Raises ImportError and OSError where that cannot be done here.
        """
        before = self.session.server
        server = self.session.serve(realtime=realtime)
        if server is not before:
            with suppress(RuntimeError):  # without a loop, as in a test, nothing could be notified
                loop = asyncio.get_running_loop()
                server.on_change(lambda: loop.call_soon_threadsafe(self._notice))
        return server

    def _notice(self) -> None:
        with self.cluster.lock:
            self.history.notice("a change from outside")
        self.changed()

    @contextmanager
    def changing(self, label: str = "") -> Iterator[None]:
        """One change at a time, for JupyterLab runs widgets' messages while a cell runs; then notify the watchers.

        A change with a label becomes a step of the history.
        """
        with self.cluster.lock, self.history.step(label) if label else nullcontext():
            yield
        self.changed()


def spell(seconds: float) -> str:
    """A duration in words: "13 s", "1 min", "2 min 5 s", "13 h"."""
    minutes, rest = divmod(round(seconds), 60)
    parts = ((minutes // 60, "h"), (minutes % 60, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def time_of_day(moment: Micros) -> str:
    """The simulated time of day, UTC: "13:59:14"."""
    return to_datetime(moment // SECOND * SECOND).strftime("%H:%M:%S")
