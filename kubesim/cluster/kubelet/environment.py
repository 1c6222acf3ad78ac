"""The environment of a container: literals, and values out of Secrets, ConfigMaps and the Pod itself.

Mirrors kubernetes pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), v1.36.
"""

from __future__ import annotations

import base64
from typing import Any

from kubesim.api import quantity
from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, NODE, SECRET, Resource
from kubesim.cluster.apiserver import APIServer


class ConfigError(Exception):
    """A value that cannot be had; the text is the kubelet's."""


def environment(api: APIServer, pod: Object, container: Object) -> dict[str, str]:
    """The variables of `container`. Raises ConfigError where a Secret, ConfigMap or key is missing."""
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    variables["HOSTNAME"] = pod["spec"].get("hostname") or pod["metadata"]["name"]
    for source in container.get("envFrom", ()):
        variables |= _all_keys(api, pod, source)
    for variable in container.get("env", ()):
        value = _value(api, pod, container, variable)
        if value is not None:
            variables[variable["name"]] = value
    return variables


_SOURCES = (
    ("secretRef", "secretKeyRef", SECRET, "secret"),
    ("configMapRef", "configMapKeyRef", CONFIG_MAP, "configmap"),
)


def _all_keys(api: APIServer, pod: Object, source: Object) -> dict[str, str]:
    for whole, _, resource, word in _SOURCES:
        if reference := source.get(whole):
            data = _data(api, pod, resource, word, reference) or {}
            return {source.get("prefix", "") + key: value for key, value in data.items()}
    return {}


def _value(api: APIServer, pod: Object, container: Object, variable: Object) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return str(variable.get("value", ""))
    for _, single, resource, word in _SOURCES:
        if reference := source.get(single):
            return _one_key(api, pod, resource, word, reference)
    if reference := source.get("resourceFieldRef"):
        return _amount(api, pod, container, reference)
    return field_value(pod, source.get("fieldRef", {}).get("fieldPath", ""))


def _amount(api: APIServer, pod: Object, container: Object, reference: Object) -> str:
    """An amount of a container; a limit that it lacks is what the node can give."""
    name = reference.get("containerName") or container["name"]
    found = next((item for item in pod["spec"]["containers"] if item["name"] == name), container)
    node = api.find(NODE, "", pod["spec"].get("nodeName", "")) or {}
    resources = found.get("resources") or {}
    limits = {**node.get("status", {}).get("allocatable", {}), **resources.get("limits", {})}
    return quantity.of_field({**resources, "limits": limits}, reference)


def _one_key(api: APIServer, pod: Object, resource: Resource, word: str, reference: Object) -> str | None:
    data = _data(api, pod, resource, word, reference)
    if data is None:
        return None
    key = reference.get("key", "")
    if key not in data and not reference.get("optional"):
        namespace = pod["metadata"]["namespace"]
        kind = "Secret" if resource is SECRET else "ConfigMap"
        raise ConfigError(f"couldn't find key {key} in {kind} {namespace}/{reference.get('name', '')}")
    return data.get(key)


def _data(api: APIServer, pod: Object, resource: Resource, word: str, reference: Object) -> dict[str, str] | None:
    found = api.find(resource, pod["metadata"]["namespace"], reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{word} "{reference.get("name", "")}" not found')
    return texts(resource, found)


def texts(resource: Resource, obj: Object) -> dict[str, str]:
    """The data of a Secret or ConfigMap in plain text."""
    data: dict[str, str] = obj.get("data") or {}
    if resource is CONFIG_MAP:
        return data
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def field_value(pod: Object, path: str) -> str:
    """What the downward API says of a field of the Pod, such as metadata.namespace."""
    found: Any = {**pod, "status": {**pod["status"]}}
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return "" if found is None else str(found)
