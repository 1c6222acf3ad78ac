"""What the quiz and the task share: a card with a text, perhaps a form, feedback and a row of buttons.

The page's half is static/exercise.js: it draws the traits below and sends what was pressed, as {"do": …, "answer": …}.
"""

from __future__ import annotations

import logging
from typing import Any

import anywidget
import traitlets

from kubesim.jupyter.assets import static
from kubesim.jupyter.markup import inline
from kubesim.lessons import Note, Verdict

Button = tuple[str, str]


class Exercise(anywidget.AnyWidget):
    """A card that hears `do_check`, `do_hint`, … when a button of that name is pressed."""

    _esm = static("parts.js", "exercise.js")
    _css = static("exercise.css")

    content = traitlets.Dict().tag(sync=True)
    """What stays: the kind of form, a label, the text as HTML, the choices as HTML."""
    answer = traitlets.Any(None, allow_none=True).tag(sync=True)
    """What was answered: numbers of choices, a text, or None."""
    feedback = traitlets.Dict().tag(sync=True)
    """What is said about it: `verdict` (right, wrong or nothing), `word`, `notes`, `hints`, `reveal`, `buttons`."""

    hints: tuple[str, ...] = ()

    def __init__(self, **traits: Any) -> None:
        self._told = 0
        self._revealed = False
        self._verdict: Verdict | None = None
        super().__init__(**traits)
        self.on_msg(self._hear)

    def do_hint(self, _message: dict[str, Any]) -> None:
        """Tell one more hint."""
        self._told = min(self._told + 1, len(self.hints))

    def do_reveal(self, _message: dict[str, Any]) -> None:
        """Show the answer."""
        self._revealed = True

    def refresh(self) -> None:
        """Bring the feedback up to date."""
        verdict = self._verdict
        self.feedback = {
            "verdict": "" if verdict is None else "right" if verdict.right else "wrong",
            "word": "" if verdict is None else self._word(verdict),
            "notes": [] if verdict is None else [_drawn(note) for note in verdict.notes],
            "hints": [inline(hint) for hint in self.hints[: self._told]],
            "reveal": self._answer_html() if self._revealed else "",
            "buttons": self._buttons(),
        }

    def plain(self) -> str:
        """The exercise as text, without its answer."""
        raise NotImplementedError

    def static_html(self) -> str:
        """The exercise where no widget can live; the answer is folded away."""
        raise NotImplementedError

    def _word(self, verdict: Verdict) -> str:
        return "Right" if verdict.right else "Not yet"

    def _answer_html(self) -> str:
        raise NotImplementedError

    def _buttons(self) -> list[Button]:
        raise NotImplementedError

    def _hint_button(self) -> list[Button]:
        left = len(self.hints) - self._told
        return [("hint", "Hint" if not self._told else f"Another hint ({left} left)")] if left else []

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        action = getattr(self, f"do_{message.get('do')}", None)
        try:
            if action is not None:
                action(message)
        except Exception:
            logging.getLogger(__name__).exception("the exercise could not do %r", message)
            self._verdict = Verdict(False, (Note(False, "kubesim: internal error: this could not be judged"),))
        self.refresh()

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**bundle, "text/plain": self.plain(), "text/html": self.static_html()}, metadata


def _drawn(note: Note) -> dict[str, Any]:
    return {"ok": note.ok, "html": inline(note.text)}
