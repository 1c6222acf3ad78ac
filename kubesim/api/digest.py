"""Digests, and the short hashes in letters that Kubernetes puts into names."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["SAFE_ALPHABET", "content_hash", "safe_hash", "safe_letters", "sha256", "sha512"]

# SHA-2 without OpenSSL, which takes 3 ms to load: as the module `random` does it, and hashlib where that fails.
if TYPE_CHECKING:
    from hashlib import sha256, sha512
else:
    try:
        from _sha2 import sha256, sha512  # CPython 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256  # CPython 3.11
            from _sha512 import sha512
        except ImportError:
            from hashlib import sha256, sha512

# Kubernetes leaves out vowels and look-alikes (k8s.io/apimachinery pkg/util/rand, v1.36).
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def content_hash(text: str) -> str:
    """What Kubernetes calls a ControllerRevision by: FNV-1 of its JSON, whose decimal digits become safe letters.

    Mirrors HashControllerRevision of pkg/controller/history/controller_history.go, without a collision.
    """
    number = 2166136261
    for byte in f"{text}0".encode():
        number = number * 16777619 % 2**32 ^ byte
    return safe_letters(number)


def safe_letters(number: int) -> str:
    """A number in letters that make no words. Mirrors SafeEncodeString of k8s.io/apimachinery pkg/util/rand/rand.go."""
    return "".join(SAFE_ALPHABET[ord(digit) % len(SAFE_ALPHABET)] for digit in str(number))


def safe_hash(text: str) -> str:
    """Five letters that stay the same for a text, where Kubernetes draws them."""
    number = int.from_bytes(sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(5):
        number, digit = divmod(number, len(SAFE_ALPHABET))
        letters.append(SAFE_ALPHABET[digit])
    return "".join(letters)
