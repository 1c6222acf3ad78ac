"""Pasted texts: their decoration is removed and their wrapped lines are joined; each row of paste.py has an example."""

from __future__ import annotations

import re

import pytest

from kubesim.why.export import explain_as_text
from kubesim.why.read import paste
from tests.learner import rows

ROWS = rows(__file__)
STARTS = [(name, line) for name, lines in ROWS["starts"].items() for line in lines]


def test_each_row_has_an_example() -> None:
    assert [name for name, _pasted, _left in ROWS["dress"]] == [decoration.name for decoration in paste._DECORATIONS]
    assert list(ROWS["starts"]) == list(paste._STARTS)


@pytest.mark.parametrize(("name", "pasted", "left"), ROWS["dress"])
def test_decoration_is_removed(name: str, pasted: str, left: str) -> None:
    (decoration,) = [decoration for decoration in paste._DECORATIONS if decoration.name == name]
    assert decoration.mark in pasted
    assert decoration.pattern.search(pasted)
    assert paste._undecorated(pasted) == left


@pytest.mark.parametrize(("name", "line"), STARTS)
def test_a_line_with_the_start_of_a_record_is_a_record_of_its_own(name: str, line: str) -> None:
    assert re.match(paste._STARTS[name], line)
    assert paste.records(f"Failed to pull image\n{line}")[1:] != []


@pytest.mark.parametrize(("lines", "records"), ROWS["continued"])
def test_another_line_continues_the_record(lines: list[str], records: list[str]) -> None:
    assert paste.records("\n".join(lines)) == records


def test_words_that_a_window_cuts_are_joined_without_a_space() -> None:
    message = "Failed to pull image web: " + "r.example/unauthorized-access-to-r.example-denied-at-once-" * 4
    lines = [message[at : at + 70] for at in range(0, 210, 70)]
    assert paste.records("\n".join(lines)) == ["".join(lines)]
    assert paste.records("\n".join(lines), cuts=False) == [" ".join(lines)]


def test_a_long_text_is_shortened_to_its_lines_about_images() -> None:
    about_images = [f"Failed to pull image web:{number}\n" for number in range(300)]
    others = "nothing of interest\n" * (paste._LONGEST_TEXT // 10)
    short = paste.shortened("".join([*about_images[:150], others, *about_images[150:]]))
    assert (short.text, short.unread) == ("".join(about_images), 0)


def test_a_pull_that_began_after_the_last_start_is_not_over() -> None:
    text = (
        '[Normal] Pulling image "reg.example/first:1"\n'
        '[Normal] Successfully pulled image "reg.example/first:1" in 2s\n'
        "[Normal] Started container first\n"
        '[Normal] Pulling image "reg.example/second:1"\n'
        "[Warning] Container runtime did not kill the pod within specified grace period.\n"
    )
    told = explain_as_text(text)
    assert "The pull of reg.example/second:1 goes on" in told
    assert "may start" not in told
    told = explain_as_text(f"{text}[Warning] The node was low on resource: ephemeral-storage.\n")
    assert "The disk of the node" in told
    assert "goes on" not in told
