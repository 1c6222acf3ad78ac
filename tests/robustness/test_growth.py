"""Whatever makes kubectl work long gets an answer, within a second of processor time and 300 MB."""

from __future__ import annotations

import os
import random

import pytest

from kubesim import Session

from .growth import CLASSES, FILE, Case
from .limits import SECONDS, within_limits

COUNT = int(os.environ.get("KUBESIM_ATTACK", "12"))  # inputs of each class
WORLD = """\
kubectl run web --image=nginx --labels=app=web
kubectl create configmap settings --from-literal=color=blue
kubectl create deployment shop --image=nginx --replicas=30
sleep 20
"""


@pytest.fixture(scope="module")
def session() -> Session:
    session = Session()
    session.run(WORLD)
    return session


def _run(session: Session, case: Case) -> str:
    line, text = case
    if text:
        session.write_file(FILE, text)
    result = session.run(line)
    return f"{result.exit_code} {result.screen[-1500:]}"


@pytest.mark.parametrize("name", CLASSES)
def test_an_answer_within_limits(name: str, session: Session) -> None:
    for seed in range(COUNT):
        case = CLASSES[name](random.Random(seed))
        found = within_limits(lambda case=case: _run(session, case))  # type: ignore[misc]
        about = f"{name} {seed}: {case[0][:200]!r} {case[1][:200]!r}"
        assert found.is_answered, f"{about}: {found.answer}"
        assert "Traceback" not in found.answer, about
        assert found.seconds < 2 * SECONDS, f"{about}: {found.seconds:.1f} s"
