"""kubectl run, which creates a Pod with one container and, with -i or --attach, shows what it writes.

Mirrors k8s.io/kubectl pkg/cmd/run/run.go, v1.36, without --expose and without input for the container.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kubesim.api import decoding, schema
from kubesim.api.objects import Object, find_condition, has_ended, name_of, namespace_of
from kubesim.api.resources import POD, find_kind
from kubesim.cluster.apiserver import LogOptions
from kubesim.cluster.apiserver.patch import merge_patch
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import check_image, create_in_namespace, nonempty, parse_labels, parse_port
from kubesim.kubectl.deletion import report_deleted
from kubesim.kubectl.errors import Exit, KubectlError, NotSimulated, UsageError, refuse_if, reworded
from kubesim.kubectl.manifests import Target, parse_json
from kubesim.kubectl.output import print_result
from kubesim.kubectl.running import NO_TTY
from kubesim.kubectl.selection import follow

# Simulated seconds that kubectl waits for the container to start (--pod-running-timeout).
_LONGEST_START = 60.0
# Simulated seconds after which a container counts as endless: no one can press Ctrl+C.
_LONGEST_RUN = 60.0
_RECORDED = (
    "All commands and output from this session will be recorded in container logs, including credentials and sensitive "
    "information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n"
)
_RESTART_POLICIES = ("", "Always", "OnFailure", "Never")
_PULL_POLICIES = ("", "Always", "IfNotPresent", "Never")
_VARIABLE = re.compile("([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
# Messages of the JSON decoder about --overrides, and the Go type into which it decodes apiVersion and kind.
_INVALID_PATCH = "Invalid JSON Patch"
_INVALID_KIND = "couldn't get version/kind; json parse error: "
_TYPE_META = (
    'value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)


def _check_run(call: Call) -> None:
    """The trait `check` of run. Raises UsageError for unknown policies."""
    flags = call.flags
    restart = flags["restart"]
    pull = flags["image-pull-policy"]
    refuse_if(restart not in _RESTART_POLICIES, f"invalid restart policy: {restart}", UsageError)
    refuse_if(pull not in _PULL_POLICIES, f"invalid image pull policy: {pull}", UsageError)
    refuse_if(
        flags["tty"] and not flags["stdin"],
        "-i/--stdin is required for containers with -t/--tty=true",
        UsageError,
    )
    is_attached = _is_attached(call)
    refuse_if(flags["rm"] and not is_attached, "--rm should only be used for attached containers", UsageError)
    options = "attached containers options (--attach, --stdin, or --tty)"
    refuse_if(
        is_attached and flags["dry-run"] != "none",
        f"--dry-run=[server|client] can't be used with {options}",
        UsageError,
    )


def _is_attached(call: Call) -> bool:
    return bool(call.flags["attach"] if "attach" in call.typed_flags else call.flags["stdin"])


@command("run", check=_check_run, is_typed=True)
def run(call: Call) -> None:
    """Create a Pod with one container; with -i or --attach, show its log and end with its exit status."""
    refuse_if(call.args and not call.args[0], "Parameter: name is required")
    refuse_if(not call.flags["image"], "--image is required")
    refuse_if(not call.args, "NAME is required for run", UsageError)
    check_image(call.flags["image"], "Invalid image name")
    pod = _pod(call)
    if call.flags["overrides"]:
        pod = _override(call, pod)
    if call.flags["stdin"] and call.context.read_stdin():
        raise NotSimulated("input for kubectl run is not part of this simulator; kubectl exec -i takes some")
    pod = create_in_namespace(call, POD, pod)
    if not _is_attached(call):
        print_result(call, POD, pod, "created")
        return
    target = Target(POD, namespace_of(pod), name_of(pod), obj=pod)
    try:
        _attach(call, target)
    finally:
        if call.flags["rm"]:
            call.api.delete(*target.place)
            if not call.flags["quiet"]:
                report_deleted(call, target, "deleted")


def _attach(call: Call, target: Target) -> None:
    """Show what the Pod's container writes until it ends. Raises Exit with its status, and KubectlError.

    If the container has ended before kubectl attaches to it, as most do here, only its log is shown.
    """
    current = follow(call, target)

    def pod() -> Object:
        return current() or target.obj

    def runs() -> bool:
        return find_condition(pod(), "Ready") == "True"

    is_started = call.wait_until(lambda: has_ended(pod()) or runs(), _LONGEST_START)
    refuse_if(not is_started, "timed out waiting for the condition")
    if not has_ended(pod()):
        call.complain(NO_TTY if call.flags["tty"] else "")
        call.complain("" if call.flags["quiet"] else _RECORDED)
    is_over = call.wait_until(lambda: not runs(), _LONGEST_RUN)
    _, namespace, name = target.place
    container = pod()["spec"]["containers"][0]["name"]
    call.say(call.api.log(namespace, name, container, LogOptions()))
    if not is_over:
        call.complain("kubesim: nobody can type into the container, which would run on; it was interrupted\n")
        raise Exit(130)
    if pod()["status"]["phase"] == "Failed":
        states = {item["name"]: item["state"] for item in pod()["status"].get("containerStatuses", ())}
        ended = states.get(container, {}).get("terminated", {"reason": "Error", "exitCode": 1})
        call.complain(f"pod {namespace}/{name} terminated ({ended['reason']})\n")
        raise Exit(ended["exitCode"])


def _pod(call: Call) -> Object:
    """The Pod that the arguments and flags describe, before --overrides. Raises KubectlError."""
    name, *arguments = call.args
    flags = call.flags
    fields = {
        "name": name,
        "image": flags["image"],
        "command" if flags["command"] else "args": arguments,
        "ports": [{"containerPort": parse_port(flags["port"])}] if flags["port"] else [],
        "env": _variables(flags["env"]),
        "imagePullPolicy": flags["image-pull-policy"],
        "stdin": flags["stdin"],
        "stdinOnce": flags["stdin"],
        "tty": flags["tty"],
    }
    meta = {"name": name, "namespace": flags["namespace"], "labels": parse_labels(flags["labels"]) or {"run": name}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": nonempty(meta),
        "spec": {
            "containers": [nonempty(fields) | {"resources": {}}],
            "restartPolicy": flags["restart"] or "Always",
            "dnsPolicy": "ClusterFirst",
        },
        "status": {},
    }


def _variables(texts: Sequence[str]) -> list[Object]:
    """The container's variables, from NAME=VALUE. Raises KubectlError for other forms."""
    variables = []
    for text in texts:
        match = _VARIABLE.fullmatch(text)
        if match is None:
            raise KubectlError(f"invalid env: {text}")
        variables.append(nonempty({"name": match[1], "value": match[2]}))
    return variables


