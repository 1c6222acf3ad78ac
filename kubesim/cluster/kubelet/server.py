"""The kubelet's server: what `kubectl logs` and `kubectl exec` ask of a node, through the API server.

Mirrors kubernetes pkg/kubelet/server/server.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubesim.api import errors
from kubesim.api.clock import Clock
from kubesim.api.objects import Object
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.apiserver.logs import Line
from kubesim.cluster.kubelet.containers import Container, Worker, waiting_message
from kubesim.cluster.kubelet.environment import mounts
from kubesim.shell.container import Process


class Server:
    """Answers for the containers that `workers` (by the Pods' uids) know."""

    def __init__(self, api: APIServer, clock: Clock, workers: Mapping[str, Worker]) -> None:
        self._api = api
        self._clock = clock
        self._workers = workers

    def logs(self, pod: Object, container: str, previous: bool = False) -> list[Line]:
        """What a container (or the one before it) wrote. Raises StatusError where there is nothing to read."""
        found = self._container(pod, container)
        name = pod["metadata"]["name"]
        if found is None:
            raise errors.bad_request(
                f'container "{container}" in pod "{name}" is waiting to start: {waiting_message(pod, container)}'
            )
        shown = found.previous if previous else found
        if shown is None:
            raise errors.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return shown.lines(self._clock.now)

    def execute(self, pod: Object, container: str, argv: list[str]) -> Process:
        """Run a command beside a container's. Raises StatusError where it does not run, and StartError."""
        found = self._container(pod, container)
        if found is None or not found.is_running:
            raise errors.StatusError(500, "InternalError", f'container not found ("{container}")')
        found.place.files.mount(mounts(self._api, pod, found.spec))
        return found.place.run(argv, self._clock.now, found.main)

    def _container(self, pod: Object, name: str) -> Container | None:
        worker = self._workers.get(pod["metadata"]["uid"])
        return worker.containers.get(name) if worker else None
