"""API objects as plain dicts, and access to their common fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from typing import Any, TypeVar

from kubesim.api.numbers import integer
from kubesim.api.resources import Resource
from kubesim.api.specs import ContainerSpec, PodSpec

Object = dict[str, Any]
# A namespace and a name.
Key = tuple[str, str]
T = TypeVar("T")
Named = TypeVar("Named", bound=Mapping[str, Any])
_MOST_REMEMBERED = 8192
# Annotation of a mirror Pod: the object at the API server for a static Pod.
MIRROR = "kubernetes.io/config.mirror"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CHANGE_CAUSE = "kubernetes.io/change-cause"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
# Annotations that a Deployment doesn't pass on to its ReplicaSets.
ROLLOUT_ANNOTATIONS = (LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS)
# The label that distinguishes the Pods of a Deployment's ReplicaSets.
TEMPLATE_HASH = "pod-template-hash"


def clone(value: Any) -> Any:
    """A deep copy of JSON-like data. Stored objects must not be changed: clone one first."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def remembered(function: Callable[[Object], T]) -> Callable[[Object], T]:
    """Decorator that caches a pure function of stored objects, with one result for each object's uid.

    A result is reused while the function gets the identical dict (`is`). That is safe because stored objects are never
    changed in place: a write stores a new dict.
    """
    known: dict[str, tuple[Object, T]] = {}

    @wraps(function)
    def result_for(obj: Object) -> T:
        uid = obj["metadata"].get("uid", "")
        last = known.get(uid)
        if last is None or last[0] is not obj:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            last = known[uid] = (obj, function(obj))
        return last[1]

    return result_for


def name_of(obj: Object) -> str:
    """metadata.name, or "" while there is none."""
    name = metadata(obj).get("name")
    return name if isinstance(name, str) else ""


def namespace_of(obj: Object) -> str:
    """metadata.namespace, or "" for an object of the whole cluster."""
    namespace = metadata(obj).get("namespace")
    return namespace if isinstance(namespace, str) else ""


def key_of(obj: Object) -> Key:
    """The key of an object among those of its type."""
    return namespace_of(obj), name_of(obj)


def metadata(obj: Object) -> Object:
    """The object's metadata, or {} if it is missing or no map."""
    meta = obj.get("metadata")
    return meta if isinstance(meta, dict) else {}


def labels_of(obj: Object) -> dict[str, str]:
    """The object's labels, {} if it has none."""
    return metadata(obj).get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    """The object's annotations, {} if it has none."""
    return metadata(obj).get("annotations") or {}


@cache
def getter(path: str) -> Callable[[Any], Any]:
    """A function that gets the value of a field such as "spec.replicas", or None if it's missing.

    The path "" gets the whole.
    """
    keys = path.split(".") if path else ()

    def get(value: Any) -> Any:
        try:
            for key in keys:
                value = value[key]
        except (LookupError, TypeError):
            return None
        return value

    return get


def at(value: Any, path: str) -> Any:
    """The value of a field by its path, or None; see `getter`."""
    return getter(path)(value)


def revision(replica_set: Object) -> int:
    """The revision in a ReplicaSet's annotation, 0 if it isn't a number."""
    return integer(str(annotations_of(replica_set).get(REVISION, ""))) or 0


def template_of(resource: Resource, obj: Object) -> Object:
    """The Pod template of a workload, {} if it's missing. For a Pod, the Pod itself."""
    for key in resource.template:
        obj = obj.get(key) or {}
    return obj


def bare_template(obj: Object) -> Object:
    """The Pod template of a Deployment or ReplicaSet without the label pod-template-hash.

    The result shares parts with the object: don't change it.
    """
    template: Object = obj["spec"]["template"]
    meta = template.get("metadata") or {}
    if TEMPLATE_HASH not in labels_of(template):
        return template
    labels = {key: value for key, value in meta["labels"].items() if key != TEMPLATE_HASH}
    return {**template, "metadata": {**meta, "labels": labels}}


def owner_reference(owner: Object) -> Object:
    """The ownerReference of a controller's object."""
    named = {"kind": owner["kind"], "name": name_of(owner), "uid": owner["metadata"]["uid"]}
    return {"apiVersion": owner["apiVersion"], "blockOwnerDeletion": True, "controller": True, **named}


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """True if `owner` controls `obj`."""
    uid = owner["metadata"]["uid"]
    for reference in metadata(obj).get("ownerReferences") or ():  # a loop: a controller asks this of each of its Pods
        if reference.get("uid") == uid and reference.get("controller"):
            return True
    return False


def is_static(pod: Object) -> bool:
    """True if the Pod is a static Pod's mirror: the kubelet runs it from a file."""
    return MIRROR in annotations_of(pod)


def is_deleted(obj: Object) -> bool:
    """True if the object is being deleted (it has a deletionTimestamp)."""
    return bool(metadata(obj).get("deletionTimestamp"))


def has_ended(pod: Object) -> bool:
    """True if the Pod's phase is final: all containers have ended, and none is restarted."""
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def find_condition(obj: Object, kind: str) -> str:
    """The status of a condition: "True", "False" or "Unknown"; "" if the object lacks it."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == kind:
            return str(condition.get("status", ""))
    return ""


def reference_to(obj: Object, field_path: str = "") -> Object:
    """An ObjectReference to `obj` for an event."""
    meta = obj["metadata"]
    reference = {
        "apiVersion": obj["apiVersion"],
        "fieldPath": field_path,
        "kind": obj["kind"],
        "name": meta["name"],
        "namespace": meta.get("namespace"),
        "resourceVersion": meta.get("resourceVersion"),
        "uid": subject_uid(obj),
    }
    return {key: value for key, value in reference.items() if value}


def subject_uid(obj: Object) -> str:
    """The uid of an object in events. For a static Pod, the kubelet's own uid from the annotation MIRROR."""
    return str(annotations_of(obj).get(MIRROR) or metadata(obj).get("uid") or "")


def pull_secret_names(spec: Mapping[str, Any]) -> list[str]:
    """The names in a Pod spec's (or ServiceAccount's) imagePullSecrets."""
    return [entry.get("name", "") for entry in spec.get("imagePullSecrets") or ()]


def containers_of(spec: PodSpec) -> Iterator[tuple[str, ContainerSpec]]:
    """Every container of a Pod spec, each with the name of its list."""
    for container in spec.get("ephemeralContainers") or ():
        yield "ephemeralContainers", container
    for container in spec.get("initContainers") or ():
        yield "initContainers", container
    for container in spec.get("containers") or ():
        yield "containers", container


def lasting_containers(spec: PodSpec) -> list[ContainerSpec]:
    """The init containers and containers of a Pod spec, without ephemeral ones."""
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def sidecars_of(spec: PodSpec) -> list[str]:
    """The names of the sidecars: init containers that keep running."""
    return [item["name"] for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always"]


def find_named(items: Iterable[Named], name: str) -> Named | None:
    """The first of `items` whose "name" is `name`, or None."""
    return next((item for item in items if item.get("name") == name), None)
