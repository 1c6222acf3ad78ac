"""What `kubectl describe` says of an object: pure functions of the object, what it is related to, and the time.

Mirrors k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.kubectl.describers.config import (
    write_config_map,
    write_namespace,
    write_secret,
    write_service,
    write_service_account,
)
from kubesim.kubectl.describers.events import write_events
from kubesim.kubectl.describers.generic import write_generic
from kubesim.kubectl.describers.nodes import write_node
from kubesim.kubectl.describers.pods import write_pod, write_template
from kubesim.kubectl.describers.rbac import write_role, write_role_binding
from kubesim.kubectl.describers.workloads import (
    write_cron_job,
    write_daemon_set,
    write_deployment,
    write_job,
    write_replica_set,
    write_stateful_set,
)
from kubesim.kubectl.describers.writer import Related, Writer

Writes = Callable[[Writer, Object, Related, Micros], None]

# Each kind with how it is written, and the lists that it needs.
_DESCRIBERS: dict[str, tuple[Writes, tuple[str, ...]]] = {
    "ClusterRole": (write_role, ()),
    "ClusterRoleBinding": (write_role_binding, ()),
    "ConfigMap": (write_config_map, ("events",)),
    "CronJob": (write_cron_job, ("events",)),
    "DaemonSet": (write_daemon_set, ("pods", "events")),
    "Deployment": (write_deployment, ("replicasets", "events")),
    "Event": (write_generic, ("events",)),
    "Job": (write_job, ("events",)),
    "Namespace": (write_namespace, ()),
    "Node": (write_node, ("pods", "events")),
    "Pod": (write_pod, ("events",)),
    "ReplicaSet": (write_replica_set, ("pods", "events")),
    "Role": (write_role, ()),
    "RoleBinding": (write_role_binding, ()),
    "Secret": (write_secret, ()),
    "Service": (write_service, ("events",)),
    "ServiceAccount": (write_service_account, ("secrets", "events")),
    "StatefulSet": (write_stateful_set, ("pods", "events")),
}

RELATED: Mapping[str, tuple[str, ...]] = {kind: lists for kind, (_, lists) in _DESCRIBERS.items()}
"""Which lists `describe` wants for a kind, by plural name; ("events",) for kinds that are not listed.

"events" are those about the object. The others are all of the object's namespace (for a Node: of all namespaces).
"""


def describe(obj: Object, related: Related, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that RELATED names for its kind. Without "events" there is no events section, and what
    else is missing counts as not allowed to be listed.
    """
    write, lists = _DESCRIBERS.get(obj.get("kind", ""), _DESCRIBERS["Event"])
    writer = Writer()
    write(writer, obj, related, now)
    if "events" in lists:
        write_events(writer, related.get("events"), now)
    return writer.text()


def pod_template(template: Object) -> str:
    """A Pod template as `kubectl rollout history --revision` shows it: unlike a description, it is not aligned."""
    writer = Writer()
    write_template(writer, template)
    return writer.unaligned()


def join(texts: Iterable[str]) -> str:
    """Several descriptions on one screen: two empty lines apart."""
    return "\n\n".join(texts)


__all__ = ["RELATED", "describe", "join", "pod_template"]
