"""kubectl set: changes of Pod templates. Mirrors k8s.io/kubectl pkg/cmd/set, v1.36."""

from __future__ import annotations

from typing import Any

from kubesim.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.change import COMMON, send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, raise_all
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Selection, select
from kubesim.objects import Object, clone, name_of


def _pod_spec(obj: Object) -> tuple[Object, list[str]]:
    """The Pod spec of a Pod or of a workload's template, and the path to it."""
    if obj["kind"] == "Pod":
        return obj["spec"], ["spec"]
    template = obj.get("spec", {}).get("template")
    if template is None:
        raise KubectlError(f"the object {name_of(obj)} is not a pod or does not have a pod template")
    return template["spec"], ["spec", "template", "spec"]


def _nested(path: list[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


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
    example="  kubectl set image deployment/web myapp=registry.example.com/myapp:2.0",
)
def set_image(call: Call) -> None:
    """Change the images of containers."""
    words = [arg for arg in call.args if "=" not in arg]
    images = dict(arg.split("=", 1) for arg in call.args if "=" in arg)
    selection = _typed(call, words)
    if not images:
        raise KubectlError("at least one image update is required")
    _set_each(call, selection, "image updated", lambda obj: _image_change(obj, images))


def _image_change(obj: Object, images: dict[str, str]) -> Any:
    spec, path = _pod_spec(obj)
    change: Object = {}
    missing = set(images) - {"*"}
    for key in ("initContainers", "containers"):
        for container in spec.get(key, ()):
            image = images.get(container["name"], images.get("*"))
            missing.discard(container["name"])
            if image and image != container.get("image"):
                change.setdefault(key, []).append({"name": container["name"], "image": image})
    if missing:
        raise KubectlError(f'unable to find container named "{sorted(missing)[0]}"')
    return _nested(path, change) if change else None


@command(
    "set serviceaccount",
    "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    "Update the service account of a resource",
    COMMON,
    flags.field_manager("kubectl-set"),
    aliases=("sa",),
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
    )


def _typed(call: Call, words: list[str]) -> Selection:
    """What kubectl set works on. Objects out of files are shown as kubectl's own types have them."""
    if not call.flags["local"]:
        return select(call, words, needs_name=True)
    if call.dry_run() == "server":
        raise KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
    if words:
        raise KubectlError(_NEEDS_FILE)
    selection = select(call, words)
    for found in selection.found:
        found.objects[:] = [_with_empty_fields(obj) for obj in found.objects]
    return selection


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


def _set_each(call: Call, selection: Selection, operation: str, make: Any) -> None:
    errors = selection.errors
    dry_run = call.dry_run()
    for resource, obj in selection.objects:
        try:
            change = make(obj)
            if change is None:
                continue
            new = send_patch(call, resource, obj, change, "strategic", dry_run)
            print_result(call, resource, new, operation, dry_run, typed=call.flags["local"])
        except KubectlError as error:
            errors.append(KubectlError(str(error)))
        except StatusError as error:
            errors.append(error)
    raise_all(errors)
