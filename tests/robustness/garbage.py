"""Unexpected text and values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

WORDS = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
# Texts that break careless code: from words.yaml, and some that are long.
NASTY = [*WORDS["nasty"], "ß" * 70, "a" * 300, "9" * 5000]
# Any text, also such as no terminal can send and no UTF-8 file can hold: a notebook's cell can.
garbage = st.one_of(st.sampled_from(NASTY), st.text(max_size=12), st.text("abc-./:=,{}[]()$@!\"'\\ \n\t*", max_size=12))

# Values that most fields don't allow.
WRONG: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**31, 2**63, 10**400, float("inf"), float("nan")),
    *("", "x", "-1", "\0", "a\nb", "x" * 300),
    *([], [None], [1], [[]], ["x", "x"], [{}], [{"name": "x"}, {"name": "x"}]),
    *({}, {"": ""}, {"x": None}, {"x": {"y": [1]}}, {"name": 1}, {"$patch": "delete"}, {"$patch": "x"}),
]
# Such a value, or one of any shape.
wrong = st.one_of(
    st.sampled_from(WRONG),
    garbage,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), garbage),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(garbage, inner, max_size=3)),
        max_leaves=6,
    ),
)
