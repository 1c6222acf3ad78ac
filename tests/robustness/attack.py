"""Extreme inputs, each of which may take 300 MB and one second of a quiet machine's CPU (`make attack`).

    python -m tests.robustness.attack [SECONDS [SEED [LEAST]]] [CLASS ...]     (600, 1, 1) prints a table

It tries inputs for SECONDS, and until it has tried LEAST inputs of each CLASS, by default of every class of growth.py.

An input ends well if it's "answered", in time and without a traceback; "left out" because it isn't simulated; or
"refused" as too much work. A process tries up to BATCH inputs in one cluster. If an input ends the process, a new one
tries the next.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import resource
import signal
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.budget import TooMuchError
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.lessons import record
from kubesim.server import API
from kubesim.server.https import Server
from kubesim.server.request import Request
from kubesim.server.watch import Watch
from kubesim.session.history import History
from kubesim.why.export import explain_as_text
from kubesim.why.read.load import ExportError
from tests.patience import slowness

from .growth import CLASSES, FILE, HIDDEN, Case

# Bytes of memory, and seconds of a quiet machine's CPU, that an input may take.
MEMORY, SECONDS = 300 * 2**20, 1.0
# Seconds of this machine's CPU, which may be busy, after which an input, or a line of several, is stopped.
LONGEST = 20 * SECONDS
# Inputs of one process.
BATCH = 20
# The refusal of too much work, and a part of the refusal of something that isn't simulated.
REFUSAL = str(TooMuchError())
LEFT_OUT = "is not part of this simulator"
# The ends that are no mistakes.
GOOD = ("answered", "left out", "refused")
# Lines that fill the cluster, and load the modules that inputs use.
WORLD = """\
kubectl run web --image=nginx --labels=app=web; kubectl run other --image=busybox
kubectl create configmap settings --from-literal=color=blue
kubectl create deployment shop --image=nginx --replicas=30
sleep 20; touch a b 'c d'; mkdir e
kubectl get pods -o yaml; kubectl get pods -o go-template=a; kubectl patch pod web -p {}; kubectl explain pod
echo a | grep a | sed s/a/b/ | sort | tr a b; kubectl exec web -- true; why web
"""


# The content of the Secret that no output may have, as it is and in base64.
_HIDDEN = (HIDDEN, base64.b64encode(HIDDEN.encode()).decode())


class Outcome(NamedTuple):
    """The end of an input: one of GOOD, or a description of the mistake; with seconds of CPU and bytes of memory."""

    end: str
    seconds: float
    memory: int


def _size(name: str) -> int:
    """A size of this process in bytes, by its name in /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [size] = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(size) * 1024


def _used() -> float:
    """Seconds of CPU of all ended children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _quiet_seconds(began: float) -> float:
    """Seconds of CPU of this process since `began`. More than SECONDS are converted to those of a quiet machine."""
    seconds = time.process_time() - began
    return seconds / slowness() if seconds > SECONDS else seconds


def _one_by_one(lines: Sequence[str], type_line: Callable[[str], str]) -> str:
    """Run lines, each with its own budget of work and of SECONDS. Returns the worst end."""
    ends = set()
    for line in lines:
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        end = type_line(line)
        seconds = _quiet_seconds(began)
        if end not in GOOD or seconds > SECONDS:
            return f"{end} after {seconds:.1f} s: {line}"
        ends.add(end)
    return next((end for end in GOOD[::-1] if end in ends), "answered")


def _typed(session: Session, case: Case) -> str:
    """Run the case's line. Returns the end."""
    if case.text:
        session.write_file(FILE, case.text)
    result = session.run(case.line)
    if "Traceback" in result.screen:
        return "traceback"
    if case.door == "lines" and any(word in result.screen for word in _HIDDEN):
        return "a Secret was read"
    if REFUSAL not in result.stderr:
        return "left out" if LEFT_OUT in result.stderr else "answered"
    is_one_command = not set("\n;|&").intersection(case.line)
    if is_one_command and result.exit_code != 1:
        return "refused with another status"
    return "refused"


