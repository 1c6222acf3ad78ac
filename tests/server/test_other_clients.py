"""Clients that nobody here wrote drive a served cluster: lightkube, kr8s, kopf, and more of the official one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kopf
import kr8s
import lightkube
import pytest
from kr8s.objects import Deployment as KrDeployment
from kr8s.objects import Pod as KrPod
from kubernetes import client, config, dynamic, utils
from kubernetes.stream import stream
from lightkube.core.exceptions import ApiError
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Namespace, Pod, Secret

from kubesim import Session
from tests.patience import SECONDS
from tests.server.connections import holds, served

WEB = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: dev}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: nginx}]}
"""


@pytest.fixture
def place() -> Iterator[tuple[Session, str]]:
    """A served session and the path of its kubeconfig."""
    with served() as (session, server, _):
        yield session, str(server.kubeconfig)


@pytest.fixture
def moving(place: tuple[Session, str]) -> Iterator[None]:
    """Let simulated time pass beside the test, as a client that waits expects."""
    ends = threading.Event()

    def move() -> None:
        while not ends.wait(0.02):
            place[0].advance(1)

    mover = threading.Thread(target=move)
    mover.start()
    yield
    ends.set()
    mover.join()


def test_the_official_client_drives_the_cluster(place: tuple[Session, str], tmp_path: Path) -> None:
    session, path = place
    (tmp_path / "web.yaml").write_text(WEB)
    with config.new_client_from_config(path) as api:
        utils.create_from_yaml(api, str(tmp_path / "web.yaml"))
        session.advance(5)
        core = client.CoreV1Api(api)
        (pod,) = core.list_namespaced_pod("default", label_selector="app=web").items
        assert "nginx/1.27" in core.read_namespaced_pod_log(str(pod.metadata.name), "default")
        ran = stream(
            core.connect_get_namespaced_pod_exec,
            *(pod.metadata.name, "default"),
            command=["sh", "-c", "echo out; echo err >&2; exit 3"],
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
            _preload_content=False,
        )
        ran.run_forever(timeout=SECONDS)
        assert (ran.read_stdout(), ran.read_stderr(), ran.returncode) == ("out\n", "err\n", 3)
        kinds = dynamic.DynamicClient(api).resources
        maps = kinds.get(api_version="v1", kind="ConfigMap")
        body: dict[str, Any] = {"data": {"mode": "prod"}}
        assert maps.patch(name="settings", namespace="default", body=body).data.mode == "prod"
        assert [item.metadata.name for item in maps.get(namespace="default").items] == ["kube-root-ca.crt", "settings"]
        maps.delete(name="settings", namespace="default")
        events = maps.watch(namespace="default", timeout=1)
        assert [(event["type"], event["object"].metadata.name) for event in events] == [("ADDED", "kube-root-ca.crt")]


def test_lightkube_drives_the_cluster(place: tuple[Session, str], moving: None) -> None:
    own = lightkube.Client(config=lightkube.KubeConfig.from_file(place[1]), field_manager="test")
    own.create(Namespace(metadata=ObjectMeta(name="shop")))
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels={"app": "web"}), spec=PodSpec(containers=[Container(name="nginx", image="nginx")])
    )
    spec = DeploymentSpec(selector=LabelSelector(matchLabels={"app": "web"}), template=template, replicas=2)
    own.create(Deployment(metadata=ObjectMeta(name="web", namespace="shop"), spec=spec))
    ready = own.wait(Deployment, "web", for_conditions=["Available"], namespace="shop")
    assert ready.status
    assert ready.status.readyReplicas == 2
    names = [pod.metadata.name for pod in own.list(Pod, namespace="shop", labels={"app": "web"}) if pod.metadata]
    assert len(names) == 2
    assert any("nginx/1.27" in line for line in own.log(str(names[0]), namespace="shop"))
    own.patch(Deployment, "web", {"spec": {"replicas": 1}}, namespace="shop")
    scale = own.get(Deployment.Scale, "web", namespace="shop")
    assert scale.spec
    assert scale.spec.replicas == 1
    own.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="shop"), data={"k": "1"}))
    own.replace(ConfigMap(metadata=ObjectMeta(name="a", namespace="shop"), data={"k": "2"}))
    event, found = next(own.watch(ConfigMap, namespace="shop", fields={"metadata.name": "a"}))
    assert (event, found.data) == ("ADDED", {"k": "2"})
    own.delete(ConfigMap, "a", namespace="shop")
    with pytest.raises(ApiError) as refused:
        own.get(Secret, "nope", namespace="shop")
    assert (refused.value.status.code, refused.value.status.message) == (404, 'secrets "nope" not found')


@pytest.mark.filterwarnings("ignore:Kubernetes version")  # it knows those up to 1.35
def test_kr8s_drives_the_cluster(place: tuple[Session, str], moving: None) -> None:
    api = kr8s.api(kubeconfig=place[1])
    assert api.version()["gitVersion"] == "v1.36.2"
    spec = {"containers": [{"name": "nginx", "image": "nginx"}]}
    pod = KrPod({"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec}, api=api)
    pod.create()
    pod.wait("condition=Ready", timeout=SECONDS)
    assert pod.ready()
    assert "nginx/1.27" in "\n".join(pod.logs())
    pod.label({"tier": "front"})
    assert [item.name for item in api.get("pods", label_selector={"tier": "front"})] == ["web"]
    pod.annotate(note="x")
    assert KrPod.get("web", api=api).annotations["note"] == "x"
    template = {"metadata": {"labels": {"app": "d"}}, "spec": spec}
    deployment = KrDeployment(
        {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"app": "d"}}, "template": template}}, api=api
    )
    deployment.create()
    deployment.scale(2)
    deployment.wait("condition=Available", timeout=SECONDS)
    assert deployment.replicas == 2
    assert pod.exec(["sh", "-c", "echo hi"], check=False).stdout == b"hi\n"
    pod.delete()
    pod.wait("delete", timeout=SECONDS)
    assert not pod.exists()


def test_an_operator_of_kopf_runs(place: tuple[Session, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that answers to each ConfigMap with a Secret, and keeps its mark on it."""
    session, path = place
    registry, stop, ready = kopf.OperatorRegistry(), threading.Event(), threading.Event()

    @kopf.on.create("configmaps", labels={"mirror": "yes"}, registry=registry)
    def create(name: str, body: kopf.Body, **_: Any) -> None:
        with config.new_client_from_config(path) as api:
            own: Any = {"metadata": {"name": name}, "stringData": dict(body["data"])}
            kopf.adopt(own, owner=body)
            client.CoreV1Api(api).create_namespaced_secret("default", own)

    kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)
    monkeypatch.setenv("KUBECONFIG", path)

    async def operate() -> None:
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.persistence.finalizer = "example.com/mirror"
        await kopf.operator(
            registry=registry,
            settings=settings,
            namespaces=["default"],
            standalone=True,
            stop_flag=stop,
            ready_flag=ready,
        )

    operator = threading.Thread(target=lambda: asyncio.run(operate()))
    operator.start()
    marks = "kubectl get configmap a -o jsonpath={.metadata.annotations}"
    try:
        assert ready.wait(SECONDS)
        session.run("kubectl create configmap a --from-literal=k=v; kubectl label configmap a mirror=yes")
        assert holds(lambda: "kopf.zalando.org/last-handled-configuration" in session.run(marks).stdout)
    finally:
        stop.set()
        operator.join(SECONDS)
    made = json.loads(session.run("kubectl get secret a -o json").stdout)
    assert made["data"] == {"k": "dg=="}
    assert made["metadata"]["ownerReferences"][0]["name"] == "a"
