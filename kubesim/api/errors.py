"""The API server's refusals: one constructor for each, with Kubernetes' own code, reason and sentence.

The sentences of validation about single fields are in apiserver/validation/fields.py.
Mirrors k8s.io/apimachinery pkg/api/errors/errors.go and pkg/util/validation/field/errors.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.api.resources import Resource, find_kind
from kubesim.gotext.gofmt import quote
from kubesim.gotext.gojson import dumps

# The problems of a field, each with its reason in a Status.
_REASONS = {
    "Duplicate value": "FieldValueDuplicate",
    "Forbidden": "FieldValueForbidden",
    "Invalid value": "FieldValueInvalid",
    "Not found": "FieldValueNotFound",
    "Required value": "FieldValueRequired",
    "Too large resource version": "ResourceVersionTooLarge",  # tells a client to list again
    "Too long": "FieldValueTooLong",
    "Unsupported value": "FieldValueNotSupported",
}


class FieldError(NamedTuple):
    """One problem of one field: "spec.containers[0].image: Required value"."""

    field: str
    problem: str  # a key of _REASONS
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

    @property
    def message(self) -> str:
        return f"{self.problem}: {self.detail}" if self.detail else self.problem

    @property
    def reason(self) -> str:
        return _REASONS[self.problem]


def json_of(value: Any) -> str:
    """A value as a FieldError shows it: JSON, with Go's quotes around a text."""
    return quote(value) if isinstance(value, str) else dumps(value, sort=False)


def invalid_value(field: str, value: Any, detail: str) -> FieldError:
    refused = json_of(value)
    return FieldError(field, "Invalid value", f"{refused}: {detail}" if detail else refused)


def unsupported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    choices = ", ".join(map(quote, supported))
    return FieldError(field, "Unsupported value", f"{json_of(value)}: supported values: {choices}")


class StatusError(Exception):
    """A refused request: a metav1.Status of status Failure.

    `message` is the whole sentence, `code` the HTTP status. `kind`, `name` and `group` belong to the refused object.
    `causes` are the field errors of an Invalid.
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


def _refusal(code: int, reason: str, resource: Resource, name: str, message: str) -> StatusError:
    """A refusal about an object, or about its type if `name` is empty."""
    return StatusError(code, reason, message, kind=resource.plural, name=name, group=resource.group)


def not_found(resource: Resource, name: str) -> StatusError:
    return _refusal(404, "NotFound", resource, name, f"{resource.qualified} {quote(name)} not found")


def already_exists(resource: Resource, name: str, *, is_ending: bool = False) -> StatusError:
    message = f"{resource.qualified} {quote(name)} already exists"
    if is_ending:
        message = f"object is being deleted: {message}"
    return _refusal(409, "AlreadyExists", resource, name, message)


def forbidden(resource: Resource, name: str, why: str) -> StatusError:
    """A refusal of authorization or admission. `name` is empty if the request names no object."""
    subject = f"{resource.qualified} {quote(name)}" if name else resource.qualified
    return _refusal(403, "Forbidden", resource, name, f"{subject} is forbidden: {why}")


def conflict(resource: Resource, name: str, why: str = "") -> StatusError:
    """A refusal of a write to an object that was changed since it was read, or whose state doesn't allow the write."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f"Operation cannot be fulfilled on {resource.qualified} {quote(name)}: {why}"
    return _refusal(409, "Conflict", resource, name, message)


def invalid(resource: Resource, name: str, causes: Sequence[FieldError]) -> StatusError:
    """A refusal of validation; `causes` are reported in this order."""
    return invalid_kind(resource.kind, resource.group, name, causes)


def invalid_kind(kind: str, group: str, name: str, causes: Sequence[FieldError]) -> StatusError:
    """A refusal of validation for a kind that isn't stored, such as the options of a request."""
    texts = list(dict.fromkeys(map(str, causes)))
    reported = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified_kind = f"{kind}.{group}" if group else kind
    message = f"{qualified_kind} {quote(name)} is invalid: {reported}"
    return StatusError(422, "Invalid", message, kind=kind, name=name, causes=causes, group=group)


def invalid_request(message: str, *causes: FieldError) -> StatusError:
    """An Invalid without an object, such as for a patch that doesn't match the type."""
    return StatusError(422, "Invalid", message, causes=causes)


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def undecodable(resource: Resource, why: str, kind: str = "", api_version: str = "") -> StatusError:
    """A refusal of a body that can't be decoded as `resource`. `kind` and `api_version` are the body's, if it has any.

    Mirrors transformDecodeError of k8s.io/apiserver pkg/endpoints/handlers/rest.go, v1.36.
    """
    version = (api_version or resource.api_version).rpartition("/")[2]
    return bad_request(f'{kind or resource.kind} in version "{version}" cannot be handled as a {resource.kind}: {why}')


def other_type(resource: Resource, kind: str, api_version: str) -> StatusError:
    """A refusal of a body of a different or an unknown type."""
    return undecodable(resource, why_of_other_type(resource, kind, api_version), kind, api_version)


def why_of_other_type(resource: Resource, kind: str, api_version: str) -> str:
    """The reason why an object of a different or an unknown type can't be decoded as `resource`."""
    if find_kind(api_version, kind):
        target = f"{resource.group.partition('.')[0] or 'core'}.{resource.kind}"
        return f"converting ({api_version.rpartition('/')[2]}.{kind}) to ({target}): unknown conversion"
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'


def no_such_path() -> StatusError:
    """A refusal of a path whose type or subresource the group version lacks."""
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def method_not_allowed() -> StatusError:
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def unsupported_media_type(supported: Sequence[str]) -> StatusError:
    listed = ", ".join(supported)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", message)


def too_large(limit: int) -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def expired(message: str) -> StatusError:
    return StatusError(410, "Expired", message)


def too_new(version: int, present: int) -> StatusError:
    """A refusal of a resourceVersion that no write has reached yet."""
    message = f"Timeout: Too large resource version: {version}, current: {present}"
    return StatusError(504, "Timeout", message, causes=[FieldError("", "Too large resource version")])


def not_simulated(sentence: str) -> StatusError:
    """A refusal of what Kubernetes does and kubesim doesn't; `sentence` completes "kubesim: "."""
    return StatusError(501, "NotImplemented", f"kubesim: {sentence}")
