"""SHA-2 without OpenSSL, which takes 3 ms to load: as the module `random` does it, and hashlib where that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["sha256", "sha512"]

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
