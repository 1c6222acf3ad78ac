"""Reviews: a user's questions to the API server about the user's own name and permissions.

Mirrors kubernetes pkg/registry/{authentication,authorization} and pkg/apis/authorization/validation, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubesim.api import decoding, errors
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver import Client


def answer(client: Client, resource: Resource, body: Object, now: str) -> Object:
    """Fill in the status of a review, one of the types in STATUSES. Raises StatusError."""
    review = decoding.decode(resource, {**body, "apiVersion": resource.api_version}, strict=False)
    status = STATUSES[resource.kind](client, review)
    meta = review.get("metadata", {})
    if resource.kind == "SelfSubjectReview":  # upstream creates this review anew, and completes the others
        meta = {"creationTimestamp": now}
    return {**review, "kind": resource.kind, "metadata": meta, "status": status}


def _self_subject(client: Client, _review: Object) -> Object:
    user = client.whoami()
    info: Object = {"username": user.name, "groups": list(user.groups)}
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra}
    return {"userInfo": info}


def _access(client: Client, review: Object) -> Object:
    """The answer to `kubectl auth can-i`."""
    spec = review.get("spec", {})
    attributes = spec.get("resourceAttributes")
    path = spec.get("nonResourceAttributes")
    has_both_or_none = (attributes is None) == (path is None)
    if has_both_or_none:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = errors.invalid_value("spec.resourceAttributes", attributes, why)
        raise errors.invalid_kind("SelfSubjectAccessReview", "authorization.k8s.io", "", [cause])
    if path is not None:
        return {"allowed": client.can(path.get("verb", ""), "", path=path.get("path", ""))}
    plural = attributes.get("resource", "")
    if part := attributes.get("subresource"):
        plural = f"{plural}/{part}"
    place = {key: attributes.get(key, "") for key in ("group", "namespace", "name")}
    return {"allowed": client.can(attributes.get("verb", ""), plural, **place)}


def _rules(client: Client, review: Object) -> Object:
    namespace = review.get("spec", {}).get("namespace", "")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    rules = client.rules(namespace)
    return {
        "incomplete": False,
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "resourceRules": [rule for rule in rules if rule.get("resources")],
    }


# The status of a review, by its kind.
STATUSES: Mapping[str, Callable[[Client, Object], Object]] = {
    "SelfSubjectReview": _self_subject,
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
}
