"""kubectl diff. Mirrors k8s.io/kubectl pkg/cmd/diff/diff.go, v1.36."""

from __future__ import annotations

import difflib

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import SECRET
from kubesim.cluster.apiserver import patch
from kubesim.kubectl.apply import original_of
from kubesim.kubectl.command import Call, command, no_arguments
from kubesim.kubectl.errors import Exit, raise_all, with_source
from kubesim.kubectl.formats.marshal import LAST_APPLIED, to_yaml
from kubesim.kubectl.manifests import Manifest, manifests, require_file, require_namespace
from kubesim.kubectl.selection import find_named


def _check_diff(call: Call) -> None:
    no_arguments(call)
    require_file(call)


@command("diff", check=_check_diff, failure=2)
def diff(call: Call) -> None:
    texts: dict[str, str] = {}
    errors: list[Exception] = []
    for manifest in manifests(call, errors):  # the first error ends it
        require_namespace(call, manifest.namespace)
        name = _file_name(manifest)
        texts[name] = _difference(name, *_before_and_after(call, manifest))
    raise_all(errors[:1])
    call.say("".join(text for _, text in sorted(texts.items())))
    if any(texts.values()):
        raise Exit(1)


def _file_name(manifest: Manifest) -> str:
    """The name under which kubectl writes an object to files for the program diff, which goes through them in order."""
    resource = manifest.resource
    group = f"{resource.group}." if resource.group else ""
    return f"{group}{resource.version}.{resource.kind}.{manifest.namespace}.{manifest.name}"


def _difference(name: str, *objects: Object | None) -> str:
    before, after = (to_yaml(obj).splitlines(keepends=True) if obj else [] for obj in objects)
    lines = list(difflib.unified_diff(before, after, f"/tmp/LIVE/{name}", f"/tmp/MERGED/{name}"))
    return "".join([f"diff -u -N /tmp/LIVE/{name} /tmp/MERGED/{name}\n", *lines]) if lines else ""


def _before_and_after(call: Call, manifest: Manifest) -> tuple[Object | None, Object]:
    live = find_named(call, manifest.resource, manifest.namespace, manifest.name)
    merged = _merged(call, manifest, live)
    return _masked(live, merged) if manifest.resource is SECRET else (live, merged)


def _masked(live: Object | None, merged: Object) -> tuple[Object | None, Object]:
    """A Secret before and after with its values hidden; those that change say so."""
    before, after = (obj.get("data") or {} if obj else {} for obj in (live, merged))

    def hidden(data: Object, other: Object, moment: str) -> Object:
        return {key: f"*** ({moment})" if other.get(key, value) != value else "***" for key, value in data.items()}

    shown = live and {**live, **({"data": hidden(before, after, "before")} if before else {})}
    return shown, {**merged, **({"data": hidden(after, before, "after")} if after else {})}


def _merged(call: Call, manifest: Manifest, live: Object | None) -> Object:
    """The object as apply would leave it."""
    resource, wanted = manifest.resource, manifest.obj
    if live is None:
        return call.api.create(resource, wanted, **call.request("server"))
    annotations = metadata(wanted).get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    wanted = {**wanted, "metadata": {**metadata(wanted), "annotations": kept}}
    change = patch.three_way(original_of(manifest, wanted, live), wanted, live, resource)
    try:
        return call.api.patch(resource, manifest.namespace, manifest.name, change, **call.request("server"))
    except StatusError as error:
        raise with_source("patching", manifest.source, error) from None
