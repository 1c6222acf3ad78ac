"""The resource types that the API server knows, as discovery lists them (`kubectl api-resources`): a row of kinds.json
each, which has what several rooms know of a kind.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from kubesim.api import load_records

COLUMNS = {"NAME": "text metadata.name", "AGE": "age metadata.creationTimestamp"}
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Wait(NamedTuple):
    """What a rollout waits for: that a number of the object, such as status.updatedReplicas, reaches another."""

    number: str
    expected: str
    message: str


class Rollout(NamedTuple):
    """How kubectl follows a rollout: what it calls the workload, what it waits for, in order, and what it says then."""

    noun: str
    waits: tuple[Wait, ...]
    done: str


class ResourceRow(NamedTuple):
    """What kinds.json says of a resource type."""

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # such as "all"
    simulated: bool = True  # False: a real cluster serves it, and this one keeps no objects of it
    readable: bool = True  # if it isn't simulated: reading finds nothing, as in a new cluster, and isn't refused
    verbs: tuple[str, ...] = _VERBS
    returned: bool = False  # whether a DELETE is answered with the object
    parts: tuple[str, ...] = ()  # its subresources
    template: tuple[str, ...] = ()  # the path to the Pod template in its objects
    status: Mapping[str, Any] | None = None  # of a new object; only the server writes a status
    fields: str = ""  # by which `--field-selector` selects
    counted: bool = False  # see has_generation
    columns: Mapping[str, str] = COLUMNS  # of `kubectl get`, as printers.py reads them; "+" begins a wide one
    rollout: Rollout | None = None


class Resource(ResourceRow):
    """One resource type, and how it is called in URLs, on the command line and in manifests."""

    # Each type exists once, so identity is equality, and a quick key.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    @property
    def has_generation(self) -> bool:
        """Whether metadata.generation counts changes of the spec, as of every type with a Pod template."""
        return self.counted or bool(self.template)

    @property
    def left_out(self) -> str:
        """What to say where objects of the type are asked for that this cluster does not keep."""
        return f"objects of type {self.qualified} are not part of this simulator"

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
        return self.qualified_kind.lower()

    @property
    def in_go(self) -> str:
        """How Go prints the type of its objects: "*v1.Pod"."""
        return f"*{self.version}.{self.kind}"

    @property
    def gvr(self) -> str:
        """How Go prints its GroupVersionResource: "/v1, Resource=pods"."""
        return f"{self.group}/{self.version}, Resource={self.plural}"

    @property
    def gvk(self) -> str:
        """How Go prints its GroupVersionKind: "/v1, Kind=Pod"."""
        return f"{self.group}/{self.version}, Kind={self.kind}"


def _plural(kind: str) -> str:
    name = kind.lower()
    if name.endswith("y"):
        return name[:-1] + "ies"
    if name == "endpoints":
        return name
    return f"{name}es" if name.endswith("s") else f"{name}s"


def _of_row(kind: str, rollout: Mapping[str, Any] | None = None, **row: Any) -> Resource:
    for key, value in row.items():
        if isinstance(value, list):
            row[key] = tuple(value)
    if rollout:
        waits = load_records(__file__, "kinds.json", Wait, rollout["waits"])
        row["rollout"] = Rollout(**{**rollout, "waits": waits})
    return Resource(_plural(kind), kind, **row)


# Every type of a new v1.36 cluster, in discovery's order: the core group first, then the others by name.
RESOURCES: tuple[Resource, ...] = load_records(__file__, "kinds.json", _of_row)
# Every version of a group, also one that discovery prefers a newer one to.
API_VERSIONS = sorted({resource.api_version for resource in RESOURCES} | {"autoscaling/v1"})


def _kept(kind: str) -> Resource:
    """The type that code names. Raises LookupError where kinds.json lacks it."""
    for resource in RESOURCES:
        if resource.kind == kind and resource.simulated:
            return resource
    raise LookupError(f"kinds.json lacks {kind}")


CONFIG_MAP = _kept("ConfigMap")
EVENT = _kept("Event")
NAMESPACE = _kept("Namespace")
NODE = _kept("Node")
POD = _kept("Pod")
SECRET = _kept("Secret")
SERVICE_ACCOUNT = _kept("ServiceAccount")
SERVICE = _kept("Service")
CONTROLLER_REVISION = _kept("ControllerRevision")
DAEMON_SET = _kept("DaemonSet")
DEPLOYMENT = _kept("Deployment")
REPLICA_SET = _kept("ReplicaSet")
STATEFUL_SET = _kept("StatefulSet")
CRON_JOB = _kept("CronJob")
JOB = _kept("Job")
CLUSTER_ROLE_BINDING = _kept("ClusterRoleBinding")
CLUSTER_ROLE = _kept("ClusterRole")
ROLE_BINDING = _kept("RoleBinding")
ROLE = _kept("Role")
LEASE = next(resource for resource in RESOURCES if resource.kind == "Lease")


# Of two types of one name, such as events, the first is meant.
_BY_NAME: dict[str, list[Resource]] = {}
for _resource in RESOURCES:
    for _name in dict.fromkeys((_resource.plural, _resource.singular, *_resource.short_names)):
        _BY_NAME.setdefault(_name, []).append(_resource)
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


@lru_cache(maxsize=256)
def find_resource(name: str) -> Resource | None:
    """The type that a command line calls `name`, or None: plural, singular or short, with its group or the group's
    beginning, and also with a version before the group. Mirrors k8s.io/apimachinery pkg/api/meta/restmapper.go, v1.36.
    """
    word, _, group = name.lower().partition(".")
    version, has_version, group_of_version = group.partition(".")  # "pods.v1." is of the core group
    candidates = _BY_NAME.get(word, [])
    for item in candidates:
        if has_version and (item.version, item.group) == (version, group_of_version):
            return item
    for item in candidates:
        if not group or item.group == group:
            return item
    return next((item for item in candidates if item.group.startswith(group)), None)


def find_kind(api_version: str, kind: str) -> Resource | None:
    """The type of a manifest's apiVersion and kind, or None."""
    return _BY_KIND.get((api_version, kind))
