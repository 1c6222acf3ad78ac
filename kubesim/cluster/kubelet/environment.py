"""What a container gets from the cluster: its variables, the files of its volumes, and its share of the processor.

Mirrors kubernetes pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables) and
pkg/volume/{secret,configmap,projected,downwardapi}, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from kubesim.api import quantity
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Micros
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, at, find_named
from kubesim.api.resources import CONFIG_MAP, NODE, SECRET, SERVICE, Resource
from kubesim.cluster.apiserver import Component
from kubesim.shell.containerfiles import Folder

Files = dict[str, str]

# The field for all keys, the one for a single key, and the volume's.
_SOURCES = (
    ("secretRef", "secretKeyRef", "secret", SECRET),
    ("configMapRef", "configMapKeyRef", "configMap", CONFIG_MAP),
)


_REFERENCE = re.compile(r"\$\$|\$\(([-._A-Za-z0-9]+)\)")
LONGEST_EXPANSION = 1_000_000  # characters
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class MissingError(Exception):
    """A Secret, ConfigMap or key that is not there, or a user that must not be; the text is the kubelet's."""


def variables(api: Component, pod: Object, container: Object) -> dict[str, str]:
    """The variables of a container, in the order in which it finds them. Raises MissingError.

    A `$(NAME)` in a value is one of `env` that stands before it, or one of a Service.
    """
    spec, name = pod["spec"], pod["metadata"]["name"]
    hostname = spec["nodeName"] if spec.get("hostNetwork") else spec.get("hostname") or name
    services = service_variables(api, pod)
    declared: dict[str, str] = {}
    earlier = dict(services)
    for variable in container.get("env", ()):
        value = _value(api, pod, container, variable, earlier)
        if value is not None:
            declared[variable["name"]] = earlier[variable["name"]] = value
    own = {**_from_sources(api, pod, container), **declared}
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME": hostname,
        **own,
        **{name: value for name, value in services.items() if name not in own},
        "HOME": own.get("HOME", "/root"),
    }


def _from_sources(api: Component, pod: Object, container: Object) -> dict[str, str]:
    """The variables of `envFrom`."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        for whole, _, _, resource in _SOURCES:
            data = _data(api, pod, resource, source[whole]) if source.get(whole) else None
            variables |= {source.get("prefix", "") + key: value for key, value in (data or {}).items()}
    return variables


def service_variables(api: Component, pod: Object) -> dict[str, str]:
    """What tells a container where the Services of its namespace are, and the API server.

    Mirrors getServiceEnvVarMap, and pkg/kubelet/envvars/envvars.go; Go's order is a different one each time.
    """
    services = [api.find(SERVICE, "default", "kubernetes")]
    if pod["spec"].get("enableServiceLinks", True):
        services += api.list(SERVICE, pod["metadata"]["namespace"])
    variables: dict[str, str] = {}
    for service in services:
        if service is not None and service["spec"].get("clusterIP") not in (None, "", "None"):
            variables |= _of_service(service)
    return variables


def _of_service(service: Object) -> dict[str, str]:
    name = service["metadata"]["name"].upper().replace("-", "_")
    address, ports = service["spec"]["clusterIP"], service["spec"]["ports"]
    variables = {f"{name}_SERVICE_HOST": address, f"{name}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            variables[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    for number, port in enumerate(ports):
        protocol = port["protocol"]
        link, prefix = f"{protocol.lower()}://{address}:{port['port']}", f"{name}_PORT_{port['port']}_{protocol}"
        if number == 0:
            variables[f"{name}_PORT"] = link
        variables |= {
            prefix: link,
            f"{prefix}_PROTO": protocol.lower(),
            f"{prefix}_PORT": str(port["port"]),
            f"{prefix}_ADDR": address,
        }
    return variables


def check_user(pod: Object, container: Object) -> None:
    """Raise MissingError where a container may not run as root, as every image here does."""
    context = {**pod["spec"].get("securityContext", {}), **container.get("securityContext", {})}
    user, meta = context.get("runAsUser"), pod["metadata"]
    place = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {container["name"]})'
    if context.get("runAsNonRoot") and user == 0:
        raise MissingError(f"container's runAsUser breaks non-root policy {place}")
    if context.get("runAsNonRoot") and user is None:
        raise MissingError(f"container has runAsNonRoot and image will run as root {place}")


def substitute(words: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """The words of a command with each `$(NAME)` of a known variable replaced; `$$` stands for a `$`.

    Raises MissingError where they become longer than LONGEST_EXPANSION.
    """

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    added = sum(len(value(match)) for word in words for match in _REFERENCE.finditer(word))
    if added > LONGEST_EXPANSION:
        raise MissingError("kubesim: $(NAME) would make this longer than a megabyte, the limit of this simulator")
    return [_REFERENCE.sub(value, word) if "$(" in word else word for word in words]


def _value(api: Component, pod: Object, container: Object, variable: Object, earlier: Mapping[str, str]) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return substitute([str(variable.get("value", ""))], earlier)[0]
    for _, single, _, resource in _SOURCES:
        if reference := source.get(single):
            return _one_key(api, pod, resource, reference)
    if reference := source.get("resourceFieldRef"):
        return _amount(api, pod, container, reference)
    return field_value(pod, source.get("fieldRef", {}).get("fieldPath", ""))


def _amount(api: Component, pod: Object, container: Object, reference: Object) -> str:
    """An amount of a container; a limit that it lacks is what the node can give."""
    name = reference.get("containerName") or container["name"]
    source = find_named(pod["spec"]["containers"], name) or container
    node = api.find(NODE, "", pod["spec"].get("nodeName", "")) or {}
    resources = source.get("resources") or {}
    limits = {**node.get("status", {}).get("allocatable", {}), **resources.get("limits", {})}
    return quantity.of_field({**resources, "limits": limits}, reference)


def _one_key(api: Component, pod: Object, resource: Resource, reference: Object) -> str | None:
    data, key = _data(api, pod, resource, reference), reference.get("key", "")
    if data is not None and key not in data and not reference.get("optional"):
        place = f"{pod['metadata']['namespace']}/{reference.get('name', '')}"
        raise MissingError(f"couldn't find key {key} in {resource.kind} {place}")
    return (data or {}).get(key)


def _data(api: Component, pod: Object, resource: Resource, reference: Object) -> Files | None:
    """The data of a Secret or ConfigMap in plain text; None for an optional one that is not there."""
    name = reference.get("secretName") or reference.get("name", "")
    obj = api.find(resource, pod["metadata"]["namespace"], name)
    if obj is None:
        if reference.get("optional"):
            return None
        raise MissingError(f'{resource.singular} "{name}" not found')
    data: Files = obj.get("data") or {}
    if resource is CONFIG_MAP:
        return data
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def field_value(pod: Object, path: str) -> str:
    """What the downward API says of a field of the Pod, such as metadata.namespace."""
    if match := _SUBSCRIPT.fullmatch(path):
        values: Object = at(pod, f"metadata.{match[1]}") or {}
        return str(values.get(match[2], ""))
    value = at(pod, path)
    return "" if value is None else str(value)


def check_volumes(api: Component, pod: Object) -> None:
    """Raise MissingError for the first volume that cannot be mounted."""
    for volume in pod["spec"].get("volumes", ()):
        try:
            _contents(api, pod, volume)
        except MissingError as error:
            raise MissingError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from None


def mounts(api: Component, pod: Object, container: Object, images: Mapping[str, Files]) -> dict[str, Files]:
    """The files of a container's volumes as they are now, by mount path; those of a broken volume are missing.

    A volume that is a folder to write to is left out. A file that is mounted alone has the name "". `images` are the
    files of image volumes by their names.
    """
    mounted: dict[str, Files] = {}
    for mount in container.get("volumeMounts", ()):
        volume = find_named(pod["spec"].get("volumes", ()), mount["name"]) or {}
        if not any(kind in source for source in _sources(volume) for kind in _READ_ONLY):
            continue
        path, part = mount["mountPath"].rstrip("/"), mount.get("subPath")
        try:
            contents = images.get(mount["name"]) or _contents(api, pod, volume)
        except MissingError:
            contents = {}
        if not part:
            mounted[path] = contents
        elif part in contents:
            mounted[path] = {"": contents[part]}
        elif "image" in volume:
            inside = f"{part.strip('/')}/"
            mounted[path] = {name[len(inside) :]: text for name, text in contents.items() if name.startswith(inside)}
    return mounted


def shared(pod: Object, container: Object, folders: dict[str, Folder]) -> dict[str, Folder]:
    """The Pod's emptyDirs that a container mounts as a whole, by mount path; `folders` keeps them by their names."""
    names = [volume["name"] for volume in pod["spec"].get("volumes", ()) if "emptyDir" in volume]
    whole = [
        mount for mount in container.get("volumeMounts", ()) if mount["name"] in names and not mount.get("subPath")
    ]
    return {mount["mountPath"].rstrip("/"): folders.setdefault(mount["name"], Folder()) for mount in whole}


