"""kubectl run and expose: a Pod, what its container writes, and a Service. Mirrors k8s.io/kubectl pkg/cmd, v1.36."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kubesim.api import decoding, quantity, schema
from kubesim.api.errors import StatusError
from kubesim.api.imageref import parse
from kubesim.api.objects import Object, at, find_condition, metadata, name_of, namespace_of, template_of
from kubesim.api.resources import POD, SERVICE, Resource, find_kind
from kubesim.kubectl.change import PATCHES, patch_locally, with_last_applied
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import Exit, KubectlError, NotSimulated, UsageError, raise_all, refuse_if
from kubesim.kubectl.flags import SAYS, parse_number
from kubesim.kubectl.manifests import parse_json
from kubesim.kubectl.output import print_result
from kubesim.kubectl.running import attach, state_of
from kubesim.kubectl.selection import Query, Target, decoded


@command("run")
def run(call: Call) -> None:
    pod = _pod(call)
    if call.flags["overrides"]:
        pod = _override(call, pod)
    made = [(POD, _create(call, POD, pod))]
    errors: list[Exception] = []
    if call.flags["expose"]:
        try:
            made.insert(0, (SERVICE, _expose(call)))
        except StatusError as error:
            errors.append(error)
    if call.flags["attach"] or (call.flags["stdin"] and "attach" not in call.given):
        _attach(call, made)
    else:
        print_result(call, POD, made[-1][1], "created", typed=True)
    raise_all(errors)


def _create(call: Call, resource: Resource, obj: Object) -> Object:
    if call.dry_run == "client":
        return obj
    obj = with_last_applied(schema.in_go_order(resource, obj), typed=True) if call.flags["save-config"] else obj
    meta = {**obj["metadata"], "namespace": obj["metadata"].get("namespace", call.namespace)}
    return call.api.create(resource, {**obj, "metadata": meta}, **call.request())


def _expose(call: Call) -> Object:
    """--expose: the Service of the Pod, which is created and reported before it."""
    name, port, labels = call.args[0], _port(call.flags["port"]), _labels(call.flags["labels"])
    ports = [{"port": port, "protocol": "TCP", "targetPort": port}]
    service = call.generated("expose", service=name, labels=labels, ports=ports, selector=labels or {"run": name})
    service = _create(call, SERVICE, service)
    print_result(call, SERVICE, service, "created", typed=True)
    call.say("---\n" if call.flags["output"] == "yaml" else "")
    return service


def _attach(call: Call, made: list[tuple[Resource, Object]]) -> None:
    """Show what the Pod's container writes until it ends, and end as it does; --rm removes what was made."""
    try:
        _attached(call, made[-1][1])
    finally:
        for resource, obj in made if call.flags["rm"] else ():
            call.api.delete(resource, namespace_of(obj), name_of(obj), user=call.user)
            if not call.flags["quiet"]:
                where = f"from {namespace_of(obj)} namespace"
                call.say(f'{resource.printed} "{name_of(obj)}" deleted {where}\n')


def _attached(call: Call, pod: Object) -> None:
    container, policy = pod["spec"]["containers"][0]["name"], pod["spec"]["restartPolicy"]
    pod = _wait(call, pod, lambda now: now["status"]["phase"] in _ENDS or find_condition(now, "Ready") == "True")
    attach(call, pod, container)
    if call.flags["leave-stdin-open"] or policy == "Always":
        return
    pod = _wait(call, pod, lambda now: now["status"]["phase"] in (_ENDS if policy == "Never" else _ENDS[:1]))
    if pod["status"]["phase"] == "Failed":
        ended = state_of(pod, container)["terminated"]
        where = f"pod {namespace_of(pod)}/{name_of(pod)}"
        call.complain(f"{where} terminated ({ended['reason']})\n{ended.get('message', '')}".rstrip("\n") + "\n")
        raise Exit(ended["exitCode"])


_ENDS = ("Succeeded", "Failed")


def _wait(call: Call, pod: Object, done: Callable[[Object], bool]) -> Object:
    """The Pod as soon as it is as it should be. Raises KubectlError where it isn't by --pod-running-timeout."""
    place = POD, namespace_of(pod), name_of(pod)
    found = call.wait_until(lambda: done(call.api.find(*place) or pod), call.flags["pod-running-timeout"])
    refuse_if(not found, "timed out waiting for the condition")
    return call.api.get(*place)


def _pod(call: Call) -> Object:
    refuse_if(not call.args, "NAME is required for run", UsageError)
    image = call.flags["image"]
    try:
        parse(image)
    except ValueError:
        raise KubectlError(f'Invalid image name "{image}": invalid reference format') from None
    name, *rest = call.args
    given = call.flags
    if wrong := [annotation for annotation in given["annotations"] if "=" not in annotation[1:]]:
        raise KubectlError(f"invalid annotations format: {', '.join(wrong)}")
    values = {
        "labels": _labels(given["labels"]) or {"run": name},
        "annotations": dict(annotation.split("=", 1) for annotation in given["annotations"]),
        "words": rest if given["command"] else None,
        "args": None if given["command"] else rest,
        "ports": [{"containerPort": _port(given["port"])}] if given["port"] else None,
        "variables": _variables(given["env"]),
        "security": {"privileged": True} if given["privileged"] else None,
        "once": given["stdin"] and not given["leave-stdin-open"],
        "restart": given["restart"] or "Always",
    }
    return call.generated("run", **values)


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


