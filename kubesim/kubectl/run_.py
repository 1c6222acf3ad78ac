"""kubectl run, which creates a Pod with one container.

Mirrors k8s.io/kubectl pkg/cmd/run/run.go, v1.36, without --expose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kubesim.api import decoding, schema
from kubesim.api.objects import Object
from kubesim.api.resources import POD, find_kind
from kubesim.cluster.apiserver.patch import merge_patch
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import check_image, create_in_namespace, nonempty, parse_labels, parse_port
from kubesim.kubectl.errors import KubectlError, NotSimulated, UsageError, refuse_if, reworded
from kubesim.kubectl.manifests import parse_json
from kubesim.kubectl.output import print_result

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


@command("run", check=_check_run, is_typed=True)
def run(call: Call) -> None:
    refuse_if(call.args and not call.args[0], "Parameter: name is required")
    refuse_if(not call.flags["image"], "--image is required")
    refuse_if(not call.args, "NAME is required for run", UsageError)
    check_image(call.flags["image"], "Invalid image name")
    pod = _pod(call)
    if call.flags["overrides"]:
        pod = _override(call, pod)
    pod = create_in_namespace(call, POD, pod)
    print_result(call, POD, pod, "created")


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
