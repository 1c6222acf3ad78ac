"""Plays all lessons, recordings and exercises under coverage and prints what they reach, by room (`make reach`).

    python tools/reach.py                a table: the statements in functions that each of them runs
    python tools/reach.py --unreached    and a list: the statements that none runs, by file and function

A lesson is everything that a learner can do with the notebooks: their cells, the commands that their prose mentions,
the buttons of each card, every answer to a quiz, each task and broken cluster with its solution and its wrong
solutions. The exercises are those of tests/exercises, along the outlines of the certificates. Statements outside
functions run on import and aren't counted. `server/` is for a real kubectl, which none of them needs.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets import Widget  # type: ignore[import-untyped]
from traitlets.config import Config

from kubesim.api import load_yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kubesim"
sys.path.insert(0, str(ROOT))

SEEDS = (1, 2, 3)
MORE_CELLS = """%timeline
%timeline private-pod
%why no-secret
%flow no-secret
%advance 5m
%progress
%restart
%challenge 2
%explore match
%explore backoff
%explore lists
%explore exchange
%explore nothing
%quiz nothing
%task nothing
%flow nothing
%why nothing
%advance soon""".splitlines()
"""What a learner may also type into a cell of the notebook 03."""
MENTIONED = re.compile(r"`((?:kubectl|docker|kubesim|why|history|help|undo|reset)(?: [^`\n]+)?)`")
"""A command in prose."""
SCREENS: tuple[dict[str, Any], ...] = (
    {"do": "start", "wall": 0.0},
    {"do": "start", "wall": 1.0},
    {"do": "enter", "text": "cat <<EOF", "wall": 2.0},
    {"do": "enter", "text": "kubectl get pods\nnano new.yaml", "wall": 60.0},
    {"do": "check", "text": "a: [\n"},
    {"do": "check", "text": "a: b"},
    {"do": "save", "text": "a: b"},
    {"do": "close"},
    {"do": "enter", "text": "KUBE_EDITOR=nano kubectl edit sa default", "wall": 61.0},
    {"do": "close"},
    {"do": "complete", "text": "kub", "cursor": 3},
    {"do": "complete", "text": "kubectl get po", "cursor": 14},
    {"do": "complete", "text": "kubectl get pod ", "cursor": 16},
    {"do": "advance", "seconds": 30},
    {"do": "until"},
    {"do": "clear"},
    {"do": "restart"},
    {"do": "focus", "namespace": "default", "pod": "private-pod"},
)
"""What a page sends to the workbench."""


class Place(NamedTuple):
    """A statement in a function: where it begins."""

    file: str
    function: str
    line: int


# What is played


def play_lessons() -> None:
    """Everything that the notebooks offer."""
    play_notebooks()
    play_tasks()


def play_notebooks() -> None:
    """Run each notebook's cells from top to bottom in one interpreter, and press every button of what they show."""
    from kubesim.jupyter import current

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["KUBESIM_WORKSPACE"] = str(Path(folder, "workspace"))
            current.seat.cache_clear()
            cells = nbformat.read(path, as_version=4).cells
            sources = [cell.source for cell in cells if cell.cell_type == "code"]
            mentioned = [MENTIONED.findall(cell.source) for cell in cells if cell.cell_type == "markdown"]
            sources += [f"%%kubectl\n{line}" for lines in mentioned for line in lines]
            shown: list[Any] = []
            if path.name.startswith("03"):
                sources += MORE_CELLS
            for source in sources:
                before = set(Widget.widgets)
                shell.run_cell(source).raise_error()
                shown += [widget for name, widget in Widget.widgets.items() if name not in before]
            for widget in shown:
                press(widget)
            if server := current.seat().session.server:
                server.close()


def press(widget: Any) -> None:
    """Show a widget, and send it all that a page can send."""

    def send(message: dict[str, Any]) -> None:
        widget._handle_custom_msg(message, [])

    quiz = getattr(widget, "_quiz", None)
    if not hasattr(widget, "content"):
        for message in SCREENS:
            send(message)
    for answer in answers(quiz) if quiz else ():
        send({"do": "check", "answer": answer})
    send({"do": "open", "number": 0})
    for name in ("next", "hint", "hint", "why", "reveal", "compare", "undo", "restart", "undo", "retry"):
        send({"do": name})
    send({"do": "upload", "text": getattr(widget, "sheet", "")})
    for name in ("refresh", "download", "end", "keep", "finish", "another"):
        send({"do": name})
    if hasattr(widget, "_repr_mimebundle_"):
        widget._repr_mimebundle_()


def answers(quiz: Any) -> Iterator[Any]:
    """Wrong and right answers to a quiz."""
    if quiz.kind in ("text", "command"):
        yield from ("the moon", quiz.wrong, *quiz.accept, quiz.answer)
    elif quiz.kind == "order":
        yield from list(permutations(range(len(quiz.choices))))[:24]
    else:
        yield from ([], *([number] for number in range(len(quiz.choices))))
        yield [number for number, choice in enumerate(quiz.choices) if choice.right]


