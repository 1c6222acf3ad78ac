"""Rules for the volumes of a Pod.

Mirrors ValidateVolumes and validateVolumeSource in kubernetes pkg/apis/core/validation/validation.go, v1.36, for
volumes with Secrets, ConfigMaps, tokens, fields of the Pod, and images. Other types are in inert.json.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NoReturn

from kubesim.api import content
from kubesim.api.content import qualified_name
from kubesim.api.errors import not_simulated
from kubesim.cluster.apiserver.validation.fields import Field

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_FILE_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
# The fields of a Pod that the downward API knows: ConvertDownwardAPIFieldLabel in pkg/apis/core/pods/helpers.go.
_KNOWN_FIELD = re.compile(
    r"metadata\.(annotations|labels|name|namespace|uid)"
    r"|spec\.(nodeName|restartPolicy|serviceAccountName|schedulerName)|status\.(phase|(host|pod)IPs?)"
)
_SUBSCRIPTED = re.compile(r"metadata\.(annotations|labels)\['(.*)'\]")
_LEAST_TOKEN_SECONDS = 600
_MOST_TOKEN_SECONDS = 2**32


def validate_volumes(spec: Field) -> set[str]:
    """Validate the volumes of a Pod spec. Returns the names of the valid ones, which can be mounted."""
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
    """Require exactly one source. As in upstream, only the first one is examined.

    Sources that aren't validated here, such as emptyDir and hostPath, come first in upstream's order.
    """
    unchecked = [name for name in volume.value if name not in ("name", *_VALIDATE_SOURCE) and volume.has(name)]
    sources = unchecked + [name for name in _VALIDATE_SOURCE if volume.has(name)]
    if not sources:
        volume.required("", "must specify a volume type")
    elif not unchecked:
        _VALIDATE_SOURCE[sources[0]](volume.inner(sources[0]))
    for name in sources[1:]:
        volume.forbidden(name, "may not specify more than 1 volume type")


def _validate_keys(source: Field, name: str = "name") -> None:
    """Validate a source with a Secret or ConfigMap, whose name is in the field `name`, and its items."""
    source.needs(name)
    _validate_mode(source, "defaultMode")
    for item in source.items("items"):
        item.needs("key")
        item.check_required("path", content.projected_path)
        _validate_mode(item, "mode")


def _validate_mode(source: Field, name: str) -> None:
    """Validate the mode of a file. A mode written without a leading 0 in YAML isn't octal and often too large."""
    mode = source.get(name)
    if mode is not None and not 0 <= mode <= 0o777:
        source.invalid(name, "must be a number between 0 and 0777 (octal), both inclusive")


def _validate_downward_api(source: Field) -> None:
    _validate_mode(source, "defaultMode")
    for item in source.get("items") or ():
        file = Field(source.errors, source.path, item)  # as in upstream, the path lacks the item's index
        file.check_required("path", content.projected_path)
        if file.has("fieldRef"):
            validate_field_reference(file.inner("fieldRef"), _FILE_FIELDS)
        elif file.has("resourceFieldRef"):
            refuse_resource_field()
        else:
            file.required("", "one of fieldRef and resourceFieldRef is required")
        _validate_mode(file, "mode")


def refuse_resource_field() -> NoReturn:
    """Raise StatusError (501) for a resourceFieldRef."""
    raise not_simulated("a resourceFieldRef is not part of this simulator")


def validate_field_reference(reference: Field, supported: Sequence[str]) -> None:
    """Validate a fieldRef in a variable or a file; `supported` are the field paths allowed there."""
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
    """Validate the sources of a projected volume, and that no two of them have the same path."""
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
    """Add a path to the `paths` of a projected volume, and refuse a duplicate; `source` appears in the message."""
    if path in paths:
        volume.invalid("", "conflicting duplicate paths", value=source)
    if path:
        paths.add(path)


def _validate_token(token: Field, volume: Field) -> None:
    validate_expiration(token)
    # As in upstream, a problem of `path` has the path of the volume, not of the source.
    Field(volume.errors, volume.path, token.value).check_required("path", content.projected_path)


def validate_expiration(token: Field) -> None:
    """Validate the expirationSeconds of a token. The messages are those of ValidateTokenRequest, too."""
    seconds = token.get("expirationSeconds", 0)
    if seconds < _LEAST_TOKEN_SECONDS:
        token.invalid("expirationSeconds", "may not specify a duration less than 10 minutes", value=seconds)
    if seconds > _MOST_TOKEN_SECONDS:
        token.invalid("expirationSeconds", "may not specify a duration larger than 2^32 seconds")


def _validate_image(source: Field) -> None:
    source.needs("reference")
    source.enum("pullPolicy", PULL_POLICIES)


# In the order of upstream's checks.
_VALIDATE_SOURCE: Mapping[str, Callable[[Field], None]] = {
    "secret": partial(_validate_keys, name="secretName"),
    "downwardAPI": _validate_downward_api,
    "configMap": _validate_keys,
    "projected": _validate_projected,
    "image": _validate_image,
}
