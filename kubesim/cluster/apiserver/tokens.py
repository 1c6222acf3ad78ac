"""Tokens of ServiceAccounts: JSON Web Tokens whose claims are Kubernetes' own.

Nothing is signed: nobody takes them, the cluster's own registry least of all, and the served API refuses them. Mirrors
kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from kubesim.api import errors
from kubesim.api.clock import SECOND, Micros, parse_time, rfc3339, uuid
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import NODE, SERVICE_ACCOUNT, TOKEN_REQUEST
from kubesim.cluster.apiserver.authorization import SERVICE_ACCOUNT_PREFIX
from kubesim.cluster.apiserver.backend import Backend
from kubesim.gotext import gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_SHORTEST, _LONGEST = 600, 2**32  # seconds
_USUAL = 3600
# A Pod's token says that it lasts so many seconds, and lasts a year (--service-account-extend-token-expiration).
_OF_POD, _YEAR = 3607, 365 * 86400


def create_token(
    backend: Backend, namespace: str, name: str, spec: Object, now: Micros, pod: Object | None = None
) -> Object:
    """The TokenRequest for a ServiceAccount with its token, issued at `now`, and bound to a Pod. Raises StatusError."""
    account = backend.existing(SERVICE_ACCOUNT, namespace, name)
    if spec.get("boundObjectRef"):
        raise errors.not_simulated("a token that is bound to an object is not part of this simulator")
    audiences = list(spec.get("audiences") or [_ISSUER])
    seconds = spec.get("expirationSeconds") or _USUAL
    _check(seconds)
    claims = _claims(account, audiences, now // SECOND, seconds)
    if pod is not None:
        claims["kubernetes.io"] |= _bound_to(pod, backend)
        if seconds == _OF_POD:
            claims["exp"] = now // SECOND + _YEAR
            claims["kubernetes.io"]["warnafter"] = now // SECOND + seconds
    expiration = rfc3339(now + seconds * SECOND)
    return {
        "kind": TOKEN_REQUEST.kind,
        "apiVersion": TOKEN_REQUEST.api_version,
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": rfc3339(now)},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
        "status": {"token": _signed(claims), "expirationTimestamp": expiration},
    }


def pod_token(backend: Backend, pod: Object, source: Object) -> str:
    """The token that a Pod finds in a volume with this source. Raises StatusError."""
    audiences = [source["audience"]] if source.get("audience") else []
    spec = {"audiences": audiences, "expirationSeconds": source.get("expirationSeconds")}
    created = parse_time(pod["metadata"]["creationTimestamp"])
    account = pod["spec"].get("serviceAccountName", "default")
    return str(create_token(backend, namespace_of(pod), account, spec, created, pod)["status"]["token"])


def _check(seconds: int) -> None:
    if not _SHORTEST <= seconds <= _LONGEST:
        bound = "less than 10 minutes" if seconds < _SHORTEST else "larger than 2^32 seconds"
        why = f"may not specify a duration {bound}"
        cause = errors.invalid_value("spec.expirationSeconds", seconds, why)
        raise errors.invalid(TOKEN_REQUEST, "", [cause])


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