_READ_ONLY = ("secret", "configMap", "serviceAccountToken", "downwardAPI", "image")


def _sources(volume: Object) -> Iterator[Object]:
    """The volume's one source, or those that it projects."""
    yield from volume["projected"].get("sources", ()) if "projected" in volume else (volume,)


def _contents(api: Component, pod: Object, volume: Object) -> Files:
    return dict(item for source in _sources(volume) for item in _source_files(api, pod, source).items())


def _source_files(api: Component, pod: Object, source: Object) -> Files:
    for _, _, name, resource in _SOURCES:
        if reference := source.get(name):
            return _keys(api, pod, resource, reference)
    if token := source.get("serviceAccountToken"):
        try:
            return {token["path"]: api.pod_token(pod, token)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    items = (source.get("downwardAPI") or {}).get("items", ())
    return {item["path"]: field_value(pod, item["fieldRef"]["fieldPath"]) for item in items if "fieldRef" in item}


def _keys(api: Component, pod: Object, resource: Resource, reference: Object) -> Files:
    data = _data(api, pod, resource, reference) or {}
    items = reference.get("items")
    if not items:
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not reference.get("optional"):
        word = resource.singular.replace("configmap", "config")
        raise MissingError(f"references non-existent {word} key: {missing[0]}")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


@dataclass(slots=True)
class Processor:
    """What a node's containers may compute: each a quarter of what is left, which is all again after a minute.

    So a hundred that loop for ever, and are known only as far as was computed, cost little more than a few.
    """

    MOST: ClassVar[int] = 8 * Budget.STEPS
    LEAST: ClassVar[int] = Budget.STEPS // 10
    left: int = MOST
    since: Micros = 0

    @contextmanager
    def share(self, now: Micros) -> Iterator[Budget]:
        """What a process that starts now may compute."""
        if now - self.since >= 60 * SECOND:
            self.left, self.since = self.MOST, now
        budget = Budget(max(self.LEAST, self.left // 4), Budget.BYTES // 4)
        before = budget.steps
        yield budget
        self.left -= before - budget.steps
