"""What controllers share: a loop with a queue of work, one for objects of a kind and what they own, and adoption."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import ClassVar

from kubesim.api import numbers
from kubesim.api.clock import SECOND, Clock, Micros, parse_time
from kubesim.api.errors import StatusError
from kubesim.api.objects import (
    Key,
    Object,
    find_condition,
    has_ended,
    is_controlled_by,
    is_deleted,
    key_of,
    labels_of,
    metadata,
    name_of,
    namespace_of,
    owner_reference,
)
from kubesim.api.resources import POD, Resource
from kubesim.api.selectors import matches
from kubesim.api.sharing import Stateful
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.events import Recorder

REACTION = 0.02
FIRST_RETRY = 0.005
LAST_RETRY = 1000.0
# Pods that one sync creates or deletes at most. Real controllers take 500, which the rate limit of their client spreads
# over half a minute.
BURST = 100
SYNC = 3
"""Writes in the time of which a controller finds that there is nothing to do."""
_OWNED_IN_A_WRITE = 4
"""Things that an object owns and a sync looks at, in the time of a write: whether each is active, ready, available."""


class Part(Stateful):
    """A part of the control plane: `on_change` gets each change of the `watched` types (None: of all but events).

    Its events come from `component` and, where it speaks for a node, from that `host`.
    """

    component = ""
    host = ""
    watched: ClassVar[tuple[Resource | None, ...]] = ()

    def __init__(self, api: Component, clock: Clock) -> None:
        self.api = api
        self.clock = clock
        self.recorder = Recorder(api, clock, self.component, self.host)
        for resource in self.watched:
            api.subscribe(self.on_change, resource)

    def on_change(self, change: Change) -> None:
        """Do, or plan, what a change calls for."""
        raise NotImplementedError

    def record(self, obj: Object, reason: str, message: str, kind: str = "Normal") -> None:
        """Record an event about an object."""
        self.recorder.event(obj, kind, reason, message)


class Loop(Part):
    """Calls `reconcile(namespace, name)` a moment after `add`, once for all that is added until then.

    A key whose reconciling the API server refuses is tried again, each time later.

    Mirrors client-go util/workqueue/default_rate_limiters.go, v1.36.
    """

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._waiting: dict[Key, Micros] = {}
        self._failures: dict[Key, int] = {}

    def reconcile(self, namespace: str, name: str) -> None:
        """Bring what an object asks for nearer; it may be gone."""
        raise NotImplementedError

    def add(self, obj: Object, delay: float = REACTION) -> None:
        """Queue the object, by its key, in `delay` seconds."""
        self.add_key(key_of(obj), delay)

    def add_key(self, key: Key, delay: float = REACTION) -> None:
        due = self.clock.now + round(delay * SECOND)
        if key not in self._waiting or due < self._waiting[key]:
            self._waiting[key] = due
            self.clock.call_later(delay, self._work, key, due)

    def _work(self, key: Key, due: Micros) -> None:
        if self._waiting.get(key) != due:
            return
        del self._waiting[key]
        self.clock.work += SYNC
        try:
            self.reconcile(*key)
        except StatusError:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            self.add_key(key, min(FIRST_RETRY * 2**failures, LAST_RETRY))
        else:
            self._failures.pop(key, None)


class Controller(Loop):
    """Calls `sync` with an object of `resource`, and what it owns, whenever one of them has changed."""

    resource: ClassVar[Resource]
    owned: ClassVar[Resource] = POD
    batch: ClassVar[float] = REACTION  # seconds for which changes of what is owned are gathered
    syncs_deleted: ClassVar[bool] = False  # whether it goes on with an object that waits for its finalizers
    # Messages of events: {0} is the Pod, {1} its owner, {2} the refusal.
    CREATED = "Created pod: {0}"
    CREATE_FAILED = "Error creating: {2}"
    DELETED = "Deleted pod: {0}"

    def __init__(self, api: Component, clock: Clock) -> None:
        self.component = f"{self.resource.singular}-controller"
        super().__init__(api, clock)
        self._unclaimed: set[Key] = set()  # objects whose selectors may match other things than they own
        self._orphans: dict[Key, Object] = {}  # things without a controller that nobody has looked at yet
        self.refusal: StatusError | None = None  # why this sync could not make a Pod
        api.subscribe(self._on_object, self.resource)
        api.subscribe(self._on_owned, self.owned)

    def sync(self, obj: Object, owned: list[Object]) -> None:
        """Bring what `obj` owns nearer to what it asks for, and report how far that is."""
        raise NotImplementedError

    def enqueue(self, key: Key, delay: float) -> None:
        """Plan a sync of an object."""
        self.add_key(key, delay)

    def _on_object(self, change: Change) -> None:
        key = key_of(change.obj)
        if change.type == "ADDED":
            self._unclaimed.add(key)
        if change.type != "DELETED":
            self.enqueue(key, REACTION)

    def _on_owned(self, change: Change) -> None:
        item = change.obj
        is_changed = not change.of_status and _claimed_by(item) != _claimed_by(change.old or item)
        for reference in metadata(item).get("ownerReferences", ()):
            if reference["kind"] == self.resource.kind:
                key = (namespace_of(item), reference["name"])
                if is_changed:
                    self._unclaimed.add(key)
                self.enqueue(key, self.batch)
        if (is_changed or change.type == "ADDED") and not _has_controller(item):
            if not self._orphans:
                self.clock.call_later(0, self._offer_orphans)
            self._orphans[key_of(item)] = item

    def _offer_orphans(self) -> None:
        """Let objects that may adopt things without a controller look at them, some at a time."""
        orphans = dict(islice(self._orphans.items(), BURST))
        for key, orphan in orphans.items():
            del self._orphans[key]
            self._offer(orphan)
        if self._orphans:
            self.clock.call_later(0, self._offer_orphans)

    def _offer(self, orphan: Object) -> None:
        labels = labels_of(orphan)
        for obj in self.api.list(self.resource, namespace_of(orphan)):
            selector = obj["spec"].get("selector")
            if selector and key_of(obj) not in self._unclaimed and matches(selector, labels):
                self._unclaimed.add(key_of(obj))
                self.enqueue(key_of(obj), self.batch)

    def reconcile(self, namespace: str, name: str) -> None:
        obj = self.api.find(self.resource, namespace, name)
        if obj is None or (is_deleted(obj) and not self.syncs_deleted):
            return
        if (namespace, name) in self._unclaimed:
            self._unclaimed.discard((namespace, name))
            self.claim(obj, self.owned)
        self.refusal = None
        owned = self.controlled_by(obj)
        self.clock.work += len(owned) // _OWNED_IN_A_WRITE
        self.sync(obj, owned)
        if self.refusal:
            raise self.refusal

    def claim(self, owner: Object, resource: Resource) -> None:
        """Adopt what the owner's selector matches and nobody owns, and release what it no longer matches.

        Mirrors kubernetes pkg/controller/controller_ref_manager.go, v1.36.
        """
        selector = owner["spec"].get("selector")
        items = self.api.list(resource, namespace_of(owner)) if selector else []
        self.clock.work += len(items) // _OWNED_IN_A_WRITE
        for item in items:
            is_owned = is_controlled_by(item, owner)
            is_selected = matches(selector, labels_of(item)) and self.may_own(owner, item)
            if is_deleted(item) or is_owned == is_selected:
                continue
            if is_owned:
                release(self.api, owner, resource, item)
            elif not _has_controller(item):
                references = [*_other_references(item, owner), owner_reference(owner)]
                self.api.record(resource, {**item, "metadata": {**metadata(item), "ownerReferences": references}})

    def may_own(self, _owner: Object, _item: Object) -> bool:
        """Whether an object may own what its selector matches."""
        return True

    def controlled_by(self, obj: Object) -> list[Object]:
        """What `obj` controls; another owner's dependents may refer to it, too."""
        owned = self.api.owned_by(obj, self.owned)
        return [item for item in owned if is_controlled_by(item, obj) and self.may_own(obj, item)]

    def is_available(self, owner: Object, pod: Object) -> bool:
        """Whether a Pod has been ready for the owner's minReadySeconds; if it yet has to be, the owner is synced then.

        Mirrors IsPodAvailable of kubernetes pkg/api/v1/pod/util.go, v1.36.
        """
        if not is_ready(pod):
            return False
        seconds: int = owner["spec"].get("minReadySeconds", 0)
        if not seconds:
            return True
        ready = next(item for item in pod["status"]["conditions"] if item["type"] == "Ready")
        return self.has_passed(owner, seconds, ready["lastTransitionTime"])

    def has_passed(self, obj: Object, seconds: int, since: str, slack: int = 0) -> bool:
        """Whether some seconds have passed since a time of the API.

        If they have yet to, the object is synced when they have, and `slack` seconds more.
        """
        left = seconds - (self.clock.now - parse_time(since)) / SECOND
        if left > 0:
            self.add(obj, left + slack)
        return left <= 0

    def count_available(self, owner: Object, pods: Iterable[Object]) -> int:
        return sum(self.is_available(owner, pod) for pod in pods)

    def report(self, obj: Object, status: Object, **counts: int) -> None:
        """Write the status, whose `counts` are these; one that is 0 is left out."""
        others = {key: value for key, value in status.items() if key not in counts}
        self.api.update_status(self.resource, obj, others | {key: value for key, value in counts.items() if value})

    def create_pod(self, obj: Object, template: Object | None = None, name: str = "", **labels: str) -> bool:
        """Make a Pod of the template, by default that of `obj`, with more labels; whether the API server took it.

        Where not, the sync goes on, and is tried again.
        """
        template = template or obj["spec"]["template"]
        meta = {**metadata(template), "generateName": f"{name_of(obj)}-"}
        if name:
            meta["name"] = name
        if labels:
            meta["labels"] = {**meta.get("labels", {}), **labels}
        try:
            made = self.api.create(POD, dependent(obj, POD, meta, spec=template["spec"]))
        except StatusError as error:
            self.record(obj, "FailedCreate", self.CREATE_FAILED.format(name, name_of(obj), error.message), "Warning")
            self.refusal = error
            return False
        self.record(obj, "SuccessfulCreate", self.CREATED.format(name_of(made), name_of(obj)))
        return True

    def delete_pod(self, obj: Object, pod: Object) -> None:
        self.api.delete_object(POD, pod)
        self.record(obj, "SuccessfulDelete", self.DELETED.format(name_of(pod), name_of(obj)))


