"""The volumes of a Pod.

Mirrors ValidateVolumes and validateVolumeSource in kubernetes pkg/apis/core/validation/validation.go, v1.36, for what
refers to Secrets, ConfigMaps and images. inert.json has the other types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kubesim.api import content
from kubesim.api.content import qualified_name
from kubesim.cluster.apiserver.validation.fields import Field

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_FILE_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
# Which fields of a Pod there are: ConvertDownwardAPIFieldLabel in pkg/apis/core/pods/helpers.go.
_KNOWN_FIELD = re.compile(
    r"metadata\.(annotations|labels|name|namespace|uid)"
    r"|spec\.(nodeName|restartPolicy|serviceAccountName|schedulerName)|status\.(phase|(host|pod)IPs?)"
)
_SUBSCRIPTED = re.compile(r"metadata\.(annotations|labels)\['(.*)'\]")
CONTAINER_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
"""What a variable or a file can have of a container's resources."""
_LEAST_TOKEN_SECONDS = 600
_MOST_TOKEN_SECONDS = 2**32


def validate_volumes(spec: Field) -> set[str]:
    """The volumes of a Pod. Returns the names of those that can be mounted."""
    names: set[str] = set()
    for volume in spec.items("volumes"):
        before = len(volume.errors)
        _validate_source(volume)
        volume.check_required("name", content.dns_label)
        name = volume.get("name")
        if name in names:
            volume.duplicate("name", name)
        if len(volume.errors) == before:
            names.add(name)
    return names


def _validate_source(volume: Field) -> None:
    """Only the first source is looked into. Upstream looks for emptyDir and hostPath first, which aren't checked."""
    unchecked = [name for name in volume.value if name not in ("name", *_VALIDATE_SOURCE) and volume.has(name)]
    sources = unchecked + [name for name in _VALIDATE_SOURCE if volume.has(name)]
    if not sources:
        volume.required("", "must specify a volume type")
    elif not unchecked:
        _VALIDATE_SOURCE[sources[0]](volume.inner(sources[0]))
    for name in sources[1:]:
        volume.forbidden(name, "may not specify more than 1 volume type")


def _validate_keys(source: Field, name: str = "name") -> None:
    """A Secret or ConfigMap, by the field that names it, and which of its keys become which files."""
    source.needs(name)
    _validate_mode(source, "defaultMode")
    for item in source.items("items"):
        item.needs("key")
        item.check_required("path", content.projected_path)
        _validate_mode(item, "mode")


def _validate_mode(source: Field, name: str) -> None:
    """The mode of a file, which YAML reads as octal only with a 0 before it."""
    mode = source.get(name)
    if mode is not None and not 0 <= mode <= 0o777:
        source.invalid(name, "must be a number between 0 and 0777 (octal), both inclusive")


def _validate_downward_api(source: Field) -> None:
    _validate_mode(source, "defaultMode")
    for item in source.get("items") or ():
        file = Field(source.errors, source.path, item)  # without its index, as upstream has it
        file.check_required("path", content.projected_path)
        if file.has("fieldRef"):
            validate_field_reference(file.inner("fieldRef"), _FILE_FIELDS)
            if file.has("resourceFieldRef"):
                file.invalid("", "fieldRef and resourceFieldRef can not be specified simultaneously", value="resource")
        elif file.has("resourceFieldRef"):
            reference = file.inner("resourceFieldRef")
            reference.needs("containerName")
            if reference.get("containerName"):
                reference.enum("resource", CONTAINER_RESOURCES)
        else:
            file.required("", "one of fieldRef and resourceFieldRef is required")
        _validate_mode(file, "mode")


def validate_field_reference(reference: Field, supported: Sequence[str]) -> None:
    """A field of the Pod, as a variable or a file has it."""
    path = reference.get("fieldPath", "")
    if not path:
        reference.required("fieldPath")
    elif subscripted := _SUBSCRIPTED.fullmatch(path):
        field, key = subscripted.groups()
        key = key.lower() if field == "annotations" else key
        for problem in qualified_name(key):
            reference.invalid("", problem, value=key)
    elif not _KNOWN_FIELD.fullmatch(path):
        reference.invalid("fieldPath", f"error converting fieldPath: field label not supported: {path}")
    elif path not in supported:
        reference.unsupported("fieldPath", supported)


def _validate_projected(volume: Field) -> None:
    """The sources of a volume; each has a folder's mode from the volume, and a path that no other has."""
    _validate_mode(volume, "defaultMode")
    paths: set[str] = set()
    for source in volume.items("sources"):
        for kind in ("secret", "configMap"):
            if source.has(kind):
                keys = source.inner(kind)
                _validate_keys(keys)
                for item in keys.items("items"):
                    _add_path(volume, paths, item.get("path", ""), keys.get("name", ""))
        downward = source.inner("downwardAPI")
        _validate_downward_api(downward)
        for file in downward.items("items"):
            _add_path(volume, paths, file.get("path", ""), file.get("path", ""))
        if source.has("serviceAccountToken"):
            token = source.inner("serviceAccountToken")
            _validate_token(token, volume)
            _add_path(volume, paths, token.get("path", ""), token.get("path", ""))
        if len(source.value) > 1:
            source.forbidden("", "may not specify more than 1 volume type per source")


def _add_path(volume: Field, paths: set[str], path: str, source: str) -> None:
    """Add a path of a projected volume to its `paths`; the refusal of one that is there names the `source`."""
    if path in paths:
        volume.invalid("", "conflicting duplicate paths", value=source)
    if path:
        paths.add(path)


def _validate_token(token: Field, volume: Field) -> None:
    validate_expiration(token)
    # The path is reported as one of the volume, not of its source.
    Field(volume.errors, volume.path, token.value).check_required("path", content.projected_path)


def validate_expiration(token: Field) -> None:
    """For how many seconds a token is to be valid; ValidateTokenRequest has the same two sentences."""
    seconds = token.get("expirationSeconds", 0)
    if seconds < _LEAST_TOKEN_SECONDS:
        token.invalid("expirationSeconds", "may not specify a duration less than 10 minutes", value=seconds)
    if seconds > _MOST_TOKEN_SECONDS:
        token.invalid("expirationSeconds", "may not specify a duration larger than 2^32 seconds")


def _validate_image(source: Field) -> None:
    source.needs("reference")
    source.enum("pullPolicy", PULL_POLICIES)


# In the order in which upstream looks for them.
_VALIDATE_SOURCE: Mapping[str, Callable[[Field], None]] = {
    "secret": partial(_validate_keys, name="secretName"),
    "downwardAPI": _validate_downward_api,
    "configMap": _validate_keys,
    "projected": _validate_projected,
    "image": _validate_image,
}
