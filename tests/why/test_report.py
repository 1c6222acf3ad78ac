"""The explanation as Markdown for a ticket and as JSON for a program, compared whole."""

from __future__ import annotations

import json

import pytest

from kubesim.session import Session
from kubesim.why.export import explain_as_text, explain_export
from tests.learner import rows
from tests.why.making import make, pod

ROWS = rows(__file__)


def test_an_explanation_for_a_ticket() -> None:
    assert explain_as_text(ROWS["text"], form="markdown") == ROWS["markdown"]


def test_an_explanation_for_a_program() -> None:
    assert json.loads(explain_as_text(ROWS["text"], form="json")) == ROWS["json"]


def test_a_program_learns_how_many_causes_were_left_out_and_that_nothing_is_wrong() -> None:
    waits = 'Warning  Failed  pod/web-{0}  Failed to pull image "registry-{0}.example/web:1": 401 Unauthorized'
    told = json.loads(explain_as_text("\n".join(waits.format(number) for number in range(25)), form="json"))
    assert (len(told["explanations"]), told["left_out"]) == (20, 5)
    came = 'Normal  Pulled  pod/web-1  Successfully pulled image "r.example/web:1"'
    told = json.loads(explain_as_text(came, form="json"))["explanations"][0]
    assert told["cause"] == ""
    assert told["outcome"] == "The image is on the node and the container may start."
    assert told["story"][0] == "The container needs r.example/web:1, from the registry r.example."


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_answer_to_the_question_decides_the_cause(answer: str) -> None:
    assert explain_as_text(ROWS["text"], answer=answer) == ROWS[answer]


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_the_terminal_prints_each_form(form: str) -> None:
    session = Session()
    session.write_file("case.txt", ROWS["text"])
    assert session.run(f"kubesim why -f case.txt -o {form}").stdout == explain_as_text(ROWS["text"], form=form)
    assert session.run("kubesim why -f case.txt -o xml").exit_code == 2


def test_an_explanation_of_the_learners_cluster_for_a_ticket() -> None:
    session = Session()
    session.run("kubectl run web --image=registry.example.com/myapp:1.0; sleep 5")
    assert session.run("why web -o markdown").stdout == ROWS["here"]


def test_a_verdict_is_wrapped_at_a_terminals_width_and_commands_are_not() -> None:
    message = 'Failed to pull image "registry.example.com/team/app:1.0": unauthorized: authentication required'
    wide, narrow = explain_export([message]).render(), explain_export([message]).render(width=50)
    assert narrow.split() == wide.split()
    first, *further = narrow.partition("\nThe evidence")[0].splitlines()
    assert len(further) >= 2
    assert max(len(line) for line in [first, *further]) <= 50
    commands = [line for line in wide.splitlines() if line.lstrip().startswith("$ ")]
    assert commands
    assert [line for line in narrow.splitlines() if line.lstrip().startswith("$ ")] == commands


@pytest.mark.parametrize("wait", [3, 20, 90])
def test_a_described_pod_lists_the_secret_that_its_events_miss(wait: int) -> None:
    """`describe` doesn't print the list of pull secrets."""
    session = make([], pod(secrets=["regcred"]), wait=wait)
    told = explain_as_text(session.run("kubectl describe pod web").stdout)
    assert told.startswith("What's wrong (most likely): The kubelet couldn't get the Secret regcred (FailedToRetrieve")
    assert "the Pod lists no pull secret" not in told
