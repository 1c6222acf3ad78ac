"""Who gives rights away must have them: Roles, and bindings of Roles, that a user writes.

Mirrors kubernetes pkg/registry/rbac/{role,rolebinding}/policybased/storage.go, pkg/registry/rbac/validation, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, product

from kubesim.api.errors import forbidden, not_found, not_simulated
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, Resource
from kubesim.cluster.apiserver.authorization import MASTERS, Request, User, grants, is_allowed, role_of, rules_for
from kubesim.cluster.apiserver.store import Store
from kubesim.gotext.gojson import quote

_ROLES, _BINDINGS = (ROLE, CLUSTER_ROLE), (ROLE_BINDING, CLUSTER_ROLE_BINDING)
_MOST_PIECES = 5000  # a limit of kubesim's own: the rights of a role are multiplied out
_FIELDS = {
    "APIGroups": "apiGroups",
    "Resources": "resources",
    "NonResourceURLs": "nonResourceURLs",
    "ResourceNames": "resourceNames",
    "Verbs": "verbs",
}


def check_grant(user: User, resource: Resource, new: Object, old: Object | None, store: Store) -> None:
    """Raise StatusError (Forbidden) for rights that the user lacks, and isn't allowed to escalate or bind."""
    if resource not in (*_ROLES, *_BINDINGS) or MASTERS in user.groups:
        return
    if old is not None and all(new.get(key) == old.get(key) for key in ("rules", "roleRef", "subjects")):
        return
    if resource in _BINDINGS:
        reference = new.get("roleRef") or {}
        verb = "bind"
        target = CLUSTER_ROLE if reference.get("kind") == "ClusterRole" else ROLE
        name = reference.get("name", "")
        role = role_of(new, store)
    else:
        verb = "escalate"
        target = resource
        name = name_of(new)
        role = new
    namespace = namespace_of(new)
    if is_allowed(Request(user, verb, target.plural, target.group, namespace, name), store):
        return
    if role is None:
        raise not_found(target, name)
    pieces = list(islice(chain.from_iterable(map(_pieces, role.get("rules") or ())), _MOST_PIECES + 1))
    if len(pieces) > _MOST_PIECES:
        raise not_simulated("a user who gives away so many rights at once is not part of this simulator")
    held = list(rules_for(user, namespace, store))
    if missing := [piece for piece in pieces if not _is_held(piece, user, held)]:
        who = f"user {quote(user.name)} (groups={_quoted(user.groups)})"
        lines = "\n".join(sorted({_shown(rule) for rule in _compact(missing)}))
        why = f"{who} is attempting to grant RBAC permissions not currently held:\n{lines}"
        raise forbidden(resource, name_of(new), why)


def _pieces(rule: Object) -> Iterator[Object]:
    """A rule as rules of one verb, for one group, type and name, or one URL."""
    names = [[name] for name in rule.get("resourceNames") or ()] or [[]]
    groups, plurals, urls, verbs = (rule.get(key, ()) for key in ("apiGroups", "resources", "nonResourceURLs", "verbs"))
    for group, plural, verb, name in product(groups, plurals, verbs, names):
        yield {"apiGroups": [group], "resources": [plural], "resourceNames": name, "verbs": [verb]}
    for url, verb in product(urls, verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _is_held(piece: Object, user: User, held: list[Object]) -> bool:
    (verb,), (path,) = piece["verbs"], piece.get("nonResourceURLs", [""])
    (group,), (plural,) = piece.get("apiGroups", [""]), piece.get("resources", [""])
    asked = Request(user, verb, plural, group, "", "".join(piece.get("resourceNames", ())), path)
    return any(grants(rule, asked) for rule in held)


def _compact(pieces: list[Object]) -> list[Object]:
    """The pieces, those that differ in their verb alone put together; each URL stays by itself."""
    by_verbs: dict[str, Object] = {}
    for piece in pieces:
        key = str({**piece, "verbs": piece["verbs"] if "nonResourceURLs" in piece else []})
        verbs = [*by_verbs[key]["verbs"], *piece["verbs"]] if key in by_verbs else piece["verbs"]
        by_verbs[key] = {**piece, "verbs": verbs}
    return list(by_verbs.values())


def _shown(rule: Object) -> str:
    return "{" + ", ".join(f"{name}:{_quoted(rule[key])}" for name, key in _FIELDS.items() if rule.get(key)) + "}"


def _quoted(texts: tuple[str, ...] | list[str]) -> str:
    return f"[{' '.join(map(quote, texts))}]"
