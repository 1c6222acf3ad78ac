"""The files that a container finds in its volumes, with their owners and modes.

Mirrors kubernetes pkg/volume/{secret,configmap,projected,downwardapi,emptydir}, pkg/volume/volume_linux.go and
pkg/volume/util/atomic_writer.go, v1.36.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar
from zlib import crc32

from kubesim.api.clock import Micros, parse_time, to_datetime
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, find_named
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.cluster.kubelet.environment import SOURCES, DataSource, MissingError, amount, data_of, field_value
from kubesim.cluster.kubelet.users import Owners
from kubesim.shell.folders import FILE, FOLDER, Attributes, Folder, Mount
from kubesim.workspace import Entries

Item = TypeVar("Item")

_WITH_FILES = frozenset({"secret", "configMap", "serviceAccountToken", "downwardAPI"})
"""The sources of volumes whose files the kubelet writes, and containers can't."""
_ON_DISK = frozenset({"configMap"})
"""Those of them that are no tmpfs."""
_FILE_MASK = 0o440
_FOLDER_MASK = _FILE_MASK | 0o110 | stat.S_ISGID
"""What the files and folders of a volume with an fsGroup let this group do, where containers can't write."""


_DEEPEST = 20  # in how many folders a file of a volume may be; a limit of kubesim


class FileProjection(NamedTuple):
    """A file that the kubelet writes."""

    text: str
    mode: int
    uid: int = 0


Payload = dict[str, FileProjection]
"""The files of a volume, by their paths in it."""


def check_volumes(api: Component, pod: Object) -> None:
    """Raise MissingError for the first volume that cannot be mounted."""
    for volume in pod["spec"].get("volumes", ()):
        try:
            _contents(api, pod, volume, Owners.of(pod))
        except MissingError as error:
            raise MissingError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from None


def mounts(
    api: Component,
    pod: Object,
    container: ContainerSpec,
    images: Mapping[str, Folder],
    folders: dict[str, Folder],
    known: Mapping[str, Mount],
) -> dict[str, Mount]:
    """What a container's volumes show as they are now, by mount path.

    What it has already is among `known`: a volume whose source is gone stays as it was, and so does a part of one,
    which is bound to the file that there was when the container started. `images` are image volumes by their names.
    `folders` keeps the Pod's emptyDirs: one that no container has mounted before is added. A volume of a type that
    isn't simulated is left out, and so is a part of an emptyDir.
    """
    mounted: dict[str, Mount] = {}
    for mount in container.get("volumeMounts", ()):
        volume = find_named(pod["spec"].get("volumes", ()), mount["name"]) or {}
        path = mount["mountPath"].rstrip("/")
        part = mount.get("subPath")
        if "emptyDir" in volume and not part:
            folder = folders.setdefault(mount["name"], _empty_folder(pod, volume["emptyDir"]))
            mounted[path] = Mount(folder, mount.get("readOnly", False))
        elif mount["name"] in images:
            mounted[path] = Mount(_part_of_image(images[mount["name"]], part), is_read_only=True)
        elif _brings_files(volume) and not (part and path in known):
            written = _written(api, pod, volume, part)
            if written is None and path not in known and not part:
                written = Folder({"": None})
            if written is not None:
                mounted[path] = Mount(written, is_read_only=True, is_kept="projected" not in volume)
    return mounted


def _empty_folder(pod: Object, source: Object) -> Folder:
    in_memory = source.get("medium") == "Memory"
    mode = 0o1777 if in_memory else 0o777
    group = Owners.of(pod).fs_group
    if group is not None:
        mode |= stat.S_ISGID
    return Folder({"": None}, {"": Attributes(mode, gid=group or 0, time=_start(pod))}, in_memory=in_memory)


def _start(pod: Object) -> Micros:
    """About when the volumes of a Pod were set up."""
    return parse_time(pod["status"].get("startTime") or pod["metadata"]["creationTimestamp"])


def _part_of_image(folder: Folder, part: str | None) -> Folder:
    """A file or folder of an image; one that is missing is an empty folder."""
    if not part:
        return folder
    entries = _below(folder.entries, f"/{part.strip('/')}")
    return Folder(entries or {"": None}, _below(folder.attributes, f"/{part.strip('/')}"))


def _below(items: Mapping[str, Item], path: str) -> dict[str, Item]:
    """What is at or below a path, by what its own path adds to that."""
    return {key[len(path) :]: item for key, item in items.items() if f"{key}/".startswith(f"{path}/")}


def _written(api: Component, pod: Object, volume: Object, part: str | None) -> Folder | None:
    """A volume, or a part of it, as the kubelet has written it; None for one whose source is gone."""
    owners = Owners.of(pod)
    try:
        payload = _contents(api, pod, volume, owners)
    except MissingError:
        return None
    in_memory = _ON_DISK.isdisjoint(volume)
    contents = "".join([pod["metadata"]["uid"], volume["name"], *(file.text for file in payload.values())])
    number = crc32(contents.encode("utf-8", "surrogateescape"))
    data = f"..{to_datetime(_start(pod)):%Y_%m_%d_%H_%M_%S}.{number}"
    folder = _Layout(owners, _start(pod)).folder(payload, data, in_memory)
    if part:
        return _part_of_image(folder, f"{data}/{part}")
    return folder


