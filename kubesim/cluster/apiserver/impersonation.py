"""Who may speak for whom: what is asked of a user whose requests impersonate another one, as `kubectl --as` does.

Mirrors k8s.io/apiserver pkg/endpoints/filters/impersonation/{constrained_impersonation,mode}.go, v1.36. No
ServiceAccount is known to belong to a node here, so there is no mode "associated-node".
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.errors import StatusError
from kubesim.api.selectors import dns_subdomain
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

_AUTHENTICATION = "authentication.k8s.io"  # the API group of users and groups, but for the oldest mode
_NODE_PREFIX = "system:node:"
# Groups that only the oldest mode lets anybody speak for, as the refusal calls them.
_NEVER = {"": "empty string", MASTERS: MASTERS}


def impersonate(requestor: User, name: str, groups: tuple[str, ...] = ()) -> User:
    """The user whom `requestor` speaks for as `name`, and with which groups. Each request of that user is checked."""
    account = split_account(name)
    known = groups
    if account and not groups:
        known = account_groups(account[0])
    implied = UNAUTHENTICATED if name == "system:anonymous" else AUTHENTICATED
    if implied not in known and UNAUTHENTICATED not in known:
        known = (*known, implied)
    return User(name, known, impersonation=Impersonation(requestor, groups))


def account_user(namespace: str, name: str) -> User:
    """The user that a ServiceAccount is."""
    return User(f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}", (*account_groups(namespace), AUTHENTICATED))


def account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every ServiceAccount of a namespace."""
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")


def split_account(user_name: str) -> tuple[str, str] | None:
    """The namespace and the name of a ServiceAccount, by its name as a user; None for any other user."""
    namespace, colon, name = user_name.removeprefix(SERVICE_ACCOUNT_PREFIX).partition(":")
    is_account = user_name.startswith(SERVICE_ACCOUNT_PREFIX) and colon
    is_label = len(namespace) < 64 and "." not in namespace and not dns_subdomain(namespace)
    return (namespace, name) if is_account and is_label and not dns_subdomain(name) else None


def check_impersonation(request: Request, store: Store) -> None:
    """Raise StatusError (Forbidden) unless who sends a request may speak for the user of the request.

    One mode that allows it is enough; the refusal is that of the first one.
    """
    impersonation = request.user.impersonation
    if impersonation is None or MASTERS in impersonation.requestor.groups:
        return
    refusals = []
    for mode in _modes(request.user.name, impersonation.groups):
        refusal = _refusal(mode, request, impersonation, store)
        if refusal is None:
            return
        refusals.append(refusal)
    raise refusals[0]


def _modes(name: str, groups: tuple[str, ...]) -> Iterator[str]:
    """The modes of impersonation that may be used for a user, the oldest ("") as the last."""
    is_account = split_account(name) is not None
    is_node = name.startswith(_NODE_PREFIX) and not dns_subdomain(name.removeprefix(_NODE_PREFIX))
    if is_node and not groups:
        yield "arbitrary-node"
    if is_account and not groups:
        yield "serviceaccount"
    if not is_node and not is_account:
        yield "user-info"
    yield ""


def _refusal(mode: str, request: Request, impersonation: Impersonation, store: Store) -> StatusError | None:
    """What a mode has against it, if anything: the first thing that the requestor isn't allowed to do."""
    requestor, groups = impersonation
    name, account = request.user.name, split_account(request.user.name)
    verb, api_group = "impersonate", ""
    questions = []
    if mode:
        questions.append(request._replace(user=requestor, verb=f"impersonate-on:{mode}:{request.verb}"))
        verb, api_group = f"impersonate:{mode}", _AUTHENTICATION
    if mode == "arbitrary-node":
        questions.append(Request(requestor, verb, "nodes", api_group, name=name.removeprefix(_NODE_PREFIX)))
    elif account:
        questions.append(Request(requestor, verb, "serviceaccounts", api_group, *account))
    else:
        questions.append(Request(requestor, verb, "users", api_group, name=name))
    of_groups = [Request(requestor, verb, "groups", api_group, name=group) for group in groups]
    for question in questions:
        if not is_allowed(question, store):
            return question.forbidden()
    for question in of_groups:
        if mode and question.name in _NEVER:
            return question.forbidden(f"impersonating the {_NEVER[question.name]} group is not allowed")
    for question in of_groups:
        if not is_allowed(question, store):
            return question.forbidden()
    return None
