"""kubectl set image and set serviceaccount, which change Pods and Pod templates.

Mirrors k8s.io/kubectl pkg/cmd/set, v1.36, without the other subcommands and without --local.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, clone, template_of
from kubesim.api.resources import POD
from kubesim.api.specs import ContainerSpec, PodSpec
from kubesim.cluster.apiserver.patch import between_two
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, raise_all, refuse_if, reworded, visit
from kubesim.kubectl.labels import ALL_OR_SELECTOR, split_changes
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

_set = partial(command, asks_namespace=True, operands="types", checks_format="first", is_typed=True)
# A function that changes the object of a target in place; `_change_copy` passes a copy.
_ChangeInPlace = Callable[[Target], None]


def _containers(target: Target) -> list[ContainerSpec]:
    """The containers of a Pod or a Pod template, in kubectl's order: init containers last. Changes reach the object."""
    spec: PodSpec = template_of(target.resource, target.obj)["spec"]
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


@_set("set image")
def set_image(call: Call) -> None:
    """Set images by container, "*" for all. Unknown containers are refused after the changes, as in kubectl."""
    words, changes = split_changes(call.args)
    flags = call.flags
    refuse_if(flags["all"] and flags["selector"], ALL_OR_SELECTOR)
    images = dict(change.split("=", 1) for change in changes if "=" in change)
    refuse_if(
        "*" in images and len(images) > 1,
        "all containers are already specified by *, but saw more than one container_name=container_image pairs",
    )
    missing: list[str] = []

    def set_images(copy: Target) -> None:
        refuse_if(not images, "at least one image update is required")
        containers = _containers(copy)
        names = {container["name"] for container in containers}
        missing.extend(name for name in images if name != "*" and name not in names)
        for container in containers:
            image = images.get(container["name"], images.get("*"))
            if image is not None:
                container["image"] = image

    _change_all(call, words, "image updated", set_images, "image update to pod template:")
    raise_all(KubectlError(f'error: unable to find container named "{name}"') for name in missing)


@_set("set serviceaccount")
def set_service_account(call: Call) -> None:
    refuse_if(not call.args, "serviceaccount is required")
    *words, account = call.args

    def set_account(copy: Target) -> None:
        template_of(copy.resource, copy.obj)["spec"]["serviceAccountName"] = account

    _change_all(call, words, "serviceaccount updated", set_account, "ServiceAccountName", sends_empty=True)


def _change_all(
    call: Call, words: Sequence[str], operation: str, change: _ChangeInPlace, noun: str, *, sends_empty: bool = False
) -> None:
    """Apply `change` to a copy of each object that `words` select, send the difference as a patch, and report it.

    `operation` is the report's verb; `noun` follows "failed to patch" in a refusal. With `sends_empty`, a patch without
    changes is sent, too.
    """

    def act(target: Target) -> None:
        patch = between_two(target.obj, _change_copy(target, change), target.resource)
        if patch or sends_empty:
            with reworded(StatusError, f"failed to patch {noun} "):
                new = send_patch(call, target, patch, "strategic")
            print_result(call, target.resource, new, operation)

    visit(Query(call, words, needs_name=True).fetch(), act)


def _change_copy(target: Target, change: _ChangeInPlace) -> Object:
    """A changed copy of a target's object. Raises KubectlError for an object that has no Pod template."""
    resource = target.resource
    if resource is not POD and not resource.template:
        raise KubectlError(
            f"error: {target.in_plural} the object is not a pod or does not have a pod template: {resource.in_go}\n"
        )
    copy = target._replace(obj=clone(target.obj))
    change(copy)
    return copy.obj
