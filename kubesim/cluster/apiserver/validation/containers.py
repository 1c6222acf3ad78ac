"""The containers of a Pod: names, images, ports, variables, resources, mounts, probes and hooks.

Mirrors ValidateContainers and what it calls in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kubesim.api import content, quantity
from kubesim.api.content import port_name, port_number
from kubesim.api.errors import duplicate
from kubesim.api.selectors import dns_subdomain, qualified_name
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import internal
from kubesim.cluster.apiserver.validation.volumes import PULL_POLICIES, validate_field_reference

PROTOCOLS = ("SCTP", "TCP", "UDP")
_TERMINATION_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_SECCOMP_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_URI_SCHEMES = ("HTTP", "HTTPS")
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
_VARIABLE_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE_PAGES = re.compile("(limits|requests)\\.hugepages-(2Mi|1Gi)")
_HOOKS = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_ABSENT_IN_EPHEMERAL = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_EPHEMERAL = "cannot be set for an Ephemeral Container"


def validate_containers(spec: Field, mountable: set[str]) -> None:
    """All containers of a Pod spec, which can mount the volumes that are `mountable`."""
    names: set[str] = set()
    spec.needs("containers")
    for container in spec.items("containers"):
        _validate_container(container, mountable)
        _validate_hooks(container)
        container.unique("name", names)
    _validate_host_ports(spec)
    for container in spec.items("initContainers"):
        _validate_container(container, mountable)
        if container.get("restartPolicy") == "Always":
            _validate_hooks(container)
        else:
            _forbid_hooks(container)
        container.unique("name", names)
    targets = frozenset(names)
    for container in spec.items("ephemeralContainers"):
        _validate_container(container, mountable)
        _validate_ephemeral(container, targets)
        container.unique("name", names)


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
    container.enum_optional("restartPolicy", _RESTART_POLICIES)
    _validate_security_context(container.inner("securityContext"))


def _validate_ports(container: Field) -> None:
    names: set[str] = set()
    for port in container.items("ports"):
        port.check_nonempty(port_name, "name")
        port.check_required("containerPort", port_number)
        port.check_nonempty(port_number, "hostPort")
        port.enum("protocol", PROTOCOLS)
        port.unique("name", names)


def _validate_host_ports(spec: Field) -> None:
    """Ports of the node, of which each can be had only once; in its network, they are the containers'."""
    taken: set[str] = set()
    for container in spec.items("containers"):
        for port in container.items("ports"):
            number = port.get("hostPort")
            if not number:
                continue
            host_port = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{number}"
            if host_port in taken:
                port.errors.append(duplicate(port.path_of("hostPort"), host_port))
            if spec.get("hostNetwork") and number != port.get("containerPort"):
                port.invalid("hostPort", "must match `containerPort` when `hostNetwork` is true")
            taken.add(host_port)


def _validate_value_from(source: Field, has_value: bool) -> None:
    kinds = [kind for kind in _VARIABLE_SOURCES if source.has(kind)]
    for kind in kinds:
        if validate := _VARIABLE_SOURCES[kind]:
            validate(source.inner(kind))
    if not kinds:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        source.invalid("", f"must specify one of: {choices}")
    elif has_value:
        source.invalid("", "may not be specified when `value` is not empty")
    elif len(kinds) > 1:
        source.invalid("", "may not have more than one field specified at a time")


def _validate_field(reference: Field) -> None:
    validate_field_reference(reference, _VARIABLE_FIELDS)


def _validate_resource_field(reference: Field) -> None:
    reference.needs("resource")
    resource = reference.get("resource")
    if resource and not _HUGE_PAGES.fullmatch(resource) and resource not in _VARIABLE_RESOURCES:
        reference.unsupported("resource", _VARIABLE_RESOURCES)


def _validate_key_selector(selector: Field) -> None:
    selector.check("name", dns_subdomain)
    selector.check_required("key", content.config_key)


# In the order in which upstream looks for them; None where nothing of the source is checked.
_VARIABLE_SOURCES: Mapping[str, Callable[[Field], None] | None] = {
    "fieldRef": _validate_field,
    "resourceFieldRef": _validate_resource_field,
    "configMapKeyRef": _validate_key_selector,
    "secretKeyRef": _validate_key_selector,
    "fileKeyRef": None,
}


def _validate_env_from(container: Field) -> None:
    for source in container.items("envFrom"):
        source.check_nonempty(content.env_name, "prefix")
        kinds = [kind for kind in ("configMapRef", "secretRef") if source.has(kind)]
        for kind in kinds:
            source.inner(kind).check_required("name", dns_subdomain)
        # Without the index, as upstream has it.
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
        if path := mount.get("subPath"):  # without the mount's index, as upstream has it
            for problem in content.descending_path(path):
                container.invalid("volumeMounts.subPath", problem, value=path)


