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
    "CustomResourceSubresourceStatus": ("any", "v1.CustomResourceSubresourceStatus"),
    "JSON": ("any", "v1.JSON"),
    "JSONSchemaPropsOrArray": ("any", "v1.JSONSchemaPropsOrArray"),
    "JSONSchemaPropsOrBool": ("any", "v1.JSONSchemaPropsOrBool"),
    "JSONSchemaPropsOrStringArray": ("any", "v1.JSONSchemaPropsOrStringArray"),
}

INT64 = _names(
    "activeDeadlineSeconds deletionGracePeriodSeconds fsGroup generation gid gracePeriodSeconds maxItems maxLength "
    "maxProperties minItems minLength minProperties nodeAllocatableUpdatePeriodSeconds observedGeneration "
    "remainingItemCount resourceSliceCount runAsGroup runAsUser sizeBytes startingDeadlineSeconds supplementalGroups "
    "terminationGracePeriodSeconds tolerationSeconds uid ControllerRevision.revision DeviceAttribute.int "
    "DeviceAttribute.ints DeviceSubRequest.count ExactDeviceRequest.count NodeSwapStatus.capacity "
    "ServiceAccountTokenProjection.expirationSeconds SleepAction.seconds TokenRequest.expirationSeconds"
)
BYTES = _names("caBundle CertificateSigningRequestSpec.request CertificateSigningRequestStatus.certificate")

# A map is a map[string]string unless listed here, with what it holds.
BYTES_MAPS = frozenset({"Secret.data", "ConfigMap.binaryData"})
RESOURCE_LISTS = _names(
    "allocatable allocatedResources capacity consumedCapacity default defaultRequest hard limits max "
    "maxLimitRequestRatio min overhead podFixed requests used NodeAllocatableResourceClaimStatus.resources"
)
STRUCT_MAPS = {
    "CertificateSigningRequestSpec.extra": "List[str]",
    "CounterSet.counters": "Counter",
    "Device.attributes": "DeviceAttribute",
    "Device.capacity": "DeviceCapacity",
    "Device.nodeAllocatableResourceMappings": "NodeAllocatableResourceMapping",
    "DeviceCounterConsumption.counters": "Counter",
    "JSONSchemaProps.definitions": "JSONSchemaProps",
    "JSONSchemaProps.dependencies": "JSONSchemaPropsOrStringArray",
    "JSONSchemaProps.patternProperties": "JSONSchemaProps",
    "JSONSchemaProps.properties": "JSONSchemaProps",
    "PodDisruptionBudgetStatus.disruptedPods": "meta_v1.Time",
    "SubjectAccessReviewSpec.extra": "List[str]",
    "UserInfo.extra": "List[str]",
}

