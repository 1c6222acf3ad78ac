"""The requests of the cluster's own components: the controllers, the scheduler, the kubelet."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.objects import Object, clone, key_of, namespace_of
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver.backend import READS, Listener
from kubesim.cluster.apiserver.checks import WriteOptions
from kubesim.cluster.apiserver.client import Client
from kubesim.cluster.apiserver.connection import NodeServer
from kubesim.cluster.apiserver.deletion import AS_USUAL, DeleteOptions
from kubesim.cluster.apiserver.tokens import pod_token


class Component(Client):
    """A client that sees and changes everything, and also writes what no user may write. No user gets one."""

    def _count_write(self) -> None:
        """A component is no user."""

    def _decoded(self, resource: Resource, obj: Object, options: WriteOptions) -> Object:
        """What components write is typed already: they misspell no field."""
        return clone(obj)  # type: ignore[no-any-return]

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._store.get(resource, namespace, name)

    def current(self, resource: Resource, obj: Object) -> Object | None:
        """An object as it is by now; None where it is gone, or another one has its name."""
        meta = obj["metadata"]
        current = self.find(resource, meta.get("namespace", ""), meta["name"])
        if current is None or current["metadata"]["uid"] != meta["uid"]:
            return None
        return current

    def owned_by(self, owner: Object, resource: Resource) -> list[Object]:
        """The objects of a type in the owner's namespace that refer to the owner, by name."""
        namespace = namespace_of(owner)
        objects = [obj for obj in self._store.owned_by(owner, resource) if namespace_of(obj) == namespace]
        self._backend.clock.work += len(objects) // READS
        return objects

    def subscribe(self, listener: Listener, resource: Resource | None = None) -> Callable[[], None]:
        """Call `listener` with every later change (of one type); call what is returned to end that."""
        return self._backend.subscribe(listener, resource)

    def record(self, resource: Resource, obj: Object) -> Object:
        """Store a new or changed object as it is.

        For what in a real cluster arrives typed and in great numbers: events and status updates.
        """
        return self._backend.commit(resource, obj)

    def amend_event(self, namespace: str, name: str, fields: Object) -> bool:
        """Replace fields of an event, the same ones each time; False where it isn't there."""
        return self._backend.amend_event((namespace, name), fields)

    def update_status(self, resource: Resource, obj: Object, status: Object) -> Object:
        meta = obj["metadata"]
        old = self._backend.existing(resource, meta.get("namespace", ""), meta["name"])
        if old.get("status") == status:
            return old
        return self._backend.commit(resource, {**old, "status": status}, of_status=True)

    def delete_object(self, resource: Resource, obj: Object, options: DeleteOptions = AS_USUAL) -> None:
        self.delete(resource, *key_of(obj), options)

    def remove(self, resource: Resource, obj: Object) -> Object:
        """Remove an object at once and for good."""
        return self._backend.discard(resource, obj)

    def connect_node(self, name: str, server: NodeServer) -> None:
        """Have the containers of a node reached through its kubelet."""
        self._backend.nodes[name] = server

    def pod_token(self, pod: Object, source: Object) -> str:
        """The token that a Pod finds in a volume with this source."""
        return pod_token(self._backend, pod, source)
