"""Runs the notebooks and writes them back with outputs that any machine would get (`make notebooks`).

With `--check` nothing is written: a run is compared with the stored notebook, byte by byte, and the cells that differ
are shown (`make fresh`). Pictures are not compared, because each version of `dot` lays out a little differently.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
DRAWN = re.compile(r"data:image/svg\+xml;base64,[\w+/=]+")
# Beginnings of cells whose output asks something. It is never hidden.
EXERCISES = ("%quiz", "%review", "%task", "%challenge", "%predict", "%explore")
# Beginnings of cells with a card or a picture. Their source is hidden, because readers want what it shows.
DRAWS = (*EXERCISES, "%flow")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # names a widget that lived only in that kernel
CELL_SECONDS = 60
_FAILURES = (CellControlSignal, DeadKernelError)  # a cell failed, took too long, or ended its kernel


def outputs_of(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Every output of every code cell, in order."""
    return (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def execute(path: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel, and normalise it. Raises CellControlSignal if a cell fails or takes too long.

    Workspace and IPython profile are empty folders, so neither earlier runs nor the reader's own settings show.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    if any(cell.cell_type == "code" for cell in notebook.cells):
        with tempfile.TemporaryDirectory() as empty:
            client.execute(env=kernel_environment(Path(empty)))
    return normalise(notebook)


def kernel_environment(empty: Path) -> dict[str, str]:
    """This process's variables, with the learner's files and IPython's profile in the folder `empty`."""
    return os.environ | {"KUBESIM_WORKSPACE": str(empty / "workspace"), "IPYTHONDIR": str(empty / "ipython")}


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Give a notebook the form in which it is stored, in place.

    What changes from run to run or from machine to machine is dropped, text and exercises are protected, cards and
    answers hidden, and the code cells numbered from 1.
    """
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    protect(notebook)
    hide(notebook)
    for output in outputs_of(notebook):
        output.get("data", {}).pop(WIDGET_VIEW, None)
        output.get("metadata", {}).pop(WIDGET_VIEW, None)
    number(notebook)
    return notebook


def protect(notebook: NotebookNode) -> None:
    """Keep text and exercises from being edited.

    Each other code cell can be edited, and has its source once more in its metadata, so that it can be restored. A code
    cell with the tag `yours` is the learner's own.
    """
    for cell in notebook.cells:
        for name in ("editable", "deletable", "kubesim"):
            cell.metadata.pop(name, None)
        if "yours" not in cell.metadata.get("tags", ()):
            cell.metadata.update(_protection(cell))


def hide(notebook: NotebookNode) -> None:
    """Hide the lines that show a card, and the answers to a prediction until their cells have run.

    An answer is each output after the prediction, up to the next heading. JupyterLab shows it once the cell has run;
    where the notebook is only read, it is shown at once.
    """
    is_predicted = False
    for cell in notebook.cells:
        cell.metadata.pop("jupyter", None)
        if cell.cell_type == "code" and (hidden := _hidden(cell.source, is_predicted)):
            cell.metadata["jupyter"] = dict.fromkeys(hidden, True)
        if cell.source.startswith("%predict") or "**Predict" in cell.source:
            is_predicted = True
        elif cell.cell_type == "markdown" and cell.source.startswith("#"):
            is_predicted = False


def _hidden(source: str, is_predicted: bool) -> list[str]:
    """The parts of a code cell that JupyterLab hides at first."""
    output = ["outputs_hidden"] if is_predicted and not source.startswith(EXERCISES) else []
    return [*output, "source_hidden"] if source.startswith(DRAWS) else output


def _protection(cell: NotebookNode) -> dict[str, object]:
    """The metadata that let a cell be edited and restored, or keep it as it is. None can be deleted."""
    if cell.cell_type == "code" and not cell.source.startswith(EXERCISES):
        return {"deletable": False, "kubesim": {"original": cell.source}}
    return {"deletable": False, "editable": False}


def number(notebook: NotebookNode) -> None:
    """Give the code cells and their results the counts of a run from top to bottom."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def text_of(notebook: NotebookNode) -> str:
    """The notebook as the file holds it: sorted keys, one line a line of output, a newline at the end."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def without_pictures(notebook: NotebookNode) -> NotebookNode:
    """Blank the pictures of each output in place."""
    for output in outputs_of(notebook):
        data = output.get("data", {})
        if "text/html" in data:
            data["text/html"] = DRAWN.sub("(a picture)", "".join(data["text/html"]))
    return notebook


def differences(stored: NotebookNode, run: NotebookNode) -> Iterator[str]:
    """A diff for each cell, and for the notebook's own metadata, that a run would change."""
    for before, after in zip(stored.cells, run.cells, strict=True):
        if before != after:
            yield diff(f"cell {before.get('id', '(no id)')}", pretty(before), pretty(after))
    if stored.metadata != run.metadata:
        yield diff("metadata", pretty(stored.metadata), pretty(run.metadata))


def pretty(node: NotebookNode) -> list[str]:
    """Lines that a person can compare."""
    return json.dumps(node, indent=1, sort_keys=True, ensure_ascii=False).replace("\\n", "\n").split("\n")


def diff(title: str, before: list[str], after: list[str]) -> str:
    """A unified diff under the title."""
    return "\n".join(difflib.unified_diff(before, after, f"{title}, stored", f"{title}, as it runs", n=1, lineterm=""))


def problems(path: Path) -> list[str]:
    """The differences between a stored notebook and what `make notebooks` would write; empty if it is fresh."""
    stored = nbformat.read(path, as_version=4)
    if text_of(stored) != path.read_text(encoding="utf-8"):
        return ["not in the form that `make notebooks` writes"]
    try:
        run = execute(path)
    except _FAILURES as error:
        return [str(error)]
    return list(differences(without_pictures(stored), without_pictures(run)))


def check(paths: list[Path]) -> int:
    """Print one line for each notebook, and the differences of stale ones. Returns the number of stale ones."""
    stale = 0
    with ProcessPoolExecutor(2) as pool:
        every = list(pool.map(problems, paths))
    for path, found in zip(paths, every, strict=True):
        print(f"{path.name}: {'stale, run `make notebooks`' if found else 'fresh'}", *found, sep="\n")
        stale += bool(found)
    return stale


def rewrite(paths: list[Path]) -> None:
    """Run each notebook and store what it gives; end at the first cell that fails."""
    for path in paths:
        try:
            text = text_of(execute(path))
        except _FAILURES as error:
            sys.exit(f"{path.name}: {error}")
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.name}: written")


def main() -> int:
    """Parse the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a stored notebook is stale")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every one in notebooks/")
    options = parser.parse_args()
    paths = options.notebooks or sorted(FOLDER.glob("*.ipynb"))
    if options.check:
        return 1 if check(paths) else 0
    rewrite(paths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
