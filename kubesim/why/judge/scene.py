"""Where the facts come from: the objects, attempts and registries of a cluster, or those that an export tells of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
"""What the name of an attempt for a volume's image begins with, as in the kubelet's traces."""


class Objects(Protocol):
    """Looks objects up, as the API server does; `list` without a namespace searches all of them."""

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None: ...

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]: ...


class Registries(Protocol):
    """Says what registries would answer; `tags` are none where they are not known."""

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer: ...

    def tags(self, reference: Reference) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Scene:
    """Objects, the last attempts by namespace, Pod and container, and the registries.

    With `is_export` they are second-hand: what is not in it may still be in the cluster.
    """

    api: Objects
    traces: dict[tuple[str, str, str], PullTrace]
    registries: Registries
    is_export: bool = False
    events: Mapping[tuple[str, str], Sequence[Object]] = field(default_factory=dict)
    """Of an export, the events of each Pod."""
    now: float = 0
    """Of an export, the latest time in it, in seconds of the epoch; 0 if unknown."""
    knows_secrets: bool = True
    """Whether the Secrets are known: an export without any says nothing of those that may exist."""
    oddities: Mapping[tuple[str, str], Oddities] = field(default_factory=dict)
    """Of an export, what is odd about its Secrets, by namespace and name."""
    kept: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    """The immutable Secrets that the kubelet keeps as it read them, by namespace and name."""
    mask: Callable[[str], str] = redact
    """Takes out of a text what may be secret; of an export, the passwords of its Secrets as well."""
    answer: str = ""
    """What the reader said to the question that an export left open: "yes", "no", or "" if not asked yet."""


def containers(pod: Object) -> list[Object]:
    """What a Pod needs images for: its containers, of which the ephemeral ones come last, and its volumes."""
    spec = pod["spec"]
    lists = (spec.get(name) or () for name in ("initContainers", "containers", "ephemeralContainers"))
    found = [container for items in lists for container in items]
    for volume in spec.get("volumes") or ():
        if image := volume.get("image"):  # under the name that its attempts have
            fields = {"image": image.get("reference", ""), "imagePullPolicy": image.get("pullPolicy", "")}
            found.append({"name": f"{VOLUME}{volume['name']}", **fields})
    return found


class Creator(NamedTuple):
    """What created a Pod; `found` is None where only its kind and name are known."""

    kind: str
    name: str
    found: Object | None = None


def creators(scene: Scene, pod: Object) -> list[Creator]:
    """What created the Pod, what created that, and so on."""
    chain: list[Creator] = []
    item: Object | None = pod
    while item is not None and len(chain) < len(ROLLED_OUT):
        owner = next(controllers(item), None)
        chain += [_look_up(scene, pod, owner["kind"], owner["name"])] if owner else []
        item = chain[-1].found if owner else None
    if chain and chain[-1].found is None and (above := _above(scene, pod, chain[-1])):
        chain.append(_look_up(scene, pod, *above))
    return chain


def controllers(obj: Object) -> Iterator[Object]:
    """The references to what created an object; there is one at most."""
    return (item for item in obj.get("metadata", {}).get("ownerReferences", ()) if item.get("controller"))


def _look_up(scene: Scene, pod: Object, kind: str, name: str) -> Creator:
    found = (scene.api.find(item, namespace_of(pod), name) for item in RESOURCES if item.template and item.kind == kind)
    return Creator(kind, name, next(filter(None, found), None))


def _above(scene: Scene, pod: Object, creator: Creator) -> tuple[str, str] | None:
    """What created something that was not exported, by its name: it ends with a label of its Pods, or with a minute."""
    name, _, suffix = creator.name.rpartition("-")
    labels = labels_of(pod)
    if creator.kind == "ReplicaSet" and suffix and labels.get(TEMPLATE_HASH) == suffix:
        return "Deployment", name
    if creator.kind == "Job" and scene.is_export and re.fullmatch(r"\d{5,}", suffix):
        return "CronJob", name
    return None


def manifest_of(obj: Object) -> str:
    """An object as it was applied, "" where that is not known."""
    return str(annotations_of(obj).get(LAST_APPLIED, ""))


def entries_of(secret: Mapping[str, Any]) -> list[str]:
    """The registry entries of a Secret; none where it cannot be read."""
    try:
        return [entry for entry, _ in keyring.read_entries(secret)]
    except ValueError:
        return []


def host_of(entry: str) -> str:
    """The host, and port, of a Docker config's entry."""
    return (keyring.registry_key(entry) or entry).partition("/")[0]
