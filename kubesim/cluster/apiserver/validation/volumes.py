"""The volumes of a Pod.

Mirrors ValidateVolumes and validateVolumeSource in kubernetes pkg/apis/core/validation/validation.go, v1.36, for what
refers to Secrets, ConfigMaps and images, and for names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from kubesim.api.content import absolute_path, dns_label, file_mode, no_backsteps
from kubesim.api.content import projected_path as projected_path_check
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.errors import Errors

_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_FILE_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
# The paths of fields that the API converts between its versions: ConvertDownwardAPIFieldLabel of pkg/apis/core/pods.
KNOWN_FIELD = re.compile(
    r"metadata\.(annotations|labels|name|namespace|uid)"
    r"|spec\.(nodeName|restartPolicy|serviceAccountName|schedulerName)|status\.(phase|(host|pod)IPs?)"
)
_SUBSCRIPT = re.compile(r"[^[]+\['.*'\]")
_SUBSCRIPTED = re.compile(r"metadata\.(annotations|labels)\['.*'\]")
_LEAST_TOKEN_SECONDS, _MOST_TOKEN_SECONDS = 600, 2**32


def validate_volumes(errors: Errors, field: str, volumes: Sequence[Object]) -> set[str]:
    """The volumes of a Pod. Returns the names of those that can be mounted."""
    names: set[str] = set()
    mountable: set[str] = set()
    for index, volume in enumerate(volumes):
        where, before = f"{field}[{index}]", len(errors)
        name = volume.get("name", "")
        _validate_volume_source(errors, where, volume)
        errors.check_required(f"{where}.name", name, dns_label)
        if len(errors) == before:
            mountable.add(name)
        if name in names:
            errors.duplicate(f"{where}.name", name)
        if name:
            names.add(name)
    return mountable


def _validate_volume_source(errors: Errors, field: str, volume: Object) -> None:
    sources = [name for name in _SOURCES if volume.get(name) is not None]
    if not sources:
        errors.required(field, "must specify a volume type")
        return
    if validate := _SOURCES[sources[0]]:
        validate(errors, f"{field}.{sources[0]}", volume[sources[0]])
    for name in sources[1:]:
        errors.forbidden(f"{field}.{name}", "may not specify more than 1 volume type")


def _validate_host_path(errors: Errors, field: str, source: Object) -> None:
    path = source.get("path")
    if not path:
        errors.required(f"{field}.path")
        return
    errors.check(f"{field}.path", path, no_backsteps)
    if source.get("type", "") not in _HOST_PATH_TYPES:
        errors.unsupported(f"{field}.type", source["type"], _HOST_PATH_TYPES)


def _validate_git_repo(errors: Errors, field: str, source: Object) -> None:
    if not source.get("repository"):
        errors.required(f"{field}.repository")


def _validate_secret(errors: Errors, field: str, source: Object) -> None:
    if not source.get("secretName"):
        errors.required(f"{field}.secretName")
    _validate_files(errors, field, source)


def _validate_config_map(errors: Errors, field: str, source: Object) -> None:
    if not source.get("name"):
        errors.required(f"{field}.name")
    _validate_files(errors, field, source)


def _validate_files(errors: Errors, field: str, source: Object) -> None:
    errors.check_optional(f"{field}.defaultMode", source.get("defaultMode"), file_mode)
    _validate_items(errors, f"{field}.items", source)


def _validate_items(errors: Errors, field: str, source: Object) -> None:
    """Which keys become which files."""
    for index, item in enumerate(source.get("items") or ()):
        where = f"{field}[{index}]"
        if not item.get("key"):
            errors.required(f"{where}.key")
        errors.check_required(f"{where}.path", item.get("path"), projected_path_check)
        errors.check_optional(f"{where}.mode", item.get("mode"), file_mode)


def _validate_nfs(errors: Errors, field: str, source: Object) -> None:
    for name in ("server", "path"):
        if not source.get(name):
            errors.required(f"{field}.{name}")
    errors.check(f"{field}.path", source.get("path", ""), absolute_path)


def _validate_claim(errors: Errors, field: str, source: Object) -> None:
    if not source.get("claimName"):
        errors.required(f"{field}.claimName")


def _validate_downward_api(errors: Errors, field: str, source: Object) -> None:
    errors.check_optional(f"{field}.defaultMode", source.get("defaultMode"), file_mode)
    _validate_downward_files(errors, field, source)


def _validate_downward_files(errors: Errors, field: str, source: Object) -> None:
    """Without the files' index, as upstream has it."""
    for item in source.get("items") or ():
        if item.get("path"):
            errors.check(f"{field}.path", item["path"], projected_path_check)
        else:
            errors.required(f"{field}.path")
        reference, resource = item.get("fieldRef"), item.get("resourceFieldRef")
        if reference is not None:
            validate_field_reference(errors, f"{field}.fieldRef", reference, _FILE_FIELDS)
            if resource is not None:
                errors.invalid(field, "", "fieldRef and resourceFieldRef can not be specified simultaneously")
        elif resource is None:
            errors.required(field, "one of fieldRef and resourceFieldRef is required")
        elif not resource.get("containerName"):
            errors.required(f"{field}.resourceFieldRef.containerName")


