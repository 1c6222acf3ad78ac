"""Default values of fields. Fields that admission sets are in admission.py, those of the server in strategy.py.

The functions change their argument in place. Mirrors kubernetes pkg/apis/{core,apps,batch,rbac}/v1/defaults.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from kubesim.api.objects import Object, labels_of, lasting_containers, name_of
from kubesim.api.resources import ROLE, Resource
from kubesim.pull.imageref import parse

_FILE_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def apply_defaults(resource: Resource, obj: Object) -> None:
    """Set the defaults of an object in place, those of its Pod template included."""
    if complete := _OF_KINDS.get(resource.kind):
        complete(obj)
    if resource.template:
        _default_pod_spec(_inner(obj, *resource.template, "spec"))


def _default(target: Object, **values: object) -> None:
    """Set fields that are missing or null."""
    for name, value in values.items():
        if target.get(name) is None:
            target[name] = value


def _inner(target: Object, *path: str) -> Object:
    """The map at a path in `target`; missing maps are added."""
    for name in path:
        _default(target, **{name: {}})
        target = target[name]
    return target


def default_pull_policy(image: str) -> str:
    """The imagePullPolicy of an image: Always for the tag latest, written or implied, otherwise IfNotPresent."""
    try:
        tag = parse(image).tag
    except ValueError:
        tag = None
    return "Always" if tag == "latest" else "IfNotPresent"


def _default_pod(pod: Object) -> None:
    """Set a Pod's defaults. Missing requests become the limits; with hostNetwork, host ports are container ports."""
    spec = _inner(pod, "spec")
    _default(spec, enableServiceLinks=True)
    _default_pod_spec(spec)
    for container in lasting_containers(pod["spec"]):
        if spec.get("hostNetwork"):
            for port in container.get("ports", ()):
                port["hostPort"] = port.get("hostPort") or port.get("containerPort", 0)
        if limits := container["resources"].get("limits"):
            container["resources"]["requests"] = {**limits, **container["resources"].get("requests", {})}


def _default_pod_spec(spec: Object) -> None:
    _default(
        spec,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        schedulerName="default-scheduler",
        securityContext={},
        terminationGracePeriodSeconds=30,
    )
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccount"] = spec["serviceAccountName"] = account
    for kind in ("ephemeralContainers", "initContainers", "containers"):
        for container in spec.get(kind) or ():
            _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _default_container(container: Object) -> None:
    _default(
        container,
        imagePullPolicy=default_pull_policy(container.get("image", "")),
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in container.get("ports") or ():
        _default(port, protocol="TCP")
    for variable in container.get("env") or ():
        _default_field_reference(variable.get("valueFrom") or {})
    for name in _PROBES:
        if (probe := container.get(name)) is not None:
            _default(probe, failureThreshold=3, periodSeconds=10, successThreshold=1, timeoutSeconds=1)
            _default_http_get(probe)
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        _default_http_get(lifecycle.get(name) or {})


def _default_http_get(handler: Object) -> None:
    if (action := handler.get("httpGet")) is not None:
        _default(action, path="/", scheme="HTTP")


def _default_field_reference(holder: Object) -> None:
    if (reference := holder.get("fieldRef")) is not None:
        _default(reference, apiVersion="v1")


def _default_volume(volume: Object) -> None:
    if not volume.keys() - {"name"}:
        volume["emptyDir"] = {}
    for source in ("secret", "configMap", "projected", "downwardAPI"):
        if volume.get(source) is not None:
            _default(volume[source], defaultMode=_FILE_MODE)
    if (path := volume.get("hostPath")) is not None:
        _default(path, type="")
    if image := volume.get("image"):
        _default(image, pullPolicy=default_pull_policy(image.get("reference", "")))
    _default_downward_files(volume.get("downwardAPI") or {})
    for projection in (volume.get("projected") or {}).get("sources") or ():
        _default_downward_files(projection.get("downwardAPI") or {})
        if (token := projection.get("serviceAccountToken")) is not None:
            _default(token, expirationSeconds=3600)


def _default_downward_files(source: Object) -> None:
    for item in source.get("items") or ():
        _default_field_reference(item)


def _default_namespace(namespace: Object) -> None:
    _default(_inner(namespace, "spec"), finalizers=["kubernetes"])
    if name := name_of(namespace):
        namespace["metadata"]["labels"] = {**labels_of(namespace), "kubernetes.io/metadata.name": name}


def _default_service(service: Object) -> None:
    spec = _inner(service, "spec")
    _default(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or ():
        _default(port, protocol="TCP", targetPort=port.get("port", 0))


def _default_deployment(deployment: Object) -> None:
    spec = _inner(deployment, "spec")
    _default(spec, replicas=1, progressDeadlineSeconds=600, revisionHistoryLimit=10)
    _default_strategy(_inner(spec, "strategy"), maxSurge="25%", maxUnavailable="25%")


def _default_strategy(strategy: Object, **rolling: object) -> None:
    """Set the strategy to RollingUpdate with the parameters `rolling`, unless another type is set."""
    _default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _default(_inner(strategy, "rollingUpdate"), **rolling)


def _default_daemon_set(daemon_set: Object) -> None:
    spec = _inner(daemon_set, "spec")
    _default(spec, revisionHistoryLimit=10)
    _default_strategy(_inner(spec, "updateStrategy"), maxSurge=0, maxUnavailable=1)


def _default_stateful_set(stateful_set: Object) -> None:
    spec = _inner(stateful_set, "spec")
    _default(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    _default(_inner(spec, "persistentVolumeClaimRetentionPolicy"), whenDeleted="Retain", whenScaled="Retain")
    _default_strategy(_inner(spec, "updateStrategy"), partition=0)


def _default_job(job: Object) -> None:
    spec = _inner(job, "spec")
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    if spec.get("podFailurePolicy") is not None:
        _default(spec, podReplacementPolicy="Failed")
    if spec.get("backoffLimitPerIndex") is not None:
        _default(spec, backoffLimit=2**31 - 1)
    _default(
        spec,
        parallelism=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed",
        suspend=False,
    )


def _default_cron_job(cron_job: Object) -> None:
    spec = _inner(cron_job, "spec")
    _default(spec, concurrencyPolicy="Allow", failedJobsHistoryLimit=1, successfulJobsHistoryLimit=3, suspend=False)
    job = _inner(spec, "jobTemplate")
    for template in (job, _inner(job, "spec", "template")):
        _inner(template, "metadata")


def _default_binding(binding: Object) -> None:
    if (reference := binding.get("roleRef")) is not None:
        _default(reference, apiGroup=ROLE.group)
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            _default(subject, apiGroup=ROLE.group)


_OF_KINDS: Mapping[str, Callable[[Object], None]] = {
    "ClusterRoleBinding": _default_binding,
    "CronJob": _default_cron_job,
    "DaemonSet": _default_daemon_set,
    "Deployment": _default_deployment,
    "Job": _default_job,
    "Namespace": _default_namespace,
    "Node": lambda node: _default(node, spec={}),
    "Pod": _default_pod,
    "ReplicaSet": lambda replica_set: _default(_inner(replica_set, "spec"), replicas=1),
    "RoleBinding": _default_binding,
    "Secret": partial(_default, type="Opaque"),
    "Service": _default_service,
    "StatefulSet": _default_stateful_set,
}
