"""One user's requests to the API server. There is no other access to the cluster's state, and none without a user.

A write passes these stages: authorization, decoding, defaults, admission, validation, storage, notification of watches.
Mirrors k8s.io/apiserver pkg/endpoints/handlers and pkg/registry/generic/registry/store.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from kubesim.api import decoding, errors, schema
from kubesim.api.budget import UNPAID, Budget
from kubesim.api.objects import Object, is_deleted, key_of, name_of, namespace_of
from kubesim.api.resources import EVENT, NAMESPACE, POD, Resource
from kubesim.api.selectors import Selector
from kubesim.cluster.apiserver import admission, checks, strategy, validation
from kubesim.cluster.apiserver.authorization import MASTERS, Request, User, is_allowed, rules_for
from kubesim.cluster.apiserver.backend import READS_PER_WRITE, Backend, Change, Listener
from kubesim.cluster.apiserver.checks import DEFAULT_WRITE_OPTIONS, WriteOptions
from kubesim.cluster.apiserver.connection import WHOLE_LOG, Connection, LogOptions, container_of
from kubesim.cluster.apiserver.defaults import apply_defaults
from kubesim.cluster.apiserver.deletion import (
    DEFAULT_DELETE_OPTIONS,
    DeleteOptions,
    has_only_finalizers_left,
    with_deletion_timestamp,
)
from kubesim.cluster.apiserver.impersonation import check_impersonator, impersonate
from kubesim.cluster.apiserver.notes import Warn, warn_about_write
from kubesim.cluster.apiserver.scale import requested_replicas, scale_of
from kubesim.cluster.apiserver.tokens import user_of

if TYPE_CHECKING:
    from kubesim.cluster.apiserver.patch import PatchType

# Limits of generateName: k8s.io/apiserver pkg/storage/names/generate.go, and pkg/registry/generic/registry.
LONGEST_BASE = 58
NAME_ATTEMPTS = 8
# Steps of the budget for a letter of a selector, and for an object that is compared with it.
_LETTER_COST = 8
_OBJECT_COST = 2

Objects = list[Object]  # inside Client, the name `list` is a method


class Client:
    """The requests of one user.

    Returned objects belong to the store: `clone` them before changing them. Every method raises `errors.StatusError`
    for what Kubernetes refuses. Forbidden comes first, before a refusal can reveal anything about the object.
    """

    def __init__(self, backend: Backend, user: User, warn: Warn | None = None, budget: Budget = UNPAID) -> None:
        self.user = user
        self._warn = warn
        self._budget = budget
        self._backend = backend
        self._store = backend.store
        impersonator = user.impersonator
        self._is_master = MASTERS in user.groups and (not impersonator or MASTERS in impersonator.groups)

    def impersonating(self, name: str, groups: tuple[str, ...] = ()) -> Client:
        """A client that impersonates the user `name`. Each request checks the right to do so."""
        return self._as_user(impersonate(self.user, name, groups))

    def with_token(self, token: str) -> Client:
        """A client for the ServiceAccount of a token. Raises StatusError (Unauthorized)."""
        return self._as_user(user_of(self._backend, token))

    def _as_user(self, user: User) -> Client:
        return Client(self._backend, user, self._warn, self._budget)

    def for_call(self, warn: Warn, budget: Budget) -> Client:
        """A client of the same user for one command line or HTTP request.

        `budget` pays for selectors and patches. `warn` gets the API server's warnings, and kubesim's about fields of a
        write that have no effect here.
        """
        return Client(self._backend, self.user, warn, budget)

    @property
    def revision(self) -> int:
        return self._store.revision

    @property
    def writes_of_users(self) -> int:
        """The number of writes by users so far, without those of the cluster's own components."""
        return self._backend.writes_of_users

    # Authorization

    def authorize(self, verb: str, resource: Resource, namespace: str, name: str, subresource: str = "") -> None:
        """Raise StatusError (Forbidden) unless the user may do `verb`. `name` is "" for lists and creations."""
        if not self._is_master:
            self.check(Request.about(self.user, verb, resource, namespace, name, subresource))

    def check(self, asked: Request) -> None:
        """Raise StatusError unless the user may do this: Forbidden, or 501 for an impersonator without all rights."""
        check_impersonator(asked.user)
        if not is_allowed(asked, self._store):
            raise asked.forbidden()

    def can(self, verb: str, plural: str, group: str = "", namespace: str = "", name: str = "", path: str = "") -> bool:
        """True if the user may do something: the answer of a SelfSubjectAccessReview."""
        self._check_review("selfsubjectaccessreviews", "authorization.k8s.io")
        asked = Request(self.user, verb, plural, group=group, namespace=namespace, name=name, path=path)
        return is_allowed(asked, self._store)

    def rules(self, namespace: str) -> Objects:
        """The user's rules in a namespace: the answer of a SelfSubjectRulesReview."""
        self._check_review("selfsubjectrulesreviews", "authorization.k8s.io")
        return [*rules_for(self.user, namespace, self._store)]

    def whoami(self) -> User:
        """The user: the answer of a SelfSubjectReview."""
        self._check_review("selfsubjectreviews", "authentication.k8s.io")
        return self.user

    def _check_review(self, plural: str, group: str) -> None:
        self.check(Request(self.user, "create", plural, group=group))

    # Reading

    def get(self, resource: Resource, namespace: str, name: str, subresource: str = "") -> Object:
        """An object. With a subresource such as status, it is the whole object, too; only the rights differ."""
        self.authorize("get", resource, namespace, name, subresource)
        return self._backend.existing(resource, namespace, name)

    def events_about(self, obj: Object) -> Objects:
        """The events about an object, by name."""
        self.authorize("list", EVENT, namespace_of(obj), "")
        return self._store.events_about(obj)

    def follow(self, resource: Resource, namespace: str, name: str) -> Callable[[], Object | None]:
        """A function that returns the current state of an object, or None; it needs the rights to list and watch."""
        for verb in ("list", "watch"):
            self.authorize(verb, resource, namespace, name)
        return partial(self._store.get, resource, namespace, name)

    def watch(
        self,
        resource: Resource,
        listener: Listener,
        namespace: str | None,
        *,
        labels: str = "",
        fields: str = "",
    ) -> Callable[[], None]:
        """Call `listener` with every later change of the selected objects; None selects all namespaces.

        Returns a function that ends the watch. Changes have their type for this selection: see `Change.type_among`.
        """
        self.authorize("watch", resource, namespace or "", checks.name_in_selector(fields))
        selects = self._selector(resource, labels, fields)

        def pass_on(change: Change) -> None:
            if namespace in (None, namespace_of(change.obj)) and (seen_as := change.type_among(selects)):
                listener(change._replace(type=seen_as))

        return self._backend.subscribe(pass_on, resource)

    def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        verb: str = "list",
    ) -> Objects:
        """The objects that match the selectors, sorted by namespace and name; None selects all namespaces.

        `verb` is the right that is checked: "watch" for the initial objects of a watch.
        """
        self.authorize(verb, resource, namespace or "", checks.name_in_selector(fields) if fields else "")
        objects = self._store.list(resource, namespace if resource.namespaced else None)
        self._backend.clock.work += len(objects) // READS_PER_WRITE
        self._budget.spend(len(objects) * (_OBJECT_COST + (len(labels) + len(fields)) // 4))
        if not labels and not fields:
            return objects
        selects = self._selector(resource, labels, fields)
        return [obj for obj in objects if selects(obj)]

    def _selector(self, resource: Resource, labels: str, fields: str) -> Selector:
        self._budget.spend(_LETTER_COST * (len(labels) + len(fields)))
        return checks.selector(resource, labels, fields)

    # Writing

    def create(self, resource: Resource, obj: Object, options: WriteOptions = DEFAULT_WRITE_OPTIONS) -> Object:
        """Create an object from `obj`, which isn't changed. Raises AlreadyExists if the name is taken."""
        self.authorize("create", resource, namespace_of(obj), "")
        admission.check_may_grant(self.user, resource)
        new = self._decode(resource, obj, options)
        self._initialize_metadata(resource, new)
        self._check_namespace(resource, new)
        apply_defaults(resource, new)
        strategy.prepare_for_create(resource, new)
        if resource is POD:
            admission.admit_pod(new, self._store, self._backend.identity)
        checks.check_valid(resource, new, validation.validate(resource, new))
        return self._write(resource, new, None, options)

    def update(
        self, resource: Resource, obj: Object, options: WriteOptions = DEFAULT_WRITE_OPTIONS, *, verb: str = "update"
    ) -> Object:
        """Replace an object, whose status stays. A resourceVersion in `obj` must be the current one.

        `verb` is the right that is checked: "patch" if the caller has computed the object from a patch.
        """
        self.authorize(verb, resource, *key_of(obj), options.subresource)
        return self._update(resource, obj, options)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Any,
        patch_type: PatchType = "strategic",
        options: WriteOptions = DEFAULT_WRITE_OPTIONS,
    ) -> Object:
        """Patch an object with a `change` in the form of `patch_type`. Returns the new object."""
        self.authorize("patch", resource, namespace, name, options.subresource)
        return self._patch(resource, namespace, name, change, patch_type, options)

    def delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions = DEFAULT_DELETE_OPTIONS
    ) -> Object:
        """Delete an object, or mark it as being deleted if it has a grace period or finalizers, or is a Namespace.

        Returns the object as it is then.
        """
        self.authorize("delete", resource, namespace, name)
        obj = self._backend.existing(resource, namespace, name)
        admission.admit_deletion(resource, obj)
        checks.check_preconditions(resource, obj, options.preconditions)
        if options.dry_run:
            return obj
        seconds = options.grace_period_of(resource, obj)
        if seconds == 0 and resource is not NAMESPACE and not obj["metadata"].get("finalizers"):
            self._count_write()
            return self._backend.discard(resource, obj)
        ending = with_deletion_timestamp(resource, obj, self._backend.clock.now, seconds)
        if ending is not obj:
            self._count_write()
        return obj if ending is obj else self._backend.commit(resource, ending)

    def _decode(self, resource: Resource, obj: Object, options: WriteOptions) -> Object:
        """Decode `obj` as an object of the type, in a copy that the later stages may change. Raises StatusError."""
        new = decoding.decode(resource, obj, strict=options.validation == "Strict")
        new.setdefault("metadata", {})
        if options.validation == "Warn":
            self._report(decoding.unknown_fields(schema.type_of(resource), obj))
        return new

    def _report(self, unknown: Iterable[str]) -> None:
        if self._warn:
            for text in unknown:
                self._warn(text)

    def _count_write(self) -> None:
        """Count a write of a user: see `Backend.writes_of_users`. Component overrides it."""
        self._backend.writes_of_users += 1

    def _write(self, resource: Resource, new: Object, old: Object | None, options: WriteOptions) -> Object:
        """Store a valid object, unless it is a dry run; `old` is None for a creation. Returns the object.

        A write that removes the last finalizer of a deleted object removes the object.
        """
        if old is None and (present := self._store.get(resource, *key_of(new))):
            raise errors.already_exists(resource, name_of(new), is_ending=is_deleted(present))
        if self._warn:
            warn_about_write(resource, new, old, self._warn, self._backend)
        if options.dry_run:
            return new
        self._count_write()
        if old is not None and has_only_finalizers_left(resource, old) and not new["metadata"].get("finalizers"):
            self._backend.discard(resource, old)
            return new
        return self._backend.commit(resource, new)

    def _update(self, resource: Resource, obj: Object, options: WriteOptions) -> Object:
        """Replace an object, after authorization. Without a change, nothing is written."""
        old = self._backend.existing(resource, *key_of(obj))
        part = options.subresource
        admission.check_may_grant(self.user, resource)
        new = self._decode(resource, obj, options)
        checks.check_current(resource, new, old)
        apply_defaults(resource, new)
        if resource is POD:
            admission.admit_pod_update(new, old)
        strategy.prepare_for_update(resource, new, old, part)
        checks.check_valid(resource, new, validation.validate_update(resource, new, old, self._budget, part))
        new["metadata"] = {**new["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        if new == old:
            return old
        return self._write(resource, new, old, options)

    def _patch(
        self, resource: Resource, namespace: str, name: str, change: Any, patch_type: PatchType, options: WriteOptions
    ) -> Object:
        """Patch an object, after authorization."""
        from kubesim.cluster.apiserver import patch  # late: a first answer patches nothing

        old = self._backend.existing(resource, namespace, name)
        new = patch.patched(resource, old, change, patch_type, self._budget)
        checks.check_unmoved(new, old)
        # Unknown fields are handled here, because the refusal of a patch words them differently than that of an update.
        unknown = decoding.unknown_fields(schema.type_of(resource), new)
        if unknown and options.validation == "Strict":
            raise patch.mismatch(patch_type, change, new, decoding.strict_error(unknown))
        if options.validation == "Warn":
            self._report(unknown)
        return self._update(resource, new, options._replace(validation="Ignore"))  # unknown fields were handled above

    def _initialize_metadata(self, resource: Resource, obj: Object) -> None:
        """Set a new object's uid, creation time and, for generateName, its name; drop what only the server may set."""
        meta = obj["metadata"]
        if meta.get("generateName") and not meta.get("name"):
            for _ in range(NAME_ATTEMPTS):
                meta["name"] = meta["generateName"][:LONGEST_BASE] + self._backend.identity.suffix()
                if not self._store.get(resource, *key_of(obj)):
                    break
        meta["uid"] = self._backend.identity.uid()
        meta["creationTimestamp"] = self._backend.clock.timestamp()
        for key in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            meta.pop(key, None)

    def _check_namespace(self, resource: Resource, obj: Object) -> None:
        """Raise StatusError for a missing or ending namespace; drop the field for a type without namespaces."""
        if not resource.namespaced:
            obj["metadata"].pop("namespace", None)
            return
        name = namespace_of(obj)
        namespace = self._backend.existing(NAMESPACE, "", name)
        if namespace["status"]["phase"] == "Terminating":
            why = f"unable to create new content in namespace {name} because it is being terminated"
            raise errors.forbidden(resource, name_of(obj), why)

    # Subresources

    def scale(self, resource: Resource, namespace: str, name: str) -> Object:
        """The Scale of a workload."""
        self.authorize("get", resource, namespace, name, "scale")
        return scale_of(self._backend.existing(resource, namespace, name))

    def change_scale(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        *,
        verb: str = "patch",
        dry_run: bool = False,
    ) -> Object:
        """Set a workload's replicas to those that `change` returns for the current Scale; return the new Scale.

        `verb` is the right that is checked, "patch" or "update".
        """
        self.authorize(verb, resource, namespace, name, "scale")
        scale = scale_of(self._backend.existing(resource, namespace, name))
        replicas = requested_replicas(change(scale), resource, scale)
        change_of_spec = {"spec": {"replicas": replicas}}
        return scale_of(self._patch(resource, namespace, name, change_of_spec, "merge", WriteOptions(dry_run=dry_run)))

    def log(self, namespace: str, name: str, container: str, options: LogOptions = WHOLE_LOG) -> str:
        """The log of a container; the name "" means the only container of the Pod.

        The log of a Pod without a node is empty. Mirrors LogLocation.
        """
        self.authorize("get", POD, namespace, name, "log")
        options.check(name)
        pod = self._backend.existing(POD, namespace, name)
        container = container_of(pod, container)
        if not pod["spec"].get("nodeName"):
            return ""
        lines = self._backend.connect(pod, container).logs(options.previous)
        return options.text(lines, self._backend.clock.now)

    def exec(self, namespace: str, name: str, container: str) -> Connection:
        """A connection to a container, for running commands; the name "" means the only container of the Pod."""
        self.authorize("create", POD, namespace, name, "exec")
        pod = self._backend.existing(POD, namespace, name)
        return self._backend.connect(pod, container_of(pod, container))
