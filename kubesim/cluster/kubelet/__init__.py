"""The kubelet of the one node: makes its Pods run, and says why where it cannot.

Mirrors kubernetes pkg/kubelet/{kubelet,pod_workers}.go and pkg/kubelet/kuberuntime, v1.36. A sync first reports what
the sync before it found and then acts, which is why a Pod's status lags behind its events, as on a real node.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Clock, Identity, Micros
from kubesim.api.imageref import Reference
from kubesim.api.objects import Object, find_named, pull_secret_names, sidecars_of
from kubesim.api.resources import POD, SECRET
from kubesim.api.sharing import Shared
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.bootstrap import NODE_ADDRESS
from kubesim.cluster.events import Recorder
from kubesim.cluster.kubelet import volumes
from kubesim.cluster.kubelet.containers import STOP, Container
from kubesim.cluster.kubelet.environment import MissingError
from kubesim.cluster.kubelet.imagepull import ImageManager, PullTrace
from kubesim.cluster.kubelet.server import Server
from kubesim.cluster.kubelet.starter import Round, Starter
from kubesim.cluster.kubelet.status import generate
from kubesim.cluster.kubelet.worker import RequiredImage, Worker, images_of_volumes, marks
from kubesim.cluster.registry.world import Image
from kubesim.shell.container import Outside

# Seconds. A failed sync is tried again after 10 s plus up to half of that (pkg/kubelet/pod_workers.go:
# workerBackOffPeriodJitterFactor); the mean of what was recorded stands for the jitter, so that runs repeat.
# The runtime is asked for news every second (pkg/kubelet/pleg).
RETRY = 13.3
RELIST = 1.0
REACTION = 0.02
SANDBOX = 0.2
# From the end of the last process to the Pod's removal, as recorded.
CLEANUP, CLEANUP_UNSTARTED = 1.5, 0.2
# The longest wait between two attempts to mount a volume (pkg/util/goroutinemap/exponentialbackoff).
LONGEST_MOUNT_WAIT = 122.0


class Kubelet:
    """Runs the Pods that are bound to `node`.

    What could not start is tried again every RETRY seconds. Where a Pod waits for nothing but the back-off of pulls,
    those rounds would only count its events, so it rests: `_come_back` plans the next sync for the round in which a
    back-off ends, or `_say_again` for that in which an event passes before, `_wake` moves it to the next round when a
    Secret or the node's images change, and `_end_rest`, at that sync, counts the rounds in between. The events are
    those of a Pod that did not rest.
    """

    def __init__(self, api: Component, clock: Clock, identity: Identity, images: ImageManager, node: str) -> None:
        self.images = images
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, "kubelet", node)
        self.starter = Starter(api, clock, identity, images, self._recorder, self)
        self._node = node
        self._workers: Shared[int, Worker] = Shared(self._copy)
        self._numbers: dict[str, int] = {}  # the workers' numbers by the uids of their Pods
        self._resting: dict[int, Micros] = {}  # by the numbers of workers that rest, their last syncs
        self._count = 0
        self._addresses = 1
        api.subscribe(self._on_pod, POD)
        api.subscribe(self._on_secret, SECRET)
        api.connect_node(node, Server(api, clock, images, self.worker_of))

    def resume(self, other: Kubelet) -> None:
        """Go on from the state of another one."""
        self.images.resume(other.images)
        self._recorder.resume(other._recorder)
        self._workers.share(other._workers)
        self._numbers = other._numbers.copy()
        self._resting = other._resting.copy()
        self._count = other._count
        self._addresses = other._addresses

    def worker_of(self, uid: str) -> Worker | None:
        """The worker of a Pod, which may be changed."""
        return self.worker(self._numbers.get(uid, 0))

    def worker(self, number: int) -> Worker | None:
        """A worker, which may be changed; None where its Pod is gone."""
        return self._workers.own(number) if self._workers.get(number) else None

    def load(self, reference: Reference, image: Image) -> None:
        """Have an image on the node that no Pod has pulled."""
        self.images.node.load(reference, image, self._clock.now)
        self._wake()

    def _copy(self, worker: Worker) -> Worker:
        return worker.copy(self.outside)

    @property
    def traces(self) -> dict[tuple[str, str, str], PullTrace]:
        """Why the last attempt to get an image went as it did, by namespace, Pod and container."""
        return self.starter.traces

    @property
    def outside(self) -> Outside:
        """What the processes of containers reach."""
        return self.starter.outside

    def _on_pod(self, change: Change) -> None:
        if change.type == "DELETED":
            self._forget(change.obj["metadata"]["uid"])
        elif change.obj["spec"].get("nodeName") == self._node:
            self._notice(change.obj, change.old)

    def _on_secret(self, change: Change) -> None:
        self._wake(change.obj["metadata"]["namespace"])

    def _forget(self, uid: str) -> None:
        number = self._numbers.pop(uid, 0)
        worker = self._workers.get(number)
        if worker:
            self._workers.drop(number)
            self._resting.pop(number, None)
            self.images.node.forget_pod(uid)
            self.starter.secrets.forget_pod(uid)
            for key in [key for key in self.traces if key[:2] == (worker.namespace, worker.name)]:
                del self.traces[key]

    def _notice(self, pod: Object, old: Object | None) -> None:
        meta = pod["metadata"]
        worker = self.worker_of(meta["uid"])
        if worker is None:
            names = [item["name"] for item in pod["spec"].get("initContainers", ())]
            inits = frozenset(names).difference(sidecars_of(pod["spec"]))
            self._count += 1
            self._numbers[meta["uid"]] = self._count
            worker = Worker(self._count, meta["uid"], meta["namespace"], meta["name"], inits)
            self._workers.put(self._count, worker)
        elif old and old["spec"] is pod["spec"] and marks(old) == marks(pod):
            return
        self._plan(worker, REACTION)

    def _pod_of(self, worker: Worker) -> Object | None:
        """The worker's Pod, unless it is gone or another one has its name."""
        pod = self._api.find(POD, worker.namespace, worker.name)
        return pod if pod and self._numbers.get(pod["metadata"]["uid"]) == worker.number else None

    def _plan(self, worker: Worker, delay: float) -> None:
        """Sync after `delay` seconds, instead of whatever was planned before."""
        worker.ticket += 1
        self._clock.call_later(delay, self._sync, worker.number, worker.ticket)

    def _relist(self, worker: Worker) -> None:
        """Sync when the runtime's news arrive, whatever else is planned; what happens until then arrives with them."""
        if not worker.awaits_news:
            worker.awaits_news = True
            self._clock.call_later(RELIST, self._on_news, worker.number)

    def _on_news(self, number: int) -> None:
        worker = self.worker(number)
        if worker:
            worker.awaits_news = False
            self._sync(number)

    def _sync(self, number: int, ticket: int = 0) -> None:
        """Bring a Pod nearer to what it asks for; not if the sync was planned and another one is planned instead."""
        worker = self.worker(number)
        pod = self._pod_of(worker) if worker else None
        if worker is None or pod is None or ticket not in (0, worker.ticket):
            return
        if pod["metadata"].get("deletionTimestamp"):
            self._terminate(pod, worker)
            return
        if worker.is_busy:
            worker.is_due = True
            return
        self._end_rest(worker)
        self._report(pod, worker)
        if not worker.has_sandbox and self._mounts(pod, worker):
            worker.has_sandbox = True
            self._report_missing_secrets(pod)
            self._clock.call_later(SANDBOX, self._start_sandbox, worker.number)
            self._relist(worker)
        elif worker.ip:
            self._start_due(pod, worker)

    def _report(self, pod: Object, worker: Worker) -> None:
        """Write the Pod's status, unless nothing has changed since the last time."""
        if not self._is_reported(pod, worker):
            worker.reported = (worker.changes, pod["metadata"]["generation"])
            self._api.update_status(POD, pod, generate(pod, worker, self._clock.timestamp()))

    def _is_reported(self, pod: Object, worker: Worker) -> bool:
        return worker.reported == (worker.changes, pod["metadata"]["generation"])

    def _mounts(self, pod: Object, worker: Worker) -> bool:
        """Whether all volumes can be mounted; where not, say why and look again, each time after twice the wait."""
        try:
            volumes.check_volumes(self._api, pod)
        except MissingError as error:
            self._recorder.event(pod, "Warning", "FailedMount", str(error))
            worker.mount_wait = min(worker.mount_wait * 2, LONGEST_MOUNT_WAIT)
            self._plan(worker, worker.mount_wait)
            return False
        return True

    def _start_sandbox(self, number: int) -> None:
        worker = self.worker(number)
        pod = self._pod_of(worker) if worker else None
        if worker is None or pod is None:
            return
        worker.changes += 1
        worker.ip = NODE_ADDRESS
        if not pod["spec"].get("hostNetwork"):
            self._addresses += 1
            worker.ip = f"10.244.{1 + self._addresses // 254}.{1 + self._addresses % 254}"
        self._report(pod, worker)
        self._start_due(pod, worker, first=True)

    def _start_due(self, pod: Object, worker: Worker, first: bool = False) -> None:
        """Start what should run and does not; come back later where something could not start."""
        self._stop_rest(pod, worker)
        due = [*images_of_volumes(pod["spec"]), *map(RequiredImage.of, worker.due(pod["spec"]))]
        if due:
            if not first:
                self._report_missing_secrets(pod)
            worker.is_busy = True
            self.starter.start_all(Round(pod, worker, due))

    def settle(self, pod: Object, worker: Worker, started: list[bool]) -> None:
        """End a sync: plan the next one where something could not start, and wait for the news of what did."""
        worker.is_busy = False
        if any(started):
            if not all(started):
                self._plan(worker, RETRY)
            self._relist(worker)
            self._wake()
        elif started:
            self._come_back(pod, worker)
        if worker.is_due:
            worker.is_due = False
            self._sync(worker.number)

    def _come_back(self, pod: Object, worker: Worker) -> None:
        """Plan the next sync of a Pod that waits, and what it says until then."""
        until = self._idle_until(worker)
        if until is None:
            self._plan(worker, RETRY)
            return
        now = self._clock.now
        self._resting[worker.number] = now
        silent_until = self._recorder.silent_until(worker.uid) if self._is_reported(pod, worker) else now
        rounds = max(1, _rounds_in(min(until, silent_until) - now))
        if silent_until < until and RETRY * rounds * SECOND < until - now:
            worker.ticket += 1
            self._clock.call_later(RETRY * rounds, self._say_again, worker.number, worker.ticket)
        else:
            self._plan(worker, RETRY * rounds)

    def _say_again(self, number: int, ticket: int) -> None:
        """Report a resting Pod and say what its last sync said, as a sync would; not if something else is planned."""
        worker = self.worker(number)
        pod = self._pod_of(worker) if worker else None
        since = self._resting.get(number)
        if worker is None or pod is None or since is None or ticket != worker.ticket:
            self._sync(number, ticket)
            return
        self.images.own(self._clock.now)
        self._end_rest(worker)
        self._report(pod, worker)
        self._recorder.say_again(pod, since)
        self._come_back(pod, worker)

    def _idle_until(self, worker: Worker) -> Micros | None:
        """The moment before which a sync would only report what it waits for: a back-off; None where the next one may
        do more.
        """
        for reason, _ in worker.waiting.values():
            if reason != "ImagePullBackOff":
                return None
        return self.images.node.next_try(worker.uid, self._clock.now)

    def _wake(self, namespace: str | None = None) -> None:
        """Let resting Pods (of a namespace) look again at their next round: a Secret or the node's images changed."""
        for number in sorted(self._resting):
            worker = self.worker(number)
            if worker and namespace in (None, worker.namespace):
                rested = (self._clock.now - self._resting[number]) / SECOND
                self._plan(worker, RETRY - rested % RETRY)

    def _end_rest(self, worker: Worker) -> None:
        """Count the rounds that a Pod has rested through, as if each had said what the last sync said."""
        since = self._resting.pop(worker.number, None)
        if since is not None:
            skipped = _rounds_in(self._clock.now - since) - 1  # the last one is this sync
            self._recorder.count_again(worker.uid, since, max(0, skipped))

    def _report_missing_secrets(self, pod: Object) -> None:
        names = pull_secret_names(pod["spec"])
        missing = [name for name in names if self.starter.secrets.find(pod, name) is None]
        if missing:
            what = f"Unable to retrieve some image pull secrets ({', '.join(missing)})"
            message = f"{what}; attempting to pull the image may not succeed."
            self._recorder.event(pod, "Warning", "FailedToRetrieveImagePullSecret", message)

    def ended(self, number: int, container_id: str, exit_code: int) -> None:
        """A container's process is over, if the container is still there."""
        worker = self.worker(number)
        for container in worker.containers.values() if worker else ():
            if worker and container.id == container_id:
                self.exited(worker, container, exit_code)

    def exited(self, worker: Worker, container: Container, exit_code: int) -> None:
        if not container.is_running:
            return
        container.end(exit_code, self._clock.now)
        worker.changes += 1
        name = container.spec["name"]
        if not container.stopping and not (name in worker.inits and exit_code == 0):
            worker.crashes.setdefault(name, 0)
        self._relist(worker)

    def _stop_rest(self, pod: Object, worker: Worker) -> None:
        """Stop containers whose part of the Pod was changed, which start again once they have ended; and what still
        runs beside those that have all ended.
        """
        for name, container in worker.containers.items():
            if not container.is_running or container.stopping:
                continue
            is_changed = find_named(pod["spec"]["containers"], name) not in (None, container.spec)
            if is_changed or worker.is_over(pod["spec"]):
                message = f"Container {name} definition changed, will be restarted" if is_changed else ""
                self._stop(pod, container, message)
                delay, code = container.stops_after(pod["spec"]["terminationGracePeriodSeconds"], STOP)
                self._clock.call_later(delay, self.ended, worker.number, container.id, code)

    def _stop(self, pod: Object, container: Container, message: str = "") -> None:
        if not container.stopping:
            container.stopping, name = True, container.spec["name"]
            self.starter.recorder_for(pod, name)("Normal", "Killing", message or f"Stopping container {name}")

    def _terminate(self, pod: Object, worker: Worker) -> None:
        """Stop a Pod that is being deleted, and plan its removal.

        Each sync until then plans one more, of which the earliest counts: a shorter grace period or containers that
        have ended meanwhile bring it forward, and nothing puts it off.
        """
        running = [item for item in worker.containers.values() if item.is_running]
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        for container in running:
            self._stop(pod, container)
            if container.process.last_words:  # its log gets them
                seconds, code = container.stops_after(grace, STOP)
                self._clock.call_later(seconds, self.ended, worker.number, container.id, code)
        ends = [container.stops_after(grace, STOP)[0] for container in running]
        delay = max(ends) + CLEANUP if ends else CLEANUP_UNSTARTED
        self._clock.call_later(delay, self._remove, worker.number)

    def _remove(self, number: int) -> None:
        """Remove the worker's Pod."""
        worker = self._workers.get(number)
        pod = self._pod_of(worker) if worker else None
        if pod:
            self._api.remove(POD, pod)


def _rounds_in(span: Micros) -> int:
    """In how many rounds of RETRY a span of time is over; one that is only begun counts."""
    whole, rest = divmod(span, round(RETRY * SECOND))
    return whole + 1 if rest else whole
