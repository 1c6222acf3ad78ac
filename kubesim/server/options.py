"""What goes with a deletion and with a request for logs, checked.

Mirrors k8s.io/apimachinery pkg/apis/meta/v1/validation and kubernetes pkg/apis/core/validation (PodLogOptions), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict

from kubesim.api import errors, schema
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.logs import LogOptions
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


def log_options(query: Mapping[str, str], pod: str) -> LogOptions:
    """The PodLogOptions in a query. Raises StatusError."""
    for name in ("sinceTime", "stream"):
        if query.get(name):
            raise errors.not_simulated(f"{name} of logs is not part of this simulator")
    tail, since, limit = (whole(query, name) for name in ("tailLines", "sinceSeconds", "limitBytes"))
    options = LogOptions(is_set(query, "previous"), tail, since, limit, is_set(query, "timestamps"))
    options.check(pod)
    return options
