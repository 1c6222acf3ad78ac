"""The environment variables of a container, and the data for them and for volumes: Secrets, ConfigMaps, downward API.

Mirrors kubernetes pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), v1.36, without the variables of Services
other than the API server's.
"""

from __future__ import annotations

import base64
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.api.objects import Object, at, metadata, name_of, namespace_of
from kubesim.api.resources import CONFIG_MAP, SECRET, SERVICE, Resource
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.gotext.gofmt import quote

# The data of a Secret or ConfigMap, decoded, by key.
Files = dict[str, str]
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
LONGEST_EXPANSION = 1_000_000  # characters of all words of a command together
# A field path of one label or annotation.
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class DataSource(NamedTuple):
    """A type of object with data for Pods, and the fields of a Pod that refer to it."""

    env_from: str  # the field of envFrom, for all keys
    env_key: str  # the field of valueFrom, for one key
    volume: str  # the field of a volume or of a projected source
    resource: Resource
    noun: str  # the word in the error about a missing key of a volume


SOURCES = (
    DataSource(env_from="secretRef", env_key="secretKeyRef", volume="secret", resource=SECRET, noun="secret"),
    DataSource(
        env_from="configMapRef", env_key="configMapKeyRef", volume="configMap", resource=CONFIG_MAP, noun="config"
    ),
)


class MissingError(Exception):
    """A container can't be created, or a volume can't be mounted.

    A Secret, ConfigMap or key is missing, or the user must not be root. The message is the kubelet's, or begins with
    "kubesim:".
    """


class PodData(NamedTuple):
    """The data of the cluster for the variables and volumes of a Pod, read at each call."""

    api: Component
    pod: Object

    def data_of(self, resource: Resource, reference: Object) -> Files | None:
        """The decoded data of a Secret or ConfigMap; None for a missing one that is optional.

        Raises MissingError. Don't change the result: a ConfigMap's is the stored dict.
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

    def value_of_key(self, resource: Resource, reference: Object) -> str | None:
        """The value of a key of a Secret or ConfigMap; None for a missing one that is optional. Raises MissingError."""
        data = self.data_of(resource, reference)
        if data is None:
            return None
        key = reference.get("key", "")
        if key not in data and not reference.get("optional"):
            place = f"{namespace_of(self.pod)}/{reference.get('name', '')}"
            raise MissingError(f"couldn't find key {key} in {resource.kind} {place}")
        return data.get(key)

    def pod_field(self, path: str) -> str:
        """The downward API's text for a field of the Pod, such as metadata.namespace. Mirrors pkg/fieldpath."""
        if match := _SUBSCRIPT.fullmatch(path):
            values: Object = at(self.pod, f"metadata.{match[1]}") or {}
            return str(values.get(match[2], ""))
        value = at(self.pod, path)
        if path == "metadata.annotations":  # the kubelet adds two annotations of its own
            seen = metadata(self.pod)["creationTimestamp"]
            value = {**(value or {}), "kubernetes.io/config.seen": seen, "kubernetes.io/config.source": "api"}
        if isinstance(value, dict):  # metadata.labels or metadata.annotations, which only volumes may use
            return "\n".join(f"{key}={quote(value[key])}" for key in sorted(value))
        if isinstance(value, list):  # status.podIPs or status.hostIPs
            return ",".join(item["ip"] for item in value)
        return "" if value is None else str(value)


def variables(data: PodData, container: ContainerSpec, home: str) -> dict[str, str]:
    """The environment variables of a container, in the order that `env` prints. Raises MissingError.

    `home` is the home folder of its user. `$(NAME)` in a value refers to an earlier variable of `env`, or to one of the
    API server.
    """
    declared: dict[str, str] = {}
    of_api_server = _of_api_server(data)
    earlier = ChainMap(declared, of_api_server)
    for variable in container.get("env", ()):
        value = _value(data, variable, earlier)
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
    """The variables with the address of the API server; {} without its Service. Mirrors pkg/kubelet/envvars/envvars.go.

    Their order is fixed here; in Go it is that of a map, and random.
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
    """The variables of `envFrom`. Raises MissingError."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        prefix = source.get("prefix", "")
        for kind in SOURCES:
            if reference := source.get(kind.env_from):
                values = data.data_of(kind.resource, reference) or {}
                variables |= {prefix + key: value for key, value in values.items()}
    return variables


def _value(data: PodData, variable: Object, earlier: Mapping[str, str]) -> str | None:
    """The value of one variable of `env`; None for a missing one that is optional. Raises MissingError."""
    source = variable.get("valueFrom")
    if not source:
        return substitute([str(variable.get("value", ""))], earlier)[0]
    for kind in SOURCES:
        if reference := source.get(kind.env_key):
            return data.value_of_key(kind.resource, reference)
    reference = source.get("fieldRef")
    return data.pod_field(reference["fieldPath"]) if reference else ""


def substitute(words: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """Replace `$(NAME)` of known variables in the words of a command, and `$$` by `$`. Unknown names stay.

    Mirrors third_party/forked/golang/expansion. Raises MissingError for a result longer than LONGEST_EXPANSION, before
    the text is built.
    """

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    replaced: list[str] = []
    left = LONGEST_EXPANSION
    for word in words:
        end = word.rfind(")") + 1  # without a ")" to come, the expression would scan the rest once for each "$("
        left -= sum(len(value(match)) for match in _REFERENCE.finditer(word, 0, end))
        if left < 0:
            raise MissingError("kubesim: $(NAME) would make this longer than a megabyte, the limit of this simulator")
        replaced.append(_REFERENCE.sub(value, word[:end]) + word[end:].replace("$$", "$"))
    return replaced
