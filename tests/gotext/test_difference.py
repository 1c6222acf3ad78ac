"""Unified differences are those of Python's difflib, of which Go's is a copy, and their work is taken from a budget."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.budget import UNPAID, Budget, TooMuchError
from kubesim.gotext.difference import unified_difference

TEXTS = st.lists(st.sampled_from(["", "a", "b", "c", "  d", "e\x0bf"]), max_size=30)

LINE_NUMBERS = range(20_000)


@given(TEXTS, TEXTS)
def test_a_difference_is_the_same_as_that_of_difflib(old: list[str], new: list[str]) -> None:
    old_text, new_text = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
    lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]  # the first two lines name the files
    assert unified_difference(old_text, new_text, UNPAID.spend) == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([f"{number % 220}" for number in LINE_NUMBERS], [f"{number * 7 % 220}" for number in LINE_NUMBERS]),
        (
            [f"{number}" for number in LINE_NUMBERS],
            [f"{number}" if number % 2 else f"new {number}" for number in LINE_NUMBERS],
        ),
    ],
    ids=["the same lines in another order", "each second line changed"],
)
def test_a_difference_of_many_changes_exceeds_the_budget(old: list[str], new: list[str]) -> None:
    with pytest.raises(TooMuchError):
        unified_difference("\n".join(old), "\n".join(new), Budget().spend)


def test_one_change_of_a_long_text_is_cheap() -> None:
    old = "".join(f"{number}\n" for number in LINE_NUMBERS)
    hunk = unified_difference(old, old.replace("\n500\n", "\nnew\n"), Budget(100_000).spend)
    assert hunk == "@@ -498,7 +498,7 @@\n 497\n 498\n 499\n-500\n+new\n 501\n 502\n 503\n"
