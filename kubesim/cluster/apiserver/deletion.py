"""The options of a deletion, and the deletion timestamp of an object that is being deleted.

`Client.delete` uses them; the garbage collector and the kubelet finish what has begun.
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

# Values of propagationPolicy. Only Background is simulated, the default of all kinds here.
_POLICIES = ("Foreground", "Background", "Orphan")
_KIND = "DeleteOptions"


class DeleteOptions(NamedTuple):
    """The options of a deletion: fields of the API's DeleteOptions. The policy isn't among them (see _POLICIES)."""

    grace_seconds: int | None = None  # None: the Pod's own grace period; 0: remove at once
    dry_run: bool = False
    preconditions: Mapping[str, str] = {}  # the required uid and resourceVersion

    def grace_period_of(self, resource: Resource, obj: Object) -> int:
        """The grace period in seconds: 0 for anything but a Pod that runs on a node.

        An object that is already being deleted keeps its grace period, unless `grace_seconds` is set.
        """
        if is_deleted(obj) and self.grace_seconds is None:
            return int(obj["metadata"].get("deletionGracePeriodSeconds", 0))
        if resource is not POD or not obj["spec"].get("nodeName") or has_ended(obj):
            return 0
        if self.grace_seconds is not None:
            return self.grace_seconds
        return int(obj["spec"]["terminationGracePeriodSeconds"])


DEFAULT_DELETE_OPTIONS = DeleteOptions()


def with_deletion_timestamp(resource: Resource, obj: Object, now: Micros, seconds: int) -> Object:
    """The object with a deletion timestamp `seconds` from now. Mirrors BeforeDelete.

    The grace period of an object that is already being deleted can only be shortened, counted from its first deletion;
    otherwise `obj` itself is returned.
    """
    meta = obj["metadata"]
    end = now + seconds * SECOND
    changed: Object = {}
    if is_deleted(obj):
        present = meta.get("deletionGracePeriodSeconds", 0)
        if seconds >= present:
            return obj
        end = parse_time(meta["deletionTimestamp"]) - (present - seconds) * SECOND
        if end < now:  # the shorter period is over already: one second is the shortest graceful period
            end = now
            seconds = min(seconds, 1)
    elif "generation" in meta:
        changed["generation"] = meta["generation"] + 1
    changed["deletionTimestamp"] = rfc3339(end)
    if resource is NAMESPACE:  # which has no grace period; the phase is its whole status
        return {**obj, "metadata": {**meta, **changed}, "status": {"phase": "Terminating"}}
    return {**obj, "metadata": {**meta, **changed, "deletionGracePeriodSeconds": seconds}}


def has_only_finalizers_left(resource: Resource, obj: Object) -> bool:
    """True if only finalizers keep a deleted object: its grace period is over, and a Namespace is empty."""
    meta = obj["metadata"]
    if meta.get("deletionGracePeriodSeconds") or (resource is NAMESPACE and "finalizers" in obj["spec"]):
        return False
    return is_deleted(obj) and bool(meta.get("finalizers"))


def decode_options(body: Object) -> DeleteOptions:
    """Decode the DeleteOptions in the body of a request. Raises StatusError, also for any policy but Background."""
    if body.get("kind", _KIND) != _KIND:
        raise errors.bad_request(f"no kind {_KIND} is in the body of the request")
    try:
        options: Object = decoding.convert(schema.meta_type(_KIND), body)
    except decoding.DecodeError as error:
        raise errors.bad_request(f"{_KIND} cannot be decoded: {error}") from None
    if causes := _field_errors(options):
        raise errors.invalid_kind(_KIND, "meta.k8s.io", "", causes)
    policy = options.get("propagationPolicy", "")
    if body.get("orphanDependents"):  # the older form of the policy
        policy = "Orphan"
    if policy not in ("", "Background"):
        raise errors.not_simulated(f"the propagation policy {policy} is not part of this simulator")
    grace = body.get("gracePeriodSeconds")  # read from the body, because decoding drops a 0
    if grace is not None and grace < 0:
        grace = 1  # as in the API server
    return DeleteOptions(grace, bool(options.get("dryRun")), options.get("preconditions", {}))


def _field_errors(options: Object) -> list[errors.FieldError]:
    """The problems of decoded options."""
    policy = options.get("propagationPolicy", "")
    dry_run = options.get("dryRun", [])
    causes = []
    if policy not in ("", *_POLICIES):
        causes.append(errors.unsupported("propagationPolicy", policy, (*_POLICIES, "nil")))
    if set(dry_run) - {"All"}:
        causes.append(errors.unsupported("dryRun", dry_run, ("All",)))
    return causes
