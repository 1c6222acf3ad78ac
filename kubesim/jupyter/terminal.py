"""The terminal in a notebook: a prompt, the screen, an editor for `nano FILE`; and what a cell with commands prints.

The page's half is static/terminal.js with static/editor.js.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import traitlets

from kubesim.api.result import Edit, Result
from kubesim.jupyter.card import Message, Widget
from kubesim.jupyter.mistakes import first_mistake
from kubesim.jupyter.screen import Screen, colour, strip
from kubesim.jupyter.seat import Seat, time_of_day
from kubesim.lessons.review import counted
from kubesim.shell import Shell
from kubesim.shell.completion import word_start
from kubesim.workspace import HOME

LONGEST_WAIT = 600
"""Simulated seconds that "until something changes" waits at most."""
LONGEST_HISTORY = 500
"""Commands that the up arrow brings back."""
_EDITOR_HINT = re.compile(r"^kubesim: the editor opens .*\n", re.MULTILINE)  # said where there is no editor
_CLEAR = re.compile(r"\x1b\[[23]?J|\x1bc")


def commands(text: str, shell: Shell) -> Iterator[str]:
    """Cut `text` into commands: mostly lines, but a heredoc or an open quote stays with its end."""
    block: list[str] = []
    end_mark = ""
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        if block or line.strip():
            block.append(line)
        if not block or (end_mark and line != end_mark):  # only that line can end a heredoc, which may be long
            continue
        command = "\n".join(block)
        end_mark = shell.end_mark(command) if "<<" in command else ""
        if not end_mark and shell.is_complete(command):
            yield command
            block.clear()
    if block:
        yield "\n".join(block)


def transcript(seat: Seat, text: str) -> str:
    """Run the commands of `text`, and return them with what they printed, and the simulated time after the last one.

    Of a command of several lines only the first is repeated, because the cell right above has them all.
    """
    blocks = commands(text, seat.session.shell)
    screens = [_first(command) + _with_line_end(seat.run(command).screen) for command in blocks]
    return f"{strip(''.join(screens))}# {time_of_day(seat.now)}"


def _first(command: str) -> str:
    line, line_end, _rest = command.partition("\n")
    return f"$ {line} …\n" if line_end else f"$ {line}\n"


class Terminal(Widget):
    """A live terminal: a prompt, the screen, an editor for files, and the clock with its buttons.

    With the reply to what it asked, the page gets what is new on the screen, and in the `history` that the up arrow
    brings back.
    """

    time = traitlets.Unicode().tag(sync=True)
    """The simulated time of day, UTC."""
    editing = traitlets.Dict().tag(sync=True)
    """The file that is open in the `editor`: its name, its text now, as last saved, and whether it `exists`; or {}."""

    def __init__(self, seat: Seat) -> None:
        self._is_started = False  # whether a page shows the terminal, or has shown it
        self._is_saved = False  # whether the file was, since the editor was opened
        self._then = ""  # the command to run when the editor is closed
        self.screen = Screen()
        self._commands_sent = 0  # how many of the history the page has
        super().__init__(seat)

    # What Python offers

    def feed(self, text: str) -> None:
        """Run each command of `text`, as if it was typed."""
        for command in commands(text, self._seat.session.shell):
            self._print(self._seat.run(command), command)

    def say(self, text: str) -> None:
        self.screen.write("note", f"# {text}\n")

    def refresh(self) -> None:
        self.time = time_of_day(self._seat.now)

    def news(self) -> Message:
        """What is new since this was asked last; nothing where the page knows all."""
        history = self._seat.session.shell.history
        new = {**self.screen.news(), "history": history[self._commands_sent :]}
        self._commands_sent = len(history)
        return new if any(new.values()) else {}

    # What the screen shows

    def _print(self, result: Result, command: str = "") -> None:
        """Write what a command said, below its line if it was typed, and open the editor if it asks for that."""
        printed = result.screen
        if result.edit:
            printed = _EDITOR_HINT.sub("", printed)
        *cleared, printed = _CLEAR.split(printed)
        if cleared:
            self.screen.clear()
        elif command:
            self.screen.write("command", command)
        if printed:
            self.screen.write("output", colour(_with_line_end(printed)))
        if result.edit:
            self._open(result.edit)

    # The editor

    def _open(self, edit: Edit) -> None:
        workspace = self._seat.session.workspace
        path = str(HOME / edit.path)
        try:
            is_there = workspace.exists(path)
            text = workspace.read_text(path) if is_there else edit.draft  # to close a draft unchanged asks nothing
            text.encode()  # raises for bytes that are no text
        except (OSError, UnicodeEncodeError) as error:
            refusal = f"kubesim: {edit.editor} cannot open {edit.path}: {_reason(error)}\n"
            self.screen.write("output", colour(refusal))
            return
        exists = is_there or bool(text)
        self.editing = {"name": edit.path, "text": text, "saved": text, "exists": exists, "editor": edit.editor}
        self._is_saved = False
        self._then = edit.then

    def do_save(self, text: str) -> Message:
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

    def do_check(self, text: str) -> Message:
        if not self.editing:
            return {}  # another page has closed it
        self.editing = {**self.editing, "text": text}
        is_yaml = self.editing["name"].lower().endswith((".yaml", ".yml"))
        return first_mistake(text) if is_yaml else {}

    def do_close(self) -> Message:
        if not self.editing:
            return {}  # another page has closed it
        name = self.editing["name"]
        lines = len(self.editing["saved"].splitlines())
        self.editing = {}
        if not self._is_saved:
            self.say(f"closed {name}, nothing was saved")
            return {}
        self.say(f"saved {name} ({counted(lines, 'line')})")
        if self._then:
            self._print(self._seat.run(self._then, label=self._then.partition(" --edit-result")[0]))
        return {}

    # What the page asks

    def do_start(self, wall: float) -> Message:
        """Hand the whole screen to a page that shows the terminal for the first time, or again."""
        again = self._is_started
        self._is_started = True
        if not again:
            self._seat.catch_up(wall)  # nothing was typed before
        history = self._seat.session.shell.history
        self._commands_sent = len(history)
        return {"start": {**self.screen.whole(), "history": history[-LONGEST_HISTORY:], "again": again}}

    def do_enter(self, text: str, wall: float) -> Message:
        shell = self._seat.session.shell
        blocks = list(commands(text, shell))
        if blocks and not shell.is_complete(blocks[-1]):
            return {"more": True}
        self._seat.catch_up(wall)
        self.feed(text)
        if not blocks:
            self._seat.changed()
        return {}

    def do_complete(self, text: str, cursor: int) -> Message:
        candidates = self._seat.session.shell.complete(text, cursor)
        before = completed(text[:cursor], candidates)
        return {"text": before + text[cursor:], "cursor": len(before), "candidates": candidates}

    def do_advance(self, seconds: float) -> None:
        self.say(self._seat.advance(min(seconds, LONGEST_WAIT)))

    def do_until(self) -> None:
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
    """The text before the cursor after Tab: its last word grown by all the letters that the candidates share."""
    start = word_start(before, len(before))
    common = os.path.commonprefix(candidates)  # noqa: RUF071  # of letters is what is wanted
    word = max(before[start:], common, key=len)
    is_complete = len(candidates) == 1 and not common.endswith(("/", "="))
    return f"{before[:start]}{word} " if is_complete else before[:start] + word


def _with_line_end(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is not a text file"
