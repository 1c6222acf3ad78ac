"""Input that doubles, nests, is long or is odd is answered with little memory and CPU, or refused in one line."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from kubesim import Session
from kubesim.api.budget import TooMuchError

from . import attack, growth
from .attack import new_session
from .growth import CLASSES

ROOT = Path(__file__).resolve().parents[2]
# The inputs of each class; `make attack` tries more.
COUNT = 24


@pytest.fixture(scope="module")
def session() -> Session:
    """The session that is attacked."""
    return new_session()


def test_every_input_has_an_answer() -> None:
    """A fresh interpreter is attacked, so that the memory counted is kubesim's and not pytest's."""
    command = [sys.executable, "-m", "tests.robustness.attack", "0", "7", str(COUNT)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    rows = [row.split() for row in done.stdout.splitlines()[-len(CLASSES) :]]
    assert [(kind, tried, lost) for kind, tried, _answered, _left_out, _refused, lost, *_ in rows] == [
        (kind, str(COUNT), "0") for kind in CLASSES
    ], done.stdout


def test_frames_are_no_longer_in_memory_than_in_the_input() -> None:
    tracemalloc.start()
    lengths = [len(growth.frames(random.Random(number)).text) for number in (56, 178)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(lengths) == growth.MOST_BYTES
    assert peak < 6 * growth.MOST_BYTES


def test_an_input_that_hangs_up_ends_no_process(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(_session: Session, _case: growth.Case) -> str:
        reader, writer = os.pipe()
        os.close(reader)
        with suppress(BrokenPipeError):
            os.write(writer, b"x")
        return "answered"

    monkeypatch.setattr(attack, "DOORS", dict.fromkeys(attack.DOORS, hang_up))
    monkeypatch.setattr(attack, "BATCH", 3)
    assert [outcome.end for outcome in attack.batch(session, seed=1, first=0)] == ["answered"] * 3


@pytest.mark.parametrize(
    "line",
    [
        "kubectl create configmap x --from-literal=a=$(echo $(seq 999999))",
        "printf '%999d' $(seq 9999) | kubectl apply -f -",
        "kubectl get pods -L " + "a," * 20_000 + "a",
    ],
)
def test_a_refused_input_changes_nothing(session: Session, line: str) -> None:
    before = session.cluster.api.revision
    result = session.run(line)
    assert (result.screen, result.exit_code) == (f"{TooMuchError()}\n", 1)
    assert session.cluster.api.revision == before
