"""Calls of the served API of a cluster, without HTTP."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from kubesim import Session
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.server import API
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch

# The path of the core API's objects in the default namespace.
CORE = "/api/v1/namespaces/default"
# The headers of a request for the columns of `kubectl get`, and of a request with a patch, by its type.
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
PATCHES = {kind: {"content-type": f"application/{kind}-patch+json"} for kind in ("json", "merge", "strategic-merge")}


def request(method: str, target: str, body: Any = b"", **headers: str) -> Request:
    """A request by the admin. `target` is a path with its query, and a body other than bytes is sent as JSON.

    `headers` have lower case names with `_` for "-". Groups of `impersonate_group` are separated by commas.
    """
    path, _, query = target.partition("?")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    groups = tuple(filter(None, named.pop("impersonate-group", "").split(",")))
    return Request(ADMIN, method, path, dict(parse_qsl(query, keep_blank_values=True)), named, raw, groups)


class Caller:
    """A session in which `lines` were run, and the API of its cluster.

    A call sends a request, and returns the code and the parsed JSON of the response, or its text.
    """

    def __init__(self, *lines: str) -> None:
        self.session = Session()
        self.cluster = self.session.cluster
        self.api = API(self.cluster)
        for line in lines:
            result = self.session.run(line)
            assert result.exit_code == 0, result.screen

    def answer(self, method: str, target: str, body: Any = b"", **headers: str) -> Response:
        """Send a request. Returns the whole response, which must not be a watch."""
        response = self.api.answer(request(method, target, body, **headers))
        assert isinstance(response, Response)
        return response

    def __call__(self, method: str, target: str, body: Any = b"", **headers: str) -> tuple[int, Any]:
        response = self.answer(method, target, body, **headers)
        is_json = response.content_type.startswith("application/json")
        return response.code, json.loads(response.body) if is_json else response.body.decode()

    def watch(self, target: str, **headers: str) -> Watch:
        """Begin a watch."""
        watch = self.api.answer(request("GET", target, **headers))
        assert isinstance(watch, Watch), watch
        return watch


def events(watch: Watch) -> list[tuple[str, str, str]]:
    """Type, object name and resourceVersion of each event that a watch has to send now."""
    told = [json.loads(line) for line in watch.lines().splitlines()]
    return [
        (event["type"], event["object"]["metadata"].get("name", ""), event["object"]["metadata"]["resourceVersion"])
        for event in told
    ]


def status(code: int, reason: str, message: str, **details: Any) -> Any:
    """The Status object of a refusal, with these fields."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }
