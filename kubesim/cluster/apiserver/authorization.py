"""Who may do what: RBAC over the Roles and bindings in the store.

Mirrors kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go, v1.36.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kubesim.api.digest import sha256
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, NAMESPACE, ROLE, ROLE_BINDING, Resource
from kubesim.cluster.apiserver.store import Store
from kubesim.gotext.gofmt import quote

SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"


MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"


class User(NamedTuple):
    """Who sends a request, and what else authentication has found out: keys with their values.

    `impersonation` is there where somebody else speaks for this user; `uid` is that of a ServiceAccount's object.
    """

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    impersonation: "Impersonation | None" = None
    uid: str = ""


class Impersonation(NamedTuple):
    """Who speaks for a user, and for members of which groups (kubectl --as-group)."""

    requestor: User
    groups: tuple[str, ...]


# Authenticated by a client certificate, whose digest is the credential's name.
_CREDENTIAL = f"X509SHA256={sha256(b'kubernetes-admin').hexdigest()}"
ADMIN = User(
    "kubernetes-admin",
    (MASTERS, AUTHENTICATED),
    (("authentication.kubernetes.io/credential-id", (_CREDENTIAL,)),),
)
ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))


# As the API server escapes the sentence of a refusal.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Request(NamedTuple):
    """What authorization looks at: a type, by its plural, or else a path of the API such as /version."""

    user: User
    verb: str
    plural: str
    group: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @classmethod
    def about(
        cls, user: User, verb: str, resource: Resource, namespace: str, name: str, subresource: str = ""
    ) -> "Request":
        """The request about a known resource type, or about a part of it such as pods/log.

        A Namespace is in itself, so that whoever may get everything in it may get it, too. Mirrors
        pkg/endpoints/request/requestinfo.go.
        """
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        if resource is NAMESPACE:
            namespace = name
        elif not resource.namespaced:
            namespace = ""
        return cls(user, verb, plural, resource.group, namespace, name)

    def forbidden(self) -> StatusError:
        """The refusal of the request. Mirrors pkg/endpoints/handlers/responsewriters/errors.go."""
        plural = self.plural.partition("/")[0]
        subject = f"{plural}.{self.group}" if self.group else plural
        if self.path:
            head = "forbidden"
            what = f"path {quote(self.path)}"
        else:
            head = f"{subject} {quote(self.name)} is forbidden" if self.name else f"{subject} is forbidden"
            scope = f"in the namespace {quote(self.namespace)}" if self.namespace else "at the cluster scope"
            what = f"resource {quote(self.plural)} in API group {quote(self.group)} {scope}"
        sentence = f"User {quote(self.user.name)} cannot {self.verb} {what}".translate(_ENTITIES)
        return StatusError(403, "Forbidden", f"{head}: {sentence}", plural, self.name, group=self.group)


def is_allowed(asked: Request, store: Store) -> bool:
    """Whether some rule that is bound to the user grants the request."""
    if MASTERS in asked.user.groups:
        return True
    return any(grants(rule, asked) for rule in rules_for(asked.user, asked.namespace, store))


def rules_for(user: User, namespace: str, store: Store) -> Iterator[Object]:
    """The rules of every role that is bound to the user in the whole cluster, and in the namespace if one is given."""
    bindings = store.list(CLUSTER_ROLE_BINDING)
    if namespace:
        bindings = bindings + store.list(ROLE_BINDING, namespace)
    for binding in bindings:
        if any(_is_subject(subject, user) for subject in binding.get("subjects") or ()):
            role = role_of(binding, store)
            yield from (role or {}).get("rules") or ()


def role_of(binding: Object, store: Store) -> Object | None:
    """The Role or ClusterRole that a binding refers to, if it exists."""
    reference = binding.get("roleRef", {})
    if reference.get("kind") == "ClusterRole":
        return store.get(CLUSTER_ROLE, "", reference.get("name", ""))
    return store.get(ROLE, metadata(binding).get("namespace", ""), reference.get("name", ""))


def _is_subject(subject: Object, user: User) -> bool:
    name = subject.get("name", "")
    if subject.get("kind") == "Group":
        return name in user.groups
    if subject.get("kind") == "ServiceAccount":
        name = f"{SERVICE_ACCOUNT_PREFIX}{subject.get('namespace', '')}:{name}"
    return bool(name == user.name)


def grants(rule: Object, asked: Request) -> bool:
    """Whether a rule allows what is asked."""
    if not _covers(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_is_path_of(url, asked.path) for url in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    is_named = not names or asked.name in names
    in_any = re.sub(".*/", "*/", asked.plural)  # such as */log, as ResourceMatches allows it
    is_covered = _covers(rule.get("resources"), asked.plural, in_any)
    return is_named and is_covered and _covers(rule.get("apiGroups"), asked.group)


def _is_path_of(url: str, path: str) -> bool:
    """Whether a URL of a rule, which may end in a star, allows a path."""
    return path.startswith(url.rstrip("*")) if url.endswith("*") else path == url


def _covers(granted: Sequence[str] | None, *names: str) -> bool:
    """Whether one of the names is granted, or all are."""
    return not {"*", *names}.isdisjoint(granted or ())
