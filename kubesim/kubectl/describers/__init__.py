"""What `kubectl describe` shows of an object: pure functions of the object, what it is related to, and the time.

Mirrors k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.kubectl.describers import others, workloads
from kubesim.kubectl.describers.pods import write_pod, write_template
from kubesim.kubectl.describers.writer import Related, Writer, write_events

Writes = Callable[[Writer, Object, Related, Micros], None]

# Each kind with how it is written, and the lists that it needs.
_DESCRIBERS: dict[str, tuple[Writes, tuple[str, ...]]] = {
    "ClusterRole": (others.write_role, ()),
    "ClusterRoleBinding": (others.write_role_binding, ()),
    "ConfigMap": (others.write_config_map, ("events",)),
    "CronJob": (workloads.write_cron_job, ("events",)),
    "DaemonSet": (workloads.write_daemon_set, ("pods", "events")),
    "Deployment": (workloads.write_deployment, ("replicasets", "events")),
    "Event": (others.write_generic, ("events",)),
    "Job": (workloads.write_job, ("events",)),
    "Namespace": (others.write_namespace, ()),
    "Node": (others.write_node, ("pods", "events")),
    "Pod": (write_pod, ("events",)),
    "ReplicaSet": (workloads.write_replica_set, ("pods", "events")),
    "Role": (others.write_role, ()),
    "RoleBinding": (others.write_role_binding, ()),
    "Secret": (others.write_secret, ()),
    "Service": (others.write_service, ("events",)),
    "ServiceAccount": (others.write_service_account, ("events",)),
    "StatefulSet": (workloads.write_stateful_set, ("pods", "events")),
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
