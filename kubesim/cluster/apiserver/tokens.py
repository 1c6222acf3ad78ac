"""Tokens of ServiceAccounts: JSON Web Tokens with the main ones of Kubernetes' claims.

Nothing is signed: nobody takes them, the cluster's own registry least of all, and the served API refuses them. Mirrors
kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go, v1.36.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import NamedTuple

from kubesim.api.clock import SECOND, parse_time
from kubesim.api.digest import sha512
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import SERVICE_ACCOUNT
from kubesim.cluster.apiserver.authorization import SERVICE_ACCOUNT_PREFIX
from kubesim.cluster.apiserver.backend import Backend
from kubesim.gotext import gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_USUAL = 3600  # seconds
# A Pod's token says that it lasts so many seconds, and lasts a year (--service-account-extend-token-expiration).
_OF_POD = 3607
_YEAR = 365 * 86400


class _Named(NamedTuple):
    """What a token says of an object."""

    name: str
    uid: str

    @classmethod
    def of(cls, obj: Object) -> _Named:
        return cls(name_of(obj), obj["metadata"]["uid"])


def pod_token(backend: Backend, pod: Object, source: Object) -> str:
    """The token that a Pod finds in a volume with this source: its ServiceAccount's, bound to the Pod.

    Raises StatusError where there is no such ServiceAccount.
    """
    namespace = namespace_of(pod)
    account = backend.existing(SERVICE_ACCOUNT, namespace, pod["spec"].get("serviceAccountName", "default"))
    issued = parse_time(pod["metadata"]["creationTimestamp"]) // SECOND
    audience = source.get("audience") or _ISSUER
    seconds = source.get("expirationSeconds") or _USUAL
    return _token(namespace, _Named.of(account), _Named.of(pod), issued, audience, seconds)


@lru_cache(maxsize=64)  # it's made when a volume is checked, and again when a container mounts it
def _token(namespace: str, account: _Named, pod: _Named, issued: int, audience: str, seconds: int) -> str:
    claims = {
        "aud": [audience],
        "exp": issued + (_YEAR if seconds == _OF_POD else seconds),
        "iat": issued,
        "iss": _ISSUER,
        "kubernetes.io": {"namespace": namespace, "pod": pod._asdict(), "serviceaccount": account._asdict()},
        "nbf": issued,
        "sub": f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{account.name}",
    }
    signed = f"{_encoded({'alg': 'RS256'})}.{_encoded(claims)}"
    return f"{signed}.{_text(sha512(signed.encode()).digest() * 4)}"  # as long as a signature of RS256


def _encoded(part: Object) -> str:
    return _text(gojson.dumps(part).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
