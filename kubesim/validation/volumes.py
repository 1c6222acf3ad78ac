"""Volumes of a Pod and their mounts.

Mirrors ValidateVolumes and ValidateVolumeMounts in kubernetes pkg/apis/core/validation/validation.go, v1.36. Of the
volume types, those that a lesson about images and Secrets may meet are looked into; the others are only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kubesim.errors import FieldError, duplicate, field_forbidden, field_not_found, invalid_value, required
from kubesim.objects import Object
from kubesim.validation.common import Errors, invalid_each, named, one_of
from kubesim.validation.names import config_key, dns_label, dns_subdomain


def volumes(field: str, found: Iterable[Object], errors: list[FieldError]) -> set[str]:
    """Check the volumes, add what is wrong to `errors`, and return the names that a container may mount."""
    names: set[str] = set()
    for index, volume in enumerate(found):
        where = f"{field}[{index}]"
        problems = [*_source(where, volume), *named(f"{where}.name", volume.get("name"), dns_label)]
        if volume.get("name") in names:
            problems.append(duplicate(f"{where}.name", volume["name"]))
        if problems:
            errors.extend(problems)
        else:
            names.add(volume["name"])
    return names


def _source(where: str, volume: Object) -> Errors:
    sources = [name for name in _ORDER if name in volume]
    if not sources:
        yield required(where, "must specify a volume type")
    for index, name in enumerate(sources):
        if index:
            yield field_forbidden(f"{where}.{name}", "may not specify more than 1 volume type")
        elif name in _CHECKS:
            yield from _CHECKS[name](f"{where}.{name}", volume[name])


def _items(where: str, source: Object) -> Errors:
    yield from _mode(f"{where}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items", ())):
        yield from _item(f"{where}.items[{index}]", item)


def _item(where: str, item: Object) -> Errors:
    if not item.get("key"):
        yield required(f"{where}.key")
    yield from _relative_path(f"{where}.path", item.get("path", ""))
    yield from _mode(f"{where}.mode", item.get("mode"))


def _mode(where: str, mode: int | None) -> Errors:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid_value(where, mode, "must be a number between 0 and 0777 (octal), both inclusive")


def _relative_path(where: str, path: str, may_be_empty: bool = False) -> Errors:
    if not path:
        if not may_be_empty:
            yield required(where)
        return
    if path.startswith("/"):
        yield invalid_value(where, path, "must be a relative path")
    if ".." in path.split("/"):
        yield invalid_value(where, path, "must not contain '..'")
    elif path.startswith(".."):
        yield invalid_value(where, path, "must not start with '..'")


def _referring(key: str, *, files: bool = False) -> Callable[[str, Object], Errors]:
    """A source that must name another object by `key`."""

    def check(where: str, source: Object) -> Errors:
        if not source.get(key):
            yield required(f"{where}.{key}")
        if files:
            yield from _items(where, source)

    return check


def _host_path(where: str, source: Object) -> Errors:
    path = source.get("path", "")
    if not path:
        yield required(f"{where}.path")
    elif ".." in path.split("/"):
        yield invalid_value(f"{where}.path", path, "must not contain '..'")
    if source.get("type"):
        yield from one_of(f"{where}.type", source["type"], _HOST_PATH_TYPES)


_HOST_PATH_TYPES = ("BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")


def _projected(where: str, source: Object) -> Errors:
    yield from _mode(f"{where}.defaultMode", source.get("defaultMode"))
    for index, entry in enumerate(source.get("sources", ())):
        kinds = [name for name in ("secret", "configMap", "downwardAPI", "serviceAccountToken") if name in entry]
        here = f"{where}.sources[{index}]"
        if len(kinds) > 1:
            yield field_forbidden(here, "may not specify more than 1 volume type per source")
        for kind in kinds:
            yield from _projection(f"{here}.{kind}", kind, entry[kind])


def _projection(where: str, kind: str, entry: Object) -> Errors:
    if kind in ("secret", "configMap"):
        yield from named(f"{where}.name", entry.get("name"), dns_subdomain)
        yield from _items(where, entry)
    if kind == "serviceAccountToken":
        seconds = entry.get("expirationSeconds", 3600)
        if seconds < 600:
            yield invalid_value(
                f"{where}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"
            )
        if not entry.get("path"):
            yield required(f"{where}.path")


_CHECKS: dict[str, Callable[[str, Object], Errors]] = {
    "hostPath": _host_path,
    "secret": _referring("secretName", files=True),
    "persistentVolumeClaim": _referring("claimName"),
    "configMap": _referring("name", files=True),
    "projected": _projected,
}

# In the order in which upstream looks for them.
_ORDER = tuple(
    "emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker "  # noqa: SIM905
    "persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc flexVolume configMap azureFile vsphereVolume "
    "photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral image".split()
)


def mounts(field: str, found: Iterable[Object], names: set[str]) -> Errors:
    """The volumeMounts of a container; `names` are the Pod's good volumes."""
    seen: set[str] = set()
    for index, mount in enumerate(found):
        where, name, path = f"{field}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{where}.name")
        if name not in names:
            yield field_not_found(f"{where}.name", name)
        if not path:
            yield required(f"{where}.mountPath")
        if path in seen:
            yield invalid_value(f"{where}.mountPath", path, "must be unique")
        seen.add(path)
        # Without the index, as upstream has it.
        yield from _relative_path(f"{field}.subPath", mount.get("subPath", ""), may_be_empty=True)


def env_source_key(where: str, selector: Object) -> Errors:
    """A reference to one key of a Secret or ConfigMap."""
    name, key = selector.get("name", ""), selector.get("key", "")
    yield from invalid_each(f"{where}.name", name, dns_subdomain(name))
    yield from named(f"{where}.key", key, config_key)
