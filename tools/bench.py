"""Measures kubesim's speed and memory and prints a Markdown table (`make bench`, about two minutes).

Each figure stands beside its bound and beside what a real cluster needs: kubectl v1.36.4 with Kubernetes v1.36.2 on the
loopback of a machine of the same kind, measured when the recordings were made. Times are medians of wall time; the
back-off is CPU time, in a process of its own for each number of Pods. It is no test: a busy machine is slow.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
REGISTRIES = ROOT / "tests" / "golden" / "registries.yaml"  # the recorded world
RECORDINGS = sorted(set(REGISTRIES.parent.glob("*.yaml")) - {REGISTRIES})
sys.path.insert(0, str(ROOT))
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a learner's Python keeps what it has compiled

from kubesim import Session  # noqa: E402 (kubesim need not be installed)

IMAGE = "registry.example.com/myapp:1.0"
PODS = (500, 1000, 2000, 3900)
BATCH = 1000
HOUR = 3600.0
KUBECTL = "about 40 ms"
BOOT = "about 30 s"

Row = tuple[str, str, str, str]

# Programs for a fresh interpreter, which must not know kubesim yet.
_FIRST_ANSWER = "import kubesim; kubesim.Session().run('kubectl get pods')"
_IMPORT = """
import time
begin = time.process_time()
import kubesim
print(time.process_time() - begin)
"""
_FIRST_SESSION = """
import time
begin = time.perf_counter()
import kubesim
kubesim.Session()
print(time.perf_counter() - begin)
"""
_MEMORY = """
import resource, sys
if len(sys.argv) > 1:
    import kubesim
    session = kubesim.Session()
    session.run("kubectl run web --image=nginx")
    session.advance(5)
    session.run("kubectl get pods; kubectl describe pod web")
try:  # Linux counts the parent's memory in ru_maxrss, and not in VmHWM
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(peak / 1024)
"""


def main() -> int:
    """Print the table, a row as soon as it is measured; or, as `bench.py back-off N`, one figure of it."""
    if sys.argv[1:2] == ["back-off"]:
        print(_back_off(int(sys.argv[2])))
        return 0
    print("| what | kubesim | at most | a real cluster |\n|---|---|---|---|")
    for row in _rows():
        print(f"| {' | '.join(row)} |", flush=True)
    return 0


def _rows() -> Iterator[Row]:
    yield from _commands()
    yield from _sessions()
    yield _replay()
    for count in PODS:
        seconds = statistics.median(_python(__file__, "back-off", str(count)) for _ in range(3))
        bound = "10 s" if count == 2000 else ""
        yield (
            f"an hour of back-off, {count} Pods",
            f"{seconds:.1f} s ({seconds / count * 1000:.1f} ms a Pod)",
            bound,
            "1 h",
        )


def _commands() -> Iterator[Row]:
    session = _session_with(3, "nginx")
    for line in ("kubectl get pods", "kubectl describe pod p1"):
        yield f"`{line}`, 3 Pods", _ms(_median(partial(session.run, line), 300)), "0.3 ms", KUBECTL
    session.write_file("pod.yaml", yaml.safe_dump(_pod("new", IMAGE)))
    yield "`kubectl apply -f pod.yaml`, a new Pod", _ms(_apply(session)), "1 ms", KUBECTL
    crowd = _session_with(1000, "nginx")
    yield "`kubectl get pods`, 1,000 Pods", _ms(_median(lambda: crowd.run("kubectl get pods"), 20)), "3 ms", KUBECTL


def _sessions() -> Iterator[Row]:
    bare = _median(lambda: subprocess.run([sys.executable, "-c", _FIRST_ANSWER], cwd=ROOT, check=True), 11)
    yield "a bare process, from its start to its first answer", _ms(bare), "120 ms", BOOT
    loaded = statistics.median(_python("-c", _IMPORT) for _ in range(11))
    yield "`import kubesim`, CPU time with bytecode written", _ms(loaded), "100 ms", ""
    first = statistics.median(_python("-c", _FIRST_SESSION) for _ in range(7))
    yield "`import kubesim` and a first `Session()`", f"{first:.2f} s", "0.3 s", BOOT
    yield "each further `Session()`", _ms(_median(Session, 50)), "20 ms", BOOT
    bare, full = (statistics.median(_python("-c", _MEMORY, *more) for _ in range(5)) for more in ([], ["kubesim"]))
    yield "memory, beside a bare Python's", f"{full - bare:.0f} MB", "40 MB", "about 800 MB"


def _replay() -> Row:
    recordings = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in RECORDINGS]
    seconds = _median(partial(_play, recordings), 3)
    return f"{len(recordings)} recorded sessions played again", f"{seconds:.1f} s", "3 s", "394 s"


def _play(recordings: list[dict[str, Any]]) -> None:
    for recording in recordings:
        session = Session(registries=REGISTRIES)
        for step in recording["steps"]:
            if "run" in step:
                session.run(step["run"])
            elif "file" in step:
                session.write_file(step["file"], step["text"])
            else:
                session.advance(step["sleep"])


def _apply(session: Session) -> float:
    times = []
    for _ in range(100):
        times.append(_seconds(lambda: session.run("kubectl apply -f pod.yaml")))
        session.run("kubectl delete pod new --force")
    return statistics.median(times)


def _back_off(count: int) -> float:
    session = _session_with(count, IMAGE)
    begin = time.process_time()
    session.advance(HOUR)
    return time.process_time() - begin


def _session_with(count: int, image: str) -> Session:
    session = Session()
    for first in range(0, count, BATCH):
        pods = (_pod(f"p{number}", image) for number in range(first, min(count, first + BATCH)))
        session.write_file("pods.yaml", yaml.safe_dump_all(pods))
        result = session.run("kubectl create -f pods.yaml")
        if result.exit_code:
            raise SystemExit(result.stderr)
    return session


def _pod(name: str, image: str) -> dict[str, Any]:
    spec = {
        "nodeName": "sim-worker",
        "containers": [{"name": "app", "image": image}],
    }  # which is full with 110 for the scheduler
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _median(action: Callable[[], object], times: int) -> float:
    return statistics.median(_seconds(action) for _ in range(times))


def _seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _python(*arguments: str) -> float:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2g} ms"


if __name__ == "__main__":
    sys.exit(main())
