"""The resource types that the API server knows, as discovery lists them (`kubectl api-resources`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)  # each type exists once, so identity is equality, and a quick key
class Resource:
    """One resource type: how it is called in URLs, on the command line and in manifests.

    `simulated` is False for types that a real cluster serves and this one does not keep objects of.
    """

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    simulated: bool = True

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
NAMESPACE = Resource("namespaces", "Namespace", namespaced=False, short_names=("ns",))
NODE = Resource("nodes", "Node", namespaced=False, short_names=("no",))
POD = Resource("pods", "Pod", short_names=("po",), categories=("all",))
SECRET = Resource("secrets", "Secret")
SERVICE_ACCOUNT = Resource("serviceaccounts", "ServiceAccount", short_names=("sa",))
SERVICE = Resource("services", "Service", short_names=("svc",), categories=("all",))
DEPLOYMENT = Resource("deployments", "Deployment", "apps", short_names=("deploy",), categories=("all",))
REPLICA_SET = Resource("replicasets", "ReplicaSet", "apps", short_names=("rs",), categories=("all",))
CLUSTER_ROLE_BINDING = Resource("clusterrolebindings", "ClusterRoleBinding", _RBAC, namespaced=False)
CLUSTER_ROLE = Resource("clusterroles", "ClusterRole", _RBAC, namespaced=False)
ROLE_BINDING = Resource("rolebindings", "RoleBinding", _RBAC)
ROLE = Resource("roles", "Role", _RBAC)

# In discovery's order: the core group first, then the others by name.
RESOURCES: tuple[Resource, ...] = (
    Resource("bindings", "Binding", simulated=False),
    Resource("componentstatuses", "ComponentStatus", namespaced=False, short_names=("cs",), simulated=False),
    CONFIG_MAP,
    Resource("endpoints", "Endpoints", short_names=("ep",), simulated=False),
    EVENT,
    Resource("limitranges", "LimitRange", short_names=("limits",), simulated=False),
    NAMESPACE,
    NODE,
    Resource("persistentvolumeclaims", "PersistentVolumeClaim", short_names=("pvc",), simulated=False),
    Resource("persistentvolumes", "PersistentVolume", namespaced=False, short_names=("pv",), simulated=False),
    POD,
    Resource("podtemplates", "PodTemplate", simulated=False),
    Resource(
        "replicationcontrollers",
        "ReplicationController",
        short_names=("rc",),
        categories=("all",),
        simulated=False,
    ),
    Resource("resourcequotas", "ResourceQuota", short_names=("quota",), simulated=False),
    SECRET,
    SERVICE_ACCOUNT,
    SERVICE,
    Resource("controllerrevisions", "ControllerRevision", "apps", simulated=False),
    Resource("daemonsets", "DaemonSet", "apps", short_names=("ds",), categories=("all",), simulated=False),
    DEPLOYMENT,
    REPLICA_SET,
    Resource("statefulsets", "StatefulSet", "apps", short_names=("sts",), categories=("all",), simulated=False),
    Resource(
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "autoscaling",
        "v2",
        short_names=("hpa",),
        categories=("all",),
        simulated=False,
    ),
    Resource("cronjobs", "CronJob", "batch", short_names=("cj",), categories=("all",), simulated=False),
    Resource("jobs", "Job", "batch", categories=("all",), simulated=False),
    Resource("ingresses", "Ingress", "networking.k8s.io", short_names=("ing",), simulated=False),
    Resource("networkpolicies", "NetworkPolicy", "networking.k8s.io", short_names=("netpol",), simulated=False),
    CLUSTER_ROLE_BINDING,
    CLUSTER_ROLE,
    ROLE_BINDING,
    ROLE,
)


def _names(resource: Resource) -> tuple[str, ...]:
    plain = (resource.plural, resource.singular, *resource.short_names)
    if not resource.group:
        return plain
    qualified = tuple(f"{name}.{resource.group}" for name in (resource.plural, resource.singular))
    versioned = f"{resource.plural}.{resource.version}.{resource.group}"
    return (*plain, *qualified, versioned)


_BY_NAME = {name: resource for resource in RESOURCES for name in _names(resource)}
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


def find_resource(name: str) -> Resource | None:
    """The type that a command line calls `name` (plural, singular, short, with or without its group), or None."""
    return _BY_NAME.get(name.lower())


def find_kind(api_version: str, kind: str) -> Resource | None:
    """The type of a manifest's apiVersion and kind, or None."""
    return _BY_KIND.get((api_version, kind))
