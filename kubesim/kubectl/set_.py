"""kubectl set: changes of Pod templates. Mirrors k8s.io/kubectl pkg/cmd/set, v1.36."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from kubesim.api import quantity
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, clone, name_of, template_of
from kubesim.api.resources import POD, Resource, find_kind
from kubesim.cluster.apiserver.patch import two_way
from kubesim.kubectl import flags
from kubesim.kubectl.change import COMMON, send_patch
from kubesim.kubectl.command import Call, command, text
from kubesim.kubectl.errors import KubectlError, Several, raise_all
from kubesim.kubectl.help import group
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Found, Selection, select


class NoTemplate(KubectlError):
    """An object that is no Pod and makes none."""


def pod_spec(obj: Object) -> tuple[Object, list[str]]:
    """The Pod spec of a Pod or of a workload's template, and the path to it. Raises NoTemplate."""
    resource = find_kind(obj["apiVersion"], obj["kind"])
    if resource is None or not (resource is POD or resource.template):
        version = obj["apiVersion"].rpartition("/")[2]
        raise NoTemplate(f"the object is not a pod or does not have a pod template: *{version}.{obj['kind']}")
    return template_of(resource, obj)["spec"], [*resource.template, "spec"]


def _nested(path: list[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


_NEEDS_FILE = """you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'"""


group("set", "SUBCOMMAND", "Set specific features on objects")


@command(
    "set image",
    "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
    "Update the image of a pod template",
    COMMON,
    flags.SELECTOR,
    flags.field_manager("kubectl-set"),
    asks_namespace=True,
    is_typed=True,
    example="  kubectl set image deployment/web myapp=registry.example.com/myapp:2.0",
)
def set_image(call: Call) -> None:
    """Change the images of containers."""
    words = [arg for arg in call.args if "=" not in arg]
    images = dict(arg.split("=", 1) for arg in call.args if "=" in arg)
    if call.flags["local"] and words:
        raise KubectlError(_NEEDS_FILE)
    selection = typed_selection(call, words)
    raise_all(selection.errors)
    if call.flags["all"] and call.flags["selector"]:
        raise KubectlError("cannot set --all and --selector at the same time")
    if not images:
        raise KubectlError("at least one image update is required")
    if "*" in images and len(images) > 1:
        raise KubectlError(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs"
        )
    set_each(
        call, selection, "image updated", lambda _, obj: _image_change(obj, images), "image update to pod template:"
    )


def _image_change(obj: Object, images: dict[str, str]) -> Any:
    spec, path = pod_spec(obj)
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


def check_local(call: Call) -> None:
    """Refuse --local together with --dry-run=server."""
    if call.flags["local"] and call.dry_run() == "server":
        raise KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")


@command(
    "set serviceaccount",
    "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    "Update the service account of a resource",
    COMMON,
    flags.field_manager("kubectl-set"),
    aliases=("sa",),
    check=check_local,
    asks_namespace=True,
    is_typed=True,
    example="  kubectl set serviceaccount deployment web builder",
)
def set_service_account(call: Call) -> None:
    """Change the ServiceAccount of a workload."""
    if not call.args:
        raise KubectlError("serviceaccount is required")
    *words, account = call.args
    selection = typed_selection(call, words)
    raise_all(selection.errors)
    set_each(
        call,
        selection,
        "serviceaccount updated",
        lambda _, obj: _nested(pod_spec(obj)[1], {"serviceAccountName": account}),
        "ServiceAccountName",
    )


def typed_selection(call: Call, words: list[str]) -> Selection:
    """What kubectl set works on. Objects out of files are shown as kubectl's own types have them."""
    if not call.flags["local"]:
        return select(call, words, needs_name=True)
    check_local(call)
    selection = select(call, [])
    found = [Found(item.target, [_with_empty_fields(obj) for obj in item.objects or ()]) for item in selection.found]
    return replace(selection, found=found)


CONTAINERS = (text("containers", "c", "The containers that are meant, * for all; * may be a part of a name.", "*"),)


def chosen_containers(spec: Object, names: str) -> list[Object]:
    """The containers of a Pod spec that --containers means, those that initialise it last."""
    wanted = re.compile(".*".join(map(re.escape, names.split("*"))), re.DOTALL)
    both = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    return [container for container in both if wanted.fullmatch(container["name"])]


@command(
    "set resources",
    "(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]",
    "Update resource requests/limits on objects with pod templates",
    COMMON,
    flags.SELECTOR,
    CONTAINERS,
    text("limits", "", "The most that a container may use, such as cpu=200m,memory=512Mi."),
    text("requests", "", "What a container needs, such as cpu=100m,memory=256Mi."),
    flags.field_manager("kubectl-set"),
    asks_namespace=True,
    is_typed=True,
    example="  kubectl set resources deployment web --limits=cpu=200m,memory=64Mi --requests=cpu=100m,memory=32Mi",
)
def set_resources(call: Call) -> None:
    """Change what the containers of workloads need and may use."""
    if call.flags["local"] and call.args:
        raise KubectlError(_NEEDS_FILE)
    selection = typed_selection(call, list(call.args))
    raise_all(selection.errors)
    if call.flags["all"] and call.flags["selector"]:
        raise KubectlError("cannot set --all and --selector at the same time")
    if not call.flags["limits"] and not call.flags["requests"]:
        raise KubectlError("you must specify an update to requests or limits (in the form of --requests/--limits)")
    wanted = {key: _quantities(call.flags[key]) for key in ("limits", "requests") if call.flags[key]}

    def change(resource: Resource, obj: Object) -> Any:
        new = clone(obj)
        containers = chosen_containers(pod_spec(new)[0], call.flags["containers"])
        if not containers:
            raise KubectlError(f"error: unable to find container named {call.flags['containers']}")
        for container in containers:
            needs = container.setdefault("resources", {})
            needs.update({key: {**needs.get(key, {}), **values} for key, values in wanted.items()})
        return two_way(obj, new, resource)

    set_each(call, selection, "resource requirements updated", change, "resources update to pod template")


def _quantities(given: str) -> dict[str, str]:
    """Mirrors k8s.io/kubectl pkg/generate/versioned/run.go."""
    pairs = [(part, part.split("=")) for part in given.split(",")]
    for part, pair in pairs:
        if len(pair) != 2:
            raise KubectlError(f"Invalid argument syntax {part}, expected <resource>=<value>")
        try:
            quantity.parse(pair[1])
        except ValueError as error:
            raise KubectlError(str(error)) from None
    return {pair[0]: quantity.canonical(pair[1]) for _, pair in pairs}


def _with_empty_fields(obj: Object) -> Object:
    """The object with the empty fields that Go does not leave out."""
    new: Object = {"status": {}} | clone(obj)
    try:
        spec, _ = pod_spec(new)
    except NoTemplate:
        return obj
    for key in ("initContainers", "containers"):
        for container in spec.get(key, ()):
            container.setdefault("resources", {})
            for variable in container.get("env", ()):
                if "resourceFieldRef" in variable.get("valueFrom", ()):
                    variable["valueFrom"]["resourceFieldRef"].setdefault("divisor", "0")
    if obj["kind"] == "Deployment":
        new["spec"].setdefault("strategy", {})
    return new


def set_each(call: Call, selection: Selection, operation: str, make: Any, what: str) -> None:
    """Change each object as `make` says; `what` begins the sentence of a refusal."""
    errors: list[Exception] = []
    dry_run = call.dry_run()
    for resource, obj in selection.objects:
        try:
            change = make(resource, obj)
            if not change:
                continue
            new = send_patch(call, resource, obj, change, "strategic", dry_run)
            print_result(call, resource, new, operation, dry_run, typed=True)
        except StatusError as error:
            errors.append(KubectlError(f"failed to patch {what} {error.message}"))
        except NoTemplate as error:
            errors.append(KubectlError(f"error: {_object_name(call, resource, obj)} {error}\n"))
        except (KubectlError, Several) as error:
            errors.append(error)
    raise_all(errors)


def _object_name(call: Call, resource: Resource, obj: Object) -> str:
    """Mirrors Info.ObjectName: without the API server, kubectl does not know what a type is called."""
    if not call.flags["local"]:
        return f"{resource.plural}/{name_of(obj)}"
    return f"{resource.printed}/{name_of(obj)}" + ("\n" if resource.group else "")
