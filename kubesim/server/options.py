"""What goes with a deletion and with a request for logs, checked.

Mirrors k8s.io/apimachinery pkg/apis/meta/v1/validation and kubernetes pkg/apis/core/validation (PodLogOptions), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from kubesim import errors, schema
from kubesim.objects import Object
from kubesim.server.parameters import is_set, whole
from kubesim.server.request import Request

_FINALIZERS = {"": "", "Background": "", "Foreground": "foregroundDeletion", "Orphan": "orphan"}
_POLICY = 'DeletionPropagation need to be one of "Foreground", "Background", "Orphan" or nil'
_KIND = "DeleteOptions"


class DeleteOptions(TypedDict):
    """As `APIServer.delete` takes them."""

    grace_period: int | None
    finalizer: str
    dry_run: bool
    preconditions: Mapping[str, str]


def delete_options(request: Request) -> DeleteOptions:
    """The DeleteOptions in the body, or, where it is empty, in the query. Raises StatusError."""
    given = _decoded(request.object()) if request.body.strip() else _from_query(request)
    causes = list(_wrong(given))
    if causes:
        raise errors.invalid_options(_KIND, "meta.k8s.io", "", causes)
    grace = given.get("gracePeriodSeconds")
    orphans = "Orphan" if given.get("orphanDependents") else ""
    return {
        "grace_period": 1 if grace is not None and grace < 0 else grace,
        "finalizer": _FINALIZERS[given.get("propagationPolicy") or orphans],
        "dry_run": request.dry_run or bool(given.get("dryRun")),
        "preconditions": given.get("preconditions") or {},
    }


def _decoded(given: Object) -> Object:
    if given.get("kind", _KIND) != _KIND:
        raise errors.bad_request(f"no kind {_KIND} is in the body of the request")
    try:
        decoded: Object = schema.convert(schema.meta_type(_KIND), given)
    except schema.DecodeError as error:
        raise errors.bad_request(f"{_KIND} cannot be decoded: {error.in_json()}") from None
    grace = given.get("gracePeriodSeconds")
    return decoded if grace is None else {**decoded, "gracePeriodSeconds": int(grace)}  # 0 is not the same as nothing


def _from_query(request: Request) -> Object:
    query = request.query
    found: Object = {"propagationPolicy": query.get("propagationPolicy", "")}
    grace = whole(query, "gracePeriodSeconds")
    return found if grace is None else {**found, "gracePeriodSeconds": grace}


def _wrong(options: Object) -> Iterator[errors.FieldError]:
    policy, strategies = options.get("propagationPolicy", ""), options.get("dryRun", [])
    if policy not in _FINALIZERS:
        yield errors.invalid_value("propagationPolicy", policy, _POLICY)
    if set(strategies) - {"All"}:
        yield errors.unsupported("dryRun", strategies, ("All",))


@dataclass(frozen=True)
class LogOptions:
    """Which part of what a container wrote is wanted: of this one or the one before it, lines from the end, bytes."""

    previous: bool
    tail: int | None
    limit: int | None

    def cut(self, text: str) -> str:
        """That part of `text`."""
        lines = text.splitlines(keepends=True)
        kept = "".join(lines if self.tail is None else lines[len(lines) - min(self.tail, len(lines)) :])
        return kept.encode()[: self.limit].decode(errors="ignore")


def log_options(query: Mapping[str, str], pod: str) -> LogOptions:
    """The PodLogOptions in a query. Raises StatusError."""
    for name in ("sinceSeconds", "sinceTime", "stream"):
        if query.get(name):
            raise errors.not_simulated(f"{name} of logs is not part of this simulator")
    if is_set(query, "timestamps"):
        raise errors.not_simulated("timestamps of logs are not part of this simulator")
    tail, limit = whole(query, "tailLines"), whole(query, "limitBytes")
    causes = []
    if tail is not None and tail < 0:
        causes.append(errors.invalid_value("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        causes.append(errors.invalid_value("limitBytes", limit, "must be greater than 0"))
    if causes:
        raise errors.invalid_options("PodLogOptions", "", pod, causes)
    return LogOptions(is_set(query, "previous"), tail, limit)
