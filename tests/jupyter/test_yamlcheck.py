"""The first mistake of a YAML text, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.jupyter.yamlcheck import HINTS, first_mistake, is_yaml


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n\tb: 2\n", 2, "a tab: indent YAML with spaces"),
        ("a:\n\tb: 2\n", 2, "a tab: indent YAML with spaces"),
        ("name: web\n    labels: x\n", 2, "a ':' too many, or this line is indented too far"),
        ("a: 1\nb\nc: 2\n", 2, "no ':' after the key, or a line of the text above is indented too little"),
        ("a:\n  b: 1\n c: 2\n", 3, "indented differently from the lines above it"),
        ("a:\n  - x\n - y\n", 3, "this '-' is not in line with the list or the keys above it"),
        (
            "spec:\n  containers: - name: app\n",
            2,
            "a list cannot begin on the line of its key: put '- ' on the next line",
        ),
        ('a: "x\nb: 2\n', 1, "a quote is opened and not closed"),
        ("a: [1, 2\nb: 3\n", 2, "a list that begins with '[' needs ',' between its items and ']' at its end"),
        ("a: {x: 1\n", 1, "a map that begins with '{' needs ',' between its keys and '}' at its end"),
        ("a: @x\n", 1, "this sign cannot begin a value: put the value into quotes"),
        ("a: *x\n", 1, "'*' refers to an anchor that is not there: put the value into quotes"),
        ('a: "x" y\n', 1, "something stands after the end of the value; put text with ':' or quotes into quotes"),
    ],
)
def test_a_mistake_has_its_line_and_its_words(text: str, line: int, words: str) -> None:
    assert first_mistake(text) == (line, words)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "a: 1\n---\nb: 2\n", "- 1\n- {a: b}\n", "plain"])
def test_no_mistake(text: str) -> None:
    assert first_mistake(text) is None


def test_only_yaml_files_are_checked() -> None:
    assert [name for name in ("a.yaml", "a.YML", "a.json", "yaml", "a.yaml.txt") if is_yaml(name)] == [
        "a.yaml",
        "a.YML",
    ]


@given(st.text(st.sampled_from("ab:-? \n\t\"'[]{}*&!|>%@,#"), max_size=30))
def test_any_text_gets_an_answer_inside_it(text: str) -> None:
    mistake = first_mistake(text)
    assert mistake is None or 1 <= mistake.line <= max(1, len(text.splitlines()))


def test_every_hint_says_something_else_than_the_parser() -> None:
    assert all(part not in words for part, words in HINTS.items())
