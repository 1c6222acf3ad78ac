"""What doubles, nests, is long or is odd is answered with little memory and CPU, or refused in one line."""

from __future__ import annotations

from itertools import islice

import pytest

from kubesim import Session
from kubesim.api.budget import TooMuchError

from .attack import CLASSES, Input, inputs, new_session, tried

COUNT = 12  # of each class; `make attack` tries more


@pytest.fixture(scope="module")
def session() -> Session:
    return new_session()


@pytest.mark.parametrize(
    "tried_one", islice(inputs(7), COUNT * len(CLASSES)), ids=lambda one: f"{one.kind} {one.line[:40]}"
)
def test_every_input_has_an_answer(session: Session, tried_one: Input) -> None:
    outcome = tried(session, tried_one.line)
    assert outcome.end in ("answered", "refused"), (outcome, tried_one.line[:300])


@pytest.mark.parametrize(
    "line",
    [
        "kubectl create configmap x --from-literal=a=$(seq 999999)",
        "printf '%999999999d' 1 | kubectl apply -f -",
        "kubectl label pod web a=" + "{a,b}" * 30,
    ],
)
def test_what_is_refused_changes_nothing(session: Session, line: str) -> None:
    before = session.cluster.api.revision
    result = session.run(line)
    assert (result.screen, result.exit_code) == (f"{TooMuchError()}\n", 1)
    assert session.cluster.api.revision == before
