"""kubesim in Jupyter: `%load_ext kubesim.jupyter` adds the magics: workbench, shell, time, pictures, quizzes, tasks.

`session()` is what the cells work on. The cluster is created when the first cell needs it, not by this import, and
each room is imported when a magic first needs it: neither the simulator nor the widgets keep `%load_ext` busy.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

if TYPE_CHECKING:
    from kubesim.jupyter.current import Seat
    from kubesim.session import Session

logging.getLogger("kubesim").addHandler(logging.NullHandler())  # or Python writes tracebacks into the page

__all__ = ["load_ipython_extension", "session"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics. Loading the extension again keeps the notebook's cluster, and prints no notice."""
    shell.register_magics(KubesimMagics)
    if manager := shell.extension_manager:
        shell.events.register("pre_run_cell", lambda _cell: manager.loaded.discard(__name__))


def session() -> Session:
    """The notebook's session. It stays the same one; a restart and `undo` put another cluster into it."""
    return _seat().session


def _seat() -> Seat:
    return _room("current").seat()  # type: ignore[no-any-return]


def _room(name: str) -> Any:
    """A module of this package. UsageError, which IPython shows as one line, where the packages for it are missing."""
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"kubesim: {error}: pip install 'kubesim[widgets]', and restart the kernel") from None


@magics_class
class KubesimMagics(Magics):
    """The magics; `%quiz?` shows a learner what its docstring says."""

    @no_var_expand
    @line_cell_magic
    def kubectl(self, line: str, cell: str | None = None) -> None:
        """Run the cell's shell lines and print what they print; `%kubectl get pods` runs that one command."""
        if cell is None:
            cell = f"kubectl {line}".rstrip()
        elif line.strip():
            _say(f"%%kubectl takes no options, but here is {line.strip()!r}: write commands on the lines below")
            return
        elif not cell.strip():
            _say("the cell has no commands: write one below %%kubectl, such as kubectl get pods")
            return
        print(_room("terminal").transcript(_seat(), cell))  # noqa: T201

    @line_magic
    def serve(self, line: str) -> None:
        """Let a real kubectl use the notebook's cluster: `%serve`, or `%serve --realtime` for a clock that runs."""
        if line.strip() not in ("", "--realtime"):
            _say(f"%serve takes no options but --realtime, and here is {line.strip()!r}")
            return
        if sys.platform == "emscripten":
            _say("this page has no server. To use your own kubectl, open this notebook in JupyterLab.")
            return
        seat = _seat()
        try:
            server = seat.serve(realtime=bool(line.strip()))
        except (ImportError, OSError) as error:
            _say(f"the cluster cannot be served here: {error}")
            return
        path = server.kubeconfig.relative_to(seat.session.workspace.root.parent)
        print(f'In a terminal, in the folder of this notebook:\n\nexport KUBECONFIG="$PWD/{path}"')  # noqa: T201

    @no_var_expand
    @line_cell_magic
    def why(self, line: str, cell: str | None = None) -> None:
        """Explain the last attempt to pull: `%why POD [-n NAMESPACE] [-c CONTAINER] [-o FORM]`.

        `%%why [--pod NAME] [--answer yes|no] [-o FORM]` explains the export, or the message, in its cell; FORM is
        markdown or json. `%why` opens a box to paste one into.
        """
        if cell is None:
            _room("why").why(line, _seat())
        else:
            _room("why").why_cell(line, cell)

    @no_var_expand
    @line_magic
    def restart(self, line: str) -> None:
        """Start again with a fresh cluster. Your files stay."""
        if not _refuse_options("restart", line):
            _room("current").restart(_seat())

    @no_var_expand
    @line_magic
    def registries(self, line: str) -> None:
        """Start again with registries of your own: `%registries FILE`."""
        _room("current").registries(line, _seat())

    @no_var_expand
    @line_magic
    def advance(self, line: str) -> None:
        """Let simulated time pass: `%advance 30s`, `%advance 5m`."""
        _room("current").advance(line, _seat())

    @no_var_expand
    @line_magic
    def flow(self, line: str) -> None:
        """Draw the pull of an image: `%flow POD [-n NAMESPACE] [-c CONTAINER]`."""
        _room("workbench").draw(line, _seat())

    @no_var_expand
    @line_magic
    def timeline(self, line: str) -> None:
        """List what happened: `%timeline [POD] [-n NAMESPACE]`."""
        _room("chronicle").timeline(line, _seat())

    @no_var_expand
    @line_magic
    def quiz(self, line: str) -> None:
        """Ask a question: `%quiz ID`."""
        _room("quiz").show(line, _seat())

    @no_var_expand
    @line_magic
    def predict(self, line: str) -> None:
        """Ask for a prediction of what the next cell prints: `%predict ID`."""
        _room("prediction").show(line, _seat())

    @no_var_expand
    @line_magic
    def task(self, line: str) -> None:
        """Set a task: `%task ID`."""
        _room("task").show(line, _seat())

    @no_var_expand
    @line_magic
    def challenge(self, line: str) -> None:
        """Start broken clusters to fix: `%challenge`, `%challenge 2`."""
        _room("challenge").show(line, _seat())

    @no_var_expand
    @line_magic
    def review(self, line: str) -> None:
        """Repeat what is due, or some questions: `%review`, `%review ID ID`."""
        _room("challenge").review(line, _seat())

    @no_var_expand
    @line_magic
    def workbench(self, line: str) -> None:
        """Open the terminal and what is beside it."""
        if not _refuse_options("workbench", line):
            _room("workbench").show(_seat())

    @no_var_expand
    @line_magic
    def skills(self, line: str) -> None:
        """Show a page of what you've shown so far."""
        if not _refuse_options("skills", line):
            _room("progress").show_skills(_seat())

    @no_var_expand
    @line_magic
    def playground(self, line: str) -> None:
        """Show buttons that break or load something."""
        if not _refuse_options("playground", line):
            _room("playground").show(_seat())

    @no_var_expand
    @line_magic
    def progress(self, line: str) -> None:
        """Show what you've done in all notebooks."""
        if not _refuse_options("progress", line):
            _room("progress").show(_seat())


def _refuse_options(magic: str, line: str) -> bool:
    """Print that a magic has to be alone on its line, if it is not; return whether that was so."""
    if not line.strip():
        return False
    _say(f"%{magic} takes no options, but here is {line.strip()!r}")
    return True


def _say(words: str) -> None:
    print(f"kubesim: {words}")  # noqa: T201
