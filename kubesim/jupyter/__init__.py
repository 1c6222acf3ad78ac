"""The IPython extension: `%load_ext kubesim.jupyter` registers every magic of kubesim, and `session()` is its Session.

Only the registration is here. What a magic does is in another module of this package, which is imported at the first
use of the magic; the cluster, too, is created at the first use. So `%load_ext` loads neither simulator nor widgets.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from kubesim.api.garbage import uncollected
from kubesim.jupyter.refusal import Refusal

if TYPE_CHECKING:
    from kubesim.jupyter.seat import Seat
    from kubesim.session import Session

# Without a handler, Python's last resort prints the tracebacks of logged errors into the notebook.
logging.getLogger("kubesim").addHandler(logging.NullHandler())

__all__ = ["load_ipython_extension", "session"]


class _Magic(NamedTuple):
    """A line magic: a call of `function(line, seat)` in a module of this package."""

    # The name of the module, without the package's.
    room: str
    function: str
    # The help that `%quiz?` shows.
    about: str
    # False for a function that gets the seat alone; text behind the magic is refused then.
    takes_line: bool = True


# Line magics by their names. The two that are cell magics, too, are methods of CellMagics.
_MAGICS = {
    "registries": _Magic("current", "registries", "Start again with registries of your own: `%registries FILE`."),
    "advance": _Magic("current", "advance", "Let simulated time pass: `%advance 30s`, `%advance 5m`."),
    "restart": _Magic("current", "restart", "Start again with a fresh cluster. Your files stay.", takes_line=False),
    "serve": _Magic("current", "serve", "Let a real kubectl use the notebook's cluster: `%serve [--realtime]`."),
    "flow": _Magic("workbench", "draw", "Draw the pull of an image: `%flow POD [-n NAMESPACE] [-c CONTAINER]`."),
    "quiz": _Magic("quiz", "show", "Ask a question: `%quiz ID`."),
    "predict": _Magic("prediction", "show", "Ask for a prediction of what the next cell prints: `%predict ID`."),
    "explore": _Magic("explore", "show", "Show a small model to change: `%explore NAME`."),
    "task": _Magic("task", "show", "Set a task: `%task ID`."),
    "challenge": _Magic("challenge", "show", "Start broken clusters to fix: `%challenge`, `%challenge 2`."),
    "review": _Magic("challenge", "review", "Repeat what is due, or some questions: `%review`, `%review ID ID`."),
    "workbench": _Magic("workbench", "show", "Open the terminal and what is beside it.", takes_line=False),
    "skills": _Magic("progress", "show_skills", "Show a page of what you've shown so far.", takes_line=False),
    "playground": _Magic("playground", "show", "Show buttons that break or load something: `%playground [CAUSE]`."),
    "progress": _Magic("progress", "show", "Show what you've done in all notebooks.", takes_line=False),
}


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics. Loading the extension again keeps the notebook's cluster, and prints no notice.

    IPython calls this on `%load_ext`, and prints a notice for an extension in `manager.loaded`. Each notebook of the
    lesson begins with `%load_ext`, so this name is taken out of that set before each cell.
    """
    shell.register_magics(CellMagics)
    for name, magic in _MAGICS.items():
        shell.magics_manager.register_function(_line_magic(name, magic), magic_kind="line", magic_name=name)
    if "google.colab" in sys.modules:  # Colab shows widgets from other packages only after this call
        import_module("google.colab.output").enable_custom_widget_manager()
    if manager := shell.extension_manager:
        shell.events.register("pre_run_cell", lambda _cell: manager.loaded.discard(__name__))


def _line_magic(name: str, magic: _Magic) -> Callable[[str], None]:
    """The function that IPython calls with the rest of the line."""

    def run(line: str) -> None:
        with _refusing():
            function = getattr(_room(magic.room), magic.function)
            if magic.takes_line:
                function(line, _seat())
            elif line.strip():
                raise Refusal(f"%{name} takes no options, but here is {line.strip()!r}")
            else:
                function(_seat())

    run.__doc__ = magic.about
    return no_var_expand(run)


@contextmanager
def _refusing() -> Iterator[None]:
    """A context that prints a Refusal as one line `kubesim: …` of the cell's output."""
    try:
        yield
    except Refusal as refusal:
        print(f"kubesim: {refusal}")  # noqa: T201  # a cell's output


def session() -> Session:
    """The notebook's session, always the same object. `%restart` and `undo` replace its `cluster`: don't keep that."""
    return _seat().session


def _seat() -> Seat:
    return _room("current").seat()  # type: ignore[no-any-return]


def _room(name: str) -> Any:
    """Import a module of this package. Raises UsageError, which IPython shows as one line, for a missing dependency."""
    try:
        with uncollected():
            return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"kubesim: {error}: pip install 'kubesim[widgets]', and restart the kernel") from None


@magics_class
class CellMagics(Magics):
    """The magics that are both line and cell magics. The docstring of a method is the help that `%why?` shows."""

    @no_var_expand
    @line_cell_magic
    def kubectl(self, line: str, cell: str | None = None) -> None:
        """Run the cell's shell lines and print what they print; `%kubectl get pods` runs that one command."""
        with _refusing():
            if cell is None:
                cell = f"kubectl {line}".rstrip()
            elif line.strip():
                raise Refusal(
                    f"%%kubectl takes no options, but here is {line.strip()!r}: write commands on the lines below"
                )
            elif not cell.strip():
                raise Refusal("the cell has no commands: write one below %%kubectl, such as kubectl get pods")
            print(_room("terminal").transcript(_seat(), cell))  # noqa: T201

    @no_var_expand
    @line_cell_magic
    def why(self, line: str, cell: str | None = None) -> None:
        """Explain the last attempt to pull: `%why POD [-n NAMESPACE] [-c CONTAINER] [-o FORM]`.

        `%%why [--pod NAME] [--answer yes|no] [-o FORM]` explains the export, or the message, in its cell; FORM is
        markdown or json. `%why` opens a box to paste one into.
        """
        with _refusing():
            if cell is None:
                _room("why").why(line, _seat())
            else:
                _room("why").why_cell(line, cell)
