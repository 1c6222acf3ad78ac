"""Label and field selectors, as typed after -l and --field-selector."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.selectors import SelectorError, field_selector, label_selector, matches

WEB = {
    "metadata": {"name": "web", "labels": {"tier": "front", "app": "shop", "size": "3"}},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("tier=front", True),
        ("tier==front", True),
        ("tier = front", True),
        ("tier!=front", False),
        ("old!=yes", True),
        ("tier", True),
        ("!tier", False),
        ("!old", True),
        ("tier in (back, front)", True),
        ("tier in (back)", False),
        ("tier notin (back),app", True),
        ("old notin (a)", True),
        ("tier=front,app=other", False),
        ("tier=", False),
        ("tier in ()", False),
        ("size>2", True),
        ("size<3", False),
        ("", True),
    ],
)
def test_label_selectors(selector: str, selected: bool) -> None:
    assert label_selector(selector)(WEB) is selected


IN = "unable to parse requirement: "
RULE = (
    "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. '{}',  or '{}',  or '{}', regex used for validation is '{}')"
)
KEY = RULE.format("MyName", "my.name", "123-abc", "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
VALUE = RULE.format("MyValue", "my_value", "12345", "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a b", f"{IN}found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in", f"{IN}found '' expected: '('"),
        ("a in b", f"{IN}found 'b' expected: '('"),
        ("a in (b", f"{IN}found '', expected: ',' or ')'"),
        ("a in (b,", f"{IN}found '', expected: ',', or identifier"),
        ("a in (!", f"{IN}found '!', expected: ',', ')' or identifier"),
        ("a=(b)", f"{IN}found '(', expected: identifier"),
        ("!=a", "found '!=', expected: !, identifier, or 'end of string'"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("! =a", f"{IN}found '=', expected: identifier"),
        ("a<x", f"{IN}values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"),
        ("-a=b", f'{IN}<nil>: Invalid value: "-a": name part must {KEY}'),
        (
            "a/b/c",
            f'{IN}<nil>: Invalid value: "a/b/c": a valid label key must {KEY} with an optional DNS subdomain prefix '
            "and '/' (e.g. 'example.com/MyName')",
        ),
        ("a=-b", f'{IN}values[0][a]: Invalid value: "-b": a valid label must be an empty string or {VALUE}'),
        (f"a={'x' * 64}", f'{IN}values[0][a]: Invalid value: "{"x" * 64}": must be no more than 63 bytes'),
    ],
)
def test_what_is_no_label_selector_is_refused(selector: str, message: str) -> None:
    with pytest.raises(SelectorError) as refusal:
        label_selector(selector)
    assert str(refusal.value) == message


@given(st.text(alphabet="ab=!,() in"))
def test_any_text_is_a_selector_or_a_refusal(text: str) -> None:
    with suppress(SelectorError):
        assert label_selector(text)(WEB) in (True, False)


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("status.phase=Running", True),
        ("status.phase!=Running", False),
        ("metadata.name==web,status.phase=Running", True),
        ("status.podIP=", True),
    ],
)
def test_field_selectors(selector: str, selected: bool) -> None:
    assert field_selector(selector, lambda _: True)(WEB) is selected


@pytest.mark.parametrize(
    ("selector", "refusal"),
    [
        ("spec.image=x", "field label not supported: spec.image"),
        ("status.phase", "invalid selector: 'status.phase'; can't understand 'status.phase'"),
    ],
)
def test_what_is_no_field_selector_is_refused(selector: str, refusal: str) -> None:
    with pytest.raises(SelectorError) as caught:
        field_selector(selector, lambda name: name.startswith("status."))
    assert str(caught.value) == refusal


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "tier", "operator": "In", "values": ["front"]}, True),
        ({"key": "tier", "operator": "NotIn", "values": ["front"]}, False),
        ({"key": "old", "operator": "Exists"}, False),
        ({"key": "old", "operator": "DoesNotExist"}, True),
    ],
)
def test_the_selectors_of_manifests(expression: dict[str, object], selected: bool) -> None:
    selector = {"matchLabels": {"app": "shop"}, "matchExpressions": [expression]}
    assert matches(selector, WEB["metadata"]["labels"]) is selected  # type: ignore[arg-type]
    assert not matches(selector, {"tier": "front"})
