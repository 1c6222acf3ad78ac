"""The API server of a cluster without its transport: it turns one Request into one Response or Watch.

Nothing here opens a socket, starts a thread or lets simulated time pass; see https.py.
"""

from __future__ import annotations

from kubesim.api import errors
from kubesim.api.budget import TooMuchError
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Client
from kubesim.cluster.apiserver.impersonation import check_impersonator
from kubesim.server import discovery, objects, reviews
from kubesim.server.request import Call, Request, Response, refusal, text
from kubesim.server.watch import History, Watch
from kubesim.shell.process import Process

_TOO_MUCH = errors.not_simulated("that is more work than one request may do here, and was stopped")
# Subresources of a real API server. They aren't simulated for every type that has them.
_REAL_PARTS = {"attach", "binding", "eviction", "exec", "finalize", "portforward", "proxy", "resize", "status", "token"}
# Parts of paths at which a real API server has something other than objects, and a version without types here.
_ELSEWHERE = frozenset((".well-known", "debug", "flagz", "logs", "metrics", "openid", "proxy", "statusz"))
_OLDER_VERSION = "/apis/autoscaling/v1/"


class API:
    """Answers requests to a cluster's API server. For `jumps` and `undone`, see `History`."""

    def __init__(self, cluster: Cluster, *, jumps: bool = False, undone: int = 0) -> None:
        self.cluster = cluster
        self.history = History(cluster, jumps, undone)

    def answer(self, request: Request) -> Response | Watch:
        """The response to a request, or the watch that it opens. A StatusError becomes a response."""
        response: Response | Watch
        try:
            response = self._answer(request)
        except errors.StatusError as error:
            response = refusal(error)
        except TooMuchError:
            response = refusal(_TOO_MUCH)
        if isinstance(response, Response):
            response.warnings = request.warnings
        return response

    def _answer(self, request: Request) -> Response | Watch:
        """Check impersonation, then discovery, then the verb, and answer. Raises StatusError."""
        client = self._client(request)
        check_impersonator(client.user)
        if described := discovery.answer(request.path.rstrip("/"), request.query):
            if request.is_write:
                raise errors.method_not_allowed()
            return described
        route = request.route
        if route is None:
            return _no_object(request.path)
        if not route.is_allowed:
            raise errors.method_not_allowed()
        if route.resource.kind in reviews.STATUSES and not route.subresource:
            return Response(
                reviews.answer(client, route.resource, request.object(), self.cluster.clock.timestamp()), 201
            )
        return self._of_object(Call(request, route, client, self.cluster.clock.now))

    def _client(self, request: Request) -> Client:
        return self.cluster.apiserver.as_user(request.user).for_call(request.warnings.append, request.budget)

    def _of_object(self, call: Call) -> Response | Watch:
        """The response about objects of a stored type. Raises StatusError."""
        route = call.route
        resource = route.resource
        part = route.subresource
        if not resource.readable or (route.verb == "create" and not resource.simulated):
            raise errors.not_simulated(resource.left_out)
        if route.verb == "watch":
            return Watch(self.history, call)
        reads_status = part == "status" and route.verb == "get"
        if not part or part in resource.parts or reads_status:
            return objects.answer(call)
        if part not in _REAL_PARTS:
            raise errors.no_such_path()
        raise errors.not_simulated(f"{resource.plural}/{part} is not part of this simulator")

    def execute(self, request: Request, argv: list[str], stdin: str = "") -> Process:
        """Run a command in a container. Raises StatusError and StartError."""
        route = request.route
        assert route, "the path is that of an exec"
        connection = self._client(request).exec(route.namespace, route.name, request.container)
        return connection.execute(argv, request.budget, stdin)


def _no_object(path: str) -> Response:
    """The response at a path of no object. Raises StatusError if a real API server has something there."""
    if path.startswith(_OLDER_VERSION) or not _ELSEWHERE.isdisjoint(path.split("/")):
        raise errors.not_simulated(f"{path} is not part of this simulator")
    return text("404 page not found\n", 404)
