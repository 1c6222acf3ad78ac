"""Manifests: how kubectl reads YAML and JSON, and its words for what it cannot read."""

from __future__ import annotations

import json

import pytest

from tests.learner import Learner

PARSING = "error parsing x: error converting YAML to JSON: yaml: "
VALIDATING = 'error validating "x": error validating data: '
ADVICE = "; if you choose to ignore these errors, turn validation off with --validate=false"
A, B = ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in "ab")
READ = "kubectl label --local -f x l=1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[y, n, Y, NO, on, TRUE, off1]", [True, False, True, False, True, True, "off1"]),
        ("[0o17, 017, 1_0, 0x1F, 0b10, +5, 0o8, 08]", [15, 15, 10, 31, 2, 5, "0o8", 8]),
        ("[.5e3, 1e3, +.5, 1., 1_000.5, ._5, 1e400]", [500, 1000, 0.5, 1, 1000.5, "._5", "1e400"]),
        ("[1:30, 2001-01-01, =, <<, ~, Null, '']", ["1:30", "2001-01-01", "=", "<<", None, None, ""]),
        ("[!!str 5, !!int '5', !!float 5]", ["5", 5, 5]),
        ("{1.5: a, 010: b, y: c, no: d}", {"1.5": "a", "8": "b", "true": "c", "false": "d"}),
        ("{a: 1, a: 2}", {"a": 2}),
    ],
)
def test_scalars_are_those_of_goyaml(learner: Learner, text: str, value: object) -> None:
    learner.session.write_file("x", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nx: {text}\n")
    assert json.loads(learner(f"{READ} -o json"))["x"] == value


@pytest.mark.parametrize(
    ("text", "screen"),
    [
        (f"{json.dumps(A)}\n{json.dumps(B)}\n", "configmap/a labeled\nconfigmap/b labeled\n"),
        (f"{json.dumps(A)}\n---\n{json.dumps(B)}\n", "configmap/a labeled\nconfigmap/b labeled\n"),
        ('{"apiVersion": v1, "kind": "ConfigMap", "metadata": {"name": "a",}}', "configmap/a labeled\n"),
        (
            f"{json.dumps(A)}\n---\na: [\n",
            f"configmap/a labeled\nerror: {PARSING}line 1: did not find expected node content\n",
        ),
        (
            '{"kind": "Pod" "a"}',
            "error: error parsing x: json: offset 16: invalid character '\"' after object key:value pair\n",
        ),
        ('{"kind": "Pod"', "error: error parsing x: unexpected EOF\n"),
    ],
)
def test_streams_of_documents(learner: Learner, text: str, screen: str) -> None:
    learner.session.write_file("x", text)
    assert learner.session.run(READ).screen == screen


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("a: b: c\n", PARSING + "mapping values are not allowed in this context"),
        ("a\nb: c\n", PARSING + "line 2: mapping values are not allowed in this context"),
        ("a: b\n\tc: d\n", PARSING + "line 2: found a tab character that violates indentation"),
        ("a:\n\tb: c\n", PARSING + "line 2: found character that cannot start any token"),
        ("a: b\nc\nd: e\n", PARSING + "line 3: could not find expected ':'"),
        ("a:\n  b: c\n d: e\n", PARSING + "line 2: did not find expected key"),
        ("- a\nb: c\n", PARSING + "line 1: did not find expected '-' indicator"),
        ('a: "\n', PARSING + "line 2: found unexpected end of stream"),
        ("a: *nope\n", PARSING + "unknown anchor 'nope' referenced"),
        ("a: !!int x\n", PARSING + "cannot decode a value as its tag says"),
        ("x: {<<: 5}\n", PARSING + "map merge requires map or sequence of maps as the value"),
        ("[a]: b\n", PARSING + 'invalid map key: []interface {}{"a"}'),
        ("~: b\n", PARSING + "invalid map key: interface {}(nil)"),
        ("a: !odd b\n", PARSING + "could not determine a constructor for the tag '!odd'"),
        (
            "just text\n",
            'unable to decode "x": json: cannot unmarshal string into Go value of type unstructured.detector',
        ),
        ("a: b\n", 'unable to decode "x": Object \'Kind\' is missing in \'{"a":"b"}\''),
    ],
)
def test_what_cannot_be_read(learner: Learner, text: str, refusal: str) -> None:
    learner.session.write_file("x", text)
    assert learner.fails(READ) == f"error: {refusal}\n"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("just text\n", VALIDATING + "invalid object to validate" + ADVICE),
        ("apiVersion: v1\n", VALIDATING + "kind not set" + ADVICE),
        ("a: b\n", VALIDATING + "[apiVersion not set, kind not set]" + ADVICE),
        ("apiVersion: 1\nkind: Pod\n", VALIDATING + "apiVersion isn't string type" + ADVICE),
        (
            "apiVersion: v1\nkind: Pods\nmetadata: {name: a}\n",
            'resource mapping not found for name: "a" namespace: "" from "x": '
            'no matches for kind "Pods" in version "v1"\nensure CRDs are installed first',
        ),
    ],
)
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
    told = (
        'unable to decode "x": Object \'Kind\' is missing in \'{"apiVersion":"v1"}\'\n'
        'resource mapping not found for name: "a" namespace: "" from "x": no matches for kind "Pods" in version "v1"\n'
        "ensure CRDs are installed first\n"
    )
    assert learner.fails("kubectl create -f x --validate=false") == told
    assert learner.fails("kubectl get -f x") == told


def test_labels_choose_among_the_objects_of_files(learner: Learner) -> None:
    labelled = {**A, "metadata": {"name": "a", "labels": {"app": "web"}}}
    learner.session.write_file("x", json.dumps(labelled) + json.dumps(B))
    assert learner("kubectl create -f x -l app=web") == "configmap/a created\n"
