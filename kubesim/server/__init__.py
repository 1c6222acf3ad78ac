"""The API of a cluster: from one request to its answer. Here, no transport, no time of its own, no threads.

Reviews mirror kubernetes pkg/registry/{authentication,authorization} and pkg/apis/authorization/validation, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from kubesim.api import decoding, errors
from kubesim.api.budget import TooMuchError
from kubesim.api.objects import Object
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.apiserver.authorization import Request as Question
from kubesim.cluster.apiserver.authorization import User
from kubesim.cluster.apiserver.authorization import request as question
from kubesim.server import discovery
from kubesim.server.objects import Objects
from kubesim.server.request import Request, Response, Route, status_of, text
from kubesim.server.watch import History, Watch
from kubesim.shell.container import Process

_TOO_MUCH = errors.not_simulated("that is more work than one request may do here, and was stopped")
# Subresources that a real API server has, and that are not simulated for all that have them.
_PARTS = {"attach", "binding", "exec", "finalize", "portforward", "proxy", "resize", "status"}
# Words in the paths of what a real API server answers besides objects.
_ELSEWHERE = {"/apis/autoscaling/v1", ".well-known", "debug", "flagz", "logs", "metrics", "openid", "proxy", "statusz"}


class API:
    """Answers requests to one cluster's API server."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._api = cluster.api
        self._objects = Objects(cluster.api, cluster.clock)
        self.history = History(cluster)

    def answer(self, request: Request) -> Response | Watch:
        """What to send; a refusal is an answer, too."""
        found: Response | Watch
        try:
            found = self._answer(request)
        except errors.StatusError as error:
            found = Response(status_of(error), error.code)
        except TooMuchError:
            found = Response(status_of(_TOO_MUCH), _TOO_MUCH.code)
        if isinstance(found, Response):
            found.warnings = request.warnings
        return found

    def _answer(self, request: Request) -> Response | Watch:
        self._check_impersonation(request)
        described = discovery.answer(request.path.rstrip("/"), request.query)
        if described and request.is_write:
            raise errors.method_not_allowed()
        if described:
            return described
        route = request.route
        if route is None and _ELSEWHERE & {*request.path.split("/"), request.path.rpartition("/namespaces/")[0]}:
            raise errors.not_simulated(f"{request.path} is not part of this simulator")
        if route is None:
            return text("404 page not found\n", 404)
        if not route.is_allowed:
            raise errors.method_not_allowed()
        if route.resource.kind in _REVIEWS and not route.subresource:
            return self._review(request, route)
        return self._of_object(request, route)

    def _check_impersonation(self, request: Request) -> None:
        """Refuse, before anything else, what somebody asks for who may not speak for the user of the request."""
        user, route = request.user, request.route
        asked = Question(user, request.method.lower(), "", path=request.path)
        if route:
            asked = question(user, route.verb, route.resource, route.namespace, route.name, route.subresource)
        self._api.check_impersonation(asked)

    def _of_object(self, request: Request, route: Route) -> Response | Watch:
        resource = route.resource
        if not resource.readable or (route.verb == "create" and not resource.simulated):
            raise errors.not_simulated(resource.left_out)
        request.warnings.extend([resource.warning] if resource.warning else [])
        part = route.subresource
        if route.verb == "watch":
            return Watch(self.history, request, route)
        if not part or part in resource.parts or (part, route.verb) == ("status", "get"):
            return self._objects.answer(request, route)
        if part not in _PARTS:
            return text("404 page not found\n", 404)
        if part == "attach":
            self._objects.hang_up(request, route)
        raise errors.not_simulated(f"{resource.plural}/{part} is not part of this simulator")

    def execute(self, request: Request, argv: list[str], stdin: str = "") -> Process:
        assert request.route, "the path is that of an exec"
        return self._objects.execute(request, request.route, argv, stdin)

    def _review(self, request: Request, route: Route) -> Response:
        resource, kind = route.resource, route.resource.kind
        review = decoding.decode(resource, {**request.object(), "apiVersion": resource.api_version}, strict=False)
        status = _REVIEWS[kind](self._api, request, route, review)  # for all, by the ClusterRole system:basic-user
        meta = review.get("metadata", {})
        if kind == "SelfSubjectReview":
            meta = {"creationTimestamp": self.cluster.clock.timestamp()}
        return Response({**review, "kind": kind, "metadata": meta, "status": status}, 201)


def _self_subject(_api: APIServer, request: Request, _route: Route, _review: Object) -> Object:
    user = request.user
    info: Object = {"username": user.name, "groups": list(user.groups)}
    extra = {key: list(values) for key, values in user.extra}
    return {"userInfo": info | ({"extra": extra} if extra else {})}


def _access(api: APIServer, request: Request, route: Route, review: Object) -> Object:
    spec, user = review.get("spec", {}), request.user
    asked, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (asked is None) is (path is None):
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = errors.invalid_value("spec.resourceAttributes", asked, why)
        raise errors.invalid(route.resource, "", [cause])
    if path is not None:
        return {"allowed": api.can(Question(user, path.get("verb", ""), "", path=path.get("path", "")))}
    plural = "/".join(filter(None, (asked.get("resource", ""), asked.get("subresource", ""))))
    place = (asked.get("namespace", ""), asked.get("name", ""))
    return {"allowed": api.can(Question(user, asked.get("verb", ""), plural, asked.get("group", ""), *place))}


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


_REVIEWS: dict[str, Callable[[APIServer, Request, Route, Object], Object]] = {
    "SelfSubjectReview": _self_subject,
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
}


def read(cluster: Cluster, url: str, user: User) -> str:
    """What a GET of `url` answers to a user. Raises StatusError, TooMuchError."""
    at = urlsplit(url)
    api = API(cluster)
    query = dict(parse_qsl(at.query, keep_blank_values=True))
    request = Request(user, "GET", unquote(at.path), query, {"accept": "application/json"})
    try:
        answer = api._answer(request)
    finally:
        api.history.close()
    if isinstance(answer, Watch):
        raise errors.not_simulated("watching without a server is not part of this simulator")
    if answer.code == 404:
        raise errors.StatusError(404, "NotFound", "the server could not find the requested resource")
    return answer.body.decode()