def _typed_one_by_one(session: Session, case: Case) -> str:
    """Run the case's lines one after the other. Returns the end."""
    return _one_by_one(case.line.splitlines(), lambda line: _typed(session, Case(line, door=case.door)))


def _lived(session: Session, case: Case) -> str:
    """Run the case's lines as steps of a history, with undo, redo and views of the past. Returns the end.

    The cluster is restored afterwards.
    """
    history = History(session)
    begin = session.cluster.copy()

    def live(line: str) -> str:
        if line == "%past":
            history.cluster_at((history.oldest.moment + history.now) // 2)
        else:
            with history.step(line):
                return _typed(session, Case(line, door=case.door))
        return "answered"

    try:
        return _one_by_one(case.line.split("\0"), live)
    finally:
        history.restart()
        session.resume(begin)


def _sent(session: Session, case: Case) -> str:
    """Send the request "METHOD PATH CONTENT-TYPE" with the case's text to the served API. Returns the end."""
    method, asked = case.line.split(" ", 1)
    target, kind = asked.rsplit(" ", 1)
    path, _, query = target.partition("?")
    pairs = dict([query.partition("=")[::2]]) if query else {}
    where, body = f"/api/v1/namespaces/default/{path}", case.text.encode("utf-8", "replace")
    api = API(session.cluster)
    try:
        answer = api.answer(Request(ADMIN, method, where, pairs, {"content-type": kind}, body))
    finally:
        api.history.close()
    if isinstance(answer, Watch):
        return "answered" if answer.lines() is not None else ""
    json.dumps(answer.content)
    session.cluster.advance(0.1)
    if answer.code in (500, 503):
        return f"answered with {answer.code}"
    return "refused" if answer.code == 501 else "answered"


def case_of(seed: int, number: int, kinds: Sequence[str] = tuple(CLASSES)) -> tuple[str, Case]:
    """The class and the input with that number. It is the same in every run with the same `seed` and `kinds`."""
    kind = kinds[number % len(kinds)]
    return kind, CLASSES[kind](random.Random(f"{seed} {number}"))


def new_session() -> Session:
    """A session in which WORLD was run."""
    session = Session()
    session.run(WORLD)
    return session


def outcomes(session: Session, seed: int, first: int = 0, kinds: Sequence[str] = tuple(CLASSES)) -> Iterator[Outcome]:
    """The outcomes of all inputs from number `first` on, endlessly."""
    while True:
        for outcome in batch(session, seed, first, kinds):
            yield outcome
            first += 1


def batch(session: Session, seed: int, first: int, kinds: Sequence[str] = tuple(CLASSES)) -> Iterator[Outcome]:
    """The outcomes of a process that tries BATCH inputs, or fewer if one ends it, on a copy of `session`."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _try(session, seed, first, kinds, writer)
    os.close(writer)
    count, began = 0, _used()
    with os.fdopen(reader, encoding="utf-8") as pipe:
        for line in pipe:
            end, seconds, memory = json.loads(line)
            yield Outcome(end, seconds, memory)
            count += 1
    _, status = os.waitpid(child, 0)
    if count < BATCH:
        yield Outcome(f"ended with {os.waitstatus_to_exitcode(status)}", _used() - began, 0)


def _read(session: Session, case: Case) -> str:
    """Read the case's text as a progress file or as an export. Returns the end."""
    try:
        if case.door == "progress":
            return "refused" if record.read(case.text).trouble else "answered"
        explain_as_text(case.text)
    except ExportError:
        return "refused"
    return "answered"


def _try(session: Session, seed: int, first: int, kinds: Sequence[str], writer: int) -> None:
    """Try BATCH inputs in this process, write their outcomes to the pipe `writer`, and end the process."""
    resource.setrlimit(resource.RLIMIT_AS, (_size("VmSize") + MEMORY,) * 2)
    for number in range(first, first + BATCH):
        case = case_of(seed, number, kinds)[1]
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, the peak of memory
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        signal.alarm(600)  # ends an input that waits without CPU
        before, began = _size("VmRSS"), time.process_time()
        try:
            end = DOORS[case.door](session, case)
        except BaseException as error:
            end = repr(error)[:200]
        lines = len(re.split("[\0\n]", case.line)) if case.door in ("lines", "history") else 1
        outcome = Outcome(end, _quiet_seconds(began) / lines, _size("VmHWM") - before)
        try:
            os.write(writer, (json.dumps(outcome) + "\n").encode())
        except BrokenPipeError:  # the parent has ended
            break
    os._exit(0)


@cache
def _served(session: Session) -> tuple[Server, str]:
    """A server of this process, started once, and the headers of an authorized request."""
    path = Path(session.workspace.root, "served")
    server = Server(session.cluster, path)
    token = load_yaml(path)["users"][0]["user"]["token"]
    return server, f"Host: localhost\r\nAuthorization: Bearer {token}\r\n"


def _framed(session: Session, case: Case) -> str:
    """Send frames to a WebSocket of `kubectl exec`, then another request. Returns the end of that request."""
    server, head = _served(session)
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
    path = f"/api/v1/namespaces/default/pods/web/exec?{case.line}"
    with tls.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=30)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\n{head}{upgrade}\r\n".encode())
        with suppress(OSError):  # the server may close the connection
            connection.sendall(case.text.encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while connection.recv(1 << 16):
                pass
    with tls.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=30)) as connection:
        connection.sendall(f"GET /api/v1/namespaces/default HTTP/1.1\r\n{head}\r\n".encode())
        begin = connection.recv(1 << 16).partition(b"\r\n")[0]
    return "answered" if begin == b"HTTP/1.1 200 OK" else f"answered with {begin!r}"


