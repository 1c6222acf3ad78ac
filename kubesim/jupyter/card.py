"""What all widgets share: the page's half from static/, the messages that it sends, and the help of exercises."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kubesim.jupyter.markup import inline
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.lessons.record import REVEALED
from kubesim.lessons.task import Reading

Button = tuple[str, str]
"""What the page sends when it's pressed, as in `do_undo`, and its label. JSON knows no names, so it's a plain pair."""
AGAIN: Button = ("restart", "Start over")
NEXT: Button = ("onward", "Next")
"""Leads to the next card or cell; the page does that alone."""
Message = dict[str, Any]
_FOLDER = Path(__file__).parent / "static"


def _joined(*names: str) -> str:
    """These files of static/, one after the other: a widget has no other way to share parts."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def script(*names: str) -> str:
    """A widget's JavaScript, after the parts and the life that all widgets share."""
    return _joined("parts.js", "life.js", *names)


def styles(*names: str) -> str:
    """A widget's style sheets, after the design tokens and what all widgets have."""
    return _joined("tokens.css", "base.css", *names)


class Widget(anywidget.AnyWidget):
    """Calls `do_check(answer=[0])` when the page sends {"do": "check", "answer": [0]}, and so on.

    A message with an `id` gets a reply.
    """

    name = traitlets.Unicode().tag(sync=True)
    """The model's id, by which the page finds the whole model, and asks the kernel whether it's still there."""

    def __init__(self, seat: Seat, **traits: Any) -> None:
        self._seat = seat
        self._said = ""  # what `say` was told since the last refresh
        super().__init__(**traits)
        self.name = self.model_id or ""
        self.on_msg(self._on_message)

    def plain(self) -> str:
        """The widget as text, without any answer."""
        raise NotImplementedError

    def static_html(self) -> str:
        """The widget as HTML, where no widget can live; answers are folded away."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Update what is shown."""

    def settle(self) -> None:
        """Update what is shown after a message of the page."""
        self.refresh()

    def news(self) -> Message:
        """What goes along with each reply."""
        return {}

    def say(self, words: str) -> None:
        """Show at the next refresh what came of a message."""
        self._said = words

    def _on_message(self, _widget: object, message: Message, _buffers: object) -> None:
        reply = self._reply_to(message)
        self.settle()
        if "id" in message:
            self.send({**(reply or {}), **self.news(), "re": message["id"]})

    def _reply_to(self, message: Message) -> Message | None:
        """Do what a message asks for, and return the reply; what this widget can't do is passed over.

        The page shows an `error` below the widget.
        """
        name = message.get("do")
        action = getattr(self, f"do_{name}", lambda **_fields: None)
        try:
            return action(**{key: value for key, value in message.items() if key not in ("do", "id")})
        except Exception:
            logging.getLogger(__name__).exception("%s could not do %r", type(self).__name__, name)
            return {"error": "kubesim: internal error: this could not be done"}

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

    hints: tuple[str, ...] = ()
    hints_shown = 0
    revealed = False
    helped = 0
    """The most help that was taken on this card, also before it was started over: hints, or REVEALED."""

    def answer_html(self) -> str:
        """The answer, with its reasons."""
        raise NotImplementedError

    @property
    def hint_is_free(self) -> bool:
        """Whether the next hint doesn't count as help."""
        return False

    def do_hint(self) -> None:
        is_free = self.hint_is_free
        self.hints_shown = min(self.hints_shown + 1, len(self.hints))
        if not is_free:
            self.helped = max(self.helped, self.hints_shown)

    def do_reveal(self) -> None:
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


def goal_lines(readings: Iterable[Reading], were_reached: bool = False) -> list[Message]:
    """The goals of a task as parts.js draws them: whether each is reached, or was, and what it is."""
    return [{"ok": were_reached or one.holds, "what": inline(one.condition.what)} for one in readings]


def check_known(kind: str, name: str, ids: Collection[str]) -> None:
    """Raise Refusal where there is no such quiz, prediction or task: it names those that are called nearly so."""
    if name not in ids:
        near = get_close_matches(name, ids, 3, 0.5) or ids
        raise Refusal(f"there is no {kind} {name!r}; there are: {', '.join(near)}")
