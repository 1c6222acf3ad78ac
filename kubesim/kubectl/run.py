"""kubectl run. Mirrors k8s.io/kubectl pkg/cmd/run/run.go, v1.36."""

from __future__ import annotations

from typing import Any

from kubesim import gojson, patch
from kubesim.errors import StatusError
from kubesim.imageref import parse
from kubesim.kubectl import flags
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.command import Call, absent, array, command, switch, text
from kubesim.kubectl.errors import KubectlError, UsageError
from kubesim.kubectl.flags import parse_number
from kubesim.kubectl.output import print_result
from kubesim.objects import Object
from kubesim.resources import POD

_POLICIES = ("", "Always", "IfNotPresent", "Never")
_RESTARTS = ("Always", "OnFailure", "Never")


@command(
    "run",
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] '
    "[--command] -- [COMMAND] [args...]",
    "Run a particular image on the cluster",
    flags.DRY_RUN,
    flags.OUTPUT,
    flags.SAVE_CONFIG,
    text("image", "", "The image of the container."),
    text("image-pull-policy", "", "Always, IfNotPresent or Never."),
    array("env", "", "A variable NAME=VALUE; may be given several times."),
    text("labels", "l", "Labels instead of run=NAME, with commas between them."),
    array("annotations", "", "An annotation KEY=VALUE."),
    text("port", "", "The port that the container exposes."),
    text("restart", "", "Always, OnFailure or Never.", "Always"),
    text("overrides", "", "JSON that is merged into the Pod."),
    text("override-type", "", "How: json, merge or strategic.", "merge"),
    switch("command", "", "What follows -- is the command and not its arguments."),
    switch("privileged", "", "Run the container in privileged mode."),
    text("field-manager", "", "The name of who creates the Pod.", "kubectl-run"),
    switch("quiet", "q", "Say less."),
    *absent("attach", "stdin/i", "tty/t", "rm", "leave-stdin-open", "expose", kind="switch"),
    *absent("pod-running-timeout", "grace-period", "cascade", "timeout", "filename/f", "kustomize/k"),
    example="  kubectl run web --image=nginx\n"
    "  kubectl run app --image=registry.example.com/myapp:1.0 --restart=Never -- sleep 60",
)
def run(call: Call) -> None:
    """Create a Pod with one container."""
    if not call.args:
        raise UsageError("NAME is required for run")
    pod = _pod(call)
    dry_run = call.dry_run()
    if call.flags["overrides"]:
        pod = _override(call, pod)
    if call.flags["save-config"]:
        pod = with_last_applied(pod)
    if dry_run != "client":
        meta = {**pod["metadata"], "namespace": pod["metadata"].get("namespace", call.namespace)}
        pod = call.api.create(POD, {**pod, "metadata": meta}, **call.request(dry_run))
    print_result(call, POD, pod, "created", dry_run)


def _pod(call: Call) -> Object:
    name, *rest = call.args
    _check(call)
    meta: Object = {"labels": _pairs("labels", call.flags["labels"].split(",")) or {"run": name}, "name": name}
    if call.flags["annotations"]:
        meta["annotations"] = _pairs("annotations", call.flags["annotations"])
    if call.explicit_namespace:
        meta["namespace"] = call.namespace
    spec = {
        "containers": [_container(call, name, rest)],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": call.flags["restart"],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {}}


def _check(call: Call) -> None:
    image, policy, restart = call.flags["image"], call.flags["image-pull-policy"], call.flags["restart"]
    if not image:
        raise KubectlError("--image is required")
    try:
        parse(image)
    except ValueError:
        raise KubectlError(f'Invalid image name "{image}": invalid reference format') from None
    if policy not in _POLICIES:
        raise UsageError(f"invalid image pull policy: {policy}")
    if restart not in _RESTARTS:
        raise KubectlError(f"invalid restart policy: {restart}")


def _container(call: Call, name: str, rest: list[str]) -> Object:
    container: Object = {"image": call.flags["image"], "name": name, "resources": {}}
    if call.flags["env"]:
        container["env"] = [{"name": key, "value": value} for key, value in _variables(call.flags["env"])]
    if call.flags["image-pull-policy"]:
        container["imagePullPolicy"] = call.flags["image-pull-policy"]
    if call.flags["port"]:
        container["ports"] = [{"containerPort": _port(call.flags["port"])}]
    if call.flags["privileged"]:
        container["securityContext"] = {"privileged": True}
    if rest:
        container["command" if call.flags["command"] else "args"] = rest
    return container


def _port(given: str) -> int:
    try:
        return parse_number(given)
    except ValueError as error:
        raise KubectlError(str(error)) from None


def _variables(given: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for variable in given:
        key, equals, value = variable.partition("=")
        if not equals or not key:
            raise KubectlError(f"invalid env: {variable}")
        found.append((key, value))
    return found


def _pairs(what: str, given: list[str] | tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for item in filter(None, given):
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise KubectlError(f"unexpected {what.rstrip('s')} spec: {item}")
        pairs[key] = value
    return pairs


def _override(call: Call, pod: Object) -> Object:
    kind = call.flags["override-type"]
    try:
        change: Any = gojson.loads(call.flags["overrides"])
    except ValueError as error:
        raise KubectlError(str(error)) from None
    try:
        if kind == "strategic":
            return patch.strategic_merge(pod, change, POD)
        if kind == "merge":
            return patch.merge_patch(pod, change)
        return patch.json_patch(pod, change)
    except StatusError as error:
        raise KubectlError(error.message) from None
