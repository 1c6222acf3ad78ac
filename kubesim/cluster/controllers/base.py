"""The base classes of controllers: Part gets changes, Loop has a queue of keys, Controller syncs owners and dependents.

A controller works from the stored objects, so that a sync can run again at any time. Attributes with state of its own
must have one of the types that `Stateful` copies.
"""

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

# Seconds from a change to the sync that it causes, and until a refused sync is tried again (doubled up to the last).
REACTION = 0.02
FIRST_RETRY = 0.005
LAST_RETRY = 1000.0
# The most Pods that one sync creates or deletes. Real controllers have 500, which the rate limit of their client
# spreads over half a minute.
BURST = 100
SYNC = 3
"""The work (see `Clock.work`) of a sync without any change."""
_OWNED_IN_A_WRITE = 4
"""The number of dependents that a sync can examine for one unit of work."""


class Part(Stateful):
    """A part of the control plane. `on_change` gets each change of the types in `watched`; None: all but events.

    `component` and `host` are the source of its events; `host` is "" unless the real component has a host there.
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
        """React to a change. Called during the write, so that longer work must be planned with a timer."""
        raise NotImplementedError

    def record(self, obj: Object, reason: str, message: str, kind: str = "Normal") -> None:
        """Record an event about an object."""
        self.recorder.event(obj, kind, reason, message)


class Loop(Part):
    """A queue of keys: `reconcile(namespace, name)` is called `delay` seconds after `add`, once for repeated additions.

    If reconcile raises StatusError, it is called again, with growing delays. Mirrors client-go
    util/workqueue/default_rate_limiters.go, v1.36.
    """

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._waiting: dict[Key, Micros] = {}  # when each queued key is due
        self._failures: dict[Key, int] = {}  # consecutive failures

    def reconcile(self, namespace: str, name: str) -> None:
        """Move the cluster toward the desired state of an object, which may be gone. May raise StatusError."""
        raise NotImplementedError

    def add(self, obj: Object, delay: float = REACTION) -> None:
        """Queue an object's key for `delay` seconds from now, unless it is due earlier already."""
        self.add_key(key_of(obj), delay)

    def add_key(self, key: Key, delay: float = REACTION) -> None:
        due = self.clock.now + round(delay * SECOND)
        if key not in self._waiting or due < self._waiting[key]:
            self._waiting[key] = due
            self.clock.call_later(delay, self._work, key, due)

    def _work(self, key: Key, due: Micros) -> None:
        """Reconcile a key at the moment `due`, and queue it again if the API server refuses something."""
        if self._waiting.get(key) != due:  # an earlier addition has replaced this one
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
    """A controller of the objects of `resource`, which own objects of the type `owned`, its dependents here.

    `sync` is called when an owner or one of its dependents has changed.
    """

    resource: ClassVar[Resource]
    owned: ClassVar[Resource] = POD
    batch: ClassVar[float] = REACTION  # seconds for which changes of dependents are gathered into one sync
    # Messages of events: {0} is the Pod, {1} its owner, {2} the refusal.
    CREATED = "Created pod: {0}"
    CREATE_FAILED = "Error creating: {2}"
    DELETED = "Deleted pod: {0}"

    def __init__(self, api: Component, clock: Clock) -> None:
        self.component = f"{self.resource.singular}-controller"
        super().__init__(api, clock)
        self._unclaimed: set[Key] = set()  # owners that have to call `claim` in their next sync
        self._orphans: dict[Key, Object] = {}  # changed objects without a controller, not yet offered to owners
        self.refusal: StatusError | None = None  # of a Pod in the current sync; raised at its end for a retry
        api.subscribe(self._on_object, self.resource)
        api.subscribe(self._on_owned, self.owned)

    def sync(self, obj: Object, owned: list[Object]) -> None:
        """Create and delete dependents of `obj` toward its desired state, and update its status."""
        raise NotImplementedError

    def enqueue(self, key: Key, delay: float) -> None:
        """Queue a sync of an owner. Subclasses may change the delay."""
        self.add_key(key, delay)

    def _on_object(self, change: Change) -> None:
        key = key_of(change.obj)
        if change.type == "ADDED":
            self._unclaimed.add(key)
        if change.type != "DELETED":
            self.enqueue(key, REACTION)

    def _on_owned(self, change: Change) -> None:
        """Queue the owners of a changed dependent, and keep it for other owners if it has no controller."""
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
        """Offer orphans to the owners that may adopt them, at most BURST at a time."""
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
        """Claim dependents if needed, then sync. A refused Pod is raised afterwards, so that the key is retried."""
        obj = self.api.find(self.resource, namespace, name)
        if obj is None or is_deleted(obj):
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
        """Adopt orphans that the owner's selector matches, and release dependents that it no longer matches.

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
        """Whether an owner may own an item that its selector matches. Subclasses may restrict it."""
        return True

    def controlled_by(self, obj: Object) -> list[Object]:
        """The dependents that `obj` controls. Objects with another controller may refer to it, too, and don't count."""
        owned = self.api.owned_by(obj, self.owned)
        return [item for item in owned if is_controlled_by(item, obj) and self.may_own(obj, item)]

    def is_available(self, owner: Object, pod: Object) -> bool:
        """Whether a Pod has been ready for the owner's minReadySeconds. If it still has to be, queue a sync for then.

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
        """Whether `seconds` have passed since the timestamp `since`.

        If not, queue a sync of the object for `slack` seconds after they have.
        """
        left = seconds - (self.clock.now - parse_time(since)) / SECOND
        if left > 0:
            self.add(obj, left + slack)
        return left <= 0

    def count_available(self, owner: Object, pods: Iterable[Object]) -> int:
        return sum(self.is_available(owner, pod) for pod in pods)

    def report(self, obj: Object, status: Object, **counts: int) -> None:
        """Write the status with the fields `counts`; counts of 0 are left out, as Go omits them."""
        others = {key: value for key, value in status.items() if key not in counts}
        self.api.update_status(self.resource, obj, others | {key: value for key, value in counts.items() if value})

    def create_pod(self, obj: Object, template: Object | None = None, name: str = "", **labels: str) -> bool:
        """Create a Pod from a template, by default that of `obj`, with additional labels, and record the event.

        Without `name`, the API server generates one. Returns False if the Pod is refused: the caller should end its
        work, and the sync is tried again.
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
    """The content of a new object that `owner` controls."""
    place = {"namespace": namespace_of(owner), "ownerReferences": [owner_reference(owner)]}
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {**meta, **place}}
    return {**head, **content}


