"""The files of a container's volumes, with modes and owners.

Mirrors kubernetes pkg/volume/{secret,configmap,projected,downwardapi,emptydir} and pkg/volume/volume_linux.go, v1.36.
The kubelet's atomic writer makes symbolic links to a folder ..data; here the files are directly in the volume.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, containers_of, find_named
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.kubelet.environment import SOURCES, DataSource, MissingError, PodData
from kubesim.shell.containerfiles import Folder
from kubesim.shell.memoryfiles import MemoryFiles
from kubesim.shell.users import FILE, Owner

_WITH_FILES = frozenset({"secret", "configMap", "serviceAccountToken", "downwardAPI", "image"})
"""Sources of volumes with files, which containers can't write to. The only other source is emptyDir."""

_DEEPEST = 20  # levels of folders in a volume; a limit of kubesim
_READABLE = 0o440  # the bits added to the mode of files in a volume of a Pod with an fsGroup


class FileProjection(NamedTuple):
    """A file of a volume."""

    text: str
    mode: int
    uid: int = 0


Payload = dict[str, FileProjection]
"""Files by their paths in a volume. The path "" is for a single file, mounted by its subPath."""


def mount_failures(data: PodData) -> Iterator[str]:
    """The kubelet's message for each volume of a Pod that can't be mounted."""
    for volume in data.pod["spec"].get("volumes", ()):
        try:
            _contents(data, volume)
        except MissingError as error:
            yield f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'


def mounts(
    data: PodData, container: ContainerSpec, images: Mapping[str, Payload], known: Mapping[str, Folder]
) -> dict[str, Folder]:
    """The present files of a container's volumes, by mount path. emptyDirs are left out (see `shared_folders`).

    `known` has the folders that the container has mounted before, by mount path; callers merge the result into them.
    So a path missing from the result stays as it was: a volume whose source is gone, and any mount with a subPath,
    which is bound to the file at the container's start. Otherwise a broken volume is an empty folder, and a subPath
    of it, which may be a file, is left out. `images` are the files of image volumes by volume.
    """
    mounted: dict[str, Folder] = {}
    for mount in container.get("volumeMounts", ()):
        volume = find_named(data.pod["spec"].get("volumes", ()), mount["name"]) or {}
        path = _path_of(mount)
        part = mount.get("subPath")
        is_bound = bool(part) and path in known
        if not _brings_files(volume) or is_bound:
            continue
        try:
            contents = images.get(mount["name"]) or _contents(data, volume)
        except MissingError:
            if part or path in known:
                continue
            contents = {}
        mounted[path] = _folder(_part_of(contents, part) if part else contents, _group(data.pod))
    return mounted


def _path_of(mount: Object) -> str:
    return str(mount["mountPath"]).rstrip("/")


def _folder(contents: Payload, group: int | None) -> Folder:
    """A read-only Folder with these files, readable for `group` unless that is None.

    In a Folder, "" is the name of the folder itself, with None as its text. A single file takes that name, so it is
    mounted in place of the folder.
    """
    inside = MemoryFiles().fill({f"/{name}": file.text for name, file in contents.items() if name})
    owners: dict[str, Owner] = {}
    added = 0 if group is None else _READABLE
    for name, file in contents.items():
        owner = Owner(file.mode | added, file.uid, group or 0)
        if owner != FILE:
            owners[f"/{name}" if name else ""] = owner
    del inside["/"]  # the folder itself, whose name in a Folder is ""
    alone = contents.get("")
    return Folder({"": alone.text if alone else None, **inside}, owners, is_read_only=True)


def _group(pod: Object) -> int | None:
    """The Pod's fsGroup."""
    group: int | None = pod["spec"].get("securityContext", {}).get("fsGroup")
    return group


def shared_folders(pod: Object, container: ContainerSpec, folders: dict[str, Folder]) -> dict[str, Folder]:
    """The Pod's emptyDirs that a container mounts, by mount path, without mounts of a subPath.

    `folders` keeps the Pod's emptyDirs by volume, and is changed: one that no container has mounted before is added.
    """
    names = [volume["name"] for volume in pod["spec"].get("volumes", ()) if "emptyDir" in volume]
    shared: dict[str, Folder] = {}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in names and not mount.get("subPath"):
            group = _group(pod) or 0
            empty = Folder({"": None}, {"": Owner(0o2777 if group else 0o777, gid=group)})  # with setgid
            shared[_path_of(mount)] = folders.setdefault(mount["name"], empty)
    return shared


