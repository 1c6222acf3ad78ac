"""Digests, and the short hashes in names of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["SAFE_ALPHABET", "content_hash", "safe_hash", "safe_letters", "sha256", "sha512"]

# hashlib loads OpenSSL, which takes 3 ms, so the modules behind it come first, as in Python's own `random`.
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
    """The hash in a ControllerRevision's name: FNV-1 of its JSON `text`, in safe letters.

    Mirrors HashControllerRevision of pkg/controller/history/controller_history.go, for a collision count of 0.
    """
    number = 2166136261
    for byte in f"{text}0".encode():
        number = number * 16777619 % 2**32 ^ byte
    return safe_letters(number)


def safe_letters(number: int) -> str:
    """The digits of `number` as letters. Mirrors SafeEncodeString of k8s.io/apimachinery pkg/util/rand/rand.go."""
    return "".join(SAFE_ALPHABET[ord(digit) % len(SAFE_ALPHABET)] for digit in str(number))


def safe_hash(text: str) -> str:
    """Five letters derived from `text`, in place of the five that Kubernetes draws by chance."""
    number = int.from_bytes(sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(5):
        number, digit = divmod(number, len(SAFE_ALPHABET))
        letters.append(SAFE_ALPHABET[digit])
    return "".join(letters)
