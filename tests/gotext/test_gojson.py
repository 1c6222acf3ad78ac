"""Go's JSON and base64: what is refused, with which sentence; numbers and strings as Go prints them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.gotext import base64, gojson

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a":1', "unexpected end of JSON input"),
        ('{"a', "unexpected end of JSON input"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ("[NaN]", "invalid character 'N' looking for beginning of value"),
        ("ü", "invalid character 'Ã' looking for beginning of value"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("[1, ]", "invalid character ']' looking for beginning of value"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":[{"b":"]"} 2]}', "invalid character '2' after array element"),
        ("{} x", "invalid character 'x' after top-level value"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ('"a\nb"', "invalid character '\\n' in string literal"),
        ("[" * 100_000, "exceeded max depth"),
    ],
)
def test_broken_json(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        gojson.loads(text)
    assert str(caught.value) == said


@given(JSON)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = gojson.dumps(value)
    assert gojson.syntax_problem(text) is None
    assert gojson.loads(text) == value


@given(st.text('{}[]":,0123456789.eE+-truefalsn \\', max_size=12) | st.text(max_size=12))
def test_any_text_is_read_or_refused_in_one_sentence(text: str) -> None:
    problem = gojson.syntax_problem(text)
    with suppress(ValueError):
        assert gojson.loads(text) == gojson.parse(text)
        assert problem is None


@pytest.mark.parametrize(
    ("text", "padded", "found"),
    [
        ("YQ==", True, b"a"),
        ("Y\nQ=\r\n=", True, b"a"),
        ("YQ", False, b"a"),
        ("abc", True, 0),
        ("mypassword", True, 8),
        ("pass word", True, 4),
        ("YQ=", True, 3),
        ("YQ==YQ==", True, 4),
        ("YQ=x", True, 2),
        ("dTpwO", False, 4),
        ("dTp=w", False, 3),
    ],
)
def test_base64(text: str, padded: bool, found: bytes | int) -> None:
    """What is decoded, or the byte at which it ends."""
    if isinstance(found, bytes):
        assert base64.decode(text, padded) == found
        return
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        base64.decode(text, padded)
    assert str(caught.value) == f"illegal base64 data at input byte {found}"
