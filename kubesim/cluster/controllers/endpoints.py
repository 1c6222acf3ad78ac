"""The controllers of Endpoints and EndpointSlices: which Pods are behind a Service.

Mirrors kubernetes pkg/controller/endpoint/endpoints_controller.go and pkg/controller/endpointslice, v1.36, with one
slice for each Service.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from kubesim.api.clock import Identity
from kubesim.api.digest import safe_hash
from kubesim.api.objects import Object, labels_of, metadata, name_of, namespace_of, owner_reference, reference_to
from kubesim.api.resources import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE, Resource
from kubesim.cluster.apiserver import Change
from kubesim.cluster.controllers.base import Loop, active_pods, is_ready

_CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"


class EndpointsController(Loop):
    """Keeps the Endpoints and the EndpointSlice of every Service with a selector."""

    watched = (SERVICE, POD)

    def on_change(self, change: Change) -> None:
        if change.resource is SERVICE:
            self.add(change.obj)
            return
        if change.of_status and change.old and _conditions(change.obj) is _conditions(change.old):
            return
        for service in self.api.list(SERVICE, change.obj["metadata"]["namespace"]):
            if _selects(service, change.obj) or (change.old and _selects(service, change.old)):
                self.add(service)

    def reconcile(self, namespace: str, name: str) -> None:
        service = self.api.find(SERVICE, namespace, name)
        slice_name = f"{name}-{safe_hash(f'{namespace}/{name}')}"
        if service is None:
            # That of the API server's own Service has no hash in its name.
            for resource, key in ((ENDPOINTS, name), (ENDPOINT_SLICE, name), (ENDPOINT_SLICE, slice_name)):
                if obj := self.api.find(resource, namespace, key):
                    self.api.remove(resource, obj)
        elif service["spec"].get("selector"):
            pods = self._pods_behind(service)
            ports = list(_ports(service, pods[0])) if pods else []
            # A Service whose ports the Pods don't have has no Endpoints; its slice lists the Pods without ports.
            has_ports = ports or not service["spec"].get("ports")
            self._write(ENDPOINTS, service, name, _subsets(pods if has_ports else [], ports))
            self._write(ENDPOINT_SLICE, service, slice_name, _slice(pods, ports))

    def _pods_behind(self, service: Object) -> list[Object]:
        """The Pods that a Service selects and that have an address, by their addresses."""
        selected = [pod for pod in self.api.list(POD, namespace_of(service)) if _selects(service, pod)]
        pods = [pod for pod in active_pods(selected) if pod["status"].get("podIP")]
        return sorted(pods, key=lambda pod: ip_address(pod["status"]["podIP"]))

    def _write(self, resource: Resource, service: Object, name: str, content: Object) -> None:
        """Create or change the object, if what it says of the Pods has changed."""
        old = self.api.find(resource, namespace_of(service), name)
        labels = _labels(resource, service)
        if old and metadata(old)["labels"] == labels and all(old.get(key) == content.get(key) for key in _CONTENT):
            return
        now = self.clock.timestamp()
        meta: Object = {
            "annotations": {_CHANGED: now},
            "creationTimestamp": metadata(old)["creationTimestamp"] if old else now,
            "labels": labels,
            "name": name,
            "namespace": namespace_of(service),
            "uid": _uid(resource, service),
        }
        if resource is ENDPOINT_SLICE:
            meta["generateName"] = f"{name_of(service)}-"
            meta["generation"] = metadata(old)["generation"] + 1 if old else 1
            meta["ownerReferences"] = [owner_reference(service)]
        head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
        self.api.record(resource, {**head, **content})


_CONTENT = ("subsets", "endpoints", "ports")


def _labels(resource: Resource, service: Object) -> dict[str, str]:
    labels = dict(labels_of(service))
    if resource is ENDPOINTS:
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
    else:
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
        labels["kubernetes.io/service-name"] = name_of(service)
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    return labels


def _uid(resource: Resource, service: Object) -> str:
    """A uid that follows from the Service's, so that other objects get those that they would get without it."""
    seed = int(metadata(service)["uid"].replace("-", ""), 16) + len(resource.kind)
    return Identity(seed).uid()


def _conditions(pod: Object) -> object:
    """What of a Pod's status decides whether it's behind a Service: the same list as long as it says the same."""
    return pod["status"].get("conditions")


def _selects(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector")
    return bool(selector) and selector.items() <= labels_of(pod).items()


def _ports(service: Object, pod: Object) -> Iterable[Object]:
    """The ports of the Service with the numbers that they have in the Pod."""
    opened = [port for container in pod["spec"]["containers"] for port in container.get("ports", ())]
    for port in service["spec"].get("ports", ()):
        number = port["targetPort"]
        if isinstance(number, str):
            names = (item for item in opened if (item.get("name"), item["protocol"]) == (number, port["protocol"]))
            number = next((item["containerPort"] for item in names), None)
        if number:
            yield {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}


def _target(pod: Object) -> Object:
    kept = ("kind", "name", "namespace", "uid")
    return {key: value for key, value in reference_to(pod).items() if key in kept}


def _subsets(pods: list[Object], ports: list[Object]) -> Object:
    addresses: dict[bool, list[Object]] = {True: [], False: []}
    for pod in pods:
        place = {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _target(pod)}
        addresses[is_ready(pod)].append(place)
    named = [_without_empty(port) for port in ports]
    parts = {"addresses": addresses[True], "notReadyAddresses": addresses[False], "ports": named}
    return {"subsets": [_without_empty(parts)]} if pods else {}


def _without_empty(struct: Object) -> Object:
    return {key: value for key, value in struct.items() if value}


def _slice(pods: list[Object], ports: list[Object]) -> Object:
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": is_ready(pod), "serving": is_ready(pod), "terminating": False},
            "nodeName": pod["spec"]["nodeName"],
            "targetRef": _target(pod),
        }
        for pod in pods
    ]
    return {"addressType": "IPv4", "endpoints": endpoints or None, "ports": ports or None}
