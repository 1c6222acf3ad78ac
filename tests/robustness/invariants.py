"""What must hold of a cluster whatever was typed: checked after every input."""

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

# Written by the cluster itself, in forms that a client could not send.
_UNCHECKED = (EVENT, NODE, SERVICE)


class Watch:
    """Remembers every object as it was stored, so that a later change in place shows.

    `changes` are those since `start`, each with the simulated moment at which it came.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._digests: dict[str, tuple[int, Object]] = {}
        self._validated: set[str] = set()
        self.changes: list[tuple[int, Change]] = []
        for resource, obj in stored(cluster):
            self._note(Change("ADDED", resource, obj))
        cluster.api.subscribe(self._note)
        cluster.api.subscribe(self._note, EVENT)

    def copy(self) -> Watch:
        """The same of a copy of its cluster; what was found to be valid isn't looked at again."""
        watch = Watch(self.cluster.copy())
        watch._validated |= self._validated
        return watch

    def start(self) -> None:
        """Forget the changes so far."""
        self.changes.clear()

    def _note(self, change: Change) -> None:
        self.changes.append((self.cluster.clock.now, change))
        version = change.obj["metadata"]["resourceVersion"]
        self._digests.setdefault(version, (_digest(change.obj), change.obj))

    def check(self) -> None:
        """Assert everything that must hold."""
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
        for _, obj in everything:
            if obj["metadata"]["resourceVersion"] not in self._digests:
                yield f"{_title(obj)} was stored without telling anybody"
        for digest, obj in self._digests.values():
            if _digest(obj) != digest:
                yield f"{_title(obj)} was changed in place"

    def _contents(self, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
        """Every stored object is what decoding it again gives, and valid; each version is looked at once."""
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
    """Every object of the cluster with its type."""
    for resource in RESOURCES:
        if resource.simulated:
            for obj in cluster.api.list(resource):
                yield resource, obj


def _title(obj: Object) -> str:
    return f"{obj['kind']} {namespace_of(obj)}/{name_of(obj)}"


def _digest(obj: Object) -> int:
    return hash(marshal.dumps(obj, 2))  # of the ways to see a change the quickest; version 2 depends on nothing else


def _without_nulls(value: Object) -> Object:
    """What the cluster's own components leave open (a condition's lastProbeTime) is null."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _keys(cluster: Cluster, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
    namespaces = {name_of(obj) for resource, obj in everything if resource is NAMESPACE}
    for resource, obj in everything:
        if cluster.api.find(resource, namespace_of(obj), name_of(obj)) is not obj:
            yield f"{_title(obj)} does not lie under its own name"
        if (obj["apiVersion"], obj["kind"]) != (resource.api_version, resource.kind):
            yield f"{_title(obj)} lies among the {resource.plural}"
        if resource.namespaced and namespace_of(obj) not in namespaces:
            yield f"{_title(obj)} lies in no namespace"
        if not resource.namespaced and namespace_of(obj):
            yield f"{_title(obj)} lies in a namespace"


def _identities(cluster: Cluster, everything: list[tuple[Resource, Object]]) -> Iterator[str]:
    for key in ("uid", "resourceVersion"):
        counts = Counter(obj["metadata"].get(key) for _, obj in everything)
        for value, count in counts.items():
            if count > 1 or not value:
                yield f"{count} objects have the {key} {value!r}"
    if any(int(obj["metadata"]["resourceVersion"]) > cluster.api.revision for _, obj in everything):
        yield "an object has a resourceVersion of the future"


def _owners(everything: list[tuple[Resource, Object]]) -> Iterator[str]:
    """Every owner is named by its uid; that it exists, too, can be said only after a while: see `orphans`."""
    for _, obj in everything:
        for reference in obj["metadata"].get("ownerReferences", ()):
            if not reference.get("uid"):
                yield f"{_title(obj)} has an owner without uid"


def orphans(cluster: Cluster) -> list[str]:
    """Objects whose owners are all gone and that nobody deletes; the garbage collector needs a moment for it."""
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
    """A status without its images' names: another Pod's pull can give an image a first name since the last report."""
    named = {"image", "imageID"}
    lists = {key: value for key, value in status.items() if key.endswith("ontainerStatuses")}
    bare = {key: [{k: v for k, v in item.items() if k not in named} for item in value] for key, value in lists.items()}
    return {**status, **bare}


def _kubelet(cluster: Cluster) -> Iterator[str]:
    """The kubelet knows every Pod of its node and no other, and what it reported last is what the Pod says."""
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
