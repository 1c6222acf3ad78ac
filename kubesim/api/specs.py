"""The fields of a Pod's spec and status that code reads, so that a misspelt one is noticed before it is read.

Objects are plain dicts, as JSON has them (objects.py); these are the parts of them that most code is about.
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
    """What a Pod, or the Pods of a template, are to be."""

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
    """Why a container doesn't run yet."""

    reason: str
    message: str


class TerminatedState(TypedDict, total=False):
    """How a container ended."""

    exitCode: int
    signal: int
    reason: str
    message: str
    startedAt: str
    finishedAt: str
    containerID: str


class ContainerState(TypedDict, total=False):
    """One of these."""

    waiting: WaitingState
    running: dict[str, str]
    terminated: TerminatedState


class ContainerStatus(TypedDict, total=False):
    """What the kubelet reports of a container."""

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
    """What the kubelet reports of a Pod."""

    phase: str
    reason: str
    message: str
    conditions: list[dict[str, Any]]
    containerStatuses: list[ContainerStatus]
    initContainerStatuses: list[ContainerStatus]
    ephemeralContainerStatuses: list[ContainerStatus]
