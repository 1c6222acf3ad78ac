"""Label and field selectors, as typed after -l and --field-selector."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.selectors import SelectorError, field_selector, label_selector, matches

WEB = {"metadata": {"name": "web", "labels": {"tier": "front", "app": "shop"}}, "status": {"phase": "Running"}}


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
        ("", True),
    ],
)
def test_label_selectors(selector: str, selected: bool) -> None:
    assert label_selector(selector)(WEB) is selected


@pytest.mark.parametrize("selector", ["a b", "a in b", "=x", "a=(b)", "-a=b", "a in (b"])
def test_what_is_no_label_selector_is_refused(selector: str) -> None:
    with pytest.raises(SelectorError, match="unable to parse requirement"):
        label_selector(selector)


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
