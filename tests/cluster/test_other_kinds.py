"""Validation of Secrets, ConfigMaps, workloads and RBAC."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from kubesim.api.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
    Resource,
)
from kubesim.cluster.apiserver import validation

META = {"name": "x", "namespace": "default"}


def problems(resource: Resource, **fields: Any) -> list[str]:
    return [str(error) for error in validation.validate(resource, {"metadata": META, **fields})]


def changes(resource: Resource, old: Any, new: Any) -> list[str]:
    pair = ({"metadata": META, **new}, {"metadata": META, **old})
    return [str(error) for error in validation.validate_update(resource, *pair)]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DOCKER = "kubernetes.io/dockerconfigjson"


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("Opaque", {}, []),
        (DOCKER, {}, ["data[.dockerconfigjson]: Required value"]),
        ("kubernetes.io/dockercfg", {}, ["data[.dockercfg]: Required value"]),
        ("kubernetes.io/tls", {}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        ("kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]),
        ("kubernetes.io/basic-auth", {"password": ""}, []),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": ""}, ["data[ssh-privatekey]: Required value"]),
        (
            "kubernetes.io/service-account-token",
            {},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
    ],
)
def test_what_a_type_of_secret_needs(kind: str, data: Any, said: list[str]) -> None:
    assert problems(SECRET, type=kind, data=data) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unexpected end of JSON input"),
        ('{"auths":{}', "unexpected end of JSON input"),
        ("auths", "invalid character 'a' looking for beginning of value"),
        ('{"auths" {}}', "invalid character '{' after object key"),
        ("{'auths':{}}", "invalid character '\\'' looking for beginning of object key string"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("ü", "invalid character 'Ã' looking for beginning of value"),
    ],
)
def test_a_docker_config_must_be_json_and_its_text_is_not_told(text: str, said: str) -> None:
    found = problems(SECRET, type=DOCKER, data={".dockerconfigjson": encoded(text)})
    assert found == [f'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": {said}']


def test_keys_and_size_of_data() -> None:
    key = (
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME', "
        " or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
    )
    assert problems(SECRET, type="Opaque", data={"a b": "", "..": ""}) == [
        "data[..]: Invalid value: \"..\": must not be '..'",
        f'data[a b]: Invalid value: "a b": {key}',
    ]
    assert problems(SECRET, type="Opaque", data={"k": encoded("x" * 1048577)}) == [
        "data: Too long: may not be more than 1048576 bytes"
    ]
    assert problems(CONFIG_MAP, data={"k": "x"}, binaryData={"k": ""}) == [
        'data[k]: Invalid value: "k": duplicate of key present in binaryData'
    ]


def test_a_secret_s_type_and_an_immutable_one_stay() -> None:
    assert changes(SECRET, {"type": DOCKER}, {"type": "Opaque"}) == [
        'type: Invalid value: "Opaque": field is immutable'
    ]
    why = "Forbidden: field is immutable when `immutable` is set"
    assert changes(SECRET, {"immutable": True, "data": {"a": ""}}, {}) == [f"immutable: {why}", f"data: {why}"]
    assert changes(CONFIG_MAP, {"immutable": True}, {"immutable": True, "data": {"a": ""}}) == [f"data: {why}"]


def test_namespaces_and_service_accounts() -> None:
    namespace = {"metadata": {"name": "my.ns", "namespace": "x"}}
    assert [str(error) for error in validation.validate(NAMESPACE, namespace)] == [
        'metadata.name: Invalid value: "my.ns": must not contain dots',
        "metadata.namespace: Forbidden: not allowed on this type",
    ]
    assert problems(SERVICE_ACCOUNT, imagePullSecrets=[{"name": "Not_Checked"}]) == []


def mismatch(labels: str) -> str:
    return f"spec.template.metadata.labels: Invalid value: {labels}: `selector` does not match template `labels`"


def deployment(labels: Any = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "a", "image": "b", "imagePullPolicy": "Always", "terminationMessagePolicy": "File"}
    template = {
        "metadata": {"labels": {"app": "web"} if labels is None else labels},
        "spec": {
            "containers": [container],
            "dnsPolicy": "Default",
            "restartPolicy": spec.pop("policy", "Always"),
            "terminationGracePeriodSeconds": 30,
        },
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    selector = {"matchLabels": {"app": "web"}}
    return {"spec": {"replicas": 1, "selector": selector, "strategy": strategy, "template": template, **spec}}


@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (deployment(), []),
        (deployment(replicas=-1), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        (
            deployment(selector=None),
            [
                "spec.selector: Required value",
                mismatch('{"app":"web"}'),
            ],
        ),
        (
            deployment(selector={}),
            ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
        ),
        (
            deployment({"app": "api"}),
            [mismatch('{"app":"api"}')],
        ),
        (
            deployment(policy="Never"),
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ),
        (
            deployment(strategy={"type": "Recreate", "rollingUpdate": {}}),
            ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        ),
        (
            deployment(strategy={"type": "Slow"}),
            ['spec.strategy.type: Unsupported value: "Slow": supported values: "Recreate", "RollingUpdate"'],
        ),
    ],
)
def test_deployments(obj: Any, said: list[str]) -> None:
    assert problems(DEPLOYMENT, **obj) == said


def test_a_deployment_s_selector_stays() -> None:
    new = deployment({"app": "api"}, selector={"matchLabels": {"app": "api"}})
    assert changes(DEPLOYMENT, deployment(), new) == [
        'spec.selector: Invalid value: {"matchLabels":{"app":"api"}}: field is immutable'
    ]


def test_roles_and_bindings() -> None:
    group = "rbac.authorization.k8s.io"
    assert problems(ROLE, rules=[{"apiGroups": [""], "resources": ["pods"]}, {"verbs": ["get"]}]) == [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[1].resources: Required value: resource rules must supply at least one resource",
    ]
    reference = {"apiGroup": group, "kind": "Role", "name": "a"}
    assert problems(ROLE_BINDING, roleRef=reference, subjects=[{"kind": "Robot", "name": "r"}]) == [
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'
    ]
    other = {"apiGroup": group, "kind": "Role", "name": "b"}
    assert changes(ROLE_BINDING, {"roleRef": reference}, {"roleRef": other}) == [
        f'roleRef: Invalid value: {{"apiGroup":"{group}","kind":"Role","name":"b"}}: cannot change roleRef'
    ]
