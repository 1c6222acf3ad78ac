"""The verbs on objects: how the request of a user is read, and how its answer looks.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/{create,get,update,patch,delete}.go and pkg/storage/etcd3/store.go of
v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kubesim.api import errors
from kubesim.api.clock import Clock
from kubesim.api.objects import Object
from kubesim.cluster.apiserver import APIServer, Client, LogOptions, patch
from kubesim.cluster.apiserver.checks import WriteOptions, check_name, check_namespace
from kubesim.cluster.apiserver.deletion import DeleteOptions, decoded_options
from kubesim.gotext import gofmt
from kubesim.server.request import SHOWN_COST, Request, Response, text
from kubesim.server.routes import Route, is_set, whole
from kubesim.server.views import success


class Objects:
    """Answers the verbs on objects of one cluster."""

    def __init__(self, apiserver: APIServer, clock: Clock) -> None:
        self._apiserver = apiserver
        self._clock = clock

    def answer(self, request: Request, route: Route) -> Response:
        """What a verb on objects comes to, or on a part of one. Raises StatusError."""
        if route.subresource != "log":
            _ = request.view  # an unknown form is refused before anything is done
        method = PARTS[route.subresource].get(route.verb)
        if method is None:
            raise errors.method_not_allowed()
        return method(self, request, route)

    def client(self, request: Request) -> Client:
        return self._apiserver.as_user(request.user).for_call(request.warnings.append, request.budget)

    def get(self, request: Request, route: Route) -> Response:
        return self._shown(request, self.client(request).get(*route.place, route.subresource))

    def list(self, request: Request, route: Route) -> Response:
        client = self.client(request)
        _check_version(request, route, client.revision)
        place = route.resource, route.namespace or None
        objects = client.list(*place, labels=request.labels, fields=request.fields)
        request.budget.spend(SHOWN_COST * len(objects))
        meta = {"resourceVersion": str(client.revision)}
        return Response(request.view.many(route.resource, objects, meta, self._clock.now))

    def create(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        created = self.client(request).create(route.resource, obj, _options(request, route))
        return self._shown(request, created, 201)

    def update(self, request: Request, route: Route) -> Response:
        obj = _placed(request.object(), route)
        check_name(obj, route.name)
        return self._shown(request, self.client(request).update(route.resource, obj, _options(request, route)))

    def patch(self, request: Request, route: Route) -> Response:
        kind = request.patch_type
        change = request.patch()
        return self._shown(request, self.client(request).patch(*route.place, change, kind, _options(request, route)))

    def _shown(self, request: Request, obj: Object, code: int = 200) -> Response:
        return Response(request.view.one(obj, self._clock.now), code)

    def delete(self, request: Request, route: Route) -> Response:
        gone = self.client(request).delete(*route.place, _delete_options(request))
        if route.resource.returned or gone["metadata"].get("finalizers"):  # those go later
            return self._shown(request, gone)
        return Response(success(route.resource, gone))

    def delete_collection(self, request: Request, route: Route) -> Response:
        self.client(request).authorize(route.verb, route.resource, route.namespace, "")
        raise errors.not_simulated("deleting all objects of a selection at once is not part of this simulator")

    def get_scale(self, request: Request, route: Route) -> Response:
        return Response(self.client(request).scale(*route.place))

    def change_scale(self, request: Request, route: Route) -> Response:
        change = partial(_new_scale, request, route)
        dry_run = request.dry_run
        return Response(self.client(request).change_scale(*route.place, change, verb=route.verb, dry_run=dry_run))

    def log(self, request: Request, route: Route) -> Response:
        query = request.query
        for option in ("limitBytes", "sinceTime", "stream"):
            if is_set(query, option):
                raise errors.not_simulated(f"{option} of logs is not part of this simulator")
        options = LogOptions(
            previous=is_set(query, "previous"),
            tail=whole(query, "tailLines"),
            since=whole(query, "sinceSeconds"),
            timestamps=is_set(query, "timestamps"),
        )
        return text(self.client(request).log(route.namespace, route.name, request.container, options))


Method = Callable[[Objects, Request, Route], Response]
# What answers each verb, by the part of an object that it is on; "" is the whole.
PARTS: Mapping[str, Mapping[str, Method]] = {
    "": {
        "get": Objects.get,
        "list": Objects.list,
        "create": Objects.create,
        "update": Objects.update,
        "patch": Objects.patch,
        "delete": Objects.delete,
        "deletecollection": Objects.delete_collection,
    },
    "ephemeralcontainers": {"get": Objects.get, "patch": Objects.patch, "update": Objects.update},
    "log": {"get": Objects.log},
    "scale": {"get": Objects.get_scale, "patch": Objects.change_scale, "update": Objects.change_scale},
    "status": {"get": Objects.get},
}


def _check_version(request: Request, route: Route, present: int) -> None:
    """Refuse a resourceVersion from which no list can be made. Mirrors storage/api_object_versioner.go and cacher."""
    version = request.query.get("resourceVersion", "")
    if request.query.get("resourceVersionMatch") == "Exact":
        raise errors.not_simulated("a list as it was at a resourceVersion is not part of this simulator")
    if not re.fullmatch("[0-9]{0,18}", version):
        why = f"strconv.ParseUint: parsing {gofmt.quote(version)}: invalid syntax"
        cause = errors.invalid_value("resourceVersion", version, why)
        raise errors.invalid_kind(route.resource.plural, route.resource.group, "", [cause])
    if int(version or 0) > present:
        raise errors.too_new(int(version), present)


def _options(request: Request, route: Route) -> WriteOptions:
    return WriteOptions(request.field_validation, request.dry_run, route.subresource)


def _placed(obj: Object, route: Route) -> Object:
    """The object with its type and the namespace of the URL. Raises StatusError where it names others."""
    resource = route.resource
    meta = obj.get("metadata") or {}
    typed = {"apiVersion": resource.api_version, "kind": resource.kind}
    placed = {**typed, **obj}
    if resource.namespaced and isinstance(meta, dict):
        check_namespace(obj, route.namespace)
        placed["metadata"] = {**meta, "namespace": meta.get("namespace") or route.namespace}
    if any(placed[key] != value for key, value in typed.items()):
        raise errors.other_type(resource, str(placed["kind"]), str(placed["apiVersion"]))
    return placed


def _delete_options(request: Request) -> DeleteOptions:
    """The options in the body or, where it is empty, in the query. Raises StatusError."""
    options_sent = request.object() if request.body.strip() else {}
    if not options_sent:
        grace = whole(request.query, "gracePeriodSeconds")
        policy = request.query.get("propagationPolicy", "")
        options_sent = {"propagationPolicy": policy, "gracePeriodSeconds": grace}
    options = decoded_options(options_sent)
    return options._replace(dry_run=options.dry_run or request.dry_run)


def _new_scale(request: Request, route: Route, scale: Object) -> Any:
    """The Scale that a request makes of the present one. Raises StatusError."""
    if route.verb != "patch":
        return request.object()
    if request.patch_type == "json":
        return patch.json_patch(scale, request.patch(), request.budget)
    return patch.merge_patch(scale, request.patch())  # nothing in a Scale is merged in another way
