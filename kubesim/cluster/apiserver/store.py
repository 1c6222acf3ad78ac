"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from kubesim.api.objects import Key, Object, key_of, subject_uid
from kubesim.api.resources import EVENT, Resource
from kubesim.api.sharing import Shared

Objects = list[Object]  # a name of its own, for `list` is a method of the store


class Amendment(NamedTuple):
    """A change of an event that nobody has read yet: the fields that it replaces, and its revision."""

    revision: int
    fields: Object


class Index:
    """Objects by the uids that they refer to, kept up to date as they come and go."""

    def __init__(self, uids_of: Callable[[Object], tuple[str, ...]]) -> None:
        self._uids_of = uids_of
        self._objects: Shared[str, dict[Key, Object]] = Shared(dict.copy)

    def referring_to(self, uid: str) -> Objects:
        """The objects that refer to a uid, by namespace and name."""
        objects = self._objects.get(uid) or {}
        return [objects[key] for key in sorted(objects)]

    def replace(self, key: Key, old: Object | None, new: Object | None) -> None:
        """Take an object out, or put it in, or both."""
        before = self._uids_of(old) if old else ()
        after = self._uids_of(new) if new else ()
        for uid in before:
            if uid in after:
                continue
            objects = self._objects.own_or(uid, dict)
            objects.pop(key, None)
            if not objects:
                self._objects.drop(uid)
        for uid in after:
            if new is not None:
                self._objects.own_or(uid, dict)[key] = new

    def share(self, other: Index) -> None:
        """Have what another index has."""
        self._objects.share(other._objects)


def _subject(event: Object) -> tuple[str, ...]:
    return (str((event.get("involvedObject") or {}).get("uid", "")),)


def _owners(obj: Object) -> tuple[str, ...]:
    return tuple(str(reference.get("uid", "")) for reference in obj["metadata"].get("ownerReferences") or ())


def _by_namespace() -> Shared[str, dict[str, Object]]:
    return Shared(dict.copy)


def _by_owner() -> Index:
    return Index(_owners)


class Store:
    """Keeps objects. A stored object is never changed in place: a new version replaces the old.

    So versions of a store share all objects, and also the dictionaries of the namespaces in which none was replaced.
    Events repeat far more often than they are read. So the last amendment of each is kept beside it, and applied before
    the next one who reads events gets them.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._objects: defaultdict[Resource, Shared[str, dict[str, Object]]] = defaultdict(_by_namespace)
        self._events = Index(_subject)
        self._owned: defaultdict[Resource, Index] = defaultdict(_by_owner)
        self._amendments: dict[Key, Amendment] = {}

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        objects = self._stored(resource).get(namespace)
        return objects.get(name) if objects else None

    def list(self, resource: Resource, namespace: str | None = None) -> Objects:
        """Objects of a type, ordered by namespace and name; of all namespaces where `namespace` is None."""
        by_namespace = self._stored(resource)
        namespaces = sorted(by_namespace) if namespace is None else [namespace]
        listed: Objects = []
        for key in namespaces:
            objects = by_namespace.get(key) or {}
            listed += [objects[name] for name in sorted(objects)]
        return listed

    def events_about(self, obj: Object) -> Objects:
        """The events about an object, by name."""
        self._apply_amendments()
        return self._events.referring_to(subject_uid(obj))

    def owned_by(self, owner: Object, resource: Resource) -> Objects:
        """The objects of a type that refer to an owner, by namespace and name."""
        return self._owned[resource].referring_to(owner["metadata"]["uid"])

    def count(self, resource: Resource) -> int:
        return sum(map(len, self._objects[resource].values()))

    def put(self, resource: Resource, obj: Object) -> Object | None:
        """Store `obj`, which belongs to the store from then on and gets a resourceVersion; return what it replaces."""
        self.revision += 1
        return self._replace(resource, obj, self.revision)

    def amend(self, key: Key, fields: Object) -> bool:
        """Replace fields of an event; False where it isn't there. They're the same ones each time."""
        namespace, name = key
        if name not in (self._objects[EVENT].get(namespace) or ()):
            return False
        self.revision += 1
        self._amendments[key] = Amendment(self.revision, fields)
        return True

    def _stored(self, resource: Resource) -> Shared[str, dict[str, Object]]:
        """The objects of a type by namespace, events as they're amended."""
        if resource is EVENT:
            self._apply_amendments()
        return self._objects[resource]

    def _apply_amendments(self) -> None:
        amendments, self._amendments = self._amendments, {}
        for (namespace, name), amendment in amendments.items():
            event = self._objects[EVENT].own(namespace)[name]
            self._replace(EVENT, {**event, **amendment.fields}, amendment.revision)

    def _replace(self, resource: Resource, obj: Object, revision: int) -> Object | None:
        meta = obj["metadata"] = {**obj["metadata"], "resourceVersion": str(revision)}
        key = namespace, name = meta.get("namespace", ""), meta["name"]
        objects = self._stored(resource).own_or(namespace, dict)
        old = objects.get(name)
        self._index(resource, key, old, obj)
        objects[name] = obj
        return old

    def remove(self, resource: Resource, obj: Object) -> None:
        self.revision += 1
        key = namespace, name = key_of(obj)
        stored = self._stored(resource).own(namespace).pop(name)
        self._index(resource, key, stored, None)

    def _index(self, resource: Resource, key: Key, old: Object | None, new: Object | None) -> None:
        if resource is EVENT:
            self._events.replace(key, old, new)
        elif (new and "ownerReferences" in new["metadata"]) or (old and "ownerReferences" in old["metadata"]):
            self._owned[resource].replace(key, old, new)

    def resume(self, other: Store) -> None:
        """Have what another store has."""
        other._apply_amendments()
        self._amendments = {}
        self.revision = other.revision
        for resource, objects in other._objects.items():
            self._objects[resource].share(objects)
        self._events.share(other._events)
        for resource, index in other._owned.items():
            self._owned[resource].share(index)
