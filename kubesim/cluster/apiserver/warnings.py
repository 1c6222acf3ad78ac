"""What the API server warns of in a write that it takes.

Mirrors kubernetes pkg/api/pod/warnings.go and pkg/api/service/warnings.go, v1.36, for pull secrets and addresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import Object, template_of
from kubesim.api.resources import POD, SERVICE, Resource
from kubesim.api.specs import PodSpec
from kubesim.gotext.gofmt import quote


def warnings_of(resource: Resource, new: Object, old: Object | None) -> Iterator[str]:
    """The sentences about an object that is created or changed."""
    if resource is SERVICE and new["spec"].get("externalIPs"):
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if resource is POD or (resource.template and (old is None or new["spec"] != old["spec"])):
        spec = template_of(resource, new)["spec"]
        yield from _of_pull_secrets(spec, ".".join((*resource.template, "spec")))


def _of_pull_secrets(spec: PodSpec, path: str) -> Iterator[str]:
    names = [reference.get("name", "") for reference in spec.get("imagePullSecrets") or ()]
    paths = [f"{path}.imagePullSecrets[{index}].name" for index in range(len(names))]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{paths[index]}: duplicate name {quote(name)}"
    for index, name in enumerate(names):
        if not name:
            yield f'{paths[index]}: invalid empty name ""'
