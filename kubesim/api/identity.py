"""The one seeded source of everything random in a cluster: uids, name suffixes, container ids."""

from __future__ import annotations

import hashlib
import random
import uuid

# Kubernetes leaves out vowels and look-alikes (k8s.io/apimachinery pkg/util/rand, v1.36).
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Identity:
    """Makes identifiers; the same seed makes the same ones in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def uid(self) -> str:
        """A version-4 UUID, as in metadata.uid."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        """`length` characters for a generated name."""
        return "".join(self._random.choices(SAFE_ALPHABET, k=length))

    def container_id(self) -> str:
        """64 hexadecimal digits, as containerd names a container."""
        return f"{self._random.getrandbits(256):064x}"


def safe_hash(text: str, length: int = 10) -> str:
    """A stable `length`-character hash of `text` in the safe alphabet, as in a ReplicaSet's name."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(SAFE_ALPHABET))
        letters.append(SAFE_ALPHABET[digit])
    return "".join(letters)
