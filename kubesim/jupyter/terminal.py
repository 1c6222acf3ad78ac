"""The terminal in a notebook: a prompt, what was said so far, and an editor for `nano FILE`.

The page's half is static/terminal.js with static/editor.js: it draws the traits below and asks `_HANDLERS` what a key
or a button does. The class works without a page too: `Terminal(session).feed("kubectl get pods")`.
"""

from __future__ import annotations

import html
import logging
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import anywidget
import traitlets

from kubesim.api.clock import SECOND, to_datetime
from kubesim.api.result import Edit, Result
from kubesim.jupyter import ansi, current, yamlcheck
from kubesim.jupyter.assets import static
from kubesim.session import Session
from kubesim.shell import word_start
from kubesim.workspace import HOME

LONGEST_WAIT = 600
"""Simulated seconds that "until something changes" waits at most."""
LARGEST_TRANSCRIPT = 200_000
"""Characters; older entries go when there are more."""

_EDITOR_HINT = re.compile(r"^kubesim: the editor opens .*\n", re.MULTILINE)  # said where there is no editor

Message = dict[str, Any]


def commands(text: str, is_complete: Callable[[str], bool]) -> Iterator[str]:
    """Cut `text` into commands: mostly lines, but a heredoc or an open quote stays with its end."""
    block: list[str] = []
    for line in text.splitlines():
        if block or line.strip():
            block.append(line)
        if block and is_complete("\n".join(block)):
            yield "\n".join(block)
            block.clear()
    if block:
        yield "\n".join(block)


class Terminal(anywidget.AnyWidget):
    """A live terminal on `session`, or on the notebook's own session when none is given."""

    _esm = static("terminal.js", "editor.js")
    _css = static("terminal.css")

    entries = traitlets.List(traitlets.Tuple(traitlets.Unicode(), traitlets.Unicode())).tag(sync=True)
    """What the screen shows, as (kind, text): a "command" typed, the "output" of one (with colours), or a "note"."""
    history = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The commands that the up arrow brings back, oldest first."""
    time = traitlets.Unicode().tag(sync=True)
    """The simulated time of day, UTC."""
    editing = traitlets.Any(None, allow_none=True).tag(sync=True)
    """The file that is open in the editor: its name, its text now, and its text as last saved (None: a new file)."""

    def __init__(self, session: Session | None = None, text: str = "") -> None:
        self._seat = current.seat_of(session)
        self._shown = False
        self._saved = False  # since the editor was opened
        self._then = ""  # the command to run when it is closed
        super().__init__()
        self._seat.on_change(self._follow)
        self.on_msg(self._hear)
        self._follow()
        if text:
            self.feed(text)

    # What Python offers

    @property
    def transcript(self) -> str:
        """Everything on the screen as plain text: `$ ` before a command, `> ` before its further lines."""
        return "".join(_plain(kind, text) for kind, text in self.entries)

    def feed(self, text: str) -> str:
        """Run the command or commands in `text` and return what the screen gained."""
        gained = ""
        for command in commands(text, self._seat.session.shell.is_complete):
            gained += self._run(command)
        return gained

    def note(self, text: str) -> None:
        """Write a grey line, `# text`, that no command said."""
        self._write(("note", f"# {text}\n"))

    def advance(self, seconds: float) -> None:
        """Let simulated time pass, and say so on the screen."""
        self._seat.advance(seconds)
        self.note(f"+{spell(seconds)}")

    def advance_to_change(self) -> None:
        """Let simulated time pass until a Pod's status changes, and say on the screen how long that took."""
        seconds, happened = self._seat.advance_to_change(LONGEST_WAIT)
        passed = spell(seconds) if seconds >= 0.5 else "less than a second"
        self.note(f"{passed} later" if happened else f"nothing changed in {passed}")

    def restart(self) -> None:
        """Put a fresh cluster in the place of this one; the learner's files stay."""
        self._seat.restart()
        self.entries = []
        self.note("a fresh cluster; your files are still there")

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        plain = self.transcript or "$ \n"
        faces = {"text/plain": plain.rstrip("\n"), "text/html": static_html(plain)}
        return {**bundle, **faces}, metadata

    # What the screen shows

    def _run(self, command: str) -> str:
        return self._show(self._seat.run(command), ("command", command))

    def _show(self, result: Result, *before: tuple[str, str]) -> str:
        """Write what a command said under its line, and open the editor if it asks for that."""
        screen = result.screen
        if result.edit:
            screen = _EDITOR_HINT.sub("", screen)
        entries = list(before)
        if ansi.CLEAR_SCREEN.search(screen):
            screen = ansi.CLEAR_SCREEN.split(screen)[-1]
            self.entries, entries = [], []
        if screen:
            entries.append(("output", ansi.colour(screen if screen.endswith("\n") else screen + "\n")))
        self._write(*entries)
        if result.edit:
            self._open(result.edit)
        return "".join(_plain(kind, text) for kind, text in entries)

    def _write(self, *entries: tuple[str, str]) -> None:
        kept = [*self.entries, *entries]
        while len(kept) > 1 and sum(len(text) for _, text in kept) > LARGEST_TRANSCRIPT:
            del kept[0]
        self.entries = kept

    def _follow(self) -> None:
        session = self._seat.session
        self.time = to_datetime(session.cluster.clock.now // SECOND * SECOND).strftime("%H:%M:%S")
        self.history = list(session.shell.history)[-500:]

    # The editor

    def _open(self, edit: Edit) -> None:
        name, workspace = edit.path, self._seat.session.workspace
        path = str(HOME / name)
        try:
            saved = workspace.read_text(path) if workspace.exists(path) else None
            (saved or "").encode()  # raises for bytes that are no text
        except (OSError, UnicodeEncodeError) as error:
            self._complain(f"nano cannot open {name}: {_reason(error)}")
            return
        saved = (edit.draft or None) if saved is None else saved  # to close an object unchanged asks nothing
        self.editing = {"name": name, "text": saved or "", "saved": saved}
        self._saved, self._then = False, edit.then

    def _save(self, message: Message) -> Message:
        name, text = self.editing["name"], message["text"]
        text = text if text.endswith("\n") or not text else text + "\n"
        try:
            self._seat.session.workspace.write_text(str(HOME / name), text)
        except OSError as error:
            return {"error": f"{name} is not saved: {_reason(error)}"}
        self.editing = {"name": name, "text": text, "saved": text}
        self._saved = True
        return {}

    def _check(self, message: Message) -> Message:
        self.editing = {**self.editing, "text": message["text"]}
        mistake = yamlcheck.first_mistake(message["text"]) if yamlcheck.is_yaml(self.editing["name"]) else None
        return mistake._asdict() if mistake else {}

    def _close(self, _message: Message) -> Message:
        name, saved = self.editing["name"], self.editing["saved"]
        self.editing = None
        lines = len((saved or "").splitlines())
        news = f"saved {name} ({lines} {'line' if lines == 1 else 'lines'})"
        self.note(news if self._saved else f"closed {name}, nothing was saved")
        if self._saved and self._then:
            self._show(self._seat.run(self._then, label=self._then.partition(" --edit-result")[0]))
        return {}

    # What the page asks

    def _start(self, message: Message) -> Message:
        again, self._shown = self._shown, True
        if not again:
            self._seat.set_wall(message["wall"])
        return {"again": again}

    def _enter(self, message: Message) -> Message:
        text, is_complete = message["text"], self._seat.session.shell.is_complete
        blocks = list(commands(text, is_complete))
        if blocks and not is_complete(blocks[-1]):
            return {"more": True}
        self._seat.catch_up(message["wall"])
        self.feed(text)
        return {}

    def _complete(self, message: Message) -> Message:
        text, cursor = message["text"], message["cursor"]
        candidates = self._seat.session.shell.complete(text, cursor)
        before = completed(text[:cursor], candidates)
        return {"text": before + text[cursor:], "cursor": len(before), "candidates": candidates}

    def _fast_forward(self, message: Message) -> Message:
        self.advance(min(float(message["seconds"]), LONGEST_WAIT))
        return {}

    def _until_change(self, _message: Message) -> Message:
        self.advance_to_change()
        return {}

    def _clear(self, _message: Message) -> Message:
        self.entries = []
        return {}

    def _restart(self, _message: Message) -> Message:
        self.restart()
        return {}

    def _complain(self, text: str) -> None:
        self._write(("output", ansi.colour(f"kubesim: {text}\n")))

    def _hear(self, _widget: object, message: Message, _buffers: object) -> None:
        try:
            reply = _HANDLERS[message["do"]](self, message)
        except Exception:
            logging.getLogger(__name__).exception("the terminal could not do %r", message)
            reply = {"error": "kubesim: internal error: the terminal could not do this"}
        self.send({**reply, "re": message.get("id")})


_HANDLERS: dict[str, Callable[[Terminal, Message], Message]] = {
    "start": Terminal._start,
    "enter": Terminal._enter,
    "complete": Terminal._complete,
    "advance": Terminal._fast_forward,
    "until": Terminal._until_change,
    "clear": Terminal._clear,
    "restart": Terminal._restart,
    "check": Terminal._check,
    "save": Terminal._save,
    "close": Terminal._close,
}


def completed(before: str, candidates: list[str]) -> str:
    """The text before the cursor after Tab: its last word grown by all the letters that the candidates share."""
    start = word_start(before, len(before))
    common = os.path.commonprefix(candidates)  # noqa: RUF071  # of letters is what is wanted
    word = max(before[start:], common, key=len)
    done = len(candidates) == 1 and not common.endswith(("/", "="))
    return before[:start] + word + " " * done


def spell(seconds: float) -> str:
    """A duration for a note: "13 s", "1 min", "2 min 5 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return " ".join(f"{count} {unit}" for count, unit in ((minutes, "min"), (rest, "s")) if count) or "0 s"


def static_html(transcript: str) -> str:
    """The transcript where no widget can live: GitHub, nbviewer, a printed page."""
    return f'<pre style="white-space: pre-wrap"><code>{html.escape(transcript, quote=False)}</code></pre>'


def _plain(kind: str, text: str) -> str:
    return "$ " + text.replace("\n", "\n> ") + "\n" if kind == "command" else ansi.strip(text)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is not a text file"
