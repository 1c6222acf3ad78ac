"""Unified diffs, paid from a budget.

Mirrors github.com/pmezard/go-difflib, which is a port of Python's difflib. For each match, difflib searches the rest of
both texts again, so twice as many lines may take four times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate

_CONTEXT = 3  # lines of context around a difference
_LINE_COST = 2  # steps of a budget for each line searched
_PAIR_COST = 1


def unified_difference(old: str, new: str, spend: Callable[[int], None]) -> str:
    """The hunks of a unified diff, "" for equal texts. Each line ends in a newline.

    `spend` pays steps from a budget, and its exceptions pass through.
    """
    matcher = _PaidMatcher(_lines(old), _lines(new), spend)
    return "".join(f"{line}\n" for line in _hunks(matcher))


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


class _PaidMatcher(SequenceMatcher[str]):
    """A SequenceMatcher that pays before each search: for the lines, and for the lines that each is compared with."""

    def __init__(self, old: list[str], new: list[str], spend: Callable[[int], None]) -> None:
        super().__init__(None, old, new)
        self.old = old
        self.new = new
        self._spend = spend
        places: Mapping[str, Sequence[int]] = self.b2j  # type: ignore[attr-defined]  # documented, but not in typeshed
        costs = [_LINE_COST + _PAIR_COST * len(places.get(line, ())) for line in old]
        self._costs = list(accumulate(costs, initial=0))  # sums of the costs before each line

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        end = len(self.old) if ahi is None else ahi
        self._spend(self._costs[end] - self._costs[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)


def _hunks(matcher: _PaidMatcher) -> Iterator[str]:
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        _, old_start, _, new_start, _ = group[0]
        _, _, old_end, _, new_end = group[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@"
        for operation, old_from, old_to, new_from, new_to in group:
            if operation == "equal":
                yield from _prefixed(" ", matcher.old[old_from:old_to])
            else:
                yield from _prefixed("-", matcher.old[old_from:old_to])
                yield from _prefixed("+", matcher.new[new_from:new_to])


def _prefixed(prefix: str, lines: Sequence[str]) -> list[str]:
    return [prefix + line for line in lines]


def _range(start: int, end: int) -> str:
    """The lines of a hunk: the first, counted from 1, and their number unless it is 1.

    An empty range starts at the line before.
    """
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"
