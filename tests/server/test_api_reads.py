"""Reads of the served API, as whole responses: discovery, objects, lists, tables, logs, reviews."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kubesim.api import load_yaml
from kubesim.api.resources import RESOURCES
from tests.learner import rows
from tests.server.caller import CORE, TABLE, Caller, status

ROWS = rows(__file__)

MAPS = f"{CORE}/configmaps"
JANE = {"impersonate-user": "jane"}
# Lines that fill the cluster.
LINES = ROWS["lines"]
TEAM = "/api/v1/namespaces/team"

# Responses by subject, from answers.yaml.
ANSWERS: dict[str, Any] = load_yaml(Path(__file__).with_name("answers.yaml"))
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
# The names of the ConfigMaps in TEAM; queries of lists, with the names in their responses.
ALL = ["blue", "green", "kube-root-ca.crt", "red"]
LISTS = {
    **dict.fromkeys(("", "resourceVersion=0", "limit=2", "limit=2&continue=x", "watch=false"), ALL),
    "labelSelector=tier": ["green"],
    "labelSelector=tier%21=x": ["blue", "kube-root-ca.crt", "red"],
    "fieldSelector=metadata.name=red": ["red"],
    "labelSelector=tier=x&fieldSelector=metadata.name=red": [],
}
LOGS = ANSWERS["logs"]
REVIEWS = "/apis/authorization.k8s.io/v1/"


@pytest.fixture(scope="module")
def call() -> Caller:
    """A cluster in which LINES were run, for all tests of the module."""
    return Caller(*LINES)


@pytest.mark.parametrize("path", ANSWERS["documents"])
def test_a_document_about_the_api_is_served(path: str, call: Caller) -> None:
    assert call("GET", path) == (200, ANSWERS["documents"][path])


def test_every_group_and_type_can_be_discovered(call: Caller) -> None:
    groups = call("GET", "/apis")[1]["groups"]
    assert groups == [call("GET", f"/apis/{group['name']}")[1] for group in groups]
    versions = [group["preferredVersion"]["groupVersion"] for group in groups]
    paths = ["/api/v1", *(f"/apis/{version}" for version in versions)]
    listed = [kind["kind"] for path in paths for kind in call("GET", path)[1]["resources"] if "/" not in kind["name"]]
    assert listed == [resource.kind for resource in RESOURCES]
    older = call("GET", "/apis/autoscaling/v1")[1]
    assert older == {**call("GET", "/apis/autoscaling/v2")[1], "groupVersion": "autoscaling/v1"}


@pytest.mark.parametrize("path", ["/nope", "/apis/nope", "/apis/nope/v1", "/apis/apps/v2", "/apifoo/v1", "/api/v2"])
def test_an_unknown_path_is_not_found(path: str, call: Caller) -> None:
    assert call("GET", path) == (404, "404 page not found\n")


def test_a_subresource_that_a_type_lacks_is_not_found(call: Caller) -> None:
    code, answer = call("GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt/scale")
    assert (code, answer["message"]) == (404, "the server could not find the requested resource")


def test_characters_of_html_are_escaped_in_json() -> None:
    call = Caller("kubectl create configmap odd --from-literal=a='<&>'")
    path = "/api/v1/namespaces/default/configmaps"
    for text in (call.answer("GET", f"{path}/odd").body, call.watch(f"{path}?watch=1").lines()):
        assert rb'"\u003c\u0026\u003e"' in text


def test_a_list_at_a_future_resource_version_times_out(call: Caller) -> None:
    now = call.cluster.api.revision
    code, answer = call("GET", f"{MAPS}?resourceVersion={now + 1}")
    message = f"Timeout: Too large resource version: {now + 1}, current: {now}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version", "field": ""}]
    assert (code, answer) == (504, status(504, "Timeout", message, causes=causes))


@pytest.mark.parametrize("accept", ["text/html", "application/yaml", PARTIAL])
def test_a_response_format_that_is_not_simulated_is_refused(accept: str, call: Caller) -> None:
    message = "kubesim: answers are JSON, of whole objects or a Table; others are not part of this simulator"
    assert call("GET", MAPS, accept=accept)[1] == status(501, "NotImplemented", message)


def test_the_first_simulated_response_format_is_used(call: Caller) -> None:
    assert call("GET", f"{MAPS}", accept="application/yaml, application/json")[0] == 200


def test_a_body_in_yaml_is_read_or_refused() -> None:
    call = Caller()
    body = b"kind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n"
    code, made = call("POST", MAPS, body, content_type="application/yaml")
    assert (code, made["data"]) == (201, {"a": "b"})
    code, refused = call("POST", MAPS, b"a: [", content_type="application/yaml")
    why = "yaml: line 1: did not find expected node content"
    message = f"kubesim: a body that can't be decoded is not part of this simulator: {why}"
    assert refused == status(501, "NotImplemented", message)


def _stored(call: Caller, name: str) -> Any:
    """The ConfigMap of that name in TEAM."""
    return call("GET", f"{TEAM}/configmaps/{name}")[1]


def test_an_object_is_returned_whole(call: Caller) -> None:
    obj = _stored(call, "green")
    meta = {
        "name": "green",
        "namespace": "team",
        "labels": {"tier": "x"},
        "uid": obj["metadata"]["uid"],
        "resourceVersion": obj["metadata"]["resourceVersion"],
        "creationTimestamp": "2026-11-24T13:59:00Z",
    }
    assert obj == {"apiVersion": "v1", "kind": "ConfigMap", "data": {"color": "green"}, "metadata": meta}


def _row(cells: list[str], include: str, obj: Any) -> Any:
    """A row of a Table, with the object as `includeObject` asks for."""
    shown = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
    return {"cells": cells, **({"None": {}, "Object": {"object": obj}}.get(include, {"object": shown}))}


def _column(name: str, priority: int = 0) -> Any:
    """The definition of a Table's column; priority 1 is for `-o wide`."""
    shown = {"name": name, "type": "string", "format": "name" if name == "Name" else ""}
    return {**shown, "description": "", "priority": priority}


