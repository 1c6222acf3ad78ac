"""kubectl debug: a container more in a running Pod, or a changed copy of it.

Mirrors k8s.io/kubectl pkg/cmd/debug/{debug,profiles}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api import load_table
from kubesim.api.clock import Identity
from kubesim.api.imageref import parse
from kubesim.api.objects import Object, clone, find_named, name_of, namespace_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver.patch import SET_ORDER
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import Exit, KubectlError, NotSimulated, refuse_if
from kubesim.kubectl.flags import SAYS
from kubesim.kubectl.running import attach, find_subject, state_of

# By profile, what the debug container's security context gets.
_SECURITY: dict[str, Object] = load_table(__file__, "profiles.json")
_PATIENCE = 60.0  # simulated seconds, where kubectl would wait for ever


@command("debug", asks_namespace=True, operands="pods")
def debug(call: Call) -> None:
    words, arguments = (call.args, []) if call.dash < 0 else (call.args[: call.dash], list(call.args[call.dash :]))
    images = dict(pair.split("=", 1) for pair in call.flags["set-image"])
    for name, image in {"": call.flags["image"] or "none", **images}.items():
        where = f' for container "{name}"' if name else ""
        try:
            parse(image)
        except ValueError:
            raise KubectlError(f'invalid image name "{image}"{where}: invalid reference format') from None
    for word in words:
        resource, pod = find_subject(call, word)
        if resource is NODE:
            raise NotSimulated("debugging a node is not part of this simulator")
        kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
        refuse_if(resource is not POD, f'"{kind}" not supported by debug')
        add = _copy if call.flags["copy-to"] else _add_ephemeral
        debugged, container = add(call, pod, arguments, images)
        if call.flags["attach"] or (call.flags["stdin"] and "attach" not in call.given):
            attach(call, _started(call, debugged, container), container)


def _started(call: Call, pod: Object, container: str) -> Object:
    """The Pod once its container runs or has run. Until then, each reason why it waits is passed on as a warning."""
    place, warned = (POD, namespace_of(pod), name_of(pod)), [""]

    def has_started() -> bool:
        state = state_of(call.api.find(*place) or pod, container)
        if (reason := state.get("waiting", {}).get("message", "")) and reason != warned[-1]:
            warned.append(reason)
            call.complain(f"Warning: container {container}: {reason}\n")
        return "running" in state or "terminated" in state

    if not call.wait_until(has_started, _PATIENCE):
        call.complain("kubesim: it would wait on; it was interrupted, as by Ctrl-C\n")
        raise Exit(130)
    return call.api.get(*place)


def _add_ephemeral(call: Call, pod: Object, arguments: list[str], images: dict[str, str]) -> tuple[Object, str]:
    if call.flags["target"]:
        call.say(SAYS["targeting"].format(call.flags["target"]))
    name = call.flags["container"] or _new_name(call, pod)
    target = {"targetContainerName": call.flags["target"]} if call.flags["target"] else {}
    existing = pod["spec"].get("ephemeralContainers", [])
    before = find_named(existing, name) or {}
    container = {"name": name, **_debug_fields(call, arguments), **target, **_security(call, before)}
    order = [{"name": item["name"]} for item in [*existing, container]]
    change = {"spec": {"ephemeralContainers": [container], f"{SET_ORDER}ephemeralContainers": order}}
    request = call.request()
    request["subresource"] = "ephemeralcontainers"
    return call.api.patch(POD, pod["metadata"]["namespace"], name_of(pod), change, **request), name


def _copy(call: Call, pod: Object, arguments: list[str], images: dict[str, str]) -> tuple[Object, str]:
    given, meta = call.flags, pod["metadata"]
    kept = {key: meta[key] for key in ("labels", "annotations") if key in meta}
    spec: Object = clone({key: value for key, value in pod["spec"].items() if key != "ephemeralContainers"})
    if "share-processes" in call.given:
        spec["shareProcessNamespace"] = given["share-processes"]
    if not given["same-node"]:
        spec.pop("nodeName", None)
    for item in spec["containers"]:
        item["image"] = images.get(item["name"]) or images.get("*") or item["image"]
    container = find_named(spec["containers"], given["container"])
    if container is None and (given["image"] or not images):
        refuse_if(not given["image"], "you must specify image when creating new container")
        container = {"name": given["container"] or _new_name(call, pod)}
        spec["containers"].append(container)
    if container is not None:
        if arguments and not given["arguments-only"]:
            container.pop("args", None)
        container |= {**_debug_fields(call, arguments), **_security(call, container)}
        kept = {key: value for key, value in kept.items() if given[f"keep-{key}"]}
        _strip(call, spec)
    named = {"name": given["copy-to"], "namespace": meta["namespace"], **kept}
    copy = {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec}
    copy = call.api.create(POD, copy, **call.request())
    if given["replace"]:
        call.api.delete(POD, meta["namespace"], name_of(pod), grace_period=0, user=call.user)
    return copy, (container or spec["containers"][0])["name"]


def _strip(call: Call, spec: Object) -> None:
    """Take what a debugged copy does without out of its spec."""
    given = call.flags
    if not given["keep-init-containers"]:
        spec.pop("initContainers", None)
    probes = [kind for kind in ("liveness", "readiness", "startup") if not given[f"keep-{kind}"]]
    for container in spec["containers"]:
        for kind in probes:
            container.pop(f"{kind}Probe", None)
    if given["profile"] != "legacy":
        spec.setdefault("shareProcessNamespace", True)


def _debug_fields(call: Call, arguments: list[str]) -> Object:
    """What the flags say of the debug container."""
    pairs = (pair.split("=", 1) for pair in call.flags["env"])
    variables = [{"name": name, "value": value} for name, value in pairs]
    words = {"args" if call.flags["arguments-only"] else "command": arguments}
    return call.generated("debug", variables=variables, **words)


def _security(call: Call, container: Object) -> Object:
    """The debug container's security context by the profile, which adds to one that it has; legacy is warned of."""
    if call.flags["profile"] == "legacy":
        call.complain(SAYS["legacy profile"])
    before, wanted = container.get("securityContext", {}), _SECURITY[call.flags["profile"]]
    found = {**before, **wanted}
    if added := wanted.get("capabilities", {}).get("add"):
        capabilities = before.get("capabilities", {})
        found["capabilities"] = {**capabilities, "add": [*capabilities.get("add", ()), *added]}
    return {"securityContext": found} if found else {}


def _new_name(call: Call, pod: Object) -> str:
    """A name for the debug container, another one at each change of the Pod."""
    meta = pod["metadata"]
    name = f"debugger-{Identity(int(meta['uid'].replace('-', ''), 16) + meta['generation']).suffix()}"
    if not call.flags["quiet"]:
        call.say(f"Defaulting debug container name to {name}.\n")
    return name
