"""One HTTP request as the API sees it, and one answer, both without their transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from kubesim import errors, gojson
from kubesim.authorization import ADMIN, User, impersonated
from kubesim.objects import Object
from kubesim.server import protobuf
from kubesim.server.representation import View, view_of
from kubesim.server.routes import parse

_READABLE = ("application/json", "application/yaml", protobuf.MEDIA_TYPE)
_DIRECTIVES = ("Strict", "Warn", "Ignore")


@dataclass(frozen=True)
class Request:
    """A request that has been authenticated.

    `query` has the last value of each parameter, `headers` have lower-case names.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    impersonated_groups: tuple[str, ...] = ()

    @property
    def user(self) -> User:
        """Who asks: the administrator, or whom the administrator impersonates (`kubectl --as`)."""
        name = self.headers.get("impersonate-user", "")
        return impersonated(name, self.impersonated_groups) if name else ADMIN

    @property
    def is_write(self) -> bool:
        """Whether it may change the cluster."""
        return self.method not in ("GET", "HEAD")

    @property
    def is_for_objects(self) -> bool:
        """Whether it is about objects rather than about the API itself; a watch is not done when it is answered."""
        return parse(self.method, self.path, self.query) is not None and "watch" not in self.query

    @property
    def view(self) -> View:
        """The form in which objects are wanted."""
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
            raise errors.invalid_request(
                f'dryRun: Unsupported value: "{chosen}": supported values: "All"',
                errors.FieldError("dryRun", f'Unsupported value: "{chosen}": supported values: "All"'),
            )
        return chosen == "All"

    @property
    def field_validation(self) -> str:
        """Strict, Warn or Ignore: what becomes of unknown fields. Raises StatusError for another word."""
        chosen = self.query.get("fieldValidation") or "Warn"
        if chosen not in _DIRECTIVES:
            supported = ", ".join(f'"{word}"' for word in sorted(_DIRECTIVES))
            cause = errors.FieldError(
                "fieldValidation", f'Unsupported value: "{chosen}": supported values: {supported}'
            )
            raise errors.invalid_request(str(cause), cause)
        return chosen

    def decoded(self) -> Any:
        """The body, parsed. Raises StatusError for one that is no JSON (or YAML, where it says that it is)."""
        try:
            text = self.body.decode()
            return yaml.safe_load(text) if self.content_type.endswith("yaml") else gojson.loads(text)
        except (ValueError, yaml.YAMLError, RecursionError) as error:
            raise errors.bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from None

    def patch(self) -> Any:
        """The patch in the body. Raises StatusError where it is no JSON."""
        try:
            return gojson.loads(self.body.decode("utf-8", "replace"))
        except ValueError as error:
            raise errors.bad_request(str(error)) from None

    def object(self) -> Object:
        """The object in the body. Raises StatusError where there is none."""
        if self.content_type == protobuf.MEDIA_TYPE:
            return protobuf.decode(self.body)
        if self.content_type not in _READABLE:
            raise errors.unsupported_media_type(_READABLE)
        body = self.decoded()
        if not isinstance(body, dict):
            raise errors.bad_request("the object provided is unrecognized (must be of type Object)")
        return body

    def options(self) -> Object:
        """The DeleteOptions in the body, which may be empty."""
        return self.object() if self.body.strip() else {}


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
