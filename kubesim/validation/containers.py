"""Containers: names, images, ports, environment, resources, probes.

Mirrors validateContainers, validateInitContainers and what they call in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kubesim import quantity
from kubesim.errors import duplicate, field_forbidden, invalid_value, required
from kubesim.objects import Object
from kubesim.validation.common import Errors, invalid_each, named, non_negative, one_of
from kubesim.validation.names import (
    dns_label,
    dns_subdomain,
    env_name,
    http_header,
    in_range,
    port_name,
    port_number,
    qualified_name,
)
from kubesim.validation.volumes import env_source_key, mounts

MAX_ID = 2**32 - 1


def containers(field: str, found: Sequence[Object], volumes: set[str], grace: int) -> Errors:
    """The Pod's ordinary containers; `grace` is its termination grace period in seconds."""
    if not found:
        yield required(field)
        return
    names: set[str] = set()
    for index, container in enumerate(found):
        where = f"{field}[{index}]"
        yield from _container(where, container, volumes)
        if container.get("name", "") in names:
            yield duplicate(f"{where}.name", container.get("name", ""))
        names.add(container.get("name", ""))
        yield from _running(where, container, grace)
        if "restartPolicy" in container:
            yield from one_of(f"{where}.restartPolicy", container["restartPolicy"], ("Always", "OnFailure", "Never"))
    yield from _host_ports(field, found)


def init_containers(
    field: str, found: Sequence[Object], others: Iterable[Object], volumes: set[str], grace: int
) -> Errors:
    """The Pod's init containers; `others` are its ordinary ones, whose names are taken."""
    names = {other.get("name", "") for other in others}
    for index, container in enumerate(found):
        where = f"{field}[{index}]"
        yield from _container(where, container, volumes)
        if container.get("name", "") in names:
            yield duplicate(f"{where}.name", container.get("name", ""))
        names |= {container["name"]} if container.get("name") else set()
        yield from _host_ports(field, [container])
        if container.get("restartPolicy") == "Always":
            yield from _running(where, container, grace)
        else:
            why = "may not be set for init containers without restartPolicy=Always"
            yield from (
                field_forbidden(f"{where}.{name}", why) for name in ("lifecycle", *_PROBES) if name in container
            )


