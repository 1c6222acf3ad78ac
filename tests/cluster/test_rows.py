from typing import Any

import pytest

from kubesim.api.clock import parse_time
from kubesim.cluster.apiserver import printers

NOW = parse_time("2026-11-24T14:00:08Z")
CREATED = "2026-11-24T14:00:00Z"


def obj(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "creationTimestamp": CREATED}, **fields}


TEMPLATE = {"spec": {"containers": [{"name": "app", "image": "nginx"}, {"name": "side", "image": "busybox:1.36"}]}}
SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}],
}
WORKLOAD = {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR}
NODE_INFO = {"kubeletVersion": "v1.36.2", "osImage": "Debian", "containerRuntimeVersion": "containerd://2.4.0"}
SUBJECTS = [
    {"kind": "User", "name": "jane"},
    {"kind": "User", "name": "joe"},
    {"kind": "Group", "name": "devs"},
    {"kind": "ServiceAccount", "name": "ci", "namespace": "default"},
]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (obj("Secret", type="Opaque", data={"a": "", "b": ""}), {"NAME": "x", "TYPE": "Opaque", "DATA": "2"}),
        (obj("Secret", type="Opaque"), {"NAME": "x", "TYPE": "Opaque", "DATA": "0"}),
        (obj("ConfigMap", data={"a": "b"}, binaryData={"c": "ZA=="}), {"NAME": "x", "DATA": "2"}),
        (obj("ServiceAccount", secrets=[{"name": "a"}]), {"NAME": "x"}),
        (obj("Namespace", status={"phase": "Terminating"}), {"NAME": "x", "STATUS": "Terminating"}),
        (obj("Widget"), {"NAME": "x"}),
    ],
)
def test_rows_that_end_in_an_age(shown: dict[str, Any], expected: dict[str, str]) -> None:
    assert _row(shown) == expected | {"AGE": "8s"}


def _row(shown: dict[str, Any]) -> dict[str, str]:
    headings = [column.name for column in printers.columns(shown["kind"])]
    return dict(zip(headings, printers.row(shown, NOW), strict=True))


