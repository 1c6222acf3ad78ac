"""From one request to its answer: discovery, reviews, objects. No transport, no time of its own, no threads."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from kubesim.api import errors
from kubesim.api.process import Process
from kubesim.api.resources import SERVICE_ACCOUNT
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.tokens import create_token
from kubesim.server import discovery, openapi, reviews, scale
from kubesim.server.objects import Objects
from kubesim.server.representation import status_of
from kubesim.server.request import Request, Response, text
from kubesim.server.routes import Route, parse
from kubesim.server.watch import History, Watch

_HEALTH = ("/healthz", "/livez", "/readyz")
_OPENAPI = "/openapi/v3"
# kubectl asks for version 2 only where version 3 does not know a type, and then for nothing but to see that this one
# does not either: field 1 of a document in protobuf, swagger, and no types.
_OPENAPI_V2 = "\x0a\x032.0"
# Subresources that a real API server has.
_PARTS = ("attach", "binding", "ephemeralcontainers", "eviction", "exec", "finalize", "portforward", "proxy", "resize")
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class API:
    """Answers requests to one cluster's API server."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._api = cluster.api
        self._objects = Objects(cluster.api, cluster.clock)
        self.history = History(cluster)

    def answer(self, request: Request) -> Response | Watch:
        """What to send; a refusal is an answer, too."""
        try:
            found = self._answer(request)
        except errors.StatusError as error:
            found = Response(status_of(error), error.code)
        if isinstance(found, Response):
            found.warnings = request.warnings
        return found

    def _answer(self, request: Request) -> Response | Watch:
        described = _description(request)
        if described:
            return described
        route = parse(request.method, request.path, request.query)
        if route is None:
            return text("404 page not found\n", 404)
        if not route.is_allowed:
            raise errors.method_not_allowed()
        if reviews.is_review(route):
            return Response(reviews.answer(self._api, request, route, self.cluster.clock.timestamp()), 201)
        return self._of_object(request, route)

    def _of_object(self, request: Request, route: Route) -> Response | Watch:
        resource = route.resource
        if not resource.readable or (route.verb == "create" and not resource.simulated):
            raise errors.not_simulated(f"objects of type {resource.qualified} are not part of this simulator")
        if route.subresource:
            return self._of_part(request, route)
        if route.verb == "watch":
            return Watch(self.history, request, route)
        return self._objects.answer(request, route)

    def execute(self, request: Request, argv: list[str]) -> Process:
        """Run a command in a container. Raises StatusError and StartError."""
        route = parse(request.method, request.path, request.query)
        assert route, "the path is that of an exec"
        return self._objects.execute(request, route, argv)

    def _of_part(self, request: Request, route: Route) -> Response:
        part = route.subresource
        if part == "scale" and part in route.resource.parts:
            return scale.answer(self._api, request, route)
        if part == "log" and part in route.resource.parts:
            return self._logs(request, route)
        if part == "token" and route.resource is SERVICE_ACCOUNT:
            return self._token(request, route)
        if part == "status" and route.verb == "get":
            return self._objects.answer(request, route)
        if part not in (*_PARTS, "status", "token"):
            return text("404 page not found\n", 404)
        raise errors.not_simulated(f"{route.resource.plural}/{part} is not part of this simulator")

    def _token(self, request: Request, route: Route) -> Response:
        if route.verb != "create":
            raise errors.method_not_allowed()
        spec = request.object().get("spec") or {}
        now = self.cluster.clock.now
        return Response(create_token(self._api, route.namespace, route.name, spec, now, user=request.user), 201)

    def _logs(self, request: Request, route: Route) -> Response:
        if route.verb != "get":
            raise errors.method_not_allowed()
        return self._objects.logs(request, route)


def read(cluster: Cluster, url: str, user: str = "", groups: tuple[str, ...] = ()) -> str:
    """What a GET of `url` answers, asked by the administrator or as `user` of `groups`. Raises StatusError."""
    at = urlsplit(url)
    api = API(cluster)
    headers = {"accept": "application/json", "impersonate-user": user}
    request = Request("GET", unquote(at.path), dict(parse_qsl(at.query)), headers, impersonated_groups=groups)
    try:
        answer = api.answer(request)
    finally:
        api.history.close()
    if isinstance(answer, Watch):
        raise errors.not_simulated("watching without a server is not part of this simulator")
    if answer.code >= 400:
        raise _refusal(answer)
    return answer.body.decode()


def _refusal(answer: Response) -> errors.StatusError:
    if isinstance(answer.content, str):
        return errors.StatusError(answer.code, "NotFound", "the server could not find the requested resource")
    return errors.StatusError(answer.code, answer.content["reason"], answer.content["message"])


def _description(request: Request) -> Response | None:
    """What the server says of itself, if that is asked for."""
    found = _document(request.path.rstrip("/"), request.headers.get("accept", ""))
    if found and request.method not in ("GET", "HEAD"):
        raise errors.method_not_allowed()
    return found


def _document(path: str, accept: str) -> Response | None:
    if path == "/version":
        return Response(discovery.version())
    if path in _HEALTH:
        return text("ok")
    if path == _OPENAPI:
        return Response(openapi.v3_index())
    if path == "/openapi/v2":
        return Response(_OPENAPI_V2, content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
    if path.startswith(_OPENAPI + "/"):
        document = openapi.v3(path.removeprefix(_OPENAPI + "/"))
        return Response(document) if document else None
    found = discovery.document(path, accept)
    if found is None:
        return None
    is_aggregated = found["kind"] == "APIGroupDiscoveryList"
    return Response(found, content_type=_AGGREGATED if is_aggregated else "application/json")
