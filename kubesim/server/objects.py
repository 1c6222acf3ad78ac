"""The verbs on objects: each a request to the API server, and how its answer looks.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/{create,get,update,patch,delete}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim import errors
from kubesim.apiserver import APIServer, NodeServer, WriteOptions
from kubesim.clock import Clock
from kubesim.objects import Object, metadata, name_of, namespace_of
from kubesim.process import Process
from kubesim.resources import POD
from kubesim.server.pages import Pages
from kubesim.server.representation import success
from kubesim.server.request import Request, Response, text
from kubesim.server.routes import Route

_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_APPLY = "application/apply-patch+yaml"
_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


class Objects:
    """Answers requests for objects of the simulated types."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._pages = Pages()
        self._verbs: dict[str, Callable[[Request, Route], Response]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    def answer(self, request: Request, route: Route) -> Response:
        """Do what is asked. Raises StatusError."""
        if route.verb not in self._verbs:
            raise errors.method_not_allowed()
        if not route.resource.readable or (route.verb == "create" and not route.resource.simulated):
            raise errors.not_simulated(f"objects of type {route.resource.qualified} are not part of this simulator")
        return self._verbs[route.verb](request, route)

    def _get(self, request: Request, route: Route) -> Response:
        obj = self._api.get(route.resource, route.namespace, route.name, user=request.user)
        return self._shown(request, Response(), obj)

    def _list(self, request: Request, route: Route) -> Response:
        query = request.query

        def found() -> list[Object]:
            namespace = route.namespace or None
            labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
            return self._api.list(route.resource, namespace, labels=labels, fields=fields, user=request.user)

        objects, meta = self._pages.page(query, found, self._api.revision)
        return Response(request.view.many(route.resource, objects, meta, self._clock.now))

    def _create(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        _check_kind(obj, route)
        response = Response(code=201)
        new = self._api.create(route.resource, obj, **_options(request, response))
        return self._shown(request, response, new)

    def _update(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        _check_kind(obj, route)
        if name_of(obj) != route.name:
            raise errors.bad_request(
                f"the name of the object ({name_of(obj)}) does not match the name on the URL ({route.name})"
            )
        response = Response()
        new = self._api.update(route.resource, obj, **_options(request, response))
        return self._shown(request, response, new)

    def _patch(self, request: Request, route: Route) -> Response:
        if request.content_type == _APPLY:
            raise errors.not_simulated("server-side apply is not part of this simulator")
        if request.content_type not in _PATCHES:
            raise errors.unsupported_media_type(tuple(_PATCHES))
        response = Response()
        kind, change = _PATCHES[request.content_type], request.patch()
        place = (route.resource, route.namespace, route.name)
        new = self._api.patch(*place, change, kind, **_options(request, response))
        return self._shown(request, response, new)

    def _shown(self, request: Request, response: Response, obj: Object) -> Response:
        response.content = request.view.one(obj, self._clock.now)
        return response

    def _delete(self, request: Request, route: Route) -> Response:
        options = request.options()
        grace = options.get("gracePeriodSeconds", request.query.get("gracePeriodSeconds"))
        policy = options.get("propagationPolicy") or request.query.get("propagationPolicy", "")
        self._check_preconditions(options, route)
        gone = self._api.delete(
            route.resource,
            route.namespace,
            route.name,
            grace_period=None if grace is None else int(grace),
            finalizer=_FINALIZERS.get(policy, ""),
            user=request.user,
            dry_run=request.dry_run or options.get("dryRun") == ["All"],
        )
        if route.resource is POD or self._api.find(route.resource, route.namespace, route.name):
            return self._shown(request, Response(), gone)
        return Response(success(route.resource, gone))

    def _check_preconditions(self, options: Object, route: Route) -> None:
        wanted = options.get("preconditions") or {}
        obj = self._api.find(route.resource, route.namespace, route.name)
        for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            present = metadata(obj).get(key) if obj else wanted.get(key)
            if wanted.get(key, present) != present:
                why = f"Precondition failed: {word} in precondition: {wanted[key]}, {word} in object meta: {present}"
                raise errors.conflict(route.resource, route.name, why)

    def _delete_collection(self, request: Request, route: Route) -> Response:
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        objects = self._api.list(
            route.resource,
            route.namespace or None,
            labels=labels,
            fields=fields,
            user=request.user,
            verb="deletecollection",
        )
        for obj in objects:
            self._api.delete(route.resource, namespace_of(obj), name_of(obj), dry_run=request.dry_run)
        meta = {"resourceVersion": str(self._api.revision)}
        return Response(request.view.many(route.resource, objects, meta, self._clock.now))

    def logs(self, request: Request, route: Route) -> Response:
        """GET pods/NAME/log: what a container wrote."""
        pod, node = self._on_node(request, route, "get")
        lines = node.logs(pod, _container(request, pod), request.query.get("previous") == "true")
        tail = request.query.get("tailLines", "")
        return text("".join(_last(lines.splitlines(keepends=True), int(tail))) if tail.isdigit() else lines)

    def execute(self, request: Request, route: Route, argv: list[str]) -> Process:
        """Run a command in a container. Raises StatusError and StartError."""
        pod, node = self._on_node(request, route, "create")
        return node.execute(pod, _container(request, pod), argv)

    def _on_node(self, request: Request, route: Route, verb: str) -> tuple[Object, NodeServer]:
        """The Pod, and the kubelet that runs it."""
        self._api.authorize(request.user, verb, POD, route.namespace, route.name, route.subresource)
        pod = self._api.get(POD, route.namespace, route.name)
        return pod, self._api.node_of(pod)


def _last(lines: list[str], count: int) -> list[str]:
    return lines[-count:] if count else []


def _options(request: Request, response: Response) -> WriteOptions:
    directive = request.field_validation
    warn = response.warnings.append if directive == "Warn" else None
    return {"user": request.user, "strict": directive == "Strict", "warn": warn, "dry_run": request.dry_run}


def _placed(obj: Object, route: Route) -> Object:
    """The object in the namespace of the URL. Raises StatusError where it names another one."""
    given = namespace_of(obj)
    if not route.resource.namespaced:
        return obj
    if given and given != route.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**obj, "metadata": {**metadata(obj), "namespace": route.namespace}}


def _check_kind(obj: Object, route: Route) -> None:
    resource = route.resource
    given = (obj.get("apiVersion", resource.api_version), obj.get("kind", resource.kind))
    if given != (resource.api_version, resource.kind):
        raise errors.bad_request(
            f'{given[1]} in version "{given[0]}" cannot be handled as a {resource.kind}: converting to {resource.kind}'
        )
    obj.setdefault("apiVersion", resource.api_version)
    obj.setdefault("kind", resource.kind)


def _container(request: Request, pod: Object) -> str:
    """The container that is asked for, or the only one. Raises StatusError."""
    names = [item["name"] for item in pod["spec"]["containers"]]
    wanted = request.query.get("container", "")
    if wanted or len(names) == 1:
        return wanted or str(names[0])
    raise errors.bad_request(
        f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]"
    )
