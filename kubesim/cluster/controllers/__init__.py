"""The scheduler and the controllers, which bring the cluster's state nearer to what its objects ask for."""

from __future__ import annotations

from kubesim.cluster.controllers.cronjob import CronJobController
from kubesim.cluster.controllers.daemonset import DaemonSetController
from kubesim.cluster.controllers.deployment import DeploymentController
from kubesim.cluster.controllers.garbage import GarbageCollector
from kubesim.cluster.controllers.job import JobController
from kubesim.cluster.controllers.namespaces import NamespaceController
from kubesim.cluster.controllers.replicaset import ReplicaSetController
from kubesim.cluster.controllers.scheduler import Scheduler
from kubesim.cluster.controllers.statefulset import StatefulSetController

CONTROL_PLANE = (
    Scheduler,
    NamespaceController,
    GarbageCollector,
    ReplicaSetController,
    DeploymentController,
    DaemonSetController,
    StatefulSetController,
    JobController,
    CronJobController,
)
"""What a cluster runs beside its API server, in the order in which it hears of a change."""
