"""What a Pod needs is the most that it needs at one time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kubesim.api.podresources import pod_requests

# The restart policy that makes an init container a sidecar.
SIDECAR = "Always"


def container(cpu: str, restart_policy: str = "") -> dict[str, Any]:
    """A container that requests that much CPU."""
    policy = {"restartPolicy": restart_policy} if restart_policy else {}
    return {"resources": {"requests": {"cpu": cpu}}, **policy}


@pytest.mark.parametrize(
    ("init_containers", "cpu"),
    [
        ([], "0.1"),
        ([container("500m")], "0.5"),
        ([container("500m"), container("500m")], "0.5"),
        ([container("200m", SIDECAR)], "0.3"),
        ([container("500m"), container("200m", SIDECAR)], "0.5"),
        ([container("200m", SIDECAR), container("500m")], "0.7"),
        ([container("200m", SIDECAR), container("500m"), container("600m", SIDECAR)], "0.9"),
    ],
)
def test_an_init_container_runs_beside_the_sidecars_before_it(init_containers: list[Any], cpu: str) -> None:
    pod = {"spec": {"initContainers": init_containers, "containers": [container("100m")]}}
    assert pod_requests(pod) == {"cpu": Decimal(cpu)}
