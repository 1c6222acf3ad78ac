"""Checks of requests that are the same for all types: selectors, names, preconditions; and the options of writes.

The rules of each type are in validation/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubesim.api import errors
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import Resource
from kubesim.api.selectors import Selector, SelectorError, field_selector, label_selector

# The treatment of unknown fields: refuse them, or drop them with or without a warning.
Validation = Literal["Strict", "Warn", "Ignore"]


def selector(resource: Resource, labels: str, fields: str) -> Selector:
    """The selector of a list or watch from its label and field selectors. Raises StatusError for malformed ones."""
    selectors: list[Selector] = []
    try:
        if labels:
            selectors.append(label_selector(labels))
        if fields:
            selectors.append(field_selector(fields, resource))
    except SelectorError as error:
        raise errors.bad_request(str(error)) from None
    return lambda obj: all(selects(obj) for selects in selectors)


def name_in_selector(fields: str) -> str:
    """The name in a field selector for one object (metadata.name=NAME), which authorization compares; otherwise "".

    Mirrors pkg/endpoints/request/requestinfo.go.
    """
    match = re.search(r"(?:^|,)metadata\.name==?([^,!=]+)(?:,|$)", fields)
    return match[1] if match else ""


class WriteOptions(NamedTuple):
    """The options of a create, update or patch."""

    validation: Validation = "Strict"
    dry_run: bool = False  # check the request, but store nothing
    subresource: str = ""  # the only one is "ephemeralcontainers" of a Pod


DEFAULT_WRITE_OPTIONS = WriteOptions()


def check_valid(resource: Resource, obj: Object, causes: list[errors.FieldError]) -> None:
    """Raise Invalid if validation has found any `causes`."""
    if causes:
        raise errors.invalid(resource, name_of(obj), causes)


def check_current(resource: Resource, new: Object, old: Object) -> None:
    """Raise Conflict if the update `new` has another resourceVersion or uid than the stored object `old`."""
    if new["metadata"].get("resourceVersion") not in (None, "", "0", old["metadata"]["resourceVersion"]):
        raise errors.conflict(resource, name_of(old))
    check_preconditions(resource, old, {"uid": new["metadata"].get("uid")})


def check_preconditions(resource: Resource, obj: Object, conditions: Mapping[str, str | None]) -> None:
    """Raise Conflict if the object's uid or resourceVersion differs from the one in `conditions`."""
    for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        present = obj["metadata"][key]
        expected = conditions.get(key)
        if expected and expected != present:
            why = f"Precondition failed: {word} in precondition: {expected}, {word} in object meta: {present}"
            raise errors.conflict(resource, name_of(obj), why)


def check_name(obj: Object, name: str) -> None:
    """Raise BadRequest if the object's name isn't the `name` in the URL. Mirrors handlers/rest.go."""
    if not name_of(obj):
        unknown = f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        raise errors.bad_request(unknown)
    if name_of(obj) != name:
        raise errors.bad_request(f"the name of the object ({name_of(obj)}) does not match the name on the URL ({name})")


def check_namespace(obj: Object, namespace: str) -> None:
    """Raise BadRequest if the object has a namespace other than the one in the URL."""
    if namespace_of(obj) not in ("", namespace):
        other = "the namespace of the provided object does not match the namespace sent on the request"
        raise errors.bad_request(other)


def check_unmoved(new: Object, old: Object) -> None:
    """Raise BadRequest for a patch that changes the object's name or namespace."""
    check_namespace(new, namespace_of(old))
    check_name(new, name_of(old))
