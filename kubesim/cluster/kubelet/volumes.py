"""The files that a container finds in its volumes.

Mirrors kubernetes pkg/volume/{secret,configmap,projected,downwardapi}, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, find_named
from kubesim.api.resources import Resource
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.cluster.kubelet.environment import SOURCES, Files, MissingError, amount, data_of, field_value
from kubesim.shell.containerfiles import Folder


def check_volumes(api: Component, pod: Object) -> None:
    """Raise MissingError for the first volume that cannot be mounted."""
    for volume in pod["spec"].get("volumes", ()):
        try:
            _contents(api, pod, volume)
        except MissingError as error:
            raise MissingError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from None


def mounts(api: Component, pod: Object, container: ContainerSpec, images: Mapping[str, Files]) -> dict[str, Files]:
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


def shared(pod: Object, container: ContainerSpec, folders: dict[str, Folder]) -> dict[str, Folder]:
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
    for _, _, name, resource in SOURCES:
        if reference := source.get(name):
            return _keys(api, pod, resource, reference)
    if token := source.get("serviceAccountToken"):
        try:
            return {token["path"]: api.pod_token(pod, token)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    files: Files = {}
    for item in (source.get("downwardAPI") or {}).get("items", ()):
        if "fieldRef" in item:
            files[item["path"]] = field_value(pod, item["fieldRef"]["fieldPath"])
        else:
            files[item["path"]] = amount(api, pod, "", item["resourceFieldRef"])
    return files


def _keys(api: Component, pod: Object, resource: Resource, reference: Object) -> Files:
    data = data_of(api, pod, resource, reference) or {}
    items = reference.get("items")
    if not items:
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not reference.get("optional"):
        word = resource.singular.replace("configmap", "config")
        raise MissingError(f"references non-existent {word} key: {missing[0]}")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}
