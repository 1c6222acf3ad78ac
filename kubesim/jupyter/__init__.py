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


def _showing(name: str, place: str, help_text: str, *, bare: bool = False) -> Any:
    """A line magic that calls the function of that `place`, a room and its name, with its line unless it is `bare`."""
    room, _, show = place.partition(".")

    def magic(_self: Magics, line: str) -> None:
        if not bare or _is_bare(name, line):
            getattr(_room(room), show)(*[] if bare else [line], _seat())

    magic.__name__, magic.__doc__ = name, help_text
    return no_var_expand(line_magic(magic))


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
            return _say(f"%%kubectl takes no options, but here is {line.strip()!r}: write commands on the lines below")
        elif not cell.strip():
            return _say("the cell has no commands: write one below %%kubectl, such as kubectl get pods")
        print(_room("terminal").transcript(_seat(), cell))  # noqa: T201
        return None

    @line_magic
    def serve(self, line: str) -> None:
        """Let a real kubectl use the notebook's cluster: `%serve`, or `%serve --realtime` for a clock that runs."""
        if line.strip() not in ("", "--realtime"):
            return _say(f"%serve takes no options but --realtime, and here is {line.strip()!r}")
        if sys.platform == "emscripten":
            return _say("this page has no server. To use your own kubectl, open this notebook in JupyterLab.")
        seat = _seat()
        try:
            server = seat.serve(realtime=bool(line.strip()))
        except (ImportError, OSError) as error:
            return _say(f"the cluster cannot be served here: {error}")
        place = server.kubeconfig.relative_to(seat.session.workspace.root.parent)
        print(f'In a terminal, in the folder of this notebook:\n\nexport KUBECONFIG="$PWD/{place}"')  # noqa: T201
        return None

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

    restart = _showing("restart", "current.restart", "Start again with a fresh cluster. Your files stay.", bare=True)
    registries = _showing(
        "registries", "current.registries", "Start again with registries of your own: `%registries FILE`."
    )
    advance = _showing("advance", "current.advance", "Let simulated time pass: `%advance 30s`, `%advance 5m`.")
    flow = _showing("flow", "workbench.draw", "Draw the pull of an image: `%flow POD [-n NAMESPACE] [-c CONTAINER]`.")
    timeline = _showing("timeline", "flow.timeline", "List what happened: `%timeline [POD] [-n NAMESPACE]`.")
    quiz = _showing("quiz", "quiz.show", "Ask a question: `%quiz ID`.")
    predict = _showing("predict", "quiz.predict", "Ask for a prediction of what the next cell prints: `%predict ID`.")
    task = _showing("task", "task.show", "Set a task: `%task ID`.")
    challenge = _showing("challenge", "challenge.show", "Start broken clusters to fix: `%challenge`, `%challenge 2`.")
    review = _showing(
        "review", "challenge.review", "Repeat what is due, or some questions: `%review`, `%review ID ID`."
    )
    workbench = _showing("workbench", "workbench.show", "Open the terminal and what is beside it.", bare=True)
    skills = _showing("skills", "progress.show_skills", "Show a page of what you've shown so far.", bare=True)
    playground = _showing("playground", "task.playground", "Show buttons that break or load something.", bare=True)
    progress = _showing("progress", "progress.show", "Show what you've done in all notebooks.", bare=True)


def _is_bare(magic: str, line: str) -> bool:
    """Whether the magic is alone on its line; prints that it has to be, if it is not."""
    if line.strip():
        _say(f"%{magic} takes no options, but here is {line.strip()!r}")
    return not line.strip()


def _say(words: str) -> None:
    print(f"kubesim: {words}")  # noqa: T201
