"""The containers of a node's Pods: what they may compute, how they end, and when the kubelet hears of that.

Mirrors kubernetes pkg/kubelet/pleg and killContainer of pkg/kubelet/kuberuntime/kuberuntime_container.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.sharing import Stateful
from kubesim.cluster.events import Recorder
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.worker import Worker, Workers, field_of
from kubesim.shell.container import Outside

# Seconds. The runtime is asked for news every second (pkg/kubelet/pleg).
RELIST = 1.0
# From the end of the last process to the Pod's removal, as recorded; where nothing runs, from the sync that sees that.
CLEANUP = 1.5
CLEANUP_IDLE = 0.2
# Steps of all processes in a minute, and of one at least.
_MOST_STEPS = 8 * Budget.STEPS
_LEAST_STEPS = Budget.STEPS // 10

Record = Callable[[str, str, str], None]
"""Records an event of a container: its type, reason and message."""


class Runtime(Stateful):
    """Runs and ends the processes of containers, and calls `sync` with the uid of a Pod of which there is news.

    A timer names a Pod by its uid and a container by its id, because it may be gone by then.
    """

    def __init__(self, clock: Clock, recorder: Recorder, sync: Callable[[str], None]) -> None:
        self.outside = Outside()
        self.workers = Workers(self.outside)
        self._clock = clock
        self._recorder = recorder
        self._sync = sync
        self._steps_left = _MOST_STEPS
        self._full_at: Micros = 0  # when all steps were there

    def recorder_for(self, worker: Worker, container: str) -> Record:
        """What records events of a container, or without one of the Pod itself."""
        return partial(self._recorder.event, worker.pod, field=field_of(worker.pod["spec"], container))

    @contextmanager
    def processor(self) -> Iterator[Budget]:
        """What a process that starts now may compute: a quarter of what is left, which is all again after a minute.

        So a hundred that loop for ever, and are known only as far as was computed, cost little more than a few.
        """
        if self._clock.now - self._full_at >= 60 * SECOND:
            self._steps_left = _MOST_STEPS
            self._full_at = self._clock.now
        budget = Budget(max(_LEAST_STEPS, self._steps_left // 4), Budget.BYTES // 4)
        before = budget.steps
        yield budget
        self._steps_left -= before - budget.steps

    def relist(self, worker: Worker, *, again: bool = False) -> None:
        """Sync when the runtime's news arrive, whatever else is planned; what happens until then arrives with them, or
        (`again`) a second after them, as that of a container does that has started much later than its sandbox.
        """
        if worker.news == 0:
            worker.news = 1
            self._clock.call_later(RELIST, self._on_news, worker.uid)
        elif again:
            worker.news = 2

    def _on_news(self, uid: str) -> None:
        worker = self.workers.find(uid)
        if worker:
            worker.news -= 1
            if worker.news:
                self._clock.call_later(RELIST, self._on_news, uid)
            self._sync(uid)

    def end_in(self, seconds: float, worker: Worker, container: Container, exit_code: int) -> None:
        """Plan the end of a container's process."""
        self._clock.call_later(seconds, self._process_ended, worker.uid, container.id, exit_code)

    def _process_ended(self, uid: str, container_id: str, exit_code: int) -> None:
        worker = self.workers.find(uid)
        if worker is None:
            return
        for container in worker.containers.values():
            if container.id == container_id:
                self.end(worker, container, exit_code)

    def end(self, worker: Worker, container: Container, exit_code: int) -> None:
        """Note that a container is over, unless that is known; the Pod is synced once the runtime tells so."""
        if not container.is_running:
            return
        container.end(exit_code, self._clock.now)
        worker.changes += 1
        name = container.spec["name"]
        has_done_its_part = name in worker.inits and exit_code == 0
        if not container.stopping and not has_done_its_part:
            worker.crashes.setdefault(name, 0)  # its first restart doesn't have to wait, the next ones do
        self.relist(worker)

    def stop(self, worker: Worker, container: Container, message: str = "") -> None:
        """Have a container stopped, and say so once; when it ends is planned by `end_within`."""
        if not container.stopping:
            container.stopping = True
            name = container.spec["name"]
            self.recorder_for(worker, name)("Normal", "Killing", message or f"Stopping container {name}")

    def end_within(self, grace: float, worker: Worker, container: Container) -> None:
        """Plan the end of a container that is being stopped."""
        seconds, exit_code = container.stops_after(grace)
        self.end_in(seconds, worker, container, exit_code)

    def stop_all(self, worker: Worker) -> float:
        """Stop the containers of a Pod that is being deleted; in how many seconds they are over and cleaned up."""
        seconds = [self._seconds_to_clean_up(worker, container) for container in worker.containers.values()]
        return max([CLEANUP_IDLE, *seconds])

    def _seconds_to_clean_up(self, worker: Worker, container: Container) -> float:
        if container.is_running:
            grace = worker.pod["metadata"].get("deletionGracePeriodSeconds", 0)
            self.stop(worker, container)
            if container.process.last_words:  # which its log gets; where there are none, nobody sees the end
                self.end_within(grace, worker, container)
            seconds, _ = container.stops_after(grace)
            return seconds + CLEANUP
        if container.stopping:
            return CLEANUP - (self._clock.now - container.finished) / SECOND
        return 0
