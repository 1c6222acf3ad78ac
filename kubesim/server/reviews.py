"""Questions about rights: who am I, and what may I do?

Mirrors kubernetes pkg/registry/{authentication,authorization} and pkg/apis/authorization/validation, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubesim.api import errors, schema
from kubesim.api.objects import Object
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.apiserver.authorization import Request as Question
from kubesim.cluster.apiserver.authorization import impersonated
from kubesim.server.request import Request
from kubesim.server.routes import Route

_OF_OTHERS = ("SubjectAccessReview", "LocalSubjectAccessReview")


def is_review(route: Route) -> bool:
    """Whether the path takes reviews."""
    return route.resource.kind in _KINDS and not route.subresource


def answer(api: APIServer, request: Request, route: Route, now: str) -> Object:
    """The review that was posted, with its status; `now` as the API writes it. Raises StatusError."""
    resource = route.resource
    review = schema.decode(resource, {**request.object(), "apiVersion": resource.api_version}, strict=False)
    if resource.kind in _OF_OTHERS:  # the others are for everybody, by the ClusterRole system:basic-user
        api.authorize(request.user, "create", resource, route.namespace, "")
    status = _KINDS[resource.kind](api, request, route, review)
    meta = {"creationTimestamp": now} if resource.kind == "SelfSubjectReview" else review.get("metadata", {})
    return {**review, "kind": resource.kind, "metadata": meta, "status": status}


def _self_subject(_api: APIServer, request: Request, _route: Route, _review: Object) -> Object:
    user = request.user
    info: Object = {"username": user.name, "groups": list(user.groups)}
    extra = {key: list(values) for key, values in user.extra}
    return {"userInfo": info | ({"extra": extra} if extra else {})}


def _access(api: APIServer, request: Request, route: Route, review: Object) -> Object:
    spec = review.get("spec", {})
    is_of_other = route.resource.kind in _OF_OTHERS
    causes = list(_wrong(spec, is_of_other))
    if causes:
        raise errors.invalid(route.resource, "", causes)
    user = impersonated(spec.get("user", ""), tuple(spec.get("groups", ()))) if is_of_other else request.user
    asked = spec.get("resourceAttributes")
    if asked is None:
        path = spec["nonResourceAttributes"]
        return {"allowed": api.can(Question(user, path.get("verb", ""), "", path=path.get("path", "")))}
    if route.namespace and asked.get("namespace") != route.namespace:
        raise errors.bad_request(f"spec.resourceAttributes.namespace must match namespace: {route.namespace}")
    plural = "/".join(filter(None, (asked.get("resource", ""), asked.get("subresource", ""))))
    place = (asked.get("namespace", ""), asked.get("name", ""))
    return {"allowed": api.can(Question(user, asked.get("verb", ""), plural, asked.get("group", ""), *place))}


def _wrong(spec: Object, is_of_other: bool) -> Iterator[errors.FieldError]:
    of_object, of_path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    one = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
    if of_object is None and of_path is None:
        yield errors.invalid_value("spec.resourceAttributes", None, one)
    if of_object is not None and of_path is not None:
        why = "cannot be specified in combination with resourceAttributes"
        yield errors.invalid_value("spec.nonResourceAttributes", of_path, why)
    if is_of_other and not spec.get("user") and not spec.get("groups"):
        yield errors.invalid_value("spec.user", "", "at least one of user or group must be specified")


def _rules(api: APIServer, request: Request, _route: Route, review: Object) -> Object:
    namespace = review.get("spec", {}).get("namespace", "")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    rules = api.rules(request.user, namespace)
    return {
        "incomplete": False,
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "resourceRules": [rule for rule in rules if rule.get("resources")],
    }


_KINDS: dict[str, Callable[[APIServer, Request, Route, Object], Object]] = {
    "SelfSubjectReview": _self_subject,
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SubjectAccessReview": _access,
    "LocalSubjectAccessReview": _access,
}
