"""The controller manager: loops that bring the cluster's state nearer to what its objects ask for."""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.controllers.cronjob import CronJobController
from kubesim.cluster.controllers.daemonset import DaemonSetController
from kubesim.cluster.controllers.deployment import DeploymentController, ReplicaSetController
from kubesim.cluster.controllers.endpoints import EndpointsController
from kubesim.cluster.controllers.job import JobController
from kubesim.cluster.controllers.lifecycle import (
    GarbageCollector,
    NamespaceController,
    TaintEvictionController,
    TokenController,
)
from kubesim.cluster.controllers.statefulset import StatefulSetController


class ControllerManager:
    """Runs every controller of this cluster."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self.controllers = (
            NamespaceController(api, clock),
            TokenController(api, clock),
            GarbageCollector(api, clock),
            TaintEvictionController(api, clock),
            ReplicaSetController(api, clock),
            DeploymentController(api, clock),
            DaemonSetController(api, clock),
            StatefulSetController(api, clock),
            JobController(api, clock),
            CronJobController(api, clock),
            EndpointsController(api, clock),
        )