def validate_field_reference(errors: Errors, field: str, reference: Object, supported: Sequence[str]) -> None:
    """A field of the Pod, as a variable or a file has it."""
    path = reference.get("fieldPath", "")
    if not path:
        errors.required(f"{field}.fieldPath")
    elif _SUBSCRIPT.fullmatch(path):
        if not _SUBSCRIPTED.fullmatch(path):
            why = f"error converting fieldPath: field label does not support subscript: {path}"
            errors.invalid(f"{field}.fieldPath", path, why)
    elif not KNOWN_FIELD.fullmatch(path):
        errors.invalid(f"{field}.fieldPath", path, f"error converting fieldPath: field label not supported: {path}")
    elif path not in supported:
        errors.unsupported(f"{field}.fieldPath", path, supported)


def _validate_projected(errors: Errors, field: str, volume: Object) -> None:
    errors.check_optional(f"{field}.defaultMode", volume.get("defaultMode"), file_mode)
    paths: set[str] = set()
    for index, source in enumerate(volume.get("sources") or ()):
        where = f"{field}.sources[{index}]"
        _validate_projection(errors, field, where, source)
        for path, name in _projected_paths(source):
            if path in paths:
                errors.invalid(field, name, "conflicting duplicate paths")
            paths.add(path)
        if len(source) > 1:
            errors.forbidden(where, "may not specify more than 1 volume type per source")


def _validate_projection(errors: Errors, field: str, where: str, source: Object) -> None:
    """One source of a projected volume, `field`. `where` is the source's own path."""
    for kind in ("secret", "configMap"):
        if kind in source:
            if not source[kind].get("name"):
                errors.required(f"{where}.{kind}.name")
            _validate_items(errors, f"{where}.{kind}.items", source[kind])
    if "downwardAPI" in source:
        _validate_downward_files(errors, f"{where}.downwardAPI", source["downwardAPI"])
    if "serviceAccountToken" in source:
        token = source["serviceAccountToken"]
        seconds = token.get("expirationSeconds", 0)
        if seconds < _LEAST_TOKEN_SECONDS:
            why = "may not specify a duration less than 10 minutes"
            errors.invalid(f"{where}.serviceAccountToken.expirationSeconds", seconds, why)
        if seconds > _MOST_TOKEN_SECONDS:
            why = "may not specify a duration larger than 2^32 seconds"
            errors.invalid(f"{where}.serviceAccountToken.expirationSeconds", seconds, why)
        errors.check_required(f"{field}.path", token.get("path"), projected_path_check)  # not below the source


def _projected_paths(source: Object) -> Iterator[tuple[str, str]]:
    """The files that a source makes, each with what upstream shows where another source makes it, too."""
    for kind in ("secret", "configMap"):
        for item in (source.get(kind) or {}).get("items") or ():
            if item.get("path"):
                yield item["path"], source[kind].get("name", "")
    for item in (source.get("downwardAPI") or {}).get("items") or ():
        if item.get("path"):
            yield item["path"], item["path"]


def _validate_csi(errors: Errors, field: str, source: Object) -> None:
    if not source.get("driver"):
        errors.required(f"{field}.driver")


def _validate_ephemeral(errors: Errors, field: str, source: Object) -> None:
    if source.get("volumeClaimTemplate") is None:
        errors.required(f"{field}.volumeClaimTemplate")


def _validate_image(errors: Errors, field: str, source: Object) -> None:
    if not source.get("reference"):
        errors.required(f"{field}.reference")
    errors.enum(f"{field}.pullPolicy", source.get("pullPolicy"), PULL_POLICIES)


_Validate = Callable[[Errors, str, Object], None]
# In the order in which upstream looks for them; None where nothing of the source is checked.
_SOURCES: Mapping[str, _Validate | None] = {
    "emptyDir": None,
    "hostPath": _validate_host_path,
    "gitRepo": _validate_git_repo,
    "gcePersistentDisk": None,
    "awsElasticBlockStore": None,
    "secret": _validate_secret,
    "nfs": _validate_nfs,
    "iscsi": None,
    "glusterfs": None,
    "flocker": None,
    "persistentVolumeClaim": _validate_claim,
    "rbd": None,
    "cinder": None,
    "cephfs": None,
    "quobyte": None,
    "downwardAPI": _validate_downward_api,
    "fc": None,
    "flexVolume": None,
    "configMap": _validate_config_map,
    "azureFile": None,
    "vsphereVolume": None,
    "photonPersistentDisk": None,
    "portworxVolume": None,
    "azureDisk": None,
    "storageos": None,
    "projected": _validate_projected,
    "scaleIO": None,
    "csi": _validate_csi,
    "ephemeral": _validate_ephemeral,
    "image": _validate_image,
}
