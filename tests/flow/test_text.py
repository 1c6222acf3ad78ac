"""Each pattern by which a record names its Pod or container finds it in the pattern's own example, before any other."""

from __future__ import annotations

import pytest

from kubesim.flow import text


@pytest.mark.parametrize(("example", "pattern"), text._PODS, ids=[example for example, _ in text._PODS])
def test_a_pattern_finds_the_pod_of_its_example(example: str, pattern: object) -> None:
    match = text._leftmost(text._PODS, example)
    assert match is not None
    assert match.re is pattern
    assert text._pod_of(example) == ("shop" if "shop" in example else "", "web-1")


@pytest.mark.parametrize(("example", "pattern"), text._CONTAINERS, ids=[example for example, _ in text._CONTAINERS])
def test_a_pattern_finds_the_container_of_its_example(example: str, pattern: object) -> None:
    match = text._leftmost(text._CONTAINERS, example)
    assert match is not None
    assert match.re is pattern
    assert match["container"] == "app"
