"""How the containers of a Pod start: their images are pulled, one after the other, and their processes run.

Mirrors SyncPod and startContainer in kubernetes pkg/kubelet/kuberuntime/{kuberuntime_manager,kuberuntime_container}.go,
v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from kubesim.api.clock import Clock, Identity
from kubesim.api.objects import Object, containers_of, name_of, namespace_of
from kubesim.api.sharing import Stateful
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.cluster.events import Words
from kubesim.cluster.kubelet import containers, environment, users, volumes
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.environment import MissingError, PodData
from kubesim.cluster.kubelet.imagepull import Event, ImageManager, Pull, PullRequest, PullResult, back_off
from kubesim.cluster.kubelet.pullsecrets import PullSecrets, Secrets
from kubesim.cluster.kubelet.resting import BackOff
from kubesim.cluster.kubelet.runtime import Record, Runtime
from kubesim.cluster.kubelet.volumes import Payload
from kubesim.cluster.kubelet.worker import RequiredImage, Worker, field_of, full_name, images_of_volumes
from kubesim.pull.attempt import PullTrace, Waiting
from kubesim.pull.image import Image
from kubesim.shell.container import Place

# What a container may fail with before or at its start; the event repeats the whole message.
_WHOLE_MESSAGES = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
# Why a container waits whose image could not be pulled: it has just been tried, or has to wait for the next time.
_OF_PULLS = frozenset({"ErrImagePull", "ImagePullBackOff"})
_START = 20
"""Writes in the time of which a container starts: it gets its files, and its process runs."""


class PodSync:
    """How far one sync of a Pod is."""

    def __init__(self, worker: Worker, due: list[RequiredImage], secrets: Secrets) -> None:
        self.worker = worker
        self.due = due  # what its volumes and containers need that weren't tried yet
        self.secrets = secrets
        self.started: list[bool] = []  # of each container that was tried, whether it started
        self.volumes: dict[str, PullResult] = {}  # what came of the pulls of image volumes, by the volumes' names

    def copy(self, worker: Worker) -> PodSync:
        """The same for a worker that is as its own was: a copy of the cluster goes on with a copy of the worker."""
        copy = PodSync(worker, self.due.copy(), self.secrets)
        copy.started += self.started
        copy.volumes |= self.volumes
        return copy

    def image_files(self) -> dict[str, Payload]:
        """The files of image volumes, by the volumes' names."""
        return {name: containers.files_of(image) for name, image in self.volumes.items() if isinstance(image, Image)}

    def broken_volume(self, container: ContainerSpec) -> Waiting | None:
        """Why an image volume that the container mounts is not there; None where nothing is missing."""
        needed = [self.volumes.get(mount["name"]) for mount in container.get("volumeMounts", ())]
        return next((result for result in needed if isinstance(result, Waiting)), None)


