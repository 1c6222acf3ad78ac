"""The kubelet of the one node: the syncs of its Pods, planned by timers. The modules of this package do their work.

Mirrors kubernetes pkg/kubelet/{kubelet,pod_workers}.go and pkg/kubelet/kuberuntime, v1.36, without static Pods, probes,
hooks, evictions and cgroups. A sync first reports the findings of the sync before and then acts, so a Pod's status lags
behind its events, as on a real node.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.clock import Clock, Identity
from kubesim.api.objects import Object, has_ended, is_deleted
from kubesim.api.resources import POD, SECRET
from kubesim.api.sharing import Stateful
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.bootstrap import NODE_ADDRESS
from kubesim.cluster.events import EventContent, Recorder
from kubesim.cluster.kubelet.environment import PodData
from kubesim.cluster.kubelet.imagepull import ImageManager
from kubesim.cluster.kubelet.podsync import PodSync
from kubesim.cluster.kubelet.resting import RETRY, BackOff, Rest, rounds_in
from kubesim.cluster.kubelet.runtime import Runtime
from kubesim.cluster.kubelet.server import Server
from kubesim.cluster.kubelet.starter import Starter
from kubesim.cluster.kubelet.status import generate, terminated
from kubesim.cluster.kubelet.volumes import mount_failures
from kubesim.cluster.kubelet.worker import RequiredImage, Turn, Worker, images_of_volumes, pod_address, synced_metadata
from kubesim.pull.attempt import PullTrace
from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference

# Seconds.
REACTION = 0.02  # from a Pod's change to its sync
SANDBOX = 0.2  # to start a sandbox
# The longest wait between two attempts to mount a volume (pkg/util/goroutinemap/exponentialbackoff).
LONGEST_MOUNT_WAIT = 122.0
# The computing time of a sync in units of Clock.work, from which a line's budget is paid.
_SYNC = 2


class Kubelet(Stateful):
    """Runs the Pods that are bound to `node`. Each Pod has a Worker, which is the kubelet's memory of it.

    Timers call these methods with a Pod's uid. They look the worker up (`_current`), because it may be gone by then:

    * `_sync` or `_repeat_events`: at most one of them is planned, and `_plan` replaces it.
    * `_sync` from the runtime, a second after an event of a container, in addition to the planned one.
    * `_start_sandbox`: once, after the first sync that could mount the volumes.
    * `_remove`: once for each sync of a Pod that is being deleted; the earliest call counts.
    """

    def __init__(self, api: Component, clock: Clock, identity: Identity, images: ImageManager, node: str) -> None:
        self.images = images
        self._api = api
        self._clock = clock
        self._node = node
        self._recorder = Recorder(api, clock, "kubelet", node)
        self.runtime = Runtime(clock, self._recorder, self._sync)
        self.starter = Starter(api, clock, identity, images, self.runtime, self._settle)
        self._workers = self.runtime.workers
        self._rests: dict[str, Rest] = {}  # by the uids of resting Pods (see resting.py)
        self._addresses = 1  # the number of addresses given so far, with the node's own
        api.subscribe(self._on_pod, POD)
        api.subscribe(self._on_secret, SECRET)
        api.connect_node(node, Server(api, clock, images, self._workers))

    def load(self, reference: Reference, image: Image) -> None:
        """Put an image on the node without a pull, as `ctr images import` does. Every Pod may use it."""
        self.images.node.load(reference, image, self._clock.now)
        self._wake()

    @property
    def traces(self) -> dict[tuple[str, str, str], PullTrace]:
        """The last attempt to get each image, by namespace, Pod and container (RequiredImage.subject)."""
        return self.starter.traces

    def _on_pod(self, change: Change) -> None:
        """Handle a write of a Pod. Status writes are the kubelet's own."""
        if change.of_status:
            return
        if change.type == "DELETED":
            self._forget_pod(change.obj)
        elif change.obj["spec"].get("nodeName") == self._node:
            self._take_up(change.obj, change.old)

    def _on_secret(self, change: Change) -> None:
        self._wake(change.obj["metadata"]["namespace"])

    def _forget_pod(self, pod: Object) -> None:
        """Forget a Pod that is gone. Its timers find no worker then."""
        uid = pod["metadata"]["uid"]
        self._workers.drop(uid)
        self._rests.pop(uid, None)
        self.images.node.forget_pod(uid)
        self.starter.forget(pod)

    def _take_up(self, pod: Object, old: Object | None) -> None:
        """Plan a sync of a Pod that was bound to the node or changed by others. A new Pod gets a worker."""
        if old and old["spec"] is pod["spec"] and synced_metadata(old) == synced_metadata(pod):
            return  # nothing for the kubelet: a write without changes in the spec keeps the identical dict
        uid = pod["metadata"]["uid"]
        worker = self._workers.find(uid) or self._workers.put(uid, Worker(pod))
        self._plan(worker, REACTION)

    def _current(self, uid: str) -> Worker | None:
        """The worker of a Pod, with its `pod` updated to the stored one; None if either is gone.

        A busy worker keeps the version of the Pod that it began with, unless the Pod is being deleted.
        """
        worker = self._workers.find(uid)
        pod = self._api.current(POD, worker.pod) if worker else None
        if worker is None or pod is None:
            return None
        if is_deleted(pod) or worker.turn is Turn.IDLE:
            worker.pod = pod
        return worker

    def _plan(self, worker: Worker, delay: float, action: Callable[[str], None] | None = None) -> None:
        """Plan a sync, or `action` instead, after `delay` seconds. Cancels the planned one."""
        self._clock.cancel(worker.sync_timer)
        worker.sync_timer = self._clock.call_later(delay, action or self._sync, worker.uid)

    def _sync(self, uid: str) -> None:
        """Report a Pod and do the next step of its start. A Pod that is being deleted is stopped instead.

        While the worker is busy with pulls, the sync waits until they are over (Turn.DUE), but a deletion doesn't wait.
        """
        self._clock.work += _SYNC
        worker = self._current(uid)
        if worker is None:
            return
        if is_deleted(worker.pod):
            self._terminate(worker)
            return
        if worker.turn is not Turn.IDLE:
            worker.turn = Turn.DUE
            return
        self._end_rest(worker)
        self._report(worker)
        if not worker.has_sandbox and self._try_to_mount(worker):
            worker.has_sandbox = True
            self.starter.report_missing_secrets(worker, self.starter.secrets.of(worker.pod))
            self._clock.call_later(SANDBOX, self._start_sandbox, uid)
            self.runtime.relist(worker)
        elif worker.ip:
            self._start_due(worker)

    def _report(self, worker: Worker) -> None:
        """Write the Pod's status if something in it may have changed since the last report."""
        if not worker.is_reported:
            worker.mark_reported()
            status = generate(worker, self._clock.timestamp(), self.images.node.status_names)
            self._api.update_status(POD, worker.pod, status)

    def _try_to_mount(self, worker: Worker) -> bool:
        """Mount the volumes, or emit an event for each failure and plan a retry, each after twice the wait.

        True if all could be mounted.
        """
        failures = list(mount_failures(PodData(self._api, worker.pod)))
        for failure in failures:
            self._recorder.emit(worker.pod, EventContent("Warning", "FailedMount", failure))
        if failures:
            worker.mount_wait = min(worker.mount_wait * 2, LONGEST_MOUNT_WAIT)
            self._plan(worker, worker.mount_wait)
        return not failures

    def _start_sandbox(self, uid: str) -> None:
        """Give the Pod its sandbox and its address, and start containers in the same sync."""
        worker = self._current(uid)
        if worker is None or worker.is_terminating:
            return
        address = NODE_ADDRESS
        if not worker.pod["spec"].get("hostNetwork"):
            self._addresses += 1
            address = pod_address(self._addresses)
        worker.start_sandbox(address, self._clock.now)
        self._report(worker)
        self._start_due(worker, is_same_sync=True)

    def _start_due(self, worker: Worker, *, is_same_sync: bool = False) -> None:
        """Start all containers and image volumes that are due. `_settle` plans the retry of those that can't start.

        `is_same_sync`: this sync has started the sandbox, and has reported missing pull secrets before.
        """
        self._stop_undue(worker)
        due = images_of_volumes(worker.pod["spec"])
        due += map(RequiredImage.of, worker.containers_to_start())
        if due:
            secrets = self.starter.secrets.of(worker.pod)
            if not is_same_sync:
                self.starter.report_missing_secrets(worker, secrets)
            worker.turn = Turn.BUSY
            self.starter.start_all(PodSync(worker, due, secrets))

    def _settle(self, sync: PodSync) -> None:
        """End a sync: plan a retry if something couldn't start, and await the runtime's news of containers that did.

        The starter calls this, possibly much later than `_start_due`, when all pulls are over.
        """
        worker = sync.worker
        is_due = worker.turn is Turn.DUE
        worker.turn = Turn.IDLE
        if any(sync.started):
            if not all(sync.started):
                self._plan(worker, RETRY)  # for the others
            self.runtime.relist(worker, is_late_start=not all(sync.started) and worker.has_waited_for_images)
            self._wake()  # its image is on the node now, which other Pods may use
        elif sync.started:  # nothing has started
            if back_off := self.starter.back_off(worker):
                self._rest(worker, back_off)
            else:
                self._plan(worker, RETRY)
        if is_due:
            self._sync(worker.uid)

    def _rest(self, worker: Worker, back_off: BackOff) -> None:
        """Let a Pod rest until the round in which its first back-off ends (see resting.py).

        Before that round it is woken for the next report of its status, and in each round in which the event limit lets
        an event pass, so that events look as if it had synced in all rounds.
        """
        now = self._clock.now
        self._rests[worker.uid] = Rest(now, back_off)
        rounds_to_pull = rounds_in(back_off.until - now)
        rounds_to_event = 1  # the next round, unless the status is up to date and no event would pass before
        if worker.waiting == back_off.waiting and worker.is_reported:
            rounds_to_event = rounds_in(self._recorder.silent_until(worker.uid) - now)
        if rounds_to_event < rounds_to_pull:
            self._plan(worker, RETRY * rounds_to_event, self._repeat_events)
        else:
            self._plan(worker, RETRY * rounds_to_pull)

    def _end_rest(self, worker: Worker) -> None:
        """End a Pod's rest, if it rests, and count its events once for each round that it has slept through."""
        rest = self._rests.pop(worker.uid, None)
        if rest is None:
            return
        skipped = rest.rounds(self._clock.now) - 1
        if skipped:
            self._recorder.count(worker.uid, rest.back_off.events, skipped)

    def _repeat_events(self, uid: str) -> None:
        """Report a resting Pod, and repeat the events of a sync, without syncing. Then it rests again."""
        worker = self._current(uid)
        if worker is None:
            return
        rest = self._rests.get(uid)
        if rest is None:  # news from the runtime have ended the rest, without cancelling this timer
            self._sync(uid)
            return
        now = self._clock.now
        self.images.node_credentials(now)  # for its effect: a sync would read the node's credentials again if due
        self._report(worker)
        for container, reason in rest.back_off.waiting.items():
            worker.wait(container, reason)
        self._recorder.repeat(worker.pod, rest.back_off.events, rest.rounds(now))
        self._rest(worker, rest.back_off)

    def _wake(self, namespace: str | None = None) -> None:
        """Have resting Pods sync in their next round: a Secret in `namespace`, or (None) the node's images changed."""
        for uid, rest in self._rests.items():
            worker = self._workers.own(uid)  # own, because `_plan` changes it
            if namespace in (None, worker.namespace):
                self._plan(worker, rest.seconds_to_round(self._clock.now))

    def _stop_undue(self, worker: Worker) -> None:
        """Stop running containers whose definition was changed; they start again once they have ended.

        If all main containers have ended for good, stop the sidecars as well.
        """
        for container in worker.containers.values():
            if not container.is_running or container.is_stopping:
                continue
            message = worker.definition_change(container)
            if message or worker.is_over:
                self.runtime.stop(worker, container, message)

    def _terminate(self, worker: Worker) -> None:
        """Stop the containers of a Pod that is being deleted, and plan its removal.

        Each further sync plans another removal, and the earliest counts. So a shorter grace period, or containers that
        have ended, bring the removal forward, and nothing delays it.
        """
        worker.is_terminating = True
        self.runtime.stop_all(worker)
        self._clock.call_later(self.runtime.seconds_to_removal(worker), self._remove, worker.uid)

    def _remove(self, uid: str) -> None:
        """Remove a Pod from the API. One with finalizers stays, and gets the status of its end."""
        worker = self._current(uid)
        if worker is None:
            return
        if not worker.pod["metadata"].get("finalizers"):
            self._api.remove(POD, worker.pod)
        elif not has_ended(worker.pod):
            worker.end_all(self._clock.now)
            self._api.put(POD, terminated(worker, self._clock.now, self.images.node.status_names))
