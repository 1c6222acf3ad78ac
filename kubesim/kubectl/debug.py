"""kubectl debug: an ephemeral container in a running Pod, or a changed copy of a Pod.

Mirrors k8s.io/kubectl pkg/cmd/debug/{debug,profiles}.go, v1.36, without nodes, attaching and the profiles in
_ABSENT_PROFILES.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.clock import Identity
from kubesim.api.objects import Object, annotations_of, clone, find_named, labels_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver.patchparts import SET_ORDER
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import check_image, nonempty
from kubesim.kubectl.errors import NotSimulated, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.running import find_subject

# By the name of a profile, fields added to the debug container's security context.
_SECURITY: dict[str, Object] = {
    "general": {"capabilities": {"add": ["SYS_PTRACE"]}},
    "baseline": {},
    "restricted": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
_ABSENT_PROFILES = ("legacy", "netadmin", "sysadmin")
_TARGETING = (
    'Targeting container "{}". If you don\'t see processes from this container it may be because the container runtime '
    "doesn't support this feature.\n"
)


@command("debug", asks_namespace=True, operands="pods")
def debug(call: Call) -> None:
    """Add an ephemeral container to each Pod or, with --copy-to, create a changed copy of it."""
    words = call.before_dash
    arguments = list(call.args[len(words) :])  # the command line of the debug container, after "--"
    _check_debug(call, words, arguments)
    if call.flags["target"]:
        call.say(_TARGETING.format(call.flags["target"]))
    images = dict(pair.split("=", 1) for pair in call.flags["set-image"])
    check_image(call.flags["image"] or "none", "invalid image name")  # "none" is valid, like a missing --image
    for name, image in images.items():
        check_image(image, "invalid image name", f' for container "{name}"')
    for word in words:
        subject = find_subject(call, word)
        resource = subject.resource
        if resource is NODE:
            raise NotSimulated("debugging a node is not part of this simulator")
        refuse_if(resource is not POD, f'"{resource.gvk}" not supported by debug')
        if call.flags["copy-to"]:
            _copy(call, subject, arguments, images)
        else:
            _add_ephemeral(call, subject, arguments)


def _check_debug(call: Call, words: Sequence[str], arguments: list[str]) -> None:
    """Refuse missing, unknown and contradictory flags and arguments, in kubectl's order."""
    flags = call.flags
    is_new = bool(flags["image"])
    if flags["profile"] in _ABSENT_PROFILES:
        raise NotSimulated(f"the profile {flags['profile']} is not part of this simulator")
    refuse_if(flags["profile"] not in _SECURITY, f"unknown profile: {flags['profile']}")
    if flags["copy-to"]:
        refuse_if(
            not (is_new or flags["set-image"] or arguments),
            "you must specify --image, --set-image or command arguments.",
        )
        refuse_if(
            arguments and not flags["container"] and not is_new,
            "you must specify an existing container or a new image when specifying args.",
        )
    else:
        refuse_if(flags["set-image"], "--set-image may only be used with --copy-to.")
        refuse_if(not is_new, "you must specify --image when not using --copy-to.")
    refuse_if(not words, "NAME or filename is required for debug")
    refuse_if(
        flags["target"] and flags["copy-to"], "--target is incompatible with --copy-to. Use --share-processes instead."
    )


def _add_ephemeral(call: Call, pod: Target, arguments: list[str]) -> None:
    """Add an ephemeral container to a Pod, with a patch of the subresource that kubectl uses."""
    name = call.flags["container"] or _new_name(call, pod)
    existing = pod.obj["spec"].get("ephemeralContainers", [])
    before = find_named(existing, name)
    # A container of the name exists: kubectl's patch then has both containers of that name, and the last one counts,
    # which is the existing one with the profile's additions.
    if before:
        container = {**before, **_security(call, before)}
    else:
        container = {"name": name, **_debug_fields(call, arguments), **_security(call, {})}
        if call.flags["target"]:
            container["targetContainerName"] = call.flags["target"]
    order = [{"name": item["name"]} for item in [*existing, container]]
    change = {"spec": {"ephemeralContainers": [container], f"{SET_ORDER}ephemeralContainers": order}}
    call.api.patch(*pod.place, change, options=call.request()._replace(subresource="ephemeralcontainers"))


def _copy(call: Call, pod: Target, arguments: list[str], images: dict[str, str]) -> None:
    """Create a copy of the Pod under the name of --copy-to.

    If only images change, the copy keeps the Pod's labels and annotations. With a debug container it loses them, and
    the probes of its containers, so that neither Services nor the kubelet disturb the debugging.
    """
    meta = {"name": call.flags["copy-to"], "namespace": pod.namespace}
    spec: Object = clone(pod.obj["spec"])
    spec.pop("ephemeralContainers", None)
    spec.pop("nodeName", None)
    for item in spec["containers"]:
        item["image"] = images.get(item["name"]) or images.get("*") or item["image"]
    container = _debug_container(call, pod, spec, has_other_images=bool(images))
    if container is None:
        meta |= nonempty({"labels": labels_of(pod.obj), "annotations": annotations_of(pod.obj)})
    else:
        if arguments:
            container.pop("args", None)
        container |= {**_debug_fields(call, arguments), **_security(call, container)}
        for each in spec["containers"]:
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                each.pop(probe, None)
        spec.setdefault("shareProcessNamespace", True)
    copy: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    call.api.create(POD, copy, call.request())


def _debug_container(call: Call, pod: Target, spec: Object, has_other_images: bool) -> Object | None:
    """The debug container in the copy's `spec`: the one named by --container, or a new one, which is appended to it.

    None if the command only changes images. Raises KubectlError for a new container without an image.
    """
    name = call.flags["container"]
    container: Object | None = find_named(spec["containers"], name)
    if container is not None:
        return container
    if not call.flags["image"]:
        refuse_if(not has_other_images, "you must specify image when creating new container")
        return None
    new = {"name": name or _new_name(call, pod)}
    spec["containers"].append(new)
    return new


def _debug_fields(call: Call, arguments: list[str]) -> Object:
    """Fields of the debug container that the command line sets."""
    return nonempty({"image": call.flags["image"], "command": arguments})


def _security(call: Call, container: Object) -> Object:
    """The field securityContext of the debug container: the `container`'s own, extended by the profile."""
    before = container.get("securityContext", {})
    profile = _SECURITY[call.flags["profile"]]
    context = {**before, **profile}
    added = profile.get("capabilities", {}).get("add")
    if added:
        capabilities = before.get("capabilities", {})
        context["capabilities"] = {**capabilities, "add": [*capabilities.get("add", ()), *added]}
    return {"securityContext": context} if context else {}


def _new_name(call: Call, pod: Target) -> str:
    """A name for the debug container, and print it.

    kubectl draws five random letters; here they follow from the Pod's UID and generation, because the simulator is
    deterministic, and so a Pod changed by an earlier `debug` gets a new name.
    """
    meta = pod.obj["metadata"]
    name = f"debugger-{Identity(int(meta['uid'].replace('-', ''), 16) + meta['generation']).suffix()}"
    call.say(f"Defaulting debug container name to {name}.\n")
    return name
