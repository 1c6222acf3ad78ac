"""kubectl run and expose: a Pod, and a Service. Mirrors k8s.io/kubectl pkg/cmd, v1.36."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kubesim.api import decoding, quantity, schema
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, at, labels_of, name_of, template_of
from kubesim.api.resources import POD, SERVICE, find_kind
from kubesim.cluster.apiserver.patch import merge_patch
from kubesim.gotext.pflag import parse_number
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import check_image, create_in_namespace, nonempty
from kubesim.kubectl.errors import KubectlError, NotSimulated, UsageError, raise_all, refuse_if
from kubesim.kubectl.manifests import Target, parse_json
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

_RESTART_POLICIES = ("", "Always", "OnFailure", "Never")
_PULL_POLICIES = ("", "Always", "IfNotPresent", "Never")


def _check_run(call: Call) -> None:
    flags = call.flags
    restart = flags["restart"]
    pull = flags["image-pull-policy"]
    refuse_if(restart not in _RESTART_POLICIES, f"invalid restart policy: {restart}", UsageError)
    refuse_if(pull not in _PULL_POLICIES, f"invalid image pull policy: {pull}", UsageError)
    refuse_if(flags["expose"] and not flags["port"], "--port must be set when exposing a service", UsageError)


@command("run", check=_check_run, is_typed=True)
def run(call: Call) -> None:
    refuse_if(call.args and not call.args[0], "Parameter: name is required")
    refuse_if(not call.flags["image"], "--image is required")
    pod = _pod(call)
    if call.flags["overrides"]:
        pod = _override(call, pod)
    pod = create_in_namespace(call, POD, pod)
    errors: list[Exception] = []
    if call.flags["expose"]:
        try:
            _expose(call)
        except StatusError as error:
            errors.append(error)
    print_result(call, POD, pod, "created")
    raise_all(errors)


def _expose(call: Call) -> None:
    """--expose: the Service of the Pod, which is created and reported before it."""
    name = call.args[0]
    labels = _labels(call.flags["labels"])
    port = _port(call.flags["port"])
    spec = {
        "selector": labels or {"run": name},
        "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
    }
    service = create_in_namespace(call, SERVICE, _service_of(nonempty({"name": name, "labels": labels}), spec))
    print_result(call, SERVICE, service, "created")
    call.say("---\n" if call.flags["output"] == "yaml" else "")


def _pod(call: Call) -> Object:
    refuse_if(not call.args, "NAME is required for run", UsageError)
    image = call.flags["image"]
    check_image(image, "Invalid image name")
    name, *arguments = call.args
    flags = call.flags
    fields = {
        "name": name,
        "image": image,
        "command" if flags["command"] else "args": arguments,
        "ports": [{"containerPort": _port(flags["port"])}] if flags["port"] else [],
        "env": _variables(flags["env"]),
        "imagePullPolicy": flags["image-pull-policy"],
    }
    meta = {"name": name, "namespace": flags["namespace"], "labels": _labels(flags["labels"]) or {"run": name}}
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


def _port(text: str) -> int:
    try:
        return parse_number(text, base=10)
    except ValueError as error:
        raise KubectlError(str(error).replace("ParseInt", "Atoi")) from None


_VARIABLE = re.compile("([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def _variables(texts: Sequence[str]) -> list[Object]:
    variables = []
    for text in texts:
        match = _VARIABLE.fullmatch(text)
        if match is None:
            raise KubectlError(f"invalid env: {text}")
        variables.append(nonempty({"name": match[1], "value": match[2]}))
    return variables


def _labels(text: str) -> dict[str, str]:
    """Mirrors k8s.io/kubectl pkg/cmd/util ParseLabels."""
    labels: dict[str, str] = {}
    if not text:
        return labels
    for label in text.split(","):
        key, *values = label.split("=")
        refuse_if(len(values) != 1, f"unexpected label spec: {label}")
        refuse_if(not key, "unexpected empty label key")
        labels[key] = values[0]
    return labels


_BROKEN_OVERRIDE = "Invalid JSON Patch"
_LIST_AS_OVERRIDE = (
    "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct "
    '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)


def _override(call: Call, pod: Object) -> Object:
    """The Pod merged with --overrides and read as a Pod again."""
    try:
        change: Any = parse_json(call.flags["overrides"])
        refuse_if(isinstance(change, list), _LIST_AS_OVERRIDE)
        refuse_if(not isinstance(change, dict), _BROKEN_OVERRIDE)
        merged = merge_patch(pod, change)
        version = str(merged["apiVersion"])
        kind = str(merged["kind"])
        resource = find_kind(version, kind)
        refuse_if(
            resource is None,
            f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/scheme/scheme.go:28"',
        )
        if resource is not POD:
            raise NotSimulated("--overrides with another kind is not part of this simulator")
        overridden: Object = {"spec": {}, **decoding.convert(schema.type_of(POD), merged), "status": {}}
    except StatusError as error:
        raise KubectlError(error.message) from None
    except decoding.DecodeError as error:
        raise KubectlError(error.in_json()) from None
    except ValueError:
        raise KubectlError(_BROKEN_OVERRIDE) from None
    for container in overridden["spec"].setdefault("containers", None) or ():
        container.setdefault("resources", {})
    return overridden


_EXPOSED = ("Deployment", "Pod", "ReplicaSet", "Service")


@command("expose", asks_namespace=True, operands="types", kinds=_EXPOSED, checks_format="first", is_typed=True)
def expose(call: Call) -> None:
    affinity = call.flags["session-affinity"]
    selected = _labels(call.flags["selector"])
    refuse_if(affinity not in ("", "None", "ClientIP"), f"unknown session affinity: {affinity}")
    call.flags = {**call.flags, "selector": ""}  # a Query would choose by it what is exposed

    exposed: list[Target] = []

    def act(target: Target) -> None:
        refuse_if(target.resource.kind not in _EXPOSED, f"cannot expose a {target.resource.qualified_kind}")
        first = exposed[0] if exposed else target._replace(obj=_decoded(target))
        selector = selected or _selector_of(first)
        service = _service(call, first, selector, name_of(target.obj))
        exposed.append(first)  # what kubectl takes from the first object, it keeps for the others
        print_result(call, SERVICE, create_in_namespace(call, SERVICE, service), "exposed")

    Query(call, call.args, needs_name=True, latest=False).visit(act)


def _decoded(target: Target) -> Object:
    """The object of a file in kubectl's own types. Raises KubectlError where a field has another type."""
    try:
        typed: Object = decoding.convert(schema.type_of(target.resource), target.obj)
    except decoding.DecodeError as error:
        raise KubectlError(f'unable to decode "{target.source}": {error.in_json()}') from None
    return typed


