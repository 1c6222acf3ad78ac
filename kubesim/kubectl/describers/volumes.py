"""Volumes in the descriptions of Pods and Pod templates.

Mirrors describeVolumes in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kubesim.api.objects import Object, at
from kubesim.kubectl.describers.common import Items, or_unset, row, switch


def volume_lines(volumes: Items, indent: str) -> Iterator[str]:
    """The lines about volumes: the name of each, and the fields of its source."""
    for volume in volumes or ():
        yield f"{indent}{volume.get('name', '')}:"
        for field, describe in SOURCES.items():
            if volume.get(field) is not None:
                yield from describe(volume[field])


def _type(text: str) -> str:
    return row("    Type", text)


def _nfs(source: Object) -> Iterator[str]:
    yield _type("NFS (an NFS mount that lasts the lifetime of a pod)")
    yield row("    Server", source.get("server"))
    yield row("    Path", source.get("path"))
    yield row("    ReadOnly", switch(source.get("readOnly")))


def _host_path(source: Object) -> Iterator[str]:
    yield _type("HostPath (bare host directory volume)")
    yield row("    Path", source.get("path"))
    yield row("    HostPathType", source.get("type"))


def _empty_dir(source: Object) -> Iterator[str]:
    yield _type("EmptyDir (a temporary directory that shares a pod's lifetime)")
    yield row("    Medium", source.get("medium"))
    yield row("    SizeLimit", or_unset(source.get("sizeLimit")))


def _secret(source: Object) -> Iterator[str]:
    yield _type("Secret (a volume populated by a Secret)")
    yield row("    SecretName", source.get("secretName"))
    yield row("    Optional", switch(source.get("optional")))


def _config_map(source: Object) -> Iterator[str]:
    yield _type("ConfigMap (a volume populated by a ConfigMap)")
    yield row("    Name", source.get("name"))
    yield row("    Optional", switch(source.get("optional")))


def _claim(source: Object) -> Iterator[str]:
    yield _type("PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)")
    yield row("    ClaimName", source.get("claimName"))
    yield row("    ReadOnly", switch(source.get("readOnly")))


def _downward_api(source: Object) -> Iterator[str]:
    yield _type("DownwardAPI (a volume populated by information about the pod)")
    yield "    Items:"
    for item in source.get("items") or ():
        yield f"      {at(item, 'fieldRef.fieldPath')} -> {item['path']}"


def _projected(source: Object) -> Iterator[str]:
    yield _type("Projected (a volume that contains injected data from multiple sources)")
    for projection in source.get("sources") or ():
        for field, describe in PROJECTIONS.items():
            if projection.get(field) is not None:
                yield from describe(projection[field])


def _projected_secret(source: Object) -> Iterator[str]:
    yield row("    SecretName", source.get("name"))
    yield row("    Optional", switch(source.get("optional")))


def _projected_downward_api(_source: Object) -> Iterator[str]:
    yield row("    DownwardAPI", "true")


def _projected_config_map(source: Object) -> Iterator[str]:
    yield row("    ConfigMapName", source.get("name"))
    yield row("    Optional", switch(source.get("optional")))


def _projected_token(source: Object) -> Iterator[str]:
    yield row("    TokenExpirationSeconds", or_unset(source.get("expirationSeconds"), unset="3600"))


def _image(source: Object) -> Iterator[str]:
    yield _type("Image (a container image or OCI artifact)")
    yield row("    Reference", source.get("reference"))
    yield row("    PullPolicy", source.get("pullPolicy"))


# By the field of a volume.
SOURCES: Mapping[str, Callable[[Object], Iterator[str]]] = {
    "nfs": _nfs,
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "secret": _secret,
    "configMap": _config_map,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "image": _image,
}
# By the field of a source of a projected volume.
PROJECTIONS: Mapping[str, Callable[[Object], Iterator[str]]] = {
    "secret": _projected_secret,
    "downwardAPI": _projected_downward_api,
    "configMap": _projected_config_map,
    "serviceAccountToken": _projected_token,
}
