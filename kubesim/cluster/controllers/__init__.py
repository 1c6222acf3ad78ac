"""The controller manager: loops that bring the cluster's state nearer to what its objects ask for."""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.controllers.deployment import DeploymentController
from kubesim.cluster.controllers.garbage import GarbageCollector
from kubesim.cluster.controllers.kubernetesservice import KubernetesServiceController
from kubesim.cluster.controllers.namespace import NamespaceController
from kubesim.cluster.controllers.replicaset import ReplicaSetController


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
