"""The base classes of controllers: Part gets changes, Loop has a queue of keys, Controller syncs owners and dependents.

A controller works from the stored objects, so that a sync can run again at any time. Attributes with state of its own
must have one of the types that `Stateful` copies.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from kubesim.cluster.events import EventContent, Recorder

# Seconds from a change to the sync that it causes, and until a refused sync is tried again: doubled with each refusal,
# up to the last. client-go begins with 5 ms; with 10, as many are recorded in a time. Twenty doublings exceed the last.
REACTION = 0.02
FIRST_RETRY = 0.01
LAST_RETRY = 1000.0
_MOST_DOUBLINGS = 20
# The most Pods that one sync creates or deletes. Real controllers have 500, which the rate limit of their client
# spreads over half a minute.
BURST = 100
# The work (see `Clock.work`) of a sync without any change.
SYNC = 3
# The number of dependents that a sync examines for one unit of work.
_DEPENDENTS_PER_WORK = 2


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

    def emit_event(self, obj: Object, reason: str, message: str, event_type: str = "Normal") -> None:
        """Emit an event about an object."""
        self.recorder.emit(obj, EventContent(event_type, reason, message))


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
        """Queue a key for `delay` seconds from now, unless it is due earlier already."""
        due = self.clock.now + round(delay * SECOND)
        if key not in self._waiting or due < self._waiting[key]:
            self._waiting[key] = due
            self.clock.call_later(delay, self._reconcile_due, key, due)

    def _reconcile_due(self, key: Key, due: Micros) -> None:
        """Reconcile a key at the moment `due`, and queue it again if the API server refuses something."""
        if self._waiting.get(key) != due:  # an earlier addition has replaced this one
            return
        del self._waiting[key]
        self.clock.work += SYNC
        try:
            self.reconcile(*key)
        except StatusError:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            self.add_key(key, min(FIRST_RETRY * 2 ** min(failures, _MOST_DOUBLINGS), LAST_RETRY))
        else:
            self._failures.pop(key, None)


class Controller(Loop):
    """A controller of the objects of `resource`, which own objects of the type `owned`, its dependents here.

    `sync` is called when an owner or one of its dependents has changed. A limit of kubesim: an owner adopts no object.
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
        self.refusal: StatusError | None = None  # the refusal of a Pod in the current sync
        api.subscribe(self._on_object, self.resource)
        api.subscribe(self._on_owned, self.owned)

    def sync(self, obj: Object, owned: list[Object]) -> None:
        """Create and delete dependents of `obj` toward its desired state, and update its status.

        `owned` are the dependents that `obj` controls. `create_pod` keeps a refusal in `self.refusal` until the sync
        has ended; then `reconcile` raises it.
        """
        raise NotImplementedError

    def enqueue(self, key: Key, delay: float) -> None:
        """Queue a sync of an owner after a change. Subclasses may lengthen the delay."""
        self.add_key(key, delay)

    def _on_object(self, change: Change) -> None:
        if change.type != "DELETED":
            self.enqueue(key_of(change.obj), REACTION)

    def _on_owned(self, change: Change) -> None:
        """Queue the owners of a changed dependent."""
        for reference in metadata(change.obj).get("ownerReferences", ()):
            if reference["kind"] == self.resource.kind:
                self.enqueue((namespace_of(change.obj), reference["name"]), self.batch)

    def reconcile(self, namespace: str, name: str) -> None:
        """Release dependents, then sync their owner. Raises the refusal of a Pod afterwards, for a retry."""
        obj = self.api.find(self.resource, namespace, name)
        if obj is None or is_deleted(obj):
            return
        self.refusal = None
        owned = self.controlled_by(obj)
        self.clock.work += len(owned) // _DEPENDENTS_PER_WORK
        self.sync(obj, self._keep_selected(obj, owned))
        if self.refusal:
            raise self.refusal

    def _keep_selected(self, obj: Object, owned: list[Object]) -> list[Object]:
        """Release the dependents that the selector of `obj` no longer matches. Returns the others.

        Mirrors kubernetes pkg/controller/controller_ref_manager.go, v1.36.
        """
        selector = obj["spec"].get("selector")
        if not selector:
            return owned
        kept = []
        for item in owned:
            if matches(selector, labels_of(item)) or is_deleted(item):
                kept.append(item)
            else:
                release(self.api, obj, self.owned, item)
        return kept

    def controlled_by(self, obj: Object) -> list[Object]:
        """The dependents that `obj` controls. Objects with another controller may refer to it, too, and don't count."""
        return [item for item in self.api.owned_by(obj, self.owned) if is_controlled_by(item, obj)]

    def seconds_left(self, seconds: int, since: str) -> float:
        """The rest of a period of `seconds` that began at the timestamp `since`; 0 or less once it is over."""
        return seconds - (self.clock.now - parse_time(since)) / SECOND

    def report(self, obj: Object, status: Object, **counts: int) -> None:
        """Write the status with the fields `counts`; counts of 0 are left out, as Go omits them."""
        others = {key: value for key, value in status.items() if key not in counts}
        self.api.update_status(self.resource, obj, others | {key: value for key, value in counts.items() if value})

    def create_pod(self, obj: Object, template: Object | None = None, name: str = "", **labels: str) -> bool:
        """Create a Pod from a template, by default that of `obj`, with additional labels, and emit the event.

        Without `name`, the API server generates one. Returns False if the Pod is refused (see `sync`).
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
            self.emit_event(
                obj, "FailedCreate", self.CREATE_FAILED.format(name, name_of(obj), error.message), "Warning"
            )
            self.refusal = error
            return False
        self.emit_event(obj, "SuccessfulCreate", self.CREATED.format(name_of(made), name_of(obj)))
        return True

    def delete_pod(self, obj: Object, pod: Object) -> None:
        self.api.delete_object(POD, pod)
        self.emit_event(obj, "SuccessfulDelete", self.DELETED.format(name_of(pod), name_of(obj)))


def dependent(owner: Object, resource: Resource, meta: Object, **content: object) -> Object:
    """The content of a new object that `owner` controls."""
    place = {"namespace": namespace_of(owner), "ownerReferences": [owner_reference(owner)]}
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {**meta, **place}}
    return {**head, **content}


def release(api: Component, owner: Object, resource: Resource, item: Object) -> None:
    """Remove the owner's reference from a dependent of the type `resource`, which stays."""
    meta = metadata(item)
    references = [reference for reference in meta["ownerReferences"] if reference["uid"] != metadata(owner)["uid"]]
    others = {key: value for key, value in meta.items() if key != "ownerReferences"}
    api.put(resource, {**item, "metadata": {**others, "ownerReferences": references} if references else others})


def is_ready(pod: Object) -> bool:
    return find_condition(pod, "Ready") == "True"


def count_ready(pods: Iterable[Object]) -> int:
    return sum(map(is_ready, pods))


def active_pods(pods: Iterable[Object]) -> list[Object]:
    """The Pods that are neither being deleted nor ended."""
    return [pod for pod in pods if not is_deleted(pod) and not has_ended(pod)]


def pods_of(whole: int, value: int | str) -> float:
    """The number of Pods of an IntOrString such as 3 or "25%" of `whole`, not rounded."""
    if isinstance(value, str):
        return whole * numbers.cut_to_int64(value.rstrip("%")) / 100
    return value