def dependent(owner: Object, resource: Resource, meta: Object, **content: object) -> Object:
    """A new object that `owner` will own."""
    place = {"namespace": namespace_of(owner), "ownerReferences": [owner_reference(owner)]}
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {**meta, **place}}
    return {**head, **content}


def release(api: Component, owner: Object, resource: Resource, item: Object) -> None:
    """Let go of what the owner has made: it stays, and nobody owns it."""
    meta = {**metadata(item), "ownerReferences": _other_references(item, owner)}
    if not meta["ownerReferences"]:
        del meta["ownerReferences"]
    api.record(resource, {**item, "metadata": meta})


def _claimed_by(item: Object) -> tuple[object, object]:
    """What decides whose a thing is."""
    return labels_of(item), metadata(item).get("ownerReferences")


def _other_references(item: Object, owner: Object) -> list[Object]:
    """The references of a thing to other owners than this one."""
    references = metadata(item).get("ownerReferences", ())
    return [reference for reference in references if reference["uid"] != metadata(owner)["uid"]]


def _has_controller(item: Object) -> bool:
    return any(reference.get("controller") for reference in metadata(item).get("ownerReferences", ()))


def is_ready(pod: Object) -> bool:
    return find_condition(pod, "Ready") == "True"


def count_ready(pods: Iterable[Object]) -> int:
    return sum(map(is_ready, pods))


def active_pods(pods: Iterable[Object]) -> list[Object]:
    """The Pods that are neither deleted nor done."""
    return [pod for pod in pods if not is_deleted(pod) and not has_ended(pod)]


def part_of(whole: int, value: int | str) -> float:
    """A number of Pods, or a percentage of all of them."""
    if isinstance(value, str):
        return whole * numbers.whole(value.rstrip("%")) / 100
    return value
