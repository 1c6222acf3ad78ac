"""Invariants of a cluster, which hold whatever was typed. Probe (probe.py) checks them after every input.

The functions that yield texts yield a problem each.
"""

from __future__ import annotations

import marshal
from collections import Counter
from collections.abc import Iterator
from copy import copy

from kubesim.api import decoding
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import EVENT, NAMESPACE, NODE, POD, RESOURCES, SERVICE, Resource
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change, validation
from kubesim.cluster.kubelet.status import generate

# Types whose objects the cluster itself writes, in forms that a client could not send. They aren't validated.
_UNCHECKED = (EVENT, NODE, SERVICE)


class Watch:
    """A watch of all changes of a cluster, with a digest of every stored object, which shows a later change in place.

    `changes` are those since `forget_changes`, each with the simulated time at which it came.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        # By resourceVersion: each object with its digest from the time when it was stored.
        self._digests: dict[str, tuple[int, Object]] = {}
        # The resourceVersions of the objects that were validated.
        self._validated: set[str] = set()
        self.changes: list[tuple[int, Change]] = []
        for resource, obj in stored(cluster):
            self._note(Change("ADDED", resource, obj))
        cluster.api.subscribe(self._note)
        cluster.api.subscribe(self._note, EVENT)

    def copy(self) -> Watch:
        """A watch of a copy of the cluster. It doesn't validate again what this one has validated."""
        watch = Watch(self.cluster.copy())
        watch._validated |= self._validated
        return watch

    def forget_changes(self) -> None:
        """Empty `changes`."""
        self.changes.clear()

    def _note(self, change: Change) -> None:
        self.changes.append((self.cluster.clock.now, change))
        version = change.obj["metadata"]["resourceVersion"]
        self._digests.setdefault(version, (_digest(change.obj), change.obj))

    def check(self) -> None:
        """Assert all invariants."""
        problems = list(self._problems())
        assert not problems, "\n".join(problems)

    def _problems(self) -> Iterator[str]:
        everything = list(stored(self.cluster))
        yield from _keys(self.cluster, everything)
        yield from _identities(self.cluster, everything)
        yield from _owners(everything)
        yield from _kubelet(self.cluster)
        yield from self._mutations(everything)
        yield from self._contents(everything)

    def _mutations(self, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
        """Every stored object was announced to watchers, and none was changed in place afterwards."""
        for _, obj in everything:
            if obj["metadata"]["resourceVersion"] not in self._digests:
                yield f"{_title(obj)} was stored without an event to watchers"
        for digest, obj in self._digests.values():
            if _digest(obj) != digest:
                yield f"{_title(obj)} was changed in place"

    def _contents(self, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
        """Every stored object is valid, and stays the same if it is decoded again. Checks each version once."""
        for resource, obj in everything:
            version = obj["metadata"]["resourceVersion"]
            if resource not in _UNCHECKED and version not in self._validated:
                self._validated.add(version)
                if _without_nulls(decoding.decode(resource, obj, strict=True)) != _without_nulls(obj):
                    yield f"{_title(obj)} is not stored in its canonical form"
                for cause in validation.validate(resource, obj):
                    if cause.field != "metadata.generateName":  # upstream looks at it only in a new object
                        yield f"{_title(obj)} is stored and invalid: {cause}"


def stored(cluster: Cluster) -> Iterator[tuple[Resource, Object]]:
    """Every object of the cluster, after its type."""
    for resource in RESOURCES:
        if resource.simulated:
            for obj in cluster.api.list(resource):
                yield resource, obj


def _title(obj: Object) -> str:
    return f"{obj['kind']} {namespace_of(obj)}/{name_of(obj)}"


def _digest(obj: Object) -> int:
    # marshal is Python's fastest serializer. Its version 2 writes equal objects as equal bytes. Later versions don't,
    # because they encode references between objects, too.
    return hash(marshal.dumps(obj, 2))


def _without_nulls(value: Object) -> Object:
    """A value without the null fields that the cluster's own components write, such as a condition's lastProbeTime."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _keys(cluster: Cluster, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
    """Every object is stored under its own type, namespace and name, and its namespace exists."""
    namespaces = {name_of(obj) for resource, obj in everything if resource is NAMESPACE}
    for resource, obj in everything:
        if cluster.api.find(resource, namespace_of(obj), name_of(obj)) is not obj:
            yield f"{_title(obj)} is not stored under its own name"
        if (obj["apiVersion"], obj["kind"]) != (resource.api_version, resource.kind):
            yield f"{_title(obj)} is stored among the {resource.plural}"
        if resource.namespaced and namespace_of(obj) not in namespaces:
            yield f"{_title(obj)} is in no existing namespace"
        if not resource.namespaced and namespace_of(obj):
            yield f"{_title(obj)} is in a namespace, which its type has not"


def _identities(cluster: Cluster, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
    """Every uid and resourceVersion belongs to one object, and no resourceVersion is newer than the store's."""
    for key in ("uid", "resourceVersion"):
        counts = Counter(obj["metadata"].get(key) for _, obj in everything)
        for value, count in counts.items():
            if count > 1 or not value:
                yield f"{count} objects have the {key} {value!r}"
    if any(int(obj["metadata"]["resourceVersion"]) > cluster.api.revision for _, obj in everything):
        yield "an object has a resourceVersion of the future"


def _owners(everything: list[tuple[Resource, Object]]) -> Iterator[str]:
    """Every reference to an owner has a uid. An owner may be missing for a while: see `orphans`."""
    for _, obj in everything:
        for reference in obj["metadata"].get("ownerReferences", ()):
            if not reference.get("uid"):
                yield f"{_title(obj)} has an owner without uid"


def orphans(cluster: Cluster) -> list[str]:
    """Objects whose owners are all gone, and that aren't being deleted. The garbage collector needs time for them."""
    everything = list(stored(cluster))
    uids = {obj["metadata"]["uid"] for _, obj in everything}
    return [
        _title(obj)
        for _, obj in everything
        if (owners := obj["metadata"].get("ownerReferences"))
        and not any(owner["uid"] in uids for owner in owners)
        and not obj["metadata"].get("deletionTimestamp")
    ]


def _unnamed(status: Object) -> Object:
    """A Pod's status without images' names, which another Pod's pull can change after the kubelet's report."""
    named = {"image", "imageID"}
    lists = {key: value for key, value in status.items() if key.endswith("ontainerStatuses")}
    bare = {key: [{k: v for k, v in item.items() if k not in named} for item in value] for key, value in lists.items()}
    return {**status, **bare}


def _kubelet(cluster: Cluster) -> Iterator[str]:
    """The kubelet has a worker for every Pod of its node and no other, and each Pod has the status that it reported."""
    workers = {worker.uid: worker for worker in cluster.kubelet.runtime.workers.values()}
    pods = {obj["metadata"]["uid"]: obj for obj in cluster.api.list(POD)}
    for uid in workers.keys() - pods.keys():
        yield f"the kubelet runs {workers[uid].name}, which is gone"
    nodes = {name_of(node) for node in cluster.api.list(NODE)}
    for uid, pod in pods.items():
        if pod["spec"].get("nodeName") in nodes and uid not in workers:
            yield f"the kubelet does not know {_title(pod)}"
        worker = workers.get(uid)
        if worker and not pod["metadata"].get("deletionTimestamp"):
            informed = copy(worker)
            informed.pod = pod
            names = cluster.kubelet.images.node.status_names
            now = generate(informed, cluster.clock.timestamp(), names)
            if informed.is_reported and _unnamed(pod["status"]) != _unnamed(now):
                yield f"{_title(pod)} does not show what the kubelet reported"
