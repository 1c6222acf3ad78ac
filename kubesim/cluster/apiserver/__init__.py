"""The API server: the only access to the cluster's state.

Every request takes the same path: authorize, decode, default, admit, validate, store, and notify who watches.
Mirrors k8s.io/apiserver pkg/endpoints/handlers and pkg/registry/generic/registry/store.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any, NamedTuple, Protocol, Unpack

from kubesim.api import decoding, errors, schema
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Clock, Identity, Micros, rfc3339
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import EVENT, NAMESPACE, POD, SERVICE, Resource
from kubesim.cluster.apiserver import checks, patch, strategy, validation
from kubesim.cluster.apiserver.authorization import ADMIN, Request, User, is_allowed, request, rules_for
from kubesim.cluster.apiserver.checks import Line, WriteOptions
from kubesim.cluster.apiserver.defaults import apply_defaults
from kubesim.cluster.apiserver.escalation import check_grant
from kubesim.cluster.apiserver.impersonation import check_impersonation
from kubesim.cluster.apiserver.store import Store
from kubesim.shell.container import Place, Process

# Of names that are generated: k8s.io/apiserver pkg/storage/names/generate.go, and pkg/registry/generic/registry.
LONGEST_BASE = 58
NAME_ATTEMPTS = 8
# Seconds that an event lives after it was written last, and those for which etcd leases are shared
# (kube-apiserver --event-ttl; k8s.io/apiserver pkg/storage/etcd3/lease_manager.go).
EVENT_TTL, LEASE_REUSE = 3600, 60
_NONE: Mapping[str, str] = {}


class Change(NamedTuple):  # quicker to make than a dataclass, and there are many
    """One change of one object, as a watch reports it. `type`: ADDED, MODIFIED or DELETED; `revision` came with it."""

    type: str
    resource: Resource
    obj: Object
    old: Object | None = None
    revision: int = 0


Listener = Callable[[Change], None]


class NodeServer(Protocol):
    """What the API server asks of a kubelet on behalf of `kubectl logs` and `kubectl exec`."""

    def logs(self, pod: Object, container: str, previous: bool) -> list[Line]:
        """What the container wrote. Raises StatusError."""

    def execute(
        self, pod: Object, container: str, argv: list[str], payer: Budget | None = None, stdin: str = ""
    ) -> Process:
        """Run a command in the container, which `payer` pays for. Raises StatusError and process.StartError."""

    def place(self, pod: Object, container: str, argv: list[str]) -> Place:
        """Where a container's commands run, if `argv` can. Raises StatusError and process.StartError."""

    def attach(self, pod: Object, container: str, stdin: str) -> Process:
        """What is left of a container's process; one that `awaits` its input gets all of it. Raises StatusError."""


