"""The files of a container's volumes.

Mirrors kubernetes pkg/volume/{secret,configmap,projected,downwardapi,emptydir} and pkg/volume/volume_linux.go, v1.36.
The kubelet's atomic writer makes symbolic links to a folder ..data; here the files are directly in the volume.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, find_named
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.kubelet.environment import SOURCES, DataSource, MissingError, PodData
from kubesim.shell.memoryfiles import Entries, filled

# Sources of volumes that are mounted. Other types are stored without effect.
_MOUNTED = frozenset({"secret", "configMap", "serviceAccountToken", "downwardAPI", "image", "emptyDir"})
# Levels of folders in a volume; a limit of kubesim.
_DEEPEST = 20

# The texts of files by their paths in a volume.
Payload = dict[str, str]


def mount_failures(data: PodData) -> Iterator[str]:
    """The kubelet's message for each volume of a Pod that can't be mounted."""
    for volume in data.pod["spec"].get("volumes", ()):
        try:
            _files(data, volume)
        except MissingError as error:
            yield f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'


def mounts(
    data: PodData, container: ContainerSpec, images: Mapping[str, Payload], earlier: Mapping[str, Entries]
) -> dict[str, Entries]:
    """The mounts of a container with their present files, by mount path. An emptyDir is empty, as nothing writes to it.

    `images` are the files of image volumes by volume. `earlier` are the container's mounts so far, {} at its start:

    * A mount with a subPath keeps its files, because it is bound to a file at the start.
    * A mount whose source was removed since keeps its files.
    * A mount without a source at the start is an empty folder. With a subPath, which may be a file, it is left out.
    """
    present = dict(earlier)
    for mount in container.get("volumeMounts", ()):
        volume = find_named(data.pod["spec"].get("volumes", ()), mount["name"]) or {}
        mount_path = str(mount["mountPath"]).rstrip("/")
        sub_path = mount.get("subPath", "")
        if not _is_mounted(volume) or (sub_path and mount_path in earlier):
            continue
        try:
            files = images[mount["name"]] if mount["name"] in images else _files(data, volume)
        except MissingError:
            if not sub_path:
                present.setdefault(mount_path, _entries({}))
        else:
            present[mount_path] = _entries(files, sub_path)
    return present


def _is_mounted(volume: Object) -> bool:
    return any(not _MOUNTED.isdisjoint(source) for source in _sources(volume))


def _entries(files: Payload, sub_path: str = "") -> Entries:
    """The entries of a mount: the whole volume, or its file or folder at `sub_path`.

    A missing folder is empty, as makeMounts of pkg/kubelet/kubelet_pods.go creates it.
    """
    path = posixpath.normpath(sub_path)
    if path in files:
        return {"": files[path]}
    above = "" if path == "." else f"{path}/"
    inside = {f"/{name.removeprefix(above)}": text for name, text in files.items() if name.startswith(above)}
    return filled({"": None}, inside)


def _sources(volume: Object) -> Sequence[Object]:
    """The sources of a projected volume, or the only one of any other."""
    if "projected" in volume:
        sources: Sequence[Object] = volume["projected"].get("sources", ())
        return sources
    return (volume,)


def _files(data: PodData, volume: Object) -> Payload:
    """The files of a volume, by their paths in it. Raises MissingError."""
    payload: Payload = {}
    for source in _sources(volume):
        payload |= _source_files(data, source)
    if any(path.count("/") > _DEEPEST for path in payload):
        raise MissingError("kubesim: a file in so many folders is not part of this simulator")
    return payload


def _source_files(data: PodData, source: Object) -> Payload:
    """The files of one source. Raises MissingError."""
    for kind in SOURCES:
        if reference := source.get(kind.volume):
            return _files_of_keys(data, kind, reference)
    if token := source.get("serviceAccountToken"):
        try:
            return {token["path"]: data.api.pod_token(data.pod, token)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    return _downward_files(data, source.get("downwardAPI") or {})


def _downward_files(data: PodData, source: Object) -> Payload:
    """The files of a downwardAPI source; {} for a source without items."""
    return {item["path"]: data.pod_field(item["fieldRef"]["fieldPath"]) for item in source.get("items", ())}


def _files_of_keys(data: PodData, source: DataSource, reference: Object) -> Payload:
    """The keys of a Secret or ConfigMap as files: all, or only the `items`, under their paths. Raises MissingError."""
    values = data.data_of(source.resource, reference) or {}
    items = reference.get("items")
    if not items:
        return dict(values)
    missing = [item["key"] for item in items if item["key"] not in values]
    if missing and not reference.get("optional"):
        raise MissingError(f"references non-existent {source.noun} key: {missing[0]}")
    return {item["path"]: values[item["key"]] for item in items if item["key"] in values}
