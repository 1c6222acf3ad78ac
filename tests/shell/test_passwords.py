"""Passwords are masked in the command lines that a history keeps."""

from __future__ import annotations

import pytest

from kubesim import Session
from kubesim.session.history import History
from kubesim.shell.passwords import hide_passwords
from tests.learner import rows
from tests.patience import within

ROWS = rows(__file__)


@pytest.mark.parametrize(("line", "kept"), ROWS["lines"])
def test_a_password_is_masked(line: str, kept: str) -> None:
    assert hide_passwords(line) == kept


@pytest.mark.parametrize("line", ROWS["harmless"])
def test_other_text_is_not_masked(line: str) -> None:
    assert hide_passwords(line) == line


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "docker ",
        "node login ",
        "base64 <<E\n",
        "echo ",
        "echo a | ",
        "echo a > ",
        "-",
        "a.",
        "//a@",
        "aA1",
        "<<< ",
        " ",
    ],
)
def test_a_long_line_is_masked_in_time(piece: str) -> None:
    with within(2):
        hide_passwords(piece * (100_000 // len(piece)))


def test_the_steps_of_a_history_have_no_password() -> None:
    session = Session()
    history = History(session)
    line = "kubectl create secret generic s --from-literal=password=sesame"
    with history.step(line):
        session.run(line)
    assert session.run("undo").stdout == "reverted: kubectl create secret generic s --from-literal=password=***\n"
