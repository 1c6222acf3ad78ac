"""The helpers for objects accept whatever users write, and share nothing between objects."""

from __future__ import annotations

import pytest

from kubesim.api.objects import (
    clone,
    name_of,
    namespace_of,
    remembered,
)


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": "x"}, {"metadata": {"name": 1}}])
def test_an_object_without_a_proper_name_has_an_empty_one(obj: dict[str, object]) -> None:
    assert (name_of(obj), namespace_of(obj)) == ("", "")


def test_a_clone_shares_nothing() -> None:
    original = {"a": [{"b": {"c": 1}}]}
    copy = clone(original)
    copy["a"][0]["b"]["c"] = 2
    assert original == {"a": [{"b": {"c": 1}}]}


def test_what_is_remembered_of_an_object_is_not_taken_for_another_one() -> None:
    asked: list[str] = []
    name = remembered(lambda obj: asked.append(name_of(obj)) or name_of(obj))
    objects = [{"metadata": {"name": str(number)}} for number in range(9000)]
    assert [name(obj) for obj in objects] == [name(obj) for obj in objects] == [str(number) for number in range(9000)]
    assert name(objects[0]) == name({"metadata": {"name": "0"}}) == "0"
    assert len(asked) > 9000