def _override(call: Call, pod: Object) -> Object:
    """The Pod merged with --overrides and read as a Pod again."""
    kind, text = call.flags["override-type"], call.flags["overrides"]
    wanted, mismatch, refusal = PATCHES[kind]
    try:
        change: Any = parse_json(text)
        if not isinstance(change, wanted):
            is_list = kind == "merge" and isinstance(change, list)
            raise KubectlError(SAYS["list as override"] if is_list else refusal or mismatch)
        merged = patch_locally(pod, change, kind, POD)
        group_kind = f'no kind "{merged["kind"]}" is registered for version "{merged["apiVersion"]}"'
        found = find_kind(str(merged["apiVersion"]), str(merged["kind"]))
        refuse_if(found is None, f'{group_kind} in scheme "pkg/scheme/scheme.go:28"')
        if found is not POD:
            raise NotSimulated("--overrides with another kind is not part of this simulator")
        read: Object = {"spec": {}, **decoding.convert(schema.type_of(POD), merged), "status": {}}
    except StatusError as error:
        raise KubectlError(error.message) from None
    except decoding.DecodeError as error:
        raise KubectlError(error.in_json()) from None
    except ValueError as error:
        raise KubectlError(refusal or str(error)) from None
    for container in read["spec"].setdefault("containers", None) or ():
        container.setdefault("resources", {})
    return read


@command("expose", asks_namespace=True, operands="types")
def expose(call: Call) -> None:
    wanted = call.flags["selector"]
    call.flags = {**call.flags, "selector": ""}  # it doesn't choose what is exposed

    def act(target: Target, obj: Object) -> None:
        refuse_if(target.resource.kind not in _EXPOSED, f"cannot expose a {target.resource.qualified_kind}")
        obj = decoded(target, obj)
        service = _service(call, target.resource, obj, _labels(wanted) or _selector_of(target.resource, obj))
        service = _create(call, SERVICE, service)
        print_result(call, SERVICE, service, "exposed", typed=True)

    Query(call, call.args, needs_name=True, latest=False).visit(act)


_EXPOSED = ("Deployment", "Pod", "ReplicaSet", "Service")
_LONGEST_NAME = 63


def _service(call: Call, resource: Resource, obj: Object, selector: Object) -> Object:
    """A Service for the Pods that a selector matches, with the fields that flags name."""
    given = call.flags
    ports = [port for port in given["port"].split(",") if port]
    opened = {str(port["port" if resource is SERVICE else "containerPort"]): port for port in _opened(resource, obj)}
    ports = ports or list(opened)
    refuse_if(not ports and given["cluster-ip"] != "None", "couldn't find port via --port flag or introspection")
    opened_ports = [_service_port(call, port, opened) for port in ports]
    for number, port in enumerate(opened_ports if len(ports) > 1 else (), 1):
        port["name"] = f"port-{number}"
    labels, name = _labels(given["labels"]) or metadata(obj).get("labels"), name_of(obj)[:_LONGEST_NAME]
    addresses = [given["external-ip"]] if given["external-ip"] else None
    values = {"service": given["name"] or name, "labels": labels, "selector": selector, "ports": opened_ports}
    return call.generated("expose", **values, addresses=addresses)


def _service_port(call: Call, text: str, opened: Mapping[str, Object]) -> Object:
    target, number = call.flags["target-port"], _port(text)
    return {
        "port": number,
        "protocol": call.flags["protocol"] or opened.get(text, {}).get("protocol", "TCP"),
        "targetPort": quantity.int_or_string(target) if target else number,
    }


def _opened(resource: Resource, obj: Object) -> list[Object]:
    """The ports of a Service, or of the containers of a Pod or its template."""
    if resource is SERVICE:
        return at(obj, "spec.ports") or []
    containers = at(template_of(resource, obj), "spec.containers") or ()
    return [port for container in containers for port in container.get("ports", ())]


def _selector_of(resource: Resource, obj: Object) -> Object:
    if resource is POD:
        selector, problem = metadata(obj).get("labels"), "the pod has no labels and cannot be exposed"
    elif resource is SERVICE:
        selector, problem = at(obj, "spec.selector"), "the service has no pod selector set"
    else:
        selector = at(obj, "spec.selector.matchLabels")
        problem = f"invalid {resource.kind.lower()}: no selectors, therefore cannot be exposed"
    refuse_if(not selector, f"couldn't retrieve selectors via --selector flag or introspection: {problem}")
    return selector or {}
