"""A served cluster that outlives its process: nothing that was acknowledged is lost, and no other file is harmed.

KUBESIM_KILLS says how often it is killed, and KUBESIM_WRITES in how many acknowledged writes.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import pickle
import random
import re
import subprocess
import sys
import threading
import zlib
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
from kubesim.server import API, journal
from kubesim.server.https import Server
from kubesim.server.journal import Journal, JournalError
from kubesim.server.request import Request, Response
from tests.robustness.invariants import stored
from tests.server.caller import CORE, PATCHES, Caller, request, status
from tests.server.connections import MAPS, Client
from tests.server.test_api_robustness import requests

KILLS, WRITES = int(os.environ.get("KUBESIM_KILLS", "4")), int(os.environ.get("KUBESIM_WRITES", "300"))
PROGRAM = """
import sys
from pathlib import Path
from kubesim import Session
from kubesim.server.journal import Journal
session, journal = Session(), Journal(Path(sys.argv[1]))
session.resume(journal.cluster)
server = session.serve(Path(sys.argv[2]), journal=journal)
print(journal.writes, server.port, flush=True)
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


def _make_until_it_dies(client: Client, prefix: str, made: dict[str, Any]) -> None:
    with suppress(OSError, HTTPException):
        connection = client.connect()
        for count in range(100_000):
            name = f"{prefix}-{count}"
            connection.request("POST", MAPS, json.dumps({"metadata": {"name": name}}), client.authorization)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            assert answer.status == 201
            made[name] = found["metadata"]


def _there(client: Client) -> dict[str, Any]:
    """The metadata of all maps by name."""
    found, more = {}, ""
    while True:
        status, page, _ = client("GET", f"{MAPS}?limit=2000&continue={more}")
        if status == 410:  # a Pod in back-off changed between two pages
            found, more = {}, ""
            continue
        found |= {item["metadata"]["name"]: item["metadata"] for item in page["items"]}
        more = page["metadata"].get("continue", "")
        if not more:
            return found