def test_a_deployment_and_its_replica_set() -> None:
    wide = {"CONTAINERS": "app,side", "IMAGES": "nginx,busybox:1.36", "SELECTOR": "app=web,tier in (a,b)"}
    counts = {"replicas": 3, "readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}
    assert _row(obj("Deployment", spec=WORKLOAD, status=counts)) == {
        "NAME": "x",
        "READY": "1/3",
        "UP-TO-DATE": "2",
        "AVAILABLE": "1",
        "AGE": "8s",
        **wide,
    }
    assert _row(obj("ReplicaSet", spec=WORKLOAD)) == {
        "NAME": "x",
        "DESIRED": "3",
        "CURRENT": "0",
        "READY": "0",
        "AGE": "8s",
        **wide,
    }


def test_a_node() -> None:
    status = {
        "conditions": [{"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}, {"type": "Hostname", "address": "x"}],
        "nodeInfo": NODE_INFO,
    }
    assert _row(obj("Node", spec={"unschedulable": True}, status=status)) == {
        "NAME": "x",
        "STATUS": "Ready,SchedulingDisabled",
        "ROLES": "<none>",
        "AGE": "8s",
        "VERSION": "v1.36.2",
        "INTERNAL-IP": "192.0.2.10",
        "EXTERNAL-IP": "<none>",
        "OS-IMAGE": "Debian",
        "KERNEL-VERSION": "<unknown>",
        "CONTAINER-RUNTIME": "containerd://2.4.0",
    }


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [([], "Unknown"), ([{"type": "Ready", "status": "False"}], "NotReady")],
)
def test_status_of_a_node(conditions: list[dict[str, str]], expected: str) -> None:
    assert _row(obj("Node", status={"conditions": conditions}))["STATUS"] == expected


BALANCED = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}


@pytest.mark.parametrize(
    ("spec", "status", "cells"),
    [
        (
            {"type": "ClusterIP", "clusterIPs": ["10.96.0.1"], "ports": [{"port": 443, "protocol": "TCP"}]},
            {},
            ["x", "ClusterIP", "10.96.0.1", "<none>", "443/TCP", "8s", "<none>"],
        ),
        (
            {
                "type": "NodePort",
                "clusterIP": "10.96.0.2",
                "externalIPs": ["192.0.2.1"],
                "selector": {"app": "web"},
                "ports": [{"port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"}],
            },
            {},
            ["x", "NodePort", "10.96.0.2", "192.0.2.1", "80:30080/TCP,53/UDP", "8s", "app=web"],
        ),
        ({"type": "LoadBalancer"}, {}, ["x", "LoadBalancer", "<none>", "<pending>", "<none>", "8s", "<none>"]),
        ({"type": "LoadBalancer"}, BALANCED, ["x", "LoadBalancer", "<none>", "203.0.113.9", "<none>", "8s", "<none>"]),
        (
            {"type": "ExternalName", "externalName": "example.com"},
            {},
            ["x", "ExternalName", "<none>", "example.com", "<none>", "8s", "<none>"],
        ),
    ],
)
def test_services(spec: dict[str, Any], status: dict[str, Any], cells: list[str]) -> None:
    assert printers.row(obj("Service", spec=spec, status=status), NOW) == cells


@pytest.mark.parametrize("cluster", ["", "Cluster"])
def test_roles_and_bindings(cluster: str) -> None:
    assert _row(obj(f"{cluster}Role")) == {"NAME": "x", "CREATED AT": CREATED}
    reference = {"kind": f"{cluster}Role", "name": "reader"}
    assert _row(obj(f"{cluster}RoleBinding", roleRef=reference, subjects=SUBJECTS)) == {
        "NAME": "x",
        "ROLE": f"{cluster}Role/reader",
        "AGE": "8s",
        "USERS": "jane, joe",
        "GROUPS": "devs",
        "SERVICEACCOUNTS": "default/ci",
    }


def event(**fields: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{app}"}
    return obj("Event", type="Normal", reason="Pulling", involvedObject=about, message=" Pulling image\n", **fields)


def test_an_event_of_a_kubelet() -> None:
    times = {"firstTimestamp": "2026-11-24T13:59:28Z", "lastTimestamp": "2026-11-24T14:00:02Z"}
    assert _row(event(source={"component": "kubelet", "host": "sim-worker"}, count=3, **times)) == {
        "LAST SEEN": "6s",
        "TYPE": "Normal",
        "REASON": "Pulling",
        "OBJECT": "pod/web",
        "SUBOBJECT": "spec.containers{app}",
        "SOURCE": "kubelet, sim-worker",
        "MESSAGE": "Pulling image",
        "FIRST SEEN": "40s",
        "COUNT": "3",
        "NAME": "x",
    }


def test_an_event_of_the_scheduler_has_a_time_of_its_own() -> None:
    scheduled = event(
        eventTime="2026-11-24T14:00:00.123456Z",
        firstTimestamp=None,
        lastTimestamp=None,
        reportingComponent="default-scheduler",
        reportingInstance="default-scheduler-a",
    )
    cells = _row(scheduled)
    assert (cells["LAST SEEN"], cells["FIRST SEEN"], cells["COUNT"]) == ("7s", "7s", "1")
    assert cells["SOURCE"] == "default-scheduler, default-scheduler-a"
    series = {"count": 4, "lastObservedTime": "2026-11-24T14:00:07.000000Z"}
    cells = _row(scheduled | {"series": series})
    assert (cells["LAST SEEN"], cells["FIRST SEEN"], cells["COUNT"]) == ("1s", "7s", "4")


def test_wide_columns() -> None:
    wide = {kind: [column.name for column in printers.columns(kind) if column.wide] for kind in ("Pod", "Secret")}
    assert wide == {"Pod": ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"], "Secret": []}
    shown = [column.name for column in printers.columns("Event") if not column.wide]
    assert shown == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
