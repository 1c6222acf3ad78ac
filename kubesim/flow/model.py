"""A flow: the hops from the learner's command to the image on the node."""

from __future__ import annotations

from dataclasses import dataclass

PASSED, FAILED, NOT_REACHED, NOT_NEEDED = "passed", "failed", "not reached", "not needed"

SYMBOLS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "·", NOT_NEEDED: "○"}


@dataclass(frozen=True)
class Hop:
    """One station. `words` are a line or two on what was found there.

    The hop where the cause lies has a `problem`, in the learner's words, and `fix`, the commands that fix it. A
    later hop can be failed too, as a consequence; it then has neither.
    """

    key: str
    title: str
    state: str
    words: tuple[str, ...] = ()
    problem: str = ""
    fix: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The hop in words: "✓ Secret — regcred holds registry.example.com"."""
        silent = self.state in (NOT_REACHED, NOT_NEEDED)
        words = ([self.state] if silent else []) + list(self.words)
        return f"{SYMBOLS[self.state]} {self.title} — {'; '.join(words)}"


@dataclass(frozen=True)
class Flow:
    """The pull of one container's image. `outcome` sums it up in a sentence.

    `story` is the last attempt, a sentence for each step; `unknown` is what an export cannot show.
    """

    subject: str
    hops: tuple[Hop, ...]
    outcome: str
    story: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def cause(self) -> Hop | None:
        return next((hop for hop in self.hops if hop.problem), None)

    def text(self) -> str:
        return "\n".join([self.subject, *(hop.line for hop in self.hops), *self._end()])

    def why(self) -> str:
        story = [f"{number}. {sentence}" for number, sentence in enumerate(self.story, 1)]
        unknown = ["What this export can't tell you:", *(f"  - {what}" for what in self.unknown)]
        return "\n".join([self.subject, *story, *self._end(), *(unknown if self.unknown else ())])

    def _end(self) -> list[str]:
        if self.cause is None:
            return [self.outcome]
        fix = [f"  $ {command}" for command in self.cause.fix]
        return [f"What's wrong: {self.cause.problem}", "How to fix it:", *fix]
