"""The Service "kubernetes", which the API server makes anew where somebody deletes it.

Mirrors kubernetes pkg/controlplane/controller/kubernetesservice/controller.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import SERVICE
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.bootstrap import kubernetes_service

INTERVAL: Micros = 10 * SECOND


class KubernetesServiceController:
    """Looks every ten seconds whether the Service is there; here only after it was deleted."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        api.subscribe(self._on_service, SERVICE)

    def _on_service(self, change: Change) -> None:
        if change.type == "DELETED" and (namespace_of(change.obj), name_of(change.obj)) == ("default", "kubernetes"):
            self._clock.call_later((INTERVAL - self._clock.now % INTERVAL) / SECOND, self._make)

    def _make(self) -> None:
        if self._api.find(SERVICE, "default", "kubernetes") is None:
            self._api.create(SERVICE, kubernetes_service())
