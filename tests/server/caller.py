"""Somebody who asks the API of a cluster, without any transport in between."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from kubesim import Session
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.server import API
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch

CORE = "/api/v1/namespaces/default"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
PATCHES = {kind: {"content-type": f"application/{kind}-patch+json"} for kind in ("json", "merge", "strategic-merge")}


def request(method: str, target: str, body: Any = b"", **headers: str) -> Request:
    """`target` is a path with its query; a body that is no bytes is sent as JSON; `_` in a header stands for "-"."""
    path, _, query = target.partition("?")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    groups = tuple(filter(None, named.pop("impersonate-group", "").split(",")))
    return Request(ADMIN, method, path, dict(parse_qsl(query, keep_blank_values=True)), named, raw, groups)


class Caller:
    """A cluster with its API; calling it sends a request and returns the code and the JSON of the answer."""

    def __init__(self, *lines: str) -> None:
        self.session = Session()
        self.cluster = self.session.cluster
        self.api = API(self.cluster)
        for line in lines:
            result = self.session.run(line)
            assert result.exit_code == 0, result.screen

    def answer(self, method: str, target: str, body: Any = b"", **headers: str) -> Response:
        response = self.api.answer(request(method, target, body, **headers))
        assert isinstance(response, Response)
        return response

    def __call__(self, method: str, target: str, body: Any = b"", **headers: str) -> tuple[int, Any]:
        response = self.answer(method, target, body, **headers)
        is_json = response.content_type.startswith("application/json")
        return response.code, json.loads(response.body) if is_json else response.body.decode()

    def watch(self, target: str, **headers: str) -> Watch:
        watch = self.api.answer(request("GET", target, **headers))
        assert isinstance(watch, Watch), watch
        return watch


def events(watch: Watch) -> list[tuple[str, str, str]]:
    """What a watch has to tell: type, name and resourceVersion of each event."""
    told = [json.loads(line) for line in watch.lines().splitlines()]
    return [
        (event["type"], event["object"]["metadata"].get("name", ""), event["object"]["metadata"]["resourceVersion"])
        for event in told
    ]


def status(code: int, reason: str, message: str, **details: Any) -> Any:
    """The Status of a refusal."""
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
