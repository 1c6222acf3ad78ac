"""The volumes of a Pod. Mirrors describeVolumes in k8s.io/kubectl pkg/describe/describe.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api import quantity
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object
from kubesim.kubectl.describers.writer import Writer

# Each source with what kubectl says of it, and the fields that are shown: label, key, and what stands for none.
_SOURCES: dict[str, tuple[str, tuple[tuple[str, str, object], ...]]] = {
    "hostPath": (
        "HostPath (bare host directory volume)",
        (("Path", "path", ""), ("HostPathType", "type", NONE)),
    ),
    "emptyDir": (
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        (("Medium", "medium", ""), ("SizeLimit", "sizeLimit", "<unset>")),
    ),
    "secret": (
        "Secret (a volume populated by a Secret)",
        (("SecretName", "secretName", ""), ("Optional", "optional", False)),
    ),
    "configMap": (
        "ConfigMap (a volume populated by a ConfigMap)",
        (("Name", "name", ""), ("Optional", "optional", False)),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName", "claimName", ""), ("ReadOnly", "readOnly", False)),
    ),
    "projected": ("Projected (a volume that contains injected data from multiple sources)", ()),
    "image": (
        "Image (a container image or OCI artifact)",
        (("Reference", "reference", ""), ("PullPolicy", "pullPolicy", "")),
    ),
}
_PROJECTIONS: dict[str, tuple[tuple[str, str, object], ...]] = {
    "secret": (("SecretName", "name", ""), ("Optional", "optional", False)),
    "downwardAPI": (("DownwardAPI", "", True),),
    "configMap": (("ConfigMapName", "name", ""), ("Optional", "optional", False)),
    "serviceAccountToken": (("TokenExpirationSeconds", "expirationSeconds", 3600),),
}


def write_volumes(writer: Writer, volumes: Sequence[Object] | None, indent: str = "") -> None:
    """One entry a volume; `indent` is what stands before everything in a Pod template."""
    if not volumes:
        writer.field(f"{indent}Volumes", NONE)
        return
    writer.line(f"{indent}Volumes:")
    for volume in volumes:
        writer.line(f"{indent[:1]}{volume['name']}:", 1)
        source = next((name for name in _SOURCES if volume.get(name) is not None), None)
        if source is None:
            writer.line("<unknown>", 1)
            continue
        words, fields = _SOURCES[source]
        writer.field("Type", words, 2)
        _write_fields(writer, fields, volume[source])
        for projection in volume[source].get("sources") or () if source == "projected" else ():
            for name in projection:
                _write_fields(writer, _PROJECTIONS.get(name, ()), projection[name])


def _write_fields(writer: Writer, fields: Sequence[tuple[str, str, object]], source: Object) -> None:
    for label, key, default in fields:
        value = source.get(key, default)
        if key == "sizeLimit" and value != default:
            value = quantity.canonical(str(value))
        writer.field(label, str(value).lower() if isinstance(value, bool) else value, 2)
