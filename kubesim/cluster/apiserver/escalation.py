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
    asked = _asked(user, resource, new)
    if MASTERS in user.groups or asked is None:
        return
    if old is not None and all(new.get(key) == old.get(key) for key in ("rules", "roleRef", "subjects")):
        return
    if not is_allowed(asked, store):
        may_not = f"{user.name} may not {asked.verb} {asked.plural}"
        what = f"{may_not}, and whether {user.name} has all rights that the role grants"
        raise not_simulated(f"{what} is not worked out here: write it as kubernetes-admin")


def _asked(user: User, resource: Resource, obj: Object) -> Request | None:
    """What a user must be allowed in order to write a role, or a binding of one; None for other types."""
    if resource in (ROLE, CLUSTER_ROLE):
        return Request(user, "escalate", resource.plural, resource.group, namespace_of(obj), name_of(obj))
    if resource in (ROLE_BINDING, CLUSTER_ROLE_BINDING):
        reference = obj.get("roleRef") or {}
        role = CLUSTER_ROLE if reference.get("kind") == CLUSTER_ROLE.kind else ROLE
        return Request(user, "bind", role.plural, role.group, namespace_of(obj), reference.get("name", ""))
    return None
