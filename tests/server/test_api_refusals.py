"""Each kind of refused request is answered with a whole Status, and changes nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kubesim.api import load_yaml
from tests.server.caller import CORE, Caller, status
from tests.server.test_api_writes import MAP, MAPS, SHOP, WORLD

PLACES = {"CORE": CORE, "MAPS": MAPS, "SHOP": SHOP, "REVIEWS": "/apis/authorization.k8s.io/v1"}
ROWS: list[dict[str, Any]] = load_yaml(Path(__file__).with_name("refusals.yaml"))
DEEP = {
    "request": "POST MAPS",
    "raw": '{"a":' * 200 + "1" + "}" * 200,
    "answer": "501 NotImplemented kubesim: a body of more than 30000 values, or of more than 100 one in the other, is "
    "not part of this simulator",
}

TOO_MUCH = "501 NotImplemented kubesim: that is more work than one request may do here, and was stopped"
ADDED = [{"op": "add", "path": f"/data/k{number}", "value": "v"} for number in range(5_000)]
WORK: list[dict[str, Any]] = [
    {"request": "POST MAPS", "body": {"metadata": {"name": "n"}, "data": {f"k{n}": "v" for n in range(25_000)}}},
    {"request": "PATCH MAPS/a", "body": ADDED, "media": "application/json-patch+json"},
    {"request": "GET CORE/pods?labelSelector=" + "a%2c" * 30_000},
    {"request": "GET CORE/pods?watch=1&fieldSelector=" + "metadata.name=b," * 4_000},
]
MANY = {
    "request": "POST CORE/pods",
    "body": {
        "metadata": {"name": "many"},
        "spec": {"containers": [{"name": f"c{number}", "image": "nginx"} for number in range(201)]},
    },
    "answer": '403 Forbidden pods "many" is forbidden: kubesim runs at most 200 containers in a Pod',
    "details": {"name": "many", "kind": "pods"},
}


@pytest.fixture(scope="module")
def world() -> Caller:
    """A cluster to which every request of this file is sent, because each is refused."""
    return Caller(*WORLD)


def _headers(row: dict[str, Any]) -> dict[str, str]:
    """The headers of a row's request, those with keys of their own included."""
    named = {"content-type": row.get("media"), "impersonate-user": row.get("as")}
    return {name: value for name, value in named.items() if value} | row.get("headers", {})


@pytest.mark.parametrize(
    "row", [*ROWS, DEEP, MANY, *({**row, "answer": TOO_MUCH} for row in WORK)], ids=lambda row: row["request"][:60]
)
def test_a_request_is_refused(row: dict[str, Any], world: Caller) -> None:
    method, _, target = row["request"].partition(" ")
    target = re.sub(r"^[A-Z]+", lambda word: PLACES[word[0]], target)
    body = row.get("raw", "").encode("latin-1") if "body" not in row else MAP if row["body"] == "MAP" else row["body"]
    code, reason, message = row["answer"].split(" ", 2)
    before = world.cluster.api.revision
    wanted = status(int(code), reason, message, **row.get("details", {}))
    assert world(method, target, body, **_headers(row)) == (int(code), wanted)
    assert world.cluster.api.revision == before