NAMED_STRINGS = {
    "AppArmorProfile.type": "v1.AppArmorProfileType",
    "AzureDiskVolumeSource.cachingMode": "v1.AzureDataDiskCachingMode",
    "AzureDiskVolumeSource.kind": "v1.AzureDataDiskKind",
    "Capabilities.add": "v1.Capability",
    "Capabilities.drop": "v1.Capability",
    "Container.restartPolicy": "v1.ContainerRestartPolicy",
    "ContainerResizePolicy.resourceName": "v1.ResourceName",
    "ContainerResizePolicy.restartPolicy": "v1.ResourceResizeRestartPolicy",
    "CronJobSpec.concurrencyPolicy": "v1.ConcurrencyPolicy",
    "DaemonSetUpdateStrategy.type": "v1.DaemonSetUpdateStrategyType",
    "DeploymentStrategy.type": "v1.DeploymentStrategyType",
    "DeviceTaint.effect": "v1.DeviceTaintEffect",
    "DeviceToleration.effect": "v1.DeviceTaintEffect",
    "HTTPIngressPath.pathType": "v1.PathType",
    "HostPathVolumeSource.type": "v1.HostPathType",
    "JobSpec.completionMode": "v1.CompletionMode",
    "LabelSelectorRequirement.operator": "v1.LabelSelectorOperator",
    "NamespaceSpec.finalizers": "v1.FinalizerName",
    "NamespaceStatus.phase": "v1.NamespacePhase",
    "NodeSelectorRequirement.operator": "v1.NodeSelectorOperator",
    "NodeStatus.phase": "v1.NodePhase",
    "PodOS.name": "v1.OSName",
    "PodSpec.restartPolicy": "v1.RestartPolicy",
    "PodStatus.phase": "v1.PodPhase",
    "SeccompProfile.type": "v1.SeccompProfileType",
    "Secret.type": "v1.SecretType",
    "ServiceSpec.ipFamilies": "v1.IPFamily",
    "ServiceSpec.type": "v1.ServiceType",
    "StatefulSetSpec.podManagementPolicy": "v1.PodManagementPolicyType",
    "StatefulSetUpdateStrategy.type": "v1.StatefulSetUpdateStrategyType",
    "Toleration.operator": "v1.TolerationOperator",
    "accessModes": "v1.PersistentVolumeAccessMode",
    "dnsPolicy": "v1.DNSPolicy",
    "effect": "v1.TaintEffect",
    "externalTrafficPolicy": "v1.ServiceExternalTrafficPolicy",
    "fsGroupChangePolicy": "v1.PodFSGroupChangePolicy",
    "imagePullPolicy": "v1.PullPolicy",
    "internalTrafficPolicy": "v1.ServiceInternalTrafficPolicy",
    "ipFamilyPolicy": "v1.IPFamilyPolicy",
    "medium": "v1.StorageMedium",
    "mountPropagation": "v1.MountPropagationMode",
    "nodeAffinityPolicy": "v1.NodeInclusionPolicy",
    "nodeTaintsPolicy": "v1.NodeInclusionPolicy",
    "preemptionPolicy": "v1.PreemptionPolicy",
    "procMount": "v1.ProcMountType",
    "protocol": "v1.Protocol",
    "pullPolicy": "v1.PullPolicy",
    "qosClass": "v1.PodQOSClass",
    "recursiveReadOnly": "v1.RecursiveReadOnlyMode",
    "scheme": "v1.URIScheme",
    "sessionAffinity": "v1.ServiceAffinity",
    "supplementalGroupsPolicy": "v1.SupplementalGroupsPolicy",
    "terminationMessagePolicy": "v1.TerminationMessagePolicy",
    "uid": "types.UID",
    "volumeMode": "v1.PersistentVolumeMode",
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
    "v1.AzureDataDiskCachingMode": ("None", "ReadOnly", "ReadWrite"),
    "v1.AzureDataDiskKind": ("Dedicated", "Managed", "Shared"),
    "v1.CompletionMode": ("Indexed", "NonIndexed"),
    "v1.ConcurrencyPolicy": ("Allow", "Forbid", "Replace"),
    "v1.DNSPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "v1.DaemonSetUpdateStrategyType": ("OnDelete", "RollingUpdate"),
    "v1.DeploymentStrategyType": ("Recreate", "RollingUpdate"),
    "v1.DeviceTaintEffect": ("NoExecute", "NoSchedule", "None"),
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
    "v1.IPFamily": ("", "IPv4", "IPv6"),
    "v1.IPFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
    "v1.MountPropagationMode": ("Bidirectional", "HostToContainer", "None"),
    "v1.NamespacePhase": ("Active", "Terminating"),
    "v1.NodeInclusionPolicy": ("Honor", "Ignore"),
    "v1.NodePhase": ("Pending", "Running", "Terminated"),
    "v1.NodeSelectorOperator": ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
    "v1.PathType": ("Exact", "ImplementationSpecific", "Prefix"),
    "v1.PersistentVolumeAccessMode": ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"),
    "v1.PersistentVolumeMode": ("Block", "Filesystem"),
    "v1.PodFSGroupChangePolicy": ("Always", "OnRootMismatch"),
    "v1.PodManagementPolicyType": ("OrderedReady", "Parallel"),
    "v1.PodPhase": ("Failed", "Pending", "Running", "Succeeded", "Unknown"),
    "v1.PodQOSClass": ("BestEffort", "Burstable", "Guaranteed"),
    "v1.PreemptionPolicy": ("Never", "PreemptLowerPriority"),
    "v1.ProcMountType": ("Default", "Unmasked"),
    "v1.Protocol": ("SCTP", "TCP", "UDP"),
    "v1.PullPolicy": ("Always", "IfNotPresent", "Never"),
    "v1.RestartPolicy": ("Always", "Never", "OnFailure"),
    "v1.SeccompProfileType": ("Localhost", "RuntimeDefault", "Unconfined"),
    "v1.ServiceAffinity": ("ClientIP", "None"),
    "v1.ServiceExternalTrafficPolicy": ("Cluster", "Local"),
    "v1.ServiceInternalTrafficPolicy": ("Cluster", "Local"),
    "v1.ServiceType": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    "v1.StatefulSetUpdateStrategyType": ("OnDelete", "RollingUpdate"),
    "v1.SupplementalGroupsPolicy": ("Merge", "Strict"),
    "v1.TaintEffect": ("NoExecute", "NoSchedule", "PreferNoSchedule"),
    "v1.TerminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    "v1.TolerationOperator": ("Equal", "Exists", "Gt", "Lt"),
    "v1.URIScheme": ("HTTP", "HTTPS"),
    "v1.UnsatisfiableConstraintAction": ("DoNotSchedule", "ScheduleAnyway"),
}

