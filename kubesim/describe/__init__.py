"""What `kubectl describe` says of an object: pure functions of the object, what it is related to, and the time.

Mirrors k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kubesim.clock import Micros
from kubesim.describe.config import write_config_map, write_namespace, write_secret, write_service_account
from kubesim.describe.events import write_events
from kubesim.describe.generic import write_generic
from kubesim.describe.nodes import write_node
from kubesim.describe.pods import write_pod, write_template
from kubesim.describe.rbac import write_role, write_role_binding
from kubesim.describe.services import write_service
from kubesim.describe.workloads import write_deployment, write_replica_set
from kubesim.describe.writer import Writer
from kubesim.objects import Object

Related = Mapping[str, list[Object]]


class _Describer(NamedTuple):
    write: Callable[[Writer, Object, Related, Micros], None]
    related: tuple[str, ...] = ("events",)


_GENERIC = _Describer(lambda writer, obj, related, now: write_generic(writer, obj))

_DESCRIBERS = {
    "ClusterRole": _Describer(lambda writer, obj, related, now: write_role(writer, obj), ()),
    "ClusterRoleBinding": _Describer(lambda writer, obj, related, now: write_role_binding(writer, obj), ()),
    "ConfigMap": _Describer(lambda writer, obj, related, now: write_config_map(writer, obj)),
    "Deployment": _Describer(
        lambda writer, obj, related, now: write_deployment(writer, obj, related.get("replicasets", [])),
        ("replicasets", "events"),
    ),
    "Event": _GENERIC,
    "Namespace": _Describer(lambda writer, obj, related, now: write_namespace(writer, obj), ()),
    "Node": _Describer(
        lambda writer, obj, related, now: write_node(writer, obj, related.get("pods"), now), ("pods", "events")
    ),
    "Pod": _Describer(lambda writer, obj, related, now: write_pod(writer, obj, now)),
    "ReplicaSet": _Describer(
        lambda writer, obj, related, now: write_replica_set(writer, obj, related.get("pods", [])), ("pods", "events")
    ),
    "Role": _Describer(lambda writer, obj, related, now: write_role(writer, obj), ()),
    "RoleBinding": _Describer(lambda writer, obj, related, now: write_role_binding(writer, obj), ()),
    "Secret": _Describer(lambda writer, obj, related, now: write_secret(writer, obj), ()),
    "Service": _Describer(lambda writer, obj, related, now: write_service(writer, obj)),
    "ServiceAccount": _Describer(
        lambda writer, obj, related, now: write_service_account(writer, obj, related.get("secrets")),
        ("secrets", "events"),
    ),
}

RELATED: Mapping[str, tuple[str, ...]] = {kind: describer.related for kind, describer in _DESCRIBERS.items()}
"""Which lists `describe` wants for a kind, by plural name; ("events",) for kinds that are not listed.

"events" are those about the object. The others are all of the object's namespace (for a Node: of all namespaces).
"""


def describe(obj: Object, related: Related, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that RELATED names for its kind. Without "events" there is no events section, and what
    else is missing counts as not allowed to be listed.
    """
    describer = _DESCRIBERS.get(obj.get("kind", ""), _GENERIC)
    writer = Writer()
    describer.write(writer, obj, related, now)
    if "events" in describer.related:
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
