"""A served cluster that outlives its process: nothing that was acknowledged is lost, and no other file is harmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubesim import Session
from kubesim.cluster import Cluster
from kubesim.server.https import Server
from kubesim.server.journal import Journal, JournalError
from kubesim.server.request import Request
from tests.robustness.invariants import stored
from tests.server.caller import CORE, PATCHES, Caller, request
from tests.server.connections import MAPS, Client
from tests.server.test_api_robustness import requests

PROGRAM = """
import sys
from pathlib import Path
from kubesim import Session
from kubesim.server.journal import Journal
session, journal = Session(), Journal(Path(sys.argv[1]))
done = journal.replay(session.cluster)
server = session.serve(Path(sys.argv[2]), journal=journal)
print(done, server.port, flush=True)
sys.stdin.read()
"""
PRIVATE = {"containers": [{"name": "c", "image": "registry.example.com/myapp:1.0"}]}


@contextmanager
def _process(folder: Path) -> Iterator[tuple[Client, int, subprocess.Popen[str]]]:
    """A process that serves with a journal; how many writes it did again."""
    command = [sys.executable, "-c", PROGRAM, str(folder / "state"), str(folder / "config")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=environment)
    assert process.stdout
    try:
        done, port = process.stdout.readline().split()
        yield Client(folder / "config", int(port)), int(done), process
    finally:
        process.kill()
        process.communicate()


def _make_until_it_dies(client: Client, number: int, made: dict[str, Any]) -> None:
    with suppress(OSError, HTTPException):
        connection = client.connect()
        for count in range(100_000):
            name = f"m{number}-{count}"
            connection.request("POST", MAPS, json.dumps({"metadata": {"name": name}}), client.authorization)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            assert answer.status == 201
            made[name] = found["metadata"]


def test_a_server_that_is_killed_comes_back_with_all_that_it_acknowledged(tmp_path: Path) -> None:
    made: dict[str, Any] = {}
    with _process(tmp_path) as (client, done, process):
        assert done == 0
        pod = client("POST", f"{CORE}/pods", {"metadata": {"name": "denied"}, "spec": PRIVATE})[1]
        workers = [threading.Thread(target=_make_until_it_dies, args=(client, number, made)) for number in range(4)]
        for worker in workers:
            worker.start()
        while len(made) < 200:
            workers[0].join(0.01)
        process.kill()
        for worker in workers:
            worker.join()
    with _process(tmp_path) as (client, done, _):
        assert len(made) + 1 <= done <= len(made) + 5
        there = {item["metadata"]["name"]: item["metadata"] for item in client("GET", MAPS)[1]["items"]}
        assert {name: there.get(name) for name in made} == made
        found = client("GET", f"{CORE}/pods/denied")[1]
        assert found["metadata"]["uid"] == pod["metadata"]["uid"]
        waiting = found["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        assert waiting in ("ErrImagePull", "ImagePullBackOff")
    state = tmp_path / "state"
    assert state.stat().st_mode & 0o777 == 0o600


def _serve(cluster: Cluster, path: Path) -> Server:
    journal = Journal(path)
    journal.replay(cluster)
    return Server(cluster, journal=journal)


def _everything(cluster: Cluster) -> list[Any]:
    return [cluster.api.revision, *(obj for _, obj in stored(cluster))]


def _check_replay(asked: list[Request], folder: Path) -> None:
    before, after = Session().cluster, Session().cluster
    server = _serve(before, folder / "state")
    for item in asked:
        server._answer(item)
    server.close()
    _serve(after, folder / "state").close()
    after.advance((before.clock.now - after.clock.now) / 1_000_000)
    assert after.clock.now == before.clock.now
    for seconds in (0, 3, 600):
        before.advance(seconds)
        after.advance(seconds)
        assert _everything(after) == _everything(before)


SHOP = {
    "metadata": {"name": "shop"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": PRIVATE},
    },
}
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
STORY = [
    request("POST", f"{CORE}/pods", {"metadata": {"generateName": "p-"}, "spec": PRIVATE}),
    request("GET", f"{CORE}/pods"),
    request("POST", f"{MAPS}?dryRun=All", {"metadata": {"generateName": "m-"}}),
    request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}),
    *[request("GET", f"{CORE}/events") for _ in range(40)],
    request("POST", DEPLOYMENTS, SHOP),
    *[request("HEAD", "/api/v1/pods") for _ in range(7)],
    request("POST", MAPS, {"metadata": {"name": "A"}}),
    request("POST", MAPS, {"metadata": {"name": "m"}}, **{"impersonate-user": "jane"}),
    request(
        "POST", MAPS, {"metadata": {"name": "n"}}, **{"impersonate-user": "jane", "impersonate-group": "system:masters"}
    ),
    request("POST", MAPS, {"metadata": {"name": "o"}}, **{"impersonate-uid": "1"}),
    request("PATCH", f"{DEPLOYMENTS}/shop", {"spec": {"replicas": 3}}, **PATCHES["merge"]),
    request("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}}),
    *[request("GET", "/api/v1/pods?watch=1") for _ in range(3)],
    request("DELETE", DEPLOYMENTS, {"propagationPolicy": "Foreground"}),
    request(
        "PATCH", f"{CORE}/serviceaccounts/default", {"imagePullSecrets": [{"name": "x"}]}, **PATCHES["strategic-merge"]
    ),
    request("POST", f"{CORE}/pods", {"metadata": {"generateName": "p-"}, "spec": PRIVATE}),
    *[request("GET", f"{CORE}/pods") for _ in range(200)],
    request("POST", MAPS, b"\xff"),
]


def test_what_is_done_again_gives_the_same_cluster(tmp_path: Path) -> None:
    _check_replay(STORY, tmp_path)


@settings(max_examples=settings.default.max_examples // 10, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.one_of(st.sampled_from(STORY), requests), min_size=5, max_size=30))
def test_whatever_is_done_again_gives_the_same_cluster(asked: list[Request]) -> None:
    with TemporaryDirectory() as folder:
        _check_replay(asked, Path(folder))


def _journal_of_two(path: Path) -> bytes:
    server = _serve(Cluster(), path)
    for name in ("a", "b"):
        server._answer(request("POST", MAPS, {"metadata": {"name": name}}))
    server.close()
    return path.read_bytes()


def _names(path: Path) -> list[str]:
    call = Caller()
    journal = Journal(path)
    journal.replay(call.cluster)
    journal.close()
    names = [item["metadata"]["name"] for item in call("GET", MAPS)[1]["items"]]
    return [name for name in names if len(name) == 1]


def test_a_line_that_was_cut_short_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "state"
    whole = _journal_of_two(path)
    header, first, second = whole.splitlines(keepends=True)
    for cut in (1, len(second) // 2, len(second) - 1):
        path.write_bytes(header + first + second[:cut])
        assert _names(path) == ["a"]
        assert path.read_bytes() == header + first
    for cut in (0, 1, len(header) - 1):
        path.write_bytes(header[:cut])
        assert _names(path) == []
        assert path.read_bytes() == header


FOREIGN = [b"apiVersion: v1\n", b"no line", b"{}\n", b'{"kubesim": "journal", "version": 2}\n', b"\0" * 100, b"\xff\n"]


@pytest.mark.parametrize("content", FOREIGN)
def test_another_file_is_refused_and_not_touched(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"a journal that kubesim wrote"):
        Journal(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b"[]", b'{"at": "x", "body": ""}', b"\xff\xfe"])
def test_a_damaged_line_in_the_middle_is_named(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state"
    header, _, second = _journal_of_two(path).splitlines(keepends=True)
    content = header + damage + b"\n" + second
    path.write_bytes(content)
    with pytest.raises(JournalError) as refused:
        Journal(path)
    assert str(refused.value) == f"{path}: line 2 is not of a journal that kubesim wrote"
    assert path.read_bytes() == content


def test_one_file_is_for_one_server(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "state"
    first = Journal(path)
    with pytest.raises(JournalError) as refused:
        Journal(path)
    assert str(refused.value) == f"{path}: another server keeps its changes there"
    first.close()
    first.close()
    Journal(path).close()


def test_a_write_for_which_there_is_no_room_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    server = _serve(Cluster(), path)
    before = path.read_bytes()
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:10]))
        with pytest.raises(OSError, match="no room"):
            server._answer(request("POST", MAPS, {"metadata": {"name": "a"}}))
    assert path.read_bytes() == before
    server._answer(request("POST", MAPS, {"metadata": {"name": "b"}}))
    server.close()
    assert _names(path) == ["b"]


def test_a_folder_or_a_place_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "state"):
        with pytest.raises(OSError, match=r"."):
            Journal(path)
