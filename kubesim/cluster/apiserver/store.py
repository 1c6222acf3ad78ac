"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from kubesim.api.objects import Object, name_of, namespace_of, subject_uid
from kubesim.api.resources import EVENT, Resource


class Store:
    """Keeps objects. A stored object is never changed in place: a new version replaces the old."""

    def __init__(self) -> None:
        self.revision = 0
        self._objects: dict[Resource, dict[str, dict[str, Object]]] = {}
        self._about: tuple[int, dict[str, list[Object]]] = (0, {})  # the events by their subject, as of a revision

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects.get(resource, {}).get(namespace, {}).get(name)

    def events_about(self, obj: Object) -> list[Object]:
        """The events about an object, by name."""
        if self._about[0] != self.revision:
            self._about = (self.revision, {})
            for event in self.list(EVENT):
                self._about[1].setdefault(str(event["involvedObject"].get("uid", "")), []).append(event)
        return self._about[1].get(subject_uid(obj), [])

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Objects of a type, ordered by namespace and name; of all namespaces where `namespace` is None."""
        by_namespace = self._objects.get(resource, {})
        namespaces = sorted(by_namespace) if namespace is None else [namespace]
        return [objects[name] for key in namespaces if (objects := by_namespace.get(key)) for name in sorted(objects)]

    def count(self, resource: Resource) -> int:
        return sum(map(len, self._objects.get(resource, {}).values()))

    def __deepcopy__(self, _memo: dict[int, object]) -> Store:
        copy = Store()
        copy.revision = self.revision
        for resource, by_namespace in self._objects.items():
            copy._objects[resource] = {namespace: dict(objects) for namespace, objects in by_namespace.items()}
        return copy

    def put(self, resource: Resource, obj: Object) -> Object:
        """Store `obj` under a new resourceVersion and return it as stored. `obj` belongs to the store from then on."""
        self.revision += 1
        meta = obj["metadata"] = {**obj["metadata"], "resourceVersion": str(self.revision)}
        self._objects.setdefault(resource, {}).setdefault(meta.get("namespace", ""), {})[meta["name"]] = obj
        return obj

    def remove(self, resource: Resource, obj: Object) -> None:
        self.revision += 1
        del self._objects[resource][namespace_of(obj)][name_of(obj)]
