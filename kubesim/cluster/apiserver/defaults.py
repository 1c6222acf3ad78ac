"""What the API server fills in where a manifest is silent.

Mirrors kubernetes pkg/apis/core/v1/defaults.go and pkg/apis/apps/v1/defaults.go, v1.36. Every function completes its
argument, which decoding has checked, in place.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.imageref import parse
from kubesim.api.objects import Object
from kubesim.api.resources import Resource

PROBE = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
READ_ONLY_MODE = 0o644


def apply_defaults(resource: Resource, obj: Object) -> None:
    """Complete `obj` in place."""
    complete = _DEFAULTS.get(resource.kind)
    if complete:
        complete(obj)


def _set(target: Object, **values: object) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def _pod(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    _pod_spec(spec)
    _set(spec, enableServiceLinks=True)
    for container in [*spec.get("initContainers", ()), *spec.get("containers", ())]:
        _requests_from_limits(container["resources"])


def _requests_from_limits(resources: Object) -> None:
    limits = resources.get("limits")
    if limits:
        resources["requests"] = {**limits, **resources.get("requests", {})}


def _pod_spec(spec: Object) -> None:
    _set(
        spec,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        schedulerName="default-scheduler",
        securityContext={},
        terminationGracePeriodSeconds=30,
    )
    if spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccount"] = spec["serviceAccountName"] = spec.get("serviceAccountName") or spec["serviceAccount"]
    for container in [*spec.get("initContainers", ()), *spec.get("containers", ())]:
        _container(container)
    for volume in spec.get("volumes", ()):
        _volume(volume)


def _container(container: Object) -> None:
    _set(
        container,
        imagePullPolicy=default_pull_policy(container.get("image", "")),
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in container.get("ports", ()):
        _set(port, protocol="TCP")
    for variable in container.get("env", ()):
        _field_ref(variable.get("valueFrom") or {})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name):
            _set(container[name], **PROBE)
            _set(container[name].get("httpGet") or {}, path="/", scheme="HTTP")


def default_pull_policy(image: str) -> str:
    """Always for the tag latest (written or implied), otherwise IfNotPresent."""
    try:
        tag = parse(image).tag
    except ValueError:
        tag = None
    return "Always" if tag == "latest" else "IfNotPresent"


def _field_ref(source: Object) -> None:
    if source.get("fieldRef"):
        _set(source["fieldRef"], apiVersion="v1")


def _volume(volume: Object) -> None:
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if volume.get(kind) is not None:
            _set(volume[kind], defaultMode=READ_ONLY_MODE)
    for item in (volume.get("downwardAPI") or {}).get("items", ()):
        _field_ref(item)
    if volume.get("hostPath") is not None:
        _set(volume["hostPath"], type="")
    if not set(volume) - {"name"}:
        volume["emptyDir"] = {}


def _secret(secret: Object) -> None:
    _set(secret, type="Opaque")


def _namespace(namespace: Object) -> None:
    meta = namespace["metadata"]
    if meta.get("name"):
        meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    namespace.setdefault("spec", {})["finalizers"] = ["kubernetes"]


def _workload(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1)
    template = spec.get("template")
    if template is not None:
        _pod_spec(template.setdefault("spec", {}))


def _deployment(deployment: Object) -> None:
    _workload(deployment)
    spec = deployment["spec"]
    _set(spec, progressDeadlineSeconds=600, revisionHistoryLimit=10, strategy={})
    strategy = spec["strategy"]
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy, rollingUpdate={})
        _set(strategy["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")


def _binding(binding: Object) -> None:
    _set(binding.get("roleRef") or {}, apiGroup="rbac.authorization.k8s.io")
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            _set(subject, apiGroup="rbac.authorization.k8s.io")


_DEFAULTS: dict[str, Callable[[Object], None]] = {
    "Pod": _pod,
    "Secret": _secret,
    "Namespace": _namespace,
    "Deployment": _deployment,
    "ReplicaSet": _workload,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
}
