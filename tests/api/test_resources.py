"""Every name that a command line may use for a type leads to it, and to no other."""

from __future__ import annotations

import pytest

from kubesim.api.resources import DEPLOYMENT, EVENT, POD, RESOURCES, ROLE, SERVICE_ACCOUNT, find_kind, find_resource


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("po", POD),
        ("pod", POD),
        ("PODS", POD),
        ("sa", SERVICE_ACCOUNT),
        ("deploy", DEPLOYMENT),
        ("deployment.apps", DEPLOYMENT),
        ("deployments.v1.apps", DEPLOYMENT),
        ("deployment.v1.apps", DEPLOYMENT),
        ("deploy.apps", DEPLOYMENT),
        ("roles.rbac", ROLE),
        ("pods.v1.", POD),
        ("deployments.v2.apps", None),
        ("deployments.ps", None),
        ("pods.apps", None),
        ("", None),
    ],
)
def test_a_name_leads_to_its_type(name: str, resource: object) -> None:
    assert find_resource(name) is resource


def test_no_two_types_share_a_name() -> None:
    named = [item for item in RESOURCES if item.group != "events.k8s.io"]  # which is a second API of the same events
    names = [name for item in named for name in {item.plural, item.singular, *item.short_names}]
    assert sorted(names) == sorted(set(names))
    assert find_resource("events") is EVENT


def test_a_manifest_names_its_type_by_version_and_kind() -> None:
    assert find_kind("apps/v1", "Deployment") is DEPLOYMENT
    assert find_kind("v1", "Deployment") is None
    assert find_kind("v1", "pod") is None
