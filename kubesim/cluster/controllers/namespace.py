"""What every namespace gets, and how one goes.

Mirrors kubernetes pkg/controller/{serviceaccount,certificates/rootcacertpublisher,namespace}, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import CONFIG_MAP, EVENT, NAMESPACE, RESOURCES, SERVICE, SERVICE_ACCOUNT, Resource
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.bootstrap import kubernetes_service
from kubesim.cluster.controllers.base import REACTION, WorkQueue, is_deleted

_CA_NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
_CA = (
    "-----BEGIN CERTIFICATE-----\nkubesim has no certificate: nothing here goes over a network\n"
    "-----END CERTIFICATE-----\n"
)

# Seconds for which a deleted namespace is left alone, so that its watchers can react (namespaceDeletionGracePeriod).
GRACE = 5.0
INTERVAL: Micros = 10 * SECOND
PUBLISHED: tuple[tuple[Resource, Object], ...] = (
    (SERVICE_ACCOUNT, {"metadata": {"name": "default"}}),
    (
        CONFIG_MAP,
        {
            "metadata": {"name": "kube-root-ca.crt", "annotations": {"kubernetes.io/description": _CA_NOTE}},
            "data": {"ca.crt": _CA},
        },
    ),
)


class NamespaceController:
    """Gives a namespace its `default` ServiceAccount and CA bundle; empties and removes one that is deleted."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._queue = WorkQueue(clock, self._reconcile)
        api.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.resource is NAMESPACE and change.type != "DELETED":
            self._queue.add(change.obj, GRACE if is_deleted(change.obj) else REACTION)
        elif change.type == "DELETED" and change.resource.namespaced and change.resource is not EVENT:
            self._queue.add_key(("", change.obj["metadata"]["namespace"]))

    def _reconcile(self, _: str, name: str) -> None:
        namespace = self._api.find(NAMESPACE, "", name)
        if namespace is None:
            return
        if is_deleted(namespace):
            self._empty(namespace)
        else:
            self._publish(name)

    def _publish(self, namespace: str) -> None:
        for resource, content in PUBLISHED:
            if self._api.find(resource, namespace, name_of(content)) is None:
                meta = {**content["metadata"], "namespace": namespace}
                head = {"apiVersion": resource.api_version, "kind": resource.kind}
                self._api.create(resource, {**head, **content, "metadata": meta})

    def _empty(self, namespace: Object) -> None:
        left = 0
        for resource in RESOURCES:
            if resource.namespaced and resource.simulated:
                for obj in self._api.list(resource, name_of(namespace)):
                    if not is_deleted(obj):
                        self._api.delete(resource, name_of(namespace), name_of(obj))
                left += len(self._api.list(resource, name_of(namespace)))
        if not left:
            self._api.remove(NAMESPACE, namespace)


class KubernetesServiceController:
    """Looks every ten seconds whether the Service is there; here only after it was deleted."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        api.subscribe(self._on_service, SERVICE)

    def _on_service(self, change: Change) -> None:
        if change.type == "DELETED" and (namespace_of(change.obj), name_of(change.obj)) == ("default", "kubernetes"):
            self._clock.call_later((INTERVAL - self._clock.now % INTERVAL) / SECOND, self._make)

    def _make(self) -> None:
        if self._api.find(SERVICE, "default", "kubernetes") is None:
            self._api.create(SERVICE, kubernetes_service())
