"""The client of the cluster's own components: the controllers, the scheduler, the kubelet."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.objects import Object, clone, key_of
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver.backend import READS_PER_WRITE, Listener
from kubesim.cluster.apiserver.checks import WriteOptions
from kubesim.cluster.apiserver.client import Client
from kubesim.cluster.apiserver.connection import NodeServer
from kubesim.cluster.apiserver.tokens import pod_token


class Component(Client):
    """A client with all rights, and with methods that skip stages of a request. Users never get one."""

    def _count_write(self) -> None:
        """Don't count the writes of components as those of users."""

    def _decode(self, resource: Resource, obj: Object, options: WriteOptions) -> Object:
        """A copy of `obj`: components write well-typed objects, so that decoding them would only cost time."""
        return clone(obj)  # type: ignore[no-any-return]

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """The stored object, None if there is none."""
        return self._store.get(resource, namespace, name)

    def current(self, resource: Resource, obj: Object) -> Object | None:
        """The current state of an object; None if it is gone, or if the name belongs to an object with another uid."""
        meta = obj["metadata"]
        current = self.find(resource, meta.get("namespace", ""), meta["name"])
        if current is None or current["metadata"]["uid"] != meta["uid"]:
            return None
        return current

    def owned_by(self, owner: Object, resource: Resource) -> list[Object]:
        """The objects of a type in the owner's namespace with an ownerReference to it, sorted by name."""
        namespace = owner["metadata"].get("namespace")
        referring = self._store.owned_by(owner, resource)
        objects = [obj for obj in referring if obj["metadata"].get("namespace") == namespace]
        self._backend.clock.work += len(objects) // READS_PER_WRITE
        return objects

    def subscribe(self, listener: Listener, resource: Resource | None = None) -> Callable[[], None]:
        """Call `listener` with later changes: see `Backend.subscribe`."""
        return self._backend.subscribe(listener, resource)

    def put(self, resource: Resource, obj: Object) -> Object:
        """Store a new or changed object as it is, without defaults, admission and validation.

        For well-typed writes in great numbers, such as events and status updates.
        """
        return self._backend.commit(resource, obj)

    def amend_event(self, namespace: str, name: str, fields: Object) -> bool:
        """Replace fields of an event: see `Backend.amend_event`."""
        return self._backend.amend_event((namespace, name), fields)

    def update_status(self, resource: Resource, obj: Object, status: Object) -> Object:
        """Replace the status of an object, unless it is the same already. Returns the stored object."""
        meta = obj["metadata"]
        old = self._backend.existing(resource, meta.get("namespace", ""), meta["name"])
        if old.get("status") == status:
            return old
        return self._backend.commit(resource, {**old, "status": status}, of_status=True)

    def delete_object(self, resource: Resource, obj: Object) -> None:
        self.delete(resource, *key_of(obj))

    def remove(self, resource: Resource, obj: Object) -> Object:
        """Remove an object regardless of finalizers and grace periods; return its last state."""
        return self._backend.discard(resource, obj)

    def connect_node(self, name: str, server: NodeServer) -> None:
        """Register a node's kubelet, through which the node's containers are reached."""
        self._backend.nodes[name] = server

    def pod_token(self, pod: Object, source: Object) -> str:
        """The token for a Pod's volume with this serviceAccountToken source. Raises StatusError."""
        return pod_token(self._backend, pod, source)