# The function that tries a case, by its `door`.
DOORS: dict[str, Callable[[Session, Case], str]] = {
    "frames": _framed,
    "history": _lived,
    "line": _typed,
    "lines": _typed_one_by_one,
    "request": _sent,
    "progress": _read,
    "export": _read,
}


@dataclass
class Row:
    """The row of a class in the table: counts of ends, the most seconds and bytes, and the number of slow inputs."""

    ends: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    memory: int = 0
    slow: int = 0

    def add(self, outcome: Outcome) -> bool:
        """Count an outcome. Returns True if it's good and in time."""
        self.ends[outcome.end] += 1
        self.seconds, self.memory = max(self.seconds, outcome.seconds), max(self.memory, outcome.memory)
        self.slow += outcome.seconds > SECONDS
        return outcome.end in GOOD and outcome.seconds <= SECONDS

    def __str__(self) -> str:
        tried = self.ends.total()
        good = [self.ends[end] for end in GOOD]
        counts = f"{tried:8}{good[0]:10}{good[1]:10}{good[2]:9}{tried - sum(good):6}{self.slow:6}"
        return f"{counts}{self.seconds:9.2f}{self.memory / 2**20:6.0f}"


def main() -> None:
    """Try inputs, print each mistake, and at the end the table."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    kinds = [word for word in sys.argv[1:] if not word.isdecimal()] or list(CLASSES)
    seconds, seed, least = numbers + [600, 1, 1][len(numbers) :]
    end = time.monotonic() + seconds
    rows = {kind: Row() for kind in kinds}
    tried = outcomes(new_session(), seed, 0, kinds)
    for number, (kind, outcome) in enumerate(zip(cycle(kinds), tried, strict=False)):
        if not rows[kind].add(outcome):
            _, case = case_of(seed, number, kinds)
            what = f"{case.line[:150]!r} {case.text[:100]!r} ({len(case.line)} and {len(case.text)} characters)"
            _say(f"{kind} {number}: {outcome.end} after {outcome.seconds:.1f} s: {what}\n")
        if time.monotonic() > end and min(row.ends.total() for row in rows.values()) >= least:
            break
    counts = f"{'answered':>10}{'left out':>10}{'refused':>9}{'lost':>6}{'slow':>6}"
    _say(f"{'class':12}{'tried':>8}{counts}{'CPU (s)':>9}{'MB':>6}\n")
    _say("".join(f"{kind:12}{row}\n" for kind, row in rows.items()))


def _say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