def _override(call: Call, pod: Object) -> Object:
    """The Pod with --overrides merged into it, decoded again as a typed Pod. Raises KubectlError and NotSimulated."""
    try:
        overrides: Any = parse_json(call.flags["overrides"])
    except ValueError:
        raise KubectlError(_INVALID_PATCH) from None
    refuse_if(isinstance(overrides, list), f"{_INVALID_KIND}{gojson.mismatch(overrides, _TYPE_META)}")
    refuse_if(not isinstance(overrides, dict), _INVALID_PATCH)
    merged = merge_patch(pod, overrides)
    _check_is_pod(merged)
    with reworded(decoding.DecodeError):
        typed = decoding.convert(schema.type_of(POD), merged)
    # Go's encoder writes these fields even if they are empty.
    overridden: Object = {"metadata": {}, "spec": {}, **typed, "status": {}}
    for container in overridden["spec"].setdefault("containers", None) or ():
        container.setdefault("resources", {})
    return overridden


def _check_is_pod(merged: Object) -> None:
    """Raise kubectl's refusal of a missing or unknown kind, and NotSimulated for a known kind other than Pod."""
    for key in ("apiVersion", "kind"):
        value = merged.get(key, "")
        if not isinstance(value, str):
            raise KubectlError(_INVALID_KIND + gojson.mismatch(value, f"struct field .{key} of type string"))
    version = merged.get("apiVersion", "")
    kind = merged.get("kind", "")
    text = gojson.dumps(merged, sort=False)
    refuse_if(not kind, f"Object 'Kind' is missing in '{text}'")
    refuse_if(not version, f"Object 'apiVersion' is missing in '{text}'")
    resource = find_kind(version, kind)
    refuse_if(
        resource is None, f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/scheme/scheme.go:28"'
    )
    if resource is not POD:
        raise NotSimulated("--overrides with another kind is not part of this simulator")
