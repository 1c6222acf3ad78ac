"""Which request an HTTP method, path and query mean.

Mirrors k8s.io/apiserver pkg/endpoints/request/requestinfo.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kubesim.api.errors import bad_request
from kubesim.api.resources import RESOURCES, Resource
from kubesim.gotext import gojson

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {"get": "list", "delete": "deletecollection"}
_OF_ONE = ("get", "update", "patch", "delete")
_IN_ONE_NAMESPACE = ("create", "deletecollection")
_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
# Parts of a Namespace, which /api/v1/namespaces/NAME/PART names where else the objects of a namespace are.
_NAMESPACE_PARTS = ("status", "finalize")


@dataclass(frozen=True)
class Route:
    """What is requested: a verb of one type, of one object where `name` is given, or of a part of it."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def is_allowed(self) -> bool:
        if self.subresource or self.verb == "watch":
            return bool(self.verb) and "get" in self.resource.verbs
        everywhere = self.resource.namespaced and not self.namespace
        matches = (self.verb in _OF_ONE) is bool(self.name) and not (everywhere and self.verb in _IN_ONE_NAMESPACE)
        return matches and self.verb in self.resource.verbs


def parse(method: str, path: str, query: Mapping[str, str]) -> Route | None:
    """The request for objects that `path` makes, or None for any other path."""
    prefix, *words = [word for word in path.split("/") if word] or [""]
    group = words.pop(0) if prefix == "apis" and words else ""
    if prefix not in ("api", "apis") or len(words) < 2:
        return None
    version, *words = words
    namespace = ""
    if words[0] == "namespaces" and len(words) > 2 and words[2] not in _NAMESPACE_PARTS:
        namespace, words = words[1], words[2:]
    plural, name, subresource = (*words, "", "")[:3]
    resource = _BY_PATH.get((group, version, plural))
    if resource is None or len(words) > 3 or not _is_placed(resource, namespace, name):
        return None
    return Route(_verb(method, name, query), resource, namespace, name, subresource)


def _is_placed(resource: Resource, namespace: str, name: str) -> bool:
    """Whether objects of the type have such a path: a single namespaced object only in its namespace."""
    return bool(namespace) <= resource.namespaced and (bool(namespace) or not name or not resource.namespaced)


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    verb = _VERBS.get(method, "")
    if method == "GET" and is_set(query, "watch"):
        return "watch"
    return verb if name else _OF_COLLECTIONS.get(verb, verb)


def whole(query: Mapping[str, str], name: str) -> int | None:
    """A whole number in a query, or None where there is none. Raises StatusError (BadRequest)."""
    text = query.get(name, "")
    if text and not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise bad_request(f"strconv.ParseInt: parsing {gojson.quote(text)}: invalid syntax")
    return int(text) if text else None


def is_set(query: Mapping[str, str], name: str) -> bool:
    """Whether a switch in a query is on: with any word but false and 0."""
    return query.get(name, "false").lower() not in ("false", "0")
