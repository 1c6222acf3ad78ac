"""What an API server keeps: the objects, who watches them, when events expire, and the way to each kubelet.

Mirrors k8s.io/apiserver pkg/registry/generic/registry/store.go and pkg/storage/etcd3/lease_manager.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice, takewhile
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.clock import SECOND, Clock, Identity, Micros
from kubesim.api.objects import Key, Object, key_of, name_of
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, EVENT, Resource
from kubesim.api.selectors import Selector
from kubesim.cluster.apiserver.connection import Connection, NodeServer
from kubesim.cluster.apiserver.store import Store

# Seconds that an event lives after it was written last, and those for which etcd leases are shared
# (kube-apiserver --event-ttl).
EVENT_TTL = 3600
LEASE_REUSE = 60
_EXPIRED_AT_ONCE = 500  # events
READS = 10
"""Objects that are looked at in the time of a write."""
CREATION = 10
"""How much more a new object costs than a change: it is completed, admitted and validated."""


class Change(NamedTuple):  # quicker to make than a dataclass, and there are many
    """One change of one object, as a watch reports it. `type`: ADDED, MODIFIED or DELETED; `revision` came with it.

    `of_status`: a component has reported a status, and nothing else has changed.
    """

    type: str
    resource: Resource
    obj: Object
    old: Object | None = None
    revision: int = 0
    of_status: bool = False

    def type_among(self, selects: Selector) -> str:
        """The type for who watches a selection, or "": an object that leaves it is deleted as far as they can see."""
        is_in = self.type != "DELETED" and selects(self.obj)
        was_in = self.old is not None and selects(self.old)
        if is_in:
            return "MODIFIED" if was_in else "ADDED"
        return "DELETED" if was_in else ""


Listener = Callable[[Change], None]


class Backend:
    """The state behind the requests of all users; nothing here asks who they are."""

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self.clock = clock
        self.identity = identity
        self.store = Store()
        self.nodes: dict[str, NodeServer] = {}
        self.writes_of_users = 0  # all writes but those of the cluster's own components
        self._discarded: frozenset[tuple[Resource, str]] = frozenset()  # what `_may_be_missing` and was there
        self._written: dict[Key, Micros] = {}  # when each event was written last, the oldest first
        self._expires = False  # whether the one timer for the oldest events is set
        self._listeners: dict[Resource | None, tuple[Listener, ...]] = {}

    def resume(self, other: Backend) -> None:
        """Go on from the state of another API server; who watches that one doesn't watch this."""
        self.store.resume(other.store)
        self.writes_of_users = other.writes_of_users
        self._discarded = other._discarded
        self._written = other._written.copy()
        self._expires = other._expires

    def subscribe(self, listener: Listener, resource: Resource | None = None) -> Callable[[], None]:
        """Call `listener` with every later change of a type; call what is returned to end that.

        Without a type, it's told of all but events.
        """
        self._listeners[resource] = (*self._listeners.get(resource, ()), listener)
        return partial(self._unsubscribe, listener, resource)

    def _unsubscribe(self, listener: Listener, resource: Resource | None) -> None:
        left = list(self._listeners[resource])
        left.remove(listener)
        self._listeners[resource] = tuple(left)

    def existing(self, resource: Resource, namespace: str, name: str) -> Object:
        """The object. Raises StatusError: NotFound, or for a role of Kubernetes' own parts that it isn't simulated."""
        obj = self.store.get(resource, namespace, name)
        if obj is None and _may_be_missing(resource, name) and (resource, name) not in self._discarded:
            raise errors.not_simulated(f"{name}, if a new cluster has it, is not part of this simulator")
        if obj is None:
            raise errors.not_found(resource, name)
        return obj

    def connect(self, pod: Object, container: str) -> Connection:
        """The way to a container of a Pod. Raises StatusError where no node has the Pod."""
        node = self.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None:
            raise errors.bad_request(f"pod {name_of(pod)} does not have a host assigned")
        return node.connect(pod, container)

    def commit(self, resource: Resource, obj: Object, *, of_status: bool = False) -> Object:
        """Store an object in place of the one that has its name, if there is one, and tell who watches."""
        old = self.store.put(resource, obj)
        if resource is EVENT:
            self._note_written((obj["metadata"]["namespace"], obj["metadata"]["name"]))
        else:
            self.clock.work += 1 if old else CREATION
        kind = "MODIFIED" if old else "ADDED"
        self._notify(Change(kind, resource, obj, old, self.store.revision, of_status))
        return obj

    def amend_event(self, key: Key, fields: Object) -> bool:
        """Replace fields of an event, the same ones each time; False where it isn't there.

        Unless somebody watches events, what it is then is only put together once it's read.
        """
        if not self._listeners.get(EVENT):
            is_there = self.store.amend(key, fields)
            if is_there:
                self._note_written(key)
            return is_there
        event = self.store.get(EVENT, *key)
        if event:
            self.commit(EVENT, {**event, **fields})
        return event is not None

    def _note_written(self, key: Key) -> None:
        self.clock.work += 1
        if not self._expires:
            self._expires = True
            self.clock.call_later(EVENT_TTL, self._expire_events)
        self._written.pop(key, None)
        self._written[key] = self.clock.now

    def discard(self, resource: Resource, obj: Object) -> Object:
        """Remove an object at once and for good, and tell who watches. Raises StatusError where it isn't there."""
        current = self.existing(resource, *key_of(obj))
        self.store.remove(resource, current)
        self.clock.work += 1
        if resource is EVENT:
            self._written.pop(key_of(current), None)
        if _may_be_missing(resource, name_of(current)):
            self._discarded |= {(resource, name_of(current))}
        self._notify(Change("DELETED", resource, current, current, self.store.revision))
        return current

    def _expire_events(self) -> None:
        """Discard the events that are over, some at a time; look again when the next lease is."""
        last = self.clock.now - EVENT_TTL * SECOND
        for key in list(islice(takewhile(lambda key: self._written[key] <= last, self._written), _EXPIRED_AT_ONCE)):
            self.discard(EVENT, self.existing(EVENT, *key))
        oldest = next(iter(self._written.values()), None)
        self._expires = oldest is not None
        if oldest is not None:
            self.clock.call_later(0 if oldest <= last else LEASE_REUSE, self._expire_events)

    def _notify(self, change: Change) -> None:
        for listener in self._listeners.get(change.resource, ()):
            listener(change)
        if change.resource is not EVENT:
            for listener in self._listeners.get(None, ()):
                listener(change)


def _may_be_missing(resource: Resource, name: str) -> bool:
    """Whether a real cluster may have it from the start where this one doesn't: a role of Kubernetes' own parts."""
    return resource in (CLUSTER_ROLE, CLUSTER_ROLE_BINDING) and name.startswith("system:")
