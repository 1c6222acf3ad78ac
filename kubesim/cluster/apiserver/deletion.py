"""How an object is to be deleted: the options of a deletion, and what they come to for an object.

Mirrors k8s.io/apimachinery pkg/apis/meta/v1 (DeleteOptions) and its validation, k8s.io/apiserver
pkg/registry/{rest/delete,generic/registry/store}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.api import decoding, errors, schema
from kubesim.api.clock import SECOND, Micros, parse_time, rfc3339
from kubesim.api.objects import Object, has_ended, is_deleted
from kubesim.api.resources import NAMESPACE, POD, Resource

FINALIZERS = {"": "", "Background": "", "Foreground": "foregroundDeletion", "Orphan": "orphan"}
"""By the policy for dependents, the finalizer that has the garbage collector deal with them before the object goes."""
_POLICIES = ("Foreground", "Background", "Orphan", "nil")
_KIND = "DeleteOptions"


class DeleteOptions(NamedTuple):
    """How to delete an object.

    `grace_seconds` None leaves it to the Pod, 0 removes at once. `policy` says what becomes of dependents: a key of
    FINALIZERS. `preconditions` are what the object's uid and resourceVersion must be.
    """

    grace_seconds: int | None = None
    policy: str = ""
    dry_run: bool = False
    preconditions: Mapping[str, str] = {}

    def with_finalizer(self, resource: Resource, obj: Object) -> Object:
        """The object, with what holds it until its dependents are dealt with; one that already ends keeps its own."""
        finalizer = FINALIZERS[self.policy]
        meta = obj["metadata"]
        may_have_dependents = resource.template  # only what has a template of Pods makes others
        if not finalizer or not may_have_dependents or is_deleted(obj):
            return obj
        others = [name for name in meta.get("finalizers", ()) if name not in FINALIZERS.values()]
        return {**obj, "metadata": {**meta, "finalizers": [*others, finalizer]}}

    def seconds_for(self, resource: Resource, obj: Object) -> int:
        """How long an object may take to end: only a Pod that a node runs takes any time. One that already ends keeps
        what it has, unless it is given another time.
        """
        if is_deleted(obj) and self.grace_seconds is None:
            return int(obj["metadata"].get("deletionGracePeriodSeconds", 0))
        if resource is not POD or not obj["spec"].get("nodeName") or has_ended(obj):
            return 0
        if self.grace_seconds is not None:
            return self.grace_seconds
        return int(obj["spec"]["terminationGracePeriodSeconds"])


AS_USUAL = DeleteOptions()


def marked(resource: Resource, obj: Object, now: Micros, seconds: int) -> Object:
    """The object as it is while it ends, which it may take so many seconds for. Mirrors BeforeDelete.

    One that already ends may only be given less time, counted from its first deletion; otherwise it is the same object.
    """
    meta = obj["metadata"]
    end = now + seconds * SECOND
    marks: Object = {}
    if is_deleted(obj):
        present = meta.get("deletionGracePeriodSeconds", 0)
        if seconds >= present:
            return obj
        end = parse_time(meta["deletionTimestamp"]) - (present - seconds) * SECOND
        if end < now:  # all of it is over, and the least that is still graceful is left
            end = now
            seconds = min(seconds, 1)
    elif "generation" in meta:
        marks["generation"] = meta["generation"] + 1
    marks["deletionTimestamp"] = rfc3339(end)
    if resource is NAMESPACE:
        return {**obj, "metadata": {**meta, **marks}, "status": {"phase": "Terminating"}}
    return {**obj, "metadata": {**meta, **marks, "deletionGracePeriodSeconds": seconds}}


def is_held(resource: Resource, obj: Object) -> bool:
    """Whether only its finalizers keep a deleted object. Pods have time to end, and Namespaces are emptied first."""
    meta = obj["metadata"]
    if meta.get("deletionGracePeriodSeconds") or (resource is NAMESPACE and "finalizers" in obj["spec"]):
        return False
    return is_deleted(obj) and bool(meta.get("finalizers"))


def decoded_options(body: Object) -> DeleteOptions:
    """The options that a request has as JSON. Raises StatusError."""
    if body.get("kind", _KIND) != _KIND:
        raise errors.bad_request(f"no kind {_KIND} is in the body of the request")
    try:
        options: Object = decoding.convert(schema.meta_type(_KIND), body)
    except decoding.DecodeError as error:
        raise errors.bad_request(f"{_KIND} cannot be decoded: {error}") from None
    orphan = body.get("orphanDependents")  # older than the policy, and false is as good as said
    if causes := _field_errors(options, has_orphan=orphan is not None):
        raise errors.invalid_kind(_KIND, "meta.k8s.io", "", causes)
    policy = options.get("propagationPolicy", "")
    if orphan and not policy:
        policy = "Orphan"
    grace = body.get("gracePeriodSeconds")  # which may be 0, and a decoded 0 counts as missing
    if grace is not None and grace < 0:
        grace = 1  # as the API server reads it
    return DeleteOptions(grace, policy, bool(options.get("dryRun")), options.get("preconditions", {}))


def _field_errors(options: Object, has_orphan: bool) -> list[errors.FieldError]:
    """What is wrong with decoded options; `has_orphan`: they say, too, whether dependents are orphaned."""
    policy = options.get("propagationPolicy", "")
    dry_run = options.get("dryRun", [])
    causes = []
    if policy and has_orphan:
        why = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(errors.invalid_value("propagationPolicy", policy, why))
    if policy not in FINALIZERS:
        causes.append(errors.unsupported("propagationPolicy", policy, _POLICIES))
    if set(dry_run) - {"All"}:
        causes.append(errors.unsupported("dryRun", dry_run, ("All",)))
    return causes
