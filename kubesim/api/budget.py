"""Bounds on work: the budget of a command line, and the size of a decoded file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubesim.api.errors import StatusError, not_simulated
from kubesim.gotext.gojson import levels

# The levels and the values that decoded JSON or YAML may have. Python's recursion ends at a thousand calls, and ten may
# read one level.
MAX_DEPTH = 100
MAX_VALUES = 30_000


class TooMuchError(Exception):
    """A spent budget. The message is the one line to print, and the exit status is 1.

    Raise it before anything is changed. Simulated time is the exception: it stops where the budget ends, and what has
    happened until then stays (see Clock.run_until).
    """

    def __init__(self, sentence: str = "that is more work than one command line may do here, and was stopped") -> None:
        super().__init__(f"kubesim: {sentence}")


class Budget:
    """The steps, the bytes of produced text and the levels of nesting that a command line has left.

    A prompt, a cell and a request to the server each create one budget, and pass it to all code whose work grows with
    the learner's input. Pay before the work is done. One step is about one character read or moved.
    """

    STEPS = 4_000_000
    BYTES = 4_000_000
    LEVELS = 40  # one level takes about a dozen of Python's stack frames

    def __init__(self, steps: int = STEPS, produced: int = BYTES, payer: Budget | None = None) -> None:
        """`payer` pays each step, too: the line that starts a process in a container pays for the process."""
        self._steps = steps
        self._payer = payer
        self._bytes = produced
        self._levels = self.LEVELS

    @property
    def steps(self) -> int:
        """The number of steps left."""
        return max(0, self._steps)

    def spend(self, steps: int) -> None:
        """Pay for work. Raises TooMuchError if the budget doesn't cover it."""
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
        """A context one level deeper. Raises TooMuchError beyond LEVELS."""
        self._levels -= 1
        try:
            if self._levels < 0:
                raise TooMuchError
            yield
        finally:
            self._levels += 1


class _Unpaid(Budget):
    """A budget without an end, which all clusters and sessions share."""

    def spend(self, steps: int) -> None:
        pass

    def produce(self, size: int) -> None:
        pass

    @contextmanager
    def level(self) -> Iterator[None]:
        yield


# The budget of the cluster's own work, such as its setup.
UNPAID = _Unpaid(10**18, 10**18)


def count_values(value: Any, subject: str, values_left: int = MAX_VALUES) -> int:
    """The number of values in decoded JSON or YAML. Raises StatusError (501) beyond `values_left` or MAX_DEPTH.

    `subject` begins the refusal. `values_left` is what the file's earlier documents have left of MAX_VALUES. `value`
    consists of str, int, finite float, bool, None, list and dict; see gojson and kubectl's documents.
    """
    count = 0
    for depth, level in enumerate(levels(value)):
        count += len(level)
        if count > values_left or depth == MAX_DEPTH:
            raise too_large(subject)
    return count


def too_large(subject: str) -> StatusError:
    """The refusal of a file with more than MAX_VALUES values or MAX_DEPTH levels."""
    limits = f"{MAX_VALUES} values, or of more than {MAX_DEPTH} one in the other,"
    return not_simulated(f"{subject} of more than {limits} is not part of this simulator")
