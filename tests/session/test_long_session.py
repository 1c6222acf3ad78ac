"""A day of simulated time: what a command costs, and what the session holds, stay level.

`KUBESIM_COMMANDS=5000 pytest tests/session/test_long_session.py` types as many commands as a learner could.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType

import pytest

from kubesim import Session
from tests.learner import rows

ROWS = rows(__file__)

COMMANDS = int(os.environ.get("KUBESIM_COMMANDS", "400"))
DAY = 86400.0
MORE_MEMORY = 30.0  # MB
LAP = ROWS["lap"]


class Calls:
    """Counts the calls of Python functions, which says what work was done on any machine."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _frame: FrameType, event: str, _arg: object) -> None:
        self.count += event == "call"

    def of(self, session: Session, line: str) -> int:
        before = self.count
        sys.setprofile(self)
        session.run(line)
        sys.setprofile(None)
        return self.count - before


def resident() -> float:
    """The memory of this process in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def test_a_day_of_commands_costs_no_more_at_its_end_than_at_its_beginning() -> None:
    session, calls = Session(), Calls()
    for line in (
        "kubectl run web --image=nginx",
        "kubectl run broken --image=registry.example.com/private/x:1",
        "kubectl create deployment shop --image=nginx --replicas=2",
        "kubectl create cronjob tick --image=busybox --schedule='*/10 * * * *' -- true",
    ):
        session.run(line)
    costs: list[int] = []
    for number in range(COMMANDS):
        costs.append(calls.of(session, LAP[number % len(LAP)]))
        session.advance(DAY / COMMANDS)
    tenth = COMMANDS // 10
    first, last = sum(costs[:tenth]) / tenth, sum(costs[-tenth:]) / tenth
    print(f"\n{COMMANDS} commands: {first:.0f} calls for each of the first {tenth}, {last:.0f} for the last")  # noqa: T201
    assert last <= 1.3 * first
    of_describe = costs[:: len(LAP)]
    assert of_describe[-1] <= 1.1 * min(of_describe[1:])


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of the process")
def test_a_day_of_commands_leaves_little_behind() -> None:
    session = Session()
    session.run("kubectl run broken --image=registry.example.com/private/x:1")
    for number in range(COMMANDS):
        session.run(LAP[number % len(LAP)])
        session.advance(DAY / COMMANDS)
        if number == COMMANDS // 10:
            before = resident()
    print(f"\n{COMMANDS} commands: {resident() - before:.1f} MB more")  # noqa: T201
    assert resident() - before <= MORE_MEMORY
