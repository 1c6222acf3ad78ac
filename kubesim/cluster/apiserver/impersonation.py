"""Impersonation, as by `kubectl --as`, and the users of ServiceAccounts.

Mirrors k8s.io/apiserver pkg/endpoints/filters/impersonation/constrained_impersonation.go, v1.36, for an administrator.
"""

from __future__ import annotations

from kubesim.api.content import dns_label, dns_subdomain
from kubesim.api.errors import not_simulated
from kubesim.cluster.apiserver.authorization import (
    AUTHENTICATED,
    MASTERS,
    SERVICE_ACCOUNT_PREFIX,
    UNAUTHENTICATED,
    User,
)


def impersonate(requestor: User, name: str, groups: tuple[str, ...] = ()) -> User:
    """The user `name` with `groups`, impersonated by `requestor`. `check_impersonator` checks the right to do so.

    Without `groups`, a ServiceAccount has those of its namespace.
    """
    account = split_account(name)
    if account and not groups:
        namespace, _ = account
        groups = account_groups(namespace)
    implied = UNAUTHENTICATED if name == "system:anonymous" else AUTHENTICATED
    if implied not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, implied)
    return User(name, groups, impersonator=requestor)


def account_user(namespace: str, name: str) -> User:
    """The user of a ServiceAccount."""
    return User(f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}", (*account_groups(namespace), AUTHENTICATED))


def account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of the ServiceAccounts in a namespace."""
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")


def split_account(user_name: str) -> tuple[str, str] | None:
    """Namespace and name of a ServiceAccount from its user name, None for any other user."""
    if not user_name.startswith(SERVICE_ACCOUNT_PREFIX):
        return None
    namespace, _, name = user_name.removeprefix(SERVICE_ACCOUNT_PREFIX).partition(":")
    if dns_label(namespace) or dns_subdomain(name):
        return None
    return namespace, name


def check_impersonator(user: User) -> None:
    """Raise StatusError (501) for a user who is impersonated by anyone but a member of system:masters."""
    if user.impersonator and MASTERS not in user.impersonator.groups:
        raise not_simulated("impersonation by a user without all rights is not part of this simulator")
