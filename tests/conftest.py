"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# The same examples on every machine and every run: a red build is about the change, not about luck or a slow disk.
settings.register_profile("kubesim", derandomize=True, deadline=None)
settings.load_profile("kubesim")
