"""kubectl run. Mirrors k8s.io/kubectl pkg/cmd/run/run.go, v1.36."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import StatusError
from kubesim.api.imageref import parse
from kubesim.api.objects import Object
from kubesim.api.resources import POD
from kubesim.cluster.apiserver import patch
from kubesim.gotext import gojson
from kubesim.kubectl import flags
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, UsageError
from kubesim.kubectl.flags import absent, array, parse_number, switch, text
from kubesim.kubectl.output import print_result

_POLICIES = ("", "Always", "IfNotPresent", "Never")
_RESTARTS = ("", "Always", "OnFailure", "Never")


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
    *absent("attach", "stdin/i", "tty/t", "rm", "leave-stdin-open", "expose", "force", "recursive/R", kind="switch"),
    *absent("wait", kind="switch"),
    *absent("pod-running-timeout", "timeout", kind="duration"),
    *absent("grace-period", kind="number"),
    *absent("cascade", bare="background"),
    *absent("detach-keys", "filename/f", "kustomize/k"),
    example="  kubectl run web --image=nginx\n"
    "  kubectl run app --image=registry.example.com/myapp:1.0 --restart=Never -- sleep 60",
    required=("image",),
)
def run(call: Call) -> None:
    """Create a Pod with one container."""
    pod = _pod(call)
    dry_run = call.dry_run()
    if call.flags["overrides"]:
        pod = _override(call, pod)
    if dry_run != "client":
        pod = with_last_applied(schema.in_go_order(POD, pod), typed=True) if call.flags["save-config"] else pod
        meta = {**pod["metadata"], "namespace": pod["metadata"].get("namespace", call.namespace)}
        pod = call.api.create(POD, {**pod, "metadata": meta}, **call.request(dry_run))
    print_result(call, POD, pod, "created", dry_run, typed=True)


def _pod(call: Call) -> Object:
    if not call.args:
        raise UsageError("NAME is required for run")
    _check(call)
    name, *rest = call.args
    meta: Object = {"name": name}
    if call.explicit_namespace:
        meta["namespace"] = call.namespace
    annotations = _annotations(call.flags["annotations"])
    meta["labels"] = _labels(call.flags["labels"]) or {"run": name}
    if annotations:
        meta["annotations"] = annotations
    spec = {
        "containers": [_container(call, name, rest)],
        "restartPolicy": call.flags["restart"] or "Always",
        "dnsPolicy": "ClusterFirst",
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
    if restart not in _RESTARTS:
        raise UsageError(f"invalid restart policy: {restart}")
    if policy not in _POLICIES:
        raise UsageError(f"invalid image pull policy: {policy}")


def _container(call: Call, name: str, rest: list[str]) -> Object:
    """The Pod's container, its fields in the order of Go's type."""
    given = call.flags
    fields: Object = {
        "name": name,
        "image": given["image"],
        "command": rest if given["command"] else None,
        "args": None if given["command"] else rest,
        "ports": [{"containerPort": _port(given["port"])}] if given["port"] else None,
        "env": _variables(given["env"]),
        "resources": {},
        "imagePullPolicy": given["image-pull-policy"],
        "securityContext": {"privileged": True} if given["privileged"] else None,
    }
    return {key: value for key, value in fields.items() if value or key == "resources"}


def _port(given: str) -> int:
    try:
        return parse_number(given, base=10)
    except ValueError as error:
        raise KubectlError(str(error).replace("ParseInt", "Atoi")) from None


_NO_OBJECT = (
    "json: cannot unmarshal array into Go value of type struct "
    r'{ APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
)
_VARIABLE = re.compile("([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def _variables(given: tuple[str, ...]) -> list[Object]:
    found: list[Object] = []
    for variable in given:
        match = _VARIABLE.fullmatch(variable)
        if match is None:
            raise KubectlError(f"invalid env: {variable}")
        found.append({"name": match[1], **({"value": match[2]} if match[2] else {})})
    return found


def _labels(given: str) -> dict[str, str]:
    """Mirrors k8s.io/kubectl pkg/cmd/util ParseLabels."""
    labels: dict[str, str] = {}
    for label in given.split(",") if given else ():
        key, *values = label.split("=")
        if len(values) != 1:
            raise KubectlError(f"unexpected label spec: {label}")
        if not key:
            raise KubectlError("unexpected empty label key")
        labels[key] = values[0]
    return labels


def _annotations(given: tuple[str, ...]) -> dict[str, str]:
    if wrong := [annotation for annotation in given if "=" not in annotation[1:]]:
        raise KubectlError(f"invalid annotations format: {', '.join(wrong)}")
    return dict(annotation.split("=", 1) for annotation in given)


def _override(call: Call, pod: Object) -> Object:
    """The Pod merged with --overrides and read as a Pod again."""
    kind, text = call.flags["override-type"], call.flags["overrides"]
    if kind not in _OVERRIDES:
        raise KubectlError(f"invalid override type: {kind}")
    override, refusal = _OVERRIDES[kind]
    try:
        change: Any = gojson.loads(text)
        if refusal and not isinstance(change, dict | list if kind == "merge" else dict):
            raise ValueError
    except ValueError as error:
        raise KubectlError(refusal or str(error)) from None
    if kind == "merge" and isinstance(change, list):
        raise KubectlError(f"couldn't get version/kind; json parse error: {_NO_OBJECT}")
    try:
        return _read_again(override(pod, change))
    except StatusError as error:
        raise KubectlError(error.message) from None
    except schema.DecodeError as error:
        raise KubectlError(error.in_json()) from None


def _read_again(pod: Object) -> Object:
    if (pod["kind"], pod["apiVersion"]) != (POD.kind, POD.api_version):
        raise KubectlError(
            f'no kind "{pod["kind"]}" is registered for version "{pod["apiVersion"]}" in scheme '
            '"pkg/scheme/scheme.go:28"'
        )
    read: Object = {"spec": {}, **schema.convert(schema.type_of(POD), pod), "status": {}}
    read["spec"].setdefault("containers", None)
    for container in read["spec"]["containers"] or ():
        container.setdefault("resources", {})
    return read


# How each type of override is made, and what kubectl says of a text that is none ("": what the JSON decoder says).
_OVERRIDES: dict[str, tuple[Callable[[Object, Any], Object], str]] = {
    "json": (patch.json_patch, ""),
    "merge": (patch.merge_patch, "Invalid JSON Patch"),
    "strategic": (lambda pod, change: patch.strategic_merge(pod, change, POD), "invalid JSON document"),
}
