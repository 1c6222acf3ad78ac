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

_MOUNTED = frozenset({"secret", "configMap", "serviceAccountToken", "downwardAPI", "image", "emptyDir"})
"""Sources of volumes that are mounted. Other types are stored without effect."""

_DEEPEST = 20  # levels of folders in a volume; a limit of kubesim

Payload = dict[str, str]
"""Files by their paths in a volume. The path "" is for a single file, mounted by its subPath."""


def mount_failures(data: PodData) -> Iterator[str]:
    """The kubelet's message for each volume of a Pod that can't be mounted."""
    for volume in data.pod["spec"].get("volumes", ()):
        try:
            _contents(data, volume)
        except MissingError as error:
            yield f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'


def mounts(
    data: PodData, container: ContainerSpec, images: Mapping[str, Payload], known: Mapping[str, Entries]
) -> dict[str, Entries]:
    """The present files of a container's volumes, by mount path. An emptyDir is empty, as nothing writes to it.

    `known` has what the container has mounted before, by mount path; callers merge the result into it.
    So a path missing from the result stays as it was: a volume whose source is gone, and any mount with a subPath,
    which is bound to the file at the container's start. Otherwise a broken volume is an empty folder, and a subPath
    of it, which may be a file, is left out. `images` are the files of image volumes by volume.
    """
    mounted: dict[str, Entries] = {}
    for mount in container.get("volumeMounts", ()):
        volume = find_named(data.pod["spec"].get("volumes", ()), mount["name"]) or {}
        path = _path_of(mount)
        part = mount.get("subPath")
        is_bound = bool(part) and path in known
        if not _is_mounted(volume) or is_bound:
            continue
        try:
            contents = images.get(mount["name"]) or _contents(data, volume)
        except MissingError:
            if part or path in known:
                continue
            contents = {}
        mounted[path] = _entries(_part_of(contents, part) if part else contents)
    return mounted


def _path_of(mount: Object) -> str:
    return str(mount["mountPath"]).rstrip("/")


def _entries(contents: Payload) -> Entries:
    """The entries of a volume with these files."""
    inside = filled({"": None}, {f"/{name}": text for name, text in contents.items() if name})
    return {**inside, "": contents.get("")}


def _is_mounted(volume: Object) -> bool:
    return any(not _MOUNTED.isdisjoint(source) for source in _sources(volume))


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
            return _keys(data, kind, reference)
    if token := source.get("serviceAccountToken"):
        try:
            return {token["path"]: data.api.pod_token(data.pod, token)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    return _downward_files(data, source.get("downwardAPI") or {})


def _downward_files(data: PodData, source: Object) -> Payload:
    """The files of a downwardAPI source; {} for a source without items."""
    payload: Payload = {}
    for item in source.get("items", ()):
        if "fieldRef" in item:
            text = data.field(item["fieldRef"]["fieldPath"])
        else:
            text = data.amount(item["resourceFieldRef"])
        payload[item["path"]] = text
    return payload


def _keys(data: PodData, source: DataSource, reference: Object) -> Payload:
    """The keys of a Secret or ConfigMap as files: all, or only the `items`, under their paths. Raises MissingError."""
    values = data.of(source.resource, reference) or {}
    items = reference.get("items")
    if not items:
        return dict(values)
    missing = [item["key"] for item in items if item["key"] not in values]
    if missing and not reference.get("optional"):
        raise MissingError(f"references non-existent {source.noun} key: {missing[0]}")
    there = [item for item in items if item["key"] in values]
    return {item["path"]: values[item["key"]] for item in there}
