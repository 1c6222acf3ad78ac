"""Runs the notebooks and stores them with their outputs, which are the same on any machine (`make notebooks`).

`--check` compares a run with the stored notebook instead, byte by byte, and prints the cells that differ
(`make fresh`). Pictures aren't compared, because versions of Graphviz lay them out differently.
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
# A picture in HTML.
DRAWN = re.compile(r"data:image/svg\+xml;base64,[\w+/=]+")
# Beginnings of cells whose output is a question or a task. The output is never hidden, the source always.
EXERCISES = ("%quiz", "%review", "%task", "%challenge", "%predict", "%explore")
# Beginnings of cells that show a card or a picture. Their source is hidden, because readers want only the output.
DRAWS = (*EXERCISES, "%flow")
# The output that refers to a widget of the kernel, which is gone once the kernel has ended.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Seconds after which a cell fails.
CELL_SECONDS = 60
# Errors of a cell that failed, took too long, or ended its kernel.
_FAILURES = (CellControlSignal, DeadKernelError)


def outputs_of(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Every output of every code cell, in order."""
    return (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def _protection(cell: NotebookNode) -> dict[str, object]:
    """The metadata of a cell that can't be deleted. A code cell can be edited, and keeps its source to be restored."""
    if cell.cell_type == "code" and not cell.source.startswith(EXERCISES):
        return {"deletable": False, "kubesim": {"original": cell.source}}
    return {"deletable": False, "editable": False}


def protect(notebook: NotebookNode) -> None:
    """Write metadata, in place, so that nobody edits texts and exercises by mistake.

    A cell with the tag `yours` is the learner's own, and gets none.
    """
    for cell in notebook.cells:
        for name in ("editable", "deletable", "kubesim"):
            cell.metadata.pop(name, None)
        if "yours" not in cell.metadata.get("tags", ()):
            cell.metadata.update(_protection(cell))


def _hidden(source: str, is_predicted: bool) -> list[str]:
    """The keys of a code cell's metadata that hide its output, its source, both or nothing."""
    output = ["outputs_hidden"] if is_predicted and not source.startswith(EXERCISES) else []
    return [*output, "source_hidden"] if source.startswith(DRAWS) else output


def hide(notebook: NotebookNode) -> None:
    """Write metadata, in place, that hides the sources of cards and pictures, and the answers to predictions.

    Answers are all outputs between a prediction and the next heading. JupyterLab shows an output when its cell has run.
    Viewers of stored notebooks, such as GitHub, ignore the metadata.
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


def number(notebook: NotebookNode) -> None:
    """Set the execution counts to those of a run from top to bottom, in place."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Change a notebook into the form to store, in place, and return it.

    Drops all that differs between runs or machines, protects text and exercises, hides the sources of cards and the
    answers to predictions, and numbers the code cells from 1.
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


def kernel_environment(empty: Path) -> dict[str, str]:
    """This process's environment variables, with the workspace and IPython's profile in the folder `empty`."""
    return os.environ | {"KUBESIM_WORKSPACE": str(empty / "workspace"), "IPYTHONDIR": str(empty / "ipython")}


def execute(path: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel with an empty workspace, and return it in the form to store.

    Raises one of _FAILURES if a cell fails, takes too long or ends the kernel.
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


def text_of(notebook: NotebookNode) -> str:
    """The text of the notebook's file: JSON with sorted keys, a line for each line of output, a newline at the end."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def without_pictures(notebook: NotebookNode) -> NotebookNode:
    """Replace the pictures in all outputs by a placeholder, in place, and return the notebook."""
    for output in outputs_of(notebook):
        data = output.get("data", {})
        if "text/html" in data:
            data["text/html"] = DRAWN.sub("(a picture)", "".join(data["text/html"]))
    return notebook


def pretty(node: NotebookNode) -> list[str]:
    """The JSON of a node as readable lines, with the line breaks of its texts."""
    return json.dumps(node, indent=1, sort_keys=True, ensure_ascii=False).replace("\\n", "\n").split("\n")


def diff(title: str, before: list[str], after: list[str]) -> str:
    """A unified diff with that title."""
    return "\n".join(difflib.unified_diff(before, after, f"{title}, stored", f"{title}, as it runs", n=1, lineterm=""))


def differences(stored: NotebookNode, run: NotebookNode) -> Iterator[str]:
    """A diff of each cell that differs, and of the notebook's metadata. Both notebooks have the same cells."""
    for before, after in zip(stored.cells, run.cells, strict=True):
        if before != after:
            yield diff(f"cell {before.get('id', '(no id)')}", pretty(before), pretty(after))
    if stored.metadata != run.metadata:
        yield diff("metadata", pretty(stored.metadata), pretty(run.metadata))


def problems(path: Path) -> list[str]:
    """The differences between a stored notebook and the one that `make notebooks` would write; none if it's fresh."""
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
    """Run and store each notebook. Raises SystemExit at the first cell that fails."""
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
