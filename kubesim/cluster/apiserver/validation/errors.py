"""What validation finds, in the order in which the API server reports it.

Mirrors k8s.io/apimachinery pkg/util/validation/field/errors.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubesim.api import errors
from kubesim.api.errors import FieldError
from kubesim.api.selectors import Check


class Errors(list[FieldError]):
    """What is wrong with an object. `field` is the path to what is wrong, such as "spec.containers[0].image"."""

    def required(self, field: str, detail: str = "") -> None:
        self.append(errors.required(field, detail))

    def invalid(self, field: str, value: Any, detail: str) -> None:
        self.append(errors.invalid_value(field, value, detail))

    def forbidden(self, field: str, detail: str) -> None:
        self.append(errors.field_forbidden(field, detail))

    def unsupported(self, field: str, value: Any, supported: Sequence[str]) -> None:
        self.append(errors.unsupported(field, value, supported))

    def duplicate(self, field: str, value: Any) -> None:
        self.append(errors.duplicate(field, value))

    def not_found(self, field: str, value: Any) -> None:
        self.append(errors.field_not_found(field, value))

    def too_long(self, field: str, limit: int) -> None:
        self.append(errors.too_long(field, limit))

    def check(self, field: str, value: Any, check: Check) -> None:
        """A value that must pass a check."""
        for problem in check(value):
            self.invalid(field, value, problem)

    def check_required(self, field: str, value: Any, check: Check) -> None:
        """A value that must be there, and pass a check."""
        if value:
            self.check(field, value, check)
        else:
            self.required(field)

    def check_optional(self, field: str, value: Any, check: Check) -> None:
        """A value that may be missing."""
        if value is not None:
            self.check(field, value, check)

    def enum(self, field: str, value: Any, supported: Sequence[str]) -> None:
        """A value of an enumeration, which must be there."""
        if not value:
            self.required(field)
        elif value not in supported:
            self.unsupported(field, value, supported)

    def enum_optional(self, field: str, value: Any, supported: Sequence[str]) -> None:
        if value is not None:
            self.enum(field, value, supported)

    def non_negative(self, field: str, value: int | None) -> None:
        """A number that may be missing."""
        if value is not None and value < 0:
            self.invalid(field, value, "must be greater than or equal to 0")

    def immutable(self, field: str, new: Any, old: Any, detail: str = "field is immutable") -> None:
        """A value that an update must leave as it was."""
        if new != old:
            self.invalid(field, new, detail)
