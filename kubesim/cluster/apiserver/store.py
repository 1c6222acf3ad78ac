"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import Resource


class Store:
    """Keeps objects. A stored object is never changed in place: a new version replaces the old."""

    def __init__(self) -> None:
        self.revision = 0
        self._objects: dict[Resource, dict[str, dict[str, Object]]] = {}

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects.get(resource, {}).get(namespace, {}).get(name)

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Objects of a type, ordered by namespace and name; of all namespaces where `namespace` is None."""
        by_namespace = self._objects.get(resource, {})
        wanted = sorted(by_namespace) if namespace is None else [namespace]
        return [objects[name] for key in wanted if (objects := by_namespace.get(key)) for name in sorted(objects)]

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
