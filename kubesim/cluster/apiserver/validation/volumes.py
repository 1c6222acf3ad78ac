"""The volumes of a Pod.

Mirrors ValidateVolumes and validateVolumeSource in kubernetes pkg/apis/core/validation/validation.go, v1.36, for what
refers to Secrets, ConfigMaps and images, and for names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from kubesim.api import content
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.fields import Field

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_FILE_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
# Which fields of a Pod there are: ConvertDownwardAPIFieldLabel in pkg/apis/core/pods/helpers.go.
_KNOWN_FIELD = re.compile(
    r"metadata\.(annotations|labels|name|namespace|uid)"
    r"|spec\.(nodeName|restartPolicy|serviceAccountName|schedulerName)|status\.(phase|(host|pod)IPs?)"
)
_SUBSCRIPT = re.compile(r"[^[]+\['.*'\]")
_SUBSCRIPTED = re.compile(r"metadata\.(annotations|labels)\['.*'\]")
_LEAST_TOKEN_SECONDS, _MOST_TOKEN_SECONDS = 600, 2**32


def validate_volumes(spec: Field) -> set[str]:
    """The volumes of a Pod. Returns the names of those that can be mounted."""
    names: set[str] = set()
    for volume in spec.items("volumes"):
        before = len(volume.errors)
        _validate_source(volume)
        volume.check_required("name", content.dns_label)
        volume.unique("name", {*names})
        if len(volume.errors) == before:
            names.add(volume.get("name"))
    return names


def _validate_source(volume: Field) -> None:
    sources = [name for name in _SOURCES if volume.has(name)]
    if not sources:
        volume.required("", "must specify a volume type")
        return
    if validate := _SOURCES[sources[0]]:
        validate(volume.inner(sources[0]))
    for name in sources[1:]:
        volume.forbidden(name, "may not specify more than 1 volume type")


def _validate_host_path(source: Field) -> None:
    source.check_required("path", content.no_backsteps)
    if source.get("path") and source.get("type", "") not in _HOST_PATH_TYPES:
        source.unsupported("type", _HOST_PATH_TYPES)


def _validate_git_repo(source: Field) -> None:
    source.needs("repository")


def _validate_secret(source: Field) -> None:
    source.needs("secretName")
    source.check_optional(content.file_mode, "defaultMode")
    _validate_items(source)


def _validate_config_map(source: Field) -> None:
    source.needs("name")
    source.check_optional(content.file_mode, "defaultMode")
    _validate_items(source)


def _validate_items(source: Field) -> None:
    """Which keys become which files."""
    for item in source.items("items"):
        item.needs("key")
        item.check_required("path", content.projected_path)
        item.check_optional(content.file_mode, "mode")


def _validate_nfs(source: Field) -> None:
    source.needs("server", "path")
    source.check("path", content.absolute_path)


def _validate_claim(source: Field) -> None:
    source.needs("claimName")


def _validate_downward_api(source: Field) -> None:
    source.check_optional(content.file_mode, "defaultMode")
    _validate_downward_files(source)


def _validate_downward_files(source: Field) -> None:
    for item in source.get("items") or ():
        file = Field(source.errors, source.path, item)  # without its index, as upstream has it
        file.check_required("path", content.projected_path)
        if file.has("fieldRef"):
            validate_field_reference(file.inner("fieldRef"), _FILE_FIELDS)
            if file.has("resourceFieldRef"):
                file.invalid("", "fieldRef and resourceFieldRef can not be specified simultaneously")
        elif file.has("resourceFieldRef"):
            file.inner("resourceFieldRef").needs("containerName")
        else:
            file.required("", "one of fieldRef and resourceFieldRef is required")


def validate_field_reference(reference: Field, supported: Sequence[str]) -> None:
    """A field of the Pod, as a variable or a file has it."""
    path = reference.get("fieldPath", "")
    if not path:
        reference.required("fieldPath")
    elif _SUBSCRIPT.fullmatch(path):
        if not _SUBSCRIPTED.fullmatch(path):
            why = f"error converting fieldPath: field label does not support subscript: {path}"
            reference.invalid("fieldPath", why)
    elif not _KNOWN_FIELD.fullmatch(path):
        reference.invalid("fieldPath", f"error converting fieldPath: field label not supported: {path}")
    elif path not in supported:
        reference.unsupported("fieldPath", supported)


def _validate_projected(volume: Field) -> None:
    volume.check_optional(content.file_mode, "defaultMode")
    paths: set[str] = set()
    for source in volume.items("sources"):
        _validate_projection(volume, source)
        for path, culprit in _projected_paths(source.value):
            if path in paths:
                volume.invalid("", "conflicting duplicate paths", value=culprit)
            paths.add(path)
        if len(source.value) > 1:
            source.forbidden("", "may not specify more than 1 volume type per source")


def _validate_projection(volume: Field, source: Field) -> None:
    for kind in ("secret", "configMap"):
        if source.has(kind):
            source.inner(kind).needs("name")
            _validate_items(source.inner(kind))
    _validate_downward_files(source.inner("downwardAPI"))
    if source.has("serviceAccountToken"):
        token = source.inner("serviceAccountToken")
        seconds = token.get("expirationSeconds", 0)
        if seconds < _LEAST_TOKEN_SECONDS:
            why = "may not specify a duration less than 10 minutes"
            token.invalid("expirationSeconds", why, value=seconds)
        if seconds > _MOST_TOKEN_SECONDS:
            token.invalid("expirationSeconds", "may not specify a duration larger than 2^32 seconds")
        # The path is reported as one of the volume, not of its source.
        Field(volume.errors, volume.path, token.value).check_required("path", content.projected_path)


def _projected_paths(source: Object) -> Iterator[tuple[str, str]]:
    """The files that a source makes, each with what upstream shows where another source makes it, too."""
    for kind in ("secret", "configMap", "downwardAPI"):
        for item in (source.get(kind) or {}).get("items") or ():
            if path := item.get("path"):
                yield path, path if kind == "downwardAPI" else source[kind].get("name", "")


def _validate_csi(source: Field) -> None:
    source.needs("driver")


def _validate_ephemeral(source: Field) -> None:
    if not source.has("volumeClaimTemplate"):
        source.required("volumeClaimTemplate")


def _validate_image(source: Field) -> None:
    source.needs("reference")
    source.enum("pullPolicy", PULL_POLICIES)


# In the order in which upstream looks for them; None where nothing of the source is checked.
_SOURCES: Mapping[str, Callable[[Field], None] | None] = {
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