_LONGEST_NAME = 63


def _service(call: Call, exposed: Target, selector: Object, name: str) -> Object:
    """A Service for the Pods that a selector matches, with the fields that flags name; `name` unless they do."""
    flags = call.flags
    protocols = _protocols(exposed)
    ports = [port for port in flags["port"].split(",") if port] or list(protocols)
    refuse_if(not ports, "couldn't find port via --port flag or introspection")
    service_ports = [_service_port(call, port, protocols.get(port, "TCP")) for port in ports]
    if len(ports) > 1:
        for number, port in enumerate(service_ports, 1):
            port["name"] = f"port-{number}"
    labels = _labels(flags["labels"]) or labels_of(exposed.obj)
    fields = {
        "type": flags["type"],
        "clusterIP": flags["cluster-ip"],
        "externalIPs": [flags["external-ip"]] if flags["external-ip"] else [],
        "sessionAffinity": flags["session-affinity"],
    }
    name = flags["name"] or name[:_LONGEST_NAME]
    spec = {"selector": selector, "ports": service_ports, **nonempty(fields)}
    return _service_of(nonempty({"name": name, "labels": labels}), spec)


def _service_of(meta: Object, spec: Object) -> Object:
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec, "status": {"loadBalancer": {}}}


def _service_port(call: Call, text: str, protocol: str) -> Object:
    number = _port(text)
    target = call.flags["target-port"]
    return {
        "port": number,
        "protocol": call.flags["protocol"] or protocol,
        "targetPort": quantity.int_or_string(target) if target else number,
    }


def _protocols(exposed: Target) -> dict[str, str]:
    """The protocols of the ports of a Service, or of the containers of a Pod or its template, by their numbers."""
    if exposed.resource is SERVICE:
        return {str(port["port"]): port.get("protocol", "TCP") for port in at(exposed.obj, "spec.ports") or ()}
    protocols: dict[str, str] = {}
    for container in at(template_of(exposed.resource, exposed.obj), "spec.containers") or ():
        for port in container.get("ports", ()):
            protocols[str(port["containerPort"])] = port.get("protocol", "TCP")
    return protocols


def _selector_of(exposed: Target) -> Object:
    """The labels of the Pods that an object stands for. Raises KubectlError."""
    resource = exposed.resource
    obj = exposed.obj
    if resource is POD:
        selector = labels_of(obj)
        problem = "the pod has no labels and cannot be exposed"
    elif resource is SERVICE:
        selector = at(obj, "spec.selector")
        problem = "the service has no pod selector set"
    else:
        selector = at(obj, "spec.selector.matchLabels")
        problem = f"invalid {resource.kind.lower()}: no selectors, therefore cannot be exposed"
    refuse_if(not selector, f"couldn't retrieve selectors via --selector flag or introspection: {problem}")
    return selector or {}
