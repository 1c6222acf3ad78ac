"""The API server's warnings about valid writes that are probably mistakes.

Mirrors kubernetes pkg/api/pod/warnings.go and pkg/api/service/warnings.go, v1.36, for pull secrets, variables, ports
and addresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import Object, containers_of, pull_secret_names, template_of
from kubesim.api.resources import POD, SERVICE, Resource
from kubesim.api.specs import ContainerSpec, PodSpec
from kubesim.gotext.gofmt import quote

# The most definitions of one port that are compared with each other; a limit of kubesim.
_MOST_COMPARED = 100
# The most letters in all warnings of one write (k8s.io/apiserver pkg/endpoints/filters/warning.go).
_MOST_LETTERS = 4096


def warnings_of(resource: Resource, new: Object, old: Object | None) -> Iterator[str]:
    """The warnings about a write of `new`, up to _MOST_LETTERS; `old` is None for a creation."""
    letters = 0
    for text in _all_warnings(resource, new, old):
        letters += len(text)
        if letters > _MOST_LETTERS:
            return
        yield text


def _all_warnings(resource: Resource, new: Object, old: Object | None) -> Iterator[str]:
    """All warnings about a write, see `warnings_of`."""
    if resource is SERVICE and new["spec"].get("externalIPs"):
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if resource is POD or (resource.template and (old is None or new["spec"] != old["spec"])):
        spec = template_of(resource, new)["spec"]
        path = ".".join((*resource.template, "spec"))
        containers = list(_containers_with_paths(spec, path))
        yield from _of_pull_secrets(spec, path)
        for place, container in containers:
            yield from _of_variables(container, place)
        yield from _of_ports(containers)


def _containers_with_paths(spec: PodSpec, path: str) -> Iterator[tuple[str, ContainerSpec]]:
    """Pairs of a field's path and a container, for all containers, init containers first."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        containers = [container for of_kind, container in containers_of(spec) if of_kind == kind]
        for index, container in enumerate(containers):
            yield f"{path}.{kind}[{index}]", container


def _of_pull_secrets(spec: PodSpec, path: str) -> Iterator[str]:
    """Warnings about duplicate names, then about empty ones."""
    names = pull_secret_names(spec)
    paths = [f"{path}.imagePullSecrets[{index}].name" for index in range(len(names))]
    earlier = set()
    for index, name in enumerate(names):
        if name in earlier:
            yield f"{paths[index]}: duplicate name {quote(name)}"
        earlier.add(name)
    for index, name in enumerate(names):
        if not name:
            yield f'{paths[index]}: invalid empty name ""'


def _of_variables(container: ContainerSpec, path: str) -> Iterator[str]:
    """Warnings about variables that replace an earlier one of the same name without referring to it."""
    earlier = set()
    for index, variable in enumerate(container.get("env", ())):
        name = variable["name"]
        reference = f"$({name})"
        value = variable.get("value", "")
        extends = value != reference and reference in value and "valueFrom" not in variable
        if name in earlier and not extends:
            hidden = f"hides previous definition of {quote(name)}, which may be dropped when using apply"
            yield f"{path}.env[{index}]: {hidden}"
        earlier.add(name)


def _of_ports(containers: list[tuple[str, ContainerSpec]]) -> Iterator[str]:
    """Warnings about ports that are declared twice, in one container or in two."""
    earlier: dict[tuple[int, str], list[tuple[str, Object]]] = {}
    for path, container in containers:
        for index, port in enumerate(container.get("ports", ())):
            place = f"{path}.ports[{index}]"
            others = earlier.setdefault((port["containerPort"], port.get("protocol", "TCP")), [])
            for other_place, other in others:
                if trouble := _overlap(port, other):
                    yield f"{place}: {trouble} port definition with {other_place}"
            if len(others) < _MOST_COMPARED:
                others.append((place, port))


def _overlap(port: Object, other: Object) -> str:
    """The kind of conflict between two definitions of the same port, "" for none."""
    address, other_address = port.get("hostIP", ""), other.get("hostIP", "")
    host_port, other_host_port = port.get("hostPort", 0), other.get("hostPort", 0)
    if address == other_address and host_port == other_host_port:
        return "duplicate"
    if host_port == 0 or other_host_port == 0:
        return "overlapping"
    if host_port == other_host_port and (address == "") != (other_address == ""):
        return "dangerously ambiguous"
    return ""
