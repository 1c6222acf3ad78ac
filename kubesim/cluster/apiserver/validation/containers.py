"""Containers: names, images, ports, environment, resources, probes.

Mirrors validateContainers, validateInitContainers and what they call in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from kubesim.api import quantity
from kubesim.api.errors import duplicate, field_forbidden, invalid_value, required
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.common import (
    Errors,
    Rule,
    anything,
    checked,
    each,
    given,
    invalid_each,
    needed,
    non_negative,
    one_kind,
    one_of,
    optional,
    struct,
    valid,
)
from kubesim.cluster.apiserver.validation.names import (
    config_key,
    dns_label,
    dns_subdomain,
    env_name,
    http_header,
    in_range,
    port_name,
    port_number,
    qualified_name,
)
from kubesim.cluster.apiserver.validation.volumes import mounts

restart_policy = one_of("Always", "OnFailure", "Never")
protocol = one_of("SCTP", "TCP", "UDP")


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
        yield from optional(restart_policy)(f"{where}.restartPolicy", container.get("restartPolicy"))
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
    rules = struct(
        name=needed(dns_label),
        image=given,
        terminationMessagePolicy=one_of("File", "FallbackToLogsOnError"),
        ports=_ports,
        env=each(_variable),
        envFrom=_env_from,
        volumeMounts=partial(mounts, names=volumes),
        imagePullPolicy=one_of("Always", "IfNotPresent", "Never"),
        resources=optional(_resources),
        securityContext=optional(_security_context),
    )
    return rules(where, container)


def _ports(field: str, ports: Sequence[Object] | None) -> Errors:
    names: set[str] = set()
    for index, port in enumerate(ports or ()):
        where, name = f"{field}[{index}]", port.get("name")
        problems = list(checked(port_name)(f"{where}.name", name))
        yield from problems
        if name in names:
            yield duplicate(f"{where}.name", name)
        if name and not problems:
            names.add(name)
        yield from _port_numbers(where, port)


_port_numbers = struct(containerPort=needed(port_number), hostPort=checked(port_number), protocol=protocol)


def _host_ports(field: str, found: Iterable[Object]) -> Errors:
    seen: set[str] = set()
    for index, container in enumerate(found):
        for number, port in enumerate(container.get("ports", ())):
            if host := port.get("hostPort"):
                key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{host}"
                if key in seen:
                    yield duplicate(f"{field}[{index}].ports[{number}].hostPort", key)
                seen.add(key)


def _variable(where: str, variable: Object) -> Errors:
    yield from needed(env_name)(f"{where}.name", variable.get("name"))
    if "valueFrom" in variable:
        yield from _value_from(f"{where}.valueFrom", variable["valueFrom"], variable.get("value", ""))


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
        yield from _ENV_SOURCES[name](f"{where}.{name}", source[name])
    if not found:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        yield invalid_value(where, "", f"must specify one of: {choices}")
    elif value:
        yield invalid_value(where, "", "may not be specified when `value` is not empty")
    elif len(found) > 1:
        yield invalid_value(where, "", "may not have more than one field specified at a time")


def _field_reference(where: str, source: Object) -> Errors:
    path = source.get("fieldPath", "")
    base, bracket, key = path.partition("['")
    if not path:
        yield required(f"{where}.fieldPath")
    elif bracket and base in ("metadata.labels", "metadata.annotations"):
        yield from invalid_each(where, key.removesuffix("']"), qualified_name(key.removesuffix("']")))
    elif path not in _POD_FIELDS:
        why = f"error converting fieldPath: field label not supported: {path}"
        yield invalid_value(f"{where}.fieldPath", path, why)


_key = struct(name=valid(dns_subdomain), key=needed(config_key))
_ENV_SOURCES: dict[str, Rule] = {
    "fieldRef": _field_reference,
    "resourceFieldRef": struct(resource=one_of(*_RESOURCE_FIELDS)),
    "configMapKeyRef": _key,
    "secretKeyRef": _key,
    "fileKeyRef": anything,
}


def _env_from(field: str, sources: Sequence[Object] | None) -> Errors:
    for index, source in enumerate(sources or ()):
        where = f"{field}[{index}]"
        yield from checked(env_name)(f"{where}.prefix", source.get("prefix"))
        found = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in found:
            yield from needed(dns_subdomain)(f"{where}.{name}.name", source[name].get("name"))
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


user_id = optional(valid(partial(in_range, low=0, high=2**32 - 1)))
ids = struct(fsGroup=user_id, runAsUser=user_id, runAsGroup=user_id)
"""User and group ids of a security context."""

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PERIODS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_periods = struct(**dict.fromkeys(_PERIODS, non_negative))


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
    yield from _periods(where, probe)
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
    return one_kind("handler", _ACTIONS | {"sleep": partial(_sleep, grace=grace)})(where, handler)


def _sleep(where: str, action: Object, grace: int) -> Errors:
    seconds = action.get("seconds", 0)
    if not 0 <= seconds <= grace:
        why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        yield invalid_value(where, seconds, why)


def port_name_or_number(where: str, port: Any) -> Errors:
    """A port by its name or its number."""
    return valid(port_name if isinstance(port, str) else port_number)(where, port or 0)


def _headers(where: str, headers: Sequence[Object] | None) -> Errors:
    for header in headers or ():
        yield from valid(http_header)(where, header.get("name"))


_ACTIONS: dict[str, Rule] = {
    "exec": struct(command=given),
    "httpGet": struct(path=given, port=port_name_or_number, scheme=one_of("HTTP", "HTTPS"), httpHeaders=_headers),
    "tcpSocket": struct(port=port_name_or_number),
    "grpc": struct(port=port_name_or_number),
}
