"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.objects import Object, name_of, namespace_of, subject_uid
from kubesim.api.resources import EVENT, Resource

Objects = list[Object]  # a name of its own, for `list` is a method of the store
Place = tuple[str, str]
"""A namespace and a name."""


class Index:
    """Objects by the uids that they refer to, kept up to date as they come and go."""

    def __init__(self, uids_of: Callable[[Object], set[str]]) -> None:
        self._uids_of = uids_of
        self._objects: dict[str, dict[Place, Object]] = {}

    def referring_to(self, uid: str) -> Objects:
        """The objects that refer to a uid, by namespace and name."""
        objects = self._objects.get(uid, {})
        return [objects[place] for place in sorted(objects)]

    def replace(self, place: Place, old: Object | None, new: Object | None) -> None:
        """Take an object out, or put it in, or both."""
        before = self._uids_of(old) if old else set()
        after = self._uids_of(new) if new else set()
        for uid in before - after:
            del self._objects[uid][place]
            if not self._objects[uid]:
                del self._objects[uid]
        for uid in after:
            if new is not None:
                self._objects.setdefault(uid, {})[place] = new

    def copy(self) -> Index:
        """Another index of the same objects."""
        other = Index(self._uids_of)
        other._objects = {uid: dict(objects) for uid, objects in self._objects.items()}
        return other


def _subject(event: Object) -> set[str]:
    return {str((event.get("involvedObject") or {}).get("uid", ""))}


def _owners(obj: Object) -> set[str]:
    return {str(reference.get("uid", "")) for reference in obj["metadata"].get("ownerReferences") or ()}


class Store:
    """Keeps objects. A stored object is never changed in place: a new version replaces the old."""

    def __init__(self) -> None:
        self.revision = 0
        self._objects: dict[Resource, dict[str, dict[str, Object]]] = {}
        self._events = Index(_subject)
        self._owned: dict[Resource, Index] = {}

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects.get(resource, {}).get(namespace, {}).get(name)

    def list(self, resource: Resource, namespace: str | None = None) -> Objects:
        """Objects of a type, ordered by namespace and name; of all namespaces where `namespace` is None."""
        by_namespace = self._objects.get(resource, {})
        namespaces = sorted(by_namespace) if namespace is None else [namespace]
        return [objects[name] for key in namespaces if (objects := by_namespace.get(key)) for name in sorted(objects)]

    def events_about(self, obj: Object) -> Objects:
        """The events about an object, by name."""
        return self._events.referring_to(subject_uid(obj))

    def owned_by(self, owner: Object, resource: Resource) -> Objects:
        """The objects of a type that refer to an owner, by namespace and name."""
        index = self._owned.get(resource)
        return index.referring_to(owner["metadata"]["uid"]) if index else []

    def count(self, resource: Resource) -> int:
        return sum(map(len, self._objects.get(resource, {}).values()))

    def put(self, resource: Resource, obj: Object) -> Object:
        """Store `obj` under a new resourceVersion and return it as stored. `obj` belongs to the store from then on."""
        self.revision += 1
        meta = obj["metadata"] = {**obj["metadata"], "resourceVersion": str(self.revision)}
        place = meta.get("namespace", ""), meta["name"]
        objects = self._objects.setdefault(resource, {}).setdefault(place[0], {})
        self._index(resource, place, objects.get(place[1]), obj)
        objects[place[1]] = obj
        return obj

    def remove(self, resource: Resource, obj: Object) -> None:
        self.revision += 1
        place = namespace_of(obj), name_of(obj)
        self._index(resource, place, self._objects[resource][place[0]].pop(place[1]), None)

    def _index(self, resource: Resource, place: Place, old: Object | None, new: Object | None) -> None:
        if resource is EVENT:
            self._events.replace(place, old, new)
        elif any("ownerReferences" in obj["metadata"] for obj in (old, new) if obj):
            self._owned.setdefault(resource, Index(_owners)).replace(place, old, new)

    def __deepcopy__(self, _memo: dict[int, object]) -> Store:
        """A store of its own that shares the objects."""
        copy = Store()
        copy.revision = self.revision
        for resource, by_namespace in self._objects.items():
            copy._objects[resource] = {namespace: dict(objects) for namespace, objects in by_namespace.items()}
        copy._events = self._events.copy()
        copy._owned = {resource: index.copy() for resource, index in self._owned.items()}
        return copy
