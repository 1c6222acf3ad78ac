from typing import Any

import pytest

from kubesim.api.clock import parse_time
from kubesim.cluster.apiserver import printers

NOW = parse_time("2026-11-24T14:01:00Z")
RUNNING = {"running": {"startedAt": "2026-11-24T14:00:01Z"}}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def ended(code: int, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, **more}}


def container(name: str, state: dict[str, Any], ready: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": ready, "restartCount": 0, "lastState": {}, **more}


def true(*conditions: str) -> list[dict[str, str]]:
    return [{"type": condition, "status": "True"} for condition in conditions]


def pod(status: dict[str, Any], names: str = "app", inits: str = "", sidecars: str = "", **meta: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": name} for name in names.split()]}
    if inits or sidecars:
        always = [{"name": name, "restartPolicy": "Always"} for name in sidecars.split()]
        spec["initContainers"] = always + [{"name": name} for name in inits.split()]
    meta = {"name": "p", "creationTimestamp": "2026-11-24T14:00:00Z", **meta}
    return {"kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def summary(obj: dict[str, Any]) -> str:
    return " ".join(printers.row(obj, NOW)[1:4])


DELETED = {"deletionTimestamp": "2026-11-24T14:01:30Z"}


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (pod({"phase": "Pending"}), "0/1 Pending 0"),
        (pod({"phase": "Failed", "reason": "Evicted"}), "0/1 Evicted 0"),
        (pod({"phase": "Pending"}, **DELETED), "0/1 Terminating 0"),
        (pod({"phase": "Succeeded"}, **DELETED), "0/1 Succeeded 0"),
    ],
)
def test_status_without_containers(obj: dict[str, Any], expected: str) -> None:
    assert summary(obj) == expected


@pytest.mark.parametrize(
    ("states", "conditions", "expected"),
    [
        ([waiting("ContainerCreating")], (), "0/1 ContainerCreating 0"),
        ([waiting("ImagePullBackOff")], (), "0/1 ImagePullBackOff 0"),
        ([{}], (), "0/1 Running 0"),
        ([RUNNING], ("Ready",), "1/1 Running 0"),
        ([ended(0, "Completed")], (), "0/1 Completed 0"),
        ([ended(1, "Error")], (), "0/1 Error 0"),
        ([ended(3)], (), "0/1 ExitCode:3 0"),
        ([ended(137, signal=9)], (), "0/1 Signal:9 0"),
        ([waiting("ErrImagePull"), waiting("CrashLoopBackOff")], (), "0/2 ErrImagePull 0"),
        ([RUNNING, waiting("CrashLoopBackOff")], (), "1/2 CrashLoopBackOff 0"),
        ([ended(0, "Completed"), RUNNING], ("Ready",), "1/2 Running 0"),
        ([ended(0, "Completed"), RUNNING], (), "1/2 NotReady 0"),
    ],
)
def test_status_of_containers(states: list[dict[str, Any]], conditions: tuple[str, ...], expected: str) -> None:
    names = ["app", "side"][: len(states)]
    statuses = [container(name, state, state is RUNNING) for name, state in zip(names, states, strict=True)]
    status = {"phase": "Running", "containerStatuses": statuses, "conditions": true(*conditions)}
    assert summary(pod(status, " ".join(names))) == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([{}, {}], "0/1 Init:0/2 0"),
        ([waiting("PodInitializing"), waiting("PodInitializing")], "0/1 Init:0/2 0"),
        ([waiting("ErrImagePull"), waiting("PodInitializing")], "0/1 Init:ErrImagePull 0"),
        ([ended(0, "Completed"), RUNNING], "0/1 Init:1/2 0"),
        ([ended(1, "Error"), waiting("PodInitializing")], "0/1 Init:Error 0"),
        ([ended(2), waiting("PodInitializing")], "0/1 Init:ExitCode:2 0"),
        ([ended(9, signal=9), waiting("PodInitializing")], "0/1 Init:Signal:9 0"),
        ([ended(0, "Completed"), ended(0, "Completed")], "0/1 PodInitializing 0"),
    ],
)
def test_status_of_init_containers(states: list[dict[str, Any]], expected: str) -> None:
    status = {
        "phase": "Pending",
        "initContainerStatuses": [container(*pair) for pair in zip(("one", "two"), states, strict=True)],
        "containerStatuses": [container("app", waiting("PodInitializing"))],
    }
    assert summary(pod(status, inits="one two")) == expected


def test_a_sidecar_counts_among_the_ready_containers() -> None:
    status = {
        "phase": "Running",
        "conditions": true("Initialized", "Ready"),
        "initContainerStatuses": [container("proxy", RUNNING, ready=True, started=True, restartCount=1)],
        "containerStatuses": [container("app", RUNNING, ready=True)],
    }
    assert summary(pod(status, sidecars="proxy")) == "2/2 Running 1"


def test_restarts_say_when_the_last_one_was() -> None:
    crashed = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-24T14:00:55Z"}}
    before = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-24T14:00:20Z"}}
    statuses = [
        container("app", RUNNING, ready=True, restartCount=1, lastState=crashed),
        container("side", RUNNING, ready=True, restartCount=2, lastState=before),
    ]
    status = {"phase": "Running", "containerStatuses": statuses, "conditions": true("Ready")}
    assert summary(pod(status, "app side")) == "2/2 Running 3 (5s ago)"


def test_restarts_of_init_containers_count_only_until_they_are_done() -> None:
    crashed = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-24T14:00:58Z"}}
    init = container("init", waiting("CrashLoopBackOff"), restartCount=2, lastState=crashed)
    assert summary(pod({"phase": "Pending", "initContainerStatuses": [init]}, inits="init")) == (
        "0/1 Init:CrashLoopBackOff 2 (2s ago)"
    )
    done = {
        "phase": "Running",
        "initContainerStatuses": [init | {"state": ended(0, "Completed")}],
        "containerStatuses": [container("app", RUNNING, ready=True)],
    }
    assert summary(pod(done, inits="init")) == "1/1 Running 0"


def test_all_cells_of_a_pod() -> None:
    status = {
        "phase": "Running",
        "podIPs": [{"ip": "10.244.1.50"}],
        "nominatedNodeName": "other",
        "conditions": true("Ready", "example.com/gate"),
        "containerStatuses": [container("app", RUNNING, ready=True)],
    }
    obj = pod(status)
    obj["spec"] |= {
        "nodeName": "sim-worker",
        "readinessGates": [{"conditionType": "example.com/gate"}, {"conditionType": "example.com/late"}],
    }
    headings = [column.name for column in printers.columns("Pod")]
    assert dict(zip(headings, printers.row(obj, NOW), strict=True)) == {
        "NAME": "p",
        "READY": "1/1",
        "STATUS": "Running",
        "RESTARTS": "0",
        "AGE": "60s",
        "IP": "10.244.1.50",
        "NODE": "sim-worker",
        "NOMINATED NODE": "other",
        "READINESS GATES": "1/2",
    }
    assert printers.row(pod({"phase": "Pending"}), NOW)[5:] == ["<none>"] * 4
    assert printers.pod_status(obj) == "Running"
