"""JSON and numbers as Go reads and writes them; expected texts are those of Go 1.26's encoding/json and fmt."""

from __future__ import annotations

import pytest

from kubesim.gotext import gofmt, gojson
from kubesim.gotext.gojson import JSONError


@pytest.mark.parametrize(
    ("text", "sentence", "read"),
    [
        ("", "unexpected end of JSON input", 0),
        ('{"a"', "unexpected end of JSON input", 4),
        ('"abc', "unexpected end of JSON input", 4),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string", 8),
        ("[1, ]", "invalid character ']' looking for beginning of value", 5),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string", 2),
        ('{"a" 1}', "invalid character '1' after object key", 6),
        ('{"a":1 2}', "invalid character '2' after object key:value pair", 8),
        ("[{} 2]", "invalid character '2' after array element", 5),
        ("1 2", "invalid character '2' after top-level value", 3),
        ("trux", "invalid character 'x' in literal true (expecting 'e')", 4),
        ("[-]", "invalid character ']' in numeric literal", 3),
        ("[NaN]", "invalid character 'N' looking for beginning of value", 2),
        ('"a\nb"', r"invalid character '\n' in string literal", 3),
        (r'"\x"', "invalid character 'x' in string escape code", 3),
        (r'"\u12x"', r"invalid character 'x' in \u hexadecimal character escape", 6),
        ("'a'", r"invalid character '\'' looking for beginning of value", 1),
        ("é", "invalid character 'Ã' looking for beginning of value", 1),
        ("[" * 300 + "]" * 300, "exceeded max depth", 0),
        ("1e400", "json: cannot unmarshal number 1e400 into Go value of type float64", 0),
    ],
)
def test_a_broken_text_is_refused_in_the_words_of_go(text: str, sentence: str, read: int) -> None:
    with pytest.raises(JSONError) as caught:
        gojson.loads(text)
    assert (str(caught.value), caught.value.read) == (sentence, read)


@pytest.mark.parametrize(
    ("value", "in_json", "printed"),
    [
        (1.0, "1", "1"),
        (1.5, "1.5", "1.5"),
        (0.00015, "0.00015", "0.00015"),
        (0.00001, "0.00001", "1e-05"),
        (-0.000012, "-0.000012", "-1.2e-05"),
        (0.000001, "0.000001", "1e-06"),
        (1.5e-7, "1.5e-7", "1.5e-07"),
        (1e-10, "1e-10", "1e-10"),
        (1e20, "100000000000000000000", "100000000000000000000"),
        (1e21, "1e+21", "1e+21"),
        ("1e-05", '"1e-05"', "1e-05"),
    ],
)
def test_a_number_is_written_as_go_does(value: object, in_json: str, printed: str) -> None:
    assert (gojson.dumps([value]), gofmt.sprint(value)) == (f"[{in_json}]", printed)


def test_half_a_character_is_none() -> None:
    assert gojson.loads(r'["\ud83d\ude00", "\ud83dx"]') == ["😀", "�x"]
