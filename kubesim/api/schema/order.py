"""The order of a struct's fields in Go, in which kubectl writes the JSON of objects that it holds as Go structs.

OpenAPI and so lightkube-models have fields by name. From k8s.io/api core/v1, apps/v1, rbac/v1 and k8s.io/apimachinery
meta/v1 types.go, v1.36: the structs of what `kubectl create`, `run`, `events` and `rollout` make and show.
"""

from __future__ import annotations

from typing import Any

from kubesim.api.resources import Resource
from kubesim.api.schema.model import Type, fields, type_of

# A field that is not listed comes after those that are, by name.
_ORDER = {
    "ClusterRole": "metadata rules aggregationRule",
    "ConfigMap": "metadata immutable data binaryData",
    "ConfigMapProjection": "name items optional",
    "Container": "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy "
    "restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle "
    "terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty",
    "ContainerPort": "name hostPort containerPort protocol hostIP",
    "ContainerState": "waiting running terminated",
    "ContainerStateTerminated": "exitCode signal reason message startedAt finishedAt containerID",
    "ContainerStateWaiting": "reason message",
    "ContainerStatus": "name state lastState ready restartCount image imageID containerID started",
    "DeploymentCondition": "type status lastUpdateTime lastTransitionTime reason message",
    "DeploymentSpec": "replicas selector template strategy minReadySeconds revisionHistoryLimit paused "
    "progressDeadlineSeconds",
    "DeploymentStatus": "observedGeneration replicas updatedReplicas readyReplicas availableReplicas "
    "unavailableReplicas terminatingReplicas conditions",
    "DeploymentStrategy": "type rollingUpdate",
    "DownwardAPIVolumeFile": "path fieldRef resourceFieldRef mode",
    "EnvVar": "name value valueFrom",
    "Event": "metadata involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series "
    "action related reportingComponent reportingInstance",
    "LabelSelector": "matchLabels matchExpressions",
    "ObjectMeta": "name generateName namespace selfLink uid resourceVersion generation creationTimestamp "
    "deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields",
    "ObjectReference": "kind namespace name uid apiVersion resourceVersion fieldPath",
    "OwnerReference": "apiVersion kind name uid controller blockOwnerDeletion",
    "PodCondition": "type observedGeneration status lastProbeTime lastTransitionTime reason message",
    "PodSpec": "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds "
    "activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken "
    "nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain "
    "affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates "
    "runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints",
    "PodStatus": "observedGeneration phase conditions message reason nominatedNodeName hostIP hostIPs podIP podIPs "
    "startTime initContainerStatuses containerStatuses qosClass",
    "PolicyRule": "verbs apiGroups resources resourceNames nonResourceURLs",
    "ProjectedVolumeSource": "sources defaultMode",
    "ReplicaSetSpec": "replicas minReadySeconds selector template",
    "ReplicaSetStatus": "replicas fullyLabeledReplicas readyReplicas availableReplicas terminatingReplicas "
    "observedGeneration conditions",
    "RoleBinding": "metadata subjects roleRef",
    "ClusterRoleBinding": "metadata subjects roleRef",
    "RollingUpdateDeployment": "maxUnavailable maxSurge",
    "Secret": "metadata immutable data stringData type",
    "SecretVolumeSource": "secretName items defaultMode optional",
    "ServiceAccount": "metadata secrets imagePullSecrets automountServiceAccountToken",
    "Subject": "kind apiGroup name namespace",
    "Toleration": "key operator value effect tolerationSeconds",
    "Volume": "name",
    "VolumeMount": "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr",
    "VolumeProjection": "secret downwardAPI configMap serviceAccountToken",
}
_RANKS = {struct: {name: rank for rank, name in enumerate(names.split())} for struct, names in _ORDER.items()}


def in_go_order(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """`obj` with its fields, and those of all structs in it, in Go's order."""
    ordered: dict[str, Any] = _ordered(type_of(resource), obj)
    return {"kind": resource.kind, "apiVersion": resource.api_version} | ordered


def _ordered(kind: Type, value: Any) -> Any:
    if kind.kind == "list" and kind.element and isinstance(value, list):
        return [_ordered(kind.element, item) for item in value]
    if not isinstance(value, dict):
        return value
    ranks, inner = _RANKS.get(kind.name, {}), fields(kind)
    keys = sorted(value, key=lambda key: (ranks.get(key, len(ranks)), key))
    return {key: _ordered(inner[key].type, value[key]) if key in inner else value[key] for key in keys}
