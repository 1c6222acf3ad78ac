"""JSON patches (RFC 6902) that add, remove and replace, as the API server applies them: -1 is a list's last index.

Mirrors gopkg.in/evanphx/json-patch.v4 patch.go, v4.13, and jsonPatchOp in k8s.io/apiserver
pkg/endpoints/handlers/patch.go, v1.36.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.errors import bad_request, not_simulated
from kubesim.api.objects import Object, clone
from kubesim.gotext import gojson

_OPERATION_COST = 110  # steps of the budget
_INDEX = "[+-]?[0-9]{1,9}"
_STRINGS = ("op", "path")  # the fields of an operation that must be strings
_UNSIMULATED = ("copy", "move", "test")


class _Place(NamedTuple):
    """The place of a value in a document. Methods raise LookupError for a missing one, and change `parent` in place."""

    parent: Any  # the map or list that contains the value
    key: str  # the value's key, or its index as text

    def at(self, extra: int = 0) -> Any:
        """The key for a map, or the index for a list; negative ones count from the end.

        With `extra` 1, the place after the last item counts as one: -1 is that place.
        """
        if isinstance(self.parent, dict):
            return self.key
        size = len(self.parent) + extra
        if not re.fullmatch(_INDEX, self.key) or not -size <= int(self.key) < size:
            raise LookupError(self.key)
        return int(self.key) % size

    def get(self) -> Any:
        """The value, None for a missing key of a map."""
        key = self.at()
        return self.parent.get(key) if isinstance(self.parent, dict) else self.parent[key]

    def replace(self, value: Any) -> None:
        """Set the value. A map needn't have the key."""
        self.parent[self.at()] = value

    def add(self, value: Any) -> None:
        """Set the value in a map, or insert it into a list, for the key "-" at its end."""
        if isinstance(self.parent, dict):
            self.parent[self.key] = value
        elif self.key == "-":
            self.parent.append(value)
        else:
            self.parent.insert(self.at(extra=1), value)

    def remove(self) -> None:
        self.parent.pop(self.at())


def _find(document: _Place, path: str) -> _Place:
    """The place at a JSON Pointer. Raises LookupError if a map or list on the way is missing."""
    if "/" not in path:
        raise LookupError(path)
    place = document
    for part in path.split("/")[1:]:
        parent = place.get()
        if not isinstance(parent, dict | list):
            raise LookupError(path)
        place = _Place(parent, part.replace("~1", "/").replace("~0", "~"))
    return place


def apply(operations: Any, obj: Object, budget: Budget) -> Any:
    """Apply a list of operations to a copy of `obj`, paid from `budget`. The result needn't be a map.

    Raises StatusError for a malformed patch, and LookupError for an operation that fails.
    """
    document = _Place({"": clone(obj)}, "")  # inside a map, so that "" can be replaced like any other place
    for operation in _decoded(operations):
        budget.spend(_OPERATION_COST)
        _change(document, operation)
    return document.get()


def _decoded(operations: Any) -> list[Object]:
    """The operations without fields that are null, which count as missing. Raises StatusError."""
    if not isinstance(operations, list | None):
        mismatch = gojson.mismatch(operations, "value of type []handlers.jsonPatchOp")
        raise bad_request(f"error decoding patch: {mismatch}")
    return [_fields(operation) for operation in operations or ()]


def _fields(operation: Any) -> Object:
    """The fields of an operation that aren't null. Raises StatusError (501) if one of _STRINGS isn't a string."""
    if not isinstance(operation, dict) or not all(isinstance(operation.get(field), str | None) for field in _STRINGS):
        raise not_simulated(
            "an operation of a JSON patch whose op or path isn't a string is not part of this simulator"
        )
    return {field: value for field, value in operation.items() if value is not None}


def _change(document: _Place, operation: Object) -> None:
    """Apply one operation to the document in place.

    Raises LookupError if it fails, and StatusError (501) for the operations in _UNSIMULATED.
    """
    path = operation["path"]  # without a path or an op, the operation fails: KeyError is a LookupError
    match operation["op"]:
        case "add":
            _find(document, path).add(clone(operation.get("value")))
        case "remove":
            _find(document, path).remove()
        case "replace":
            place = _find(document, path) if path else document
            place.replace(clone(operation.get("value")))
        case action if action in _UNSIMULATED:
            raise not_simulated(f"the operation {action} of a JSON patch is not part of this simulator")
        case action:
            raise LookupError(action)
