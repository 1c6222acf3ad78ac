"""The catalogue of refusals: one constructor for each, with Kubernetes' own code, reason and sentence.

Mirrors k8s.io/apimachinery pkg/api/errors/errors.go and pkg/util/validation/field/errors.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubesim.api.resources import Resource
from kubesim.gotext.gojson import quote


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with one field: "spec.containers[0].image: Required value"."""

    field: str
    body: str

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def _with_detail(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text


def _value(value: Any) -> str:
    return quote(value) if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def required(field: str, detail: str = "") -> FieldError:
    """A value must be given."""
    return FieldError(field, _with_detail("Required value", detail))


def invalid_value(field: str, value: Any, detail: str) -> FieldError:
    """The value does not do; `detail` says why."""
    return FieldError(field, _with_detail(f"Invalid value: {_value(value)}", detail))


def duplicate(field: str, value: Any) -> FieldError:
    """The value stands there twice."""
    return FieldError(field, f"Duplicate value: {_value(value)}")


def field_not_found(field: str, value: Any) -> FieldError:
    """The value names something that is not there."""
    return FieldError(field, f"Not found: {_value(value)}")


def field_forbidden(field: str, detail: str) -> FieldError:
    """The field may not be set, or not be changed."""
    return FieldError(field, _with_detail("Forbidden", detail))


def unsupported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    """The value is not one of those that there are."""
    listed = ", ".join(map(quote, supported))
    return FieldError(field, f"Unsupported value: {_value(value)}: supported values: {listed}")


def too_long(field: str, limit: int) -> FieldError:
    """The value has more than `limit` bytes."""
    return FieldError(field, f"Too long: may not be more than {limit} bytes")


class StatusError(Exception):
    """A request that the API server refused: a metav1.Status of status Failure.

    `message` is the whole sentence; `kind`, `name` and `group` are the refused object's; `causes` are the field errors
    of an Invalid.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        kind: str = "",
        name: str = "",
        causes: Sequence[FieldError] = (),
        group: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.kind = kind
        self.name = name
        self.causes = tuple(causes)
        self.group = group


def _of(
    resource: Resource,
    name: str,
    code: int,
    reason: str,
    message: str,
    causes: Sequence[FieldError] = (),
) -> StatusError:
    """A refusal about an object; of an Invalid the details give the kind, of all others the plural."""
    kind = resource.kind if reason == "Invalid" else resource.plural
    return StatusError(code, reason, message, kind, name, causes, resource.group)


def not_found(resource: Resource, name: str) -> StatusError:
    """No such object."""
    return _of(resource, name, 404, "NotFound", f'{resource.qualified} "{name}" not found')


def already_exists(resource: Resource, name: str) -> StatusError:
    """An object of that name is there already."""
    return _of(resource, name, 409, "AlreadyExists", f'{resource.qualified} "{name}" already exists')


def forbidden(resource: Resource, name: str, why: str) -> StatusError:
    """Authorization or admission says no. `name` is empty where the request names no object."""
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    return _of(resource, name, 403, "Forbidden", f"{subject} is forbidden: {why}")


def invalid(resource: Resource, name: str, causes: Sequence[FieldError]) -> StatusError:
    """Validation found `causes`, in the order in which they are told."""
    message = f'{resource.qualified_kind} "{name}" is invalid: {_told(causes)}'
    return _of(resource, name, 422, "Invalid", message, causes)


def invalid_options(kind: str, group: str, name: str, causes: Sequence[FieldError]) -> StatusError:
    """Validation found `causes` in what goes with a request rather than in an object."""
    qualified = f"{kind}.{group}" if group else kind
    return StatusError(422, "Invalid", f'{qualified} "{name}" is invalid: {_told(causes)}', kind, name, causes, group)


def _told(causes: Sequence[FieldError]) -> str:
    texts = list(dict.fromkeys(str(cause) for cause in causes))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def invalid_request(message: str, cause: FieldError | None = None) -> StatusError:
    """An Invalid that names no object, such as a patch that does not fit."""
    return StatusError(422, "Invalid", message, causes=[cause] if cause else [])


def conflict(resource: Resource, name: str, why: str = "") -> StatusError:
    """The object has changed since it was read, or its state does not allow the request."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return _of(resource, name, 409, "Conflict", message)


def bad_request(message: str) -> StatusError:
    """The request cannot be understood."""
    return StatusError(400, "BadRequest", message)


def method_not_allowed() -> StatusError:
    """The path is there, but not for this method."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message)


def unsupported_media_type(supported: Sequence[str]) -> StatusError:
    """The body is of a type that cannot be read."""
    listed = ", ".join(supported)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", message)


def too_large(limit: int) -> StatusError:
    """The body has more bytes than the limit."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def expired(message: str) -> StatusError:
    """What is asked for is too long ago."""
    return StatusError(410, "Expired", message)


def too_new(version: int, current: int) -> StatusError:
    """What is asked for has yet to come, and no longer waited for."""
    return StatusError(504, "Timeout", f"Timeout: Too large resource version: {version}, current: {current}")


def not_simulated(what: str) -> StatusError:
    """What Kubernetes does and this simulator does not."""
    return StatusError(501, "NotImplemented", f"kubesim: {what}")
