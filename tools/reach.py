"""Plays everything that a learner can type or click, and prints the functions that were never called (`make reach`).

It plays the notebooks' cells, the commands that their prose mentions, the buttons of each card, every answer to a quiz,
and each task and broken cluster with its solution; the recipes; the recordings of real clusters, except those in
breadth; the cases of `why`; and the tests of the command line, the server and sessions (TESTS).

A function that is never called is out of scope, unless tests/unentered.yaml has a reason (tests/test_reach.py). The
packages in LESSON aren't examined, because their own tests press all of their buttons.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from itertools import permutations
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets import Widget  # type: ignore[import-untyped]
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kubesim"
sys.path.insert(0, str(ROOT))

# The seed of the round of broken clusters that is played.
SEED = 1
# Cells that a learner may add to notebook 03.
MORE_CELLS = """%why no-secret
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
# A command that prose mentions.
MENTIONED = re.compile(r"`((?:kubectl|docker|kubesim|why|history|help|undo|reset)(?: [^`\n]+)?)`")
# The messages that a page can send to the workbench.
MESSAGES: tuple[dict[str, Any], ...] = (
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
# The tests that are played: of `why`, the command line, the server and a session.
TESTS = (
    *("tests/command/test_main.py", "tests/why/test_cases.py", "tests/why/test_exports.py", "tests/why/test_report.py"),
    *("tests/server/test_api_reads.py", "tests/server/test_api_refusals.py", "tests/server/test_api_watch.py"),
    *("tests/server/test_api_writes.py", "tests/server/test_http.py", "tests/session/test_history.py"),
    *("tests/session/test_attempts.py", "tests/session/test_docker.py"),
)
# The rooms and files of the lesson itself.
LESSON = ("__main__.py", "command", "jupyter", "lessons")
# The name of a function, added to Python's built-ins, that every marked function calls first.
MARK = "__enter_function__"


# Marked functions, which report that they were called


class Marking(ast.NodeTransformer):
    """Inserts a call of MARK, with "FILE: CLASS.NAME", at the beginning of each function of a file."""

    def __init__(self, file: str) -> None:
        # The file, then the names of the classes and functions around the node that is visited.
        self._names = [file]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self._visit_children(node)
        note = ast.parse(f"{MARK}({': '.join((self._names[0], '.'.join((*self._names[1:], node.name))))!r})").body
        at = 1 if ast.get_docstring(node) is not None else 0
        node.body[at:at] = [ast.copy_location(statement, node) for statement in note]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self._visit_children(node)
        return node

    def _visit_children(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()


def marked(source: str, file: str) -> CodeType:
    """The code of a module with marks. `file` is its path relative to ROOT."""
    tree = Marking(file).visit(ast.parse(source))
    return compile(ast.fix_missing_locations(tree), str(ROOT / file), "exec")


class Loader(importlib.machinery.SourceFileLoader):
    """A loader of modules with marks. It neither reads nor writes bytecode, which has no marks."""

    def get_code(self, fullname: str) -> CodeType:
        path = Path(self.get_filename(fullname))
        return marked(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())


class Finder(MetaPathFinder):
    """A finder for the modules of kubesim, to be asked before Python's own. It loads them with marks."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != PACKAGE.name:
            return None
        file = ROOT.joinpath(*fullname.split("."))
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        return importlib.util.spec_from_file_location(fullname, file, loader=Loader(fullname, str(file)))


def _is_abstract(function: ast.FunctionDef) -> bool:
    """True if a function has only a docstring or "...", or raises NotImplementedError at its end."""
    last = function.body[-1]
    return (isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)) or "NotImplementedError" in ast.dump(
        last
    )


def _functions(node: ast.AST, inside: str) -> Iterator[str]:
    """The functions within a node, as "CLASS.NAME". `inside` is the name of the node with a dot, "" for a module."""
    for child in ast.iter_child_nodes(node):
        name = f"{inside}{child.name}" if isinstance(child, ast.FunctionDef | ast.ClassDef) else ""
        if isinstance(child, ast.FunctionDef) and not _is_abstract(child):
            yield name
        yield from _functions(child, f"{name}." if name else inside)


def functions() -> Iterator[str]:
    """The functions outside LESSON that aren't abstract, as "FILE: CLASS.NAME"."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in LESSON:
            continue
        for name in _functions(ast.parse(path.read_bytes()), ""):
            yield f"{path.relative_to(ROOT).as_posix()}: {name}"


# The plays


def answers(quiz: Any) -> Iterator[Any]:
    """Wrong and right answers to a quiz, in the form in which a page sends them."""
    if quiz.kind in ("text", "command"):
        yield from ("the moon", quiz.wrong, *quiz.accept, quiz.answer)
    elif quiz.kind == "order":
        yield from list(permutations(range(len(quiz.choices))))[:24]
    else:
        yield from ([], *([number] for number in range(len(quiz.choices))))
        yield [number for number, choice in enumerate(quiz.choices) if choice.right]


def press(widget: Any) -> None:
    """Send a widget every message that a page can send, and render it."""

    def send(message: dict[str, Any]) -> None:
        widget._handle_custom_msg(message, [])

    quiz = getattr(widget, "_quiz", None)
    if not hasattr(widget, "content"):  # the workbench, which is no card
        for message in MESSAGES:
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


def play_notebooks() -> None:
    """Run the cells of each notebook and the commands of its prose, and press every button of the widgets shown."""
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


def play_task(task: Any, lines: tuple[str, ...]) -> None:
    """Run `lines` and a task's solution in a fresh session, and press the buttons of the task's card."""
    from kubesim.jupyter.seat import Seat
    from kubesim.jupyter.task import TaskCard
    from kubesim.session import Session

    seat = Seat(Session())
    card = TaskCard(task, seat)
    card._handle_custom_msg({"do": "compare"}, [])
    for line in (*lines, *task.solution):
        seat.run(line)
    seat.advance(320)
    press(card)


def play_tasks() -> None:
    """Play each task, and each broken cluster of a round with its evidence and `why`."""
    from kubesim.lessons import load_tasks
    from kubesim.lessons.clusters import every_cluster

    for task in load_tasks().values():
        play_task(task, ())
    for cluster in every_cluster(SEED):
        namespace = cluster.namespaces[0]
        find = f"kubectl get pods -n {namespace} -o jsonpath='{{.items[0].metadata.name}}'"
        export = f"kubectl get pod,serviceaccount,secret,events -n {namespace} -o yaml > case.yaml"
        lines = (f"why $({find}) -n {namespace}", export, "kubesim why -f case.yaml")
        play_task(cluster, (*(clue.run for clue in cluster.evidence), *lines))


def play_recipes() -> None:
    """Play every command of docs/recipes.md."""
    from tests import test_recipes

    for name in test_recipes.PLAYED:
        test_recipes.play(test_recipes.SECTIONS[name])


def play_recordings() -> None:
    """Play the recordings about pulls."""
    from tools import golden

    for name in golden.recorded(golden.FOLDER, golden.FAILURES):
        list(golden.play(golden.load(golden.find(name))))


def play_tests() -> None:
    """Run TESTS. Failed tests don't matter here. Raises RuntimeError if pytest can't run them."""
    options = ("-q", "-p", "no:nbval", "-p", "no:cacheprovider")
    if pytest.main([*options, *(str(ROOT / path) for path in TESTS)]) > pytest.ExitCode.TESTS_FAILED:
        raise RuntimeError("the tests that are played can't be run")


PLAYS: tuple[Callable[[], None], ...] = (play_notebooks, play_tasks, play_recipes, play_recordings, play_tests)


def main() -> None:
    """Play everything, and print the functions that weren't called."""
    entered: set[str] = set()
    setattr(builtins, MARK, entered.add)
    sys.meta_path.insert(0, Finder())
    with contextlib.redirect_stdout(io.StringIO()):
        for play in PLAYS:
            play()
    print("\n".join(name for name in functions() if name not in entered))


if __name__ == "__main__":
    main()