class _Layout(NamedTuple):
    """How the kubelet's atomic writer puts files into a volume."""

    owners: Owners
    time: Micros

    def folder(self, payload: Payload, data: str, in_memory: bool) -> Folder:
        """Files in a folder `data`, to which "..data" leads, and through it a link for each name of the first level.

        Only that one link has to change when the files do.
        """
        usual_folder = self._owned(FOLDER.mode, is_folder=True)
        usual_link = self._owned(0o777, is_link=True)
        entries: Entries = {"": None, f"/{data}": None, "/..data": ""}
        links = {"/..data": data}
        attributes = {
            "": self._owned(0o1777 if in_memory else 0o777, is_folder=True),
            f"/{data}": usual_folder,
            "/..data": usual_link,
        }
        kinds = {(file.mode, file.uid) for file in payload.values()}
        owned = {kind: self._owned(*kind) for kind in kinds}
        for path, file in payload.items():
            first, *others = path.split("/")
            inner = f"/{data}/{first}"
            for name in others:
                entries[inner] = None
                attributes[inner] = usual_folder
                inner = f"{inner}/{name}"
            entries[inner] = file.text
            attributes[inner] = owned[file.mode, file.uid]
            entries[f"/{first}"] = ""
            links[f"/{first}"] = f"..data/{first}"
            attributes[f"/{first}"] = usual_link._replace(uid=file.uid) if file.uid else usual_link
        return Folder(entries, attributes, links, in_memory)

    def _owned(self, mode: int, uid: int = 0, *, is_folder: bool = False, is_link: bool = False) -> Attributes:
        """Those of a file, folder or link; its group may read it."""
        if self.owners.fs_group is None:
            return Attributes(mode, uid, time=self.time)
        if not is_link:
            mode |= _FOLDER_MASK if is_folder else _FILE_MASK
        return Attributes(mode, uid, self.owners.fs_group, self.time)


def _brings_files(volume: Object) -> bool:
    return any(not _WITH_FILES.isdisjoint(source) for source in _sources(volume))


def _sources(volume: Object) -> Sequence[Object]:
    """The volume's one source, or those that it projects."""
    if "projected" in volume:
        sources: Sequence[Object] = volume["projected"].get("sources", ())
        return sources
    return (volume,)


def _contents(api: Component, pod: Object, volume: Object, owners: Owners) -> Payload:
    """The files of a volume. Raises MissingError."""
    payload: Payload = {}
    for source in _sources(volume):
        payload.update(_source_files(api, pod, source, _default_mode(volume), owners))
    if any(path.count("/") > _DEEPEST for path in payload):
        raise MissingError("kubesim: a file in more than 20 folders is not part of this simulator")
    return payload


def _default_mode(volume: Object) -> int:
    modes = [source.get("defaultMode", FILE.mode) for name, source in volume.items() if name != "name"]
    return int(modes[0])


def _source_files(api: Component, pod: Object, source: Object, mode: int, owners: Owners) -> Payload:
    for kind in SOURCES:
        if reference := source.get(kind.volume):
            return _keys(api, pod, kind, reference, mode)
    if token := source.get("serviceAccountToken"):
        if owners != (None, None):
            mode = 0o600
        try:
            return {token["path"]: FileProjection(api.pod_token(pod, token), mode, owners.user or 0)}
        except StatusError as error:
            raise MissingError(f"failed to fetch token: {error.message}") from None
    return _downward_files(api, pod, source.get("downwardAPI") or {}, mode)


def _downward_files(api: Component, pod: Object, source: Object, mode: int) -> Payload:
    payload: Payload = {}
    for item in source.get("items", ()):
        if "fieldRef" in item:
            text = field_value(pod, item["fieldRef"]["fieldPath"])
        else:
            text = amount(api, pod, item["resourceFieldRef"])
        payload[item["path"]] = FileProjection(text, item.get("mode", mode))
    return payload


def _keys(api: Component, pod: Object, source: DataSource, reference: Object, mode: int) -> Payload:
    """The keys of a Secret or ConfigMap as files: all of them, or the `items` under their paths."""
    data = data_of(api, pod, source.resource, reference) or {}
    items = reference.get("items")
    if not items:
        return {key: FileProjection(text, mode) for key, text in data.items()}
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not reference.get("optional"):
        raise MissingError(f"references non-existent {source.noun} key: {missing[0]}")
    there = [item for item in items if item["key"] in data]
    return {item["path"]: FileProjection(data[item["key"]], item.get("mode", mode)) for item in there}
