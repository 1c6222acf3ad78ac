"""The verbs on objects: each a request to the API server, and how its answer looks.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/{create,get,update,patch,delete}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubesim.api import errors
from kubesim.api.clock import Clock
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.process import Process
from kubesim.api.resources import NAMESPACE, POD, SERVICE, SERVICE_ACCOUNT
from kubesim.cluster.apiserver import APIServer, NodeServer, WriteOptions
from kubesim.server.options import delete_options, log_options
from kubesim.server.pages import Pages
from kubesim.server.parameters import whole
from kubesim.server.representation import success
from kubesim.server.request import Request, Response, text
from kubesim.server.routes import Route

# A Namespace goes later; of the others it is their registry's ReturnDeletedObject that says so.
_SHOWN = (NAMESPACE, POD, SERVICE, SERVICE_ACCOUNT)


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
        _ = request.view  # a form that there is not is refused before anything is done
        return self._verbs[route.verb](request, route)

    def _get(self, request: Request, route: Route) -> Response:
        obj = self._api.get(route.resource, route.namespace, route.name, user=request.user)
        return self._shown(request, obj)

    def _list(self, request: Request, route: Route) -> Response:
        query = request.query

        def found() -> list[Object]:
            namespace = route.namespace or None
            labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
            return self._api.list(route.resource, namespace, labels=labels, fields=fields, user=request.user)

        _check_version(query, self._api.revision)
        objects, meta = self._pages.page(route, query, found, self._api.revision)
        return Response(request.view.many(route.resource, objects, meta, self._clock.now))

    def _create(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        _check_kind(obj, route)
        return self._shown(request, self._api.create(route.resource, obj, **_options(request)), 201)

    def _update(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        _check_kind(obj, route)
        if name_of(obj) != route.name:
            raise errors.bad_request(
                f"the name of the object ({name_of(obj)}) does not match the name on the URL ({route.name})"
            )
        return self._shown(request, self._api.update(route.resource, obj, **_options(request)))

    def _patch(self, request: Request, route: Route) -> Response:
        kind, place = request.patch_type, (route.resource, route.namespace, route.name)
        return self._shown(request, self._api.patch(*place, request.patch(), kind, **_options(request)))

    def _shown(self, request: Request, obj: Object, code: int = 200) -> Response:
        return Response(request.view.one(obj, self._clock.now), code)

    def _delete(self, request: Request, route: Route) -> Response:
        options = delete_options(request)
        gone = self._api.delete(route.resource, route.namespace, route.name, user=request.user, **options)
        if route.resource in _SHOWN or gone["metadata"].get("finalizers"):  # those go later
            return self._shown(request, gone)
        return Response(success(route.resource, gone))

    def _delete_collection(self, request: Request, route: Route) -> Response:
        options = delete_options(request)
        selectors = {"labels": request.query.get("labelSelector", ""), "fields": request.query.get("fieldSelector", "")}
        objects = self._api.list(
            route.resource, route.namespace or None, **selectors, user=request.user, verb=route.verb
        )
        for obj in objects:
            self._api.delete(route.resource, namespace_of(obj), name_of(obj), **options)
        meta = {"resourceVersion": str(self._api.revision)}
        return Response(request.view.many(route.resource, objects, meta, self._clock.now))

    def logs(self, request: Request, route: Route) -> Response:
        """GET pods/NAME/log: what a container wrote."""
        pod, node = self._on_node(request, route, "get")
        options = log_options(request.query, route.name)
        lines = node.logs(pod, _container(request, pod), options.previous)
        return text(options.cut(lines, self._clock.now))

    def execute(self, request: Request, route: Route, argv: list[str]) -> Process:
        """Run a command in a container. Raises StatusError and StartError."""
        pod, node = self._on_node(request, route, "create")
        return node.execute(pod, _container(request, pod), argv)

    def _on_node(self, request: Request, route: Route, verb: str) -> tuple[Object, NodeServer]:
        """The Pod, and the kubelet that runs it."""
        self._api.authorize(request.user, verb, POD, route.namespace, route.name, route.subresource)
        pod = self._api.get(POD, route.namespace, route.name)
        return pod, self._api.node_of(pod)


def _check_version(query: Mapping[str, str], revision: int) -> None:
    """Raise StatusError where a list of what there is now is not what the query asks for."""
    version = whole(query, "resourceVersion") or 0
    if version > revision:
        raise errors.too_new(version, revision)
    if query.get("resourceVersionMatch") == "Exact" and version != revision:
        raise errors.expired("The resourceVersion for the provided list is too old.")


def _options(request: Request) -> WriteOptions:
    directive = request.field_validation
    warn = request.warnings.append if directive == "Warn" else None
    return {"user": request.user, "strict": directive == "Strict", "warn": warn, "dry_run": request.dry_run}


def _placed(obj: Object, route: Route) -> Object:
    """The object in the namespace of the URL. Raises StatusError where it names another one."""
    meta = obj.get("metadata") or {}
    if not route.resource.namespaced or not isinstance(meta, dict):
        return obj
    given = meta.get("namespace")
    if isinstance(given, str) and given not in ("", route.namespace):
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**obj, "metadata": {**meta, "namespace": given or route.namespace}}


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
    spec, wanted = pod["spec"], request.query.get("container", "")
    names = [item["name"] for item in spec["containers"]]
    if not wanted and len(names) > 1:
        listed = " ".join(names)
        raise errors.bad_request(
            f"a container name must be specified for pod {name_of(pod)}, choose one of: [{listed}]"
        )
    if wanted and wanted not in [*names, *(item["name"] for item in spec.get("initContainers", ()))]:
        raise errors.bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
    return wanted or str(names[0])
