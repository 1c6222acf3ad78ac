"""kubesim in Jupyter: `%load_ext kubesim.jupyter` adds the magics: workbench, shell, time, pictures, quizzes, tasks.

`session()` is what the cells work on. The cluster is created when the first cell needs it, not by this import.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from kubesim.jupyter import challenge, current, flow, playground, progress, quiz, task, timeline, workbench
from kubesim.jupyter.current import Seat, session
from kubesim.jupyter.terminal import transcript

logging.getLogger("kubesim").addHandler(logging.NullHandler())  # or Python writes tracebacks into the page

__all__ = ["load_ipython_extension", "session"]

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
LONGEST_ADVANCE = 24 * 3600


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics. Loading the extension again keeps the notebook's cluster, and prints no notice."""
    shell.register_magics(KubesimMagics)
    if manager := shell.extension_manager:
        shell.events.register("post_run_cell", lambda _result: manager.loaded.discard(__name__))


def _showing(name: str, show: Callable[[str, Seat], None], help_text: str) -> Any:
    """A line magic that hands its line to `show`."""

    def magic(_self: Magics, line: str) -> None:
        show(line, current.seat())

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
        print(transcript(current.seat(), cell))  # noqa: T201
        return None

    @line_magic
    def restart(self, line: str) -> None:
        """Start again with a fresh cluster. Your files stay."""
        if _is_bare("restart", line):
            current.seat().restart()
            print("A fresh cluster is ready; your files are still there.")  # noqa: T201

    @line_magic
    def advance(self, line: str) -> None:
        """Let simulated time pass: `%advance 30s`, `%advance 5m`."""
        seconds = parse_duration(line.strip())
        if seconds is None:
            return _say(f"how long? %advance 30s or %advance 5m, at most 24h (not {line.strip()!r})")
        print(current.seat().advance(seconds))  # noqa: T201
        return None

    @line_magic
    def serve(self, line: str) -> None:
        """Let a real kubectl use the notebook's cluster: `%serve`, or `%serve --realtime` for a clock that runs."""
        if line.strip() not in ("", "--realtime"):
            return _say(f"%serve takes no options but --realtime, and here is {line.strip()!r}")
        if sys.platform == "emscripten":
            return _say("this page has no server. To use your own kubectl, open this notebook in JupyterLab.")
        seat = current.seat()
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
        """Explain the last attempt to pull: `%why POD [-n NAMESPACE] [-c CONTAINER]`.

        `%%why [--pod NAME]` explains the export, or the message, in its cell; `%why` opens a box to paste one into.
        """
        if cell is None:
            flow.why(line, current.seat())
        else:
            flow.why_cell(line, cell)

    # Each hides its module's name from the lines below it, so `review` and `predict` come before theirs.
    flow = _showing("flow", workbench.draw, "Draw the pull of an image: `%flow POD [-n NAMESPACE] [-c CONTAINER]`.")
    timeline = _showing("timeline", timeline.show, "List what happened, and when: `%timeline [POD] [-n NAMESPACE]`.")
    review = _showing("review", challenge.review, "Repeat what is due, or some questions: `%review`, `%review ID ID`.")
    predict = _showing("predict", quiz.predict, "Ask for a prediction of what the next cell prints: `%predict ID`.")
    quiz = _showing("quiz", quiz.show, "Ask a question: `%quiz ID`.")
    task = _showing("task", task.show, "Set a task: `%task ID`.")
    challenge = _showing("challenge", challenge.show, "Start broken clusters to fix: `%challenge`, or `%challenge 2`.")

    @line_magic
    def workbench(self, line: str) -> None:
        """Open the workbench: a live terminal, the path of a pull, the cluster at a glance, and the clock."""
        if _is_bare("workbench", line):
            workbench.show(current.seat())

    @line_magic
    def skills(self, line: str) -> None:
        """Show a page of what you've shown so far, when, and with how much help."""
        if _is_bare("skills", line):
            progress.show_skills(current.seat())

    @line_magic
    def playground(self, line: str) -> None:
        """Show a button that breaks something at random, and one that loads a cluster from case.yaml."""
        if _is_bare("playground", line):
            playground.show(current.seat())

    @line_magic
    def progress(self, line: str) -> None:
        """Show what you've done in all notebooks, with buttons to download and upload it."""
        if _is_bare("progress", line):
            progress.show(current.seat())


def parse_duration(text: str) -> int | None:
    """The seconds in "30s", "5m", "1h30m" or plain "30"; None when `text` is no duration, or not in 1 s … 24 h."""
    match = _DURATION.fullmatch(text)
    if not match or not text:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    return total if 0 < total <= LONGEST_ADVANCE else None


def _is_bare(magic: str, line: str) -> bool:
    """Whether the magic is alone on its line; prints that it has to be, if it is not."""
    if line.strip():
        _say(f"%{magic} takes no options, but here is {line.strip()!r}")
    return not line.strip()


def _say(words: str) -> None:
    print(f"kubesim: {words}")  # noqa: T201
