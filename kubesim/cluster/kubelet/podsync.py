"""One sync of a Pod: the images that are still to be tried, and what came of those before."""

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
    """The progress of one sync of a Pod."""

    def __init__(self, worker: Worker, due: list[RequiredImage], secrets: Secrets) -> None:
        self.worker = worker
        self.due = due  # what its volumes and containers need that weren't tried yet
        self.secrets = secrets
        self.started: list[bool] = []  # of each container that was tried, whether it started
        self.volumes: dict[str, PullResult] = {}  # what came of the pulls of image volumes, by the volumes' names

    def copy(self, worker: Worker) -> PodSync:
        """The same progress for `worker`, the twin of this worker in a copy of the cluster."""
        copy = PodSync(worker, self.due.copy(), self.secrets)
        copy.started += self.started
        copy.volumes |= self.volumes
        return copy

    def image_files(self) -> dict[str, Payload]:
        """The files of image volumes, by the volumes' names."""
        return {name: containers.files_of(image) for name, image in self.volumes.items() if isinstance(image, Image)}

    def broken_volume(self, container: ContainerSpec) -> Waiting | None:
        """Why the image of a volume that the container mounts wasn't pulled; None if none is missing."""
        needed = [self.volumes.get(mount["name"]) for mount in container.get("volumeMounts", ())]
        return next((result for result in needed if isinstance(result, Waiting)), None)
