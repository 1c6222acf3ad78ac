"""Colors of words on the screen, and the first mistake of a YAML text in the editor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.jupyter.mistakes import HINTS, first_mistake
from kubesim.jupyter.screen import colour_statuses, strip_escapes

# ANSI escapes of colors; ASIDE is for kubesim's own lines.
RED, GREEN, YELLOW, ASIDE, OFF = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[0m"

# Descriptions of mistakes.
NO_LIST = "a list cannot begin on the line of its key: put '- ' on the next line"
AFTER_END = "something follows the end of the value; put text with ':' or quotes into quotes"


@pytest.mark.parametrize(
    ("plain", "coloured"),
    [
        ("web    1/1     Running   0      9s\n", f"web    1/1     {GREEN}Running{OFF}   0      9s\n"),
        ("p      0/1     ErrImagePull\n", f"p      0/1     {RED}ErrImagePull{OFF}\n"),
        ("p   0/1   Init:ErrImagePull   0\n", f"p   0/1   Init:{RED}ErrImagePull{OFF}   0\n"),
        ("Status:           Pending\n", f"Status:           {YELLOW}Pending{OFF}\n"),
        ("  phase: Running\n", f"  phase: {GREEN}Running{OFF}\n"),
        ("ImagePullBackOff", f"{RED}ImagePullBackOff{OFF}"),
        ('Error from server (NotFound): pods "a"\n', f'{RED}Error from server{OFF} (NotFound): pods "a"\n'),
        ("error: unknown command\n", f"{RED}error:{OFF} unknown command\n"),
        ("kubesim: no\n", f"{ASIDE}kubesim:{OFF} no\n"),
        *(
            (text, text)
            for text in ("Failed to pull image\n", "Running-pod   1/1\n", "NotRunning   1\n", "an error: no\n")
        ),
    ],
)
def test_statuses_and_errors_are_coloured(plain, coloured):
    assert colour_statuses(plain) == coloured
    assert strip_escapes(coloured) == plain


def test_text_with_its_own_colours_is_left_alone():
    assert colour_statuses("\x1b[1mRunning\x1b[0m\n") == "\x1b[1mRunning\x1b[0m\n"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: 1\n\tb: 2\n", (2, "a tab: indent YAML with spaces")),
        ("a:\n\tb: 2\n", (2, "a tab: indent YAML with spaces")),
        ("name: web\n    labels: x\n", (2, "a ':' too many, or this line is indented too far")),
        ("a: 1\nb\nc: 2\n", (2, "no ':' after the key, or a line of the text above is indented too little")),
        ("a:\n  b: 1\n c: 2\n", (3, "indented differently from the lines above it")),
        ("a:\n  - x\n - y\n", (3, "this '-' is not in line with the list or the keys above it")),
        ("spec:\n  containers: - name: app\n", (2, NO_LIST)),
        ('a: "x\nb: 2\n', (1, "a quote is opened and not closed")),
        ("a: [1, 2\nb: 3\n", (2, "a list that begins with '[' needs ',' between its items and ']' at its end")),
        ("a: {x: 1\n", (1, "a map that begins with '{' needs ',' between its keys and '}' at its end")),
        ("a: @x\n", (1, "this sign cannot begin a value: put the value into quotes")),
        ("a: *x\n", (1, "'*' refers to an anchor that does not exist: put the value into quotes")),
        ('a: "x" y\n', (1, AFTER_END)),
        ("[" * 900, (1, "this is nested too deeply")),
        *(
            (text, ())
            for text in (
                "[" * 900 + "]" * 900,
                "",
                "# only a comment\n",
                "a: 1\n---\nb: 2\n",
                "- 1\n- {a: b}\n",
                "plain",
            )
        ),
    ],
)
def test_the_first_mistake_is_found_with_its_line(text, mistake):
    assert tuple(first_mistake(text).values()) == mistake


@given(st.text(st.sampled_from("ab:-? \n\t\"'[]{}*&!|>%@,#"), max_size=30))
def test_a_mistake_in_any_text_is_on_one_of_its_lines(text):
    mistake = first_mistake(text)
    assert not mistake or 1 <= mistake["line"] <= max(1, len(text.splitlines()))


def test_no_hint_repeats_the_parsers_words():
    assert all(part not in words for part, words in HINTS.items())
