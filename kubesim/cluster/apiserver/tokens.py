"""Tokens of ServiceAccounts: JSON Web Tokens whose claims are Kubernetes' own.

Nothing is signed: nobody takes them, the cluster's own registry least of all, and the served API refuses them. Mirrors
kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache, lru_cache
from typing import NamedTuple

from kubesim.api.clock import SECOND, parse_time, uuid
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NODE, SERVICE_ACCOUNT
from kubesim.cluster.apiserver.authorization import SERVICE_ACCOUNT_PREFIX
from kubesim.cluster.apiserver.backend import Backend
from kubesim.gotext import gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_USUAL = 3600  # seconds
# A Pod's token says that it lasts so many seconds, and lasts a year (--service-account-extend-token-expiration).
_OF_POD, _YEAR = 3607, 365 * 86400


class _Named(NamedTuple):
    """What a token says of an object."""

    name: str
    uid: str

    @classmethod
    def of(cls, obj: Object) -> _Named:
        return cls(name_of(obj), obj["metadata"]["uid"])


def pod_token(backend: Backend, pod: Object, source: Object) -> str:
    """The token that a Pod finds in a volume with this source: its ServiceAccount's, bound to the Pod and its node.

    Raises StatusError where there is no such ServiceAccount.
    """
    account = backend.existing(SERVICE_ACCOUNT, namespace_of(pod), pod["spec"].get("serviceAccountName", "default"))
    issued = parse_time(pod["metadata"]["creationTimestamp"]) // SECOND
    bound_to = {"serviceaccount": account, "pod": pod}
    if node := backend.store.get(NODE, "", pod["spec"].get("nodeName", "")):
        bound_to["node"] = node
    names = tuple((kind, _Named.of(obj)) for kind, obj in bound_to.items())
    audience, seconds = source.get("audience") or _ISSUER, source.get("expirationSeconds") or _USUAL
    return _token(namespace_of(pod), names, audience, issued, seconds)


@lru_cache(maxsize=64)  # it's made when a volume is checked, and again when a container mounts it
def _token(namespace: str, bound_to: tuple[tuple[str, _Named], ...], audience: str, issued: int, seconds: int) -> str:
    """A token of the ServiceAccount that is the first of what it's bound to."""
    account = bound_to[0][1]
    digest = hashlib.sha256(f"{account.uid} {issued}".encode()).digest()
    own: Object = {"namespace": namespace, **{kind: named._asdict() for kind, named in bound_to}}
    claims = {
        "aud": [audience],
        "exp": issued + seconds,
        "iat": issued,
        "iss": _ISSUER,
        "jti": uuid(int.from_bytes(digest[:16], "big"), version=4),
        "kubernetes.io": own,
        "nbf": issued,
        "sub": f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{account.name}",
    }
    if seconds == _OF_POD:
        claims["exp"] = issued + _YEAR
        own["warnafter"] = issued + seconds
    return _signed(claims)


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
