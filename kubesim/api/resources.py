"""The resource types that the API server knows, as discovery lists them (`kubectl api-resources`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, eq=False)  # each type exists once, so identity is equality, and a quick key
class Resource:
    """One resource type: how it is called in URLs, on the command line and in manifests.

    `simulated` is False for types that a real cluster serves and this one does not keep objects of. Of most of them a
    new cluster has none, so that reading finds nothing here, too; those that are `populated` cannot be read. `parts`
    are a type's subresources, `template` is the path to the Pod template in its objects.
    """

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    simulated: bool = True
    populated: bool = False
    verbs: tuple[str, ...] = _VERBS
    parts: tuple[str, ...] = ()
    template: tuple[str, ...] = ()

    def __deepcopy__(self, _memo: dict[int, object]) -> Resource:
        """A type is itself in every cluster."""
        return self

    @property
    def readable(self) -> bool:
        """Whether what is found of it is what a real cluster would have."""
        return self.simulated or (not self.populated and "list" in self.verbs)

    @property
    def singular(self) -> str:
        """The kind in lower case, as kubectl prints it."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """As in a manifest: "v1", "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The GroupResource of error messages: "pods", "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """The GroupKind of error messages: "Pod", "Deployment.apps"."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def printed(self) -> str:
        """How kubectl calls it before a slash: "pod", "deployment.apps"."""
        return f"{self.singular}.{self.group}" if self.group else self.singular


_RBAC = "rbac.authorization.k8s.io"

CONFIG_MAP = Resource("configmaps", "ConfigMap", short_names=("cm",))
EVENT = Resource("events", "Event", short_names=("ev",))
NAMESPACE = Resource(
    "namespaces",
    "Namespace",
    namespaced=False,
    short_names=("ns",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
)
NODE = Resource("nodes", "Node", namespaced=False, short_names=("no",))
POD = Resource("pods", "Pod", short_names=("po",), categories=("all",), parts=("log",))
SECRET = Resource("secrets", "Secret")
SERVICE_ACCOUNT = Resource("serviceaccounts", "ServiceAccount", short_names=("sa",))
SERVICE = Resource("services", "Service", short_names=("svc",), categories=("all",))
# What is posted to a ServiceAccount for a token; not a type that the API lists.
TOKEN_REQUEST = Resource("tokenrequests", "TokenRequest", "authentication.k8s.io")


def _workload(
    plural: str,
    kind: str,
    short: str = "",
    group: str = "apps",
    template: str = "spec.template",
    parts: tuple[str, ...] = (),
) -> Resource:
    """A kind with a Pod template: its controller makes Pods, or objects of another such kind."""
    path, short_names = tuple(template.split(".")), tuple(short.split())
    return Resource(plural, kind, group, short_names=short_names, categories=("all",), parts=parts, template=path)


CONTROLLER_REVISION = Resource("controllerrevisions", "ControllerRevision", "apps")
DAEMON_SET = _workload("daemonsets", "DaemonSet", "ds")
DEPLOYMENT = _workload("deployments", "Deployment", "deploy", parts=("scale",))
REPLICA_SET = _workload("replicasets", "ReplicaSet", "rs", parts=("scale",))
STATEFUL_SET = _workload("statefulsets", "StatefulSet", "sts", parts=("scale",))
CRON_JOB = _workload("cronjobs", "CronJob", "cj", "batch", "spec.jobTemplate.spec.template")
JOB = _workload("jobs", "Job", "", "batch")
CLUSTER_ROLE_BINDING = Resource("clusterrolebindings", "ClusterRoleBinding", _RBAC, namespaced=False)
CLUSTER_ROLE = Resource("clusterroles", "ClusterRole", _RBAC, namespaced=False)
ROLE_BINDING = Resource("rolebindings", "RoleBinding", _RBAC)
ROLE = Resource("roles", "Role", _RBAC)


def _listed(
    group: str,
    kinds: str,
    namespaced: bool = True,
    version: str = "v1",
    verbs: tuple[str, ...] = _VERBS,
    categories: tuple[str, ...] = (),
) -> list[Resource]:
    """Types that are not simulated, as "Kind,short,short Kind"; a "+" marks one that every cluster has objects of."""
    found = []
    for word in kinds.split():
        kind, *short = word.lstrip("+").split(",")
        names = (_plural(kind), kind, group, version, namespaced, tuple(short))
        found.append(Resource(*names, categories, simulated=False, populated=word.startswith("+"), verbs=verbs))
    return found


def _plural(kind: str) -> str:
    name = kind.lower()
    if name.endswith("y"):
        return name[:-1] + "ies"
    return name if name == "endpoints" else name + ("es" if name.endswith("s") else "s")


_ALL = ("all",)
_CREATE = ("create",)
_READ = ("get", "list")
_CLUSTER = False
_EXTENSIONS = ("api-extensions",)

# Every type of a new v1.36 cluster, in discovery's order: the core group first, then the others by name.
RESOURCES: tuple[Resource, ...] = (
    *_listed("", "Binding", verbs=_CREATE),
    *_listed("", "+ComponentStatus,cs", _CLUSTER, verbs=_READ),
    CONFIG_MAP,
    *_listed("", "+Endpoints,ep"),
    EVENT,
    *_listed("", "LimitRange,limits"),
    NAMESPACE,
    NODE,
    *_listed("", "PersistentVolumeClaim,pvc"),
    *_listed("", "PersistentVolume,pv", _CLUSTER),
    POD,
    *_listed("", "PodTemplate"),
    *_listed("", "ReplicationController,rc", categories=_ALL),
    *_listed("", "ResourceQuota,quota"),
    SECRET,
    SERVICE_ACCOUNT,
    SERVICE,
    *_listed(
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
        _CLUSTER,
        categories=_EXTENSIONS,
    ),
    *_listed("apiextensions.k8s.io", "CustomResourceDefinition,crd,crds", _CLUSTER, categories=_EXTENSIONS),
    *_listed("apiregistration.k8s.io", "+APIService", _CLUSTER, categories=_EXTENSIONS),
    CONTROLLER_REVISION,
    DAEMON_SET,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    *_listed("authentication.k8s.io", "SelfSubjectReview TokenReview", _CLUSTER, verbs=_CREATE),
    *_listed("authorization.k8s.io", "LocalSubjectAccessReview", verbs=_CREATE),
    *_listed(
        "authorization.k8s.io",
        "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
        _CLUSTER,
        verbs=_CREATE,
    ),
    *_listed("autoscaling", "HorizontalPodAutoscaler,hpa", version="v2", categories=_ALL),
    CRON_JOB,
    JOB,
    *_listed("certificates.k8s.io", "CertificateSigningRequest,csr", _CLUSTER),
    *_listed("coordination.k8s.io", "+Lease"),
    *_listed("discovery.k8s.io", "+EndpointSlice"),
    *_listed("events.k8s.io", "+Event,ev"),
    *_listed("flowcontrol.apiserver.k8s.io", "+FlowSchema +PriorityLevelConfiguration", _CLUSTER),
    *_listed("networking.k8s.io", "IngressClass", _CLUSTER),
    *_listed("networking.k8s.io", "Ingress,ing"),
    *_listed("networking.k8s.io", "+IPAddress,ip", _CLUSTER),
    *_listed("networking.k8s.io", "NetworkPolicy,netpol"),
    *_listed("networking.k8s.io", "+ServiceCIDR", _CLUSTER),
    *_listed("node.k8s.io", "RuntimeClass", _CLUSTER),
    *_listed("policy", "PodDisruptionBudget,pdb"),
    CLUSTER_ROLE_BINDING,
    CLUSTER_ROLE,
    ROLE_BINDING,
    ROLE,
    *_listed("resource.k8s.io", "DeviceClass", _CLUSTER),
    *_listed("resource.k8s.io", "ResourceClaim ResourceClaimTemplate"),
    *_listed("resource.k8s.io", "ResourceSlice", _CLUSTER),
    *_listed("scheduling.k8s.io", "+PriorityClass,pc", _CLUSTER),
    *_listed("storage.k8s.io", "CSIDriver +CSINode", _CLUSTER),
    *_listed("storage.k8s.io", "CSIStorageCapacity"),
    *_listed("storage.k8s.io", "StorageClass,sc VolumeAttachment VolumeAttributesClass,vac", _CLUSTER),
)

# Every version of a group, also one that discovery prefers a newer one to.
API_VERSIONS = sorted({resource.api_version for resource in RESOURCES} | {"autoscaling/v1"})


# Of two types of one name, such as events, the first is meant.
_BY_NAME: dict[str, list[Resource]] = {}
for _resource in RESOURCES:
    for _name in dict.fromkeys((_resource.plural, _resource.singular, *_resource.short_names)):
        _BY_NAME.setdefault(_name, []).append(_resource)
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


def find_resource(name: str) -> Resource | None:
    """The type that a command line calls `name`, or None: plural, singular or short, with its group or the group's
    beginning, and also with a version before the group. Mirrors k8s.io/apimachinery pkg/api/meta/restmapper.go, v1.36.
    """
    word, dot, group = name.lower().partition(".")
    found = _BY_NAME.get(word, [])
    version, versioned, rest = group.partition(".")
    tests: tuple[Callable[[Resource], bool], ...] = (
        lambda item: bool(versioned) and (item.version, item.group) == (version, rest),
        lambda item: not dot or item.group == group,
        lambda item: bool(group) and item.group.startswith(group),
    )
    return next((item for fits in tests for item in found if fits(item)), None)


def find_kind(api_version: str, kind: str) -> Resource | None:
    """The type of a manifest's apiVersion and kind, or None."""
    return _BY_KIND.get((api_version, kind))
