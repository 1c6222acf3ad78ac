"""Questions about rights: who am I, and what may I do?

Mirrors kubernetes pkg/registry/{authentication,authorization}, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.apiserver import APIServer
from kubesim.authorization import Request as Question
from kubesim.authorization import User, impersonated
from kubesim.objects import Object
from kubesim.server.request import Request

_AUTHORIZATION = "/apis/authorization.k8s.io/v1/"
_AUTHENTICATION = "/apis/authentication.k8s.io/v1/"


def answer(api: APIServer, request: Request) -> Object | None:
    """The review that was posted, with its status; None for a path that takes none."""
    kinds: dict[str, Callable[[], Object]] = {
        _AUTHENTICATION + "selfsubjectreviews": lambda: {"userInfo": _user_info(request.user)},
        _AUTHORIZATION + "selfsubjectaccessreviews": lambda: _access(api, request.object(), request.user),
        _AUTHORIZATION + "subjectaccessreviews": lambda: _access(api, request.object(), _subject(request.object())),
        _AUTHORIZATION + "selfsubjectrulesreviews": lambda: _rules(api, request),
    }
    ask = kinds.get(request.path)
    return {"metadata": {}, **request.object(), "status": ask()} if ask and request.method == "POST" else None


def _user_info(user: User) -> Object:
    info: Object = {"username": user.name, "groups": list(user.groups)}
    return info | ({"extra": {key: list(values) for key, values in user.extra}} if user.extra else {})


def _subject(review: Object) -> User:
    spec = review.get("spec", {})
    return impersonated(spec.get("user", ""), tuple(spec.get("groups", ())))


def _access(api: APIServer, review: Object, user: User) -> Object:
    spec = review.get("spec", {})
    asked = spec.get("resourceAttributes")
    if asked is None:
        return {"allowed": "system:masters" in user.groups}
    plural = "/".join(filter(None, (asked.get("resource", ""), asked.get("subresource", ""))))
    place = (asked.get("namespace", ""), asked.get("name", ""))
    question = Question(user, asked.get("verb", ""), plural, asked.get("group", ""), *place)
    return {"allowed": api.can(question)}


def _rules(api: APIServer, request: Request) -> Object:
    namespace = request.object().get("spec", {}).get("namespace", "")
    rules = api.rules(request.user, namespace)
    return {
        "incomplete": False,
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "resourceRules": [rule for rule in rules if rule.get("resources")],
    }
