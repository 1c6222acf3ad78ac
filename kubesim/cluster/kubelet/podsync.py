"""The progress of one sync of a Pod: the images still to get, and the results so far. Only starter.py changes it."""

from __future__ import annotations

from kubesim.api.specs import ContainerSpec
from kubesim.cluster.kubelet import containers
from kubesim.cluster.kubelet.imagepull import PullResult
from kubesim.cluster.kubelet.pullsecrets import Secrets
from kubesim.cluster.kubelet.volumes import Payload
from kubesim.cluster.kubelet.worker import RequiredImage, Worker
from kubesim.pull.attempt import Waiting
from kubesim.pull.image import Image


class PodSync:
    """The progress of one sync of a Pod, which pulls can interrupt for long.

    It is an argument of timers, which copies of the cluster share: copy it before changing it in a timer's call.
    """

    def __init__(self, worker: Worker, due: list[RequiredImage], secrets: Secrets) -> None:
        self.worker = worker
        self.due = due  # images of volumes, then of containers, still to get; `start_all` takes the first
        self.secrets = secrets  # the Pod's pull secrets, read at the beginning of the sync
        self.started: list[bool] = []  # for each container tried, True if it has started
        self.volumes: dict[str, PullResult] = {}  # results of the pulls for image volumes, by volume

    def copy(self, worker: Worker) -> PodSync:
        """The same progress for `worker`, the twin of this worker in a copy of the cluster."""
        copy = PodSync(worker, self.due.copy(), self.secrets)
        copy.started += self.started
        copy.volumes |= self.volumes
        return copy

    def image_files(self) -> dict[str, Payload]:
        """The files of the image volumes whose image is there, by volume."""
        return {name: containers.files_of(image) for name, image in self.volumes.items() if isinstance(image, Image)}

    def broken_volume(self, container: ContainerSpec) -> Waiting | None:
        """The failed pull of an image volume that the container mounts; None if none is missing."""
        needed = [self.volumes.get(mount["name"]) for mount in container.get("volumeMounts", ())]
        return next((result for result in needed if isinstance(result, Waiting)), None)
