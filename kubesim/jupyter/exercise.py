"""What the quiz and the task share: hints that are told one by one, and an answer that can be shown."""

from __future__ import annotations

from typing import Any

from kubesim.jupyter.card import Button, Card
from kubesim.jupyter.markup import inline


class Exercise(Card):
    """A card with `hints`, of which as many are `told` as were asked for, and an answer, which may be `revealed`."""

    hints: tuple[str, ...] = ()
    told = 0
    revealed = False

    def do_hint(self, _message: dict[str, Any]) -> None:
        """Tell one more hint."""
        self.told = min(self.told + 1, len(self.hints))

    def do_reveal(self, _message: dict[str, Any]) -> None:
        """Show the answer."""
        self.revealed = True

    def answer_html(self) -> str:
        """The answer, for whoever wants to see it."""
        raise NotImplementedError

    def help(self) -> dict[str, Any]:
        """The part of the feedback that helps: `hints` and, where it is shown, the answer (`reveal`)."""
        hints = [inline(hint) for hint in self.hints[: self.told]]
        return {"hints": hints, "reveal": self.answer_html() if self.revealed else ""}

    def help_buttons(self, reveal: str, *between: Button) -> list[Button]:
        """The buttons for what can still be had: another hint, and the answer by the label `reveal`."""
        left = len(self.hints) - self.told
        hint: Button = ("hint", f"Another hint ({left} left)" if self.told else "Hint")
        return [hint] * bool(left) + list(between) + [("reveal", reveal)] * (not self.revealed)
