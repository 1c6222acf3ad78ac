"""The container runtime: budgets of processes, ends of containers, and their news to the kubelet.

Mirrors kubernetes pkg/kubelet/pleg (the generic one, which polls) and killContainer of
pkg/kubelet/kuberuntime/kuberuntime_container.go, v1.36. launcher.py starts containers; this module ends them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.sharing import Stateful
from kubesim.cluster.events import EventContent, Recorder
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.worker import Worker, Workers, field_of
from kubesim.shell.container import Outside

# Seconds. The kubelet asks the runtime for news every second (pkg/kubelet/pleg).
RELIST = 1.0
# From the end of the last process to the Pod's removal, as recorded on a real node.
CLEANUP = 1.5
# From the sync to the removal, if nothing runs.
CLEANUP_IDLE = 0.2
# Budget steps of all processes in a minute, and the least number for one process.
_MOST_STEPS = 8 * Budget.STEPS
_LEAST_STEPS = Budget.STEPS // 10


class Runtime(Stateful):
    """Ends the processes of containers, and calls `sync` with the uid of each Pod that has news.

    Timers have the uid of a Pod and the id of a container as arguments, because either may be gone by then.
    """

    def __init__(self, clock: Clock, recorder: Recorder, sync: Callable[[str], None]) -> None:
        self.outside = Outside()
        self.workers = Workers(self.outside)
        self._clock = clock
        self._recorder = recorder
        self._sync = sync
        self._steps_left = _MOST_STEPS
        self._renewed: Micros = 0  # the last time at which `_steps_left` was set to _MOST_STEPS

    def emit_event(self, worker: Worker, container: str, content: EventContent) -> None:
        """Emit an event about a container, or about the Pod itself for ""."""
        field = field_of(worker.pod["spec"], container)
        self._recorder.emit(worker.pod, content._replace(field=field))

    @contextmanager
    def process_budget(self) -> Iterator[Budget]:
        """A context with the budget of a process that starts now: a quarter of the node's remaining steps.

        The node's steps are renewed once a minute. So a hundred endless loops cost little more computing time than a
        few; their output is known only as far as it was computed.
        """
        if self._clock.now - self._renewed >= 60 * SECOND:
            self._steps_left = _MOST_STEPS
            self._renewed = self._clock.now
        budget = Budget(max(_LEAST_STEPS, self._steps_left // 4), Budget.BYTES // 4)
        before = budget.steps
        yield budget
        self._steps_left -= before - budget.steps

    def relist(self, worker: Worker, *, is_late_start: bool = False) -> None:
        """Have the Pod synced a second from now with the runtime's news, in addition to planned syncs.

        News until then arrive together. If a relist is due already, `is_late_start` adds another one a second after it:
        a container has started much later than its sandbox.
        """
        if worker.relists_left == 0:
            worker.relists_left = 1
            self._clock.call_later(RELIST, self._relist, worker.uid)
        elif is_late_start:
            worker.relists_left = 2

    def _relist(self, uid: str) -> None:
        """Sync a Pod at its relist, and plan the next relist if there is one to come."""
        worker = self.workers.find(uid)
        if worker:
            worker.relists_left -= 1
            if worker.relists_left:
                self._clock.call_later(RELIST, self._relist, uid)
            self._sync(uid)

    def plan_end(self, seconds: float, worker: Worker, container: Container, exit_code: int) -> None:
        """Plan the end of a container's process, in `seconds`."""
        self._clock.call_later(seconds, self._end_process, worker.uid, container.id, exit_code)

    def _end_process(self, uid: str, container_id: str, exit_code: int) -> None:
        """End a container when its process does. A container that was restarted since has another id."""
        worker = self.workers.find(uid)
        if worker is None:
            return
        for container in worker.containers.values():
            if container.id == container_id:
                self.end(worker, container, exit_code)

    def end(self, worker: Worker, container: Container, exit_code: int) -> None:
        """Mark a container as ended, unless it is. The Pod is synced at the next relist."""
        if container.is_running:
            worker.end(container, exit_code, self._clock.now)
            self.relist(worker)

    def stop(self, worker: Worker, container: Container, message: str = "") -> None:
        """Stop a running container for another reason than the Pod's deletion, and plan its end."""
        self._mark_stopping(worker, container, message)
        seconds, exit_code = container.stops_after(worker.pod["spec"]["terminationGracePeriodSeconds"])
        self.plan_end(seconds, worker, container, exit_code)

    def _mark_stopping(self, worker: Worker, container: Container, message: str = "") -> None:
        """Mark a container as stopping and emit the event, once."""
        if not container.is_stopping:
            container.is_stopping = True
            name = container.spec["name"]
            self.emit_event(worker, name, EventContent("Normal", "Killing", message or f"Stopping container {name}"))

    def stop_all(self, worker: Worker) -> None:
        """Stop the running containers of a Pod that is being deleted. They end when the Pod is removed."""
        for container in worker.containers.values():
            if container.is_running:
                self._mark_stopping(worker, container)

    def seconds_to_removal(self, worker: Worker) -> float:
        """Seconds until all containers of a Pod that is being deleted have ended and are removed."""
        seconds = [self._seconds_to_clean_up(worker, container) for container in worker.containers.values()]
        return max([CLEANUP_IDLE, *seconds])

    def _seconds_to_clean_up(self, worker: Worker, container: Container) -> float:
        """Seconds until a container has ended and is removed."""
        if container.is_running:
            seconds, _ = container.stops_after(worker.pod["metadata"].get("deletionGracePeriodSeconds", 0))
            return seconds + CLEANUP
        if container.is_stopping:
            return CLEANUP - (self._clock.now - container.finished) / SECOND
        return 0
