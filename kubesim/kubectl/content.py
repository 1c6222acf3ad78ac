"""What a ConfigMap or a Secret holds, as kubectl and kustomize make them: text or bytes, and a hash for the name."""

from __future__ import annotations

import hashlib

from kubesim.api.objects import Object
from kubesim.gotext import gojson


def is_text(value: bytes) -> bool:
    """Whether a ConfigMap keeps the value in `data`; others go into `binaryData`."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def short_hash(content: Object) -> str:
    """Ten letters that change with the content. Mirrors k8s.io/kubectl pkg/util/hash/hash.go, v1.36."""
    digits = hashlib.sha256(gojson.dumps(content).encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))
