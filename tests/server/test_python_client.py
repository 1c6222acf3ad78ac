"""The official Python client against the served API: every verb on every simulated kind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch
from kubernetes.client import ApiClient, ApiException

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.resources import RESOURCES
from tests.patience import SECONDS
from tests.server.connections import Client, served

NAMESPACE = "default"
# The refusal to delete a collection.
COLLECTION = "kubesim: deleting all objects of a selection at once is not part of this simulator"

# By kind: the client's class, the noun in its methods' names, and the fields of an object.
KINDS: dict[str, Any] = load_yaml(Path(__file__).with_name("samples.yaml"))["kinds"]
PATCHES: list[tuple[str, Any, str]] = [
    ("application/json-patch+json", [{"op": "add", "path": "/metadata/labels/c", "value": "json"}], "json"),
    ("application/merge-patch+json", {"metadata": {"labels": {"c": "merge"}}}, "merge"),
    ("application/strategic-merge-patch+json", {"metadata": {"labels": {"c": "strategic"}}}, "strategic"),
]
REFUSED: list[tuple[str, Any, int, str]] = [
    ("read_namespaced_pod", ("none", NAMESPACE), 404, "NotFound"),
    ("create_namespaced_config_map", (NAMESPACE, {"metadata": {"name": "A"}}), 422, "Invalid"),
    ("patch_namespaced_service_account", ("default", NAMESPACE, {"secrets": 5}), 422, "Invalid"),
    ("create_namespaced_config_map", ("none", {"metadata": {"name": "a"}}), 404, "NotFound"),
    ("read_namespaced_pod_status", ("none", NAMESPACE), 404, "NotFound"),
    ("replace_namespaced_pod_status", ("none", NAMESPACE, {}), 501, "NotImplemented"),
    ("connect_get_namespaced_pod_portforward", ("none", NAMESPACE), 501, "NotImplemented"),
    ("delete_namespace", ("kube-system",), 403, "Forbidden"),
]


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Session, ApiClient]]:
    """A served session, and a Python client with its kubeconfig, for all tests of the module."""
    with served() as (session, server, _), config.new_client_from_config(str(server.kubeconfig)) as api:
        yield session, api


@pytest.fixture(scope="module")
def api(place: tuple[Session, ApiClient]) -> ApiClient:
    """The client of `place`."""
    return place[1]


def test_every_simulated_kind_has_a_sample() -> None:
    assert set(KINDS) == {resource.kind for resource in RESOURCES if resource.simulated}


class Kind:
    """The Python client's methods for one kind. A call invokes that of a verb, such as "list" or "patch"."""

    def __init__(self, api: ApiClient, kind: str) -> None:
        found = KINDS[kind]
        self._methods, self._word = getattr(client, found["api"])(api), found["method"]
        self._place = (NAMESPACE,) if self._word.startswith("namespaced") else ()
        version = next(resource.api_version for resource in RESOURCES if resource.kind == kind and resource.simulated)
        head = {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "labels": {"a": "b"}}}
        self.body = head | found.get("body", {})

    def __call__(self, verb: str, *arguments: Any, **options: Any) -> Any:
        method = getattr(self._methods, f"{verb}_{self._word}")
        name, *rest = arguments or ("",)
        return method(*filter(None, (name,)), *self._place, *rest, **options)

    def make(self) -> Any:
        """Create the object x."""
        return getattr(self._methods, f"create_{self._word}")(*self._place, self.body)

    def lister(self) -> Any:
        """The method that lists all objects of the namespace, for a watch."""
        return getattr(self._methods, f"list_{self._word}")

    def names(self, **options: Any) -> list[str]:
        """The names of the listed objects."""
        return [item.metadata.name for item in self("list", **options).items]


