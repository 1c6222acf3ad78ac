"""Any request gets a code below 500 (or 501) and valid JSON, and the invariants of the cluster hold afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kubesim.api import decoding, load_yaml
from kubesim.api.budget import Budget
from kubesim.api.errors import StatusError
from kubesim.api.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    POD,
    RESOURCES,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
    Resource,
    find_kind,
)
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.server import API, protobuf
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch as ServedWatch
from tests.robustness.files import MANIFESTS, patch_documents
from tests.robustness.garbage import WRONG, garbage, wrong
from tests.robustness.probe import Probe
from tests.server.caller import PATCHES, TABLE, Caller
from tests.server.wire import message

# Three tenths of the profile's examples (tests/conftest.py), because each takes a cluster.
robust = settings(
    max_examples=settings.default.max_examples * 3 // 10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# Names of objects in the cluster of probe.WORLD, and parts of objects.
NAMES = ["web", "shop", "plain", "settings", "builder", "reader", "readers", "team", "default", "crash", "done"]
PARTS = ["log", "scale", "status", "exec", "token", "finalize", "eviction", "x", ""]
words = st.one_of(st.sampled_from(NAMES), garbage)
SIMULATED = [resource for resource in RESOURCES if resource.simulated]

# Values and names of query parameters.
VALUES = ["", "0", "1", "-1", "true", "All", "Strict", "Warn", "x", "9" * 30, "²", "a=b", "a in (", "metadata.name=web"]
PARAMETERS = [
    *("limit", "continue", "watch", "resourceVersion", "timeoutSeconds", "labelSelector", "fieldSelector", "dryRun"),
    *("fieldValidation", "includeObject", "gracePeriodSeconds", "propagationPolicy", "tailLines", "previous"),
    *("container", "limitBytes", "sendInitialEvents", "allowWatchBookmarks", "sinceSeconds"),
]
queries = st.dictionaries(st.sampled_from(PARAMETERS), st.one_of(st.sampled_from(VALUES), garbage), max_size=3)
headers = st.one_of(
    st.sampled_from([{}, TABLE, {"impersonate-user": "jane"}, *PATCHES.values()]),
    st.dictionaries(
        st.sampled_from(["accept", "content-type", "impersonate-user", "impersonate-uid"]),
        st.one_of(garbage, st.sampled_from([protobuf.MEDIA_TYPE, "application/apply-patch+yaml", "application/json"])),
    ),
)
# Fields of DeleteOptions.
OPTIONS = ["gracePeriodSeconds", "propagationPolicy", "preconditions", "dryRun", "orphanDependents", "kind"]
values = st.one_of(
    wrong,
    st.sampled_from(list(MANIFESTS.values())),
    patch_documents,
    st.builds(lambda key, value: {key: value}, st.sampled_from(["spec", "metadata", "data", "rules", *OPTIONS]), wrong),
    st.builds(lambda value: {"spec": {"replicas": value, "resourceAttributes": value, "namespace": value}}, wrong),
)
bodies = st.one_of(
    values.map(lambda value: json.dumps(value).encode("utf-8", "replace")),
    st.binary(max_size=40),
    st.integers(1, 1000).map(lambda depth: b'{"spec":' * depth + b"1" + b"}" * depth),
)
few = st.dictionaries(st.sampled_from(PARAMETERS), st.sampled_from(VALUES), max_size=1)
plain: st.SearchStrategy[dict[str, str]] = st.just({})
manifests = st.sampled_from([*MANIFESTS.values(), {}]).flatmap(
    lambda obj: st.builds(
        lambda more: {**obj, **more}, st.dictionaries(st.sampled_from(list(obj) or ["a"]), wrong, max_size=1)
    )
)
dumped = manifests.map(lambda obj: json.dumps(obj).encode("utf-8", "replace"))
changes = st.one_of(patch_documents, manifests).map(lambda value: json.dumps(value).encode("utf-8", "replace"))
options = st.dictionaries(
    st.sampled_from(OPTIONS), st.one_of(wrong, st.sampled_from(["Orphan", 0, 5, ["All"]])), max_size=2
)
admin = st.just(ADMIN)
# Paths to which reviews are posted, and fields of their specs.
REVIEWS = [
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    *(f"/apis/authorization.k8s.io/v1/{kind}" for kind in ("selfsubjectaccessreviews", "subjectaccessreviews")),
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
]
_SPECS = ("user", "groups", "extra", "uid", "namespace", "resourceAttributes", "nonResourceAttributes")
_ATTRIBUTES = ("namespace", "verb", "group", "version", "resource", "subresource", "name", "fieldSelector")
# An object of each kind that kubectl sends in protobuf.
SAMPLES = {obj["kind"]: obj for obj in load_yaml(Path(__file__).with_name("samples.yaml"))["protobuf"]}


def _path(resource: Resource, namespace: str | None, *rest: str) -> str:
    """A path of the API: of the collection, or with `rest` of an object or a part of it. None leaves out namespaces."""
    place = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    return "/".join([place, *(() if namespace is None else ("namespaces", namespace)), resource.plural, *rest])


def _usual_path(resource: Resource, *rest: str) -> str:
    """A path in the default namespace, or in none for a type that isn't namespaced."""
    return _path(resource, "default" if resource.namespaced else None, *rest)