def _container(where: str, container: Object, volumes: set[str]) -> Errors:
    """What holds for every container, in upstream's order."""
    yield from named(f"{where}.name", container.get("name"), dns_label)
    if not container.get("image"):
        yield required(f"{where}.image")
    yield from one_of(
        f"{where}.terminationMessagePolicy",
        container.get("terminationMessagePolicy"),
        ("File", "FallbackToLogsOnError"),
    )
    yield from _ports(f"{where}.ports", container.get("ports", ()))
    yield from _env(f"{where}.env", container.get("env", ()))
    yield from _env_from(f"{where}.envFrom", container.get("envFrom", ()))
    yield from mounts(f"{where}.volumeMounts", container.get("volumeMounts", ()), volumes)
    yield from one_of(f"{where}.imagePullPolicy", container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never"))
    yield from _resources(f"{where}.resources", container.get("resources", {}))
    yield from _security_context(f"{where}.securityContext", container.get("securityContext", {}))


def _ports(field: str, ports: Iterable[Object]) -> Errors:
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = f"{field}[{index}]"
        if name := port.get("name", ""):
            problems = port_name(name)
            yield from invalid_each(f"{where}.name", name, problems)
            if name in names:
                yield duplicate(f"{where}.name", name)
            names |= set() if problems else {name}
        if number := port.get("containerPort"):
            yield from invalid_each(f"{where}.containerPort", number, port_number(number))
        else:
            yield required(f"{where}.containerPort")
        if number := port.get("hostPort"):
            yield from invalid_each(f"{where}.hostPort", number, port_number(number))
        yield from one_of(f"{where}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))


def _host_ports(field: str, found: Iterable[Object]) -> Errors:
    seen: set[str] = set()
    for index, container in enumerate(found):
        for number, port in enumerate(container.get("ports", ())):
            if host := port.get("hostPort"):
                key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{host}"
                if key in seen:
                    yield duplicate(f"{field}[{index}].ports[{number}].hostPort", key)
                seen.add(key)


def _env(field: str, variables: Iterable[Object]) -> Errors:
    for index, variable in enumerate(variables):
        where = f"{field}[{index}]"
        yield from named(f"{where}.name", variable.get("name"), env_name)
        if "valueFrom" in variable:
            yield from _value_from(f"{where}.valueFrom", variable["valueFrom"], variable.get("value", ""))


_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_POD_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_RESOURCE_FIELDS = tuple(
    f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
)


def _value_from(where: str, source: Object, value: str) -> Errors:
    found = [name for name in _ENV_SOURCES if name in source]
    for name in found:
        yield from _env_source(f"{where}.{name}", name, source[name])
    if not found:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        yield invalid_value(where, "", f"must specify one of: {choices}")
    elif value:
        yield invalid_value(where, "", "may not be specified when `value` is not empty")
    elif len(found) > 1:
        yield invalid_value(where, "", "may not have more than one field specified at a time")


def _env_source(where: str, name: str, source: Object) -> Errors:
    if name in ("configMapKeyRef", "secretKeyRef"):
        yield from env_source_key(where, source)
    if name == "fieldRef":
        yield from _field_reference(where, source.get("fieldPath", ""))
    if name == "resourceFieldRef":
        yield from one_of(f"{where}.resource", source.get("resource"), _RESOURCE_FIELDS)


def _field_reference(where: str, path: str) -> Errors:
    base, bracket, key = path.partition("['")
    if not path:
        yield required(f"{where}.fieldPath")
    elif bracket and base in ("metadata.labels", "metadata.annotations"):
        yield from invalid_each(where, key.removesuffix("']"), qualified_name(key.removesuffix("']")))
    elif path not in _POD_FIELDS:
        why = f"error converting fieldPath: field label not supported: {path}"
        yield invalid_value(f"{where}.fieldPath", path, why)


def _env_from(field: str, sources: Iterable[Object]) -> Errors:
    for index, source in enumerate(sources):
        where = f"{field}[{index}]"
        yield from invalid_each(f"{where}.prefix", source.get("prefix"), env_name(source.get("prefix", "")))
        found = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in found:
            yield from named(f"{where}.{name}.name", source[name].get("name"), dns_subdomain)
        # Without the index, as upstream has it.
        if not found:
            yield invalid_value(field, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(found) > 1:
            yield invalid_value(field, "", "may not have more than one field specified at a time")


_CONTAINER_RESOURCES = ("cpu", "ephemeral-storage", "memory")
_STANDARD_RESOURCES = {
    *_CONTAINER_RESOURCES,
    *("configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas"),
    *("secrets", "services", "storage"),
}


def _resources(where: str, found: Object) -> Errors:
    limits, requests = found.get("limits", {}), found.get("requests", {})
    for name in sorted(limits):
        yield from _resource(f"{where}.limits[{name}]", name, limits[name])
    for name in sorted(requests):
        yield from _resource(f"{where}.requests[{name}]", name, requests[name])
        yield from _within_limit(where, name, requests[name], limits.get(name))


def _is_extended(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name


def _resource(where: str, name: str, amount: str) -> Errors:
    problems = qualified_name(name)
    yield from invalid_each(where, name, problems)
    huge = name.startswith("hugepages-")
    if "/" not in name and not huge:
        if not problems and name not in _STANDARD_RESOURCES:
            yield invalid_value(where, name, "must be a standard resource type or fully qualified")
        if name not in _CONTAINER_RESOURCES:
            yield invalid_value(where, name, "must be a standard resource for containers")
    value = quantity.parse(amount)
    if value < 0:
        yield invalid_value(where, amount, "must be greater than or equal to 0")
    if _is_extended(name) and value != int(value):
        yield invalid_value(where, amount, "must be an integer")


def _within_limit(where: str, name: str, amount: str, limit: str | None) -> Errors:
    fixed = _is_extended(name) or name.startswith("hugepages-")
    if limit is None:
        if fixed:
            yield required(f"{where}.limits", "Limit must be set for non overcommitable resources")
    elif fixed and quantity.parse(amount) != quantity.parse(limit):
        yield invalid_value(f"{where}.requests", amount, f"must be equal to {name} limit of {limit}")
    elif quantity.parse(amount) > quantity.parse(limit):
        yield invalid_value(f"{where}.requests", amount, f"must be less than or equal to {name} limit of {limit}")


def _security_context(where: str, context: Object) -> Errors:
    yield from ids(where, context)
    if context.get("allowPrivilegeEscalation") is False:
        why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        if context.get("privileged"):
            yield invalid_value(where, context, why)
        if "SYS_ADMIN" in context.get("capabilities", {}).get("add", ()):
            why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            yield invalid_value(where, context, why)


def ids(where: str, context: Object) -> Errors:
    """User and group ids of a security context."""
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        if name in context:
            yield from invalid_each(f"{where}.{name}", context[name], in_range(context[name], 0, MAX_ID))


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PERIODS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def _running(where: str, container: Object, grace: int) -> Errors:
    """Hooks and probes, which only a container that keeps running may have."""
    for hook in ("postStart", "preStop"):
        if hook in container.get("lifecycle", {}):
            yield from _handler(f"{where}.lifecycle.{hook}", container["lifecycle"][hook], grace)
    for name in _PROBES:
        if name in container:
            yield from _probe(f"{where}.{name}", name, container[name], grace)


def _probe(where: str, name: str, probe: Object, grace: int) -> Errors:
    yield from _handler(where, probe, grace)
    for period in _PERIODS:
        yield from non_negative(f"{where}.{period}", probe.get(period))
    own = probe.get("terminationGracePeriodSeconds")
    if own is not None and own <= 0:
        yield invalid_value(f"{where}.terminationGracePeriodSeconds", own, "must be greater than 0")
    if name == "readinessProbe":
        if own is not None:
            why = "must not be set for readinessProbes"
            yield invalid_value(f"{where}.terminationGracePeriodSeconds", own, why)
    elif probe.get("successThreshold", 1) != 1:
        yield invalid_value(f"{where}.successThreshold", probe["successThreshold"], "must be 1")


def _handler(where: str, handler: Object, grace: int) -> Errors:
    found = [name for name in _HANDLERS if name in handler]
    if not found:
        yield required(where, "must specify a handler type")
    for index, name in enumerate(found):
        if index:
            yield field_forbidden(f"{where}.{name}", "may not specify more than 1 handler type")
        else:
            yield from _action(f"{where}.{name}", name, handler[name], grace)


def _action(where: str, name: str, action: Object, grace: int) -> Errors:
    if name == "exec":
        if not action.get("command"):
            yield required(f"{where}.command")
    elif name == "sleep":
        seconds = action.get("seconds", 0)
        if not 0 <= seconds <= grace:
            why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            yield invalid_value(where, seconds, why)
    else:
        yield from _request(where, name, action)


def _request(where: str, name: str, action: Object) -> Errors:
    if name == "httpGet" and not action.get("path"):
        yield required(f"{where}.path")
    yield from _port(f"{where}.port", action.get("port", 0))
    if name == "httpGet":
        yield from one_of(f"{where}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
        for header in action.get("httpHeaders", ()):
            yield from invalid_each(f"{where}.httpHeaders", header.get("name", ""), http_header(header.get("name", "")))


def _port(where: str, port: Any) -> Errors:
    yield from invalid_each(where, port, port_name(port) if isinstance(port, str) else port_number(port))