@pytest.mark.parametrize("name", [name for name in KINDS if name != "Node"])  # a second node isn't simulated
def test_every_verb(name: str, api: ApiClient) -> None:
    kind = Kind(api, name)
    made = kind.make()
    assert (made.metadata.name, made.metadata.labels["a"]) == ("x", "b")
    assert kind("read", "x").metadata.uid == made.metadata.uid
    assert kind.names(label_selector="a=b") == ["x"]
    assert "x" in kind.names()
    for content_type, change, value in PATCHES:
        patched = kind("patch", "x", change, _content_type=content_type)
        assert patched.metadata.labels["c"] == value
    body = {**kind.body, "metadata": {"name": "x", "labels": {"d": "e"}}}
    if name in ("Pod", "Event", "Service", "Namespace", "ServiceAccount", "Job"):
        body = api.sanitize_for_serialization(kind("read", "x"))
        body["metadata"]["labels"] = {"d": "e"}
    assert kind("replace", "x", body).metadata.labels.get("d") == "e"
    with pytest.raises(ApiException) as refused:
        kind.make()
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert '"reason":"AlreadyExists"' in str(refused.value.body)
    kind("delete", "x", **({"grace_period_seconds": 0} if name == "Pod" else {}))
    if name != "Namespace":
        with pytest.raises(ApiException) as gone:
            kind("read", "x")
        assert (gone.value.status, gone.value.reason) == (404, "Not Found")


@pytest.mark.parametrize("name", ["ConfigMap", "Pod", "Deployment", "ClusterRole"])
def test_watches(name: str, api: ApiClient) -> None:
    kind, stream = Kind(api, name), watch.Watch()
    place = kind._place
    seen: list[tuple[str, str]] = []
    version = kind("list").metadata.resource_version

    def work() -> None:
        kind.body["metadata"]["name"] = "watched"
        kind.make()
        kind("patch", "watched", {"metadata": {"labels": {"c": "d"}}})
        kind("delete", "watched", **({"grace_period_seconds": 0} if name == "Pod" else {}))

    worker = threading.Thread(target=work)
    worker.start()
    for event in stream.stream(kind.lister(), *place, resource_version=version, timeout_seconds=SECONDS):
        if event["object"].metadata.name == "watched":
            seen.append((event["type"], (event["object"].metadata.labels or {}).get("c", "")))
        if event["type"] == "DELETED":
            stream.stop()
    worker.join()
    assert (seen[0], seen[-1]) == (("ADDED", ""), ("DELETED", "d"))
    assert ("MODIFIED", "d") in seen


@pytest.mark.parametrize(("method", "arguments", "code", "reason"), REFUSED)
def test_refusals(method: str, arguments: Any, code: int, reason: str, api: ApiClient) -> None:
    with pytest.raises(ApiException) as refused:
        getattr(client.CoreV1Api(api), method)(*arguments)
    assert refused.value.status == code
    assert f'"reason":"{reason}"' in str(refused.value.body)


def test_what_else_clients_ask(place: tuple[Session, ApiClient]) -> None:
    session, api = place
    assert client.VersionApi(api).get_code().git_version.startswith("v1.36")
    assert "apps" in [group.name for group in client.ApisApi(api).get_api_versions().groups]
    assert "pods" in [item.name for item in client.CoreV1Api(api).get_api_resources().resources]
    session.run("kubectl run talk --image=busybox -- sh -c 'echo hello'; sleep 20")
    assert client.CoreV1Api(api).read_namespaced_pod_log("talk", NAMESPACE) == "hello\n"
    session.run("kubectl create deployment shop --image=nginx; sleep 20")
    scales = client.AppsV1Api(api)
    scales.patch_namespaced_deployment_scale("shop", NAMESPACE, {"spec": {"replicas": 3}})
    assert scales.read_namespaced_deployment_scale("shop", NAMESPACE).spec.replicas == 3
    attributes = client.V1ResourceAttributes(verb="get", resource="pods", namespace=NAMESPACE)
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    answer = client.AuthorizationV1Api(api).create_self_subject_access_review(review)
    assert answer.status.allowed is True
    with pytest.raises(ApiException) as refused:
        client.CoreV1Api(api).delete_collection_namespaced_pod(NAMESPACE, label_selector="run=talk")
    assert (refused.value.status, json.loads(str(refused.value.body))["message"]) == (501, COLLECTION)


def test_the_token_is_needed(place: tuple[Session, ApiClient]) -> None:
    server = place[0].server
    assert server
    settings = client.Configuration()
    settings.host = server.url
    settings.verify_ssl = True
    settings.ssl_ca_cert = None
    known = Client(server.kubeconfig, server.port)
    (server.kubeconfig.parent / "ca").write_text(known.authority)
    settings.ssl_ca_cert = str(server.kubeconfig.parent / "ca")
    with ApiClient(settings) as api, pytest.raises(ApiException) as refused:
        client.CoreV1Api(api).list_namespace()
    assert (refused.value.status, refused.value.reason) == (401, "Unauthorized")
