"""Manifests: how kubectl reads YAML and JSON, and its words for what it cannot read."""

from __future__ import annotations

import json

import pytest

from tests.learner import Learner, rows

ROWS = rows(__file__)

READ = "kubectl create -f x --validate=false --dry-run=client"


@pytest.mark.parametrize(("text", "value"), ROWS["scalars_are_those_of_goyaml"])
def test_scalars_are_those_of_goyaml(learner: Learner, text: str, value: object) -> None:
    learner.session.write_file("x", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nx: {text}\n")
    assert json.loads(learner(f"{READ} -o json"))["x"] == value


@pytest.mark.parametrize(("text", "screen"), ROWS["streams_of_documents"])
def test_streams_of_documents(learner: Learner, text: str, screen: str) -> None:
    learner.session.write_file("x", text)
    assert learner.session.run(READ).screen == screen


@pytest.mark.parametrize(("text", "refusal"), ROWS["what_cannot_be_read"])
def test_what_cannot_be_read(learner: Learner, text: str, refusal: str) -> None:
    learner.session.write_file("x", text)
    assert learner.fails(READ) == f"error: {refusal}\n"


@pytest.mark.parametrize(("text", "refusal"), ROWS["what_does_not_pass_validation"])
def test_what_does_not_pass_validation(learner: Learner, text: str, refusal: str) -> None:
    learner.session.write_file("x", text)
    assert learner.fails("kubectl create -f x") == f"error: {refusal}\n"
