"""JSON patches, as the API server applies them: RFC 6902, but a missing key is null, and -1 is a list's last item.

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

_OPERATION_COST = 110  # in steps
_INDEX = "[+-]?[0-9]{1,9}"
_STRINGS = ("op", "path", "from")  # fields of an operation


class _Place(NamedTuple):
    """Where a path leads. Methods raise LookupError where there is nothing."""

    around: Any  # the map or list that holds the value
    key: str

    def at(self, size: int) -> Any:
        """The key in a map; the index in a list of so many items, counted from its end where it is negative."""
        if isinstance(self.around, dict):
            return self.key
        if not re.fullmatch(_INDEX, self.key) or not -size <= int(self.key) < size:
            raise LookupError(self.key)
        return int(self.key) % size

    def get(self) -> Any:
        """The value; None for a key that a map lacks."""
        key = self.at(len(self.around))
        return self.around.get(key) if isinstance(self.around, dict) else self.around[key]

    def replace(self, value: Any) -> None:
        """Set the value; a map need not have it."""
        self.around[self.at(len(self.around))] = value

    def add(self, value: Any) -> None:
        """Set the value in a map; insert it into a list, which "-" is the end of."""
        if isinstance(self.around, dict):
            self.around[self.key] = value
        elif self.key == "-":
            self.around.append(value)
        else:
            self.around.insert(self.at(len(self.around) + 1), value)

    def take(self) -> Any:
        """Remove the value, and return it."""
        return self.around.pop(self.at(len(self.around)))


def _find(document: _Place, path: str) -> _Place:
    """Where `path` leads. Raises LookupError where there is no such map or list."""
    if "/" not in path:
        raise LookupError(path)
    place = document
    for part in path.split("/")[1:]:
        around = place.get()
        if not isinstance(around, dict | list):
            raise LookupError(path)
        place = _Place(around, part.replace("~1", "/").replace("~0", "~"))
    return place


def _find_or_whole(document: _Place, path: str) -> _Place:
    """As `_find`, but "" is the whole document, which some operations know."""
    return _find(document, path) if path else document


def apply(operations: Any, obj: Object, budget: Budget) -> Any:
    """`obj` changed by a list of operations, which are paid for from `budget`; it need not be a map afterwards.

    Raises StatusError for what isn't such a list, and LookupError where an operation can't be carried out.
    """
    document = _Place({"": clone(obj)}, "")
    for operation in _decoded(operations):
        budget.spend(_OPERATION_COST)
        _change(document, operation, budget)
    return document.get()


def _decoded(operations: Any) -> list[Object]:
    """The operations without what is null, which is as good as missing. Raises StatusError."""
    if not isinstance(operations, list | None):
        mismatch = gojson.mismatch(operations, "value of type []handlers.jsonPatchOp")
        raise bad_request(f"error decoding patch: {mismatch}")
    return [_fields(operation) for operation in operations or ()]


def _fields(operation: Any) -> Object:
    if not isinstance(operation, dict) or not all(isinstance(operation.get(field), str | None) for field in _STRINGS):
        raise not_simulated("an operation of a JSON patch that isn't built as one is not part of this simulator")
    return {field: value for field, value in operation.items() if value is not None}


def _change(document: _Place, operation: Object, budget: Budget) -> None:
    """Carry one operation out. Raises LookupError where it can't be, and for a test that fails."""
    path = operation["path"]
    match operation["op"]:
        case "add":
            _find(document, path).add(clone(operation.get("value")))
        case "copy":
            value = _find(document, operation["from"]).get()
            budget.produce(len(gojson.dumps(value)))
            _find(document, path).add(clone(value))
        case "move":
            value = _find(document, operation["from"]).take()
            _find(document, path).add(value)
        case "remove":
            _find(document, path).take()
        case "replace":
            _find_or_whole(document, path).replace(clone(operation.get("value")))
        case "test":
            _check(_find_or_whole(document, path).get(), operation.get("value"))
        case action:
            raise LookupError(action)


def _check(value: Any, expected: Any) -> None:
    """Raises LookupError where two values differ; what is equal for Python, as 1 and true are, need not be in JSON."""
    if value != expected or gojson.dumps(value) != gojson.dumps(expected):
        raise LookupError(expected)
