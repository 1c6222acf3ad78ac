"""The order in which Go's sort.Sort leaves equal items: it is not stable, but always the same.

Mirrors sort/zsortinterface.go (Go 1.26), a pattern-defeating quicksort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")
_SHORT, _LONG = 12, 50  # up to so many items an insertion sort does; from so many on the pivot is chosen with more care
_MOST_SWAPS = 12
_STEPS = 5
_WORD = 2**64 - 1


def go_sort(items: list[_T], less: Callable[[_T, _T], bool]) -> None:
    """Sort `items` in place, as Go would with this Less."""
    _Sort(items, less).run(0, len(items), len(items).bit_length())


class _Sort(Generic[_T]):
    def __init__(self, items: list[_T], less: Callable[[_T, _T], bool]) -> None:
        self._items = items
        self._is_less = less

    def _less(self, one: int, other: int) -> bool:
        return self._is_less(self._items[one], self._items[other])

    def _swap(self, one: int, other: int) -> None:
        items = self._items
        items[one], items[other] = items[other], items[one]

    def run(self, start: int, end: int, limit: int) -> None:
        """Sort the items from `start` up to `end`; after `limit` bad pivots by a heap."""
        balanced = partitioned = True
        while end - start > _SHORT and limit:
            if not balanced:
                self._break_patterns(start, end)
                limit -= 1
            pivot, swaps = self._pivot(start, end)
            if swaps == _MOST_SWAPS:
                self._items[start:end] = self._items[start:end][::-1]
                pivot, swaps = end - 1 - (pivot - start), 0
            if balanced and partitioned and not swaps and self._finish(start, end):
                return
            if start > 0 and not self._less(start - 1, pivot):
                start = self._split_equal(start, end, pivot)
                continue
            length = end - start
            middle, partitioned = self._split(start, end, pivot)
            balanced = min(middle - start, end - middle) >= length // 8
            if middle - start < end - middle:
                self.run(start, middle, limit)
                start = middle + 1
            else:
                self.run(middle + 1, end, limit)
                end = middle
        (self._insert if end - start <= _SHORT else self._heap)(start, end)

    def _insert(self, start: int, end: int) -> None:
        for at in range(start + 1, end):
            self._sink(at, start)

    def _sink(self, at: int, start: int) -> None:
        """Move an item to the left while it is less than its neighbour."""
        while at > start and self._less(at, at - 1):
            self._swap(at, at - 1)
            at -= 1

    def _heap(self, start: int, end: int) -> None:
        count = end - start
        for root in range((count - 1) // 2, -1, -1):
            self._sift(root, count, start)
        for last in range(count - 1, -1, -1):
            self._swap(start, start + last)
            self._sift(0, last, start)

    def _sift(self, root: int, count: int, start: int) -> None:
        while (child := 2 * root + 1) < count:
            if child + 1 < count and self._less(start + child, start + child + 1):
                child += 1
            if not self._less(start + root, start + child):
                return
            self._swap(start + root, start + child)
            root = child

    def _split(self, start: int, end: int, pivot: int) -> tuple[int, bool]:
        """Put what is less than the pivot before it; return its place, and whether all stood right already."""
        self._swap(start, pivot)
        left, right, was_split = start + 1, end - 1, True
        while True:
            while left <= right and self._less(left, start):
                left += 1
            while left <= right and not self._less(right, start):
                right -= 1
            if left > right:
                self._swap(right, start)
                return right, was_split
            self._swap(left, right)
            left, right, was_split = left + 1, right - 1, False

    def _split_equal(self, start: int, end: int, pivot: int) -> int:
        """Put what equals the pivot first; return where the greater ones begin."""
        self._swap(start, pivot)
        left, right = start + 1, end - 1
        while True:
            while left <= right and not self._less(start, left):
                left += 1
            while left <= right and self._less(start, right):
                right -= 1
            if left > right:
                return left
            self._swap(left, right)
            left, right = left + 1, right - 1

    def _finish(self, start: int, end: int) -> bool:
        """Sort what is nearly sorted in a few steps; say whether that was enough."""
        at = start + 1
        for _ in range(_STEPS):
            while at < end and not self._less(at, at - 1):
                at += 1
            if at == end:
                return True
            if end - start < _LONG:
                return False
            self._swap(at, at - 1)
            if at - start >= 2:
                self._sink(at - 1, 0)
            if end - at >= 2:
                self._rise(at + 1, end)
        return False

    def _rise(self, at: int, end: int) -> None:
        while at < end and self._less(at, at - 1):
            self._swap(at, at - 1)
            at += 1

    def _break_patterns(self, start: int, end: int) -> None:
        """Shuffle three items; chance is a xorshift that begins with the length."""
        length = chance = end - start
        middle = start + length // 4 * 2
        for at in range(middle - 1, middle + 2):
            chance ^= chance << 13 & _WORD
            chance ^= chance >> 7
            chance ^= chance << 17 & _WORD
            other = chance & ((1 << length.bit_length()) - 1)
            self._swap(at, start + (other - length if other >= length else other))

    def _pivot(self, start: int, end: int) -> tuple[int, int]:
        """A place for the pivot, and how many of the looked at stood in the wrong order."""
        quarter, swaps = (end - start) // 4, 0

        def median(*places: int) -> int:
            nonlocal swaps
            sorted_places = list(places)
            for one in (0, 1, 0):
                if self._less(sorted_places[one + 1], sorted_places[one]):
                    swaps += 1
                    sorted_places[one : one + 2] = sorted_places[one : one + 2][::-1]
            return sorted_places[1]

        places = [start + quarter * factor for factor in (1, 2, 3)]
        if end - start >= _LONG:
            places = [median(place - 1, place, place + 1) for place in places]
        return median(*places), swaps
