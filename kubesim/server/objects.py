"""The verbs on objects: each a request to the API server, and how its answer looks.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/{create,get,update,patch,delete}.go and pkg/storage/etcd3/store.go, and
kubernetes pkg/registry/apps/deployment/storage/storage.go (ScaleREST), v1.36.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from kubesim.api import decoding, errors, schema
from kubesim.api.clock import Clock
from kubesim.api.objects import Object, containers_of, name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster.apiserver import APIServer, NodeServer, patch
from kubesim.cluster.apiserver.checks import LogOptions, WriteOptions
from kubesim.cluster.apiserver.tokens import create_token
from kubesim.server.request import SHOWN_COST, Request, Response, Route, is_set, success, text, whole
from kubesim.shell.container import Process

_DELETION_COST = 40  # steps of the budget for an object
_FINALIZERS = {"": "", "Background": "", "Foreground": "foregroundDeletion", "Orphan": "orphan"}
_POLICY = 'DeletionPropagation need to be one of "Foreground", "Background", "Orphan" or nil'
_DELETE_OPTIONS = "DeleteOptions"
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter."
)


# What answers a verb on a part of an object, which has no other verbs.
PARTS: Mapping[str, Mapping[str, str]] = {
    "ephemeralcontainers": dict.fromkeys(("get", "patch", "update"), "_ephemeral"),
    "eviction": {"create": "_evict"},
    "log": {"get": "_logs"},
    "scale": dict.fromkeys(("get", "patch", "update"), "_scale"),
    "status": {"get": "_get"},
    "token": {"create": "_token"},
}


class Objects:
    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def answer(self, request: Request, route: Route) -> Response:
        _ = request.view  # an unknown form is refused before anything is done
        method = PARTS[route.subresource].get(route.verb) if route.subresource else f"_{route.verb}"
        if method is None:
            raise errors.method_not_allowed()
        found: Response = getattr(self, method)(request, route)
        return found

    def _get(self, request: Request, route: Route) -> Response:
        obj = self._api.get(route.resource, route.namespace, route.name, user=request.user)
        return self._shown(request, obj)

    def _list(self, request: Request, route: Route) -> Response:
        objects, version = self._found(request, route), str(self._api.revision)
        begin, end = _page(request.query, version)
        request.budget.spend(SHOWN_COST * len(objects[begin:end]))
        meta: Object = {"resourceVersion": version}
        if end < len(objects):
            meta["continue"] = f"{version}.{end}"
            if not request.query.get("labelSelector") and not request.query.get("fieldSelector"):
                meta["remainingItemCount"] = len(objects) - end
        return Response(request.view.many(route.resource, objects[begin:end], meta, self._clock.now))

    def _found(self, request: Request, route: Route) -> list[Object]:
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        place = (route.resource, route.namespace or None)
        return self._api.list(
            *place, labels=labels, fields=fields, user=request.user, verb=route.verb, budget=request.budget
        )

    def _create(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        return self._shown(request, self._api.create(route.resource, obj, **_options(request, route)), 201)

    def _update(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        if (name := name_of(obj)) != route.name:
            raise errors.bad_request(
                f"the name of the object ({name}) does not match the name on the URL ({route.name})"
            )
        return self._shown(request, self._api.update(route.resource, obj, **_options(request, route)))

    def _patch(self, request: Request, route: Route) -> Response:
        kind, place = request.patch_type, (route.resource, route.namespace, route.name)
        return self._shown(request, self._api.patch(*place, request.patch(), kind, **_options(request, route)))

    def _shown(self, request: Request, obj: Object, code: int = 200) -> Response:
        return Response(request.view.one(obj, self._clock.now), code)

    def _delete(self, request: Request, route: Route) -> Response:
        delete = _deletion(self._api.delete, request)
        gone = delete(route.resource, route.namespace, route.name, user=request.user)
        if route.resource.returned or gone["metadata"].get("finalizers"):  # those go later
            return self._shown(request, gone)
        return Response(success(route.resource, gone))

    def _deletecollection(self, request: Request, route: Route) -> Response:
        delete, objects = _deletion(self._api.delete, request), self._found(request, route)
        request.budget.spend(_DELETION_COST * len(objects))
        for obj in objects:
            delete(route.resource, namespace_of(obj), name_of(obj))
        meta = {"resourceVersion": str(self._api.revision)}
        return Response(request.view.many(route.resource, objects, meta, self._clock.now))

    def _evict(self, request: Request, route: Route) -> Response:
        """Delete a Pod as its Eviction asks: no PodDisruptionBudget stands in the way."""
        place = (route.resource, route.namespace, route.name)
        self._api.authorize(request.user, "create", *place, route.subresource)
        options = request.object().get("deleteOptions") or {}
        _deletion(self._api.delete, request, options)(*place)
        return Response({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)

    def _token(self, request: Request, route: Route) -> Response:
        spec, now = request.object().get("spec") or {}, self._clock.now
        return Response(create_token(self._api, route.namespace, route.name, spec, now, user=request.user), 201)

    def _ephemeral(self, request: Request, route: Route) -> Response:
        self._api.authorize(request.user, route.verb, POD, route.namespace, route.name, route.subresource)
        found: Response = getattr(self, f"_{route.verb}")(request, route)
        return found

    def _scale(self, request: Request, route: Route) -> Response:
        """Show the Scale of a workload, or change the number of replicas."""
        place = (route.resource, route.namespace, route.name)
        self._api.authorize(request.user, route.verb, *place, route.subresource)
        scale = _scale_of(self._api.get(*place))
        if route.verb != "get":
            change = {"spec": {"replicas": _wanted(request, route, scale)}}
            scale = _scale_of(self._api.patch(*place, change, "merge", dry_run=request.dry_run))
        return Response(scale)

    def _logs(self, request: Request, route: Route) -> Response:
        pod, node = self._on_node(request, route, "get")
        options = _log_options(request.query, route.name)
        lines = node.logs(pod, _container(request, pod), options.previous)
        return text(options.cut(lines, self._clock.now))

    def execute(self, request: Request, route: Route, argv: list[str], stdin: str) -> Process:
        pod, node = self._on_node(request, route, "create")
        return node.execute(pod, _container(request, pod), argv, request.budget, stdin)

    def hang_up(self, request: Request, route: Route) -> None:
        """End the input of a container that takes it from one client alone, who then need not wait for its end."""
        pod, node = self._on_node(request, route, "create")
        name = _container(request, pod)
        if any(item["name"] == name and item.get("stdinOnce") for item in pod["spec"]["containers"]):
            with suppress(errors.StatusError):  # it has ended before
                node.attach(pod, name, "")

    def _on_node(self, request: Request, route: Route, verb: str) -> tuple[Object, NodeServer]:
        self._api.authorize(request.user, verb, POD, route.namespace, route.name, route.subresource)
        pod = self._api.get(POD, route.namespace, route.name)
        return pod, self._api.node_of(pod)


def _page(query: Mapping[str, str], version: str) -> tuple[int, int]:
    """Where a page begins and ends in a list of this version. Raises StatusError where another version began it."""
    token, limit = query.get("continue", ""), whole(query, "limit") or 0
    began, _, begin = token.partition(".")
    if token and not re.fullmatch(r"[0-9]+\.[0-9]{1,18}", token):
        raise errors.bad_request("continue key is not valid: it was given by another server")
    if token and began != version:
        raise errors.expired(_TOO_OLD)
    first = int(begin or 0)
    return first, first + limit if limit > 0 else sys.maxsize


def _options(request: Request, route: Route) -> WriteOptions:
    directive = request.field_validation
    warn = request.warnings.append if directive == "Warn" else None
    return {
        "user": request.user,
        "strict": directive == "Strict",
        "warn": warn,
        "note": request.warnings.append,
        "dry_run": request.dry_run,
        "subresource": route.subresource,
        "budget": request.budget,
    }


def _placed(obj: Object, route: Route) -> Object:
    """The object with its type and the namespace of the URL. Raises StatusError where it names others."""
    resource, meta = route.resource, obj.get("metadata") or {}
    typed = {"apiVersion": resource.api_version, "kind": resource.kind}
    given = {**typed, **obj}
    if resource.namespaced and isinstance(meta, dict):
        namespace = meta.get("namespace")
        if isinstance(namespace, str) and namespace not in ("", route.namespace):
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        given["metadata"] = {**meta, "namespace": namespace or route.namespace}
    if any(given[key] != value for key, value in typed.items()):
        raise errors.other_type(resource, str(given["kind"]), str(given["apiVersion"]))
    return given


def _deletion(delete: Callable[..., Object], request: Request, given: Object | None = None) -> Callable[..., Object]:
    """`delete` with the DeleteOptions `given`, in the body or, where it is empty, in the query. Raises StatusError."""
    query = request.query
    if given is None:
        given = request.object() if request.body.strip() else {}
    options, grace = _decoded(given), given.get("gracePeriodSeconds")
    if not given:
        options["propagationPolicy"] = query.get("propagationPolicy", "")
        grace = whole(query, "gracePeriodSeconds")
    policy, strategies = options.get("propagationPolicy", ""), options.get("dryRun", [])
    causes = []
    if policy not in _FINALIZERS:
        causes.append(errors.invalid_value("propagationPolicy", policy, _POLICY))
    if set(strategies) - {"All"}:
        causes.append(errors.unsupported("dryRun", strategies, ("All",)))
    if causes:
        raise errors.invalid_options(_DELETE_OPTIONS, "meta.k8s.io", "", causes)
    return partial(
        delete,
        grace_period=1 if grace is not None and grace < 0 else grace,
        finalizer=_FINALIZERS[policy or ("Orphan" if options.get("orphanDependents") else "")],
        dry_run=request.dry_run or bool(strategies),
        preconditions=options.get("preconditions") or {},
    )


def _decoded(given: Object) -> Object:
    if given.get("kind", _DELETE_OPTIONS) != _DELETE_OPTIONS:
        raise errors.bad_request(f"no kind {_DELETE_OPTIONS} is in the body of the request")
    try:
        return dict(decoding.convert(schema.meta_type(_DELETE_OPTIONS), given))
    except decoding.DecodeError as error:
        raise errors.bad_request(f"{_DELETE_OPTIONS} cannot be decoded: {error.in_json()}") from None


def _log_options(query: Mapping[str, str], pod: str) -> LogOptions:
    for name in ("sinceTime", "stream"):
        if query.get(name):
            raise errors.not_simulated(f"{name} of logs is not part of this simulator")
    tail, since, limit = (whole(query, name) for name in ("tailLines", "sinceSeconds", "limitBytes"))
    options = LogOptions(is_set(query, "previous"), tail, since, limit, is_set(query, "timestamps"))
    options.check(pod)
    return options


def _container(request: Request, pod: Object) -> str:
    """The requested container, or the only one. Raises StatusError."""
    wanted, every = request.query.get("container", ""), list(containers_of(pod["spec"]))
    names = [item["name"] for kind, item in every if kind == "containers"]
    if not wanted and len(names) > 1:
        listed = f"[{' '.join(names)}]"
        raise errors.bad_request(f"a container name must be specified for pod {name_of(pod)}, choose one of: {listed}")
    if wanted and wanted not in [item["name"] for _, item in every]:
        raise errors.bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
    return wanted or str(names[0])


# The scale subresource


def _wanted(request: Request, route: Route, scale: Object) -> int:
    """The number of replicas of the Scale that the request makes. Raises StatusError."""
    if route.verb == "patch" and request.patch_type == "json":
        new = patch.json_patch(scale, request.patch(), request.budget)
    else:  # nothing in a Scale is merged in another way
        new = patch.merge_patch(scale, request.patch()) if route.verb == "patch" else request.object()
    meta, spec = new.get("metadata"), new.get("spec")
    version = meta.get("resourceVersion") if isinstance(meta, dict) else None
    if version not in (None, "", scale["metadata"]["resourceVersion"]):
        raise errors.conflict(route.resource, route.name)
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else None
    if not isinstance(replicas, int) or isinstance(replicas, bool) or not abs(replicas) < 1 << 31:
        raise errors.bad_request("a Scale has a whole number in spec.replicas")
    if replicas < 0:
        cause = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid_options("Scale", "autoscaling", route.name, [cause])
    return replicas


def _scale_of(obj: Object) -> Object:
    meta = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = obj["spec"]["selector"].get("matchLabels", {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": obj["spec"]["replicas"]},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={labels[key]}" for key in sorted(labels)),
        },
    }
