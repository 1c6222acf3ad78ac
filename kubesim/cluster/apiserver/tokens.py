"""Tokens of ServiceAccounts: JSON Web Tokens whose claims are Kubernetes' own.

Nothing is signed: nobody takes them, the cluster's own registry least of all, and the served API refuses them. Mirrors
kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from kubesim.api.clock import SECOND, parse_time, uuid
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import NODE, SERVICE_ACCOUNT
from kubesim.cluster.apiserver.authorization import SERVICE_ACCOUNT_PREFIX
from kubesim.cluster.apiserver.backend import Backend
from kubesim.gotext import gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_USUAL = 3600  # seconds
# A Pod's token says that it lasts so many seconds, and lasts a year (--service-account-extend-token-expiration).
_OF_POD, _YEAR = 3607, 365 * 86400


def pod_token(backend: Backend, pod: Object, source: Object) -> str:
    """The token that a Pod finds in a volume with this source: its ServiceAccount's, bound to the Pod and its node.

    Raises StatusError where there is no such ServiceAccount.
    """
    account = backend.existing(SERVICE_ACCOUNT, namespace_of(pod), pod["spec"].get("serviceAccountName", "default"))
    issued = parse_time(pod["metadata"]["creationTimestamp"]) // SECOND
    seconds = source.get("expirationSeconds") or _USUAL
    claims = _claims(account, [source.get("audience") or _ISSUER], issued, seconds)
    claims["kubernetes.io"] |= _bound_to(pod, backend)
    if seconds == _OF_POD:
        claims["exp"] = issued + _YEAR
        claims["kubernetes.io"]["warnafter"] = issued + seconds
    return _signed(claims)


def _claims(account: Object, audiences: list[str], issued: int, seconds: int) -> Object:
    namespace, name = metadata(account)["namespace"], name_of(account)
    digest = hashlib.sha256(f"{metadata(account)['uid']} {issued}".encode()).digest()
    return {
        "aud": audiences,
        "exp": issued + seconds,
        "iat": issued,
        "iss": _ISSUER,
        "jti": uuid(int.from_bytes(digest[:16], "big"), version=4),
        "kubernetes.io": {"namespace": namespace, "serviceaccount": _reference(account)},
        "nbf": issued,
        "sub": f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}",
    }


def _bound_to(pod: Object, backend: Backend) -> Object:
    """The claims about the Pod that a token is bound to, and about its node."""
    node = backend.store.get(NODE, "", pod["spec"].get("nodeName", ""))
    claims = {"pod": _reference(pod)}
    if node:
        claims["node"] = _reference(node)
    return claims


def _reference(obj: Object) -> Object:
    return {"name": name_of(obj), "uid": metadata(obj)["uid"]}


def _signed(claims: Object) -> str:
    """The token. Digests stand for its signature, which is as long as one of RS256."""
    text = f"{_head()}.{_encoded(gojson.dumps(claims).encode())}"
    return f"{text}.{_encoded(hashlib.sha512(text.encode()).digest() * 4)}"


@cache
def _head() -> str:
    head = {"alg": "RS256", "kid": _encoded(hashlib.sha256(_ISSUER.encode()).digest())}
    return _encoded(gojson.dumps(head).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
