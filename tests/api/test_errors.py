"""Refusals quote names and values as Go does."""

from __future__ import annotations

import pytest

from kubesim.api import errors
from kubesim.api.resources import DEPLOYMENT, POD
from tests.learner import Learner

NAME = 'a"\\b'
QUOTED = r'"a\"\\b"'


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.not_found(POD, NAME), f"pods {QUOTED} not found"),
        (errors.already_exists(POD, NAME), f"pods {QUOTED} already exists"),
        (errors.already_exists(POD, NAME, is_ending=True), f"object is being deleted: pods {QUOTED} already exists"),
        (errors.forbidden(DEPLOYMENT, NAME, "why"), f"deployments.apps {QUOTED} is forbidden: why"),
        (errors.forbidden(DEPLOYMENT, "", "why"), "deployments.apps is forbidden: why"),
        (errors.conflict(POD, NAME, "why"), f"Operation cannot be fulfilled on pods {QUOTED}: why"),
        (
            errors.invalid(DEPLOYMENT, NAME, [errors.FieldError("a", "Required value")]),
            f"Deployment.apps {QUOTED} is invalid: a: Required value",
        ),
    ],
)
def test_a_name_is_quoted(error: errors.StatusError, message: str) -> None:
    assert error.message == message


def test_kubectl_quotes_a_name(learner: Learner) -> None:
    assert learner.fails(f"kubectl get pod '{NAME}'") == f"Error from server (NotFound): pods {QUOTED} not found\n"
    assert learner.fails(f"kubectl run '{NAME}' --image=nginx").startswith(f"The Pod {QUOTED} is invalid: ")
    who = 'User "jane\\"" cannot get resource "pods" in API group "" in the namespace "default"'
    refusal = f"Error from server (Forbidden): pods {QUOTED} is forbidden: {who}\n"
    assert learner.fails(f"kubectl get pod '{NAME}' --as='jane\"'") == refusal


def test_a_value_is_shown_as_go_writes_it() -> None:
    error = errors.invalid_value("spec", {"command": ["a && <b>"], "age": None}, "why")
    assert str(error) == r'spec: Invalid value: {"command":["a \u0026\u0026 \u003cb\u003e"],"age":null}: why'