def play_tasks() -> None:
    """Each task, and each broken cluster with several seeds: its evidence, solution, wrong solutions and `why`."""
    from kubesim.lessons import load_tasks
    from kubesim.lessons.clusters import every_cluster

    for task in load_tasks().values():
        play_task(task, ())
    for cluster in [cluster for seed in SEEDS for cluster in every_cluster(seed)]:
        namespace = cluster.namespaces[0]
        find = f"kubectl get pods -n {namespace} -o jsonpath='{{.items[0].metadata.name}}'"
        export = f"kubectl get pod,serviceaccount,secret,events -n {namespace} -o yaml > case.yaml"
        lines = (f"why $({find}) -n {namespace}", export, "kubesim why -f case.yaml")
        play_task(cluster, (*(clue.run for clue in cluster.evidence), *lines))


def play_task(task: Any, lines: tuple[str, ...]) -> None:
    """Play a task's solution and each of its wrong solutions, after `lines`, with its card beside it."""
    from kubesim.jupyter.seat import Seat
    from kubesim.jupyter.task import TaskCard
    from kubesim.session import Session

    for steps in (task.solution, *(mistake.lines for mistake in task.wrong)):
        seat = Seat(Session())
        card = TaskCard(task, seat)
        card._handle_custom_msg({"do": "compare"}, [])
        for line in (*lines, *steps):
            seat.run(line)
        seat.advance(320)
        press(card)


def play_recordings() -> None:
    """Every recording of the real cluster."""
    from tools import golden

    for name in golden.recorded():
        list(golden.play(golden.load(golden.FOLDER / f"{name}.yaml")))


def play_exercises() -> None:
    """Every chapter of the exercises, in a session of its own."""
    from kubesim.session import Session

    for path in sorted((ROOT / "tests" / "exercises").glob("*.yaml")):
        for items in load_yaml(path).values():
            session = Session()
            for line in [item for item in items if "source" not in item]:
                session.run(line["run"] if isinstance(line, dict) else line[0])


PLAYS = {"lessons": play_lessons, "recordings": play_recordings, "exercises": play_exercises}


# What was reached


def reached_by(play: Callable[[], None]) -> set[tuple[str, int]]:
    """File and line of each statement that `play` runs."""
    measured = coverage.Coverage(source=[str(PACKAGE)], data_file=None, config_file=False)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), measured.collect():
        play()
    reached: set[tuple[str, int]] = set()
    for path in PACKAGE.rglob("*.py"):
        _, statements, _, missing, _ = measured.analysis2(str(path))
        reached |= {(name(path), line) for line in set(statements) - set(missing)}
    return reached


def name(path: Path) -> str:
    """A file as it is called here: relative to the repository."""
    return path.relative_to(ROOT).as_posix()


def places() -> Iterator[Place]:
    """Each statement in a function of kubesim."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from _places(ast.parse(path.read_text("utf-8")), name(path), "", is_function=False)


def _places(node: ast.AST, file: str, title: str, *, is_function: bool) -> Iterator[Place]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and is_function and not _is_text(child):
            yield Place(file, title, child.lineno)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = not isinstance(child, ast.ClassDef)
            yield from _places(child, file, f"{title}.{child.name}".lstrip("."), is_function=inner)
        else:
            yield from _places(child, file, title, is_function=is_function)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def room(file: str) -> str:
    """The room that a file belongs to."""
    return file.split("/")[1]


def table(all_places: list[Place], reached: dict[str, set[tuple[str, int]]]) -> str:
    """The rooms with their lines and statements, and what each play runs that none before it did.

    "Neither" is what no lesson and no recording runs; the last row leaves out server/.
    """
    heads = ["statements", *reached, "neither", "nor exercises"]
    lines = [f"{'room':14}{'lines':>8}" + "".join(f"{head:>15}" for head in heads)]
    rooms = sorted({room(place.file) for place in all_places})
    groups = {one: {one} for one in rooms}
    groups["but server"] = {*rooms} - {"server"}
    groups["all"] = {*rooms}
    for title, members in groups.items():
        left = {(place.file, place.line) for place in all_places if room(place.file) in members}
        size = sum(_length(path) for path in PACKAGE.rglob("*.py") if room(name(path)) in members or title == "all")
        lines.append(f"{title:14}{size:8}" + "".join(f"{cell:>15}" for cell in _cells(left, reached)))
    return "\n".join(lines)


def _cells(left: set[tuple[str, int]], reached: dict[str, set[tuple[str, int]]]) -> list[str]:
    """How many statements there are, how many each play runs of those that are left, and what is left in the end."""
    whole = len(left)
    figures = [str(whole)]
    rests: list[str] = []
    for of_play in reached.values():
        figures.append(str(len(left & of_play)))
        left = left - of_play
        rests.append(f"{len(left)} ({100 * len(left) / whole:.0f} %)")
    return figures + rests[1:]


def _length(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def unreached(all_places: list[Place], reached: set[tuple[str, int]]) -> Iterator[str]:
    """The statements that nothing reaches, under their file and function."""
    title: tuple[str, str] = ("", "")
    for file, function, line in all_places:
        if (file, line) in reached:
            continue
        if file != title[0]:
            yield f"\n{file}"
        if (file, function) != title:
            yield f"  {function}"
        title = (file, function)
        yield f"    {line:4}: {(ROOT / file).read_text('utf-8').splitlines()[line - 1].strip()}"


def main() -> None:
    """Play, and print."""
    if set(sys.argv[1:]) - {"--unreached"}:
        sys.exit(__doc__)
    reached = {title: reached_by(play) for title, play in PLAYS.items()}
    all_places = list(places())
    print(table(all_places, reached))
    if sys.argv[1:] == ["--unreached"]:
        print("\n".join(unreached(all_places, set().union(*reached.values()))))


if __name__ == "__main__":
    main()
