"""The variables of a container, and what else is read from the cluster before it starts.

Mirrors kubernetes pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), v1.36.
"""

from __future__ import annotations

import base64
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.api import quantity
from kubesim.api.objects import Object, at, containers_of, find_named, metadata, name_of, namespace_of
from kubesim.api.resources import CONFIG_MAP, NODE, SECRET, SERVICE, Resource
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.gotext.gofmt import quote

Files = dict[str, str]


class DataSource(NamedTuple):
    """By which fields of a Pod a type of object gives it data."""

    env_from: str  # of envFrom, for all keys
    env_key: str  # of valueFrom, for one key
    volume: str  # of a volume, or of a source that it projects
    resource: Resource
    noun: str  # the object, where a volume lacks a key of it


SOURCES = (
    DataSource("secretRef", "secretKeyRef", "secret", SECRET, "secret"),
    DataSource("configMapRef", "configMapKeyRef", "configMap", CONFIG_MAP, "config"),
)

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
LONGEST_EXPANSION = 1_000_000  # characters
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class MissingError(Exception):
    """Why a container can't be created: a Secret, ConfigMap or key is not there, or its user must not be root.

    The text is the kubelet's.
    """


class PodData(NamedTuple):
    """What the cluster has for the variables and volumes of a Pod."""

    api: Component
    pod: Object

    def of(self, resource: Resource, reference: Object) -> Files | None:
        """The data of a Secret or ConfigMap in plain text; None for an optional one that is not there.

        Raises MissingError.
        """
        name = reference.get("secretName") or reference.get("name", "")
        obj = self.api.find(resource, namespace_of(self.pod), name)
        if obj is None:
            if reference.get("optional"):
                return None
            raise MissingError(f'{resource.singular} "{name}" not found')
        data: Files = obj.get("data") or {}
        if resource is CONFIG_MAP:
            return data
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    def key(self, resource: Resource, reference: Object) -> str | None:
        """One key of these data; None for an optional one that is not there. Raises MissingError."""
        data = self.of(resource, reference)
        if data is None:
            return None
        key = reference.get("key", "")
        if key not in data and not reference.get("optional"):
            place = f"{namespace_of(self.pod)}/{reference.get('name', '')}"
            raise MissingError(f"couldn't find key {key} in {resource.kind} {place}")
        return data.get(key)

    def amount(self, reference: Object, own_name: str = "") -> str:
        """An amount of the container that a resourceFieldRef names, or else of its own one, which a volume has none of.

        A limit that the container lacks is what the node can give.
        """
        containers = [container for _, container in containers_of(self.pod["spec"])]
        resources = at(find_named(containers, reference.get("containerName") or own_name), "resources") or {}
        node = self.api.find(NODE, "", self.pod["spec"].get("nodeName", ""))
        limits = {**(at(node, "status.allocatable") or {}), **resources.get("limits", {})}
        return quantity.of_field({**resources, "limits": limits}, reference)

    def field(self, path: str) -> str:
        """What the downward API says of a field of the Pod, such as metadata.namespace. Mirrors pkg/fieldpath."""
        if match := _SUBSCRIPT.fullmatch(path):
            values: Object = at(self.pod, f"metadata.{match[1]}") or {}
            return str(values.get(match[2], ""))
        value = at(self.pod, path)
        if path == "metadata.annotations":  # the kubelet adds where it has the Pod from, and since when
            seen = metadata(self.pod)["creationTimestamp"]
            value = {**(value or {}), "kubernetes.io/config.seen": seen, "kubernetes.io/config.source": "api"}
        if isinstance(value, dict):  # of metadata.labels or metadata.annotations, which only volumes may show
            return "\n".join(f"{key}={quote(value[key])}" for key in sorted(value))
        if isinstance(value, list):  # of addresses
            return ",".join(item["ip"] for item in value)
        return "" if value is None else str(value)


def variables(data: PodData, container: ContainerSpec, home: str) -> dict[str, str]:
    """The variables of a container, in the order in which it finds them. Raises MissingError.

    `home` is its user's folder. A `$(NAME)` in a value is one of `env` that stands before it, or of the API server.
    """
    declared: dict[str, str] = {}
    of_api_server = _of_api_server(data)
    earlier = ChainMap(declared, of_api_server)
    for variable in container.get("env", ()):
        value = _value(data, container, variable, earlier)
        if value is not None:
            declared[variable["name"]] = value
    own = {**_from_sources(data, container), **declared}
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME": _hostname(data.pod),
        **own,
        **{name: value for name, value in of_api_server.items() if name not in own},
        "HOME": own.get("HOME", home),
    }


def _of_api_server(data: PodData) -> dict[str, str]:
    """The variables that say where the API server is; Go's order is a different one each time.

    Mirrors pkg/kubelet/envvars/envvars.go.
    """
    service = data.api.find(SERVICE, "default", "kubernetes")
    if service is None:
        return {}
    address = service["spec"]["clusterIP"]
    port = str(service["spec"]["ports"][0]["port"])
    link = f"KUBERNETES_PORT_{port}_TCP"
    return {
        "KUBERNETES_SERVICE_HOST": address,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
        "KUBERNETES_PORT": f"tcp://{address}:{port}",
        link: f"tcp://{address}:{port}",
        f"{link}_PROTO": "tcp",
        f"{link}_PORT": port,
        f"{link}_ADDR": address,
    }


def _hostname(pod: Object) -> str:
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return str(spec["nodeName"])
    return str(spec.get("hostname") or name_of(pod))


def _from_sources(data: PodData, container: ContainerSpec) -> dict[str, str]:
    """The variables of `envFrom`."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        prefix = source.get("prefix", "")
        for kind in SOURCES:
            if reference := source.get(kind.env_from):
                values = data.of(kind.resource, reference) or {}
                variables |= {prefix + key: value for key, value in values.items()}
    return variables


def _value(data: PodData, container: ContainerSpec, variable: Object, earlier: Mapping[str, str]) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return substitute([str(variable.get("value", ""))], earlier)[0]
    for kind in SOURCES:
        if reference := source.get(kind.env_key):
            return data.key(kind.resource, reference)
    if reference := source.get("resourceFieldRef"):
        return data.amount(reference, container["name"])
    reference = source.get("fieldRef")
    return data.field(reference["fieldPath"]) if reference else ""


def substitute(words: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """The words of a command with each `$(NAME)` of a known variable replaced; `$$` stands for a `$`.

    Mirrors third_party/forked/golang/expansion. Raises MissingError where they become longer than LONGEST_EXPANSION.
    """

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    replaced: list[str] = []
    left = LONGEST_EXPANSION
    for word in words:
        end = word.rfind(")") + 1  # behind it no reference ends
        left -= sum(len(value(match)) for match in _REFERENCE.finditer(word, 0, end))
        if left < 0:
            raise MissingError("kubesim: $(NAME) would make this longer than a megabyte, the limit of this simulator")
        replaced.append(_REFERENCE.sub(value, word[:end]) + word[end:].replace("$$", "$"))
    return replaced
