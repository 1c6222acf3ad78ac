"""The state behind the API server: the store, the watches, the expiry of events, and the connections to kubelets.

Users and their rights are the concern of client.py; objects come here authorized, admitted and validated.
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

# Seconds after its last write that an event is kept (kube-apiserver --event-ttl), and seconds for which etcd leases are
# shared, so that events expire in batches.
EVENT_TTL = 3600
LEASE_REUSE = 60
_EXPIRED_AT_ONCE = 500  # events that one timer removes
# `Clock.work` counts the cluster's own work in units of one write:
# Objects that can be read in the time of one write.
READS_PER_WRITE = 10
# The work of a creation, which includes defaults, admission and validation.
_WORK_OF_CREATION = 10


class Change(NamedTuple):  # quicker to make than a dataclass, and there are many
    """One change of one object, as a watch reports it. Its objects belong to the store and must not be changed."""

    type: str  # ADDED, MODIFIED or DELETED
    resource: Resource
    obj: Object  # the new state; for DELETED, the last one
    old: Object | None = None  # the state before; None for ADDED
    revision: int = 0  # the store's revision after the change
    of_status: bool = False  # a component has reported a status, and nothing else has changed

    def type_among(self, selects: Selector) -> str:
        """The type of the change for a watch with selectors, "" if the watch doesn't report it.

        An object that begins or ceases to match is ADDED or DELETED for that watch.
        """
        is_in = self.type != "DELETED" and selects(self.obj)
        was_in = self.old is not None and selects(self.old)
        if is_in:
            return "MODIFIED" if was_in else "ADDED"
        return "DELETED" if was_in else ""


Listener = Callable[[Change], None]


class Backend:
    """The state that all clients of an API server share. It checks no rights."""

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self.clock = clock
        self.identity = identity
        self.store = Store()
        self.nodes: dict[str, NodeServer] = {}  # kubelets, by the names of their nodes
        self.writes_of_users = 0  # the number of writes that don't come from the cluster's own components
        # Deleted objects for which `_may_be_missing` is true: now they are known not to exist.
        self._discarded: frozenset[tuple[Resource, str]] = frozenset()
        self._written: dict[Key, Micros] = {}  # the time of each event's last write, the oldest first
        self._expires = False  # whether the timer of `_expire_events` is set; there is at most one
        self._listeners: dict[Resource | None, tuple[Listener, ...]] = {}

    def resume(self, other: Backend) -> None:
        """Take over the state of another API server, but not its watches and kubelets.

        The clock has to be a copy of the other's clock already: it has the timer that `_expires` is about.
        """
        self.store.resume(other.store)
        self.writes_of_users = other.writes_of_users
        self._discarded = other._discarded
        self._written = other._written.copy()
        self._expires = other._expires

    def subscribe(self, listener: Listener, resource: Resource | None = None) -> Callable[[], None]:
        """Call `listener` with every later change of a type, or without a type of all types except events.

        Listeners are called at once and in the order of subscription. Returns a function that ends the subscription.
        """
        self._listeners[resource] = (*self._listeners.get(resource, ()), listener)
        return partial(self._unsubscribe, listener, resource)

    def _unsubscribe(self, listener: Listener, resource: Resource | None) -> None:
        left = list(self._listeners[resource])
        left.remove(listener)
        self._listeners[resource] = tuple(left)

    def existing(self, resource: Resource, namespace: str, name: str) -> Object:
        """The stored object. Raises StatusError: NotFound, or 501 for a role that only a real cluster has."""
        obj = self.store.get(resource, namespace, name)
        if obj is None and _may_be_missing(resource, name) and (resource, name) not in self._discarded:
            raise errors.not_simulated(f"{name}, if a new cluster has it, is not part of this simulator")
        if obj is None:
            raise errors.not_found(resource, name)
        return obj

    def connect(self, pod: Object, container: str) -> Connection:
        """A connection to a container of a Pod. Raises StatusError if the Pod has no node yet."""
        node = self.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None:
            raise errors.bad_request(f"pod {name_of(pod)} does not have a host assigned")
        return node.connect(pod, container)

    def commit(self, resource: Resource, obj: Object, *, of_status: bool = False) -> Object:
        """Create or replace an object, and notify the watches. `obj` belongs to the store from then on."""
        old = self.store.put(resource, obj)
        if resource is EVENT:
            self._note_written((obj["metadata"]["namespace"], obj["metadata"]["name"]))
        else:
            self.clock.work += 1 if old else _WORK_OF_CREATION
        change_type = "MODIFIED" if old else "ADDED"
        self._notify(Change(change_type, resource, obj, old=old, revision=self.store.revision, of_status=of_status))
        return obj

    def amend_event(self, key: Key, fields: Object) -> bool:
        """Replace fields of an event; return False if it doesn't exist. Each call must replace the same fields.

        Without a watch on events, the new event is built only when it is read, because events are written far more
        often than read: see `Store.amend`.
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
        """Note the time of an event's write, and set the timer of the expiry if there is none."""
        self.clock.work += 1
        if not self._expires:
            self._expires = True
            self.clock.call_later(EVENT_TTL, self._expire_events)
        self._written.pop(key, None)
        self._written[key] = self.clock.now

    def discard(self, resource: Resource, obj: Object) -> Object:
        """Remove an object regardless of finalizers and grace periods, and notify the watches; return its last state.

        Raises StatusError if it doesn't exist.
        """
        current = self.existing(resource, *key_of(obj))
        self.store.remove(resource, current)
        self.clock.work += 1
        if resource is EVENT:
            self._written.pop(key_of(current), None)
        if _may_be_missing(resource, name_of(current)):
            self._discarded |= {(resource, name_of(current))}
        self._notify(Change("DELETED", resource, current, old=current, revision=self.store.revision))
        return current

    def _expire_events(self) -> None:
        """Discard expired events, at most _EXPIRED_AT_ONCE, and set the timer for the next ones."""
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
    """True if a real cluster may have this object from the start though kubesim lacks it: a role named system:…"""
    return resource in (CLUSTER_ROLE, CLUSTER_ROLE_BINDING) and name.startswith("system:")
