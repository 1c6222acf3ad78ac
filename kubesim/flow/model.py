"""A flow: the hops from the learner's command to the image on the node."""

from __future__ import annotations

from dataclasses import dataclass

PASSED, FAILED, NOT_REACHED, NOT_NEEDED = "passed", "failed", "not reached", "not needed"

SYMBOLS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "·", NOT_NEEDED: "○"}


@dataclass(frozen=True)
class Hop:
    """One station. `words` are a line or two on what was found there.

    The hop where the cause lies has a `problem`, in the learner's words, and `mend`, the commands that mend it. A
    later hop can be failed too, as a consequence; it then has neither.
    """

    key: str
    title: str
    state: str
    words: tuple[str, ...] = ()
    problem: str = ""
    mend: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The hop in words: "✓ Secret — regcred holds registry.example.com"."""
        silent = self.state in (NOT_REACHED, NOT_NEEDED)
        words = ([self.state] if silent else []) + list(self.words)
        return f"{SYMBOLS[self.state]} {self.title} — {'; '.join(words)}"


@dataclass(frozen=True)
class Flow:
    """The way of one container's image. `outcome` sums it up in a sentence.

    `story` tells of the last attempt, a sentence for each step; `unknown` is what an export cannot tell.
    """

    subject: str
    hops: tuple[Hop, ...]
    outcome: str
    story: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def cause(self) -> Hop | None:
        """The hop to mend, or None where nothing is wrong."""
        return next((hop for hop in self.hops if hop.problem), None)

    def text(self) -> str:
        """The flow in words: one line a hop, then what is wrong and how to mend it."""
        return "\n".join([self.subject, *(hop.line for hop in self.hops), *self._end()])

    def why(self) -> str:
        """The story in words, then what is wrong, how to mend it, and what cannot be known."""
        story = [f"{number}. {sentence}" for number, sentence in enumerate(self.story, 1)]
        unknown = ["What cannot be known from outside:", *(f"  - {what}" for what in self.unknown)]
        return "\n".join([self.subject, *story, *self._end(), *(unknown if self.unknown else ())])

    def _end(self) -> list[str]:
        if self.cause is None:
            return [self.outcome]
        mend = [f"  $ {command}" for command in self.cause.mend]
        return [f"What is wrong: {self.cause.problem}", "Mend it:", *mend]
