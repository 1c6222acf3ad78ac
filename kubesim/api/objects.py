"""API objects as plain dicts, and the few things everybody does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from typing import Any, TypeVar

from kubesim.api.numbers import integer
from kubesim.api.resources import Resource
from kubesim.api.specs import ContainerSpec, PodSpec

Object = dict[str, Any]
Key = tuple[str, str]
"""A namespace and a name."""


def clone(value: Any) -> Any:
    """A deep copy of JSON-like data: stored objects are never changed, so clone one before you change it."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


T = TypeVar("T")
Named = TypeVar("Named", bound=Mapping[str, Any])
_MOST_REMEMBERED = 8192


def remembered(about: Callable[[Object], T]) -> Callable[[Object], T]:
    """`about`, a pure function of stored objects, with its answer for the last version of each kept.

    A stored object never changes in place.
    """
    known: dict[str, tuple[Object, T]] = {}

    @wraps(about)
    def answer(obj: Object) -> T:
        uid = obj["metadata"].get("uid", "")
        last = known.get(uid)
        if last is None or last[0] is not obj:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            last = known[uid] = (obj, about(obj))
        return last[1]

    return answer


def name_of(obj: Object) -> str:
    """metadata.name, or "" while there is none."""
    name = metadata(obj).get("name")
    return name if isinstance(name, str) else ""


def namespace_of(obj: Object) -> str:
    """metadata.namespace, or "" for an object of the whole cluster."""
    namespace = metadata(obj).get("namespace")
    return namespace if isinstance(namespace, str) else ""


def key_of(obj: Object) -> Key:
    """By what an object is looked up among those of its type."""
    return namespace_of(obj), name_of(obj)


def metadata(obj: Object) -> Object:
    """The object's metadata; an empty one where it is missing or no map."""
    meta = obj.get("metadata")
    return meta if isinstance(meta, dict) else {}


def labels_of(obj: Object) -> dict[str, str]:
    """The object's labels, {} where it has none."""
    return metadata(obj).get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    """The object's annotations, {} where it has none."""
    return metadata(obj).get("annotations") or {}


@cache
def getter(path: str) -> Callable[[Any], Any]:
    """What gets the value of a field such as "spec.replicas", None where it is missing; the whole for ""."""
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
    """The value of a field, as `getter` gets it."""
    return getter(path)(value)


# Marks the image of a static Pod, which the kubelet keeps at the API server.
MIRROR = "kubernetes.io/config.mirror"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CHANGE_CAUSE = "kubernetes.io/change-cause"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
# What a Deployment's ReplicaSets don't take over from it.
ROLLOUT_ANNOTATIONS = (LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS)
# The label that tells the Pods of a Deployment's ReplicaSets apart.
TEMPLATE_HASH = "pod-template-hash"


def revision(replica_set: Object) -> int:
    """Which template of its Deployment a ReplicaSet has, by its annotation; 0 where that is no number."""
    return integer(str(annotations_of(replica_set).get(REVISION, ""))) or 0


def template_of(resource: Resource, obj: Object) -> Object:
    """The Pod template of a workload; of a Pod it is the Pod itself, and an empty one where it is missing."""
    for key in resource.template:
        obj = obj.get(key) or {}
    return obj


def bare_template(obj: Object) -> Object:
    """The Pod template of a Deployment or its ReplicaSet, without the label that the controller adds. Don't change it:
    it shares what it can with the object.
    """
    template: Object = obj["spec"]["template"]
    meta = template.get("metadata") or {}
    if TEMPLATE_HASH not in labels_of(template):
        return template
    labels = {key: value for key, value in meta["labels"].items() if key != TEMPLATE_HASH}
    return {**template, "metadata": {**meta, "labels": labels}}


def owner_reference(owner: Object) -> Object:
    """The reference with which a controller marks an object as its own."""
    named = {"kind": owner["kind"], "name": name_of(owner), "uid": owner["metadata"]["uid"]}
    return {"apiVersion": owner["apiVersion"], "blockOwnerDeletion": True, "controller": True, **named}


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Whether `owner` controls `obj`."""
    uid = owner["metadata"]["uid"]
    references = metadata(obj).get("ownerReferences") or ()
    return any(reference.get("controller") and reference.get("uid") == uid for reference in references)


def is_static(pod: Object) -> bool:
    """Whether the kubelet runs the Pod from a file of its own, and only shows it at the API server."""
    return MIRROR in annotations_of(pod)


def is_deleted(obj: Object) -> bool:
    """Whether it is on its way out."""
    return bool(metadata(obj).get("deletionTimestamp"))


def has_ended(pod: Object) -> bool:
    """Whether the Pod's containers have all ended and none starts again."""
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def find_condition(obj: Object, kind: str) -> str:
    """The status of a condition: True, False, Unknown; "" where the object has no such condition."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == kind:
            return str(condition.get("status", ""))
    return ""


def reference_to(obj: Object, field_path: str = "") -> Object:
    """An ObjectReference to `obj`, as events carry it."""
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
    """The uid by which events name an object: of a static Pod the one that the kubelet gave it."""
    return str(annotations_of(obj).get(MIRROR) or metadata(obj).get("uid") or "")


def pull_secret_names(spec: Mapping[str, Any]) -> list[str]:
    """The names in a Pod spec's (or ServiceAccount's) imagePullSecrets."""
    return [entry.get("name", "") for entry in spec.get("imagePullSecrets") or ()]


def containers_of(spec: PodSpec) -> Iterator[tuple[str, ContainerSpec]]:
    """Every container of a Pod spec, with the name of the list that it is in."""
    for container in spec.get("ephemeralContainers") or ():
        yield "ephemeralContainers", container
    for container in spec.get("initContainers") or ():
        yield "initContainers", container
    for container in spec.get("containers") or ():
        yield "containers", container


def lasting_containers(spec: PodSpec) -> list[ContainerSpec]:
    """The init containers and the containers of a Pod spec, without the ephemeral ones."""
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def sidecars_of(spec: PodSpec) -> list[str]:
    """The names of the init containers that keep running beside the others."""
    return [item["name"] for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always"]


def find_named(items: Iterable[Named], name: str) -> Named | None:
    """The first of `items` whose "name" is `name`, or None."""
    return next((item for item in items if item.get("name") == name), None)
