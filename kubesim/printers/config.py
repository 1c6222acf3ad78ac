"""Rows of Secrets and ConfigMaps."""

from __future__ import annotations

from kubesim.clock import Micros
from kubesim.humanize import age
from kubesim.objects import Object


def secret(obj: Object, now: Micros) -> list[str]:
    """NAME, TYPE, DATA, AGE."""
    meta = obj["metadata"]
    created = age(meta.get("creationTimestamp"), now)
    return [meta["name"], obj.get("type") or "", str(len(obj.get("data") or ())), created]


def config_map(obj: Object, now: Micros) -> list[str]:
    """NAME, DATA, AGE."""
    meta = obj["metadata"]
    count = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return [meta["name"], str(count), age(meta.get("creationTimestamp"), now)]
