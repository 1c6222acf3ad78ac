"""The containers of a Pod: names, images, ports, variables, resources, mounts, probes and hooks.

Mirrors ValidateContainers and what it calls in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kubesim.api import content, quantity
from kubesim.api.content import config_key, dns_label, env_name, port_name, port_number
from kubesim.api.objects import Object
from kubesim.api.selectors import dns_subdomain, qualified_name
from kubesim.cluster.apiserver.validation.errors import Errors
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


def validate_containers(errors: Errors, spec: Object, field: str, mountable: set[str]) -> None:
    """All containers of a Pod spec, which can mount the volumes that are `mountable`."""
    containers, init_containers = spec.get("containers") or (), spec.get("initContainers") or ()
    names: set[str] = set()
    if not containers:
        errors.required(f"{field}.containers")
    for index, container in enumerate(containers):
        where = f"{field}.containers[{index}]"
        _validate_container(errors, where, container, mountable)
        _validate_hooks(errors, where, container)
        _check_name(errors, where, container, names)
    _validate_host_ports(errors, f"{field}.containers", containers, bool(spec.get("hostNetwork")))
    for index, container in enumerate(init_containers):
        where = f"{field}.initContainers[{index}]"
        _validate_container(errors, where, container, mountable)
        if container.get("restartPolicy") == "Always":
            _validate_hooks(errors, where, container)
        else:
            _forbid_hooks(errors, where, container)
        _check_name(errors, where, container, names)
    targets = frozenset(names)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        where = f"{field}.ephemeralContainers[{index}]"
        _validate_container(errors, where, container, mountable)
        _validate_ephemeral(errors, where, container, targets)
        _check_name(errors, where, container, names)


def _check_name(errors: Errors, field: str, container: Object, names: set[str]) -> None:
    """A name that no other container of the Pod has; `names` are those of the ones before."""
    name = container.get("name")
    if name in names:
        errors.duplicate(f"{field}.name", name)
    if name:
        names.add(name)


def _validate_container(errors: Errors, field: str, container: Object, mountable: set[str]) -> None:
    errors.check_required(f"{field}.name", container.get("name"), dns_label)
    if not container.get("image"):
        errors.required(f"{field}.image")
    policy = container.get("terminationMessagePolicy")
    errors.enum(f"{field}.terminationMessagePolicy", policy, _TERMINATION_MESSAGE_POLICIES)
    _validate_ports(errors, f"{field}.ports", container.get("ports") or ())
    for index, variable in enumerate(container.get("env") or ()):
        _validate_variable(errors, f"{field}.env[{index}]", variable)
    _validate_env_from(errors, f"{field}.envFrom", container.get("envFrom") or ())
    _validate_mounts(errors, field, container, mountable)
    errors.enum(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    if "resources" in container:
        _validate_resources(errors, f"{field}.resources", container["resources"])
    errors.enum_optional(f"{field}.restartPolicy", container.get("restartPolicy"), _RESTART_POLICIES)
    if "securityContext" in container:
        _validate_security_context(errors, f"{field}.securityContext", container["securityContext"])


def _validate_ports(errors: Errors, field: str, ports: Sequence[Object]) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        where, name = f"{field}[{index}]", port.get("name")
        if name:
            errors.check(f"{where}.name", name, port_name)
        errors.check_required(f"{where}.containerPort", port.get("containerPort"), port_number)
        if port.get("hostPort"):
            errors.check(f"{where}.hostPort", port["hostPort"], port_number)
        errors.enum(f"{where}.protocol", port.get("protocol"), PROTOCOLS)
        if name in names:
            errors.duplicate(f"{where}.name", name)
        if name:
            names.add(name)


def _validate_host_ports(errors: Errors, field: str, containers: Sequence[Object], on_host: bool) -> None:
    """Ports of the node, of which each can be had only once; in its network, they are the containers'."""
    taken: set[str] = set()
    for at, container in enumerate(containers):
        for index, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if not number:
                continue
            where = f"{field}[{at}].ports[{index}].hostPort"
            host_port = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{number}"
            if host_port in taken:
                errors.duplicate(where, host_port)
            if on_host and number != port.get("containerPort"):
                errors.invalid(where, number, "must match `containerPort` when `hostNetwork` is true")
            taken.add(host_port)