# The patchStrategy and patchMergeKey tags: by which key a strategic merge finds the items of a list of objects, "" for
# a list of scalars, and of which fields. A list that is not here is replaced as a whole.
_MERGED_BY = {
    "": _names("NodeSpec.podCIDRs ObjectMeta.finalizers"),
    "containerPort": _names("Container.ports EphemeralContainer.ports"),
    "devicePath": _names("Container.volumeDevices EphemeralContainer.volumeDevices"),
    "ip": _names("PodSpec.hostAliases PodStatus.hostIPs PodStatus.podIPs"),
    "mountPath": _names("Container.volumeMounts ContainerStatus.volumeMounts EphemeralContainer.volumeMounts"),
    "name": _names(
        "CSINodeSpec.drivers Container.env ContainerStatus.allocatedResourcesStatus EphemeralContainer.env "
        "MutatingAdmissionPolicySpec.matchConditions MutatingWebhook.matchConditions "
        "MutatingWebhookConfiguration.webhooks PodSpec.containers PodSpec.ephemeralContainers PodSpec.imagePullSecrets "
        "PodSpec.initContainers PodSpec.resourceClaims PodSpec.schedulingGates PodSpec.volumes "
        "PodStatus.resourceClaimStatuses ServiceAccount.secrets ValidatingAdmissionPolicySpec.matchConditions "
        "ValidatingAdmissionPolicySpec.variables ValidatingWebhook.matchConditions "
        "ValidatingWebhookConfiguration.webhooks"
    ),
    "port": _names("ServiceSpec.ports"),
    "rule": _names("JSONSchemaProps.x-kubernetes-validations"),
    "topologyKey": _names("PodSpec.topologySpreadConstraints"),
    "type": _names(
        "APIServiceStatus.conditions ComponentStatus.conditions DaemonSetStatus.conditions DeploymentStatus.conditions "
        "FlowSchemaStatus.conditions HorizontalPodAutoscalerStatus.conditions JobStatus.conditions "
        "NamespaceStatus.conditions NodeStatus.addresses NodeStatus.conditions PersistentVolumeClaimStatus.conditions "
        "PodDisruptionBudgetStatus.conditions PodStatus.conditions PriorityLevelConfigurationStatus.conditions "
        "ReplicaSetStatus.conditions ReplicationControllerStatus.conditions ServiceCIDRStatus.conditions "
        "ServiceStatus.conditions StatefulSetStatus.conditions"
    ),
    "uid": _names("ObjectMeta.ownerReferences ResourceClaimStatus.reservedFor"),
}
MERGE_KEYS = {field: key for key, fields in _MERGED_BY.items() for field in fields}
RETAIN_KEYS = frozenset(
    {"DeploymentSpec.strategy", "PodSpec.resourceClaims", "PodSpec.volumes", "PodStatus.resourceClaimStatuses"}
)
