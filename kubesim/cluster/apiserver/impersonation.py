"""Impersonation, as by `kubectl --as`: the impersonated user, and the rights that the requestor needs.

Mirrors k8s.io/apiserver pkg/endpoints/filters/impersonation/{constrained_impersonation,mode}.go, v1.36, without the
mode "associated-node": here, no ServiceAccount is known to belong to a node.
"""

from __future__ import annotations

from kubesim.api.content import dns_label, dns_subdomain
from kubesim.cluster.apiserver.authorization import (
    AUTHENTICATED,
    MASTERS,
    SERVICE_ACCOUNT_PREFIX,
    UNAUTHENTICATED,
    Impersonation,
    Request,
    User,
    is_allowed,
)
from kubesim.cluster.apiserver.store import Store

# Prefixes of the verbs of constrained impersonation.
CONSTRAINED = ("impersonate:", "impersonate-on:")
_NODE_PREFIX = "system:node:"


def impersonate(requestor: User, name: str, groups: tuple[str, ...] = ()) -> User:
    """The user `name` with `groups`, impersonated by `requestor`. Rights are checked at each request, not here.

    Without `groups`, a ServiceAccount has those of its namespace.
    """
    account = split_account(name)
    known = groups
    if account and not groups:
        namespace, _ = account
        known = account_groups(namespace)
    implied = UNAUTHENTICATED if name == "system:anonymous" else AUTHENTICATED
    if implied not in known and UNAUTHENTICATED not in known:
        known = (*known, implied)
    return User(name, known, impersonation=Impersonation(requestor, groups))


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


def check_impersonation(request: Request, store: Store) -> None:
    """Raise StatusError (Forbidden) unless the requestor may impersonate the user and groups of the request.

    Rights for single requests (constrained impersonation) can't be granted here, but the refusal is about them, as in
    Kubernetes 1.36.
    """
    impersonation = request.user.impersonation
    if impersonation is None or MASTERS in impersonation.requestor.groups:
        return
    requestor, groups = impersonation
    name = request.user.name
    if account := split_account(name):
        questions = [Request(requestor, "impersonate", "serviceaccounts", "", *account)]
    else:
        questions = [Request(requestor, "impersonate", "users", name=name)]
    questions += [Request(requestor, "impersonate", "groups", name=group) for group in groups]
    for question in questions:
        if is_allowed(question, store):
            continue
        if mode := _mode(name, groups):
            raise request._replace(user=requestor, verb=f"impersonate-on:{mode}:{request.verb}").forbidden()
        raise question.forbidden()


def _mode(name: str, groups: tuple[str, ...]) -> str:
    """The mode of constrained impersonation in a refusal: the first that applies to the user.

    "" stands for impersonation without constraints.
    """
    if split_account(name):
        return "" if groups else "serviceaccount"
    if name.startswith(_NODE_PREFIX) and not dns_subdomain(name.removeprefix(_NODE_PREFIX)):
        return "" if groups else "arbitrary-node"
    return "user-info"
