"""kubectl expose: a Service for the Pods of an object. Mirrors k8s.io/kubectl pkg/cmd/expose/expose.go, v1.36."""

from __future__ import annotations

from kubesim.api import decoding, schema
from kubesim.api.numbers import int_or_string
from kubesim.api.objects import Object, at, labels_of, name_of, template_of
from kubesim.api.resources import POD, SERVICE
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import create_in_namespace, nonempty, parse_labels, parse_port, service_of
from kubesim.kubectl.errors import refuse_if, reworded
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

_EXPOSED = ("Deployment", "Pod", "ReplicaSet", "Service")


@command("expose", asks_namespace=True, operands="types", kinds=_EXPOSED, checks_format="first", is_typed=True)
def expose(call: Call) -> None:
    affinity = call.flags["session-affinity"]
    selected = parse_labels(call.flags["selector"])
    refuse_if(affinity not in ("", "None", "ClientIP"), f"unknown session affinity: {affinity}")
    call.flags = {**call.flags, "selector": ""}  # a Query would choose by it what is exposed

    first: Target | None = None  # what kubectl takes from the first object, it keeps for the others

    def act(target: Target) -> None:
        nonlocal first
        refuse_if(target.resource.kind not in _EXPOSED, f"cannot expose a {target.resource.qualified_kind}")
        exposed = first or target._replace(obj=_decoded(target))
        service = _service(call, exposed, selected or _selector_of(exposed), name_of(target.obj))
        first = exposed
        print_result(call, SERVICE, create_in_namespace(call, SERVICE, service), "exposed")

    Query(call, call.args, needs_name=True, latest=False).visit(act)


def _decoded(target: Target) -> Object:
    """The object of a file in kubectl's own types. Raises KubectlError where a field has another type."""
    with reworded(decoding.DecodeError, f'unable to decode "{target.source}": '):
        typed: Object = decoding.convert(schema.type_of(target.resource), target.obj)
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
    labels = parse_labels(flags["labels"]) or labels_of(exposed.obj)
    fields = {
        "type": flags["type"],
        "clusterIP": flags["cluster-ip"],
        "externalIPs": [flags["external-ip"]] if flags["external-ip"] else [],
        "sessionAffinity": flags["session-affinity"],
    }
    name = flags["name"] or name[:_LONGEST_NAME]
    spec = {"selector": selector, "ports": service_ports, **nonempty(fields)}
    return service_of(nonempty({"name": name, "labels": labels}), spec)


def _service_port(call: Call, text: str, protocol: str) -> Object:
    number = parse_port(text)
    target = call.flags["target-port"]
    return {
        "port": number,
        "protocol": call.flags["protocol"] or protocol,
        "targetPort": int_or_string(target) if target else number,
    }


def _protocols(exposed: Target) -> dict[str, str]:
    """The protocols of the ports of a Service, or of the containers of a Pod or its template, by their numbers.

    A port of a file may be without a number, which then is Go's zero.
    """
    if exposed.resource is SERVICE:
        return {str(port.get("port", 0)): port.get("protocol", "TCP") for port in at(exposed.obj, "spec.ports") or ()}
    protocols: dict[str, str] = {}
    for container in at(template_of(exposed.resource, exposed.obj), "spec.containers") or ():
        for port in container.get("ports", ()):
            protocols[str(port.get("containerPort", 0))] = port.get("protocol", "TCP")
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
