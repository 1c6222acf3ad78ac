"""kubectl set: changes of Pod templates. Mirrors k8s.io/kubectl pkg/cmd/set, v1.36."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubesim.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.change import COMMON, send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, Several, raise_all
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Found, Selection, select
from kubesim.objects import Object, clone, name_of
from kubesim.resources import find_kind


def _pod_spec(obj: Object) -> tuple[Object, list[str]]:
    """The Pod spec of a Pod or of a workload's template, and the path to it."""
    if obj["kind"] == "Pod":
        return obj["spec"], ["spec"]
    template = obj.get("spec", {}).get("template")
    if template is None:
        resource = find_kind(obj["apiVersion"], obj["kind"])
        version = obj["apiVersion"].rpartition("/")[2]
        named = f"{resource.qualified if resource else ''}/{name_of(obj)}"
        problem = "the object is not a pod or does not have a pod template"
        raise KubectlError(f"error: {named} {problem}: *{version}.{obj['kind']}")
    return template["spec"], ["spec", "template", "spec"]


def _nested(path: list[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


_ORDER = ("dry-run", "output", "namespace")
_NEEDS_FILE = """you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'"""


@command(
    "set image",
    "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
    "Update the image of a pod template",
    COMMON,
    flags.SELECTOR,
    flags.field_manager("kubectl-set"),
    order=_ORDER,
    example="  kubectl set image deployment/web myapp=registry.example.com/myapp:2.0",
)
def set_image(call: Call) -> None:
    """Change the images of containers."""
    words = [arg for arg in call.args if "=" not in arg]
    images = dict(arg.split("=", 1) for arg in call.args if "=" in arg)
    if call.flags["local"] and words:
        raise KubectlError(_NEEDS_FILE)
    selection = _typed(call, words)
    raise_all(selection.errors)
    if call.flags["all"] and call.flags["selector"]:
        raise KubectlError("cannot set --all and --selector at the same time")
    if not images:
        raise KubectlError("at least one image update is required")
    if "*" in images and len(images) > 1:
        raise KubectlError(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs"
        )
    _set_each(call, selection, "image updated", lambda obj: _image_change(obj, images), "image update to pod template:")


def _image_change(obj: Object, images: dict[str, str]) -> Any:
    spec, path = _pod_spec(obj)
    change: Object = {}
    missing = set(images) - {"*"}
    for key in ("initContainers", "containers"):
        for container in spec.get(key, ()):
            image = images.get(container["name"], images.get("*"))
            missing.discard(container["name"])
            if image is not None and image != container.get("image"):
                change.setdefault(key, []).append({"name": container["name"], "image": image})
    if missing:
        raise_all(
            [KubectlError(f'error: unable to find container named "{name}"') for name in images if name in missing]
        )
    return _nested(path, change) if change else None


@command(
    "set serviceaccount",
    "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    "Update the service account of a resource",
    COMMON,
    flags.field_manager("kubectl-set"),
    aliases=("sa",),
    order=_ORDER,
    example="  kubectl set serviceaccount deployment web builder",
)
def set_service_account(call: Call) -> None:
    """Change the ServiceAccount of a workload."""
    if not call.args:
        raise KubectlError("serviceaccount is required")
    *words, account = call.args
    selection = _typed(call, words)
    _set_each(
        call,
        selection,
        "serviceaccount updated",
        lambda obj: _nested(_pod_spec(obj)[1], {"serviceAccountName": account}),
        "ServiceAccountName",
    )


def _typed(call: Call, words: list[str]) -> Selection:
    """What kubectl set works on. Objects out of files are shown as kubectl's own types have them."""
    if not call.flags["local"]:
        return select(call, words, needs_name=True)
    if call.dry_run() == "server":
        raise KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
    selection = select(call, [])
    found = [Found(item.target, [_with_empty_fields(obj) for obj in item.objects or ()]) for item in selection.found]
    return replace(selection, found=found)


def _with_empty_fields(obj: Object) -> Object:
    """The object with the empty fields that Go does not leave out."""
    new: Object = {"status": {}} | clone(obj)
    spec, _ = _pod_spec(new)
    for key in ("initContainers", "containers"):
        for container in spec.get(key, ()):
            container.setdefault("resources", {})
    if obj["kind"] == "Deployment":
        new["spec"].setdefault("strategy", {})
    return new


def _set_each(call: Call, selection: Selection, operation: str, make: Any, what: str) -> None:
    """Change each object as `make` says; `what` begins the sentence of a refusal."""
    errors = selection.errors
    dry_run = call.dry_run()
    for resource, obj in selection.objects:
        try:
            change = make(obj)
            if change is None:
                continue
            new = send_patch(call, resource, obj, change, "strategic", dry_run)
            print_result(call, resource, new, operation, dry_run, typed=call.flags["local"])
        except StatusError as error:
            errors.append(KubectlError(f"failed to patch {what} {error.message}"))
        except (KubectlError, Several) as error:
            errors.append(error)
    raise_all(errors)
