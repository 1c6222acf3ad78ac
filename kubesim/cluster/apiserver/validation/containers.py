"""Rules for the containers of a Pod: names, images, ports, variables, resources and mounts.

Mirrors ValidateContainers and the functions that it calls in kubernetes pkg/apis/core/validation/validation.go, v1.36,
for fields that have an effect here. Fields in inert.json aren't validated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kubesim.api import content, quantity
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.volumes import PULL_POLICIES, refuse_resource_field, validate_field_reference

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_TERMINATION_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_VARIABLE_FIELDS = (
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
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_ABSENT_IN_EPHEMERAL = ("ports", "resources", "resizePolicy", "restartPolicy", "lifecycle", *_PROBES)
_ABSENT_MESSAGE = "cannot be set for an Ephemeral Container"


def validate_containers(spec: Field, mountable: set[str]) -> None:
    """Validate all containers of a Pod spec; `mountable` are the names of its valid volumes."""
    names: set[str] = set()
    spec.needs("containers")
    for container in spec.items("containers"):
        _validate_container(container, mountable)
        container.unique_name(names)
        _validate_hooks_and_probes(container)
    for container in spec.items("initContainers"):
        _validate_container(container, mountable)
        container.unique_name(names)
        if container.get("restartPolicy") == "Always":
            _validate_hooks_and_probes(container)
        else:
            _forbid_hooks_and_probes(container)
    targets = frozenset(names)
    for container in spec.items("ephemeralContainers"):
        _validate_container(container, mountable)
        _validate_ephemeral(container, targets)
        container.unique_name(names)


def _validate_container(container: Field, mountable: set[str]) -> None:
    container.check_required("name", content.dns_label)
    container.needs("image")
    container.enum("terminationMessagePolicy", _TERMINATION_MESSAGE_POLICIES)
    _validate_ports(container)
    for variable in container.items("env"):
        variable.check_required("name", content.env_name)
        if variable.has("valueFrom"):
            _validate_value_from(variable.inner("valueFrom"), bool(variable.get("value")))
    _validate_env_from(container)
    _validate_mounts(container, mountable)
    container.enum("imagePullPolicy", PULL_POLICIES)
    _validate_resources(container.inner("resources"))
    for name in ("runAsUser", "runAsGroup"):
        container.inner("securityContext").check_nonempty(name, content.numeric_id)
    container.enum_optional("restartPolicy", _RESTART_POLICIES)


def _validate_ports(container: Field) -> None:
    names: set[str] = set()
    for port in container.items("ports"):
        port.check_nonempty("name", content.port_name)
        port.check_required("containerPort", content.port_number)
        port.check_nonempty("hostPort", content.port_number)
        port.enum("protocol", _PROTOCOLS)
        port.unique_name(names)


def _validate_value_from(source: Field, has_value: bool) -> None:
    """Validate the source of a variable, which must be the only one. `has_value`: the variable has a value, too."""
    kinds = [kind for kind in _VARIABLE_SOURCES if source.has(kind)]
    for kind in kinds:
        _VARIABLE_SOURCES[kind](source.inner(kind))
    if not kinds:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        source.invalid("", f"must specify one of: {choices}")
    elif has_value:
        source.invalid("", "may not be specified when `value` is not empty")
    elif len(kinds) > 1:
        source.invalid("", "may not have more than one field specified at a time")


def _validate_key_selector(selector: Field) -> None:
    selector.check("name", content.dns_subdomain)
    selector.check_required("key", content.config_key)


def _validate_env_from(container: Field) -> None:
    for source in container.items("envFrom"):
        source.check_nonempty("prefix", content.env_name)
        kinds = [kind for kind in ("configMapRef", "secretRef") if source.has(kind)]
        for kind in kinds:
            source.inner(kind).check_required("name", content.dns_subdomain)
        # As in upstream, these paths lack the index.
        if not kinds:
            container.invalid("envFrom", "must specify one of: `configMapRef` or `secretRef`", value="")
        elif len(kinds) > 1:
            container.invalid("envFrom", "may not have more than one field specified at a time", value="")


def _validate_mounts(container: Field, mountable: set[str]) -> None:
    paths: set[str] = set()
    for mount in container.items("volumeMounts"):
        mount.needs("name")
        if mount.get("name", "") not in mountable:
            mount.not_found("name")
        mount.needs("mountPath")
        if mount.get("mountPath", "") in paths:
            mount.invalid("mountPath", "must be unique")
        paths.add(mount.get("mountPath", ""))


def _validate_resources(resources: Field) -> None:
    """Validate requests and limits. A request must not exceed the limit."""
    limits = resources.get("limits") or {}
    for kind in ("limits", "requests"):
        for name, amount in sorted((resources.get(kind) or {}).items()):
            for problem in (*content.qualified_name(name), *content.container_resource(name)):
                resources.invalid(f"{kind}[{name}]", problem, value=name)
            number = quantity.parse(amount)
            if number < 0:
                resources.invalid(f"{kind}[{name}]", "must be greater than or equal to 0", value=amount)
            limit = limits.get(name, amount)
            if kind == "requests" and number > quantity.parse(limit):
                resources.invalid("requests", f"must be less than or equal to {name} limit of {limit}", value=amount)


def _validate_port(holder: Field, name: str) -> None:
    """Validate a field with a port's number or name."""
    check = content.port_name if isinstance(holder.get(name), str) else content.port_number
    holder.check(name, check, missing=0)


