"""The verbs on objects: each reads its part of a request, calls the client, and shapes the response.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/{create,get,update,patch,delete}.go and pkg/storage/etcd3/store.go of
v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver import LogOptions, patch
from kubesim.cluster.apiserver.checks import WriteOptions, check_name, check_namespace
from kubesim.cluster.apiserver.deletion import DeleteOptions, decode_options
from kubesim.gotext import gofmt
from kubesim.server.request import SHOWN_COST, Call, Request, Response, text
from kubesim.server.routes import integer_in, is_on
from kubesim.server.views import success


def answer(call: Call) -> Response:
    """The response to a verb on objects or on a subresource. Raises StatusError."""
    if call.route.subresource != "log":
        _ = call.request.view  # raises StatusError for an unknown Accept header before anything is changed
    answer_verb = PARTS[call.route.subresource].get(call.route.verb)
    if answer_verb is None:
        raise errors.method_not_allowed()
    return answer_verb(call)


def _respond_with(call: Call, obj: Object, code: int = 200) -> Response:
    """The response with an object in the form of the Accept header."""
    return Response(call.request.view.one(obj, call.now), code)


def _get(call: Call) -> Response:
    return _respond_with(call, call.client.get(*call.route.place, call.route.subresource))


def _list(call: Call) -> Response:
    request = call.request
    resource = call.route.resource
    revision = call.client.revision
    _check_version(request, resource, revision)
    namespace = call.route.namespace or None
    objects = call.client.list(resource, namespace, labels=request.labels, fields=request.fields)
    request.budget.spend(SHOWN_COST * len(objects))
    return Response(request.view.many(resource, objects, {"resourceVersion": str(revision)}, call.now))


def _create(call: Call) -> Response:
    return _respond_with(call, call.client.create(call.route.resource, _object_at_url(call), _options(call)), 201)


def _update(call: Call) -> Response:
    obj = _object_at_url(call)
    check_name(obj, call.route.name)
    return _respond_with(call, call.client.update(call.route.resource, obj, _options(call)))


def _patch(call: Call) -> Response:
    kind = call.request.patch_type
    change = call.request.patch()
    return _respond_with(call, call.client.patch(*call.route.place, change, kind, _options(call)))


def _delete(call: Call) -> Response:
    resource = call.route.resource
    gone = call.client.delete(*call.route.place, _delete_options(call.request))
    if resource.returned or gone["metadata"].get("finalizers"):  # the object is still there, waiting for its end
        return _respond_with(call, gone)
    return Response(success(resource, gone))


def _delete_collection(call: Call) -> Response:
    call.client.authorize(call.route.verb, call.route.resource, call.route.namespace, "")
    raise errors.not_simulated("deleting all objects of a selection at once is not part of this simulator")


def _get_scale(call: Call) -> Response:
    return Response(call.client.scale(*call.route.place))


def _change_scale(call: Call) -> Response:
    change = partial(_new_scale, call)
    dry_run = call.request.dry_run
    return Response(call.client.change_scale(*call.route.place, change, verb=call.route.verb, dry_run=dry_run))


def _log(call: Call) -> Response:
    """The response with a log. Raises StatusError (501) for options that kubesim lacks."""
    query = call.request.query
    for option in ("limitBytes", "sinceTime", "stream"):
        if is_on(query, option):
            raise errors.not_simulated(f"{option} of logs is not part of this simulator")
    options = LogOptions(
        previous=is_on(query, "previous"),
        tail=integer_in(query, "tailLines"),
        since=integer_in(query, "sinceSeconds"),
        timestamps=is_on(query, "timestamps"),
    )
    return text(call.client.log(call.route.namespace, call.route.name, call.request.container, options))


# The functions by subresource ("" is the object itself) and verb.
PARTS: Mapping[str, Mapping[str, Callable[[Call], Response]]] = {
    "": {
        "get": _get,
        "list": _list,
        "create": _create,
        "update": _update,
        "patch": _patch,
        "delete": _delete,
        "deletecollection": _delete_collection,
    },
    "ephemeralcontainers": {"get": _get, "patch": _patch, "update": _update},
    "log": {"get": _log},
    "scale": {"get": _get_scale, "patch": _change_scale, "update": _change_scale},
    "status": {"get": _get},
}


def _check_version(request: Request, resource: Resource, present: int) -> None:
    """Raise StatusError for a resourceVersion at which no list can be made.

    Mirrors storage/api_object_versioner.go and cacher.
    """
    version = request.query.get("resourceVersion", "")
    if request.query.get("resourceVersionMatch") == "Exact":
        raise errors.not_simulated("a list as it was at a resourceVersion is not part of this simulator")
    if not re.fullmatch("[0-9]{0,18}", version):
        why = f"strconv.ParseUint: parsing {gofmt.quote(version)}: invalid syntax"
        cause = errors.invalid_value("resourceVersion", version, why)
        raise errors.invalid_kind(resource.plural, resource.group, "", [cause])
    if int(version or 0) > present:
        raise errors.too_new(int(version), present)


def _options(call: Call) -> WriteOptions:
    return WriteOptions(call.request.field_validation, call.request.dry_run, call.route.subresource)


def _object_at_url(call: Call) -> Object:
    """The object in the body, completed with the URL's type and namespace. Raises StatusError if it has others."""
    obj = call.request.object()
    resource = call.route.resource
    namespace = call.route.namespace
    meta = obj.get("metadata") or {}
    typed = {"apiVersion": resource.api_version, "kind": resource.kind}
    placed = {**typed, **obj}
    if resource.namespaced and isinstance(meta, dict):
        check_namespace(obj, namespace)
        placed["metadata"] = {**meta, "namespace": meta.get("namespace") or namespace}
    if any(placed[key] != value for key, value in typed.items()):
        raise errors.other_type(resource, str(placed["kind"]), str(placed["apiVersion"]))
    return placed


def _delete_options(request: Request) -> DeleteOptions:
    """The options of a deletion in the body, or in the query if the body is empty. Raises StatusError."""
    options_sent = request.object() if request.body.strip() else {}
    if not options_sent:
        grace = integer_in(request.query, "gracePeriodSeconds")
        policy = request.query.get("propagationPolicy", "")
        options_sent = {"propagationPolicy": policy, "gracePeriodSeconds": grace}
    options = decode_options(options_sent)
    return options._replace(dry_run=options.dry_run or request.dry_run)


def _new_scale(call: Call, scale: Object) -> Any:
    """The Scale after a request's update or patch of the present one. Raises StatusError."""
    request = call.request
    if call.route.verb != "patch":
        return request.object()
    if request.patch_type == "json":
        return patch.json_patch(scale, request.patch(), request.budget)
    return patch.merge_patch(scale, request.patch())  # a Scale has no lists, so a strategic merge patch means the same
