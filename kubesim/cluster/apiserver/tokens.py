"""Tokens of ServiceAccounts: JSON Web Tokens whose claims are Kubernetes' own, and whose signature is none.

Mirrors kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib

from kubesim.api import errors
from kubesim.api.clock import SECOND, Micros, rfc3339, uuid
from kubesim.api.objects import Object, metadata, name_of
from kubesim.api.resources import NODE, POD, SECRET, SERVICE_ACCOUNT, TOKEN_REQUEST, Resource
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.apiserver.authorization import ADMIN, SERVICE_ACCOUNT_PREFIX, User
from kubesim.gotext import gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600  # seconds
_BOUND = {"Node": NODE, "Pod": POD, "Secret": SECRET}


def create_token(api: APIServer, namespace: str, name: str, spec: Object, now: Micros, *, user: User = ADMIN) -> Object:
    """The TokenRequest for a ServiceAccount with its token, issued at `now`. Raises StatusError."""
    api.authorize(user, "create", SERVICE_ACCOUNT, namespace, name, "token")
    account = api.get(SERVICE_ACCOUNT, namespace, name)
    audiences = list(spec.get("audiences") or [_ISSUER])
    seconds = spec.get("expirationSeconds") or _USUAL
    _check(seconds)
    bound = spec.get("boundObjectRef")
    claims = _claims(account, audiences, now // SECOND, seconds)
    if bound:
        claims["kubernetes.io"][bound["kind"].lower()] = _reference(_bound_object(api, namespace, bound))
    granted = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound}
    return {
        "kind": TOKEN_REQUEST.kind,
        "apiVersion": TOKEN_REQUEST.api_version,
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": rfc3339(now)},
        "spec": granted,
        "status": {"token": _signed(claims), "expirationTimestamp": rfc3339(now + seconds * SECOND)},
    }


def _check(seconds: int) -> None:
    problem = ""
    if seconds < _SHORTEST:
        problem = "may not specify a duration less than 10 minutes"
    if seconds > _LONGEST:
        problem = "may not specify a duration larger than 2^32 seconds"
    if problem:
        cause = errors.invalid_value("spec.expirationSeconds", seconds, problem)
        raise errors.invalid(TOKEN_REQUEST, "", [cause])


def _bound_object(api: APIServer, namespace: str, bound: Object) -> Object:
    resource: Resource | None = _BOUND.get(bound.get("kind", ""))
    if resource is None:
        raise errors.bad_request(f"cannot bind token to object of type /v1, Kind={bound.get('kind')}")
    obj = api.get(resource, namespace if resource.namespaced else "", bound.get("name", ""))
    if bound.get("uid") not in (None, "", metadata(obj)["uid"]):
        why = f"the UID in the bound object reference ({bound['uid']}) does not match the UID in record. "
        raise errors.conflict(resource, name_of(obj), why + "The object might have been deleted and then recreated")
    return obj


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


def _reference(obj: Object) -> Object:
    return {"name": name_of(obj), "uid": metadata(obj)["uid"]}


def _signed(claims: Object) -> str:
    """The token. Digests replace the signature, because there is no key."""
    head = {"alg": "RS256", "kid": _encoded(hashlib.sha256(_ISSUER.encode()).digest())}
    signed = ".".join(_encoded(gojson.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_encoded(b''.join(hashlib.sha512(f'{signed}{part}'.encode()).digest() for part in range(4)))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
