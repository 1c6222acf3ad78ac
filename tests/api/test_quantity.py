"""Quantities as the fields of a container that refer to its resources see them."""

from __future__ import annotations

import pytest

from kubesim.api import quantity

RESOURCES = {"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "1500m"}}


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "1"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "200"),
        ({"resource": "limits.memory", "divisor": "0"}, "67108864"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({"resource": "requests.cpu", "divisor": "1"}, "2"),
        ({"resource": "requests.memory"}, "0"),
    ],
)
def test_a_field_of_the_resources(reference: dict[str, str], value: str) -> None:
    assert quantity.of_field(RESOURCES, reference) == value
