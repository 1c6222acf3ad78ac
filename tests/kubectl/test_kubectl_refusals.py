"""What learners type wrongly, and what kubectl says to it: whole screens."""

from __future__ import annotations

import re

import pytest

from kubesim.kubectl import Command, all_commands
from tests.learner import PRIVATE, Learner, container, rows

ROWS = rows(__file__)


@pytest.fixture(scope="module")
def busy() -> Learner:
    """A cluster with a running Pod, one that cannot start, and a Deployment; the refusals below change nothing."""
    learner = Learner()
    learner.apply("web", container("nginx"))
    learner.apply("priv", container(PRIVATE))
    learner("kubectl create deployment shop --image=nginx")
    learner("mkdir empty")
    learner.wait(5)
    return learner


@pytest.mark.parametrize(("line", "refusal"), ROWS["refusals"])
def test_refusals(busy: Learner, line: str, refusal: str) -> None:
    assert busy.fails(line) == refusal


def test_what_was_found_is_shown_beside_what_was_not(busy: Learner) -> None:
    result = busy.session.run("kubectl get pods web nope priv -o name")
    assert (result.stdout, result.stderr, result.exit_code) == (
        "pod/web\npod/priv\n",
        'Error from server (NotFound): pods "nope" not found\n',
        1,
    )


def test_a_command_that_is_not_there(busy: Learner) -> None:
    message = busy.fails("kubectl exec web -- nosuch")
    assert message.startswith("error: Internal error occurred: error executing command in container: failed to exec in")
    assert message.endswith(
        'unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown\n'
    )


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: command.name)
def test_conditions_of_refusals_name_flags(command: Command) -> None:
    own = {*command.flag_set.flags, "args", "names", "arguments", "dash", "words", "changes", "stray"}
    for condition, sentence, *_ in command.refuse:
        terms = [re.fullmatch(r"!?(?:given:)?([\w-]+)(?:(?:!?=|<|>).*)?", term) for term in condition.split()]
        assert {term[1] if term else condition for term in terms} <= own
        assert set(re.findall(r"\{([\w-]+)\}", sentence)) <= own
