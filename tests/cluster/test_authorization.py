"""RBAC: requests that roles and bindings allow, groups of ServiceAccounts, and refusals."""

from __future__ import annotations

import pytest

from kubesim.api.objects import Object
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, NODE, POD, ROLE, ROLE_BINDING, SECRET
from kubesim.cluster.apiserver.authorization import ADMIN, Request, User, is_allowed
from kubesim.cluster.apiserver.impersonation import impersonate
from kubesim.cluster.apiserver.store import Store
from kubesim.cluster.bootstrap import policy_objects

# The rules of a Role, and the subjects of all bindings.
RULES = [
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["regcred"]},
    {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["*"]},
]
SUBJECTS = [
    {"kind": "User", "name": "jane"},
    {"kind": "Group", "name": "devs"},
    {"kind": "ServiceAccount", "namespace": "team", "name": "ci"},
]

# A user and a ServiceAccount of SUBJECTS.
JANE = User("jane")
CI = impersonate(ADMIN, "system:serviceaccount:team:ci")


def bound(kind: str, name: str) -> Object:
    """The fields of a binding of SUBJECTS to a role."""
    return {"roleRef": {"kind": kind, "name": name}, "subjects": SUBJECTS}


@pytest.fixture
def store() -> Store:
    """A store with the cluster's own roles, a Role with RULES in default, and a ClusterRole to list nodes."""
    store = Store()
    for resource, obj in policy_objects():
        store.put(resource, obj)
    store.put(ROLE, {"metadata": {"namespace": "default", "name": "r"}, "rules": RULES})
    store.put(ROLE_BINDING, {"metadata": {"namespace": "default", "name": "b"}, **bound("Role", "r")})
    store.put(ROLE_BINDING, {"metadata": {"namespace": "default", "name": "lost"}, **bound("Role", "nope")})
    nodes = {"apiGroups": ["*"], "resources": ["nodes"], "verbs": ["list"]}
    store.put(CLUSTER_ROLE, {"metadata": {"name": "see-nodes"}, "rules": [nodes]})
    store.put(CLUSTER_ROLE_BINDING, {"metadata": {"name": "n"}, **bound("ClusterRole", "see-nodes")})
    return store


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (Request.about(JANE, "get", SECRET, "default", "regcred"), True),
        (Request.about(JANE, "get", SECRET, "default", "other"), False),
        (Request.about(JANE, "list", SECRET, "default", ""), False),
        (Request.about(JANE, "get", SECRET, "other", "regcred"), False),
        (Request.about(JANE, "get", POD, "default", "web", "log"), True),
        (Request.about(JANE, "create", POD, "default", "web", "exec"), False),
        (Request.about(JANE, "list", NODE, "", ""), True),
        (Request(JANE, "get", "pods", "apps", "default"), False),
        (Request.about(CI, "delete", POD, "default", "web"), True),
        (Request.about(impersonate(ADMIN, "joe", ("devs",)), "delete", POD, "default", "web"), True),
        (Request.about(impersonate(ADMIN, "joe"), "delete", POD, "default", "web"), False),
        (Request.about(impersonate(ADMIN, "system:serviceaccount:default:ci"), "get", POD, "default", "web"), False),
        (Request.about(ADMIN, "delete", SECRET, "other", "x"), True),
        (Request(ADMIN, "get", "", path="/logs/"), True),
        (Request(JANE, "get", "", path="/apis/apps/v1"), True),
        (Request(JANE, "get", "", path="/logs/"), False),
        (Request(impersonate(ADMIN, "system:anonymous"), "get", "", path="/version"), True),
        (Request(impersonate(ADMIN, "system:anonymous"), "get", "", path="/apis"), False),
        (Request(JANE, "post", "", path="/version"), False),
    ],
)
def test_a_request_is_allowed_or_not(store: Store, asked: Request, allowed: bool) -> None:
    assert is_allowed(asked, store) is allowed


def test_a_service_account_is_in_its_groups() -> None:
    assert CI.groups == ("system:serviceaccounts", "system:serviceaccounts:team", "system:authenticated")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            Request.about(JANE, "get", POD, "team", "w", "log"),
            'pods "w" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "team"',
        ),
        (
            Request.about(JANE, "list", NODE, "", ""),
            'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
        ),
    ],
)
def test_a_refusal_has_the_api_servers_sentence(asked: Request, sentence: str) -> None:
    assert asked.forbidden().message == sentence
