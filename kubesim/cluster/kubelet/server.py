"""The kubelet's own API, which the API server uses for `kubectl logs` and `exec`.

Mirrors kubernetes pkg/kubelet/{kubelet_pods,server/server}.go, v1.36. Server is the node, ContainerServer one
container. The last two methods of Server tell kubectl what isn't simulated, for its `kubesim:` lines; no real kubelet
has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.budget import Budget
from kubesim.api.clock import Clock
from kubesim.api.objects import Object, at, find_named
from kubesim.cluster.apiserver import Component, LogLine
from kubesim.cluster.kubelet.containers import Container, bases
from kubesim.cluster.kubelet.environment import PodData
from kubesim.cluster.kubelet.imagepull import ImageManager
from kubesim.cluster.kubelet.volumes import mounts
from kubesim.cluster.kubelet.worker import Workers
from kubesim.pull import imageref
from kubesim.shell.memoryfiles import MemoryFiles
from kubesim.shell.process import Process

# The words for a waiting container by its reason; other reasons stand for themselves (validateContainerLogStatus).
_WAITING_MESSAGES = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


class ContainerServer(NamedTuple):
    """Requests about one container of a Pod, which has the name `name`. `container` is None before its first start."""

    api: Component
    clock: Clock
    pod: Object
    name: str
    container: Container | None

    def logs(self, previous: bool) -> list[LogLine]:
        """The lines of its log, or of the log before its last restart.

        The Pod's status decides which run is the previous one. Raises StatusError if there is no log. Mirrors
        validateContainerLogStatus of kubelet_pods.go.
        """
        pod = self.pod["metadata"]["name"]
        status = _status_of(self.pod, self.name)
        last = at(status, "lastState.terminated.containerID")
        if previous and not last:
            raise errors.bad_request(f'previous terminated container "{self.name}" in pod "{pod}" not found')
        if self.container is None:
            why = _waiting_message(status)
            raise errors.bad_request(f'container "{self.name}" in pod "{pod}" is waiting to start: {why}')
        if not previous or last == self.container.url:
            return self.container.lines(self.clock.now)
        before = self.container.previous
        if before is None or not self.container.is_running:  # a node keeps only the last ended run
            return [LogLine(self.clock.now, f"unable to retrieve container logs for {last}")]
        return before.lines(self.clock.now)

    def execute(self, argv: Sequence[str], payer: Budget, stdin: str = "") -> Process:
        """Run a command in the container, to its end. `payer` pays for it.

        Raises StatusError if the container isn't running, and StartError if the command can't be started.
        """
        running = self._require_running()
        self._renew_mounts(running)
        budget = Budget(Budget.STEPS // 4, Budget.BYTES // 4, payer)
        return running.place.run(list(argv), self.clock.now, running.main_command, budget, stdin)

    def _renew_mounts(self, running: Container) -> None:
        """Give the container the present files of its volumes."""
        volumes = mounts(PodData(self.api, self.pod), running.spec, running.image_files, running.place.volumes)
        running.place = running.place._replace(volumes=volumes)

    def _require_running(self) -> Container:
        if self.container is None or not self.container.is_running:
            raise errors.StatusError(500, "InternalError", f'container not found ("{self.name}")')
        return self.container


class Server(NamedTuple):
    """The node's side of requests from the API server."""

    api: Component
    clock: Clock
    images: ImageManager
    workers: Workers

    def connect(self, pod: Object, container: str) -> ContainerServer:
        """The requests about one container of a Pod, which needn't exist."""
        worker = self.workers.find(pod["metadata"]["uid"])
        started = worker.containers.get(container) if worker else None
        return ContainerServer(self.api, self.clock, pod, container, started)

    def lacks_program(self, reference: str, program: str) -> bool:
        """True if the simulated image lacks a program that the real image has or may have.

        False for the image's own program, which is simulated, and for an unknown image.
        """
        parsed = _parse_reference(reference)
        if parsed is None:
            return False
        image = self.images.node.present(parsed, self.clock.now) or self.images.registries.network.image(parsed)
        if image is None or program == image.program:
            return False
        base = bases()[image.base]
        return base.has_unsimulated(program, MemoryFiles(base.with_files(image.files)))

    def is_guess(self, reference: str) -> bool:
        """True if the simulator doesn't know the image, and pulls it as if it existed."""
        parsed = _parse_reference(reference)
        if parsed is None or self.images.node.present(parsed, self.clock.now):
            return False
        return self.images.registries.network.is_guess(parsed)


def _status_of(pod: Object, container: str) -> Object | None:
    """The status of a container in its Pod; None before the first report."""
    keys = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    return find_named([item for key in keys for item in pod["status"].get(key, ())], container)


def _waiting_message(status: Object | None) -> str:
    """The reason of a waiting container in the words of `kubectl logs`."""
    reason = str(at(status, "state.waiting.reason") or "ContainerCreating")
    return _WAITING_MESSAGES.get(reason, reason)


def _parse_reference(reference: str) -> imageref.Reference | None:
    """The parsed name of an image; None for an invalid one."""
    try:
        return imageref.parse(reference)
    except ValueError:
        return None
