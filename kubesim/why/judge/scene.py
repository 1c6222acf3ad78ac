"""The source of the facts: objects, attempts and registries of a running cluster, or those reported in an export."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from kubesim.api.objects import LAST_APPLIED, TEMPLATE_HASH, Object, annotations_of, labels_of, namespace_of
from kubesim.api.resources import RESOURCES, Resource
from kubesim.pull import keyring
from kubesim.pull.answer import Answer
from kubesim.pull.attempt import PullTrace
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Credential
from kubesim.why.hide.oddities import Oddities
from kubesim.why.hide.redact import redact

# Kinds whose next Pods follow a change of the Pod template.
ROLLED_OUT = ("Deployment", "DaemonSet", "StatefulSet", "CronJob")
VOLUME = "volumes/"
"""The prefix of a volume's name among containers, as in the kubelet's traces of pulls for volumes."""


class Objects(Protocol):
    """Lookup of objects, as in the API server; `list` without a namespace has those of all namespaces."""

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None: ...

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]: ...


class Registries(Protocol):
    """The answers that registries would give; `tags` is empty if the tags aren't known."""

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer: ...

    def tags(self, reference: Reference) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Scene:
    """Objects, the last attempts by namespace, Pod and container, and the registries.

    With `is_export` they come from an export; an object that isn't in it may still exist.
    """

    api: Objects
    traces: dict[tuple[str, str, str], PullTrace]
    registries: Registries
    is_export: bool = False
    events: Mapping[tuple[str, str], Sequence[Object]] = field(default_factory=dict)
    """The events of each Pod in an export, by namespace and name."""
    now: float = 0
    """The latest time in an export, in seconds since the epoch; 0 if unknown."""
    knows_secrets: bool = True
    """False for an export without Secrets, which doesn't show that none exist."""
    oddities: Mapping[tuple[str, str], Oddities] = field(default_factory=dict)
    """The oddities of the Secrets in an export, by namespace and name."""
    kept: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    """The immutable Secrets that the kubelet keeps as it read them, by namespace and name."""
    mask: Callable[[str], str] = redact
    """A function that masks secrets in a text; for an export, the passwords of its Secrets, too."""
    answer: str = ""
    """The reader's answer to the question of the explanation: "yes", "no", or "" if there is none yet."""


def containers(pod: Object) -> list[Object]:
    """The parts of a Pod that need an image: its containers, ephemeral ones last, and volumes in the same form."""
    spec = pod["spec"]
    lists = (spec.get(name) or () for name in ("initContainers", "containers", "ephemeralContainers"))
    found = [container for items in lists for container in items]
    for volume in spec.get("volumes") or ():
        if image := volume.get("image"):
            fields = {"image": image.get("reference", ""), "imagePullPolicy": image.get("pullPolicy", "")}
            found.append({"name": f"{VOLUME}{volume['name']}", **fields})
    return found


class Creator(NamedTuple):
    """A controller of a Pod or of its controller; `found` is None if only its kind and name are known."""

    kind: str
    name: str
    found: Object | None = None


def creators(scene: Scene, pod: Object) -> list[Creator]:
    """The Pod's controller, the controller of that, and so on.

    If the last one's object is missing, its own controller is derived from its name.
    """
    chain: list[Creator] = []
    item: Object | None = pod
    while item is not None and len(chain) < len(ROLLED_OUT):
        owner = next(controllers(item), None)
        chain += [_look_up(scene, pod, owner["kind"], owner["name"])] if owner else []
        item = chain[-1].found if owner else None
    if chain and chain[-1].found is None and (derived := _derived_controller(scene, pod, chain[-1])):
        chain.append(_look_up(scene, pod, *derived))
    return chain


def controllers(obj: Object) -> Iterator[Object]:
    """The reference to an object's controller: none or one."""
    return (item for item in obj.get("metadata", {}).get("ownerReferences", ()) if item.get("controller"))


def _look_up(scene: Scene, pod: Object, kind: str, name: str) -> Creator:
    """The controller with that kind and name in the Pod's namespace."""
    found = (scene.api.find(item, namespace_of(pod), name) for item in RESOURCES if item.template and item.kind == kind)
    return Creator(kind, name, next(filter(None, found), None))


def _derived_controller(scene: Scene, pod: Object, creator: Creator) -> tuple[str, str] | None:
    """The kind and name of a controller's controller, derived from its name.

    A Deployment's ReplicaSet ends with the template hash, a label of its Pods; a CronJob's Job, with a minute.
    """
    name, _, suffix = creator.name.rpartition("-")
    labels = labels_of(pod)
    if creator.kind == "ReplicaSet" and suffix and labels.get(TEMPLATE_HASH) == suffix:
        return "Deployment", name
    if creator.kind == "Job" and scene.is_export and re.fullmatch(r"\d{5,}", suffix):
        return "CronJob", name
    return None


def manifest_of(obj: Object) -> str:
    """An object's manifest in JSON, as `kubectl apply` recorded it; "" without that annotation."""
    return str(annotations_of(obj).get(LAST_APPLIED, ""))


def entries_of(secret: Mapping[str, Any]) -> list[str]:
    """The registry entries of a Secret; none if it is unreadable."""
    try:
        return [entry for entry, _ in keyring.read_entries(secret)]
    except ValueError:
        return []


def host_of(entry: str) -> str:
    """The host of a Docker config's entry, with its port."""
    return (keyring.registry_key(entry) or entry).partition("/")[0]


def seconds(stamp: str) -> float:
    """An API Time in seconds since the epoch; 0 for a text that is no time with a zone."""
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.timestamp() if moment.tzinfo else 0
    except (ValueError, OverflowError):
        return 0
