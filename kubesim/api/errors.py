"""The catalogue of refusals: one constructor for each, with Kubernetes' own code, reason and sentence.

Sentences that only validation says of a field are in apiserver/validation/fields.py.
Mirrors k8s.io/apimachinery pkg/api/errors/errors.go and pkg/util/validation/field/errors.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.api.resources import Resource, find_kind
from kubesim.gotext.gofmt import quote
from kubesim.gotext.gojson import dumps

# What can be wrong with a field, and what a Status calls that.
_REASONS = {
    "Duplicate value": "FieldValueDuplicate",
    "Forbidden": "FieldValueForbidden",
    "Invalid value": "FieldValueInvalid",
    "Not found": "FieldValueNotFound",
    "Required value": "FieldValueRequired",
    "Too large resource version": "ResourceVersionTooLarge",  # by which a client knows that it has to list anew
    "Too long": "FieldValueTooLong",
    "Unsupported value": "FieldValueNotSupported",
}


class FieldError(NamedTuple):
    """One thing that is wrong with one field: "spec.containers[0].image: Required value"."""

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
    """A value as the refusal of a field shows it."""
    return quote(value) if isinstance(value, str) else dumps(value, sort=False)


def invalid_value(field: str, value: Any, detail: str) -> FieldError:
    refused = json_of(value)
    return FieldError(field, "Invalid value", f"{refused}: {detail}" if detail else refused)


def unsupported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    choices = ", ".join(map(quote, supported))
    return FieldError(field, "Unsupported value", f"{json_of(value)}: supported values: {choices}")


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


def _refusal(code: int, reason: str, resource: Resource, name: str, message: str) -> StatusError:
    """Of an object of a type, or where `name` is empty of the type."""
    return StatusError(code, reason, message, resource.plural, name, group=resource.group)


def not_found(resource: Resource, name: str) -> StatusError:
    return _refusal(404, "NotFound", resource, name, f"{resource.qualified} {quote(name)} not found")


def already_exists(resource: Resource, name: str, *, is_ending: bool = False) -> StatusError:
    message = f"{resource.qualified} {quote(name)} already exists"
    if is_ending:
        message = f"object is being deleted: {message}"
    return _refusal(409, "AlreadyExists", resource, name, message)


def forbidden(resource: Resource, name: str, why: str) -> StatusError:
    """Authorization or admission says no. `name` is empty where the request names no object."""
    subject = f"{resource.qualified} {quote(name)}" if name else resource.qualified
    return _refusal(403, "Forbidden", resource, name, f"{subject} is forbidden: {why}")


def conflict(resource: Resource, name: str, why: str = "") -> StatusError:
    """The object has changed since it was read, or its state does not allow the request."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f"Operation cannot be fulfilled on {resource.qualified} {quote(name)}: {why}"
    return _refusal(409, "Conflict", resource, name, message)


def invalid(resource: Resource, name: str, causes: Sequence[FieldError]) -> StatusError:
    """Validation found `causes`, in the order in which they are reported."""
    return invalid_kind(resource.kind, resource.group, name, causes)


def invalid_kind(kind: str, group: str, name: str, causes: Sequence[FieldError]) -> StatusError:
    """As `invalid`, also of a kind that is not stored, such as the options of a request."""
    texts = list(dict.fromkeys(map(str, causes)))
    reported = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified_kind = f"{kind}.{group}" if group else kind
    message = f"{qualified_kind} {quote(name)} is invalid: {reported}"
    return StatusError(422, "Invalid", message, kind, name, causes, group)


def invalid_request(message: str, *causes: FieldError) -> StatusError:
    """An Invalid that names no object, such as a patch that does not match the type."""
    return StatusError(422, "Invalid", message, causes=causes)


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def undecodable(resource: Resource, why: str, kind: str = "", api_version: str = "") -> StatusError:
    """The body of a request is no object of its type. Of the version of what it is, the group isn't shown.

    Mirrors transformDecodeError of k8s.io/apiserver pkg/endpoints/handlers/rest.go, v1.36.
    """
    version = (api_version or resource.api_version).rpartition("/")[2]
    return bad_request(f'{kind or resource.kind} in version "{version}" cannot be handled as a {resource.kind}: {why}')


def other_type(resource: Resource, kind: str, api_version: str) -> StatusError:
    """The body of a request is an object of another type, or of one that there isn't."""
    return undecodable(resource, why_of_other_type(resource, kind, api_version), kind, api_version)


def why_of_other_type(resource: Resource, kind: str, api_version: str) -> str:
    """Why an object of another type, or of one that there isn't, can't be taken for one of this type."""
    if find_kind(api_version, kind):
        target = f"{resource.group.partition('.')[0] or 'core'}.{resource.kind}"
        return f"converting ({api_version.rpartition('/')[2]}.{kind}) to ({target}): unknown conversion"
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'


def no_such_path() -> StatusError:
    """What a group version answers that has no such type, or no such part of one."""
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
    """A resourceVersion that no write has reached yet."""
    message = f"Timeout: Too large resource version: {version}, current: {present}"
    return StatusError(504, "Timeout", message, causes=[FieldError("", "Too large resource version")])


def not_simulated(what: str) -> StatusError:
    """What Kubernetes does and this simulator does not."""
    return StatusError(501, "NotImplemented", f"kubesim: {what}")
