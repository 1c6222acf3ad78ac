"""A whole cluster: wires the parts together and moves time."""

from __future__ import annotations

from datetime import UTC, datetime

from kubesim.apiserver import APIServer
from kubesim.clock import Clock
from kubesim.controllers import ControllerManager
from kubesim.identity import Identity
from kubesim.imagepull import ImageManager
from kubesim.kubelet import Kubelet
from kubesim.objects import Object
from kubesim.registry import REGISTRIES
from kubesim.resources import NAMESPACE, NODE, SERVICE
from kubesim.scheduler import Scheduler
from kubesim.versions import CONTAINERD, KUBERNETES

# Every cluster is booted at the same simulated moment, so that two runs of a lesson show the same.
BOOT = datetime(2026, 11, 24, 13, 40, tzinfo=UTC)
AGE = 1140.0
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Cluster:
    """One node, its control plane, and the registries that it can reach; 19 minutes old.

    `seed` decides every uid and random name.
    """

    def __init__(self, seed: int = 0) -> None:
        self.clock = Clock(BOOT)
        self.registries = REGISTRIES
        identity = Identity(seed)
        self.api = APIServer(self.clock, identity)
        self.scheduler = Scheduler(self.api, self.clock)
        self.controllers = ControllerManager(self.api, self.clock)
        self.kubelet = Kubelet(self.api, self.clock, identity, ImageManager(self.registries), NODE_NAME)
        self._boot(identity)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.clock.advance(seconds)

    def _boot(self, identity: Identity) -> None:
        for name in NAMESPACES:
            self.api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for resource, obj in ((NODE, _node()), (SERVICE, _kubernetes_service())):
            obj["metadata"] |= {"creationTimestamp": self.clock.timestamp(), "uid": identity.uid()}
            self.api.record(resource, obj)
        self.clock.advance(AGE)


def _node() -> Object:
    resources = {"cpu": "2", "ephemeral-storage": "100Gi", "memory": "4Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": NODE_NAME,
                "kubernetes.io/os": "linux",
            },
            "name": NODE_NAME,
        },
        "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"]},
        "status": {
            "addresses": [
                {"address": NODE_ADDRESS, "type": "InternalIP"},
                {"address": NODE_NAME, "type": "Hostname"},
            ],
            "allocatable": resources,
            "capacity": resources,
            "conditions": [_node_condition(*row) for row in _NODE_CONDITIONS],
            "nodeInfo": {
                "architecture": "amd64",
                "containerRuntimeVersion": f"containerd://{CONTAINERD}",
                "kernelVersion": "6.12.0-simulated",
                "kubeletVersion": KUBERNETES,
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 13 (trixie)",
            },
        },
    }


_NODE_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def _node_condition(kind: str, status: str, reason: str, message: str) -> Object:
    since = BOOT.strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {"lastHeartbeatTime": since, "lastTransitionTime": since}
    return {**times, "message": message, "reason": reason, "status": status, "type": kind}


def _kubernetes_service() -> Object:
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "labels": {"component": "apiserver", "provider": "kubernetes"},
            "name": "kubernetes",
            "namespace": "default",
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [port],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }
