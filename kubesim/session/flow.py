"""Tracing of a pull in the running cluster."""

from __future__ import annotations

from kubesim.cluster import Cluster
from kubesim.why.judge.scene import Scene
from kubesim.why.tell.hops import draw_pod
from kubesim.why.tell.report import Flow


def trace_flow(cluster: Cluster, namespace: str, pod: str, container: str | None = None) -> Flow:
    """Trace the pull of a container's image in the kubelet's last attempt. The cluster isn't changed.

    Without `container`, it is the Pod's container that waits for its image.
    """
    kubelet = cluster.kubelet
    scene = Scene(cluster.api, kubelet.traces, cluster.registries.network, kept=kubelet.starter.secrets.kept)
    return draw_pod(scene, namespace, pod, container)
