"""What all widgets share: the page's half from static/, its messages, and text and HTML for where there is no page."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kubesim.jupyter.current import Seat
from kubesim.lessons.progress import REVEALED

Button = tuple[str, str]
"""What the page sends when it's pressed, as in `do_undo`, and its label. JSON knows no names, so it's a plain pair."""
HISTORY: list[Button] = [("undo", "Undo"), ("redo", "Redo"), ("restart", "Start over")]
NEXT: Button = ("onward", "Next")
"""Leads to the next card or cell; the page does that alone."""
Message = dict[str, Any]
LINE = 84
"""Characters in a line of a command that is shown."""
_CODE_PLACE = "\0"  # where a code was, while its surroundings are marked up
_QUOTED = r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\""""
_CODE = re.compile(r"`([^`]+)`")
_FOLDER = Path(__file__).parent / "static"


def static(*names: str) -> str:
    """These files of static/, one after the other: a widget has no other way to share parts."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def styles(*names: str) -> str:
    """The same for style sheets, after the design tokens and what all widgets have."""
    return static("tokens.css", "base.css", *names)


class Widget(anywidget.AnyWidget):
    """Calls `do_check`, `do_hint`, … when the page sends {"do": "check", …}; a message with an `id` gets a reply."""

    _seat: Seat
    _said = ""  # shown at the next refresh
    plain: Callable[[], str]
    """Each widget's own: the widget as text, without any answer."""
    static_html: Callable[[], str]
    """The same: the widget as HTML, where no widget can live; answers are folded away."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._on_message)

    def refresh(self) -> None:
        """Update what is shown; this follows every message."""

    def news(self) -> Message:
        """What goes along with each reply."""
        return {}

    def say(self, words: str) -> None:
        """Show at the next refresh what came of a message."""
        self._said = words

    def complain(self, words: str) -> Message | None:
        """Show at the next refresh that something went wrong."""
        self.say(words)
        return None

    def do_undo(self, _message: Message) -> None:
        self._tell(self._seat.undo())

    def do_redo(self, _message: Message) -> None:
        self._tell(self._seat.redo())

    def _tell(self, words: str) -> None:
        """Say here what was reverted, and in the terminal, too: its screen still shows the command."""
        self.say(words)
        self._seat.announce(words)

    def _on_message(self, _widget: object, message: Message, _buffers: object) -> None:
        reply = self._reply_to(message)
        self.refresh()
        if "id" in message:
            self.send({**(reply or {}), **self.news(), "re": message["id"]})

    def _reply_to(self, message: Message) -> Message | None:
        """Do what a message asks for, and return the reply; what this widget can't do is passed over."""
        name = message.get("do")
        action = getattr(self, f"do_{name}", lambda _message: None)
        try:
            return action(message)
        except Exception:
            logging.getLogger(__name__).exception("%s could not do %r", type(self).__name__, name)
            return self.complain("kubesim: internal error: this could not be done")

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**bundle, "text/plain": self.plain(), "text/html": self.static_html()}, metadata


class Card(Widget):
    """A widget of two traits; static/parts.js draws the buttons and marks that the cards share."""

    content = traitlets.Dict().tag(sync=True)
    """What stays: a label, the text as HTML, and what else the card consists of."""
    feedback = traitlets.Dict().tag(sync=True)
    """What is said about what was done."""


class Exercise(Card):
    """A card with `hints`, of which the first `hints_shown` are shown, and an answer, which may be `revealed`."""

    answer_html: Callable[[], str]
    """Each exercise's own: the answer, with its reasons."""
    hints: tuple[str, ...] = ()
    hints_shown = 0
    revealed = False
    helped = 0
    """The most help that was taken on this card, also before it was started over: hints, or REVEALED."""

    def do_hint(self, _message: Message) -> None:
        self.hints_shown = min(self.hints_shown + 1, len(self.hints))
        self.helped = max(self.helped, self.hints_shown)

    def do_reveal(self, _message: Message) -> None:
        self.revealed = True
        self.helped = REVEALED

    def forget_help(self) -> None:
        """Fold the hints and the answer away, for another start."""
        self.hints_shown = 0
        self.revealed = False

    def help(self) -> dict[str, Any]:
        """The part of the feedback that helps: `hints` and, where it is shown, the answer (`reveal`)."""
        hints = [inline(hint) for hint in self.hints[: self.hints_shown]]
        return {"hints": hints, "reveal": self.answer_html() if self.revealed else ""}

    def help_buttons(self, reveal: str, *between: Button) -> list[Button]:
        """The buttons for what is left: another hint, and the answer by the label `reveal`."""
        buttons: list[Button] = []
        left = len(self.hints) - self.hints_shown
        if left and not self.hints_shown:
            buttons.append(("hint", "Hint"))
        elif left:
            buttons.append(("hint", f"Another hint ({left} left)"))
        buttons += between
        if not self.revealed:
            buttons.append(("reveal", reveal))
        return buttons


def inline(text: str) -> str:
    """One paragraph as HTML; everything in `text` but the markup is escaped, and in a code a star is no markup."""
    escaped = html.escape(text.strip().replace(_CODE_PLACE, ""), quote=False)
    marked = _bold(_CODE.sub(_CODE_PLACE, escaped))
    for code in _CODE.findall(escaped):
        marked = marked.replace(_CODE_PLACE, f"<code>{code}</code>", 1)
    return marked


def paragraphs(text: str) -> str:
    """Paragraphs, which blank lines part, as HTML."""
    return "".join(f"<p>{inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def listed(items: Iterable[str], tag: str = "ul") -> str:
    """A list of `items`, which are HTML already; "" for none."""
    lines = "".join(f"<li>{item}</li>" for item in items)
    return lines and f"<{tag}>{lines}</{tag}>"


def details(summary: str, body: str) -> str:
    """What is folded away under its summary; both are HTML already."""
    return f"<details><summary>{summary}</summary>{body}</details>"


def listing(commands: Iterable[str]) -> str:
    return f"<pre><code>{html.escape(chr(10).join(map(folded, commands)), quote=False)}</code></pre>"


def folded(command: str) -> str:
    """A long command in several lines that mean the same: cut before pipes, and before options where need be.

    A file that has to be changed is in several lines already.
    """
    if "\n" in command:
        return command
    stages = _packed(_pieces(command, r"\| "))
    return " \\\n    ".join(line for stage in stages for line in _packed(_pieces(stage, "--")))


def _pieces(command: str, before: str) -> list[str]:
    """The command cut at each space that `before` follows, but for those that are quoted."""
    return re.findall(rf"(?:{_QUOTED}|(?! {before}).)+", command)


def _packed(pieces: list[str]) -> list[str]:
    """As many pieces in each line as it has room for."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(f"{lines[-1]} {piece}") <= LINE:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def plain_text(text: str) -> str:
    """The text as a reader without HTML sees it: markup stays, line ends within a paragraph go."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _bold(text: str) -> str:
    """The text with its `**bold**` and `*italic*` parts as HTML."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w*])\*(?=[^\s*])([^*]*[^\s*])\*(?![\w*])", r"<i>\1</i>", text)
