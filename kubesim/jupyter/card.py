"""What every card is: a widget that hears its buttons, and says as text and as HTML what it shows."""

from __future__ import annotations

import logging
from typing import Any

import anywidget
import traitlets

Button = tuple[str, str]
"""What it does, and its label."""


class Card(anywidget.AnyWidget):
    """A widget that hears `do_check`, `do_hint`, … when the page sends {"do": "check", …}.

    The page's half, in static/, draws the traits; the buttons and marks that they share are drawn by static/parts.js.
    """

    content = traitlets.Dict().tag(sync=True)
    """What stays: a label, the text as HTML, and what else the card consists of."""
    feedback = traitlets.Dict().tag(sync=True)
    """What is said about what was done."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._hear)

    def refresh(self) -> None:
        """Bring what is shown up to date; this comes after every message."""
        raise NotImplementedError

    def complain(self, words: str) -> None:
        """Say at the next refresh that something went wrong."""
        raise NotImplementedError

    def plain(self) -> str:
        """The card as text, without any answer."""
        raise NotImplementedError

    def static_html(self) -> str:
        """The card where no widget can live; answers are folded away."""
        raise NotImplementedError

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        action = getattr(self, f"do_{message.get('do')}", None)
        try:
            if action is not None:
                action(message)
        except Exception:
            logging.getLogger(__name__).exception("the card could not do %r", message.get("do"))
            self.complain("kubesim: internal error: this could not be done")
        self.refresh()

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**bundle, "text/plain": self.plain(), "text/html": self.static_html()}, metadata
