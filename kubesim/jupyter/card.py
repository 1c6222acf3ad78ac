"""What all widgets share: the page's half from static/, its messages, and text and HTML for where there is no page."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kubesim.jupyter.markup import inline

Button = tuple[str, str]
"""What it does, and its label."""
Message = dict[str, Any]
_FOLDER = Path(__file__).parent / "static"


def static(*names: str) -> str:
    """These files of static/, one after the other: a widget has no other way to share parts."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


class Widget(anywidget.AnyWidget):
    """Calls `do_check`, `do_hint`, … when the page sends {"do": "check", …}; a message with an `id` gets a reply."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._on_message)

    def plain(self) -> str:
        """The widget as text, without any answer."""
        raise NotImplementedError

    def static_html(self) -> str:
        """The widget where no widget can live; answers are folded away."""
        raise NotImplementedError

    def faces(self) -> dict[str, str]:
        return {"text/plain": self.plain(), "text/html": self.static_html()}

    def refresh(self) -> None:
        """Update what is shown; this follows every message."""

    def complain(self, words: str) -> Message | None:
        """Show at the next refresh that something went wrong."""

    def _on_message(self, _widget: object, message: Message, _buffers: object) -> None:
        action = getattr(self, f"do_{message.get('do')}", None)
        try:
            reply = action(message) if action else None
        except Exception:
            logging.getLogger(__name__).exception("%s could not do %r", type(self).__name__, message.get("do"))
            reply = self.complain("kubesim: internal error: this could not be done")
        self.refresh()
        if "id" in message:
            self.send({**(reply or {}), "re": message["id"]})

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**bundle, **self.faces()}, metadata


class Card(Widget):
    """A widget of two traits; static/parts.js draws the buttons and marks that the cards share."""

    content = traitlets.Dict().tag(sync=True)
    """What stays: a label, the text as HTML, and what else the card consists of."""
    feedback = traitlets.Dict().tag(sync=True)
    """What is said about what was done."""


class Exercise(Card):
    """A card with `hints`, of which the first `hints_shown` are shown, and an answer, which may be `revealed`."""

    hints: tuple[str, ...] = ()
    hints_shown = 0
    revealed = False

    def do_hint(self, _message: Message) -> None:
        self.hints_shown = min(self.hints_shown + 1, len(self.hints))

    def do_reveal(self, _message: Message) -> None:
        self.revealed = True

    def answer_html(self) -> str:
        raise NotImplementedError

    def help(self) -> dict[str, Any]:
        """The part of the feedback that helps: `hints` and, where it is shown, the answer (`reveal`)."""
        hints = [inline(hint) for hint in self.hints[: self.hints_shown]]
        return {"hints": hints, "reveal": self.answer_html() if self.revealed else ""}

    def help_buttons(self, reveal: str, *between: Button) -> list[Button]:
        """The buttons for what is left: another hint, and the answer by the label `reveal`."""
        left = len(self.hints) - self.hints_shown
        hint: Button = ("hint", f"Another hint ({left} left)" if self.hints_shown else "Hint")
        return [hint] * bool(left) + list(between) + [("reveal", reveal)] * (not self.revealed)
