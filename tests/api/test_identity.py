"""The same seed makes the same identifiers, in the forms that Kubernetes gives them."""

from __future__ import annotations

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.identity import SAFE_ALPHABET, Identity, safe_hash


def make(seed: int) -> tuple[str, str, str]:
    identity = Identity(seed)
    return identity.uid(), identity.suffix(), identity.container_id()


def test_a_seed_decides_everything() -> None:
    assert make(1) == make(1)
    assert not set(make(1)) & set(make(2))


def test_forms() -> None:
    uid, suffix, container = make(0)
    assert uuid.UUID(uid).version == 4
    assert re.fullmatch(f"[{SAFE_ALPHABET}]{{5}}", suffix)
    assert re.fullmatch("[0-9a-f]{64}", container)


@given(st.text(), st.text())
def test_hashes_tell_texts_apart_and_keep_to_the_alphabet(one: str, other: str) -> None:
    assert (safe_hash(one) == safe_hash(other)) is (one == other)
    assert re.fullmatch(f"[{SAFE_ALPHABET}]{{10}}", safe_hash(one))
