"""One HTTP request as the API sees it, and one answer, both without their transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.authorization import ADMIN, User, impersonated
from kubesim.server import protobuf
from kubesim.server.body import parse as parse_body
from kubesim.server.representation import View, view_of
from kubesim.server.routes import parse

_READABLE = ("application/json", protobuf.MEDIA_TYPE)
_DIRECTIVES = ("Ignore", "Strict", "Warn")
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}
_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_APPLY = "application/apply-patch+yaml"
_IMPERSONATION = "impersonate-"


@dataclass(frozen=True)
class Request:
    """A request that has been authenticated.

    `query` has the last value of each parameter, `headers` have lower-case names. `warnings` gathers what is to be told
    beside the answer, whatever that is.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    impersonated_groups: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)

    @property
    def user(self) -> User:
        """Who asks: the administrator, or whom the administrator impersonates (`kubectl --as`). Raises StatusError."""
        given = {name for name, value in self.headers.items() if name.startswith(_IMPERSONATION) and value}
        if not given and not self.impersonated_groups:
            return ADMIN
        name = self.headers.get("impersonate-user", "")
        if not name:
            raise errors.bad_request("groups or more cannot be impersonated without a user")
        if given - {"impersonate-user", "impersonate-group"}:
            raise errors.not_simulated("impersonating more than a user and groups is not part of this simulator")
        return impersonated(name, self.impersonated_groups)

    @property
    def is_write(self) -> bool:
        """Whether it may change the cluster."""
        return self.method not in ("GET", "HEAD")

    @property
    def is_for_objects(self) -> bool:
        """Whether it is about objects rather than about the API itself; a watch is not done when it is answered."""
        route = parse(self.method, self.path, self.query)
        return route is not None and route.verb != "watch"

    @property
    def view(self) -> View:
        """The form in which objects are wanted. Raises StatusError for one that there is not."""
        return view_of(self.headers.get("accept", ""), self.query.get("includeObject", ""))

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers.get("content-type", "application/json").partition(";")[0].strip()

    @property
    def dry_run(self) -> bool:
        """Whether nothing shall be stored. Raises StatusError for a strategy that is none."""
        chosen = self.query.get("dryRun", "")
        if chosen not in ("", "All"):
            raise self.wrong_option(errors.unsupported("dryRun", [chosen], ("All",)))
        return chosen == "All"

    @property
    def field_validation(self) -> str:
        """Strict, Warn or Ignore: what becomes of unknown fields. Raises StatusError for another word."""
        chosen = self.query.get("fieldValidation") or "Warn"
        if chosen not in _DIRECTIVES:
            raise self.wrong_option(errors.unsupported("fieldValidation", chosen, _DIRECTIVES))
        return chosen

    def wrong_option(self, cause: errors.FieldError) -> errors.StatusError:
        """The refusal of what goes with a write."""
        return errors.invalid_options(_OPTIONS.get(self.method, "ListOptions"), "meta.k8s.io", "", [cause])

    @property
    def patch_type(self) -> str:
        """How the patch in the body is meant: json, merge or strategic. Raises StatusError for any other."""
        if self.content_type == _APPLY:
            raise errors.not_simulated("server-side apply is not part of this simulator")
        if self.content_type not in _PATCHES:
            raise errors.unsupported_media_type(tuple(_PATCHES))
        return _PATCHES[self.content_type]

    def patch(self) -> Any:
        """The patch in the body. Raises StatusError where it is no JSON."""
        try:
            return parse_body(self.body)
        except ValueError as error:
            raise errors.bad_request(str(error)) from None

    def object(self) -> Object:
        """The object in the body. Raises StatusError where there is none."""
        if self.content_type == protobuf.MEDIA_TYPE:
            return protobuf.decode(self.body)
        if self.content_type not in _READABLE:
            raise errors.unsupported_media_type(_READABLE)
        try:
            found = parse_body(self.body)
        except ValueError as error:
            raise errors.bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from None
        if not isinstance(found, dict):
            raise errors.bad_request("the object provided is unrecognized (must be of type Object)")
        return found


@dataclass
class Response:
    """An answer: `content` is sent as JSON, or as it is where it is text. `warnings` become Warning headers."""

    content: Object | str = ""
    code: int = 200
    content_type: str = "application/json"
    warnings: list[str] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """What is sent."""
        if isinstance(self.content, str):
            return self.content.encode("utf-8", "replace")
        return json.dumps(self.content, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def text(content: str, code: int = 200) -> Response:
    """An answer in words."""
    return Response(content, code, "text/plain; charset=utf-8")
