"""What Kubernetes' Go types say and OpenAPI, hence lightkube-models, leaves out.

Keys are "field" or, where the same name means different things, "Struct.field". From k8s.io/api core/v1, apps/v1,
rbac/v1 and k8s.io/apimachinery meta/v1 types.go, v1.36.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Types with a decoder of their own (they implement json.Unmarshaler) or without a fixed shape.
SPECIAL = {
    "Time": ("time", "v1.Time"),
    "MicroTime": ("microtime", "v1.MicroTime"),
    "Quantity": ("quantity", "resource.Quantity"),
    "IntOrString": ("intorstring", "intstr.IntOrString"),
    "RawExtension": ("any", "runtime.RawExtension"),
    "FieldsV1": ("any", "v1.FieldsV1"),
}

INT64 = _names(
    "activeDeadlineSeconds deletionGracePeriodSeconds expirationSeconds fsGroup generation gid observedGeneration "
    "runAsGroup runAsUser sizeBytes supplementalGroups terminationGracePeriodSeconds tolerationSeconds uid"
)

# map[string]string unless listed: the value's kind and the Go name of the whole map.
BYTES_MAPS = frozenset({"Secret.data", "ConfigMap.binaryData"})
RESOURCE_LISTS = _names(
    "allocatable allocatedResources capacity default defaultRequest hard limits max maxLimitRequestRatio min overhead "
    "requests used"
)

NAMED_STRINGS = {
    "AppArmorProfile.type": "v1.AppArmorProfileType",
    "Capabilities.add": "v1.Capability",
    "Capabilities.drop": "v1.Capability",
    "Container.restartPolicy": "v1.ContainerRestartPolicy",
    "ContainerResizePolicy.resourceName": "v1.ResourceName",
    "ContainerResizePolicy.restartPolicy": "v1.ResourceResizeRestartPolicy",
    "DeploymentStrategy.type": "v1.DeploymentStrategyType",
    "HostPathVolumeSource.type": "v1.HostPathType",
    "LabelSelectorRequirement.operator": "v1.LabelSelectorOperator",
    "NamespaceSpec.finalizers": "v1.FinalizerName",
    "NamespaceStatus.phase": "v1.NamespacePhase",
    "NodeSelectorRequirement.operator": "v1.NodeSelectorOperator",
    "PodOS.name": "v1.OSName",
    "PodSpec.restartPolicy": "v1.RestartPolicy",
    "PodStatus.phase": "v1.PodPhase",
    "SeccompProfile.type": "v1.SeccompProfileType",
    "Secret.type": "v1.SecretType",
    "ServiceSpec.type": "v1.ServiceType",
    "Toleration.operator": "v1.TolerationOperator",
    "dnsPolicy": "v1.DNSPolicy",
    "effect": "v1.TaintEffect",
    "fsGroupChangePolicy": "v1.PodFSGroupChangePolicy",
    "imagePullPolicy": "v1.PullPolicy",
    "medium": "v1.StorageMedium",
    "mountPropagation": "v1.MountPropagationMode",
    "preemptionPolicy": "v1.PreemptionPolicy",
    "procMount": "v1.ProcMountType",
    "protocol": "v1.Protocol",
    "pullPolicy": "v1.PullPolicy",
    "recursiveReadOnly": "v1.RecursiveReadOnlyMode",
    "scheme": "v1.URIScheme",
    "supplementalGroupsPolicy": "v1.SupplementalGroupsPolicy",
    "terminationMessagePolicy": "v1.TerminationMessagePolicy",
    "uid": "types.UID",
    "whenUnsatisfiable": "v1.UnsatisfiableConstraintAction",
}

# Optional scalars behind a pointer: "", 0 and false are kept, where Go's omitempty drops them from other fields.
POINTERS = _names(
    "activeDeadlineSeconds allocateLoadBalancerNodePorts allowPrivilegeEscalation appProtocol "
    "automountServiceAccountToken blockOwnerDeletion controller defaultMode deletionGracePeriodSeconds "
    "enableServiceLinks expirationSeconds fsGroup fsGroupChangePolicy hostProcess hostUsers hostnameOverride "
    "immutable localhostProfile maxSurge maxUnavailable minDomains mode mountPropagation nodeAffinityPolicy "
    "nodeTaintsPolicy optional partition preemptionPolicy priority privileged procMount progressDeadlineSeconds "
    "readOnlyRootFilesystem recursiveReadOnly resourceClaimName resourceClaimTemplateName revisionHistoryLimit "
    "runAsGroup runAsNonRoot runAsUser runtimeClassName seLinuxChangePolicy setHostnameAsFQDN shareProcessNamespace "
    "sizeLimit started stopSignal storageClassName supplementalGroupsPolicy terminationGracePeriodSeconds "
    "terminatingReplicas tolerationSeconds Container.restartPolicy DeploymentSpec.replicas "
    "EphemeralContainer.restartPolicy GRPCAction.service HostPathVolumeSource.type PodDNSConfigOption.value "
    "ReplicaSetSpec.replicas"
)

# Values of the types that are marked +enum, as OpenAPI lists them.
ENUMS = {
    "v1.AppArmorProfileType": ("Localhost", "RuntimeDefault", "Unconfined"),
    "v1.DNSPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "v1.HostPathType": (
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ),
    "v1.MountPropagationMode": ("Bidirectional", "HostToContainer", "None"),
    "v1.NamespacePhase": ("Active", "Terminating"),
    "v1.NodeSelectorOperator": ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
    "v1.DeploymentStrategyType": ("Recreate", "RollingUpdate"),
    "v1.PodFSGroupChangePolicy": ("Always", "OnRootMismatch"),
    "v1.PodPhase": ("Failed", "Pending", "Running", "Succeeded", "Unknown"),
    "v1.PreemptionPolicy": ("Never", "PreemptLowerPriority"),
    "v1.ProcMountType": ("Default", "Unmasked"),
    "v1.Protocol": ("SCTP", "TCP", "UDP"),
    "v1.PullPolicy": ("Always", "IfNotPresent", "Never"),
    "v1.RestartPolicy": ("Always", "Never", "OnFailure"),
    "v1.SeccompProfileType": ("Localhost", "RuntimeDefault", "Unconfined"),
    "v1.ServiceType": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    "v1.SupplementalGroupsPolicy": ("Merge", "Strict"),
    "v1.TaintEffect": ("NoExecute", "NoSchedule", "PreferNoSchedule"),
    "v1.TerminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    "v1.URIScheme": ("HTTP", "HTTPS"),
    "v1.UnsatisfiableConstraintAction": ("DoNotSchedule", "ScheduleAnyway"),
}
