"""The store in place of etcd: objects by type, namespace and name, with one growing revision.

It notifies nobody and checks nothing: backend.py does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from kubesim.api.objects import Key, Object, key_of, subject_uid
from kubesim.api.resources import EVENT, Resource
from kubesim.api.sharing import Shared

Objects = list[Object]  # inside Store, the name `list` is a method


class Amendment(NamedTuple):
    """The last change of an event that isn't applied to the stored object yet: revision and replaced fields."""

    revision: int
    fields: Object


class Index:
    """An index of a type's objects by the uids that they refer to. The store calls `replace` at each write."""

    def __init__(self) -> None:
        self._objects: Shared[str, dict[Key, Object]] = Shared(dict.copy)

    def referring_to(self, uid: str) -> Objects:
        """The objects that refer to a uid, sorted by namespace and name."""
        objects = self._objects.get(uid) or {}
        return [objects[key] for key in sorted(objects)]

    def replace(self, key: Key, old: Object | None, new: Object | None) -> None:
        """Replace an object in the index; `old` is None for a new one, `new` for a removed one."""
        if old:
            for uid in _referred_uids(old):
                objects = self._objects.own_or(uid, dict)
                objects.pop(key, None)
                if not objects:
                    self._objects.drop(uid)
        if new:
            for uid in _referred_uids(new):
                self._objects.own_or(uid, dict)[key] = new

    def share(self, other: Index) -> None:
        """Take over another index's contents, which both then share until one changes them."""
        self._objects.share(other._objects)


def _referred_uids(obj: Object) -> Sequence[str]:
    """The uids that an object refers to: the involvedObject of an event, or the owners of any other object."""
    if "involvedObject" in obj:
        return [str((obj["involvedObject"] or {}).get("uid", ""))]
    return [str(owner.get("uid", "")) for owner in obj["metadata"].get("ownerReferences") or ()]


class Store:
    """All objects of a cluster. A stored object is never changed in place: a new version replaces it.

    Therefore copies of a store share all objects, and also the dictionaries of namespaces without a change since.
    Events are written far more often than they are read. Therefore the last amendment of each is kept aside, and
    applied before events are read or changed otherwise.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._objects: defaultdict[Resource, Shared[str, dict[str, Object]]] = defaultdict(partial(Shared, dict.copy))
        self._indexes: defaultdict[Resource, Index] = defaultdict(Index)
        self._amendments: dict[Key, Amendment] = {}

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        objects = self._stored(resource).get(namespace)
        return objects.get(name) if objects else None

    def list(self, resource: Resource, namespace: str | None = None) -> Objects:
        """The objects of a type, sorted by namespace and name; None selects all namespaces."""
        by_namespace = self._stored(resource)
        namespaces = sorted(by_namespace) if namespace is None else [namespace]
        listed: Objects = []
        for key in namespaces:
            objects = by_namespace.get(key) or {}
            listed += [objects[name] for name in sorted(objects)]
        return listed

    def events_about(self, obj: Object) -> Objects:
        """The events about an object, sorted by name."""
        self._apply_amendments()
        return self._indexes[EVENT].referring_to(subject_uid(obj))

    def owned_by(self, owner: Object, resource: Resource) -> Objects:
        """The objects of a type with an ownerReference to the owner, sorted by namespace and name."""
        return self._indexes[resource].referring_to(owner["metadata"]["uid"])

    def count(self, resource: Resource) -> int:
        return sum(map(len, self._objects[resource].values()))

    def put(self, resource: Resource, obj: Object) -> Object | None:
        """Store `obj`, which gets a resourceVersion and belongs to the store from then on.

        Returns the object that it replaces, or None.
        """
        self.revision += 1
        return self._replace(resource, obj, self.revision)

    def amend(self, key: Key, fields: Object) -> bool:
        """Replace fields of an event; return False if it doesn't exist.

        Each call for an event must replace the same fields, because only the last amendment is kept.
        """
        namespace, name = key
        if name not in (self._objects[EVENT].get(namespace) or ()):
            return False
        self.revision += 1
        self._amendments[key] = Amendment(self.revision, fields)
        return True

    def _stored(self, resource: Resource) -> Shared[str, dict[str, Object]]:
        """The objects of a type by namespace and name, with amendments of events applied."""
        if resource is EVENT:
            self._apply_amendments()
        return self._objects[resource]

    def _apply_amendments(self) -> None:
        """Apply the amendments to the stored events."""
        amendments, self._amendments = self._amendments, {}
        for (namespace, name), amendment in amendments.items():
            event = self._objects[EVENT].own(namespace)[name]
            self._replace(EVENT, {**event, **amendment.fields}, amendment.revision)

    def _replace(self, resource: Resource, obj: Object, revision: int) -> Object | None:
        """Store an object with a revision, and return the one that it replaces."""
        meta = obj["metadata"] = {**obj["metadata"], "resourceVersion": str(revision)}
        key = namespace, name = meta.get("namespace", ""), meta["name"]
        objects = self._stored(resource).own_or(namespace, dict)
        old = objects.get(name)
        self._indexes[resource].replace(key, old, obj)
        objects[name] = obj
        return old

    def remove(self, resource: Resource, obj: Object) -> None:
        self.revision += 1
        key = namespace, name = key_of(obj)
        stored = self._stored(resource).own(namespace).pop(name)
        self._indexes[resource].replace(key, stored, None)

    def resume(self, other: Store) -> None:
        """Take over another store's contents, which both then share until one changes them."""
        other._apply_amendments()
        self._amendments = {}
        self.revision = other.revision
        for resource, objects in other._objects.items():
            self._objects[resource].share(objects)
        for resource, index in other._indexes.items():
            self._indexes[resource].share(index)