class Starter(Stateful):
    """Starts what is due of Pods, and remembers in `traces` why the last attempt to get an image went as it did.

    Calls `settle` when all that was due in one sync of a Pod was tried.
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
        self._api = api
        self._clock = clock
        self._identity = identity
        self._images = images
        self._runtime = runtime
        self._settle = settle

    def forget(self, pod: Object) -> None:
        """Remember nothing of a Pod that is gone."""
        spec = pod["spec"]
        needed = images_of_volumes(spec) + [RequiredImage.of(container) for _, container in containers_of(spec)]
        for required in needed:
            self.traces.pop((namespace_of(pod), name_of(pod), required.subject), None)
        self.secrets.forget(pod)

    def start_all(self, sync: PodSync) -> None:
        """Get the volumes' images and start one container after the other; a pull holds up the rest."""
        while sync.due:
            required = sync.due.pop(0)
            if required.spec is not None and self._holds_back(sync, required.spec):
                sync.started.append(False)
                continue
            pull = self._ensure_image(sync, required)
            if pull.duration:
                pulling, *later = pull.events
                self._runtime.recorder_for(sync.worker, required.container)(*pulling)
                self._clock.call_later(pull.duration, self._pulled, sync, required, pull.result, later)
                return
            self._finish_pull(sync, required, pull.result, pull.events)
        self._settle(sync)

    def _pulled(self, sync: PodSync, required: RequiredImage, result: PullResult, events: Sequence[Event]) -> None:
        """Go on with what was held up by a pull that is over, unless the Pod is being deleted, or gone."""
        worker = self._runtime.workers.find(sync.worker.uid)
        if worker and not worker.is_terminating:
            going_on = sync.copy(worker)  # `sync` is a timer's argument, which copies of the cluster share
            self._finish_pull(going_on, required, result, events)
            self.start_all(going_on)

    def _finish_pull(self, sync: PodSync, required: RequiredImage, result: PullResult, events: Sequence[Event]) -> None:
        """Report what came of a pull, and start the container that needed it."""
        record = self._runtime.recorder_for(sync.worker, required.container)
        for event in events:
            record(*event)
        if required.spec is None:
            sync.volumes[required.name] = result
            return
        error = result if isinstance(result, Waiting) else self._run(sync, required.spec, result, record)
        if error:
            self._fail(sync, required.spec, error, record)
        else:
            sync.worker.wait(required.spec["name"], None)
        sync.started.append(error is None)

    def report_missing_secrets(self, worker: Worker, secrets: Secrets) -> None:
        """Say which of a Pod's pull secrets are not there."""
        for words in _on_missing(secrets):
            self._runtime.recorder_for(worker, "")(words.kind, words.reason, words.message)

    def back_off(self, worker: Worker) -> BackOff | None:
        """What a Pod waits for, of which nothing has started; None where its next sync may do more than wait."""
        spec = worker.pod["spec"]
        words = _on_missing(self.secrets.of(worker.pod))
        waiting = {}
        ends = []
        for container in worker.due():
            name = container["name"]
            image = container["image"]
            failure = self._images.node.waits(worker.uid, image, self._clock.now)
            current = worker.waiting.get(name)
            if failure is None or current is None or current.reason not in _OF_PULLS:
                return None
            field = field_of(spec, name)
            event, waiting[name] = back_off(image, failure)
            words += [Words(*event, field), Words("Warning", "Failed", f"Error: {waiting[name].reason}", field)]
            ends.append(failure.until)
        if not ends or images_of_volumes(spec):
            return None
        return BackOff(min(ends), words, waiting)

    def _holds_back(self, sync: PodSync, spec: ContainerSpec) -> bool:
        """Whether a container has to wait, because it exited too often or an image volume of it is missing."""
        name = spec["name"]
        record = self._runtime.recorder_for(sync.worker, name)
        if crash_loop := sync.worker.take_restart(spec, self._clock.now):
            message = f"Back-off restarting failed container {name} in pod {full_name(sync.worker.pod)}"
            record("Warning", "BackOff", message)
            sync.worker.wait(name, crash_loop)
            return True
        if error := sync.broken_volume(spec):
            self._fail(sync, spec, error, record)
            return True
        return False

    def _ensure_image(self, sync: PodSync, required: RequiredImage) -> Pull:
        worker = sync.worker
        who = (worker.namespace, worker.name, worker.uid, required.subject)
        request = PullRequest(*who, required.image, required.policy, sync.secrets, self._clock.now)
        pull = self._images.ensure_image(request)
        if pull.outcome != "ImagePullBackOff":
            self.traces[worker.namespace, worker.name, request.container] = pull.trace
        return pull

    def _run(self, sync: PodSync, spec: ContainerSpec, image: Image, record: Record) -> Waiting | None:
        """Create a container and start it; return why that failed, if it did.

        Volumes are mounted in one that is created, so that another leaves nothing in those that it shares.
        """
        worker = sync.worker
        data = PodData(self._api, worker.pod_with_address)
        try:
            place, argv = self._prepare(data, spec, image)
        except MissingError as error:
            return Waiting("CreateContainerConfigError", str(error))
        if image.trouble and not argv:
            return Waiting("CreateContainerError", image.trouble.message(container=self._identity.container_id()))
        record("Normal", "Created", "Container created")
        self._mount(place, sync, data, spec)
        container = self._start(sync, spec, image, place, argv)
        ran = container.process
        if ran.failure:
            self._runtime.end(worker, container, ran.exit_code)
            return Waiting("RunContainerError", ran.failure)
        if ran.seconds != inf:
            self._runtime.end_in(ran.seconds, worker, container, ran.exit_code)
        record("Normal", "Started", "Container started")
        if ran.unsimulated:
            record("Warning", "NotSimulated", f"kubesim: {ran.unsimulated} isn't simulated")
        return None

    def _prepare(self, data: PodData, spec: ContainerSpec, image: Image) -> tuple[Place, list[str]]:
        """Where a container's processes run, still without its volumes, and its command. Raises MissingError."""
        accounts = containers.bases()[image.base].accounts(image.files)
        user = users.user_of(data.pod, spec, image.user, accounts)
        variables = environment.variables(data, spec, accounts.home(user.uid))
        users.check_user(data.pod, spec, image.user)
        argv = environment.substitute(containers.command_of(spec), variables)
        return containers.new_place(image, variables, data.pod, spec, user, self._runtime.outside), argv

    def _mount(self, place: Place, sync: PodSync, data: PodData, spec: ContainerSpec) -> None:
        place.files.folders |= volumes.mounts(data, spec, sync.image_files(), known={})
        place.files.folders |= volumes.shared_folders(data.pod, spec, sync.worker.folders)
        place.files.read_only = volumes.read_only_paths(spec)

    def _start(self, sync: PodSync, spec: ContainerSpec, image: Image, place: Place, argv: list[str]) -> Container:
        """A new container of the worker, whose process is run ahead of time."""
        now = self._clock.now
        self._clock.work += _START
        with self._runtime.processor() as budget:
            ran = containers.start(image, place, argv, now, spec.get("stdin", False), budget)
        ran = containers.running_on(ran, sync.worker.policy_of(spec))
        container = Container(
            spec=spec,
            container_id=self._identity.container_id(),
            digest=image.digest,
            place=place,
            process=ran,
            started=0 if ran.failure else now,
            image_files=sync.image_files(),
        )
        sync.worker.add(container)
        return container

    def _fail(self, sync: PodSync, spec: ContainerSpec, error: Waiting, record: Record) -> None:
        """Report why a container doesn't run, and keep it, unless it has ended and isn't to be started again."""
        sync.worker.wait(spec["name"], error if sync.worker.starts_next(spec) else None)
        text = error.message if error.reason in _WHOLE_MESSAGES else error.reason
        record("Warning", "Failed", f"Error: {text}")


def _on_missing(secrets: Secrets) -> list[Words]:
    """What is said of pull secrets that are not there."""
    missing = [name for name, secret in secrets if secret is None]
    if not missing:
        return []
    what = f"Unable to retrieve some image pull secrets ({', '.join(missing)})"
    message = f"{what}; attempting to pull the image may not succeed."
    return [Words("Warning", "FailedToRetrieveImagePullSecret", message)]
