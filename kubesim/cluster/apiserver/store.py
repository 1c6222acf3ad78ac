"""What etcd is to a cluster: objects by type, namespace and name, with one growing revision."""

from __future__ import annotations

from kubesim.api.clock import Micros
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


class EventIndex:
    """Events by the uid of the object that they are about, and in the order in which they were written last."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str], tuple[Micros, Object]] = {}
        self._about: dict[str, dict[str, Object]] = {}

    def __bool__(self) -> bool:
        return bool(self._written)

    def __deepcopy__(self, _memo: dict[int, object]) -> EventIndex:
        copy = EventIndex()
        copy._written = dict(self._written)
        copy._about = {uid: dict(events) for uid, events in self._about.items()}
        return copy

    def add(self, event: Object, now: Micros) -> None:
        """Note that `event` was written, perhaps instead of an earlier version."""
        self.discard(event)
        self._written[namespace_of(event), name_of(event)] = (now, event)
        self._about.setdefault(_subject(event), {})[name_of(event)] = event

    def discard(self, event: Object) -> None:
        _, old = self._written.pop((namespace_of(event), name_of(event)), (0, event))
        found = self._about.get(_subject(old), {})
        found.pop(name_of(old), None)
        if not found:
            self._about.pop(_subject(old), None)

    def about(self, uid: str) -> list[Object]:
        """The events about an object, by name."""
        found = self._about.get(uid, {})
        return [found[name] for name in sorted(found)]

    def written_by(self, moment: Micros) -> list[Object]:
        """The events that nobody has written since `moment`."""
        old: list[Object] = []
        for written, event in self._written.values():
            if written > moment:
                break
            old.append(event)
        return old


def _subject(event: Object) -> str:
    return str(event["involvedObject"].get("uid", ""))
