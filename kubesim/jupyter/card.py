"""The base classes of all widgets: loading of JavaScript and CSS, messages from the page, hints and answers.

`Widget` handles messages, `Card` adds the two traits that static/parts.js draws, and `Exercise` adds help. A widget
has one model in the kernel, which any number of pages may show. What one widget alone needs isn't here.
"""

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

# A button: the name of its message ("undo" calls `do_undo`), and its label. A plain pair, because it becomes JSON.
Button = tuple[str, str]
AGAIN: Button = ("restart", "Start over")
# The button to the next card or cell. The page handles it; the kernel gets no message.
NEXT: Button = ("onward", "Next")
# The name of a button that is used up. It keeps its place and does nothing, so that no other slides under the pointer.
SPENT = ""
NO_MORE_HINTS: Button = (SPENT, "No more hints")
# JSON between page and kernel, in either direction.
Message = dict[str, Any]
_FOLDER = Path(__file__).parent / "static"


def _joined(*names: str) -> str:
    """The concatenated text of files in static/. anywidget takes one text, so shared parts are copied into each."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def script(*names: str) -> str:
    """The JavaScript of a widget: the shared parts.js and life.js, then the named files, in this order."""
    return _joined("parts.js", "life.js", *names)


def styles(*names: str) -> str:
    """The CSS of a widget: the shared tokens.css and base.css, then the named files, in this order."""
    return _joined("tokens.css", "base.css", *names)


class Widget(anywidget.AnyWidget):
    """A widget that dispatches messages: {"do": "check", "answer": [0]} calls `do_check(answer=[0])`, then `settle()`.

    A message with an `id` gets a reply with the same number as `re`. The reply holds the dict that the method returned,
    if any, and the fields of `take_news()`.
    """

    # The model's id. The page finds the model by it, and asks the kernel whether the model still exists (life.js).
    name = traitlets.Unicode().tag(sync=True)

    def __init__(self, seat: Seat, **traits: Any) -> None:
        self._seat = seat
        super().__init__(**traits)
        self.name = self.model_id or ""
        self.on_msg(self._on_message)

    def plain(self) -> str:
        """The widget as plain text, for front ends without HTML. It must not tell an answer."""
        raise NotImplementedError

    def static_html(self) -> str:
        """The widget as HTML, for pages without widgets such as GitHub. Answers are in a closed <details>."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Recompute the synced traits from the present state."""

    def settle(self) -> None:
        """Update the traits after a message. A subclass that refreshes in another way overrides this."""
        self.refresh()

    def take_news(self) -> Message:
        """The fields to add to a reply. They count as delivered, so call this once for each reply."""
        return {}

    def _on_message(self, _widget: object, message: Message, _buffers: object) -> None:
        reply = self._reply_to(message)
        self.settle()
        if "id" in message:
            self.send({**(reply or {}), **self.take_news(), "re": message["id"]})

    def _reply_to(self, message: Message) -> Message | None:
        """Call the method for a message and return its reply. A message without a method does nothing.

        An exception is logged, and the reply is an `error`, which the page shows below the widget.
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
    """A widget of two traits: the text of an exercise, and the state of the learner's work on it."""

    # The part that stays: `label`, the text as `html`, and the fields of the subclass.
    content = traitlets.Dict().tag(sync=True)
    # The part that changes with each action: `buttons`, verdicts, goals. Replaced as a whole, or nothing is synced.
    feedback = traitlets.Dict().tag(sync=True)


class Exercise(Card):
    """A card with `hints`, of which the first `hints_shown` are shown, and an answer, shown once it is `revealed`."""

    hints: tuple[str, ...] = ()
    hints_shown = 0
    revealed = False
    # The most help taken on this card: a number of hints, or REVEALED. Starting over does not reset it.
    helped = 0

    def __init__(self, seat: Seat, **traits: Any) -> None:
        self._said = ""
        super().__init__(seat, **traits)

    def say(self, words: str) -> None:
        """Set the result of a message in words, which `take_said` returns once."""
        self._said = words

    def take_said(self) -> str:
        """The words of the last `say`, for a `refresh` to show; "" if they were taken already."""
        words = self._said
        self._said = ""
        return words

    def answer_html(self) -> str:
        """The answer with its reasons, as HTML."""
        raise NotImplementedError

    @property
    def hint_is_free(self) -> bool:
        """True if the next hint doesn't count as help."""
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
        """Hide hints and answer again, for another start. `helped` stays."""
        self.hints_shown = 0
        self.revealed = False

    def help(self) -> dict[str, Any]:
        """The fields of `feedback` about help: the `hints` shown so far, and the answer as `revealed`, or ""."""
        hints = [inline(hint) for hint in self.hints[: self.hints_shown]]
        return {"hints": hints, "revealed": self.answer_html() if self.revealed else ""}

    def help_buttons(self, reveal: str, *between: Button) -> list[Button]:
        """The buttons for help: the next hint, then `between`, then the answer, if not shown yet, labelled `reveal`."""
        buttons: list[Button] = []
        left = len(self.hints) - self.hints_shown
        if left and not self.hints_shown:
            buttons.append(("hint", "Hint"))
        elif left:
            buttons.append(("hint", f"Hint ({left} left)"))
        elif self.hints:
            buttons.append(NO_MORE_HINTS)
        buttons += between
        if not self.revealed:
            buttons.append(("reveal", reveal))
        return buttons


def goal_lines(readings: Iterable[Reading], were_reached: bool = False) -> list[Message]:
    """The goals of a task as parts.js draws them. With `were_reached`, each counts as reached, whatever holds now."""
    return [{"ok": were_reached or reading.holds, "what": inline(reading.condition.what)} for reading in readings]


def check_known(kind: str, name: str, ids: Collection[str]) -> None:
    """Raise Refusal unless `name` is one of `ids`; its sentence lists similar ids, else all.

    `kind` is the noun for the sentence, such as "quiz".
    """
    if name not in ids:
        near = get_close_matches(name, ids, 3, 0.5) or ids
        raise Refusal(f"there is no {kind} {name!r}; there are: {', '.join(near)}")
