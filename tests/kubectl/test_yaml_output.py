"""Objects as YAML: what kubesim prints is what goyaml prints, and reads as the same object."""

from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kubesim.api import load_yaml
from kubesim.kubectl.documents import parse_document
from kubesim.kubectl.yamldump import dump as to_yaml
from kubesim.kubectl.yamldump import sorted_keys

CASES = load_yaml(Path(__file__).with_name("formats.yaml"))

LETTERS = "ab: \n'\"#-?,[]{}&*!|>%@`.0189\\\t\u00e9~=<y"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=30) | st.text(
    st.sampled_from("abc  '\"\\"), min_size=70, max_size=200
)
KEYS = st.text(st.sampled_from("ab: '\"#-?.019\u00e9/"), max_size=20)
# A greater integer is read as a float, as in Go.
INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = st.recursive(
    TEXTS | INT64 | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def test_an_object_as_kubectl_get_prints_it():
    assert to_yaml(yaml.safe_load(CASES["object"])) == CASES["object"]


@pytest.mark.parametrize(("text", "written"), CASES["quoted"])
def test_a_string_is_quoted_as_goyaml_does(text, written):
    assert to_yaml({"k": text}) == f"k: {written}\n"


def test_long_text_is_folded_after_the_eightieth_column():
    words = " ".join(["word"] * 20)
    assert to_yaml({"plain": words}) == f"plain: {' '.join(['word'] * 15)}\n  {' '.join(['word'] * 5)}\n"
    assert to_yaml({"k": "\x00" + words}) == f'k: "\\0{" ".join(["word"] * 16)}\n  {" ".join(["word"] * 4)}"\n'


def test_numbers_are_written_as_goyaml_does():
    assert to_yaml([1, -5, 1.5, 2.0, 1e-7, 1e30]) == "- 1\n- -5\n- 1.5\n- 2\n- 1e-07\n- 1e+30\n"


def test_lists_in_lists_begin_on_the_same_line():
    assert to_yaml({"a": [[1, [2]], {"b": [3]}]}) == "a:\n- - 1\n  - - 2\n- b:\n  - 3\n"


def test_keys_are_in_natural_order():
    keys = ["b", "a10", "a9", "a", "a.b", "ab", "A", "1", "a-1", "a01"]
    assert sorted_keys(dict.fromkeys(keys)) == ["1", "A", "a", "a-1", "a.b", "a01", "a9", "a10", "ab", "b"]


@pytest.mark.parametrize(
    "pair",
    ["01 0bB1a", "9. 9a9/", "1. 1B10", "10aBa 1b90-", "9-. 9b", "1- 10", "a0- a00", f"{'9' * 5000} 1{'0' * 5000}"],
)
def test_letters_come_after_anything_else_and_numbers_by_their_value(pair):
    assert sorted_keys(dict.fromkeys(reversed(pair.split()))) == pair.split()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES | st.text(max_size=40)))
def test_an_object_that_is_written_is_read_as_the_same(obj):
    assume("<<" not in obj)  # goyaml writes this key plain, and reads it as a merge
    assert parse_document(to_yaml(obj)) == obj
