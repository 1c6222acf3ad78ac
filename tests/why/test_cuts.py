"""A text of which a part is missing never makes `why` sure of what the whole doesn't say."""

from __future__ import annotations

import pytest

from kubesim.why.export import explain_export
from kubesim.why.judge.causes import Cause
from kubesim.why.read.load import ExportError
from tests.why.test_sayings import UNSEEN

# Texts whose end tells what happened later, so that without it something else is true.
CHANGED_BY_THEIR_END = {"two causes one after the other, the last counts", "stern with a success at last"}


def causes_of(text: str) -> list[Cause]:
    """The causes that are found in a text, none if it is not understood."""
    try:
        return [flow.cause for flow in explain_export([text]).flows if flow.cause]
    except ExportError:
        return []


@pytest.mark.parametrize("name", sorted(UNSEEN.keys() - CHANGED_BY_THEIR_END))
def test_a_text_that_is_cut_gives_no_certain_answer_that_the_whole_does_not_give(name: str) -> None:
    text = UNSEEN[name]["text"]
    hops = {cause.hop for cause in causes_of(text)}
    for part in (text[: len(text) // 2], text[: len(text) * 3 // 4], text[: -len(text) // 10]):
        for cause in causes_of(part):
            assert cause.grade != "certain" or cause.hop in hops, f"{part}\n\n{cause.problem}"
