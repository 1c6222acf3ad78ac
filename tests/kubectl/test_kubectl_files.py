"""Manifests: how kubectl reads YAML and JSON, and its words for what it cannot read."""

from __future__ import annotations

import json

import pytest

from tests.learner import Learner, rows

ROWS = rows(__file__)

A, B = ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in "ab")
READ = "kubectl label --local -f x l=1"


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


def test_a_kind_in_small_letters_is_refused_by_the_server(learner: Learner) -> None:
    learner.session.write_file("x", "apiVersion: v1\nkind: pod\nmetadata: {name: a}\n")
    assert learner("kubectl create -f x --dry-run=client") == "pod/a created (dry run)\n"
    assert learner.fails("kubectl apply -f x") == (
        'Error from server (BadRequest): error when creating "x": pod in version "v1" cannot be handled as a Pod: no '
        'kind "pod" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"\n'
    )


def test_several_errors_stand_without_the_word_error(learner: Learner) -> None:
    learner.session.write_file("x", "apiVersion: v1\n---\napiVersion: v1\nkind: Pods\nmetadata: {name: a}\n")
    message = (
        'unable to decode "x": Object \'Kind\' is missing in \'{"apiVersion":"v1"}\'\n'
        'resource mapping not found for name: "a" namespace: "" from "x": no matches for kind "Pods" in version "v1"\n'
        "ensure CRDs are installed first\n"
    )
    assert learner.fails("kubectl create -f x --validate=false") == message
    assert learner.fails("kubectl get -f x") == message


def test_labels_choose_among_the_objects_of_files(learner: Learner) -> None:
    labelled = {**A, "metadata": {"name": "a", "labels": {"app": "web"}}}
    learner.session.write_file("x", json.dumps(labelled) + json.dumps(B))
    assert learner("kubectl create -f x -l app=web") == "configmap/a created\n"
