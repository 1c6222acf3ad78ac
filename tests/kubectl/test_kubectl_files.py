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


@pytest.mark.parametrize(("text", "screen"), ROWS["a_stream_of_documents_is_created_one_by_one"])
def test_a_stream_of_documents_is_created_one_by_one(learner: Learner, text: str, screen: str) -> None:
    learner.session.write_file("x", text)
    assert learner.session.run(READ).screen == screen


@pytest.mark.parametrize(("text", "refusal"), ROWS["a_file_that_cannot_be_parsed_is_refused"])
def test_a_file_that_cannot_be_parsed_is_refused(learner: Learner, text: str, refusal: str) -> None:
    learner.session.write_file("x", text)
    assert learner.fails(READ) == f"error: {refusal}\n"


@pytest.mark.parametrize(("text", "refusal"), ROWS["an_object_that_is_not_valid_is_refused"])
def test_an_object_that_is_not_valid_is_refused(learner: Learner, text: str, refusal: str) -> None:
    learner.session.write_file("x", text)
    assert learner.fails("kubectl create -f x") == f"error: {refusal}\n"
