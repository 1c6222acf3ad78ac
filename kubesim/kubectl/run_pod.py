"""kubectl run. Mirrors k8s.io/kubectl pkg/cmd/run/run.go, v1.36."""

from __future__ import annotations

import re
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import StatusError
from kubesim.api.imageref import parse
from kubesim.api.objects import Object
from kubesim.api.resources import POD
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.change import PATCHES, patch_locally
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, refuse_if
from kubesim.kubectl.flags import parse_number
from kubesim.kubectl.manifests import parse_json
from kubesim.kubectl.output import print_result


@command("run")
def run(call: Call) -> None:
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
    image = call.flags["image"]
    try:
        parse(image)
    except ValueError:
        raise KubectlError(f'Invalid image name "{image}": invalid reference format') from None
    name, *rest = call.args
    meta: Object = {"name": name}
    if call.explicit_namespace:
        meta["namespace"] = call.namespace
    meta["labels"] = _labels(call.flags["labels"]) or {"run": name}
    if annotations := _annotations(call.flags["annotations"]):
        meta["annotations"] = annotations
    spec = {
        "containers": [_container(call, name, rest)],
        "restartPolicy": call.flags["restart"] or "Always",
        "dnsPolicy": "ClusterFirst",
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {}}


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
        refuse_if(len(values) != 1, f"unexpected label spec: {label}")
        refuse_if(not key, "unexpected empty label key")
        labels[key] = values[0]
    return labels


def _annotations(given: tuple[str, ...]) -> dict[str, str]:
    if wrong := [annotation for annotation in given if "=" not in annotation[1:]]:
        raise KubectlError(f"invalid annotations format: {', '.join(wrong)}")
    return dict(annotation.split("=", 1) for annotation in given)


def _override(call: Call, pod: Object) -> Object:
    """The Pod merged with --overrides and read as a Pod again."""
    kind, text = call.flags["override-type"], call.flags["overrides"]
    wanted, _, refusal = PATCHES[kind]
    try:
        change: Any = parse_json(text)
        refuse_if(refusal and not isinstance(change, wanted), refusal)
        merged = patch_locally(pod, change, kind, POD)
        group_kind = f'no kind "{merged["kind"]}" is registered for version "{merged["apiVersion"]}"'
        is_pod = (merged["kind"], merged["apiVersion"]) == (POD.kind, POD.api_version)
        refuse_if(not is_pod, f'{group_kind} in scheme "pkg/scheme/scheme.go:28"')
        read: Object = {"spec": {}, **schema.convert(schema.type_of(POD), merged), "status": {}}
    except StatusError as error:
        raise KubectlError(error.message) from None
    except schema.DecodeError as error:
        raise KubectlError(error.in_json()) from None
    except ValueError as error:
        raise KubectlError(refusal or str(error)) from None
    for container in read["spec"].setdefault("containers", None) or ():
        container.setdefault("resources", {})
    return read