def _forbid_hooks_and_probes(container: Field) -> None:
    for name in ("lifecycle", *_PROBES):
        if container.has(name):
            container.forbidden(name, "may not be set for init containers without restartPolicy=Always")


def _validate_hooks_and_probes(container: Field) -> None:
    """Validate the hooks and probes of a container that lasts: a main container or a sidecar."""
    lifecycle = container.inner("lifecycle")
    for name in ("postStart", "preStop"):
        if lifecycle.has(name):
            _validate_handler(lifecycle.inner(name), ("exec", "httpGet", "tcpSocket", "sleep"))
    for name in _PROBES:
        if not container.has(name):
            continue
        probe = container.inner(name)
        _validate_handler(probe, ("exec", "httpGet", "tcpSocket", "grpc"))
        times = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds")
        probe.non_negative(*times, "successThreshold", "failureThreshold")
        if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
            probe.invalid("successThreshold", "must be 1")


def _validate_handler(holder: Field, kinds: Sequence[str]) -> None:
    """Validate the handler of a probe or hook, which must have one of `kinds`. Only the first one is examined."""
    handlers = [kind for kind in kinds if holder.has(kind)]
    first = handlers[0] if handlers else ""
    if not first:
        holder.required("", "must specify a handler type")
    elif first == "exec":
        holder.inner("exec").needs("command")
    elif first != "sleep":
        _validate_port(holder.inner(first), "port")
    if first == "httpGet":
        holder.inner("httpGet").enum("scheme", ("HTTP", "HTTPS"))
    for kind in handlers[1:]:
        holder.forbidden(kind, "may not specify more than 1 handler type")


def _validate_ephemeral(container: Field, targets: frozenset[str]) -> None:
    target = container.get("targetContainerName")
    if target and target not in targets:
        container.not_found("targetContainerName")
    for name in _ABSENT_IN_EPHEMERAL:
        if container.get(name):
            container.forbidden(name, _ABSENT_MESSAGE)
    for mount in container.items("volumeMounts"):
        if mount.get("subPath"):
            mount.forbidden("subPath", _ABSENT_MESSAGE)


# In the order of upstream's checks.
_VARIABLE_SOURCES: Mapping[str, Callable[[Field], None]] = {
    "fieldRef": lambda reference: validate_field_reference(reference, _VARIABLE_FIELDS),
    "resourceFieldRef": lambda _: refuse_resource_field(),
    "configMapKeyRef": _validate_key_selector,
    "secretKeyRef": _validate_key_selector,
    "fileKeyRef": lambda _: None,  # see inert.json
}
