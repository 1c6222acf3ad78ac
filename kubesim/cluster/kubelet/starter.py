"""The order in which a Pod's containers start: pulls one after the other, back-off, and events about failures.

Mirrors SyncPod in kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, v1.36. imagepull.py gets an image, and
launcher.py starts a container; this module decides when, and reports it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kubesim.api.clock import Clock, Identity
from kubesim.api.objects import Object, containers_of, name_of, namespace_of
from kubesim.api.sharing import Stateful
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.cluster.events import EventContent
from kubesim.cluster.kubelet.imagepull import ImageManager, ImagePull, PullRequest, PullResult, back_off
from kubesim.cluster.kubelet.launcher import Launcher
from kubesim.cluster.kubelet.podsync import PodSync
from kubesim.cluster.kubelet.pullsecrets import PullSecrets, Secrets
from kubesim.cluster.kubelet.resting import BackOff
from kubesim.cluster.kubelet.runtime import Runtime
from kubesim.cluster.kubelet.worker import RequiredImage, Worker, field_of, full_name, images_of_volumes
from kubesim.pull.attempt import PullTrace, Waiting

# Reasons whose event has the whole message; the event of any other one has only the reason.
_WHOLE_MESSAGES = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
# Reasons of a container that waits for a failed pull.
_OF_PULLS = frozenset({"ErrImagePull", "ImagePullBackOff"})


class Starter(Stateful):
    """Gets images and starts containers, one after the other, in one sync of a Pod at a time.

    `traces` has the last attempt to get each image, by namespace, Pod and RequiredImage.subject. `settle` is called
    with the PodSync when everything due in it was tried.
    """

    def __init__(
        self,
        api: Component,
        clock: Clock,
        identity: Identity,
        images: ImageManager,
        runtime: Runtime,
        settle: Callable[[PodSync], None],
    ) -> None:
        self.traces: dict[tuple[str, str, str], PullTrace] = {}
        self.secrets = PullSecrets(api)
        self._launcher = Launcher(api, clock, identity, runtime)
        self._clock = clock
        self._images = images
        self._runtime = runtime
        self._settle = settle

    def forget(self, pod: Object) -> None:
        """Forget the traces and Secrets of a Pod that is gone."""
        spec = pod["spec"]
        needed = images_of_volumes(spec) + [RequiredImage.of(container) for _, container in containers_of(spec)]
        for required in needed:
            self.traces.pop((namespace_of(pod), name_of(pod), required.subject), None)
        self.secrets.forget(pod)

    def start_all(self, sync: PodSync) -> None:
        """Get the images of volumes, then start one container after the other.

        A pull interrupts this: the method returns, and `_pulled` goes on when the pull is over. `sync.due` shrinks.
        """
        while sync.due:
            required = sync.due.pop(0)
            if required.spec is not None and self._hold_back(sync, required.spec):
                sync.started.append(False)
                continue
            pull = self._ensure_image(sync, required)
            if pull.start_event:
                self._runtime.emit_event(sync.worker, required.container, pull.start_event)
                self._clock.call_later(pull.seconds, self._pulled, sync, required, pull.result, pull.events)
                return
            self._finish_pull(sync, required, pull.result, pull.events)
        self._settle(sync)

    def _pulled(
        self, sync: PodSync, required: RequiredImage, result: PullResult, events: Sequence[EventContent]
    ) -> None:
        """Go on with a sync after a pull, unless the Pod is being deleted or gone."""
        worker = self._runtime.workers.find(sync.worker.uid)
        if worker and not worker.is_terminating:
            own = sync.copy(worker)  # `sync` is a timer's argument, which copies of the cluster share
            self._finish_pull(own, required, result, events)
            self.start_all(own)

    def _finish_pull(
        self, sync: PodSync, required: RequiredImage, result: PullResult, events: Sequence[EventContent]
    ) -> None:
        """Emit a pull's events, and launch the container that needed the image, or note that it waits."""
        for content in events:
            self._runtime.emit_event(sync.worker, required.container, content)
        if required.spec is None:
            sync.volumes[required.name] = result
            return
        error = result if isinstance(result, Waiting) else self._launcher.launch(sync, required.spec, result)
        if error:
            self._fail(sync, required.spec, error)
        else:
            sync.worker.wait(required.spec["name"], None)
        sync.started.append(error is None)

    def report_missing_secrets(self, worker: Worker, secrets: Secrets) -> None:
        """Emit a warning about the Pod's missing pull secrets, if there are any."""
        for content in _events_of_missing(secrets):
            self._runtime.emit_event(worker, "", content)

    def back_off(self, worker: Worker) -> BackOff | None:
        """The back-off of a Pod in which nothing has started; None if its next syncs may do more than count events.

        That is so only if each due container is in back-off after a pull.
        """
        spec = worker.pod["spec"]
        events = _events_of_missing(self.secrets.of(worker.pod))
        waiting = {}
        ends = []
        for container in worker.containers_to_start():
            name = container["name"]
            image = container["image"]
            failure = self._images.node.failure_in_back_off(worker.uid, image, self._clock.now)
            current = worker.waiting.get(name)
            if failure is None or current is None or current.reason not in _OF_PULLS:
                return None
            field = field_of(spec, name)
            event, waiting[name] = back_off(image, failure)
            failed = EventContent("Warning", "Failed", f"Error: {waiting[name].reason}", field)
            events += [event._replace(field=field), failed]
            ends.append(failure.until)
        if not ends or images_of_volumes(spec):
            return None
        return BackOff(min(ends), events, waiting)

    def _hold_back(self, sync: PodSync, spec: ContainerSpec) -> bool:
        """Have a container wait, and report it, if it crashed too often or lacks an image volume. True if it waits."""
        name = spec["name"]
        if crash_loop := sync.worker.crash_loop(spec, self._clock.now):
            message = f"Back-off restarting failed container {name} in pod {full_name(sync.worker.pod)}"
            self._runtime.emit_event(sync.worker, name, EventContent("Warning", "BackOff", message))
            sync.worker.wait(name, crash_loop)
            return True
        sync.worker.lengthen_crash_loop(spec)
        if error := sync.broken_volume(spec):
            self._fail(sync, spec, error)
            return True
        return False

    def _ensure_image(self, sync: PodSync, required: RequiredImage) -> ImagePull:
        """Get an image, and keep the trace, unless back-off prevented an attempt: `why` explains the last real one."""
        worker = sync.worker
        request = PullRequest(
            namespace=worker.namespace,
            pod=worker.name,
            uid=worker.uid,
            container=required.subject,
            image=required.image,
            policy=required.policy,
            secrets=sync.secrets,
            now=self._clock.now,
        )
        pull = self._images.ensure_image(request)
        if pull.state != "ImagePullBackOff":
            self.traces[worker.namespace, worker.name, request.container] = pull.trace
        return pull

    def _fail(self, sync: PodSync, spec: ContainerSpec, error: Waiting) -> None:
        """Emit an event about a container that can't start. It waits with this reason if it will be tried again."""
        sync.worker.wait(spec["name"], error if sync.worker.starts_next(spec) else None)
        text = error.message if error.reason in _WHOLE_MESSAGES else error.reason
        self._runtime.emit_event(sync.worker, spec["name"], EventContent("Warning", "Failed", f"Error: {text}"))


def _events_of_missing(secrets: Secrets) -> list[EventContent]:
    """The warning about missing pull secrets, in a list; [] if none is missing."""
    missing = [name for name, secret in secrets if secret is None]
    if not missing:
        return []
    what = f"Unable to retrieve some image pull secrets ({', '.join(missing)})"
    message = f"{what}; attempting to pull the image may not succeed."
    return [EventContent("Warning", "FailedToRetrieveImagePullSecret", message)]
