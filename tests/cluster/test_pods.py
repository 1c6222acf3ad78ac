"""Validation of Pods: upstream's sentences, in its order, all at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import schema
from kubesim.api.errors import StatusError
from kubesim.api.resources import POD as POD_TYPE
from kubesim.api.resources import RESOURCES, Resource
from kubesim.cluster.apiserver import validation

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def container(**fields: Any) -> dict[str, Any]:
    """A container with the server's defaults."""
    return {"name": "app", "image": "nginx", "imagePullPolicy": "Always", "terminationMessagePolicy": "File", **fields}


def pod(*containers: Any, name: str = "p", **spec: Any) -> dict[str, Any]:
    """A Pod with the server's defaults."""
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "containers": list(containers) or [container()],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            **spec,
        },
    }


def problems(obj: Any) -> list[str]:
    return [str(error) for error in validation.validate(POD_TYPE, obj)]


def test_a_good_pod() -> None:
    assert problems(pod(container(), imagePullSecrets=[{"name": "regcred"}, {}])) == []


def test_names() -> None:
    assert problems(pod(container(name="App"), name="Upper_Case")) == [
        f'metadata.name: Invalid value: "Upper_Case": {SUBDOMAIN}',
        f'spec.containers[0].name: Invalid value: "App": {LABEL}',
    ]
    assert problems(pod(container(name="a.b"), name="x" * 254)) == [
        f'metadata.name: Invalid value: "{"x" * 254}": must be no more than 253 bytes',
        'spec.containers[0].name: Invalid value: "a.b": must not contain dots',
    ]
    assert problems(pod(name="")) == ["metadata.name: Required value: name or generateName is required"]


def test_containers_are_needed() -> None:
    assert problems({**pod(), "spec": {**pod()["spec"], "containers": []}}) == ["spec.containers: Required value"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"image": ""}, "image: Required value"),
        ({"image": " nginx"}, 'image: Invalid value: " nginx": must not have leading or trailing whitespace'),
        (
            {"imagePullPolicy": "Sometimes"},
            'imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
        (
            {"ports": [{"containerPort": 70000, "protocol": "TCP"}]},
            "ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {"ports": [{"containerPort": 80, "protocol": "http"}]},
            'ports[0].protocol: Unsupported value: "http": supported values: "SCTP", "TCP", "UDP"',
        ),
        ({"env": [{"value": "x"}]}, "env[0].name: Required value"),
        (
            {"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            'env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
            "env[0].valueFrom.secretKeyRef.key: Required value",
        ),
        ({"envFrom": [{"secretRef": {}}]}, "envFrom[0].secretRef.name: Required value"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, 'volumeMounts[0].name: Not found: "v"'),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1500m"}}},
            'resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1',
        ),
        (
            {"resources": {"limits": {"memory": "-1"}}},
            'resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
        ),
    ],
)
def test_a_container(fields: Any, said: str) -> None:
    assert problems(pod(container(**fields))) == [f"spec.containers[0].{said}"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"restartPolicy": "Sometimes"},
            'restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
        (
            {"dnsPolicy": "Mine"},
            'dnsPolicy: Unsupported value: "Mine": supported values: "ClusterFirstWithHostNet", "ClusterFirst", '
            '"Default", "None"',
        ),
        ({"serviceAccountName": "A"}, f'serviceAccountName: Invalid value: "A": {SUBDOMAIN}'),
        ({"hostname": "a.b"}, 'hostname: Invalid value: "a.b": must not contain dots'),
        (
            {"activeDeadlineSeconds": 0},
            "activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        ({"volumes": [{"name": "v"}]}, "volumes[0]: Required value: must specify a volume type"),
        ({"volumes": [{"name": "v", "secret": {}}]}, "volumes[0].secret.secretName: Required value"),
        (
            {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]},
            'volumes[1].name: Duplicate value: "v"',
        ),
        (
            {"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
            "tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
        ),
        ({"initContainers": [container(name="app")]}, 'initContainers[0].name: Duplicate value: "app"'),
        (
            {"initContainers": [container(name="init", livenessProbe={})]},
            "initContainers[0].livenessProbe: Forbidden: "
            "may not be set for init containers without restartPolicy=Always",
        ),
    ],
)
def test_a_spec(spec: Any, said: str) -> None:
    assert problems(pod(**spec)) == [f"spec.{said}"]


def test_upstream_s_order() -> None:
    found = problems(
        pod(
            container(image="", imagePullPolicy="x"),
            container(),
            name="A",
            volumes=[{"name": "v"}],
            restartPolicy="x",
            nodeSelector={"a b": "c"},
            hostname="A",
        )
    )
    assert [line.split(":")[0] for line in found] == [
        "metadata.name",
        "spec.volumes[0]",
        "spec.containers[0].image",
        "spec.containers[0].imagePullPolicy",
        "spec.containers[1].name",
        "spec.restartPolicy",
        "spec.nodeSelector",
        "spec.hostname",
    ]


def test_labels_and_annotations() -> None:
    obj = pod()
    obj["metadata"] |= {"labels": {"a/b/c": "x", "ok": "-"}, "annotations": {"big": "x" * 262144}}
    key = (
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    )
    assert problems(obj) == [
        f'metadata.labels: Invalid value: "a/b/c": a valid label key {key} with an optional DNS subdomain prefix and '
        "'/' (e.g. 'example.com/MyName')",
        'metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric '
        "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
        "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        "metadata.annotations: Too long: may not be more than 262144 bytes",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def values(kind: schema.Type, depth: int) -> st.SearchStrategy[Any]:
    """Values that mostly fit a type, so that validation has something to look at."""
    simple: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text("aB-./ \x00é", max_size=4),
        "integer": st.integers(-2, 70000),
        "boolean": st.booleans(),
        "intorstring": st.integers(-1, 70000) | st.sampled_from(["http", "25%", "x%"]),
        "quantity": st.sampled_from(["1", "500m", "-1", "1Gi"]),
        "bytes": st.sampled_from(["", "YQ==", "e30=", "eyJ9"]),
    }
    if kind.kind in simple or not depth:
        return simple.get(kind.kind, JSON)
    if kind.element:
        inner = values(kind.element, depth - 1)
        return (
            st.lists(inner, max_size=2)
            if kind.kind == "list"
            else st.dictionaries(st.text(max_size=3), inner, max_size=2)
        )
    fields = schema.fields(kind)
    if not fields:
        return JSON
    return st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: values(fields[name].type, depth - 1) for name in names})
    )


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([resource for resource in RESOURCES if resource.simulated]))
def test_whatever_decodes_can_be_validated(data: st.DataObject, resource: Resource) -> None:
    obj, other = (data.draw(values(schema.type_of(resource), 6)) for _ in range(2))
    try:
        new, old = (schema.decode(resource, item, False) for item in (obj, other))
    except StatusError:
        new = old = {}
    for errors in (validation.validate(resource, new), validation.validate_update(resource, new, old)):
        assert all(error.field and error.body for error in errors)
