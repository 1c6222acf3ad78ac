"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from kubesim.api.objects import Object, name_of, namespace_of, subject_uid
from kubesim.api.resources import EVENT, Resource
from kubesim.api.sharing import Shared

Objects = list[Object]  # a name of its own, for `list` is a method of the store
Place = tuple[str, str]
"""A namespace and a name."""


class Index:
    """Objects by the uids that they refer to, kept up to date as they come and go."""

    def __init__(self, uids_of: Callable[[Object], tuple[str, ...]]) -> None:
        self._uids_of = uids_of
        self._objects: Shared[str, dict[Place, Object]] = Shared(dict.copy)

    def referring_to(self, uid: str) -> Objects:
        """The objects that refer to a uid, by namespace and name."""
        objects = self._objects.get(uid) or {}
        return [objects[place] for place in sorted(objects)]

    def replace(self, place: Place, old: Object | None, new: Object | None) -> None:
        """Take an object out, or put it in, or both."""
        before = self._uids_of(old) if old else ()
        after = self._uids_of(new) if new else ()
        for uid in before if before != after else ():
            objects = self._objects.own_or(uid, dict)
            objects.pop(place, None)
            if not objects:
                self._objects.drop(uid)
        for uid in after:
            if new is not None:
                self._objects.own_or(uid, dict)[place] = new

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
    """

    def __init__(self) -> None:
        self.revision = 0
        self._objects: defaultdict[Resource, Shared[str, dict[str, Object]]] = defaultdict(_by_namespace)
        self._events = Index(_subject)
        self._owned: defaultdict[Resource, Index] = defaultdict(_by_owner)

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        objects = self._objects[resource].get(namespace)
        return objects.get(name) if objects else None

    def list(self, resource: Resource, namespace: str | None = None) -> Objects:
        """Objects of a type, ordered by namespace and name; of all namespaces where `namespace` is None."""
        by_namespace = self._objects[resource]
        namespaces = sorted(by_namespace) if namespace is None else [namespace]
        return [objects[name] for key in namespaces if (objects := by_namespace.get(key)) for name in sorted(objects)]

    def events_about(self, obj: Object) -> Objects:
        """The events about an object, by name."""
        return self._events.referring_to(subject_uid(obj))

    def owned_by(self, owner: Object, resource: Resource) -> Objects:
        """The objects of a type that refer to an owner, by namespace and name."""
        return self._owned[resource].referring_to(owner["metadata"]["uid"])

    def count(self, resource: Resource) -> int:
        return sum(map(len, self._objects[resource].values()))

    def put(self, resource: Resource, obj: Object) -> Object | None:
        """Store `obj`, which belongs to the store from then on and gets a resourceVersion; return what it replaces."""
        self.revision += 1
        meta = obj["metadata"] = {**obj["metadata"], "resourceVersion": str(self.revision)}
        place = meta.get("namespace", ""), meta["name"]
        objects = self._objects[resource].own_or(place[0], dict)
        old = objects.get(place[1])
        self._index(resource, place, old, obj)
        objects[place[1]] = obj
        return old

    def remove(self, resource: Resource, obj: Object) -> None:
        self.revision += 1
        place = namespace_of(obj), name_of(obj)
        self._index(resource, place, self._objects[resource].own(place[0]).pop(place[1]), None)

    def _index(self, resource: Resource, place: Place, old: Object | None, new: Object | None) -> None:
        if resource is EVENT:
            self._events.replace(place, old, new)
        elif (new and "ownerReferences" in new["metadata"]) or (old and "ownerReferences" in old["metadata"]):
            self._owned[resource].replace(place, old, new)

    def resume(self, other: Store) -> None:
        """Have what another store has."""
        self.revision = other.revision
        for resource, objects in other._objects.items():
            self._objects[resource].share(objects)
        self._events.share(other._events)
        for resource, index in other._owned.items():
            self._owned[resource].share(index)
