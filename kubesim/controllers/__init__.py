"""The controller manager: loops that bring the cluster's state nearer to what its objects ask for."""

from __future__ import annotations

from kubesim.apiserver import APIServer
from kubesim.clock import Clock
from kubesim.controllers.deployment import DeploymentController
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.kubernetesservice import KubernetesServiceController
from kubesim.controllers.namespace import NamespaceController
from kubesim.controllers.replicaset import ReplicaSetController


class ControllerManager:
    """Runs every controller of this cluster."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self.controllers = (
            NamespaceController(api, clock),
            GarbageCollector(api, clock),
            ReplicaSetController(api, clock),
            DeploymentController(api, clock),
            KubernetesServiceController(api, clock),
        )
