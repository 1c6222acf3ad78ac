"""The description of each kind: the function that yields its lines, and the related lists that this needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kubesim.api.objects import Object
from kubesim.kubectl.describers import configuration, nodes, pods, rules, workloads
from kubesim.kubectl.describers.common import Surroundings
from kubesim.kubectl.errors import NotSimulated


class Screen(NamedTuple):
    """The description of a kind. Tabs in a line mark columns."""

    lines: Callable[[Object, Surroundings], Iterator[str]]
    related: Sequence[str] = ()  # plurals of lists


SCREENS: Mapping[str, Screen] = {
    "Pod": Screen(pods.pod, ["events"]),
    "Deployment": Screen(workloads.deployment, ["replicasets", "events"]),
    "ReplicaSet": Screen(workloads.replica_set, ["pods", "events"]),
    "DaemonSet": Screen(workloads.daemon_set, ["pods", "events"]),
    "StatefulSet": Screen(workloads.stateful_set, ["pods", "events"]),
    "Job": Screen(workloads.job, ["events"]),
    "CronJob": Screen(workloads.cron_job, ["events"]),
    "Secret": Screen(configuration.secret),
    "ConfigMap": Screen(configuration.config_map, ["events"]),
    "ServiceAccount": Screen(configuration.service_account, ["events"]),
    "Namespace": Screen(configuration.namespace, ["resourcequotas", "limitranges"]),
    "ClusterRole": Screen(rules.role),
    "Role": Screen(rules.role),
    "ClusterRoleBinding": Screen(rules.binding),
    "RoleBinding": Screen(rules.binding),
    "Node": Screen(nodes.node, ["leases", "events"]),
}


def screen_of(kind: str) -> Screen:
    """The screen of a kind. Raises NotSimulated if there is none."""
    if kind not in SCREENS:
        raise NotSimulated(f"a description of {kind} objects is not part of this simulator")
    return SCREENS[kind]
