"""Warnings returned with a write: the API server's (warnings.py), and kubesim's about parts that aren't simulated."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import typed
from kubesim.api.objects import Object, containers_of, labels_of, metadata, name_of, namespace_of, template_of
from kubesim.api.resources import POD, REPLICA_SET, Resource
from kubesim.api.selectors import matches
from kubesim.api.specs import PodSpec
from kubesim.cluster.apiserver.backend import Backend
from kubesim.cluster.apiserver.warnings import warnings_of

# A function that gets the text of a warning.
Warn = Callable[[str], None]


class Inert(NamedTuple):
    """A row of inert.json: fields that are stored without effect, and the warning about them."""

    kinds: tuple[str, ...]  # fields of Pods are looked for in Pod templates, too
    path: tuple[tuple[str, ...], ...]  # the alternative keys of each step; a list on the way stands for its items
    warning: str
    usual: tuple[Any, ...] = ()  # values that need no warning, such as defaults

    def is_about(self, resource: Resource) -> bool:
        """True if objects of the type, or their Pod templates, can have these fields."""
        return resource.kind in self.kinds or (POD.kind in self.kinds and bool(resource.template))

    def values(self, resource: Resource, obj: Object) -> list[Any]:
        """The values of these fields in an object of a type that the row is about, without usual ones."""
        values = [obj if resource.kind in self.kinds else template_of(resource, obj)]
        for keys in self.path:
            inner = [item for value in values for key in keys for item in _items(value.get(key))]
            values = [item for item in inner if item not in (None, *self.usual)]
        return values


def _items(value: Any) -> list[Any]:
    """The items of a list, or a list with any other value alone."""
    return value if isinstance(value, list) else [value]


INERT: tuple[Inert, ...] = typed.read_table(__file__, "inert.json", tuple[Inert, ...])


@cache
def _inert_of(resource: Resource) -> list[Inert]:
    return [row for row in INERT if row.is_about(resource)]


def warn_about_write(resource: Resource, new: Object, old: Object | None, warn: Warn, backend: Backend) -> None:
    """Pass each warning about a write to `warn`. `old` is the object before the write, None for a creation."""
    for text in warnings_of(resource, new, old):
        warn(text)
    _warn_about_inert_fields(resource, new, old, warn)
    if resource is POD and (old is None or labels_of(new) != labels_of(old)):
        _warn_about_adoption(new, warn, backend)
    if resource is POD or resource.template:
        old_pod = None if old is None else template_of(resource, old)
        _warn_about_images(template_of(resource, new), old_pod, warn, backend)


def _warn_about_inert_fields(resource: Resource, new: Object, old: Object | None, warn: Warn) -> None:
    """Warn about fields without effect that a write sets or changes, once for each row of the table."""
    for row in _inert_of(resource):
        values = row.values(resource, new)
        if values and (old is None or values != row.values(resource, old)):
            warn(f"kubesim: {row.warning}")


def _warn_about_adoption(pod: Object, warn: Warn, backend: Backend) -> None:
    """Warn about a Pod without an owner that a ReplicaSet's selector matches: nothing adopts it."""
    if metadata(pod).get("ownerReferences"):
        return
    owners = backend.store.list(REPLICA_SET, namespace_of(pod))
    owner = next((owner for owner in owners if matches(owner["spec"]["selector"], labels_of(pod))), None)
    if owner:
        warn(f"kubesim: {name_of(owner)} doesn't adopt {name_of(pod)}, though its labels match")


def _warn_about_images(pod: Object, old: Object | None, warn: Warn, backend: Backend) -> None:
    """Warn about images unknown to kubesim, and commands whose program the simulated image lacks."""
    if old is not None and old.get("spec") == pod.get("spec"):
        return
    nodes = backend.nodes.values()
    for image in dict.fromkeys(_pulled(pod["spec"])):
        if any(node.is_guess(image) for node in nodes):
            warn(f"kubesim: whether {image} exists isn't known here; it's pulled as if it did")
    for _, container in containers_of(pod["spec"]):
        words = [*container.get("command", ()), *container.get("args", ())]
        if not words or words[0].startswith("-"):
            continue
        if any(node.lacks_program(container["image"], words[0]) for node in nodes):
            warn(f"kubesim: '{words[0]}' in this image isn't simulated")


def _pulled(spec: PodSpec) -> Iterator[str]:
    """The images of a Pod's containers and volumes, without those of the pull policy Never."""
    for _, container in containers_of(spec):
        if container["imagePullPolicy"] != "Never":
            yield container["image"]
    for volume in spec.get("volumes") or ():
        image = volume.get("image")
        if image and image["pullPolicy"] != "Never":
            yield image["reference"]
