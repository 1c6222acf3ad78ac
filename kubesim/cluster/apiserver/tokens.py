"""Tokens of ServiceAccounts: JSON Web Tokens whose claims are Kubernetes' own.

Only while a cluster is served does its API server have a key to sign with, and takes what it has signed. Mirrors
kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/{claims,legacy}.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from kubesim.api import errors
from kubesim.api.clock import SECOND, Micros, parse_time, rfc3339, uuid
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import NODE, POD, SECRET, SERVICE_ACCOUNT, TOKEN_REQUEST, Resource
from kubesim.cluster.apiserver.authorization import SERVICE_ACCOUNT_PREFIX, User
from kubesim.cluster.apiserver.backend import Backend
from kubesim.cluster.apiserver.impersonation import account_user
from kubesim.gotext import gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_SHORTEST, _LONGEST = 600, 2**32  # seconds
_USUAL = 3600
_BOUND = {"Node": NODE, "Pod": POD, "Secret": SECRET}
# A Pod's token says that it lasts so many seconds, and lasts a year (--service-account-extend-token-expiration).
_OF_POD, _YEAR = 3607, 365 * 86400
_LEGACY = "kubernetes.io/serviceaccount/"


def create_token(backend: Backend, namespace: str, name: str, spec: Object, now: Micros) -> Object:
    """The TokenRequest for a ServiceAccount with its token, issued at `now`. Raises StatusError."""
    account = backend.existing(SERVICE_ACCOUNT, namespace, name)
    audiences = list(spec.get("audiences") or [_ISSUER])
    seconds = spec.get("expirationSeconds") or _USUAL
    _check(seconds)
    bound = spec.get("boundObjectRef")
    claims = _claims(account, audiences, now // SECOND, seconds)
    if bound:
        claims["kubernetes.io"] |= _of_bound(backend, bound["kind"].lower(), _bound_object(backend, namespace, bound))
        if bound["kind"] == POD.kind and seconds == _OF_POD:
            claims |= {"exp": now // SECOND + _YEAR}
            claims["kubernetes.io"]["warnafter"] = now // SECOND + seconds
    expiration = rfc3339(now + seconds * SECOND)
    granted = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound}
    return {
        "kind": TOKEN_REQUEST.kind,
        "apiVersion": TOKEN_REQUEST.api_version,
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": rfc3339(now)},
        "spec": granted,
        "status": {"token": _signed(claims, backend.signing_key), "expirationTimestamp": expiration},
    }


def pod_token(backend: Backend, pod: Object, wanted: Object) -> str:
    """The token that a Pod finds in a volume. Raises StatusError."""
    bound = {"kind": POD.kind, "apiVersion": POD.api_version, **_reference(pod)}
    audiences = [wanted["audience"]] if wanted.get("audience") else []
    spec = {"audiences": audiences, "expirationSeconds": wanted.get("expirationSeconds"), "boundObjectRef": bound}
    now, account = parse_time(pod["metadata"]["creationTimestamp"]), pod["spec"].get("serviceAccountName", "default")
    return str(create_token(backend, namespace_of(pod), account, spec, now)["status"]["token"])


def secret_token(backend: Backend, account: Object, secret: Object) -> str:
    """The token without an end that is kept in a Secret."""
    namespace, name = namespace_of(account), name_of(account)
    claims = {
        "iss": "kubernetes/serviceaccount",
        f"{_LEGACY}namespace": namespace,
        f"{_LEGACY}secret.name": name_of(secret),
        f"{_LEGACY}service-account.name": name,
        f"{_LEGACY}service-account.uid": metadata(account)["uid"],
        "sub": f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}",
    }
    return _signed(claims, backend.signing_key)


def account_of(backend: Backend, token: str) -> User | None:
    """The user whose token this is: what the API server has signed counts while all in it is there."""
    signed, _, signature = token.rpartition(".")
    key = backend.signing_key
    if not key or not hmac.compare_digest(signature.encode(), _signature(signed, key).encode()):
        return None
    now = backend.clock.now
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    if claims.get("exp", now) * SECOND <= now or _ISSUER not in claims.get("aud", [_ISSUER]):
        return None
    namespace, name = claims["sub"].removeprefix(SERVICE_ACCOUNT_PREFIX).split(":")
    known = claims.get("kubernetes.io") or {
        "serviceaccount": {"name": name, "uid": claims[f"{_LEGACY}service-account.uid"]},
        "secret": {"name": claims[f"{_LEGACY}secret.name"]},
    }
    for key, resource in {"serviceaccount": SERVICE_ACCOUNT, "pod": POD, "secret": SECRET, "node": NODE}.items():
        if reference := known.get(key):
            obj = backend.store.get(resource, namespace if resource.namespaced else "", reference["name"])
            if obj is None or reference.get("uid", metadata(obj)["uid"]) != metadata(obj)["uid"]:
                return None
    return account_user(namespace, name)


def _check(seconds: int) -> None:
    if not _SHORTEST <= seconds <= _LONGEST:
        bound = "less than 10 minutes" if seconds < _SHORTEST else "larger than 2^32 seconds"
        why = f"may not specify a duration {bound}"
        cause = errors.invalid_value("spec.expirationSeconds", seconds, why)
        raise errors.invalid(TOKEN_REQUEST, "", [cause])


def _bound_object(backend: Backend, namespace: str, bound: Object) -> Object:
    resource: Resource | None = _BOUND.get(bound.get("kind", ""))
    if resource is None:
        raise errors.bad_request(f"cannot bind token to object of type /v1, Kind={bound.get('kind')}")
    obj = backend.existing(resource, namespace if resource.namespaced else "", bound.get("name", ""))
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


def _of_bound(backend: Backend, kind: str, obj: Object) -> Object:
    """The claims about what a token is bound to, and about the node of a Pod."""
    node = backend.store.get(NODE, "", obj["spec"].get("nodeName", "")) if kind == "pod" else None
    return {kind: _reference(obj)} | ({"node": _reference(node)} if node else {})


def _reference(obj: Object) -> Object:
    return {"name": name_of(obj), "uid": metadata(obj)["uid"]}


def _signed(claims: Object, key: str) -> str:
    head = {"alg": "RS256", "kid": _encoded(hashlib.sha256(_ISSUER.encode()).digest())}
    signed = ".".join(_encoded(gojson.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_signature(signed, key)}"


def _signature(signed: str, key: str) -> str:
    """As long as one of RS256. Digests stand for it, of the key, too, where there is one."""
    return _encoded(b"".join(hashlib.sha512(f"{signed}{part}{key}".encode()).digest() for part in range(4)))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
