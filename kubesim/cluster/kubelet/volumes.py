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

_READ_ONLY = frozenset({"secret", "configMap", "serviceAccountToken", "downwardAPI", "image"})


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
        if not _is_read_only(volume):
            continue
        path = mount["mountPath"].rstrip("/")
        part = mount.get("subPath")
        try:
            contents = images.get(mount["name"]) or _contents(api, pod, volume)
        except MissingError:
            if not part:
                mounted[path] = {}
            continue
        if not part:
            mounted[path] = contents
        elif part in contents:
            mounted[path] = {"": contents[part]}
        else:
            mounted[path] = _folder(contents, part)
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


def _is_read_only(volume: Object) -> bool:
    return any(not _READ_ONLY.isdisjoint(source) for source in _sources(volume))


def _folder(contents: Files, path: str) -> Files:
    """What a folder of a volume holds, by the paths from there on; one that is missing is made (makeMounts)."""
    prefix = f"{path.strip('/')}/"
    return {name.removeprefix(prefix): text for name, text in contents.items() if name.startswith(prefix)}


def _sources(volume: Object) -> Sequence[Object]:
    """The volume's one source, or those that it projects."""
    if "projected" in volume:
        sources: Sequence[Object] = volume["projected"].get("sources", ())
        return sources
    return (volume,)


def _contents(api: Component, pod: Object, volume: Object) -> Files:
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
    files: Files = {}
    for item in (source.get("downwardAPI") or {}).get("items", ()):
        if "fieldRef" in item:
            files[item["path"]] = field_value(pod, item["fieldRef"]["fieldPath"])
        else:
            files[item["path"]] = amount(api, pod, item["resourceFieldRef"])
    return files


def _keys(api: Component, pod: Object, source: DataSource, reference: Object) -> Files:
    data = data_of(api, pod, source.resource, reference) or {}
    items = reference.get("items")
    if not items:
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not reference.get("optional"):
        raise MissingError(f"references non-existent {source.noun} key: {missing[0]}")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}