def _validate_variable(errors: Errors, field: str, variable: Object) -> None:
    errors.check_required(f"{field}.name", variable.get("name"), env_name)
    source = variable.get("valueFrom")
    if source is None:
        return
    field = f"{field}.valueFrom"
    kinds = [kind for kind in _VARIABLE_SOURCES if kind in source]
    for kind in kinds:
        if validate := _VARIABLE_SOURCES[kind]:
            validate(errors, f"{field}.{kind}", source[kind])
    if not kinds:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.invalid(field, "", f"must specify one of: {choices}")
    elif variable.get("value"):
        errors.invalid(field, "", "may not be specified when `value` is not empty")
    elif len(kinds) > 1:
        errors.invalid(field, "", "may not have more than one field specified at a time")


def _validate_field(errors: Errors, field: str, reference: Object) -> None:
    validate_field_reference(errors, field, reference, _VARIABLE_FIELDS)


def _validate_resource_field(errors: Errors, field: str, reference: Object) -> None:
    resource = reference.get("resource")
    if not resource:
        errors.required(f"{field}.resource")
    elif not _HUGE_PAGES.fullmatch(resource) and resource not in _VARIABLE_RESOURCES:
        errors.unsupported(f"{field}.resource", resource, _VARIABLE_RESOURCES)


def _validate_key_selector(errors: Errors, field: str, selector: Object) -> None:
    errors.check(f"{field}.name", selector.get("name", ""), dns_subdomain)
    errors.check_required(f"{field}.key", selector.get("key"), config_key)


# In the order in which upstream looks for them; None where nothing of the source is checked.
_VARIABLE_SOURCES: Mapping[str, Callable[[Errors, str, Object], None] | None] = {
    "fieldRef": _validate_field,
    "resourceFieldRef": _validate_resource_field,
    "configMapKeyRef": _validate_key_selector,
    "secretKeyRef": _validate_key_selector,
    "fileKeyRef": None,
}


