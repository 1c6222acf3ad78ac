"""The controller manager: loops that bring the cluster's state nearer to what its objects ask for."""

from __future__ import annotations

from kubesim.cluster.controllers.deployment import DeploymentController, ReplicaSetController
from kubesim.cluster.controllers.endpoints import EndpointsController
from kubesim.cluster.controllers.job import CronJobController, JobController
from kubesim.cluster.controllers.lifecycle import GarbageCollector, NamespaceController, TaintEvictionController
from kubesim.cluster.controllers.revisioned import DaemonSetController, StatefulSetController

CONTROLLERS = (
    NamespaceController,
    GarbageCollector,
    TaintEvictionController,
    ReplicaSetController,
    DeploymentController,
    DaemonSetController,
    StatefulSetController,
    JobController,
    CronJobController,
    EndpointsController,
)
"""What a cluster runs, each with its API server and clock."""
