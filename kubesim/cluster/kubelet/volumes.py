"""The files that a container finds in its volumes.

Mirrors kubernetes pkg/volume/{secret,configmap,projected,downwardapi}, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, find_named
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.cluster.kubelet.environment import SOURCES, DataSource, Files, MissingError, amount, data_of, field_value
from kubesim.shell.containerfiles import Folder

_WITH_FILES = frozenset({"secret", "configMap", "serviceAccountToken", "downwardAPI", "image"})
"""The sources of volumes that bring files, which containers can't write to."""


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
        if not _brings_files(volume):
            continue
        path = mount["mountPath"].rstrip("/")
        part = mount.get("subPath")
        contents = images.get(mount["name"]) or _contents_if_there(api, pod, volume)
        if not part:
            mounted[path] = contents or {}
        elif contents is not None:
            mounted[path] = _part_of(contents, part)
    return mounted


def shared_folders(pod: Object, container: ContainerSpec, folders: dict[str, Folder]) -> dict[str, Folder]:
    """The Pod's emptyDirs that a container mounts as a whole, by mount path.

    `folders` keeps them by their names: one that no container has mounted before is added.
    """
    names = [volume["name"] for volume in pod["spec"].get("volumes", ()) if "emptyDir" in volume]
    shared: dict[str, Folder] = {}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in names and not mount.get("subPath"):
            shared[mount["mountPath"].rstrip("/")] = folders.setdefault(mount["name"], Folder({"": None}))
    return shared


def _brings_files(volume: Object) -> bool:
    return any(not _WITH_FILES.isdisjoint(source) for source in _sources(volume))


def _part_of(contents: Files, path: str) -> Files:
    """A file of a volume, or what a folder of it holds; one that is missing is made, as a folder (makeMounts)."""
    if path in contents:
        return {"": contents[path]}
    prefix = f"{path.strip('/')}/"
    return {name.removeprefix(prefix): text for name, text in contents.items() if name.startswith(prefix)}


def _sources(volume: Object) -> Sequence[Object]:
    """The volume's one source, or those that it projects."""
    if "projected" in volume:
        sources: Sequence[Object] = volume["projected"].get("sources", ())
        return sources
    return (volume,)


def _contents_if_there(api: Component, pod: Object, volume: Object) -> Files | None:
    try:
        return _contents(api, pod, volume)
    except MissingError:
        return None


def _contents(api: Component, pod: Object, volume: Object) -> Files:
    """The files of a volume, by their paths in it. Raises MissingError."""
    files: Files = {}
    for source in _sources(volume):
        files.update(_source_files(api, pod, source))
    return files


def _source_files(api: Component, pod: Object, source: Object) -> Files:
    for kind in SOURCES:
        if reference := source.get(kind.volume):
            return _keys(api, pod, kind, reference)
    if token := source.get("serviceAccountToken"):
        try:
            return {token["path"]: api.pod_token(pod, token)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    return _downward_files(api, pod, source.get("downwardAPI") or {})


def _downward_files(api: Component, pod: Object, source: Object) -> Files:
    files: Files = {}
    for item in source.get("items", ()):
        if "fieldRef" in item:
            files[item["path"]] = field_value(pod, item["fieldRef"]["fieldPath"])
        else:
            files[item["path"]] = amount(api, pod, item["resourceFieldRef"])
    return files


def _keys(api: Component, pod: Object, source: DataSource, reference: Object) -> Files:
    """The keys of a Secret or ConfigMap as files: all of them, or the `items` under their paths."""
    data = data_of(api, pod, source.resource, reference) or {}
    items = reference.get("items")
    if not items:
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not reference.get("optional"):
        raise MissingError(f"references non-existent {source.noun} key: {missing[0]}")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}
