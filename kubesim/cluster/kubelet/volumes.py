"""The volumes of a Pod: what a container finds in them, and what keeps one from being mounted.

Mirrors kubernetes pkg/volume/{secret,configmap,projected,downwardapi}, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import Object, find_named
from kubesim.api.resources import CONFIG_MAP, SECRET, Resource
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.kubelet.environment import field_value, texts

Files = dict[str, str]

TOKEN = "kubesim issues no tokens\n"


class MountError(Exception):
    """A volume that cannot be mounted; the text is the kubelet's."""


def check_volumes(api: APIServer, pod: Object) -> None:
    """Raise MountError for the first volume that cannot be mounted."""
    for volume in pod["spec"].get("volumes", ()):
        _contents(api, pod, volume)


def mounted_files(api: APIServer, pod: Object, container: Object) -> Files:
    """The files of a container's volumes as they are now, by absolute path; those of a broken volume are missing."""
    files: Files = {}
    for mount in container.get("volumeMounts", ()):
        volume = find_named(pod["spec"].get("volumes", ()), mount["name"])
        if volume is not None:
            files |= _mounted(mount, _readable(api, pod, volume))
    return files


def _mounted(mount: Object, contents: Files) -> Files:
    path, part = mount["mountPath"].rstrip("/"), mount.get("subPath")
    if part:
        return {path: contents[part]} if part in contents else {}
    return {f"{path}/{name}": text for name, text in contents.items()}


def _readable(api: APIServer, pod: Object, volume: Object) -> Files:
    try:
        return _contents(api, pod, volume)
    except MountError:
        return {}


def _contents(api: APIServer, pod: Object, volume: Object) -> Files:
    files: Files = {}
    try:
        for source in _sources(volume):
            files |= _source_files(api, pod, source)
    except LookupError as error:
        raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error.args[0]}') from None
    return files


def _sources(volume: Object) -> Iterator[Object]:
    """The volume's one source, or those that it projects."""
    yield from volume["projected"].get("sources", ()) if "projected" in volume else (volume,)


def _source_files(api: APIServer, pod: Object, source: Object) -> Files:
    """The files of one source. Raises LookupError with the kubelet's words where something is missing."""
    if secret := source.get("secret"):
        return _keys(api, pod, SECRET, secret, secret.get("secretName") or secret.get("name", ""))
    if config_map := source.get("configMap"):
        return _keys(api, pod, CONFIG_MAP, config_map, config_map.get("name", ""))
    if token := source.get("serviceAccountToken"):
        return {token["path"]: TOKEN}
    items = (source.get("downwardAPI") or {}).get("items", ())
    return {item["path"]: field_value(pod, item["fieldRef"]["fieldPath"]) for item in items if "fieldRef" in item}


def _keys(api: APIServer, pod: Object, resource: Resource, source: Object, name: str) -> Files:
    found = api.find(resource, pod["metadata"]["namespace"], name)
    if found is None:
        if source.get("optional"):
            return {}
        raise LookupError(f'{resource.singular} "{name}" not found')
    data = texts(resource, found)
    items = source.get("items")
    if not items:
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not source.get("optional"):
        raise LookupError(
            f"references non-existent {resource.singular.replace('configmap', 'config')} key: {missing[0]}"
        )
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}
