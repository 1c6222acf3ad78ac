"""An HTTP request and its response, without the transport.

Mirrors k8s.io/apiserver pkg/endpoints/handlers, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

from kubesim.api import errors
from kubesim.api.budget import Budget, count_values
from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.cluster.apiserver import Client
from kubesim.cluster.apiserver.authorization import User
from kubesim.cluster.apiserver.checks import Validation
from kubesim.cluster.apiserver.impersonation import impersonate
from kubesim.cluster.apiserver.patch import PatchType
from kubesim.gotext import gojson
from kubesim.kubectl.documents import parse_document
from kubesim.server import protobuf
from kubesim.server.routes import Route, parse
from kubesim.server.views import INCLUDES, View, status_of

# Steps of a request's budget, about a tenth of a second, in which other requests wait.
STEPS = Budget.STEPS // 10
# Steps for an object in a response.
SHOWN_COST = 15
_VALUE_COST = 20  # steps for a value in a body
_BYTES_PER_STEP = 20  # bytes of a body for one step
_YAML = "application/yaml"
_READABLE = ("application/json", _YAML, protobuf.MEDIA_TYPE)
_DIRECTIVES: tuple[Validation, ...] = ("Ignore", "Strict", "Warn")
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}
_PATCHES: Mapping[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_APPLY = "application/apply-patch+yaml"
_IMPERSONATION = "impersonate-"


@dataclass
class Request:
    """A request, authenticated as the `requestor`'s.

    `query` has the first value of each parameter; the names in `headers` are lower case. `warnings` collects the
    Warning headers of the response. The work for the response is paid from `budget`.
    """

    requestor: User
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    impersonated_groups: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    budget: Budget = field(default_factory=partial(Budget, STEPS), compare=False)

    @cached_property
    def route(self) -> Route | None:
        """The verb and the objects that are requested, or None for a path of no objects."""
        return parse(self.method, self.path, self.query)

    @property
    def user(self) -> User:
        """The requestor, or the user whom the requestor impersonates (`kubectl --as`). Raises StatusError."""
        headers = {name for name, value in self.headers.items() if name.startswith(_IMPERSONATION) and value}
        if not headers and not self.impersonated_groups:
            return self.requestor
        name = self.headers.get("impersonate-user", "")
        if not name:
            raise errors.not_simulated("impersonating groups without a user is not part of this simulator")
        if headers - {"impersonate-user", "impersonate-group"}:
            raise errors.not_simulated("impersonating more than a user and groups is not part of this simulator")
        return impersonate(self.requestor, name, self.impersonated_groups)

    @property
    def container(self) -> str:
        """The container of a log or an exec; "" means the only one of its Pod."""
        return self.query.get("container", "")

    @property
    def labels(self) -> str:
        return self.query.get("labelSelector", "")

    @property
    def fields(self) -> str:
        return self.query.get("fieldSelector", "")

    @property
    def is_write(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def view(self) -> View:
        """The first served form in the Accept header. Raises StatusError for others, and an unknown includeObject."""
        include = self.query.get("includeObject", "")
        if include not in ("", *INCLUDES):
            raise errors.bad_request(f'unrecognized includeObject value: "{include}"')
        for accepted in self.headers.get("accept", "").split(","):
            media, *parameters = (part.strip() for part in accepted.split(";"))
            options = dict(part.partition("=")[::2] for part in parameters)
            form = options.get("as", "")
            if media in ("application/json", "application/*", "*/*", "") and form in ("", "Table"):
                return View(form == "Table", include or "Metadata")
        raise errors.not_simulated(
            "answers are JSON, of whole objects or a Table; others are not part of this simulator"
        )

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "application/json").partition(";")[0].strip()

    @property
    def dry_run(self) -> bool:
        """True if this is a dry run. Raises StatusError for an unknown strategy."""
        chosen = self.query.get("dryRun", "")
        if chosen not in ("", "All"):
            raise self._wrong_option(errors.unsupported("dryRun", [chosen], ("All",)))
        return chosen == "All"

    @property
    def field_validation(self) -> Validation:
        """The treatment of unknown fields. Raises StatusError for an unknown value."""
        chosen = self.query.get("fieldValidation") or "Warn"
        for directive in _DIRECTIVES:
            if directive == chosen:
                return directive
        raise self._wrong_option(errors.unsupported("fieldValidation", chosen, _DIRECTIVES))

    def _wrong_option(self, cause: errors.FieldError) -> errors.StatusError:
        return errors.invalid_kind(_OPTIONS.get(self.method, "ListOptions"), "meta.k8s.io", "", [cause])

    @property
    def patch_type(self) -> PatchType:
        """The kind of the patch in the body, by its content type. Raises StatusError for an unknown one."""
        if self.content_type == _APPLY:
            advice = "kubectl apply works without --server-side, helm with --server-side=false"
            raise errors.not_simulated(f"server-side apply is not part of this simulator: {advice}")
        if self.content_type not in _PATCHES:
            raise errors.unsupported_media_type(tuple(_PATCHES))
        return _PATCHES[self.content_type]

    def object(self) -> Object:
        """Decode the object in the body. Raises StatusError if it isn't an object or is too large."""
        if self.content_type == protobuf.MEDIA_TYPE:
            return protobuf.decode(self.body, self.budget)
        if self.content_type not in _READABLE:
            raise errors.unsupported_media_type(_READABLE)
        try:
            body = self._value()
        except ValueError as error:
            raise errors.not_simulated(f"a body that can't be decoded is not part of this simulator: {error}") from None
        if not isinstance(body, dict | None):
            raise errors.not_simulated("a body that isn't an object is not part of this simulator")
        return body or {}

    def patch(self) -> Any:
        """Decode the patch in the body. Raises StatusError if it isn't JSON or is too large."""
        try:
            return self._value()
        except ValueError as error:
            raise errors.bad_request(str(error)) from None

    def _value(self) -> Any:
        """Decode the body. Raises ValueError for invalid JSON or YAML, and StatusError if it's too large."""
        self.budget.spend(len(self.body) // _BYTES_PER_STEP)
        try:
            text = self.body.decode()
        except UnicodeDecodeError:
            raise errors.not_simulated("a body that isn't UTF-8 is not part of this simulator") from None
        value = parse_document(text) if self.content_type == _YAML else gojson.loads(text)
        self.budget.spend(_VALUE_COST * count_values(value, "a body"))
        return value


class Call(NamedTuple):
    """A request for objects, with the client of its user and the moment of the response."""

    request: Request
    route: Route
    client: Client
    now: Micros


@dataclass
class Response:
    """A response. An object as `content` is sent as JSON, a text as it is. `warnings` become Warning headers."""

    content: Object | str = ""
    code: int = 200
    content_type: str = "application/json"
    warnings: list[str] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        if isinstance(self.content, str):
            return self.content.encode("utf-8", "replace")
        written = gojson.escape(json.dumps(self.content, separators=(",", ":"), ensure_ascii=False))
        return f"{written}\n".encode("utf-8", "replace")


def refusal(error: errors.StatusError) -> Response:
    return Response(status_of(error), error.code)


def text(content: str, code: int = 200) -> Response:
    return Response(content, code, "text/plain; charset=utf-8")
