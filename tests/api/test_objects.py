"""The small helpers survive what users write."""

from __future__ import annotations

import pytest

from kubesim.api.objects import (
    clone,
    is_owned_by,
    name_of,
    namespace_of,
    owner_reference,
    pull_secret_names,
    reference_to,
)
from kubesim.api.resources import POD


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": "x"}, {"metadata": {"name": 1}}])
def test_an_object_without_a_proper_name_has_an_empty_one(obj: dict[str, object]) -> None:
    assert (name_of(obj), namespace_of(obj)) == ("", "")


def test_a_clone_shares_nothing() -> None:
    original = {"a": [{"b": {"c": 1}}]}
    copy = clone(original)
    copy["a"][0]["b"]["c"] = 2
    assert original == {"a": [{"b": {"c": 1}}]}


def test_an_owner_is_known_by_its_uid() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web", "uid": "1"}}
    pod = {"metadata": {"ownerReferences": [owner_reference(owner)]}}
    assert is_owned_by(pod, owner)
    assert not is_owned_by(pod, {**owner, "metadata": {"name": "web", "uid": "2"}})


def test_a_reference_leaves_out_what_is_empty() -> None:
    pod = {"metadata": {"name": "web", "namespace": "default", "uid": "1"}}
    assert reference_to(POD, pod) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": "web",
        "namespace": "default",
        "uid": "1",
    }


def test_pull_secrets_keep_their_order() -> None:
    assert pull_secret_names({"imagePullSecrets": [{"name": "b"}, {}, {"name": "a"}]}) == ["b", "", "a"]
    assert pull_secret_names({"imagePullSecrets": None}) == []