class APIServer:
    """Serves objects of the simulated resource types.

    Returned objects belong to the store: read them, `clone` before changing. Every method raises
    `errors.StatusError` for what Kubernetes refuses. `user` sends the request; the default is the cluster's
    administrator, whom its own components use, too.
    """

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self._clock = clock
        self._identity = identity
        self._store = Store()
        self._written: dict[tuple[str, str], Micros] = {}  # when each event was written last, the oldest first
        self._listeners: dict[Resource | None, list[Listener]] = {None: []}
        self._nodes: dict[str, NodeServer] = {}
        self.signing_key = ""  # of ServiceAccounts' tokens, while the cluster is served

    def connect_node(self, name: str, server: NodeServer) -> None:
        self._nodes[name] = server

    def node_of(self, pod: Object, *, user: User = ADMIN, verb: str = "get", subresource: str = "log") -> NodeServer:
        """The kubelet that runs `pod`, for a request to a subresource ("log", "exec") of the Pod."""
        self.authorize(user, verb, POD, namespace_of(pod), name_of(pod), subresource)
        server = self._nodes.get(pod["spec"].get("nodeName", ""))
        if server is None:
            raise errors.bad_request(f"pod {name_of(pod)} does not have a host assigned")
        return server

    def subscribe(self, listener: Listener, resource: Resource | None = None) -> Callable[[], None]:
        """Call `listener` with every later change (of one type); call what is returned to end that."""
        listeners = self._listeners.setdefault(resource, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @property
    def revision(self) -> int:
        return self._store.revision

    def can(self, asked: Request) -> bool:
        return is_allowed(asked, self._store)

    def rules(self, user: User, namespace: str) -> list[Object]:
        return list(rules_for(user, namespace, self._store))

    def get(self, resource: Resource, namespace: str, name: str, *, user: User = ADMIN) -> Object:
        self.authorize(user, "get", resource, namespace, name)
        return self._existing(resource, namespace, name)

    def _existing(self, resource: Resource, namespace: str, name: str) -> Object:
        obj = self._store.get(resource, namespace, name)
        if obj is None:
            raise errors.not_found(resource, name)
        return obj

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._store.get(resource, namespace, name)

    def events_about(self, obj: Object) -> list[Object]:
        """The events about an object, by name."""
        return self._store.events_about(obj)

    def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        user: User = ADMIN,
        verb: str = "list",
        budget: Budget | None = None,
    ) -> list[Object]:
        """Objects by namespace and name, of all namespaces where `namespace` is None; the selectors narrow them.

        They, and what they look at, are paid for from `budget`.
        """
        self.authorize(user, verb, resource, namespace or "", "")
        found = self._store.list(resource, namespace if resource.namespaced else None)
        if budget:
            budget.spend(len(found) * (2 + (len(labels) + len(fields)) // 4))
        return list(filter(checks.selector(resource, labels, fields, budget), found))

    def create(self, resource: Resource, obj: Object, **options: Unpack[WriteOptions]) -> Object:
        self.authorize(options.get("user", ADMIN), "create", resource, namespace_of(obj), "")
        new = checks.decoded(resource, obj, options)
        self._name(resource, new)
        self._check_namespace(resource, new)
        apply_defaults(resource, new)
        check_grant(options.get("user", ADMIN), resource, new, None, self._store)
        strategy.prepare_for_create(resource, new)
        if resource is POD:
            strategy.admit_pod(new, self._store, self._identity)
        if resource is SERVICE:
            strategy.admit_service(new, self._store)
        checks.raise_if_any(resource, new, validation.validate(resource, new))
        return self._write(resource, new, None, options)

    def _write(self, resource: Resource, new: Object, old: Object | None, options: WriteOptions) -> Object:
        """Store an object that is valid, unless that is only tried out."""
        if old is None and self._store.get(resource, namespace_of(new), name_of(new)):
            raise errors.already_exists(resource, name_of(new))
        checks.note_inert(resource, new, old, options.get("note"))
        if options.get("dry_run"):
            return new
        return self._commit(resource, new, old)

    def record(self, resource: Resource, obj: Object) -> Object:
        """Store a new or changed object of one of the cluster's own components as it is.

        For what in a real cluster arrives typed and in great numbers: events and status updates.
        """
        old = self._store.get(resource, namespace_of(obj), name_of(obj))
        return self._commit(resource, obj, old)

    def update(
        self, resource: Resource, obj: Object, *, verb: str = "update", **options: Unpack[WriteOptions]
    ) -> Object:
        """Replace an object's spec and metadata; its resourceVersion, if given, must be the present one."""
        part = options.get("subresource", "")
        self.authorize(options.get("user", ADMIN), verb, resource, namespace_of(obj), name_of(obj), part)
        old = self._existing(resource, namespace_of(obj), name_of(obj))
        new = checks.decoded(resource, obj, options)
        checks.check_current(resource, new, old)
        apply_defaults(resource, new)
        check_grant(options.get("user", ADMIN), resource, new, old, self._store)
        if resource is POD:
            strategy.admit_pod_update(new, old)
        strategy.prepare_for_update(resource, new, old, part)
        if resource is SERVICE:
            strategy.admit_service(new, self._store, old)
        checks.raise_if_any(resource, new, validation.validate_update(resource, new, old, part))
        new["metadata"] = {**new["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        return old if new == old else self._write(resource, new, old, options)

    def update_status(self, resource: Resource, obj: Object, status: Object) -> Object:
        old = self.get(resource, namespace_of(obj), name_of(obj))
        if old.get("status") == status:
            return old
        return self._commit(resource, {**old, "status": status}, old)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Any,
        patch_type: str = "strategic",
        **options: Unpack[WriteOptions],
    ) -> Object:
        part = options.get("subresource", "")
        self.authorize(options.get("user", ADMIN), "patch", resource, namespace, name, part)
        old = self._existing(resource, namespace, name)
        new = patch.patched(resource, old, change, patch_type, options.get("budget"))
        checks.check_unmoved(resource, new, old)
        unknown = [] if options.get("typed") else decoding.unknown_fields(schema.type_of(resource), new)
        if unknown and options.get("strict", True):
            raise patch.mismatch(change if patch_type == "strategic" else new, decoding.strict_error(unknown))
        checks.warn_of(unknown, options.get("warn"))
        options |= {"strict": False, "warn": None}  # all this is checked, and reported
        return self.update(resource, new, verb="patch", **options)

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        grace_period: int | None = None,
        finalizer: str = "",
        user: User = ADMIN,
        dry_run: bool = False,
        preconditions: Mapping[str, str] = _NONE,
    ) -> Object:
        """Delete an object, or begin to where it ends gracefully (Pods, Namespaces); return its last state.

        `grace_period` is in seconds; None leaves it to the Pod, 0 removes at once. `finalizer` "orphan" or
        "foregroundDeletion" has the garbage collector deal with dependents before the object goes. `preconditions`
        are what its uid and resourceVersion must be.
        """
        self.authorize(user, "delete", resource, namespace, name)
        strategy.admit_deletion(resource, name)
        obj = self._existing(resource, namespace, name)
        checks.check_preconditions(resource, obj, preconditions)
        if finalizer and resource.template:
            obj = {**obj, "metadata": {**obj["metadata"], "finalizers": [finalizer]}}
        if dry_run:
            return obj
        seconds = _grace_seconds(resource, obj, grace_period)
        finalizers = obj["metadata"].get("finalizers", ())
        if seconds == 0 and resource is not NAMESPACE and not finalizers:
            return self.remove(resource, obj)
        return self._mark_deleted(resource, obj, seconds)

    def remove(self, resource: Resource, obj: Object) -> Object:
        current = self.get(resource, namespace_of(obj), name_of(obj))
        self._store.remove(resource, current)
        if resource is EVENT:
            self._written.pop((namespace_of(current), name_of(current)), None)
        self._notify(Change("DELETED", resource, current, current, self._store.revision))
        return current

    def authorize(
        self, user: User, verb: str, resource: Resource, namespace: str, name: str, subresource: str = ""
    ) -> None:
        """Raise StatusError (Forbidden) unless `user` may do this."""
        if user is not ADMIN:
            self.check(request(user, verb, resource, namespace, name, subresource))

    def check(self, asked: Request) -> None:
        """Raise StatusError (Forbidden) unless the user may do this, and whoever speaks for the user may do that."""
        self.check_impersonation(asked)
        if not is_allowed(asked, self._store):
            raise asked.forbidden()

    def check_impersonation(self, asked: Request) -> None:
        """Raise StatusError (Forbidden) unless whoever speaks for the user of a request may do that."""
        check_impersonation(asked, self._store)

    def _name(self, resource: Resource, obj: Object) -> None:
        meta = obj["metadata"]
        attempts = NAME_ATTEMPTS if meta.get("generateName") and not meta.get("name") else 0
        for _ in range(attempts):
            meta["name"] = meta["generateName"][:LONGEST_BASE] + self._identity.suffix()
            if not self._store.get(resource, namespace_of(obj), name_of(obj)):
                break
        meta["uid"] = self._identity.uid()
        meta["creationTimestamp"] = self._clock.timestamp()
        for key in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            meta.pop(key, None)

    def _check_namespace(self, resource: Resource, obj: Object) -> None:
        if not resource.namespaced:
            obj["metadata"].pop("namespace", None)
            return
        name = namespace_of(obj)
        namespace = self._store.get(NAMESPACE, "", name)
        if namespace is None:
            raise errors.not_found(NAMESPACE, name)
        if namespace["status"]["phase"] == "Terminating":
            why = f"unable to create new content in namespace {name} because it is being terminated"
            raise errors.forbidden(resource, name_of(obj), why)

    def _mark_deleted(self, resource: Resource, obj: Object, seconds: int) -> Object:
        meta = obj["metadata"]
        at = rfc3339(self._clock.now + seconds * SECOND)
        if meta.get("deletionTimestamp", at + "~") <= at:
            return obj
        marks = {"deletionTimestamp": at} | ({"deletionGracePeriodSeconds": seconds} if resource is POD else {})
        new = {**obj, "metadata": {**meta, **marks}}
        if "generation" in meta:
            new["metadata"]["generation"] += 1
        if resource is NAMESPACE:
            new["status"] = {"phase": "Terminating"}
        return self._commit(resource, new, obj)

    def _commit(self, resource: Resource, obj: Object, old: Object | None) -> Object:
        stored = self._store.put(resource, obj)
        if resource is EVENT:
            if not self._written:
                self._clock.call_later(EVENT_TTL, self._expire_events)
            key = (namespace_of(stored), name_of(stored))
            self._written.pop(key, None)
            self._written[key] = self._clock.now
        self._notify(Change("MODIFIED" if old else "ADDED", resource, stored, old, self._store.revision))
        return stored

    def _expire_events(self) -> None:
        last = self._clock.now - EVENT_TTL * SECOND
        for key in list(takewhile(lambda key: self._written[key] <= last, self._written)):
            self.remove(EVENT, self._existing(EVENT, *key))
        if self._written:
            self._clock.call_later(LEASE_REUSE, self._expire_events)

    def _notify(self, change: Change) -> None:
        for key in (change.resource, None):
            for listener in tuple(self._listeners.get(key, ())):
                listener(change)


def _grace_seconds(resource: Resource, obj: Object, wanted: int | None) -> int:
    """How long an object may take to end (seconds): only a Pod that a node runs takes any time."""
    if resource is not POD or not obj["spec"].get("nodeName"):
        return 0
    if obj["status"].get("phase") in ("Succeeded", "Failed"):
        return 0
    return int(obj["spec"]["terminationGracePeriodSeconds"] if wanted is None else wanted)
