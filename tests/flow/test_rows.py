"""Each pattern by which a record names its Pod or container finds it in the pattern's own example, before any other."""

from __future__ import annotations

import pytest

from kubesim.flow import rows


@pytest.mark.parametrize(("example", "pattern"), rows._PODS, ids=[example for example, _ in rows._PODS])
def test_a_pattern_finds_the_pod_of_its_example(example: str, pattern: object) -> None:
    match = rows._leftmost(rows._PODS, example)
    assert match is not None
    assert match.re is pattern
    assert rows._named(example)[:2] == ("shop" if "shop" in example else "", "web-1")


@pytest.mark.parametrize(("example", "pattern"), rows._CONTAINERS, ids=[example for example, _ in rows._CONTAINERS])
def test_a_pattern_finds_the_container_of_its_example(example: str, pattern: object) -> None:
    match = rows._leftmost(rows._CONTAINERS, example)
    assert match is not None
    assert match.re is pattern
    assert match["container"] == "app"