collections = st.builds(_usual_path, st.sampled_from(SIMULATED))
objects = st.sampled_from(
    [
        *(_usual_path(POD, name) for name in ("web", "denied", "done", "crash")),
        *(_usual_path(SECRET, name) for name in ("good", "plain")),
        *(_usual_path(DEPLOYMENT, "shop", *part) for part in ((), ("scale",))),
        *(_usual_path(NAMESPACE, name) for name in ("team", "default")),
        *(f"/api/v1/namespaces/default/pods/{name}/log" for name in ("web", "done", "denied")),
        _usual_path(SERVICE_ACCOUNT, "builder"),
        _usual_path(CONFIG_MAP, "settings"),
        _usual_path(ROLE, "reader"),
        _usual_path(ROLE_BINDING, "readers"),
    ]
)
odd_paths = st.one_of(
    st.builds(
        lambda resource, namespace, rest: _path(resource, namespace, *rest),
        st.sampled_from(RESOURCES),
        st.one_of(st.just("default"), st.none(), words),
        st.one_of(st.just(()), st.tuples(words), st.tuples(words, st.sampled_from(PARTS))),
    ),
    st.lists(st.one_of(st.sampled_from(["", "api", "apis", "v1", "apps", "openapi", "v3", "version"]), words)).map(
        lambda parts: "/" + "/".join(parts)
    ),
)
requests = st.one_of(
    st.builds(Request, admin, st.just("POST"), collections, few, plain, dumped),
    st.builds(
        Request, st.just(ADMIN), st.just("PATCH"), objects, few, st.sampled_from(list(PATCHES.values())), changes
    ),
    st.builds(Request, admin, st.just("PUT"), objects, few, plain, dumped),
    st.builds(Request, admin, st.just("GET"), st.one_of(collections, objects), queries, headers),
    st.builds(
        Request,
        admin,
        st.just("DELETE"),
        st.one_of(objects, collections),
        few,
        plain,
        options.map(lambda value: json.dumps(value).encode("utf-8", "replace")),
    ),
    st.builds(
        Request,
        admin,
        st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"]),
        st.one_of(collections, objects, odd_paths),
        queries,
        headers,
        bodies,
        st.one_of(st.just(()), st.just(()), st.lists(garbage, max_size=2).map(tuple)),
    ),
)


def _no_constant(name: str) -> Any:
    """Fail for NaN and Infinity, which aren't JSON."""
    raise AssertionError(name)


def _check(answer: Response | ServedWatch, may_fail: bool = False) -> None:
    """Assert that a response is valid. It may have a code of 500 if it `may_fail`.

    Kubernetes itself answers some strategic merge patches with an InternalError.
    """
    if isinstance(answer, ServedWatch):
        for line in answer.lines().splitlines():
            json.loads(line, parse_constant=_no_constant)
        return
    assert answer.code < 500 or answer.code == 501 or may_fail, answer.content
    if answer.content_type.startswith("application/json"):
        found = json.loads(answer.body, parse_constant=_no_constant)
        assert answer.code < 400 or (found["kind"], found["code"]) == ("Status", answer.code)


@robust
@given(st.lists(requests, min_size=1, max_size=8))
def test_any_request_is_answered_and_keeps_the_invariants(asked: list[Request]) -> None:
    probe = Probe()
    cluster = probe.session.cluster
    api = API(cluster)
    for request in asked:
        before = cluster.api.revision
        answer = api.answer(request)
        _check(answer, request.content_type == "application/strategic-merge-patch+json")
        is_done = isinstance(answer, Response) and answer.code < 300 and request.is_write
        assert is_done or cluster.api.revision == before
        probe.watch.check()
        probe.session.advance(0.1)
    probe.settle()


@pytest.mark.parametrize("path", REVIEWS)
def test_a_review_with_a_wrong_value_in_any_field_is_answered(path: str) -> None:
    call = Caller()
    for value in WRONG:
        for body in (
            value,
            {"spec": value},
            {"metadata": value, "kind": value, "apiVersion": value},
            *({"spec": {key: value}} for key in _SPECS),
            *({"spec": {"user": "a", "resourceAttributes": {key: value}}} for key in _ATTRIBUTES),
        ):
            _check(call.answer("POST", path, json.dumps(body).encode("utf-8", "replace")))


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_object_in_protobuf_is_stored_like_the_same_object_in_json(kind: str) -> None:
    obj = SAMPLES[kind]
    assert protobuf.decode(message(obj), Budget()) == obj
    resource = find_kind(obj["apiVersion"], kind)
    assert resource
    place = f"/apis/{resource.api_version}" if resource.group else "/api/v1"
    path = f"{place}/namespaces/default/{resource.plural}" if resource.namespaced else f"{place}/{resource.plural}"
    code, made = Caller()("POST", path, message(obj), **{"content-type": protobuf.MEDIA_TYPE})
    assert (code, made) == (201, Caller()("POST", path, obj)[1])


@robust
@given(st.sampled_from(list(SAMPLES)), st.data())
def test_damaged_protobuf_is_decoded_or_refused(kind: str, data: st.DataObject) -> None:
    raw = bytearray(message(SAMPLES[kind]))
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=3)):
        raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))
    _decode(bytes(raw[:cut]))


@robust
@given(st.binary(max_size=60))
@example(b"\x0a\x04\x0a\x00\x12\x00")
def test_any_bytes_as_protobuf_are_decoded_or_refused(raw: bytes) -> None:
    _decode(b"k8s\0" + raw)
    _decode(raw)


def _decode(raw: bytes) -> None:
    """Assert that bytes are decoded, or refused as a bad request."""
    code = 400
    try:
        obj = protobuf.decode(raw, Budget())
        json.dumps(obj)
        decoding.decode(find_kind(obj["apiVersion"], obj["kind"]) or CONFIG_MAP, obj, strict=False)
    except StatusError as error:
        code = error.code
    assert code == 400
