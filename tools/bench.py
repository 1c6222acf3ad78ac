"""Measures kubesim's speed and memory: `make bench`, or beside another commit `make bench against=f357bad`.

Prints a Markdown table with a row for each kind of work: the median of its CPU time, and the bound for a quiet machine.
With another commit, each row is measured with both in turn, each time in a process of its own. The table then has the
ratio of the medians, and the least and greatest ratio of a round; the exit status is 1 if a row is slower by a tenth.
The rows use nothing but `Session` and `History`, which every commit has.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
# Measurements of a row for each commit.
ROUNDS = 5
# The ratio from which a row counts as slower.
WORSE = 1.10
# An image that can be pulled, and one that needs credentials.
IMAGE, REFUSED = "nginx", "registry.example.com/myapp:1.0"
# Simulated seconds.
HOUR = 3600.0
# The most Pods in one file.
BATCH = 1000
# Changing cells that are timed before a lesson, and after it.
CELLS = 15
# Texts for `kubesim why`, and programs of further processes.
_TEXTS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))

# Work that is measured.
Action = Callable[[], object]


class Row(NamedTuple):
    """A row of the table. Its figure is the median of the action's milliseconds of CPU in a number of `times`.

    With `gives_figure`, it's the number that the action returns. `prepare` returns the action, and isn't measured.
    """

    name: str
    bound: float
    times: int
    prepare: Callable[[], Action]
    unit: str = "ms"
    gives_figure: bool = False


# Helpers


def _cpu_seconds() -> float:
    """The CPU time of this process, and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak(program: str) -> float:
    """The peak memory of a fresh interpreter that runs `program`, in megabytes. Reads /proc, so it needs Linux."""
    program += "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def _pod(name: str, image: str) -> dict[str, Any]:
    """The manifest of a Pod on the only node."""
    spec = {"nodeName": "sim-worker", "containers": [{"name": "app", "image": image}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _session_with(pods: int, image: str) -> Any:
    """A session with that many Pods. They name their node, because the scheduler would find no room for so many.

    Pods with IMAGE run; others have just been created. Raises SystemExit if they can't be created.
    """
    from kubesim import Session

    session = Session()
    for first in range(0, pods, BATCH):
        items = [_pod(f"p{number}", image) for number in range(first, min(pods, first + BATCH))]
        session.write_file("pods.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        result = session.run("kubectl create -f pods.json")
        if result.exit_code:
            raise SystemExit(result.stderr)
    if image == IMAGE:
        session.advance(60)
    return session


# The work of the rows. Each function prepares it and returns the action that is measured.


def _line(line: str, pods: int) -> Action:
    """A command line in a cluster with that many Pods."""
    session = _session_with(pods, IMAGE)
    return lambda: session.run(line)


def _apply() -> Action:
    """A new Pod from a file."""
    session = _session_with(3, IMAGE)
    names = iter(range(1_000_000))

    def action() -> None:
        session.write_file("pod.yaml", json.dumps(_pod(f"new{next(names)}", IMAGE)))
        session.run("kubectl apply -f pod.yaml")

    return action


def _secret() -> Action:
    """A new pull secret."""
    session = _session_with(3, IMAGE)
    names = iter(range(1_000_000))
    login = "--docker-server=registry.example.com --docker-username=jane --docker-password=tiger"
    return lambda: session.run(f"kubectl create secret docker-registry s{next(names)} {login}")


def _further_session() -> Action:
    """A session after the first one, which imports kubesim's modules."""
    from kubesim import Session

    Session()
    return Session


def _step(pods: int) -> Action:
    """A command that changes a Pod, as a step of a history, which can be undone."""
    from kubesim.session.history import History

    session = _session_with(pods, IMAGE)
    history = History(session)
    numbers = iter(range(1_000_000))

    def action() -> None:
        line = f"kubectl label pod p1 number={next(numbers)} --overwrite"
        with history.step(line):
            session.run(line)

    return action


def _late_describe() -> Action:
    """Two changes of a Pod and a describe, after many commands."""
    session = _session_with(3, IMAGE)
    for number in range(3750):
        session.run(f"kubectl label pod p{number % 3} number={number} --overwrite")

    def action() -> None:
        session.run("kubectl label pod p1 changed=yes --overwrite; kubectl label pod p1 changed-")
        session.run("kubectl describe pod p1")

    return action


def _back_off(pods: int) -> Action:
    """An hour in which that many Pods retry their refused pulls."""
    session = _session_with(pods, REFUSED)
    return lambda: session.advance(HOUR)


def _rollout() -> Action:
    """A Deployment with 100 replicas, until they run. A first Deployment has imported the controllers before."""
    session = _session_with(0, IMAGE)
    for line in ("kubectl create deployment first --image=nginx", "kubectl delete deployment first"):
        session.run(line)
        session.advance(60)

    def action() -> None:
        session.run("kubectl create deployment web --image=nginx --replicas=100")
        session.advance(60)

    return action


def _crowd() -> Action:
    """Ten minutes with 1,000 replicas whose image is refused, and a CronJob that runs each minute."""
    session = _session_with(0, IMAGE)
    session.run(f"kubectl create deployment web --image={REFUSED} --replicas=1000")
    session.run(f"kubectl create cronjob tick --image={REFUSED} --schedule='* * * * *'")
    return lambda: session.run("sleep 600")


def _lesson() -> Action:
    """The ratio of the times of a changing cell after a lesson and before it.

    The lesson's task is left out: while one is open, each change checks its goals.
    """
    os.environ["KUBESIM_WORKSPACE"] = tempfile.mkdtemp()
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    numbers = iter(range(1_000_000))

    def run(cell: str) -> None:
        with capture_output():
            shell.run_cell(cell).raise_error()

    def change() -> float:
        begin = _cpu_seconds()
        run(f"%%kubectl\nkubectl label serviceaccount default number={next(numbers)} --overwrite")
        return _cpu_seconds() - begin

    first, *others = _code_cells("rotating-credentials")

    def action() -> float:
        run(first)
        before = statistics.median(change() for _ in range(CELLS))
        for cell in others:
            if not cell.startswith("%task"):
                run(cell)
        return statistics.median(change() for _ in range(CELLS)) / before

    return action


def _code_cells(lesson: str) -> list[str]:
    """The code cells of a lesson. Its number may differ in the other commit."""
    cells = []
    for path in Path("notebooks").glob(f"*-{lesson}.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells += ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return cells


def _first_answer() -> Action:
    """A process until its first answer, without Python's teardown."""
    program = "import os, kubesim; kubesim.Session().run('kubectl get pods'); os._exit(0)"
    return lambda: subprocess.run([sys.executable, "-c", program], check=True)


def _why(text: str) -> Action:
    """A process of `kubesim why -f FILE`, with a file of that text."""
    path = Path(tempfile.mkdtemp()) / "case.txt"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "kubesim", "why", "-f", str(path)]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def _export(size: int) -> str:
    """The output of kubectl get pod -o yaml for Pods that wait for an image, of about `size` bytes."""
    pod = _TEXTS["pod"]
    items = [pod.replace("NUMBER", str(number)) for number in range(size // len(pod))]
    return f"apiVersion: v1\nkind: List\nitems:\n{''.join(items)}"


def _first_cell() -> Action:
    """The CPU time of the extension and the workbench, without Jupyter's own."""
    command = [sys.executable, "-c", _TEXTS["first_cell"]]
    return lambda: subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]


def _memory() -> Action:
    """The megabytes that kubesim adds to a bare Python."""
    return lambda: _peak(_TEXTS["memory"]) - _peak("pass")


ROWS = [
    Row("`kubectl get pods`, 3 Pods", 0.12, 300, partial(_line, "kubectl get pods", 3)),
    Row("`kubectl describe pod`", 0.22, 300, partial(_line, "kubectl describe pod p1", 3)),
    Row("`kubectl apply -f`, a new Pod", 1.2, 60, _apply),
    Row("`kubectl create secret docker-registry`", 0.2, 100, _secret),
    Row("`kubectl get pods`, 1,000 Pods", 2.5, 20, partial(_line, "kubectl get pods", 1000)),
    Row("a further session", 0.8, 50, _further_session),
    Row("a changing command with its history, 3 Pods", 3, 40, partial(_step, 3)),
    Row("a changing command with its history, 1,000 Pods", 20, 10, partial(_step, 1000)),
    Row("two changes and a describe, after 3,750 commands", 3, 20, _late_describe),
    Row("100 replicas rolled out", 100, 1, _rollout),
    Row("an hour of back-off, 100 Pods", 250, 1, partial(_back_off, 100)),
    Row("an hour of back-off, 2,000 Pods", 2500, 1, partial(_back_off, 2000)),
    Row("`sleep 600` beside 1,000 replicas that can't be pulled", 1000, 1, _crowd),
    Row("a changing cell after the lesson on rotation, beside before it", 2, 1, _lesson, "times", gives_figure=True),
    Row("a bare process, from its start to its first answer", 95, 3, _first_answer),
    Row("`kubesim why` on a describe, a process", 150, 5, partial(_why, _TEXTS["describe"])),
    Row("`kubesim why` on 3 MB of YAML, a process", 900, 2, partial(_why, _export(3_000_000))),
    Row("a notebook's first cell", 200, 1, _first_cell, "ms of CPU", gives_figure=True),
    Row("memory, beside a bare Python's", 20, 1, _memory, "MB", gives_figure=True),
]


def main() -> int:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default="", help="a commit to measure in turn with this tree")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row is not None:
        print(_measure(ROWS[arguments.row]))
        return 0
    numbers = [number for number, row in enumerate(ROWS) if arguments.only in row.name]
    if not arguments.against:
        _print_head("what", "CPU", "at most")
        for number in numbers:
            row = ROWS[number]
            _print(row.name, _amount(row, _rounds(number, [ROOT])[0]), f"{row.bound:g} {row.unit}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        _git("worktree", "add", "--detach", str(other), arguments.against)
        try:
            return _compare(numbers, other)
        finally:
            _git("worktree", "remove", "--force", str(other))


def _compare(numbers: list[int], other: Path) -> int:
    """Print the table of both trees. Returns 1 if a row is slower in this one by a tenth, else 0."""
    worse = False
    _print_head("what", "before", "now", "at most", "ratio", "")
    for number in numbers:
        row = ROWS[number]
        before, now = _rounds(number, [other, ROOT])
        ratio = statistics.median(now) / statistics.median(before)
        ratios = sorted(new / old for old, new in zip(before, now, strict=True))
        spread = f"{ratio:.2g} ({ratios[0]:.2g} to {ratios[-1]:.2g})"
        is_worse = ratio > WORSE
        worse = worse or is_worse
        amounts = (_amount(row, before), _amount(row, now), f"{row.bound:g} {row.unit}")
        _print(row.name, *amounts, spread, "**worse**" if is_worse else "")
    return int(worse)


def _rounds(number: int, trees: list[Path]) -> list[list[float]]:
    """The figures of a row in each round, for each tree. A round measures all trees."""
    results: list[list[float]] = [[] for _ in trees]
    for _ in range(ROUNDS):
        for tree, figures in zip(trees, results, strict=True):
            figures.append(_in_tree(number, tree))
    return results


def _in_tree(number: int, tree: Path) -> float:
    """A row's figure, measured by a fresh interpreter that imports kubesim from `tree`."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(tree)
    command = [sys.executable, __file__, "--row", str(number)]
    done = subprocess.run(command, env=environment, cwd=tree, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _measure(row: Row) -> float:
    """The figure of a row in this process."""
    action = row.prepare()
    if row.gives_figure:
        return float(str(action()))
    times = []
    for _ in range(row.times):
        begin = _cpu_seconds()
        action()
        times.append(_cpu_seconds() - begin)
    return statistics.median(times) * 1000


def _amount(row: Row, figures: list[float]) -> str:
    """The median of the figures in words, with two digits below 100."""
    amount = statistics.median(figures)
    return f"{amount:,.0f} {row.unit}" if amount >= 100 else f"{amount:.2g} {row.unit}"


def _print(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _print_head(*cells: str) -> None:
    _print(*cells)
    _print(*["---"] * len(cells))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
