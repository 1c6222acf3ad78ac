"""What a user is told of a write besides its outcome: the API server's warnings, and what isn't simulated of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import load_records
from kubesim.api.objects import Object, containers_of, template_of
from kubesim.api.resources import POD, Resource
from kubesim.api.specs import PodSpec
from kubesim.cluster.apiserver.backend import Backend
from kubesim.cluster.apiserver.warnings import warnings_of

Warn = Callable[[str], None]


class Inert(NamedTuple):
    """Fields that are stored and not acted upon, and what to say about them.

    `kinds` have them; those of a Pod are in every Pod template, too. Each word of `path` is a key, or keys with "|"
    between them, and leads into each item of a list. A `usual` value changes nothing.
    """

    kinds: str
    path: str
    says: str
    usual: Sequence[Any] = ()

    def is_about(self, resource: Resource) -> bool:
        """Whether the type has these fields, or its Pod template."""
        return resource.kind in self.kinds.split() or (self.kinds == POD.kind and bool(resource.template))

    def values(self, resource: Resource, obj: Object) -> list[Any]:
        """What an object of a type that has them has in these fields."""
        values = [obj if resource.kind in self.kinds.split() else template_of(resource, obj)]
        for keys in _steps(self.path):
            inner = [item for value in values for item in _values_at(value, keys)]
            values = [item for item in inner if item not in (None, *self.usual)]
        return values


def _values_at(holder: Object, keys: Sequence[str]) -> Iterator[Any]:
    """What a map has at each of some keys, None where it lacks one; of a list, its items."""
    for key in keys:
        value = holder.get(key)
        if isinstance(value, list):
            yield from value
        else:
            yield value


@cache
def _steps(path: str) -> list[list[str]]:
    """The keys of each word of a path."""
    return [word.split("|") for word in path.split()]


INERT = load_records(__file__, "inert.json", Inert)


@cache
def _inert_of(resource: Resource) -> list[Inert]:
    return [row for row in INERT if row.is_about(resource)]


def note_write(resource: Resource, new: Object, old: Object | None, note: Warn, backend: Backend) -> None:
    """Report to `note` what the API server warns of, and what of a write has no effect here."""
    for text in warnings_of(resource, new, old):
        note(text)
    _note_inert(resource, new, old, note)
    if resource is POD or resource.template:
        _note_unsimulated(template_of(resource, new), old and template_of(resource, old), note, backend)


def _note_inert(resource: Resource, new: Object, old: Object | None, note: Warn) -> None:
    """Report what a write sets that has no effect here, once for each row of the table."""
    for row in _inert_of(resource):
        values = row.values(resource, new)
        if values and (old is None or values != row.values(resource, old)):
            note(f"kubesim: {row.says}")


def _note_unsimulated(pod: Object, old: Object | None, note: Warn, backend: Backend) -> None:
    """Report each image that a write has pulled and nobody here knows, and each program that it starts, if its image
    lacks it here and may have it on a real node.
    """
    if old is not None and old.get("spec") == pod.get("spec"):
        return
    nodes = backend.nodes.values()
    for image in dict.fromkeys(_pulled(pod["spec"])):
        if any(node.is_guess(image) for node in nodes):
            note(f"kubesim: whether {image} exists isn't known here; it's pulled as if it did")
    if _shares_folder(pod["spec"]):
        note("kubesim: a process that goes on sees in an emptyDir only what was there when it started")
    for _, container in containers_of(pod["spec"]):
        words = [*container.get("command", ()), *container.get("args", ())]
        if not words or words[0].startswith("-"):
            continue
        if any(node.lacks_program(container["image"], words[0]) for node in nodes):
            note(f"kubesim: '{words[0]}' in this image isn't simulated")


def _shares_folder(spec: PodSpec) -> bool:
    """Whether containers that run at the same time mount an emptyDir that is the same one."""
    mounted: Counter[str] = Counter()
    for kind, container in containers_of(spec):
        if kind != "initContainers" or container.get("restartPolicy"):
            mounted.update({mount["name"] for mount in container.get("volumeMounts", ())})
    return any("emptyDir" in volume and mounted[volume["name"]] > 1 for volume in spec.get("volumes", ()))


def _pulled(spec: PodSpec) -> Iterator[str]:
    """The images that a node may pull for a Pod: those of its containers and of its volumes."""
    for _, container in containers_of(spec):
        if container["imagePullPolicy"] != "Never":
            yield container["image"]
    for volume in spec.get("volumes") or ():
        image = volume.get("image")
        if image and image["pullPolicy"] != "Never":
            yield image["reference"]
