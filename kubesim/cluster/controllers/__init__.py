"""The scheduler and the controllers. base.py has their loops; each works through a Component of the API server."""

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

# The classes of a control plane, in the order in which they are notified of a change.
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