def _validate_resources(resources: Field) -> None:
    limits = resources.get("limits") or {}
    for kind in ("limits", "requests"):
        for name, amount in sorted((resources.get(kind) or {}).items()):
            for problem in (*qualified_name(name), *content.container_resource(name)):
                resources.invalid(f"{kind}[{name}]", problem, value=name)
            _validate_amount(resources, f"{kind}[{name}]", name, amount)
            if kind == "requests":
                _validate_below_limit(resources, name, amount, limits.get(name))


def _validate_amount(resources: Field, where: str, name: str, amount: str) -> None:
    number = quantity.parse(amount)
    is_extended = "/" in name and not re.match(r"requests\.|.*kubernetes\.io/", name)
    if number < 0:
        resources.invalid(where, "must be greater than or equal to 0", value=amount)
    if number % 1 and (name in content.WHOLE_NUMBERS or is_extended):
        resources.invalid(where, "must be an integer", value=amount)


def _validate_below_limit(resources: Field, name: str, amount: str, limit: str | None) -> None:
    can_be_overcommitted = ("/" not in name or "kubernetes.io/" in name) and not name.startswith("hugepages-")
    if limit is None:
        if not can_be_overcommitted:
            resources.required("limits", "Limit must be set for non overcommitable resources")
    elif not can_be_overcommitted and quantity.parse(amount) != quantity.parse(limit):
        resources.invalid("requests", f"must be equal to {name} limit of {limit}", value=amount)
    elif quantity.parse(amount) > quantity.parse(limit):
        resources.invalid("requests", f"must be less than or equal to {name} limit of {limit}", value=amount)


def _validate_security_context(context: Field) -> None:
    context.check_optional(content.user_id, "runAsUser", "runAsGroup")
    validate_seccomp_profile(context)
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        context.invalid("", why, value=internal("SecurityContext", context.value))


def validate_seccomp_profile(context: Field) -> None:
    """The seccompProfile of a container's or a Pod's security context."""
    if not context.has("seccompProfile"):
        return
    profile = context.inner("seccompProfile")
    if not profile.get("type"):
        profile.required("type", "type is required when seccompProfile is set")
    else:
        profile.enum("type", _SECCOMP_PROFILE_TYPES)
    if profile.get("type") == "Localhost" and not profile.has("localhostProfile"):
        profile.required("localhostProfile", "must be set when seccomp type is Localhost")


def _forbid_hooks(container: Field) -> None:
    for name in _HOOKS:
        if container.has(name):
            container.forbidden(name, "may not be set for init containers without restartPolicy=Always")


def _validate_hooks(container: Field) -> None:
    """What is done to a container while it runs."""
    lifecycle = container.inner("lifecycle")
    for name in ("postStart", "preStop"):
        if lifecycle.has(name):
            _validate_handler(lifecycle.inner(name))
    for name in ("livenessProbe", "startupProbe", "readinessProbe"):
        if container.has(name):
            _validate_probe(container.inner(name))
    readiness = container.inner("readinessProbe")
    if readiness.has("terminationGracePeriodSeconds"):
        readiness.invalid("terminationGracePeriodSeconds", "must not be set for readinessProbes")
    killing = [container.inner(name) for name in ("livenessProbe", "startupProbe")]
    for probe in killing:
        if probe.get("successThreshold", 1) != 1:
            probe.invalid("successThreshold", "must be 1")
    for probe in killing:
        if probe.get("terminationGracePeriodSeconds", 1) < 1:
            probe.invalid("terminationGracePeriodSeconds", "must be greater than 0")


def _validate_probe(probe: Field) -> None:
    _validate_handler(probe)
    probe.non_negative("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def _validate_handler(handler: Field) -> None:
    kinds = [name for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if handler.has(name)]
    if not kinds:
        handler.required("", "must specify a handler type")
        return
    action = handler.inner(kinds[0])
    if kinds[0] == "exec":
        action.needs("command")
    elif kinds[0] == "httpGet":
        action.needs("path")
        validate_port(action, "port")
        if action.get("scheme", "") not in _URI_SCHEMES:
            action.unsupported("scheme", _URI_SCHEMES)
    elif kinds[0] in ("tcpSocket", "grpc"):
        validate_port(action, "port")
    for name in kinds[1:]:
        handler.forbidden(name, "may not specify more than 1 handler type")


def validate_port(holder: Field, name: str) -> None:
    """A port by its number or its name."""
    holder.check(name, port_name if isinstance(holder.get(name), str) else port_number, missing=0)


def _validate_ephemeral(container: Field, targets: frozenset[str]) -> None:
    target = container.get("targetContainerName")
    if target and target not in targets:
        container.not_found("targetContainerName")
    for name in _ABSENT_IN_EPHEMERAL:
        if container.get(name):
            container.forbidden(name, _EPHEMERAL)
    for mount in container.items("volumeMounts"):
        if mount.get("subPath"):
            mount.forbidden("subPath", _EPHEMERAL)
