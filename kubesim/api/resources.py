"""The API server's resource types, as discovery lists them, from kinds.json.

A row has the facts about a kind that several packages need.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from kubesim.api import typed

COLUMNS = {"NAME": "text metadata.name", "AGE": "age metadata.creationTimestamp"}
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Wait(NamedTuple):
    """A condition of a finished rollout: a number of the object reaches the expected one.

    `number`, `expected` and `less` are paths, such as status.updatedReplicas. The number at `less` is subtracted from
    the expected one.
    """

    number: str
    expected: str
    message: str
    less: str = ""


class Rollout(NamedTuple):
    """The way kubectl follows a rollout: its word for the workload, conditions in order, and the last message."""

    noun: str
    waits: tuple[Wait, ...]
    done: str


class ResourceRow(NamedTuple):
    """The columns of kinds.json."""

    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # groups in `kubectl get`, such as "all"
    simulated: bool = True  # False: a real cluster serves the type, this one stores no objects of it
    # for a type that isn't simulated: reads find nothing (as in a new cluster) rather than being refused
    readable: bool = True
    verbs: tuple[str, ...] = _VERBS
    returned: bool = False  # whether the response to a DELETE is the object, not a Status
    parts: tuple[str, ...] = ()  # subresources
    template: tuple[str, ...] = ()  # keys that lead to the Pod template in an object
    status: Mapping[str, Any] | None = None  # status of a new object; only the server writes a status
    fields: tuple[str, ...] = ()  # fields that `--field-selector` supports
    counted: bool = False  # whether metadata.generation counts although the type has no Pod template
    columns: Mapping[str, str] = COLUMNS  # columns of `kubectl get` for printers.py; "+" begins one of `-o wide`
    rollout: Rollout | None = None


class Resource(ResourceRow):
    """A resource type with its names in URLs, on the command line and in manifests."""

    # Each type exists once, so identity is equality, which makes it a fast key of dictionaries.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    @property
    def plural(self) -> str:
        """The name in URLs: "pods", "policies"."""
        return _plural(self.kind)

    @property
    def has_generation(self) -> bool:
        """True if metadata.generation counts changes of the spec. All types with a Pod template have it."""
        return self.counted or bool(self.template)

    @property
    def left_out(self) -> str:
        """The refusal of objects of a type that this cluster doesn't store."""
        return f"objects of type {self.qualified} are not part of this simulator"

    @property
    def singular(self) -> str:
        """The kind in lower case, as kubectl prints it."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """The apiVersion of manifests: "v1", "apps/v1"."""
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
        """kubectl's name before a slash: "pod", "deployment.apps"."""
        return self.qualified_kind.lower()

    @property
    def in_go(self) -> str:
        """The Go type of the objects: "*v1.Pod"."""
        return f"*{self.version}.{self.kind}"

    @property
    def gvr(self) -> str:
        """The GroupVersionResource as Go prints it: "/v1, Resource=pods"."""
        return f"{self.group}/{self.version}, Resource={self.plural}"

    @property
    def gvk(self) -> str:
        """The GroupVersionKind as Go prints it: "/v1, Kind=Pod"."""
        return f"{self.group}/{self.version}, Kind={self.kind}"


@cache
def _plural(kind: str) -> str:
    """The plural of a kind, as the API server forms it."""
    name = kind.lower()
    if name.endswith("y"):
        return name[:-1] + "ies"
    if name == "endpoints":
        return name
    return f"{name}es" if name.endswith("s") else f"{name}s"


# All types of a new v1.36 cluster in discovery's order: the core group first, then the others by name.
RESOURCES: tuple[Resource, ...] = typed.read_table(__file__, "kinds.json", tuple[Resource, ...])
# All group versions, including old ones besides the version that discovery prefers.
API_VERSIONS = sorted({resource.api_version for resource in RESOURCES} | {"autoscaling/v1"})


def _simulated(kind: str) -> Resource:
    """The simulated type with this kind. Raises LookupError if kinds.json lacks it."""
    for resource in RESOURCES:
        if resource.kind == kind and resource.simulated:
            return resource
    raise LookupError(f"kinds.json lacks {kind}")


CONFIG_MAP = _simulated("ConfigMap")
EVENT = _simulated("Event")
NAMESPACE = _simulated("Namespace")
NODE = _simulated("Node")
POD = _simulated("Pod")
SECRET = _simulated("Secret")
SERVICE_ACCOUNT = _simulated("ServiceAccount")
SERVICE = _simulated("Service")
CONTROLLER_REVISION = _simulated("ControllerRevision")
DAEMON_SET = _simulated("DaemonSet")
DEPLOYMENT = _simulated("Deployment")
REPLICA_SET = _simulated("ReplicaSet")
STATEFUL_SET = _simulated("StatefulSet")
CRON_JOB = _simulated("CronJob")
JOB = _simulated("Job")
CLUSTER_ROLE_BINDING = _simulated("ClusterRoleBinding")
CLUSTER_ROLE = _simulated("ClusterRole")
ROLE_BINDING = _simulated("RoleBinding")
ROLE = _simulated("Role")
LEASE = next(resource for resource in RESOURCES if resource.kind == "Lease")


# If two types share a name, such as events, the first one is found.
_BY_NAME: dict[str, list[Resource]] = {}
for _resource in RESOURCES:
    for _name in dict.fromkeys((_resource.plural, _resource.singular, *_resource.short_names)):
        _BY_NAME.setdefault(_name, []).append(_resource)
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


@lru_cache(maxsize=256)
def find_resource(name: str) -> Resource | None:
    """Find the type for a name on the command line, or None.

    The name is plural, singular or short, optionally with a group, the beginning of a group, or a version and a group.
    Mirrors k8s.io/apimachinery pkg/api/meta/restmapper.go, v1.36.
    """
    word, _, group = name.lower().partition(".")
    version, has_version, group_of_version = group.partition(".")  # in "pods.v1.", the group is the core group
    candidates = _BY_NAME.get(word, [])
    for item in candidates:
        if has_version and (item.version, item.group) == (version, group_of_version):
            return item
    for item in candidates:
        if not group or item.group == group:
            return item
    return next((item for item in candidates if item.group.startswith(group)), None)


def find_kind(api_version: str, kind: str) -> Resource | None:
    """The type with a manifest's apiVersion and kind, or None."""
    return _BY_KIND.get((api_version, kind))
