"""The terminal in a notebook: a prompt, the screen, an editor for `nano FILE`; and what a cell with commands prints.

The page's half is static/terminal.js with static/editor.js.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import traitlets
import yaml

from kubesim.api import load_yaml, yaml_loader
from kubesim.api.result import Edit, Result
from kubesim.jupyter.card import Message, Widget
from kubesim.jupyter.current import Seat, time_of_day
from kubesim.shell import Shell, word_start
from kubesim.workspace import HOME

LONGEST_WAIT = 600
"""Simulated seconds that "until something changes" waits at most."""
LARGEST_TRANSCRIPT = 200_000
"""Characters; older entries go when there are more."""
LONGEST_HISTORY = 500
"""Commands that the up arrow brings back."""

_EDITOR_HINT = re.compile(r"^kubesim: the editor opens .*\n", re.MULTILINE)  # said where there is no editor
_TABLES = load_yaml(Path(__file__).with_suffix(".yaml"))
_WORDS = {word: code for code, words in _TABLES["words"].items() for word in words}
_SIGNS = {32: "✓", 33: "…", 31: "✗"}
_OPENINGS = {word: code for code, words in _TABLES["openings"].items() for word in words}
_CODES = _OPENINGS | _WORDS
YAML_HINTS: dict[str, str] = _TABLES["yaml_hints"]
_MARKED = re.compile(
    rf"^(?:{'|'.join(map(re.escape, _OPENINGS))})|(?:^|(?<=  )|(?<=:)|(?<=: ))(?:{'|'.join(_WORDS)})(?=  |[ ]?$)",
    re.MULTILINE,
)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
CLEAR_SCREEN = re.compile(r"\x1b\[[23]?J|\x1bc")


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
    screens = [_first(command) + _whole(seat.run(command).screen) for command in blocks]
    return f"{strip(''.join(screens))}# {time_of_day(seat.session.cluster.clock.now)}"


def _first(command: str) -> str:
    line, line_end, _rest = command.partition("\n")
    return f"$ {line} …\n" if line_end else f"$ {line}\n"


class _Screen:
    """What the screen shows, and which of it the page was sent."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        """As (kind, text): a "command", the "output" of one (with colours), or a "note"."""
        self._size = 0  # characters of their texts
        self._sent = 0  # how many entries the page has
        self._gone = 0  # how many of those that it has are dropped

    def write(self, *entries: tuple[str, str]) -> None:
        """Add entries; the oldest go where there is too much."""
        self.entries += entries
        self._size += _size(entries)
        while len(self.entries) > 1 and self._size > LARGEST_TRANSCRIPT:
            self._drop(1)

    def clear(self) -> None:
        self._drop(len(self.entries))

    def _drop(self, count: int) -> None:
        """Drop the oldest entries."""
        sent = min(count, self._sent)
        self._sent -= sent
        self._gone += sent
        self._size -= _size(self.entries[:count])
        del self.entries[:count]

    def whole(self) -> Message:
        """All entries, for a page that has none."""
        self.news()
        return {"entries": self.entries}

    def news(self) -> Message:
        """What is new since this was asked last: how many entries have `gone` from the beginning, and new `entries`."""
        new = {"gone": self._gone, "entries": self.entries[self._sent :]}
        self._gone = 0
        self._sent = len(self.entries)
        return new


def _size(entries: Iterable[tuple[str, str]]) -> int:
    return sum(len(text) for _, text in entries)


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
        self._shown = False
        self._saved = False  # since the editor was opened
        self._then = ""  # the command to run when it is closed
        self.screen = _Screen()
        self._commands_sent = 0  # of the history
        super().__init__(seat)

    # What Python offers

    def feed(self, text: str) -> None:
        """Run each command of `text`, as if it was typed."""
        for command in commands(text, self._seat.session.shell):
            self._show(self._seat.run(command), ("command", command))

    def say(self, text: str) -> None:
        self.screen.write(("note", f"# {text}\n"))

    def refresh(self) -> None:
        self.time = time_of_day(self._seat.session.cluster.clock.now)

    def news(self) -> Message:
        """What is new since this was asked last; nothing where the page knows all."""
        history = self._seat.session.shell.history
        new = {**self.screen.news(), "history": history[self._commands_sent :]}
        self._commands_sent = len(history)
        return new if any(new.values()) else {}

    # What the screen shows

    def _show(self, result: Result, *before: tuple[str, str]) -> None:
        """Write what a command said under its line, and open the editor if it asks for that."""
        screen = result.screen
        if result.edit:
            screen = _EDITOR_HINT.sub("", screen)
        if CLEAR_SCREEN.search(screen):
            screen, before = CLEAR_SCREEN.split(screen)[-1], ()
            self.screen.clear()
        output = [("output", colour(_whole(screen)))] if screen else []
        self.screen.write(*before, *output)
        if result.edit:
            self._open(result.edit)

    # The editor

    def _open(self, edit: Edit) -> None:
        name, workspace = edit.path, self._seat.session.workspace
        path = str(HOME / name)
        try:
            saved = workspace.read_text(path) if workspace.exists(path) else None
            (saved or "").encode()  # raises for bytes that are no text
        except (OSError, UnicodeEncodeError) as error:
            self.screen.write(("output", colour(f"kubesim: {edit.editor} cannot open {name}: {_reason(error)}\n")))
            return
        saved = (edit.draft or None) if saved is None else saved  # to close an object unchanged asks nothing
        file = {"name": name, "text": saved or "", "saved": saved or "", "exists": saved is not None}
        self.editing = {**file, "editor": edit.editor}
        self._saved, self._then = False, edit.then

    def do_save(self, message: Message) -> Message:
        name, text = self.editing["name"], message["text"]
        text = text if text.endswith("\n") or not text else text + "\n"
        try:
            self._seat.session.workspace.write_text(str(HOME / name), text)
        except OSError as error:
            return {"error": f"{name} is not saved: {_reason(error)}"}
        self.editing = {**self.editing, "text": text, "saved": text, "exists": True}
        self._saved = True
        return {}

    def do_check(self, message: Message) -> Message:
        if not self.editing:
            return {}  # it was closed meanwhile
        self.editing = {**self.editing, "text": message["text"]}
        is_yaml = self.editing["name"].lower().endswith((".yaml", ".yml"))
        return first_mistake(message["text"]) if is_yaml else {}

    def do_close(self, _message: Message) -> Message:
        name, saved = self.editing["name"], self.editing["saved"]
        self.editing = {}
        lines = len(saved.splitlines())
        news = f"saved {name} ({lines} {'line' if lines == 1 else 'lines'})"
        self.say(news if self._saved else f"closed {name}, nothing was saved")
        if self._saved and self._then:
            self._show(self._seat.run(self._then, label=self._then.partition(" --edit-result")[0]))
        return {}

    # What the page asks

    def do_start(self, message: Message) -> Message:
        """Hand the whole screen to a page that shows the terminal for the first time, or again."""
        again, self._shown = self._shown, True
        if not again:
            self._seat.catch_up(message["wall"])  # nothing was typed before
        history = self._seat.session.shell.history
        self._commands_sent = len(history)
        return {"start": {**self.screen.whole(), "history": history[-LONGEST_HISTORY:], "again": again}}

    def do_enter(self, message: Message) -> Message:
        text, shell = message["text"], self._seat.session.shell
        blocks = list(commands(text, shell))
        if blocks and not shell.is_complete(blocks[-1]):
            return {"more": True}
        self._seat.catch_up(message["wall"])
        self.feed(text)
        if not blocks:
            self._seat.changed()
        return {}

    def do_complete(self, message: Message) -> Message:
        text, cursor = message["text"], message["cursor"]
        candidates = self._seat.session.shell.complete(text, cursor)
        before = completed(text[:cursor], candidates)
        return {"text": before + text[cursor:], "cursor": len(before), "candidates": candidates}

    def do_advance(self, message: Message) -> None:
        self.say(self._seat.advance(min(float(message["seconds"]), LONGEST_WAIT)))

    def do_until(self, _message: Message) -> None:
        self.say(self._seat.advance_to_change(LONGEST_WAIT))

    def do_clear(self, _message: Message) -> None:
        self.screen.clear()

    def do_restart(self, _message: Message) -> None:
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


def _whole(screen: str) -> str:
    return screen if screen.endswith("\n") or not screen else screen + "\n"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is not a text file"


def colour(text: str) -> str:
    """`text` with colour escapes around its statuses and refusals; text that has its own escapes is left as it is."""
    if "\x1b" in text:
        return text
    return _MARKED.sub(lambda match: f"\x1b[{_CODES[match[0]]}m{match[0]}\x1b[0m", text)


def sign(status: str) -> str:
    """✓, … or ✗ for a status that is good, waiting or bad, as its colour says too."""
    return _SIGNS.get(_WORDS.get(status.removeprefix("Init:"), 0), "")


def strip(text: str) -> str:
    return _ESCAPE.sub("", text)


_NOTICED_LATER = ("found unexpected end of stream", "could not find expected ':'")  # than on the line of the mistake


def first_mistake(text: str) -> Message:
    """The `line` on which `text` cannot be read as YAML documents, and why, in `words`; nothing when it can."""
    with suppress(yaml.YAMLError, RecursionError, UnicodeEncodeError):
        _compose(text, yaml_loader())
        return {}
    try:
        _compose(text, yaml.SafeLoader)  # slower, but it says what it expected, for which `yaml_hints` has our words
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "this is not YAML"
        hint = next((hint for part, hint in YAML_HINTS.items() if part in problem), problem)
        return {"line": _line(error, text), "words": hint}
    except yaml.YAMLError as error:
        return {"line": 1, "words": str(error).splitlines()[0]}
    except RecursionError:
        return {"line": 1, "words": "this is nested too deeply"}
    return {}


def _compose(text: str, loader: Any) -> None:
    for _ in yaml.compose_all(text, Loader=loader):
        pass


def _line(error: yaml.MarkedYAMLError, text: str) -> int:
    began_before = any(part in (error.problem or "") for part in _NOTICED_LATER)
    mark = (error.context_mark if began_before else None) or error.problem_mark or error.context_mark
    last = max(1, len(text.rstrip().splitlines()))
    return min(mark.line + 1, last) if mark else 1