@pytest.mark.parametrize("include", ["", "None", "Metadata", "Object"])
def test_an_object_is_returned_as_a_table(include: str, call: Caller) -> None:
    obj = _stored(call, "green")
    assert call("GET", f"{TEAM}/configmaps/green?includeObject={include}", **TABLE) == (
        200,
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": obj["metadata"]["resourceVersion"]},
            "columnDefinitions": [_column("Name"), _column("Data"), _column("Age")],
            "rows": [_row(["green", "1", "21s"], include, obj)],
        },
    )


def test_a_list_is_returned_as_a_table_with_wide_columns(call: Caller) -> None:
    columns = [_column(name) for name in ("Name", "Ready", "Up-To-Date", "Available", "Age")]
    columns += [_column(name, 1) for name in ("Containers", "Images", "Selector")]
    assert call("GET", "/apis/apps/v1/namespaces/team/deployments?includeObject=None", **TABLE) == (
        200,
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": str(call.cluster.api.revision)},
            "columnDefinitions": columns,
            "rows": [{"cells": ["shop", "2/2", "2", "2", "21s", "nginx", "nginx", "app=shop"]}],
        },
    )


@pytest.mark.parametrize("query", LISTS)
def test_a_list_has_the_objects_that_its_query_selects(query: str, call: Caller) -> None:
    code, found = call("GET", f"{TEAM}/configmaps?{query}")
    untyped = [
        {key: value for key, value in _stored(call, name).items() if key not in ("kind", "apiVersion")}
        for name in LISTS[query]
    ]
    meta = {"resourceVersion": str(call.cluster.api.revision)}
    assert (code, found) == (200, {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": meta, "items": untyped})


def test_a_type_without_objects_has_an_empty_list(call: Caller) -> None:
    meta = {"resourceVersion": str(call.cluster.api.revision)}
    empty = {"kind": "JobList", "apiVersion": "batch/v1", "metadata": meta, "items": []}
    assert call("GET", "/apis/batch/v1/jobs") == (200, empty)
    missing = status(404, "NotFound", 'jobs.batch "x" not found', name="x", group="batch", kind="jobs")
    for method in ("GET", "DELETE"):
        assert call(method, "/apis/batch/v1/namespaces/default/jobs/x") == (404, missing)


@pytest.mark.parametrize("query", LOGS)
def test_a_log_has_the_lines_that_its_query_selects(query: str, call: Caller) -> None:
    code, answer = call("GET", f"{TEAM}/pods/talk/log?{query}")
    assert (code, re.sub("[0-9a-f]{64}", "ID", answer)) == (200, LOGS[query])


def test_a_log_of_several_containers_requires_a_container_name(call: Caller) -> None:
    containers = {
        "initContainers": [{"name": "before", "image": "busybox", "command": ["true"]}],
        "containers": [{"name": name, "image": "nginx"} for name in ("app", "side")],
    }
    call("POST", f"{TEAM}/pods", {"metadata": {"name": "two"}, "spec": containers})
    call.cluster.advance(10)
    choice = "a container name must be specified for pod two, choose one of: [before app side]"
    assert call("GET", f"{TEAM}/pods/two/log") == (400, status(400, "BadRequest", choice))
    unknown = status(400, "BadRequest", "container nosuch is not valid for pod two")
    assert call("GET", f"{TEAM}/pods/two/log?container=nosuch") == (400, unknown)


@pytest.mark.parametrize("row", ANSWERS["access"], ids=lambda row: f"{row['review']} {row['allowed']}")
def test_an_access_review_answers_as_its_row_says(row: dict[str, Any], call: Caller) -> None:
    spec, path = row["spec"], row["review"].lower() + "s"
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": row["review"], "metadata": {}, "spec": spec}
    answer = call("POST", REVIEWS + path, {"spec": spec}, **({"impersonate-user": row["as"]} if "as" in row else {}))
    assert answer == (201, {**review, "status": {"allowed": row["allowed"]}})


def test_a_rules_review_lists_the_rules_of_a_user(call: Caller) -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "team"}}
    code, found = call("POST", REVIEWS + "selfsubjectrulesreviews", review, **JANE)
    assert rule in found["status"].pop("resourceRules")
    assert found["status"].pop("nonResourceRules") is not None
    assert (code, found) == (201, {**review, "metadata": {}, "status": {"incomplete": False}})


@pytest.mark.parametrize("groups", [[], ["dev", "ops"]])
def test_a_self_subject_review_names_user_and_groups(groups: list[str], call: Caller) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    headers = {**JANE, "impersonate-group": ",".join(groups)}
    found = call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review, **headers)
    meta = {"creationTimestamp": call.cluster.clock.timestamp()}
    info = {"username": "jane", "groups": [*groups, "system:authenticated"]}
    assert found == (201, {**review, "metadata": meta, "status": {"userInfo": info}})


def test_reading_changes_nothing(call: Caller) -> None:
    before = call.cluster.api.revision
    for path in ("/api/v1/pods", "/api/v1/namespaces", f"{TEAM}/pods/talk/log", "/apis/apps/v1", f"{TEAM}/events"):
        assert call("GET", path)[0] == 200
    assert call.cluster.api.revision == before
