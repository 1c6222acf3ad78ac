"""The volumes of a Pod. Mirrors describeVolumes in k8s.io/kubectl pkg/describe/describe.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kubesim import quantity
from kubesim.describe.writer import Writer
from kubesim.humanize import NONE
from kubesim.objects import Object

Fields = Iterator[tuple[str, object]]


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
        writer.fields(fields(volume[source]), 2)


def _optional(source: Object) -> str:
    return "true" if source.get("optional") else "false"


def _host_path(source: Object) -> Fields:
    yield "Path", source.get("path", "")
    yield "HostPathType", NONE if source.get("type") is None else source["type"]


def _empty_dir(source: Object) -> Fields:
    limit = quantity.canonical(str(source.get("sizeLimit") or "0"))
    yield "Medium", source.get("medium", "")
    yield "SizeLimit", "<unset>" if limit == "0" else limit


def _secret(source: Object) -> Fields:
    yield "SecretName", source.get("secretName", "")
    yield "Optional", _optional(source)


def _config_map(source: Object) -> Fields:
    yield "Name", source.get("name", "")
    yield "Optional", _optional(source)


def _claim(source: Object) -> Fields:
    yield "ClaimName", source.get("claimName", "")
    yield "ReadOnly", "true" if source.get("readOnly") else "false"


def _image(source: Object) -> Fields:
    yield "Reference", source.get("reference", "")
    yield "PullPolicy", source.get("pullPolicy", "")


def _projected(projected: Object) -> Fields:
    for source in projected.get("sources") or ():
        if source.get("secret") is not None:
            yield "SecretName", source["secret"].get("name", "")
            yield "Optional", _optional(source["secret"])
        elif source.get("downwardAPI") is not None:
            yield "DownwardAPI", "true"
        elif source.get("configMap") is not None:
            yield "ConfigMapName", source["configMap"].get("name", "")
            yield "Optional", _optional(source["configMap"])
        elif source.get("serviceAccountToken") is not None:
            yield "TokenExpirationSeconds", source["serviceAccountToken"].get("expirationSeconds", 3600)


_SOURCES: dict[str, tuple[str, Callable[[Object], Fields]]] = {
    "hostPath": ("HostPath (bare host directory volume)", _host_path),
    "emptyDir": ("EmptyDir (a temporary directory that shares a pod's lifetime)", _empty_dir),
    "secret": ("Secret (a volume populated by a Secret)", _secret),
    "configMap": ("ConfigMap (a volume populated by a ConfigMap)", _config_map),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        _claim,
    ),
    "projected": ("Projected (a volume that contains injected data from multiple sources)", _projected),
    "image": ("Image (a container image or OCI artifact)", _image),
}
