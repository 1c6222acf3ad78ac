"""The meaning of a request's path, and the numbers and switches in its query.

Mirrors k8s.io/apiserver pkg/endpoints/request/requestinfo.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.resources import RESOURCES, Resource
from kubesim.gotext.pflag import parse_number

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {"get": "list", "delete": "deletecollection"}
_OF_ONE = ("get", "update", "patch", "delete")
_IN_ONE_NAMESPACE = ("create", "deletecollection")
_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
# /api/v1/namespaces/NAME/PART is a subresource of the Namespace if PART is status or finalize, else objects in it.
_PATH = re.compile(
    r"""/+(?:api|apis/+(?P<group>[^/]+))/+(?P<version>[^/]+)
    (?:/+namespaces/+(?P<namespace>[^/]+)(?=/+(?!(?:status|finalize)(?:/|$))[^/]))?
    /+(?P<plural>[^/]+)(?:/+(?P<name>[^/]+))?(?:/+(?P<subresource>[^/]+))?/*""",
    re.VERBOSE,
)


def version_path(resource: Resource) -> str:
    """The path of a type's group version: "api/v1", "apis/apps/v1"."""
    root = "apis" if resource.group else "api"
    return f"{root}/{resource.api_version}"


def by_version(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    """The types by the path of their group version."""
    types: dict[str, list[Resource]] = {}
    for resource in resources:
        types.setdefault(version_path(resource), []).append(resource)
    return types


class Route(NamedTuple):
    """A verb with its object: all objects of a type, one object (`name`), or a subresource of it.

    `verb` is RBAC's, "" for an HTTP method without one.
    """

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def place(self) -> tuple[Resource, str, str]:
        """Type, namespace and name, in the order of the client's arguments."""
        return self.resource, self.namespace, self.name

    @property
    def is_allowed(self) -> bool:
        """True if the path supports the verb; if not, the response is 405. RBAC is checked later."""
        if not self.verb:
            return False
        if self.subresource or self.verb == "watch":
            return "get" in self.resource.verbs  # every readable type has watches and subresources
        is_of_one = self.verb in _OF_ONE
        lacks_namespace = self.resource.namespaced and not self.namespace and self.verb in _IN_ONE_NAMESPACE
        return is_of_one == bool(self.name) and not lacks_namespace and self.verb in self.resource.verbs


def parse(method: str, path: str, query: Mapping[str, str]) -> Route | None:
    """Parse a path of objects; None for any other path. The shapes are:

    - /api/v1/nodes and /apis/apps/v1/deployments: all of a type
    - /api/v1/nodes/worker: one object that has no namespace
    - /apis/apps/v1/namespaces/shop/deployments: all of a type in a namespace
    - /apis/apps/v1/namespaces/shop/deployments/web: one object in a namespace
    - /apis/apps/v1/namespaces/shop/deployments/web/scale: a subresource of it
    - /api/v1/namespaces/shop/status: a subresource of a Namespace
    """
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    group, version, namespace, plural, name, subresource = match.groups("")
    resource = _BY_PATH.get((group, version, plural))
    if resource is None or not _fits_namespace(resource, namespace, name):
        return None
    return Route(_verb(method, query, name, subresource), resource, namespace, name, subresource)


def _verb(method: str, query: Mapping[str, str], name: str, subresource: str) -> str:
    """The verb in RBAC's words; "" for a method without one."""
    if method == "GET" and is_on(query, "watch") and not subresource:
        return "watch"
    verb = _VERBS.get(method, "")
    return verb if name else _OF_COLLECTIONS.get(verb, verb)


def _fits_namespace(resource: Resource, namespace: str, name: str) -> bool:
    """True if the type can have this path. A namespaced object needs its namespace."""
    if namespace:
        return resource.namespaced
    return not (resource.namespaced and name)


def integer_in(query: Mapping[str, str], name: str) -> int | None:
    """A 64-bit integer in a query, or None if it's absent. Raises StatusError (BadRequest)."""
    digits = query.get(name, "")
    if not digits:
        return None
    try:
        return parse_number(digits, base=10)
    except ValueError as error:
        raise errors.bad_request(str(error)) from None


def is_on(query: Mapping[str, str], name: str) -> bool:
    """True if a switch in a query is on: any value but false and 0."""
    return query.get(name, "false").lower() not in ("false", "0")
