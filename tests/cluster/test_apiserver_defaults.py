"""What the API server fills in: whole objects."""

from __future__ import annotations

import pytest

from kubesim.api.objects import Object
from kubesim.api.resources import DEPLOYMENT, POD, ROLE_BINDING, SECRET
from kubesim.cluster.apiserver.checks import is_selectable
from kubesim.cluster.apiserver.strategy import apply_defaults, default_pull_policy
from tests.learner import Learner

CONTAINER = {
    "image": "nginx:1.27",
    "imagePullPolicy": "IfNotPresent",
    "name": "app",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
POD_SPEC = {
    "containers": [CONTAINER],
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}


def test_a_pod() -> None:
    pod: Object = {"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}
    apply_defaults(POD, pod)
    assert pod == {"spec": {**POD_SPEC, "enableServiceLinks": True}}


def test_a_deployment() -> None:
    template = {"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}
    deployment: Object = {"spec": {"template": template}}
    apply_defaults(DEPLOYMENT, deployment)
    assert deployment == {
        "spec": {
            "progressDeadlineSeconds": 600,
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
            "template": {"spec": POD_SPEC},
        }
    }


def test_what_is_given_stays() -> None:
    given = {"dnsPolicy": "Default", "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    pod: Object = {"spec": {"containers": [{**CONTAINER, "imagePullPolicy": "Never"}], **given}}
    apply_defaults(POD, pod)
    assert given.items() <= pod["spec"].items()
    assert pod["spec"]["containers"] == [{**CONTAINER, "imagePullPolicy": "Never"}]


@pytest.mark.parametrize(
    ("fields", "completed"),
    [
        ({"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "protocol": "TCP"}]}),
        ({"resources": {"limits": {"cpu": "1"}}}, {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}}),
        (
            {"readinessProbe": {"httpGet": {"port": 80}}},
            {
                "readinessProbe": {
                    "failureThreshold": 3,
                    "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "timeoutSeconds": 1,
                }
            },
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
            {
                "env": [
                    {"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                ]
            },
        ),
    ],
)
def test_parts_of_a_container(fields: Object, completed: Object) -> None:
    pod: Object = {"spec": {"containers": [{"name": "app", "image": "nginx:1.27", **fields}]}}
    apply_defaults(POD, pod)
    assert pod["spec"]["containers"] == [{**CONTAINER, **completed}]


def test_volumes() -> None:
    volumes = [{"name": "a"}, {"name": "b", "secret": {"secretName": "s"}}, {"name": "c", "hostPath": {"path": "/"}}]
    pod: Object = {"spec": {"containers": [], "volumes": volumes}}
    apply_defaults(POD, pod)
    assert pod["spec"]["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"defaultMode": 420, "secretName": "s"}},
        {"name": "c", "hostPath": {"path": "/", "type": ""}},
    ]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.example.com:5000/app", "Always"),
        ("nginx@sha256:" + 64 * "0", "IfNotPresent"),
        ("nginx:latest@sha256:" + 64 * "0", "Always"),
        ("", "IfNotPresent"),
        ("No Image", "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert default_pull_policy(image) == policy


def test_a_secret_is_opaque_and_a_subject_of_the_rbac_group() -> None:
    secret: Object = {}
    binding: Object = {"roleRef": {"name": "r"}, "subjects": [{"kind": "User"}, {"kind": "ServiceAccount"}]}
    apply_defaults(SECRET, secret)
    apply_defaults(ROLE_BINDING, binding)
    assert secret == {"type": "Opaque"}
    group = "rbac.authorization.k8s.io"
    assert binding["subjects"] == [{"apiGroup": group, "kind": "User"}, {"kind": "ServiceAccount"}]
    assert binding["roleRef"] == {"apiGroup": group, "name": "r"}


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
    ],
)
def test_quality_of_service(learner: Learner, resources: Object, quality: str) -> None:
    learner.apply("web", {"name": "app", "image": "nginx", "resources": resources})
    assert learner.get(POD, "web")["status"]["qosClass"] == quality


def test_selectable_fields() -> None:
    assert is_selectable(SECRET, "type")
    assert is_selectable(POD, "metadata.name")
    assert not is_selectable(POD, "spec.containers")
