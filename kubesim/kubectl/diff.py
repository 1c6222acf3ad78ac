"""kubectl diff. Mirrors k8s.io/kubectl pkg/cmd/diff/diff.go, v1.36."""

from __future__ import annotations

import difflib

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import SECRET
from kubesim.cluster.apiserver import patch
from kubesim.kubectl import flags
from kubesim.kubectl.apply import original_of
from kubesim.kubectl.command import Call, absent, command, no_arguments, switch
from kubesim.kubectl.errors import Exit, KubectlError, Several, raise_all, with_source
from kubesim.kubectl.formats.marshal import LAST_APPLIED, to_yaml
from kubesim.kubectl.manifests import Manifest, manifests, require_file, require_namespace
from kubesim.kubectl.selection import get_named


def _check_diff(call: Call) -> None:
    no_arguments(call)
    require_file(call)


@command(
    "diff",
    "-f FILENAME",
    "Diff the live version against a would-be applied version",
    flags.FILENAME,
    flags.SELECTOR,
    switch("show-managed-fields", "", "Keep managedFields in the comparison (kubesim keeps none)."),
    flags.field_manager("kubectl-client-side-apply"),
    *absent("server-side", "force-conflicts", "prune", "show-secrets", kind="switch"),
    *absent("prune-allowlist"),
    *absent("concurrency", kind="number"),
    example="  kubectl diff -f pod.yaml",
    check=_check_diff,
    failure=2,
)
def diff(call: Call) -> None:
    """Show what apply would change; exit status 1 where anything would."""
    texts: dict[str, str] = {}
    errors: list[Exception] = []  # the first of them is told, and ends its file
    failed: dict[str, tuple[str, Several]] = {}  # by file: the document, a List perhaps, and its errors
    for manifest in manifests(call, errors):
        if failed.get(manifest.source, (manifest.document,))[0] != manifest.document:
            continue
        try:
            texts[_file_name(manifest)] = _difference(call, manifest)
        except (StatusError, KubectlError) as error:
            if manifest.source not in failed:
                failed[manifest.source] = manifest.document, Several(())
                errors.append(failed[manifest.source][1])
            failed[manifest.source][1].errors.append(error)
    raise_all(errors[:1])
    call.say("".join(text for _, text in sorted(texts.items())))
    if any(texts.values()):
        raise Exit(1)


def _file_name(manifest: Manifest) -> str:
    """The name under which kubectl writes an object to files for the program diff, which goes through them in order."""
    resource = manifest.resource
    group = f"{resource.group}." if resource.group else ""
    return f"{group}{resource.version}.{resource.kind}.{manifest.namespace}.{manifest.name}"


def _difference(call: Call, manifest: Manifest) -> str:
    require_namespace(call, manifest.namespace)
    live = _live(call, manifest)
    merged = _merged(call, manifest, live)
    name = _file_name(manifest)
    before = to_yaml(live).splitlines(keepends=True) if live else []
    if manifest.resource is SECRET:
        live, merged = _masked(live, merged)
        before = to_yaml(live).splitlines(keepends=True)
    after = to_yaml(merged).splitlines(keepends=True)
    lines = list(difflib.unified_diff(before, after, f"/tmp/LIVE/{name}", f"/tmp/MERGED/{name}"))
    return "".join([f"diff -u -N /tmp/LIVE/{name} /tmp/MERGED/{name}\n", *lines]) if lines else ""


def _live(call: Call, manifest: Manifest) -> Object | None:
    try:
        return get_named(call, manifest.resource, manifest.namespace, manifest.name)
    except StatusError as error:
        if error.reason != "NotFound":
            raise
    return None


def _masked(live: Object | None, merged: Object) -> tuple[Object | None, Object]:
    """A Secret before and after with its values hidden; those that change say so."""
    before, after = (obj.get("data") or {} if obj else {} for obj in (live, merged))

    def hidden(data: Object, other: Object, moment: str) -> Object:
        return {key: f"*** ({moment})" if other.get(key, value) != value else "***" for key, value in data.items()}

    shown = live and {**live, **({"data": hidden(before, after, "before")} if before else {})}
    return shown, {**merged, **({"data": hidden(after, before, "after")} if after else {})}


def _merged(call: Call, manifest: Manifest, live: Object | None) -> Object:
    if live is None:
        return call.api.create(manifest.resource, manifest.obj, **call.request("server"))
    wanted = _without_last_applied(manifest.obj)
    change = patch.three_way(original_of(manifest, wanted, live), wanted, live, manifest.resource)
    return _dry_patched(call, manifest, change)


def _without_last_applied(obj: Object) -> Object:
    """What an object has to be, its annotation left as it is. Mirrors GetModifiedConfiguration of pkg/util/apply.go."""
    kept = {key: value for key, value in (metadata(obj).get("annotations") or {}).items() if key != LAST_APPLIED}
    return {**obj, "metadata": {**metadata(obj), "annotations": kept}}


def _dry_patched(call: Call, manifest: Manifest, change: Object) -> Object:
    where = (manifest.resource, manifest.namespace, manifest.name)
    try:
        return call.api.patch(*where, change, **call.request("server"))
    except StatusError as error:
        raise with_source("patching", manifest.source, error) from None
