"""The bounds on all work: what one command line may do before it is stopped, and how much may come in at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubesim.api.errors import StatusError, not_simulated
from kubesim.gotext.gojson import levels


class TooMuchError(Exception):
    """The budget is spent; the message is the one line to print, and the exit status is 1.

    Nothing may be changed, but that time passes until there is too much to do (see Clock.run_until).
    """

    def __init__(self, what: str = "that is more work than one command line may do here, and was stopped") -> None:
        super().__init__(f"kubesim: {what}")


class Budget:
    """The steps that a command line may take, the bytes of text that it may produce, and how deep it may nest.

    Whoever takes a line (a prompt, a cell, a request to the server) makes one, and it is handed on to everyone who may
    work long on what the learner wrote. Pay for a piece of work before it is done: a step is about a character that is
    read or moved, a byte one of a text that is made.
    """

    STEPS = 4_000_000
    BYTES = 4_000_000
    LEVELS = 40  # each of about a dozen of Python's frames

    def __init__(self, steps: int = STEPS, produced: int = BYTES, payer: Budget | None = None) -> None:
        """`payer` pays for each step, too: a line for a process that it starts in a container."""
        self._steps = steps
        self._payer = payer
        self._bytes = produced
        self._levels = self.LEVELS

    @property
    def steps(self) -> int:
        """How many are left."""
        return max(0, self._steps)

    def spend(self, steps: int) -> None:
        """Pay for work. Raises TooMuchError once there is nothing left."""
        self._steps -= steps
        if self._steps < 0:
            raise TooMuchError
        if self._payer:
            self._payer.spend(steps)

    def produce(self, size: int) -> None:
        """Pay for a text of `size` bytes, and for the steps of making it. Raises TooMuchError."""
        self._bytes -= size
        if self._bytes < 0:
            raise TooMuchError
        self.spend(size)

    @contextmanager
    def level(self) -> Iterator[None]:
        """Go one level deeper for the length of a block. Raises TooMuchError where that is too deep."""
        self._levels -= 1
        try:
            if self._levels < 0:
                raise TooMuchError
            yield
        finally:
            self._levels += 1


class _Unpaid(Budget):
    """One that nothing is taken from: all clusters and sessions share it."""

    def spend(self, steps: int) -> None:
        pass

    def produce(self, size: int) -> None:
        pass

    @contextmanager
    def level(self) -> Iterator[None]:
        yield


UNPAID = _Unpaid(10**18, 10**18)
"""For the cluster's own work, for which nobody pays."""

MAX_DEPTH = 100
MAX_VALUES = 30_000


def count_values(value: Any, what: str, room: int = MAX_VALUES) -> int:
    """How many values a decoded text has. Raises StatusError (501) for more than `room`, or for too deep ones.

    `room` is what others of the same file have left of MAX_VALUES.
    What is decoded holds str, int, finite float, bool, None, list and dict alone; see gojson and kubectl's documents.
    """
    count = 0
    for depth, level in enumerate(levels(value)):
        count += len(level)
        if count > room or depth == MAX_DEPTH:
            raise too_much(what)
    return count


def too_much(what: str) -> StatusError:
    """The refusal of what has more than so many values, or too deep ones."""
    limits = f"{MAX_VALUES} values, or of more than {MAX_DEPTH} one in the other,"
    return not_simulated(f"{what} of more than {limits} is not part of this simulator")
