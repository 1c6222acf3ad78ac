"""The shell's regular expressions: matches as Python's `re` finds them, refusals, and bounded time and memory."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.budget import Budget, TooMuchError
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import ToolError
from kubesim.shell.tools.regex import Regex, Span
from tests.learner import rows
from tests.patience import within

ROWS = rows(__file__)

# Pieces of random patterns.
_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "^", "$", "c", r"\w", r"\b"])


def _composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Repeats, alternatives and sequences of patterns."""
    repeat = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,}"])
    return st.one_of(
        st.builds(lambda one, mark: f"({one}){mark}", inner, repeat),
        st.builds(lambda one, other: f"({one}|{other})", inner, inner),
        st.builds(lambda one, other: one + other, inner, inner),
    )


@given(st.recursive(_ATOMS, _composed, max_leaves=8), st.text("abc -", max_size=8))
def test_a_match_begins_where_re_finds_one_and_is_the_longest(pattern: str, text: str) -> None:
    ours = Regex([pattern], Budget(), extended=True).search(text)
    theirs = re.search(pattern.replace("$", r"\Z"), text)

    assert (ours is None) == (theirs is None)
    if ours and theirs:
        begin, end = ours
        assert begin == theirs.start()
        assert end >= theirs.end()  # the longest match, while `re` prefers the first alternative
        assert (
            re.compile(pattern.replace("$", r"\Z")).fullmatch(text[:end], begin) or r"\b" in pattern or "$" in pattern
        )


def _span(pattern: str, text: str, *, extended: bool = True) -> Span | None:
    """The start and the end of the match in a text."""
    return Regex([pattern], Budget(), extended=extended).search(text)


def test_the_leftmost_longest_match_is_found() -> None:
    assert _span("a|ab|abc", "xabcabc") == (1, 4)


def test_groups_match_in_extended_and_basic_patterns() -> None:
    assert _span("(a*)(b)?(c)", "aac") == (0, 3)
    assert _span(r"\(a*\)b", "aab", extended=False) == (0, 3)


@pytest.mark.parametrize(("pattern", "extended", "complaint"), ROWS["wrong_patterns"])
def test_a_wrong_pattern_is_refused(pattern: str, extended: bool, complaint: str) -> None:
    with pytest.raises(ToolError) as caught:
        Regex([pattern], Budget(), extended=extended)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(("pattern", "text", "place"), ROWS["basic_patterns"])
def test_a_repeat_of_nothing_is_a_character_in_a_basic_pattern(pattern: str, text: str, place: list[int]) -> None:
    assert _span(pattern, text, extended=False) == tuple(place)


@pytest.mark.parametrize(("pattern", "extended", "repeat"), ROWS["repeats_of_nothing"])
def test_a_repeat_of_nothing_is_refused(pattern: str, extended: bool, repeat: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        Regex([pattern], Budget(), extended=extended)
    assert str(caught.value) == f"'{repeat}' with nothing before it in a pattern"


def test_an_interval_without_numbers_is_any_number() -> None:
    assert _span("ba{,}", "baaa") == (0, 4)
    assert _span(r"ba\{,\}", "baaa", extended=False) == (0, 4)


def test_patterns_that_hang_a_backtracking_engine_are_quick() -> None:
    assert _span("(a+)+$", "a" * 2000 + "b") is None
    assert _span("(a|a)*c", "a" * 2000) is None


@pytest.mark.parametrize(("pattern", "text"), [("a*a*a*a*a*b", "a" * 500_000), ("(" * 60 + ")" * 60, "")])
def test_work_beyond_the_budget_is_stopped(pattern: str, text: str) -> None:
    with pytest.raises(TooMuchError):
        _span(pattern, text)


@given(st.text(max_size=30), st.text(max_size=30), st.booleans())
def test_any_pattern_is_taken_or_refused_in_words(pattern: str, text: str, extended: bool) -> None:
    try:
        span = _span(pattern, text, extended=extended)
    except (ToolError, UnsupportedError):
        return
    assert span is None or 0 <= span.begin <= span.end <= len(text)


@pytest.mark.parametrize("pattern", ["[" + "ab" * 1_750_000 + "]", "[" + "a-z" * 1_000_000 + "]{2}", "a" * 3_500_000])
def test_a_pattern_is_paid_by_what_it_holds(pattern: str) -> None:
    tracemalloc.start()
    with within(0.2), pytest.raises(TooMuchError):
        Regex([pattern], Budget(), extended=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
