"""Tokens of ServiceAccounts in Pods: JSON Web Tokens with Kubernetes' claims.

Security: the signature is a digest without a secret, which anyone can forge. Therefore only kubectl in a session may
use these tokens; the served API and the registries refuse them. Mirrors kubernetes
pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/{claims,legacy,jwt}.go, v1.36.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.clock import SECOND, parse_time, uuid
from kubesim.api.digest import sha256, sha512
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NODE, POD, SERVICE_ACCOUNT, Resource
from kubesim.cluster.apiserver.authorization import User
from kubesim.cluster.apiserver.backend import Backend
from kubesim.cluster.apiserver.impersonation import account_user
from kubesim.gotext import gobase64, gojson

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_HEAD = b'{"alg":"RS256","kid":"kubesim"}'
# Seconds of validity, unless a volume asks for others.
_DEFAULT_SECONDS = 3600
# Seconds after its expiry that a token is still accepted.
_LEEWAY = 60
# A Pod that requests this validity in seconds gets a token for a year (--service-account-extend-token-expiration).
_POD_SECONDS = 3607
_YEAR = 365 * 86400
_EXTRA = "authentication.kubernetes.io"


class _Reference(NamedTuple):
    """A reference of a token to an object."""

    name: str
    uid: str


class _Bound(NamedTuple):
    """The objects that a token is bound to: its ServiceAccount, and a Pod with its node."""

    namespace: str
    serviceaccount: _Reference
    pod: _Reference | None = None
    node: _Reference | None = None
    warnafter: int = 0


class _Claims(NamedTuple):
    """The claims of a token. Times are in seconds since the epoch."""

    aud: tuple[str, ...]
    exp: int
    iat: int
    iss: str
    jti: str
    bound: _Bound  # "kubernetes.io" in JSON
    nbf: int
    sub: str


def pod_token(backend: Backend, pod: Object, source: Object) -> str:
    """The token for a Pod's volume: of its ServiceAccount, bound to the Pod; `source` is a serviceAccountToken.

    It is the same at each call. Raises StatusError if the ServiceAccount is missing.
    """
    account = backend.existing(SERVICE_ACCOUNT, namespace_of(pod), pod["spec"].get("serviceAccountName", "default"))
    issued = parse_time(pod["metadata"]["creationTimestamp"]) // SECOND
    seconds = source.get("expirationSeconds") or _DEFAULT_SECONDS
    audience = source.get("audience") or _ISSUER
    return _token(_claims(account, _pod_claims(backend, pod), issued, seconds, [audience]))


def user_of(backend: Backend, token: str) -> User:
    """The user of a token. Raises StatusError (Unauthorized) for an invalid or expired token."""
    claims = _read(token)
    if claims is None or not _is_valid(backend, claims):
        raise errors.StatusError(401, "Unauthorized", "Unauthorized")
    bound = claims.bound
    extra = {f"{_EXTRA}/credential-id": (f"JTI={claims.jti}",)}
    for kind, reference in (("node", bound.node), ("pod", bound.pod)):
        if reference:
            extra[f"{_EXTRA}/{kind}-name"] = (reference.name,)
            extra[f"{_EXTRA}/{kind}-uid"] = (reference.uid,)
    user = account_user(bound.namespace, bound.serviceaccount.name)
    return user._replace(extra=tuple(sorted(extra.items())), uid=bound.serviceaccount.uid)


def _read(token: str) -> _Claims | None:
    """The claims of a token, None if its form or digest is wrong. They are untrusted: anyone can forge the digest."""
    _, _, rest = token.partition(".")
    payload = gobase64.text_of(rest.partition(".")[0])
    if not payload or _sign(payload) != token:
        return None
    from kubesim.api import typed  # late: a first answer needs no token

    try:
        claims: _Claims = typed.read(_Claims, gojson.loads(payload.replace('"kubernetes.io":', '"bound":')))
    except ValueError:
        return None
    return claims


def _is_valid(backend: Backend, claims: _Claims) -> bool:
    """True if a token is meant for the API server, isn't expired, and its objects still exist."""
    bound = claims.bound
    if _ISSUER not in claims.aud or backend.clock.now // SECOND > claims.exp + _LEEWAY:
        return False
    if bound.pod and not _exists(backend, POD, bound.namespace, bound.pod):
        return False
    return _exists(backend, SERVICE_ACCOUNT, bound.namespace, bound.serviceaccount)


def _exists(backend: Backend, resource: Resource, namespace: str, reference: _Reference) -> bool:
    """True if the object of a reference still exists, with the same uid."""
    obj = backend.store.get(resource, namespace, reference.name)
    return obj is not None and obj["metadata"]["uid"] == reference.uid


def _pod_claims(backend: Backend, pod: Object) -> Object:
    """The claims about a Pod and its node."""
    claims = {"pod": _reference(pod)}
    if node := backend.store.get(NODE, "", pod["spec"].get("nodeName", "")):
        claims["node"] = _reference(node)
    return claims


def _reference(obj: Object) -> Object:
    return {"name": name_of(obj), "uid": obj["metadata"]["uid"]}


def _claims(account: Object, bound: Object, issued: int, seconds: int, audiences: list[str]) -> Object:
    """The claims of a token as JSON, valid for `seconds` from `issued` on; `bound` are claims about a Pod."""
    namespace = namespace_of(account)
    parts = {"namespace": namespace, "serviceaccount": _reference(account), **bound}
    expires = issued + seconds
    if "pod" in bound and seconds == _POD_SECONDS and audiences == [_ISSUER]:
        parts["warnafter"] = expires
        expires = issued + _YEAR
    return {
        "aud": audiences,
        "exp": expires,
        "iat": issued,
        "iss": _ISSUER,
        "kubernetes.io": parts,
        "nbf": issued,
        "sub": account_user(namespace, name_of(account)).name,
    }


def _token(claims: Object) -> str:
    """The token with these claims, and with an ID (jti) derived from them, so that tokens are deterministic."""
    digest = sha256(repr(claims).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    return _sign(gojson.dumps({**claims, "jti": uuid(number, version=4)}))


def _sign(payload: str) -> str:
    """The token with this payload. Its head has kubesim's key ID, and its signature the length of RS256."""
    unsigned = f"{_encode(_HEAD)}.{_encode(payload.encode())}"
    return f"{unsigned}.{_encode(sha512(unsigned.encode()).digest() * 4)}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