def read_only_paths(container: ContainerSpec) -> set[str]:
    """The paths of a container's read-only mounts; "" is among them for a read-only root filesystem."""
    paths = {_path_of(mount) for mount in container.get("volumeMounts", ()) if mount.get("readOnly")}
    if container.get("securityContext", {}).get("readOnlyRootFilesystem"):
        paths.add("")
    return paths


def _brings_files(volume: Object) -> bool:
    """True for a volume with files from the cluster or an image, and False for an emptyDir."""
    return any(not _WITH_FILES.isdisjoint(source) for source in _sources(volume))


def _part_of(contents: Payload, path: str) -> Payload:
    """The file or folder at a subPath. A missing one is an empty folder, as makeMounts creates it."""
    path = posixpath.normpath(path)
    if path == ".":
        return contents
    if path in contents:
        return {"": contents[path]}
    prefix = f"{path}/"
    return {name.removeprefix(prefix): file for name, file in contents.items() if name.startswith(prefix)}


def _sources(volume: Object) -> Sequence[Object]:
    """The sources of a projected volume, or the only one of any other."""
    if "projected" in volume:
        sources: Sequence[Object] = volume["projected"].get("sources", ())
        return sources
    return (volume,)


def _contents(data: PodData, volume: Object) -> Payload:
    """The files of a volume, by their paths in it. Raises MissingError."""
    (fields,) = [value for name, value in volume.items() if name != "name"]  # a volume has one source beside its name
    mode = fields.get("defaultMode", FILE.mode)
    payload: Payload = {}
    for source in _sources(volume):
        payload |= _source_files(data, source, mode)
    if any(path.count("/") > _DEEPEST for path in payload):
        raise MissingError("kubesim: a file in so many folders is not part of this simulator")
    return payload


def _source_files(data: PodData, source: Object, mode: int) -> Payload:
    """The files of one source, with `mode` unless they have their own. Raises MissingError."""
    for kind in SOURCES:
        if reference := source.get(kind.volume):
            return _keys(data, kind, reference, mode)
    if token := source.get("serviceAccountToken"):
        try:
            return {token["path"]: _token_file(data.pod, data.api.pod_token(data.pod, token), mode)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    return _downward_files(data, source.get("downwardAPI") or {}, mode)


def _token_file(pod: Object, token: str, mode: int) -> FileProjection:
    """The file of a ServiceAccount's token. If the Pod has one user or an fsGroup, only that may read it.

    Mirrors pkg/volume/projected.
    """
    user = _only_user(pod)
    if user is None and _group(pod) is None:
        return FileProjection(token, mode)
    return FileProjection(token, 0o600, user or 0)


def _only_user(pod: Object) -> int | None:
    """The runAsUser that all containers share; None if they differ, or have none. Mirrors FsUserFrom."""
    of_pod = pod["spec"].get("securityContext", {})
    users = set()
    for _, container in containers_of(pod["spec"]):
        context = {**of_pod, **container.get("securityContext", {})}
        users.add(context.get("runAsUser"))
    return users.pop() if len(users) == 1 else None


def _downward_files(data: PodData, source: Object, mode: int) -> Payload:
    """The files of a downwardAPI source; {} for a source without items."""
    payload: Payload = {}
    for item in source.get("items", ()):
        if "fieldRef" in item:
            text = data.field(item["fieldRef"]["fieldPath"])
        else:
            text = data.amount(item["resourceFieldRef"])
        payload[item["path"]] = FileProjection(text, item.get("mode", mode))
    return payload


def _keys(data: PodData, source: DataSource, reference: Object, mode: int) -> Payload:
    """The keys of a Secret or ConfigMap as files: all, or only the `items`, under their paths. Raises MissingError."""
    values = data.of(source.resource, reference) or {}
    items = reference.get("items")
    if not items:
        return {key: FileProjection(text, mode) for key, text in values.items()}
    missing = [item["key"] for item in items if item["key"] not in values]
    if missing and not reference.get("optional"):
        raise MissingError(f"references non-existent {source.noun} key: {missing[0]}")
    there = [item for item in items if item["key"] in values]
    return {item["path"]: FileProjection(values[item["key"]], item.get("mode", mode)) for item in there}
