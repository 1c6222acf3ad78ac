"""The terminal widget, with a prompt, a screen and an editor for `nano FILE`; and the output of `%%kubectl` cells.

Commands run in the session's shell through the Seat. The page's half is static/terminal.js, prompt.js and editor.js.
Workbench is the only subclass, and the only one that is displayed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import traitlets

from kubesim.api.result import Edit, Result
from kubesim.jupyter.card import Message, Widget
from kubesim.jupyter.mistakes import first_mistake
from kubesim.jupyter.screen import Screen, colour_statuses, strip_escapes
from kubesim.jupyter.seat import Seat, time_of_day
from kubesim.lessons.review import counted
from kubesim.shell import Shell
from kubesim.shell.completion import word_start
from kubesim.workspace import HOME

# Simulated seconds of one message "advance" or "advance_to_change" at most.
LONGEST_WAIT = 600
# Commands of the history that a page gets at its start, for the up arrow.
LONGEST_HISTORY = 500
# The line of `nano` for terminals without an editor; this one has it.
_EDITOR_HINT = re.compile(r"^kubesim: the editor opens .*\n", re.MULTILINE)
# The sequences that clear the screen, as `clear` and `reset` print them: home first, or the whole screen.
_CLEAR = re.compile(r"\x1b\[H\x1b\[J|\x1b\[[23]J|\x1bc")


def commands(text: str, shell: Shell) -> Iterator[str]:
    """Split `text` into commands: one for each line, but a heredoc or an open quote includes the lines up to its end.

    The last command may be incomplete. Blank lines between commands are dropped.
    """
    block: list[str] = []
    end_mark = ""
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        if block or line.strip():
            block.append(line)
        # Inside a heredoc, skip the parser until the end mark: parsing after each line would take quadratic time.
        if not block or (end_mark and line != end_mark):
            continue
        command = "\n".join(block)
        end_mark = shell.end_mark(command) if "<<" in command else ""
        if not end_mark and shell.is_complete(command):
            yield command
            block.clear()
    if block:
        yield "\n".join(block)


def transcript(seat: Seat, text: str) -> str:
    """Run the commands of `text`, and return a transcript: each command with its output, then the simulated time.

    Only the first line of a command is repeated, because the cell above shows all of them.
    """
    blocks = commands(text, seat.session.shell)
    screens = [_echo(command) + _with_line_end(seat.run(command).screen) for command in blocks]
    return f"{strip_escapes(''.join(screens))}# {time_of_day(seat.now)}"


def _echo(command: str) -> str:
    line, line_end, _rest = command.partition("\n")
    return f"$ {line} …\n" if line_end else f"$ {line}\n"


class Terminal(Widget):
    """A live terminal: a prompt, the screen, an editor for files, and the clock with its buttons.

    The screen isn't a trait, because a trait is sent as a whole with each change. The page gets new entries and new
    commands of the `history` with each reply instead (`take_news`).
    """

    # The simulated time of day, UTC.
    time = traitlets.Unicode().tag(sync=True)
    # The open file, {} without one: `name`, present `text`, `saved` text, `exists`, and the `editor`'s name.
    editing = traitlets.Dict().tag(sync=True)

    def __init__(self, seat: Seat) -> None:
        self._is_started = False  # a page has shown the terminal
        self._is_saved = False  # the file was saved since the editor was opened
        self._edit: Edit | None = None  # the request that opened the editor last
        self.screen = Screen()
        self._commands_sent = 0  # the number of commands of the history that the page has
        super().__init__(seat)

    # For other widgets

    def feed(self, text: str) -> None:
        """Run each command of `text` as if the learner had typed it."""
        for command in commands(text, self._seat.session.shell):
            self._print(self._seat.run(command), command)

    def say(self, text: str) -> None:
        """Write a note on the screen."""
        self.screen.write("note", f"# {text}\n")

    def refresh(self) -> None:
        self.time = time_of_day(self._seat.now)

    def take_news(self) -> Message:
        """New entries and new commands since the last call, which count as sent; {} if there are none."""
        history = self._seat.session.shell.history
        new = {**self.screen.take_news(), "history": history[self._commands_sent :]}
        self._commands_sent = len(history)
        return new if any(new.values()) else {}

    # The screen

    def _print(self, result: Result, command: str = "") -> None:
        """Write a result below its `command`, if that was typed. Clears the screen or opens the editor if it says so.

        Output before a clearing sequence is lost, and so is the command, as in a real terminal.
        """
        printed = result.screen
        if result.edit:
            printed = _EDITOR_HINT.sub("", printed)
        *cleared, printed = _CLEAR.split(printed)
        if cleared:
            self.screen.clear()
        elif command:
            self.screen.write("command", command)
        if printed:
            self.screen.write("output", colour_statuses(_with_line_end(printed)))
        if result.edit:
            self._open(result.edit)

    # The editor

    def _open(self, edit: Edit) -> None:
        """Open a file in the editor; a file that can't be read gets a line on the screen."""
        workspace = self._seat.session.workspace
        path = str(HOME / edit.path)
        try:
            is_there = workspace.exists(path)
            text = workspace.read_text(path) if is_there else edit.draft
            text.encode()  # raises for a file that isn't UTF-8, whose bytes are surrogates in `text`
        except (OSError, UnicodeEncodeError) as error:
            refusal = f"kubesim: {edit.editor} cannot open {edit.path}: {_reason(error)}\n"
            self.screen.write("output", colour_statuses(refusal))
            return
        exists = is_there or bool(text)
        self.editing = {"name": edit.path, "text": text, "saved": text, "exists": exists, "editor": edit.editor}
        self._is_saved = False
        self._edit = edit

    def do_save(self, text: str) -> Message:
        """Write the open file, with a line end. Returns an `error`, which the page shows, if that fails."""
        if not self.editing:
            return {"error": "nothing is saved: the editor was closed meanwhile, on another page"}
        name = self.editing["name"]
        text = _with_line_end(text)
        try:
            self._seat.session.workspace.write_text(str(HOME / name), text)
        except OSError as error:
            return {"error": f"{name} is not saved: {_reason(error)}"}
        self.editing = {**self.editing, "text": text, "saved": text, "exists": True}
        self._is_saved = True
        return {}

    def do_typed(self, text: str) -> Message:
        """Keep the unsaved text, so that other pages and a reloaded one have it. Returns the first mistake in YAML."""
        if not self.editing:
            return {}  # another page has closed it
        self.editing = {**self.editing, "text": text}
        is_yaml = self.editing["name"].lower().endswith((".yaml", ".yml"))
        return first_mistake(text) if is_yaml else {}

    def do_close(self) -> Message:
        """Close the editor. After a save, run the second half of the command that opened it (`Edit.then`)."""
        if not self.editing:
            return {}  # another page has closed it
        name = self.editing["name"]
        lines = len(self.editing["saved"].splitlines())
        self.editing = {}
        if not self._is_saved:
            self.say(f"closed {name}, nothing was saved")
            return {}
        self.say(f"saved {name} ({counted(lines, 'line')})")
        if self._edit and self._edit.then:
            self._print(self._seat.run(self._edit.then, label=self._edit.label))
        return {}

    # Messages of the page

    def do_start(self, wall: float) -> Message:
        """Send the whole screen to a page that begins to show the terminal. `wall` is the page's clock in seconds."""
        again = self._is_started
        self._is_started = True
        if not again:
            self._seat.catch_up(wall)  # sets the beginning of the pause before the first command
        history = self._seat.session.shell.history
        self._commands_sent = len(history)
        return {"start": {**self.screen.take_all(), "history": history[-LONGEST_HISTORY:], "again": again}}

    def do_enter(self, text: str, wall: float) -> Message:
        """Run typed or pasted lines. Runs nothing and returns `more` if the last command is incomplete."""
        shell = self._seat.session.shell
        blocks = list(commands(text, shell))
        if blocks and not shell.is_complete(blocks[-1]):
            return {"more": True}
        self._seat.catch_up(wall)
        self.feed(text)
        if not blocks:
            self._seat.notify()  # an empty line runs nothing, but time has passed in `catch_up`
        return {}

    def do_complete(self, text: str, cursor: int) -> Message:
        candidates = self._seat.session.shell.complete(text, cursor)
        before = completed(text[:cursor], candidates)
        return {"text": before + text[cursor:], "cursor": len(before), "candidates": candidates}

    def do_advance(self, seconds: float) -> None:
        self.say(self._seat.advance(min(seconds, LONGEST_WAIT)))

    def do_advance_to_change(self) -> None:
        self.say(self._seat.advance(LONGEST_WAIT, to_change=True))

    def do_undo(self) -> None:
        self.say(self._seat.undo())

    def do_redo(self) -> None:
        self.say(self._seat.redo())

    def do_clear(self) -> None:
        self.screen.clear()

    def do_restart(self) -> None:
        self._seat.restart()
        self.screen.clear()
        self.say("a fresh cluster; your files are still there")


def completed(before: str, candidates: list[str]) -> str:
    """The text before the cursor after Tab: the last word extended by the common prefix of the candidates.

    A single candidate gets a space behind it, unless it ends in "/" or "=".
    """
    start = word_start(before, len(before))
    common = os.path.commonprefix(candidates)  # noqa: RUF071  # a prefix of letters, not of path segments
    word = max(before[start:], common, key=len)
    is_complete = len(candidates) == 1 and not common.endswith(("/", "="))
    return f"{before[:start]}{word} " if is_complete else before[:start] + word


def _with_line_end(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


def _reason(error: OSError | UnicodeEncodeError) -> str:
    """Why a file can't be read or written: the operating system's words, or that it isn't UTF-8."""
    if isinstance(error, UnicodeEncodeError):
        return "it is not a text file"
    return error.strerror or str(error)
