"""The catalogue of refusals, word for word."""

from __future__ import annotations

import pytest

from kubesim.api import errors
from kubesim.api.errors import FieldError, StatusError
from kubesim.api.resources import DEPLOYMENT, POD, SECRET


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (errors.required("spec.image"), "spec.image: Required value"),
        (errors.required("a", "must be given"), "a: Required value: must be given"),
        (errors.invalid_value("a", "x y", "no spaces"), 'a: Invalid value: "x y": no spaces'),
        (errors.invalid_value("a", None, "no"), "a: Invalid value: null: no"),
        (errors.invalid_value("a", {"b": 1}, "no"), 'a: Invalid value: {"b":1}: no'),
        (errors.duplicate("a[1]", "x"), 'a[1]: Duplicate value: "x"'),
        (errors.field_not_found("a", "x"), 'a: Not found: "x"'),
        (errors.field_forbidden("a", "no"), "a: Forbidden: no"),
        (errors.too_long("a", 63), "a: Too long: may not be more than 63 bytes"),
    ],
)
def test_field_errors(cause: FieldError, text: str) -> None:
    assert str(cause) == text


@pytest.mark.parametrize(
    ("error", "code", "reason", "message"),
    [
        (errors.not_found(SECRET, "x"), 404, "NotFound", 'secrets "x" not found'),
        (errors.already_exists(DEPLOYMENT, "x"), 409, "AlreadyExists", 'deployments.apps "x" already exists'),
        (errors.forbidden(POD, "x", "no"), 403, "Forbidden", 'pods "x" is forbidden: no'),
        (errors.forbidden(POD, "", "no"), 403, "Forbidden", "pods is forbidden: no"),
        (
            errors.invalid(DEPLOYMENT, "x", [errors.required("a"), errors.required("a")]),
            422,
            "Invalid",
            'Deployment.apps "x" is invalid: a: Required value',
        ),
        (
            errors.invalid(POD, "x", [errors.required("a"), errors.duplicate("b", 1)]),
            422,
            "Invalid",
            'Pod "x" is invalid: [a: Required value, b: Duplicate value: 1]',
        ),
        (errors.bad_request("what?"), 400, "BadRequest", "what?"),
        (
            errors.conflict(POD, "x"),
            409,
            "Conflict",
            'Operation cannot be fulfilled on pods "x": the object has been modified; please apply your changes to '
            "the latest version and try again",
        ),
    ],
)
def test_refusals(error: StatusError, code: int, reason: str, message: str) -> None:
    assert (error.code, error.reason, error.message) == (code, reason, message)