def release(api: Component, owner: Object, resource: Resource, item: Object) -> None:
    """Remove the owner's reference from an item, which stays as an orphan."""
    meta = {**metadata(item), "ownerReferences": _other_references(item, owner)}
    if not meta["ownerReferences"]:
        del meta["ownerReferences"]
    api.record(resource, {**item, "metadata": meta})


def _claimed_by(item: Object) -> tuple[object, object]:
    """The fields that decide about an object's owners: labels and ownerReferences."""
    return labels_of(item), metadata(item).get("ownerReferences")


def _other_references(item: Object, owner: Object) -> list[Object]:
    """The ownerReferences of an object except those to `owner`."""
    references = metadata(item).get("ownerReferences", ())
    return [reference for reference in references if reference["uid"] != metadata(owner)["uid"]]


def _has_controller(item: Object) -> bool:
    return any(reference.get("controller") for reference in metadata(item).get("ownerReferences", ()))


def is_ready(pod: Object) -> bool:
    return find_condition(pod, "Ready") == "True"


def count_ready(pods: Iterable[Object]) -> int:
    return sum(map(is_ready, pods))


def active_pods(pods: Iterable[Object]) -> list[Object]:
    """The Pods that are neither being deleted nor ended."""
    return [pod for pod in pods if not is_deleted(pod) and not has_ended(pod)]


def part_of(whole: int, value: int | str) -> float:
    """The number of Pods of an IntOrString such as 3 or "25%" of `whole`, not rounded."""
    if isinstance(value, str):
        return whole * numbers.whole(value.rstrip("%")) / 100
    return value
