"""The fields of a Pod's spec and status that code reads, so that mypy finds misspelled ones.

Objects are plain dicts at run time (objects.py). These types describe the parts that most code is about.
"""

from typing import Any, Required, TypedDict


class ContainerSpec(TypedDict, total=False):
    """A container of a Pod, an init container or an ephemeral one."""

    name: Required[str]
    image: str
    imagePullPolicy: str
    command: list[str]
    args: list[str]
    workingDir: str
    env: list[dict[str, Any]]
    envFrom: list[dict[str, Any]]
    ports: list[dict[str, Any]]
    resources: dict[str, Any]
    volumeMounts: list[dict[str, Any]]
    restartPolicy: str
    lifecycle: dict[str, Any]
    livenessProbe: dict[str, Any]
    readinessProbe: dict[str, Any]
    startupProbe: dict[str, Any]
    securityContext: dict[str, Any]
    stdin: bool
    terminationMessagePath: str
    terminationMessagePolicy: str


class PodSpec(TypedDict, total=False):
    """The spec of a Pod or of a Pod template."""

    containers: Required[list[ContainerSpec]]
    initContainers: list[ContainerSpec]
    ephemeralContainers: list[ContainerSpec]
    volumes: list[dict[str, Any]]
    imagePullSecrets: list[dict[str, str]]
    serviceAccount: str
    serviceAccountName: str
    automountServiceAccountToken: bool
    restartPolicy: str
    nodeName: str
    nodeSelector: dict[str, str]
    affinity: dict[str, Any]
    tolerations: list[dict[str, Any]]
    hostNetwork: bool
    hostname: str
    enableServiceLinks: bool
    securityContext: dict[str, Any]
    schedulerName: str
    priority: int
    priorityClassName: str
    preemptionPolicy: str
    runtimeClassName: str
    terminationGracePeriodSeconds: int
    dnsPolicy: str


class WaitingState(TypedDict, total=False):
    """The state of a container that waits."""

    reason: str
    message: str


class TerminatedState(TypedDict, total=False):
    """The state of a container that has ended."""

    exitCode: int
    signal: int
    reason: str
    message: str
    startedAt: str
    finishedAt: str
    containerID: str


class ContainerState(TypedDict, total=False):
    """A container's state: one of these fields is set."""

    waiting: WaitingState
    running: dict[str, str]
    terminated: TerminatedState


class ContainerStatus(TypedDict, total=False):
    """The kubelet's report on a container."""

    name: Required[str]
    state: ContainerState
    lastState: ContainerState
    ready: bool
    started: bool
    restartCount: int
    image: str
    imageID: str
    containerID: str


class PodStatus(TypedDict, total=False):
    """The kubelet's report on a Pod."""

    phase: str
    reason: str
    message: str
    conditions: list[dict[str, Any]]
    containerStatuses: list[ContainerStatus]
    initContainerStatuses: list[ContainerStatus]
    ephemeralContainerStatuses: list[ContainerStatus]
