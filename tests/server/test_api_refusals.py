# ruff: noqa: E501
"""Every kind of refusal: the Status that says so, whole. None stands for one whose words others test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.caller import CORE, PATCHES, Caller, status
from tests.server.test_api_writes import MAP, MAPS, SHOP, WORLD

JANE = {"impersonate-user": "jane"}
REVIEWS = "/apis/authorization.k8s.io/v1/"
SUPPORTED_PATCHES = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json"


@pytest.fixture(scope="module")
def world() -> Caller:
    """A cluster in which everything is refused."""
    return Caller(*WORLD)


def _bad(message: str) -> Any:
    return status(400, "BadRequest", message)


def _invalid(message: str, kind: str, body: str, field: str, reason: str = "FieldValueInvalid", **more: str) -> Any:
    causes = [{"reason": reason, "message": body, "field": field}]
    return status(422, "Invalid", f"{message} is invalid: {field}: {body}", kind=kind, causes=causes, **more)


def _option(kind: str, field: str, body: str, reason: str = "FieldValueNotSupported") -> Any:
    return _invalid(f'{kind}.meta.k8s.io ""', kind, body, field, reason, group="meta.k8s.io")


NOT_ALLOWED = status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
MISSING = "the object provided is unrecognized (must be of type JSON): "
POLICY = 'Invalid value: "x": DeletionPropagation need to be one of "Foreground", "Background", "Orphan" or nil'
FORMAT = "the body of the request was in an unknown format - accepted media types include: "
WHOLE = 'strconv.ParseInt: parsing "x": invalid syntax'
HUGE = "9" * 5000


def _not_here(what: str, verb: str = "is") -> Any:
    return status(501, "NotImplemented", f"kubesim: {what} {verb} not part of this simulator")


def _cannot(verb: str, plural: str, where: str = 'in the namespace "default"', group: str = "", **more: str) -> Any:
    name = f"{plural}{'.' + group if group else ''}" + (f' "{more["name"]}"' if "name" in more else "")
    why = f'User "jane" cannot {verb} resource "{plural}" in API group "{group}" {where}'
    named = {"group": group} if group else {}
    return status(403, "Forbidden", f"{name} is forbidden: {why}", kind=plural, **named, **more)


# fmt: off
REFUSED: list[tuple[str, str, Any, dict[str, str], Any]] = [
    # what is not there, or there already
    ("GET", f"{MAPS}/x", b"", {}, status(404, "NotFound", 'configmaps "x" not found', name="x", kind="configmaps")),
    ("PUT", f"{MAPS}/x", {"metadata": {"name": "x"}}, {}, status(404, "NotFound", 'configmaps "x" not found', name="x", kind="configmaps")),
    ("POST", "/api/v1/namespaces/x/configmaps", MAP, {}, status(404, "NotFound", 'namespaces "x" not found', name="x", kind="namespaces")),
    ("POST", MAPS, MAP, {}, status(409, "AlreadyExists", 'configmaps "m" already exists', name="m", kind="configmaps")),
    # methods
    ("POST", f"{MAPS}/m", MAP, {}, NOT_ALLOWED),
    ("PUT", MAPS, MAP, {}, NOT_ALLOWED),
    ("PATCH", MAPS, {}, PATCHES["merge"], NOT_ALLOWED),
    ("TRACE", MAPS, b"", {}, NOT_ALLOWED),
    ("POST", "/api/v1/configmaps", MAP, {}, NOT_ALLOWED),
    ("DELETE", "/api/v1/configmaps", b"", {}, NOT_ALLOWED),
    ("DELETE", "/api/v1/namespaces", b"", {}, NOT_ALLOWED),
    ("POST", "/apis/apps/v1", b"", {}, NOT_ALLOWED),
    ("DELETE", "/version", b"", {}, NOT_ALLOWED),
    ("GET", REVIEWS + "selfsubjectaccessreviews", b"", {}, NOT_ALLOWED),
    ("DELETE", f"{SHOP}/scale", b"", {}, NOT_ALLOWED),
    # what is not simulated
    ("POST", "/apis/batch/v1/namespaces/default/jobs", {}, {}, _not_here("objects of type jobs.batch", "are")),
    ("GET", "/apis/coordination.k8s.io/v1/leases", b"", {}, _not_here("objects of type leases.coordination.k8s.io", "are")),
    ("GET", "/apis/coordination.k8s.io/v1/leases?watch=1", b"", {}, _not_here("objects of type leases.coordination.k8s.io", "are")),
    ("PATCH", f"{MAPS}/m", b"{}", {"content-type": "application/apply-patch+yaml"}, _not_here("server-side apply")),
    ("PUT", f"{CORE}/pods/web/status", {}, {}, _not_here("pods/status")),
    ("POST", f"{CORE}/pods/web/attach", b"", {}, _not_here("pods/attach")),
    ("GET", f"{CORE}/pods/web/portforward", b"", {}, _not_here("pods/portforward")),
    ("POST", f"{CORE}/pods/web/eviction", {}, {}, _not_here("pods/eviction")),
    ("PUT", f"{CORE}/serviceaccounts/builder/token", {}, {}, NOT_ALLOWED),
    ("GET", f"{CORE}/pods/web/log?sinceTime=x", b"", {}, _not_here("sinceTime of logs")),
    ("GET", MAPS, b"", {"impersonate-user": "a", "impersonate-uid": "1"}, _not_here("impersonating more than a user and groups")),
    # bodies
    ("POST", MAPS, b"", {}, _bad(MISSING + "unexpected end of JSON input")),
    ("POST", MAPS, b"{", {}, _bad(MISSING + "unexpected end of JSON input")),
    ("POST", MAPS, b"[]", {}, _bad("the object provided is unrecognized (must be of type Object)")),
    ("POST", MAPS, b"\xff", {}, _bad(MISSING + "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte")),
    ("POST", MAPS, b'{"a":1e999}', {}, _bad(MISSING + "json: a number is out of range")),
    ("POST", MAPS, b'{"a":' * 200 + b"1" + b"}" * 200, {}, _not_here("a body of more than 30000 values, or of more than 100 one in the other,")),
    ("POST", MAPS, MAP, {"content-type": "text/plain"}, status(415, "UnsupportedMediaType", FORMAT + "application/json, application/vnd.kubernetes.protobuf")),
    ("PATCH", f"{MAPS}/m", {}, {}, status(415, "UnsupportedMediaType", FORMAT + SUPPORTED_PATCHES)),
    ("PATCH", f"{SHOP}/scale", {}, {}, status(415, "UnsupportedMediaType", FORMAT + SUPPORTED_PATCHES)),
    ("PATCH", f"{MAPS}/m", b"{", PATCHES["merge"], _bad("unexpected end of JSON input")),
    ("PATCH", f"{MAPS}/m", [], PATCHES["merge"], _bad("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")),
    ("POST", MAPS, {**MAP, "kind": "Pod"}, {}, _bad('Pod in version "v1" cannot be handled as a ConfigMap: converting to ConfigMap')),
    ("POST", MAPS, {"metadata": {"name": "n", "namespace": "x"}}, {}, _bad("the namespace of the provided object does not match the namespace sent on the request")),
    ("POST", MAPS, {"metadata": {"name": "n", "namespace": 5}}, {}, _bad('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.namespace of type string')),
    ("POST", MAPS, {"metadata": 5}, {}, _bad('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.metadata of type v1.ObjectMeta')),
    ("PUT", f"{MAPS}/m", {"metadata": {"name": "n"}}, {}, _bad("the name of the object (n) does not match the name on the URL (m)")),
    ("POST", MAPS, {"metadata": {"name": "n"}, "data": {"a/b": "c"}}, {}, _invalid('ConfigMap "n"', "ConfigMap", "Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')", "data[a/b]", name="n")),
    # options
    ("POST", f"{MAPS}?dryRun=x", MAP, {}, _option("CreateOptions", "dryRun", 'Unsupported value: ["x"]: supported values: "All"')),
    ("PUT", f"{MAPS}/m?dryRun=x", MAP, {}, _option("UpdateOptions", "dryRun", 'Unsupported value: ["x"]: supported values: "All"')),
    ("PATCH", f"{MAPS}/m?fieldValidation=x", {}, PATCHES["merge"], _option("PatchOptions", "fieldValidation", 'Unsupported value: "x": supported values: "Ignore", "Strict", "Warn"')),
    ("DELETE", f"{MAPS}/m?dryRun=x", b"", {}, _option("DeleteOptions", "dryRun", 'Unsupported value: ["x"]: supported values: "All"')),
    ("DELETE", f"{MAPS}/m", {"dryRun": ["x"]}, {}, _option("DeleteOptions", "dryRun", 'Unsupported value: ["x"]: supported values: "All"')),
    ("DELETE", f"{MAPS}/m", {"propagationPolicy": "x"}, {}, _option("DeleteOptions", "propagationPolicy", POLICY, "FieldValueInvalid")),
    ("DELETE", f"{MAPS}?propagationPolicy=x", b"", {}, _option("DeleteOptions", "propagationPolicy", POLICY, "FieldValueInvalid")),
    ("DELETE", f"{MAPS}/m?gracePeriodSeconds=x", b"", {}, _bad(WHOLE)),
    ("DELETE", f"{MAPS}/m", {"gracePeriodSeconds": "x"}, {}, _bad("DeleteOptions cannot be decoded: json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64")),
    ("DELETE", f"{MAPS}/m", {"preconditions": []}, {}, _bad("DeleteOptions cannot be decoded: json: cannot unmarshal array into Go struct field DeleteOptions.preconditions of type v1.Preconditions")),
    ("DELETE", f"{MAPS}/m", MAP, {}, _bad("no kind DeleteOptions is in the body of the request")),
    ("GET", f"{MAPS}?limit=x", b"", {}, _bad(WHOLE)),
    ("GET", f"{MAPS}?limit={HUGE}", b"", {}, _bad(f'strconv.ParseInt: parsing "{HUGE}": value out of range')),
    ("GET", f"{MAPS}?limit=%C2%B2", b"", {}, _bad('strconv.ParseInt: parsing "²": invalid syntax')),
    ("GET", f"{MAPS}?resourceVersion=x", b"", {}, _bad(WHOLE)),
    ("GET", f"{MAPS}?watch=1&resourceVersion=x", b"", {}, _bad(WHOLE)),
    ("GET", f"{MAPS}?watch=1&timeoutSeconds=x", b"", {}, _bad(WHOLE)),
    ("GET", f"{MAPS}?includeObject=x", b"", {}, _bad('unrecognized includeObject value: "x"')),
    ("POST", f"{MAPS}?includeObject=x", {"metadata": {"name": "n"}}, {}, _bad('unrecognized includeObject value: "x"')),
    ("GET", f"{MAPS}?labelSelector=a=(", b"", {}, None),
    ("GET", f"{MAPS}?watch=1&labelSelector=a=(", b"", {}, None),
    ("GET", f"{MAPS}?fieldSelector=data.a=b", b"", {}, _bad("field label not supported: data.a")),
    # logs
    ("GET", f"{CORE}/pods/x/log", b"", {}, status(404, "NotFound", 'pods "x" not found', name="x", kind="pods")),
    ("GET", f"{CORE}/pods/web/log?container=x", b"", {}, _bad("container x is not valid for pod web")),
    ("GET", f"{CORE}/pods/web/log?previous=1", b"", {}, _bad('previous terminated container "web" in pod "web" not found')),
    ("GET", f"{CORE}/pods/web/log?tailLines=-1", b"", {}, _invalid('PodLogOptions "web"', "PodLogOptions", "Invalid value: -1: must be greater than or equal to 0", "tailLines", name="web")),
    ("GET", f"{CORE}/pods/web/log?limitBytes=0", b"", {}, _invalid('PodLogOptions "web"', "PodLogOptions", "Invalid value: 0: must be greater than 0", "limitBytes", name="web")),
    # scale
    ("PUT", f"{SHOP}/scale", {"spec": {"replicas": "3"}}, {}, _bad("a Scale has a whole number in spec.replicas")),
    ("PUT", f"{SHOP}/scale", {"spec": []}, {}, _bad("a Scale has a whole number in spec.replicas")),
    ("PUT", f"{SHOP}/scale", {"spec": {"replicas": 1 << 31}}, {}, _bad("a Scale has a whole number in spec.replicas")),
    ("PUT", f"{SHOP}/scale", {"spec": {"replicas": -1}}, {}, _invalid('Scale.autoscaling "shop"', "Scale", "Invalid value: -1: must be greater than or equal to 0", "spec.replicas", name="shop", group="autoscaling")),
    # reviews
    ("POST", REVIEWS + "selfsubjectrulesreviews", {}, {}, _bad("no namespace on request")),
    ("POST", REVIEWS + "selfsubjectaccessreviews", {"spec": 5}, {}, _bad('SelfSubjectAccessReview in version "authorization.k8s.io/v1" cannot be handled as a SelfSubjectAccessReview: json: cannot unmarshal number into Go struct field SelfSubjectAccessReview.spec of type v1.SelfSubjectAccessReviewSpec')),
    ("POST", REVIEWS + "subjectaccessreviews", {"spec": {"user": "a"}}, {}, _invalid('SubjectAccessReview.authorization.k8s.io ""', "SubjectAccessReview", "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified", "spec.resourceAttributes", group="authorization.k8s.io")),
    ("POST", REVIEWS + "subjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "get"}}}, {}, _invalid('SubjectAccessReview.authorization.k8s.io ""', "SubjectAccessReview", 'Invalid value: "": at least one of user or group must be specified', "spec.user", group="authorization.k8s.io")),
    ("POST", REVIEWS + "namespaces/default/localsubjectaccessreviews", {"spec": {"user": "a", "resourceAttributes": {"verb": "get"}}}, {}, _bad("spec.resourceAttributes.namespace must match namespace: default")),
    ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {}, {}, _not_here("objects of type tokenreviews.authentication.k8s.io", "are")),
    # who may not
    ("GET", MAPS, b"", {"impersonate-group": "x"}, _bad("groups or more cannot be impersonated without a user")),
    ("GET", MAPS, b"", JANE, _cannot("list", "configmaps")),
    ("GET", "/api/v1/configmaps", b"", JANE, _cannot("list", "configmaps", "at the cluster scope")),
    ("GET", f"{MAPS}?watch=1", b"", JANE, _cannot("watch", "configmaps")),
    ("GET", f"{MAPS}/x", b"", JANE, _cannot("get", "configmaps", name="x")),
    ("POST", MAPS, MAP, JANE, _cannot("create", "configmaps")),
    ("DELETE", MAPS, b"", JANE, _cannot("deletecollection", "configmaps")),
    ("DELETE", f"{MAPS}/m", {"preconditions": {"uid": "x"}}, JANE, _cannot("delete", "configmaps", name="m")),
    ("PUT", f"{SHOP}x/scale", {}, JANE, None),
    ("POST", REVIEWS + "subjectaccessreviews", {"spec": {}}, JANE, _cannot("create", "subjectaccessreviews", "at the cluster scope", "authorization.k8s.io")),
]
# fmt: on


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]} {case[1][-50:]}")
def test_refusals(case: Any, world: Caller) -> None:
    method, target, body, headers, wanted = case
    before = world.cluster.api.revision
    code, found = world(method, target, body, **headers)
    if wanted is not None:
        assert found == wanted
    assert (found["kind"], found["code"]) == ("Status", code)
    assert world.cluster.api.revision == before
    json.dumps(found).encode()