def test_a_server_that_is_killed_comes_back_with_all_that_it_acknowledged(tmp_path: Path) -> None:
    """Several times, at any moment, with the file compacted meanwhile."""
    made: dict[str, Any] = {}
    dice = random.Random(KILLS)
    for turn in range(KILLS):
        with _process(tmp_path) as (client, done, process):
            assert len(made) <= done <= len(made) + 5 * turn
            there = _there(client)
            assert {name: there.get(name) for name in made} == made
            if turn == 0:
                pod = client("POST", f"{CORE}/pods", {"metadata": {"name": "denied"}, "spec": PRIVATE})[1]
            enough = len(made) + dice.randint(WRITES // 4, WRITES)
            workers = [
                threading.Thread(target=_make_until_it_dies, args=(client, f"m{turn}-{number}", made))
                for number in range(4)
            ]
            for worker in workers:
                worker.start()
            while len(made) < enough:
                workers[0].join(0.005 * dice.random())
            process.kill()
            for worker in workers:
                worker.join()
    with _process(tmp_path) as (client, _, _):
        there = _there(client)
        lost = [name for name in made if there.get(name) != made[name]]
        print(f"\n{KILLS} kills, {len(made)} writes acknowledged, {len(lost)} lost")  # noqa: T201
        assert lost == []
        found = client("GET", f"{CORE}/pods/denied")[1]
        assert found["metadata"]["uid"] == pod["metadata"]["uid"]
        waiting = found["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        assert waiting in ("ErrImagePull", "ImagePullBackOff")
    state = tmp_path / "state"
    assert b'"pickled"' in state.read_bytes()
    assert state.stat().st_mode & 0o777 == 0o600


def _serve(path: Path) -> Server:
    journal = Journal(path)
    return Server(journal.cluster, journal=journal)


def _everything(cluster: Cluster) -> list[Any]:
    return [cluster.api.revision, *(obj for _, obj in stored(cluster))]


def _compact(server: Server) -> None:
    assert server._journal
    server._journal.compact(server._api)


def _check_replay(asked: list[Request], folder: Path, compact: bool = False) -> None:
    server = _serve(folder / "state")
    before = server._api.cluster
    for item in asked:
        server.answer(item)
        _compact(server) if compact else None
    server.close()
    server = _serve(folder / "state")
    server.close()
    after = server._api.cluster
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


@pytest.mark.parametrize("compact", [False, True])
def test_what_is_done_again_gives_the_same_cluster(compact: bool, tmp_path: Path) -> None:
    _check_replay(STORY, tmp_path, compact)


def test_snapshots_amid_the_writes_give_the_same_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SMALLEST", 0)
    _check_replay(STORY * 4, tmp_path)


def test_what_a_killed_server_has_left_of_a_snapshot_is_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "state"
    _journal_of_two(path)
    (tmp_path / "state.new").write_bytes(_head(None)[:50])
    assert _names(path) == ["a", "b"]
    assert [item.name for item in tmp_path.iterdir()] == ["state"]


@settings(max_examples=settings.default.max_examples // 10, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.one_of(st.sampled_from(STORY), requests), min_size=5, max_size=30), st.booleans())
def test_whatever_is_done_again_gives_the_same_cluster(asked: list[Request], compact: bool) -> None:
    with TemporaryDirectory() as folder:
        _check_replay(asked, Path(folder), compact)


def _journal_of_two(path: Path, compact: bool = False) -> bytes:
    server = _serve(path)
    for name in ("a", "b"):
        server.answer(request("POST", MAPS, {"metadata": {"name": name}}))
        _compact(server) if compact else None
    server.close()
    return path.read_bytes()


def _names(path: Path) -> list[str]:
    call = Caller()
    journal = Journal(path)
    call.session.resume(journal.cluster)
    call.api = API(call.session.cluster)
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


DAMAGE = [b"", b"{", b"{}", b"[]", b'{"at": "x", "body": ""}', b"\xff\xfe", b"[" * 100_000, b"1 00000000"]


@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_line_in_the_middle_is_named(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state"
    header, _, second = _journal_of_two(path).splitlines(keepends=True)
    content = header + damage + b"\n" + second
    path.write_bytes(content)
    with pytest.raises(JournalError) as refused:
        Journal(path)
    why = "is not of a journal that kubesim wrote, or the line before it is missing"
    assert str(refused.value) == f"{path}: line 2 {why}"
    assert path.read_bytes() == content


def test_a_missing_line_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "state"
    header, _, second = _journal_of_two(path).splitlines(keepends=True)
    path.write_bytes(header + second)
    with pytest.raises(JournalError, match=r"line 2 is not .*, or the line before it is missing"):
        Journal(path)


def _sealed(*lines: bytes) -> bytes:
    """A journal of any lines, with their checksums."""
    found, check = b"", 0
    for line in lines:
        check = zlib.crc32(line, check)
        found += b"%s %08x\n" % (line, check)
    return found


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def _head(state: object) -> bytes:
    return json.dumps({"kubesim": "journal", "version": 2, "boot": "2026-11-24", "writes": 0, "state": state}).encode()


def _snapshot(content: object) -> dict[str, str]:
    pickled = base64.b64encode(zlib.compress(pickle.dumps(content))).decode()
    return {"code": journal._code(), "pickled": pickled}


FORGED = [
    b'{"kubesim": "journal", "version": 2, "boot": 1}',
    b'{"kubesim": "journal", "version": 2, ' + b"[" * 100_000,
    *map(_head, (1, [], {}, {"code": journal._code()}, {"code": journal._code(), "pickled": "x"})),
    *map(_head, map(_snapshot, (1, Evil(), Path("x"), Session, print))),
]


@pytest.mark.parametrize("head", FORGED, ids=range(len(FORGED)))
def test_a_forged_snapshot_is_refused_and_runs_nothing(
    head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "state"
    path.write_bytes(_sealed(head))
    with pytest.raises(JournalError, match=re.escape(str(path))):
        Journal(path)
    assert list(tmp_path.iterdir()) == [path]


def test_forged_writes_do_no_harm(tmp_path: Path) -> None:
    lines = [b"[]", b"1", b"null", b'{"at": 1e999}', b'{"at": "x"}', b'{"failed": true}', b'{"failed": true}']
    path = tmp_path / "state"
    path.write_bytes(_sealed(_head(None), *lines))
    assert _names(path) == []


def test_a_snapshot_of_other_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    _journal_of_two(path, compact=True)
    monkeypatch.setattr(journal, "_code", lambda: "other")
    with pytest.raises(JournalError, match="written by another version of kubesim, which alone can read it"):
        Journal(path)


def test_the_file_stays_small_while_writes_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "state"
    server = _serve(path)
    sizes = []
    for count in range(1500):
        server.answer(request("POST", MAPS, {"metadata": {"name": f"m{count}"}}))
        server.answer(request("DELETE", f"{MAPS}/m{count}"))
        sizes.append(path.stat().st_size)
    server.answer(request("POST", MAPS, {"metadata": {"name": "z"}}))
    _compact(server)
    server.close()
    state = path.stat().st_size
    assert max(sizes) < state + journal.SMALLEST + 2000
    assert _names(path) == ["z"]
    assert Journal(path).writes == 3001
    assert sorted(item.name for item in tmp_path.iterdir()) == ["state"]


def _full(_file: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_that_cannot_be_compacted_still_has_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "fsync", _full)
    path = tmp_path / "state"
    _journal_of_two(path, compact=True)
    assert caplog.messages == [f"{path} could not be compacted: [Errno 28] No space left on device"] * 2
    assert _names(path) == ["a", "b"]


def test_a_write_that_failed_is_not_repeated_and_what_it_did_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state"
    server = _serve(path)
    answer = server._api.answer

    def fail(asked: Request) -> Any:
        answer(asked)
        raise RecursionError

    with monkeypatch.context() as patched:
        patched.setattr(server._api, "answer", fail)
        with pytest.raises(RecursionError):
            server.answer(request("POST", MAPS, {"metadata": {"name": "a"}}))
        patched.setattr(os, "fsync", _full)  # and there is no snapshot
        with pytest.raises(RecursionError):
            server.answer(request("POST", MAPS, {"metadata": {"name": "b"}}))
    server.close()
    assert _names(path) == ["a"]
    assert Journal(path).writes == 0


DIES = """
import os, sys
from pathlib import Path
from kubesim.server import journal
journal._repeat = lambda api, entry: os._exit(7)
journal.Journal(Path(sys.argv[1]))
"""


def test_a_write_that_kills_the_process_is_repeated_once(tmp_path: Path) -> None:
    path = tmp_path / "state"
    whole = _journal_of_two(path)
    header, first, _ = whole.splitlines(keepends=True)
    path.write_bytes(header + first)
    assert _names(path) == ["a"]
    assert path.read_bytes() == header + first
    assert subprocess.run([sys.executable, "-c", DIES, str(path)], check=False).returncode == 7
    assert _names(path) == []
    assert Journal(path).writes == 0


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
    server = _serve(path)
    before = path.read_bytes()
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:10]))
        refused = server.answer(request("POST", MAPS, {"metadata": {"name": "a"}}))
    assert isinstance(refused, Response)
    why = f"Internal error occurred: kubesim: {path}: No space left on device"
    assert (refused.code, refused.content) == (500, status(500, "InternalError", why) | {"details": {}})
    assert path.read_bytes() == before
    server.answer(request("POST", MAPS, {"metadata": {"name": "b"}}))
    server.close()
    assert _names(path) == ["b"]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"No such file"):
        Journal(tmp_path / "none" / "state")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(JournalError) as refused:
            Journal(path)
        assert str(refused.value) == f"{path}: not a regular file"


def test_a_file_that_is_there_becomes_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(_journal_of_two(tmp_path / "other"))
    path.chmod(0o644)
    assert _names(path) == ["a", "b"]
    assert path.stat().st_mode & 0o777 == 0o600
