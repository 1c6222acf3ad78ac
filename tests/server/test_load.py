"""Many clients at once, and some that misbehave: nobody is refused, no write is lost, memory stays.

KUBESIM_LOAD_SECONDS says for how long; 30 is the whole test, and with it the figures are printed.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests import patience
from tests.server.connections import MAPS, Client, holds, served

SECONDS = float(os.environ.get("KUBESIM_LOAD_SECONDS", "4"))
CLIENTS = 8
# The requests a second of all clients together.
RATE = 200
# How many times the computing of a request may grow from one client to several.
MOST_GROWTH = 1.5
# How often the growth is measured at most, because other work of the machine may slow down one part of it.
ROUNDS = 3
PODS = "/api/v1/namespaces/default/pods"
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0


def _resident() -> float:
    """Memory of this process in MiB; 0 where the system does not tell."""
    state = Path("/proc/self/statm")
    return int(state.read_text().split()[1]) * _PAGE / 1024 / 1024 if state.exists() else 0


class Worker(threading.Thread):
    """Sends its share of requests at a steady pace over one connection, and remembers what was acknowledged."""

    def __init__(self, client: Client, number: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._client, self._number, self._seconds = client, number, seconds
        self.kept: dict[str, str] = {}
        self.latencies: list[float] = []
        self.problems: list[str] = []

    def run(self) -> None:
        connection = self._client.connect()
        begin = time.monotonic()
        for count in range(int(self._seconds * RATE / CLIENTS)):
            due = begin + count * CLIENTS / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                self._send(connection, count)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.problems.append(repr(error))
                connection = self._client.connect()

    def _send(self, connection: http.client.HTTPSConnection, count: int) -> None:
        """In turn: make an object, change it, read a list or a table, delete an old object."""
        name = f"w{self._number}-{count // 4}"
        old = f"w{self._number}-{count // 4 - 10}"
        step = count % 4
        if step == 0:
            self._ask(connection, "POST", MAPS, {"metadata": {"name": name}, "data": {"n": "1"}})
            self.kept[name] = "1"
        elif step == 1:
            self._ask(connection, "PUT", f"{MAPS}/{name}", {"metadata": {"name": name}, "data": {"n": "2"}})
            self.kept[name] = "2"
        elif step == 2 and count % 40 == 2:
            self._ask(connection, "POST", PODS, _pod(name))
        elif step == 2 or old not in self.kept:
            self._ask(connection, "GET", PODS if count % 8 == 2 else f"{MAPS}?limit=20", None)
        else:
            self._ask(connection, "DELETE", f"{MAPS}/{old}", None)
            del self.kept[old]

    def _ask(self, connection: http.client.HTTPSConnection, method: str, path: str, body: Any) -> None:
        """Send a request, keep how long the answer took, and raise a ValueError if it is refused."""
        begin = time.monotonic()
        connection.request(method, path, body and json.dumps(body), self._client.authorization)
        answer = connection.getresponse()
        found = answer.read()
        self.latencies.append(time.monotonic() - begin)
        if answer.status >= 300:
            raise ValueError(f"{method} {path}: {answer.status} {found[:200]!r}")


def _pod(name: str) -> object:
    """A Pod whose image is private."""
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "registry.example.com/myapp:1.0"}]},
    }


class Observer(threading.Thread):
    """Watches until an object named `end…` is there, and keeps the names of the objects there are by then."""

    def __init__(self, client: Client, path: str) -> None:
        super().__init__(daemon=True)
        self._client, self._path = client, path
        self.names: set[str] = set()
        self.problems: list[str] = []

    def run(self) -> None:
        connection = self._client.connect()
        connection.request("GET", f"{self._path}?watch=1", headers=self._client.authorization)
        for line in connection.getresponse():
            event = json.loads(line)
            name = event["object"].get("metadata", {}).get("name", "")
            if name.startswith("end"):
                break
            if event["type"] in ("ADDED", "MODIFIED"):
                self.names.add(name)
            elif event["type"] == "DELETED":
                self.names.discard(name)
            else:
                self.problems.append(line.decode())
        connection.close()


class Nuisance(threading.Thread):
    """Sends garbage, half requests and long bodies until it is stopped."""

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self._client = client
        self.stop = threading.Event()

    def run(self) -> None:
        halves = [self._client.raw() for _ in range(3)]
        stalled = self._client.watch()
        for half in halves:
            half.sendall(f"POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Le".encode())
        while not self.stop.wait(0.5):
            with self._client.plain() as garbage:
                garbage.sendall(b"\xff" * 1000)
            assert self._client("POST", MAPS, b" " * 10 * 1024 * 1024)[0] == 413
            self._client.watch().close()
        for connection in (*halves, stalled):
            connection.close()


def test_many_clients_and_some_that_misbehave() -> None:
    with served(tick=0.1) as (_, server, client):
        observers = [Observer(client, path) for path in (MAPS, MAPS, PODS, "/api/v1/events")]
        nuisance = Nuisance(client)
        growth, warm = _growth(client)
        workers = [Worker(client, number, SECONDS) for number in range(CLIENTS)]
        before, begin = _resident(), time.monotonic()
        for thread in (*observers, nuisance):
            thread.start()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        took = time.monotonic() - begin
        after = _resident()
        nuisance.stop.set()
        client("POST", MAPS, {"metadata": {"name": "end"}})
        client("POST", PODS, _pod("end"))
        for _ in range(30):  # each request takes a tenth of a second, and there is an event of the Pod
            client("GET", MAPS)
        for thread in (nuisance, *observers):
            thread.join(patience.SECONDS)
        assert [problem for worker in (*warm, *workers) for problem in worker.problems] == []
        assert [problem for observer in observers for problem in observer.problems] == []
        kept = {name: value for worker in (*warm, *workers) for name, value in worker.kept.items()}
        stored = {
            item["metadata"]["name"]: item["data"]["n"]
            for item in client("GET", MAPS)[1]["items"]
            if "n" in item.get("data", {})
        }
        assert stored == kept
        assert {name for name in observers[0].names if name.startswith("w")} == set(kept)
        assert holds(lambda: not server.is_watched)
        _report(workers, took, before, after)
        assert growth < MOST_GROWTH  # without the nuisance, whose cost is by time and not by request


def _growth(client: Client) -> tuple[float, list[Worker]]:
    """The smallest that was measured, and the workers that it took."""
    growth, all_workers = float("inf"), []
    for turn in range(1, ROUNDS + 1):
        workers = [Worker(client, 100 * turn + number, 1) for number in range(CLIENTS)]
        all_workers += workers
        alone = _cost(workers[:1])
        growth = min(growth, _cost(workers[1:]) / alone)
        if growth < MOST_GROWTH:
            break
    return growth, all_workers


def _cost(workers: list[Worker]) -> float:
    """Seconds of this process's CPU for a request, that of the client included."""
    busy = time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.process_time() - busy) / sum(len(worker.latencies) for worker in workers)


def _report(workers: list[Worker], took: float, before: float, after: float) -> None:
    """Print the latencies and the memory in MiB, and assert that the memory hardly grew."""
    latencies = sorted(1000 * value for worker in workers for value in worker.latencies)
    rate, last = len(latencies) / took, quantiles(latencies, n=100)[98]
    memory = f"{before:.0f} MiB before, {after:.0f} MiB after"
    print(f"\n{rate:.0f} requests/s, p50 {median(latencies):.1f} ms, p99 {last:.1f} ms, {memory}")  # noqa: T201
    assert after - before < 100 + 2 * SECONDS
