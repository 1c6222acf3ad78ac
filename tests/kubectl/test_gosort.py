"""Go's order of equal items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.kubectl.gosort import go_sort


def order(keys: list[int]) -> list[int]:
    items = list(enumerate(keys))
    go_sort(items, lambda one, other: one[1] < other[1])
    return [at for at, _ in items]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([1, 0, 1, 0], [1, 3, 0, 2]),
        ([0] * 12, list(range(12))),
        ([0] * 14, list(range(14))),
        # the order in which the real kubectl printed 53 events, from the ranks of their times
        (
            [
                4,
                12,
                12,
                12,
                12,
                14,
                2,
                11,
                11,
                11,
                13,
                13,
                3,
                0,
                0,
                0,
                0,
                5,
                0,
                0,
                0,
                0,
                8,
                5,
                0,
                0,
                0,
                0,
                10,
                0,
                0,
                8,
                10,
                9,
                8,
                8,
                8,
                7,
                6,
                6,
                6,
                6,
                8,
                0,
                6,
                8,
                8,
                10,
                1,
                0,
                0,
                0,
                0,
            ],
            [
                26,
                19,
                52,
                51,
                50,
                49,
                24,
                21,
                27,
                43,
                29,
                30,
                20,
                13,
                14,
                15,
                16,
                25,
                18,
                48,
                6,
                12,
                0,
                17,
                23,
                40,
                44,
                41,
                39,
                38,
                37,
                45,
                42,
                46,
                34,
                35,
                36,
                31,
                22,
                33,
                28,
                32,
                47,
                7,
                9,
                8,
                1,
                4,
                3,
                2,
                10,
                11,
                5,
            ],
        ),
    ],
)
def test_equal_items_stand_as_go_leaves_them(keys: list[int], expected: list[int]) -> None:
    assert order(keys) == expected


@given(st.lists(st.integers(0, 9), max_size=300))
def test_it_sorts(keys: list[int]) -> None:
    ordered = order(keys)
    assert sorted(ordered) == list(range(len(keys)))
    assert [keys[at] for at in ordered] == sorted(keys)
