"""Volumes of a Pod and their mounts.

Mirrors ValidateVolumes and ValidateVolumeMounts in kubernetes pkg/apis/core/validation/validation.go, v1.36. Of the
volume types, those that a lesson about images and Secrets may meet are looked into; the others are only counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kubesim.api.errors import FieldError, duplicate, field_forbidden, field_not_found, invalid_value
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.common import (
    Errors,
    Rule,
    anything,
    checked,
    each,
    given,
    needed,
    one_kind,
    one_of,
    optional,
    struct,
    unless_empty,
    valid,
)
from kubesim.cluster.apiserver.validation.names import dns_label, dns_subdomain


def volumes(field: str, found: Iterable[Object], errors: list[FieldError]) -> set[str]:
    """Check the volumes, add what is wrong to `errors`, and return the names that a container may mount."""
    names: set[str] = set()
    for index, volume in enumerate(found):
        where = f"{field}[{index}]"
        problems = [*_source(where, volume), *needed(dns_label)(f"{where}.name", volume.get("name"))]
        if volume.get("name") in names:
            problems.append(duplicate(f"{where}.name", volume["name"]))
        if problems:
            errors.extend(problems)
        else:
            names.add(volume["name"])
    return names


def _relative_path(path: str) -> list[str]:
    problems = ["must be a relative path"] if path.startswith("/") else []
    if ".." in path.split("/"):
        return [*problems, *_straight(path)]
    return [*problems, "must not start with '..'"] if path.startswith("..") else problems


def _straight(path: str) -> list[str]:
    return ["must not contain '..'"] if ".." in path.split("/") else []


def _permissions(mode: int) -> list[str]:
    return [] if 0 <= mode <= 0o777 else ["must be a number between 0 and 0777 (octal), both inclusive"]


def _lifetime(seconds: int) -> list[str]:
    return [] if seconds >= 600 else ["may not specify a duration less than 10 minutes"]


def _projection(where: str, entry: Object) -> Errors:
    kinds = [name for name in _PROJECTIONS if name in entry]
    if len(kinds) > 1:
        yield field_forbidden(where, "may not specify more than 1 volume type per source")
    for kind in kinds:
        yield from _PROJECTIONS[kind](f"{where}.{kind}", entry[kind])


_mode = optional(valid(_permissions))
_items = each(struct(key=given, path=needed(_relative_path), mode=_mode))
_files = struct(name=needed(dns_subdomain), defaultMode=_mode, items=_items)
_PROJECTIONS: dict[str, Rule] = {
    "secret": _files,
    "configMap": _files,
    "downwardAPI": anything,
    "serviceAccountToken": struct(expirationSeconds=optional(valid(_lifetime)), path=given),
}
_HOST_PATH_TYPES = ("BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_CHECKED: dict[str, Rule] = {
    "hostPath": struct(path=needed(_straight), type=unless_empty(one_of(*_HOST_PATH_TYPES))),
    "secret": struct(secretName=given, defaultMode=_mode, items=_items),
    "persistentVolumeClaim": struct(claimName=given),
    "configMap": struct(name=given, defaultMode=_mode, items=_items),
    "projected": struct(defaultMode=_mode, sources=each(_projection)),
}
# In the order in which upstream looks for them.
_TYPES = (
    "emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker "
    "persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc flexVolume configMap azureFile vsphereVolume "
    "photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral image"
)
_source = one_kind("volume", {name: _CHECKED.get(name, anything) for name in _TYPES.split()})


def mounts(field: str, found: Sequence[Object] | None, names: set[str]) -> Errors:
    """The volumeMounts of a container; `names` are the Pod's good volumes."""
    seen: set[str] = set()
    for index, mount in enumerate(found or ()):
        where, name, path = f"{field}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        yield from given(f"{where}.name", name)
        if name not in names:
            yield field_not_found(f"{where}.name", name)
        yield from given(f"{where}.mountPath", path)
        if path in seen:
            yield invalid_value(f"{where}.mountPath", path, "must be unique")
        seen.add(path)
        # Without the index, as upstream has it.
        yield from checked(_relative_path)(f"{field}.subPath", mount.get("subPath"))
