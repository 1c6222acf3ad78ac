"""Authorization with RBAC, and the users and requests that it is about.

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
# A client certificate's credential is named by the certificate's digest.
_CREDENTIAL = f"X509SHA256={sha256(b'kubernetes-admin').hexdigest()}"
# The API server escapes the message of a refusal for HTML.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class User(NamedTuple):
    """The user of a request, as authentication has found it."""

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()  # pairs of a key and its values
    impersonator: "User | None" = None  # the user who really sends the request, if that is another one
    uid: str = ""  # of a ServiceAccount's object; "" for other users


ADMIN = User(
    "kubernetes-admin",
    (MASTERS, AUTHENTICATED),
    (("authentication.kubernetes.io/credential-id", (_CREDENTIAL,)),),
)
ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))


class Request(NamedTuple):
    """The attributes of a request for authorization: about objects of a type, or about a URL path such as /version.

    `plural` may have a subresource: "pods/log". `path` is "" for a request about objects.
    """

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
        """The request about objects of a type, or about their subresource.

        A Namespace counts as being in itself, so that a Role in it can allow reading it. Mirrors
        pkg/endpoints/request/requestinfo.go.
        """
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        if resource is NAMESPACE:
            namespace = name
        elif not resource.namespaced:
            namespace = ""
        return cls(user, verb, plural, group=resource.group, namespace=namespace, name=name)

    def forbidden(self) -> StatusError:
        """The error that refuses the request. Mirrors pkg/endpoints/handlers/responsewriters/errors.go."""
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
        return StatusError(403, "Forbidden", f"{head}: {sentence}", kind=plural, name=self.name, group=self.group)


def is_allowed(asked: Request, store: Store) -> bool:
    """True if a rule of the user's roles grants the request. Members of system:masters may do everything."""
    if MASTERS in asked.user.groups:
        return True
    return any(grants(rule, asked) for rule in rules_for(asked.user, asked.namespace, store))


def rules_for(user: User, namespace: str, store: Store) -> Iterator[Object]:
    """The rules of all roles bound to the user, cluster-wide and, unless `namespace` is "", in that namespace."""
    bindings = store.list(CLUSTER_ROLE_BINDING)
    if namespace:
        bindings = bindings + store.list(ROLE_BINDING, namespace)
    for binding in bindings:
        if any(_is_subject(subject, user) for subject in binding.get("subjects") or ()):
            role = role_of(binding, store)
            yield from (role or {}).get("rules") or ()


def role_of(binding: Object, store: Store) -> Object | None:
    """The Role or ClusterRole of a binding, None if it doesn't exist."""
    reference = binding.get("roleRef", {})
    if reference.get("kind") == "ClusterRole":
        return store.get(CLUSTER_ROLE, "", reference.get("name", ""))
    return store.get(ROLE, metadata(binding).get("namespace", ""), reference.get("name", ""))


def _is_subject(subject: Object, user: User) -> bool:
    """True if a subject of a binding is the user, or one of the user's groups."""
    name = subject.get("name", "")
    if subject.get("kind") == "Group":
        return name in user.groups
    if subject.get("kind") == "ServiceAccount":
        name = f"{SERVICE_ACCOUNT_PREFIX}{subject.get('namespace', '')}:{name}"
    return bool(name == user.name)


def grants(rule: Object, asked: Request) -> bool:
    """True if a rule of a role grants a request."""
    if not _covers(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_is_path_of(url, asked.path) for url in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    is_named = not names or asked.name in names
    in_any = re.sub(".*/", "*/", asked.plural)  # a rule for */log grants pods/log: see ResourceMatches upstream
    is_covered = _covers(rule.get("resources"), asked.plural, in_any)
    return is_named and is_covered and _covers(rule.get("apiGroups"), asked.group)


def _is_path_of(url: str, path: str) -> bool:
    """True if a nonResourceURL of a rule, which may end in a star, matches a path."""
    return path.startswith(url.rstrip("*")) if url.endswith("*") else path == url


def _covers(granted: Sequence[str] | None, *names: str) -> bool:
    """True if one of the names, or "*", is in the list of a rule."""
    return not {"*", *names}.isdisjoint(granted or ())
