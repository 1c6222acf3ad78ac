"""The vocabulary of validation rules: a Field is a struct at a path, with methods for problems and common checks.

Mirrors k8s.io/apimachinery pkg/util/validation/field/{path,errors}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.api import errors
from kubesim.api.content import Check, label_value, qualified_name
from kubesim.api.errors import FieldError
from kubesim.api.objects import Object

# A default argument: the problem shows the field's own value.
_OWN = object()


class Field:
    """A struct at a path, such as "spec.containers[0]".

    Methods append problems to the list `errors`, which all Fields of an object share. The order of calls is the order
    in which the API server reports. The argument `name` is a field of the struct, or "" for the struct itself.

    For `has`, `enum_optional` and `non_negative`, a field is missing if it is absent or null. For `needs`, `enum` and
    `check_required`, it is also missing if it is empty or 0, which Go can't tell apart.
    """

    __slots__ = ("errors", "path", "value")

    def __init__(self, errors: list[FieldError], path: str, value: Object) -> None:
        self.errors = errors
        self.path = path
        self.value = value

    def get(self, name: str, default: Any = None) -> Any:
        return self.value.get(name, default)

    def has(self, name: str) -> bool:
        return self.value.get(name) is not None

    def path_of(self, name: str) -> str:
        if not name or not self.path:
            return name or self.path
        return f"{self.path}.{name}"

    def inner(self, name: str) -> Field:
        """The Field for the struct in a field, an empty one if it is missing."""
        return Field(self.errors, self.path_of(name), self.value.get(name) or {})

    def items(self, name: str) -> list[Field]:
        """The Fields for the structs in a list."""
        path = self.path_of(name)
        return [Field(self.errors, f"{path}[{index}]", item) for index, item in enumerate(self.value.get(name) or ())]

    # Problems

    def _refuse(self, name: str, problem: str, detail: str) -> None:
        self.errors.append(FieldError(self.path_of(name), problem, detail))

    def required(self, name: str, detail: str = "") -> None:
        self._refuse(name, "Required value", detail)

    def invalid(self, name: str, detail: str, value: Any = _OWN) -> None:
        """Add "Invalid value" with `value`, by default the field's."""
        refused = self.value.get(name, "") if value is _OWN else value
        self.errors.append(errors.invalid_value(self.path_of(name), refused, detail))

    def forbidden(self, name: str, detail: str) -> None:
        self._refuse(name, "Forbidden", detail)

    def unsupported(self, name: str, supported: Sequence[str], value: Any = _OWN) -> None:
        """Add "Unsupported value" with `value`, by default the field's."""
        refused = self.value.get(name, "") if value is _OWN else value
        self.errors.append(errors.unsupported(self.path_of(name), refused, supported))

    def duplicate(self, name: str, value: Any) -> None:
        self._refuse(name, "Duplicate value", errors.json_of(value))

    def not_found(self, name: str) -> None:
        self._refuse(name, "Not found", errors.json_of(self.value.get(name, "")))

    def too_long(self, name: str, limit: int) -> None:
        self._refuse(name, "Too long", f"may not be more than {limit} bytes")

    # Checks

    def needs(self, *names: str) -> None:
        """Require fields that aren't empty."""
        for name in names:
            if not self.value.get(name):
                self.required(name)

    def check(self, name: str, check: Check, missing: Any = "") -> None:
        """Check the value of a field; an absent field is checked as `missing`."""
        value = self.value.get(name, missing)
        for problem in check(value):
            self.invalid(name, problem, value=value)

    def check_required(self, name: str, check: Check) -> None:
        """Require a field that isn't empty and passes a check."""
        if self.value.get(name):
            self.check(name, check)
        else:
            self.required(name)

    def check_nonempty(self, name: str, check: Check) -> None:
        """Check the value of a field unless it is empty."""
        if self.value.get(name):
            self.check(name, check)

    def check_each(self, name: str, check: Check) -> None:
        """Check each value of a list."""
        for index, value in enumerate(self.value.get(name) or ()):
            for problem in check(value):
                self.invalid(f"{name}[{index}]", problem, value=value)

    def enum(self, name: str, supported: Sequence[str]) -> None:
        """Require a field with one of the supported values."""
        value = self.value.get(name)
        if not value:
            self.required(name)
        elif value not in supported:
            self.unsupported(name, supported)

    def enum_optional(self, name: str, supported: Sequence[str]) -> None:
        """Require one of the supported values unless the field is missing."""
        if self.value.get(name) is not None:
            self.enum(name, supported)

    def non_negative(self, *names: str) -> None:
        """Refuse negative numbers. The fields may be missing."""
        for name in names:
            if self.value.get(name) is not None and self.value[name] < 0:
                self.invalid(name, "must be greater than or equal to 0")

    def unique_name(self, seen: set[str]) -> None:
        """Refuse a name that is in `seen`, and add it to `seen`."""
        name = self.value.get("name")
        if name in seen:
            self.duplicate("name", name)
        if name:
            seen.add(name)

    def labels(self, name: str) -> None:
        """Check a map of labels. As in upstream, problems of keys and values have the path of the map.

        Go visits a map in random order; here the keys are sorted.
        """
        labels: Mapping[str, str] = self.value.get(name) or {}
        for key, value in sorted(labels.items()):
            for problem in qualified_name(key):
                self.invalid(name, problem, value=key)
            for problem in label_value(value):
                self.invalid(name, problem, value=value)

    def immutable(self, old: Field, *names: str) -> None:
        """Refuse changes of fields between `old` and this struct."""
        for name in names:
            if self.value.get(name) != old.value.get(name):
                self.invalid(name, "field is immutable", value=self.value.get(name))
