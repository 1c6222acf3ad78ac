"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
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
    """Objects of a type by the uids that they refer to, kept up to date as they come and go."""

    def __init__(self) -> None:
        self._objects: Shared[str, dict[Key, Object]] = Shared(dict.copy)

    def referring_to(self, uid: str) -> Objects:
        """The objects that refer to a uid, by namespace and name."""
        objects = self._objects.get(uid) or {}
        return [objects[key] for key in sorted(objects)]

    def replace(self, key: Key, old: Object | None, new: Object | None) -> None:
        """Take an object out, or put it in, or both."""
        if old:
            for uid in _referred(old):
                objects = self._objects.own_or(uid, dict)
                objects.pop(key, None)
                if not objects:
                    self._objects.drop(uid)
        if new:
            for uid in _referred(new):
                self._objects.own_or(uid, dict)[key] = new

    def share(self, other: Index) -> None:
        """Have what another index has."""
        self._objects.share(other._objects)


def _referred(obj: Object) -> Sequence[str]:
    """The uids that an object refers to: of what an event is about, or of an object's owners."""
    if "involvedObject" in obj:
        return [str((obj["involvedObject"] or {}).get("uid", ""))]
    return [str(owner.get("uid", "")) for owner in obj["metadata"].get("ownerReferences") or ()]


class Store:
    """Keeps objects. A stored object is never changed in place: a new version replaces the old.

    So versions of a store share all objects, and also the dictionaries of the namespaces in which none was replaced.
    Events repeat far more often than they are read. So the last amendment of each is kept beside it, and applied before
    the next one who reads events gets them.
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
        return self._indexes[EVENT].referring_to(subject_uid(obj))

    def owned_by(self, owner: Object, resource: Resource) -> Objects:
        """The objects of a type that refer to an owner, by namespace and name."""
        return self._indexes[resource].referring_to(owner["metadata"]["uid"])

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
        self._indexes[resource].replace(key, old, obj)
        objects[name] = obj
        return old

    def remove(self, resource: Resource, obj: Object) -> None:
        self.revision += 1
        key = namespace, name = key_of(obj)
        stored = self._stored(resource).own(namespace).pop(name)
        self._indexes[resource].replace(key, stored, None)

    def resume(self, other: Store) -> None:
        """Have what another store has."""
        other._apply_amendments()
        self._amendments = {}
        self.revision = other.revision
        for resource, objects in other._objects.items():
            self._objects[resource].share(objects)
        for resource, index in other._indexes.items():
            self._indexes[resource].share(index)
