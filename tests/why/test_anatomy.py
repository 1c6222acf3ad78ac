"""The anatomy of an error: a message is split into the parts that each program added, and no letter is lost."""

from __future__ import annotations

import pytest

from kubesim.why.tell.anatomy import REASON, anatomy

PULL = 'failed to pull and unpack image "registry.example.com/myapp:1.0": failed to resolve image: '
MESSAGES = {
    PULL + "pull access denied, repository does not exist or may require authorization: authorization failed: "
    "no basic auth credentials": [
        "containerd, pulling",
        "containerd, looking the image up",
        "the registry's refusal",
        "containerd, logging in",
    ],
    f'Failed to pull image "registry.example.com/myapp:1.0": rpc error: code = NotFound desc = {PULL}'
    "registry.example.com/myapp:1.0: not found": [
        "kubelet",
        "container runtime interface",
        "containerd, pulling",
        "containerd, looking the image up",
    ],
    PULL + "failed to authorize: failed to fetch oauth token: unexpected status from GET request to "
    "https://auth.example.com/token?service=registry: 401 Unauthorized": [
        "containerd, pulling",
        "containerd, looking the image up",
        "containerd, logging in",
        "containerd, asking for a token",
        "the HTTP request",
    ],
    PULL + 'failed to do request: Head "https://registry.example.com/v2/myapp/manifests/1.0": dial tcp: lookup '
    "registry.example.com on 10.96.0.10:53: no such host": [
        "containerd, pulling",
        "containerd, looking the image up",
        "the HTTP request",
        "the network",
    ],
    "couldn't parse image name": [],
    "unexpected status from GET request to x: ": [],
}
REASONS = (
    "no basic auth credentials",
    "registry.example.com/myapp:1.0: not found",
    "401 Unauthorized",
    "no such host",
    "couldn't parse image name",
    "unexpected status from GET request to x: ",
)


@pytest.mark.parametrize(("message", "reason"), list(zip(MESSAGES, REASONS, strict=True)))
def test_each_layer_is_told_apart(message: str, reason: str) -> None:
    layers = anatomy(message)
    assert [layer.who for layer in layers] == [*MESSAGES[message], REASON]
    assert layers[-1].words == reason
    assert "".join(layer.words for layer in layers) == message