def _validate_env_from(errors: Errors, field: str, sources: Sequence[Object]) -> None:
    for index, source in enumerate(sources):
        if source.get("prefix"):
            errors.check(f"{field}[{index}].prefix", source["prefix"], env_name)
        kinds = [kind for kind in ("configMapRef", "secretRef") if kind in source]
        for kind in kinds:
            errors.check_required(f"{field}[{index}].{kind}.name", source[kind].get("name"), dns_subdomain)
        # Without the index, as upstream has it.
        if not kinds:
            errors.invalid(field, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(kinds) > 1:
            errors.invalid(field, "", "may not have more than one field specified at a time")


def _validate_mounts(errors: Errors, field: str, container: Object, mountable: set[str]) -> None:
    paths: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        where, name, path = f"{field}.volumeMounts[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.required(f"{where}.name")
        if name not in mountable:
            errors.not_found(f"{where}.name", name)
        if not path:
            errors.required(f"{where}.mountPath")
        if path in paths:
            errors.invalid(f"{where}.mountPath", path, "must be unique")
        paths.add(path)
        if mount.get("subPath"):  # without the index, as upstream has it
            errors.check(f"{field}.volumeMounts.subPath", mount["subPath"], content.descending_path)


def _validate_resources(errors: Errors, field: str, resources: Object) -> None:
    limits = resources.get("limits") or {}
    for kind in ("limits", "requests"):
        for name, amount in sorted((resources.get(kind) or {}).items()):
            where = f"{field}.{kind}[{name}]"
            errors.check(where, name, qualified_name)
            errors.check(where, name, content.container_resource)
            _validate_amount(errors, where, name, amount)
            if kind == "requests":
                _validate_below_limit(errors, field, name, amount, limits.get(name))


def _validate_amount(errors: Errors, field: str, name: str, amount: str) -> None:
    number = quantity.parse(amount)
    is_extended = "/" in name and not re.match(r"requests\.|.*kubernetes\.io/", name)
    if number < 0:
        errors.invalid(field, amount, "must be greater than or equal to 0")
    if number % 1 and (name in content.WHOLE_NUMBERS or is_extended):
        errors.invalid(field, amount, "must be an integer")


def _validate_below_limit(errors: Errors, field: str, name: str, amount: str, limit: str | None) -> None:
    can_be_overcommitted = ("/" not in name or "kubernetes.io/" in name) and not name.startswith("hugepages-")
    if limit is None:
        if not can_be_overcommitted:
            errors.required(f"{field}.limits", "Limit must be set for non overcommitable resources")
    elif not can_be_overcommitted and quantity.parse(amount) != quantity.parse(limit):
        errors.invalid(f"{field}.requests", amount, f"must be equal to {name} limit of {limit}")
    elif quantity.parse(amount) > quantity.parse(limit):
        errors.invalid(f"{field}.requests", amount, f"must be less than or equal to {name} limit of {limit}")


def _validate_security_context(errors: Errors, field: str, context: Object) -> None:
    for name in ("runAsUser", "runAsGroup"):
        errors.check_optional(f"{field}.{name}", context.get(name), content.user_id)
    validate_seccomp_profile(errors, f"{field}.seccompProfile", context.get("seccompProfile"))
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.invalid(field, internal("SecurityContext", context), why)


def validate_seccomp_profile(errors: Errors, field: str, profile: Object | None) -> None:
    if profile is None:
        return
    if not profile.get("type"):
        errors.required(f"{field}.type", "type is required when seccompProfile is set")
    elif profile["type"] not in _SECCOMP_PROFILE_TYPES:
        errors.unsupported(f"{field}.type", profile["type"], _SECCOMP_PROFILE_TYPES)
    elif profile["type"] == "Localhost" and profile.get("localhostProfile") is None:
        errors.required(f"{field}.localhostProfile", "must be set when seccomp type is Localhost")


def _forbid_hooks(errors: Errors, field: str, container: Object) -> None:
    for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            errors.forbidden(f"{field}.{name}", "may not be set for init containers without restartPolicy=Always")


def _validate_hooks(errors: Errors, field: str, container: Object) -> None:
    """What is done to a container while it runs."""
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        if name in lifecycle:
            _validate_handler(errors, f"{field}.lifecycle.{name}", lifecycle[name])
    for name in ("livenessProbe", "startupProbe", "readinessProbe"):
        if name in container:
            _validate_probe(errors, f"{field}.{name}", container[name])
    if "terminationGracePeriodSeconds" in container.get("readinessProbe", ()):
        where, seconds = f"{field}.readinessProbe", container["readinessProbe"]["terminationGracePeriodSeconds"]
        errors.invalid(f"{where}.terminationGracePeriodSeconds", seconds, "must not be set for readinessProbes")
    killing = [name for name in ("livenessProbe", "startupProbe") if name in container]
    for name in killing:
        if container[name].get("successThreshold") not in (None, 1):
            errors.invalid(f"{field}.{name}.successThreshold", container[name]["successThreshold"], "must be 1")
    for name in killing:
        seconds = container[name].get("terminationGracePeriodSeconds")
        if seconds is not None and seconds < 1:
            errors.invalid(f"{field}.{name}.terminationGracePeriodSeconds", seconds, "must be greater than 0")


def _validate_probe(errors: Errors, field: str, probe: Object) -> None:
    _validate_handler(errors, field, probe)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        errors.non_negative(f"{field}.{name}", probe.get(name))


def _validate_handler(errors: Errors, field: str, handler: Object) -> None:
    actions = [name for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if handler.get(name) is not None]
    if not actions:
        errors.required(field, "must specify a handler type")
        return
    where, action = f"{field}.{actions[0]}", handler[actions[0]]
    if actions[0] == "exec":
        if not action.get("command"):
            errors.required(f"{where}.command")
    elif actions[0] == "httpGet":
        if not action.get("path"):
            errors.required(f"{where}.path")
        validate_port(errors, f"{where}.port", action.get("port", 0))
        if action.get("scheme", "") not in _URI_SCHEMES:
            errors.unsupported(f"{where}.scheme", action.get("scheme", ""), _URI_SCHEMES)
    elif actions[0] in ("tcpSocket", "grpc"):
        validate_port(errors, f"{where}.port", action.get("port", 0))
    for name in actions[1:]:
        errors.forbidden(f"{field}.{name}", "may not specify more than 1 handler type")


def validate_port(errors: Errors, field: str, port: int | str) -> None:
    """A number or a name."""
    errors.check(field, port, port_name if isinstance(port, str) else port_number)


def _validate_ephemeral(errors: Errors, field: str, container: Object, targets: frozenset[str]) -> None:
    target = container.get("targetContainerName")
    if target and target not in targets:
        errors.not_found(f"{field}.targetContainerName", target)
    for name in _ABSENT_IN_EPHEMERAL:
        if container.get(name):
            errors.forbidden(f"{field}.{name}", _EPHEMERAL)
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("subPath"):
            errors.forbidden(f"{field}.volumeMounts[{index}].subPath", _EPHEMERAL)
