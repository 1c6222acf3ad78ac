"""Who gives rights away must be allowed to: Roles, and bindings of Roles, that a user writes.

Mirrors kubernetes pkg/registry/rbac/{role,rolebinding}/policybased/storage.go, v1.36, up to the point where a real API
server compares the rights that are given away with those that the user has.
"""

from __future__ import annotations

from kubesim.api.errors import not_simulated
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, Resource
from kubesim.cluster.apiserver.authorization import MASTERS, Request, User, is_allowed
from kubesim.cluster.apiserver.store import Store


def check_grant(user: User, resource: Resource, new: Object, old: Object | None, store: Store) -> None:
    """Raise StatusError for rights that a user gives away who may neither escalate nor bind the role."""
    is_binding = resource in (ROLE_BINDING, CLUSTER_ROLE_BINDING)
    is_role = resource in (ROLE, CLUSTER_ROLE)
    if MASTERS in user.groups or not (is_binding or is_role):
        return
    if old is not None and all(new.get(key) == old.get(key) for key in ("rules", "roleRef", "subjects")):
        return
    role, verb, name = resource, "escalate", name_of(new)
    if is_binding:
        reference = new.get("roleRef") or {}
        role = CLUSTER_ROLE if reference.get("kind") == CLUSTER_ROLE.kind else ROLE
        verb, name = "bind", reference.get("name", "")
    if not is_allowed(Request(user, verb, role.plural, role.group, namespace_of(new), name), store):
        what = f"{user.name} may not {verb} {role.plural}, and whether {user.name} has all rights that the role grants"
        raise not_simulated(f"{what} is not worked out here: write it as kubernetes-admin")
