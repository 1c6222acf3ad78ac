"""kubectl apply, diff and replace. Mirrors k8s.io/kubectl pkg/cmd/{apply,diff,replace}, v1.36."""

from __future__ import annotations

import difflib
import json
from functools import partial

from kubesim.api.errors import StatusError
from kubesim.api.objects import LAST_APPLIED, Object, metadata
from kubesim.api.resources import SECRET
from kubesim.cluster.apiserver import patch
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.gotext import gojson
from kubesim.kubectl.change import send_patch, with_last_applied
from kubesim.kubectl.command import Call, command, only_files
from kubesim.kubectl.deletion import delete_target, wait_until_gone
from kubesim.kubectl.errors import (
    Exit,
    KubectlError,
    NotSimulated,
    raise_all,
    refuse_if,
    visit,
    with_source,
)
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.manifests import Target, check_kind, manifests, visit_manifests
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import find_named

NO_FILES = "must specify one of -f and -k"
_NO_ANNOTATION = (
    "Warning: resource {resource}/{name} is missing the kubectl.kubernetes.io/last-applied-configuration annotation "
    "which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by "
    "either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
)


@command("apply", check=only_files, prints_last=True)
def apply(call: Call) -> None:
    refuse_if(not call.flags["filename"], NO_FILES)
    is_dry = call.dry_run == "server"
    refuse_if(call.flags["force"] and is_dry, "--dry-run=server cannot be used with --force")
    errors: list[Exception] = []
    applied = list(manifests(call, errors))
    refuse_if(not applied and not errors, "no objects passed to apply")
    results: list[Object] = []
    visit(applied, errors, partial(_apply_one, call, results))
    if results[1:]:
        listed: Object = {"kind": "List", "apiVersion": "v1", "metadata": {}}  # in Go's order
        listed["items"] = json.loads(json.dumps(results, sort_keys=True))
        call.say(call.output_format().render(listed, typed=True))
    elif results:
        call.say(call.output_format().render(results[0]))


def _apply_one(call: Call, results: list[Object], manifest: Target) -> None:
    """Apply one object and report it; with -o json or yaml, add it to those that are printed at the end."""
    generated = metadata(manifest.obj).get("generateName")
    refuse_if(not manifest.name and generated, f"from {generated}: cannot use generate name with apply")
    obj, operation = _applied(call, manifest, _current(call, manifest))
    if call.flags["output"] in ("", "name"):
        print_result(call, manifest.resource, obj, operation)
    else:
        results.append(obj)


def _applied(call: Call, manifest: Target, current: Object | None) -> tuple[Object, str]:
    """The object as it is after the change, and what was done to it."""
    modified = with_last_applied(manifest.obj)
    if current is None:
        return send(call, manifest, modified), "created"
    if LAST_APPLIED not in (metadata(current).get("annotations") or {}):
        call.complain(_NO_ANNOTATION.format(resource=manifest.resource.plural, name=manifest.name))
    change = patch.three_way(_original_of(manifest, modified, current), modified, current, manifest.resource)
    return (_patch(call, manifest, change, current), "configured") if change else (current, "unchanged")


def _original_of(manifest: Target, modified: Object, current: Object) -> Object | None:
    """The manifest that was applied last, or None. Raises KubectlError where the annotation holds something else."""
    kept = (metadata(current).get("annotations") or {}).get(LAST_APPLIED)
    if not kept:
        return None
    try:
        original = gojson.loads(kept)
    except ValueError:
        original = ""
    if original is not None and not isinstance(original, dict):
        objects = f"original:\n{kept}\nmodified:\n{gojson.dumps(modified)}\ncurrent:\n{gojson.dumps(current)}"
        problem = f'for: "{manifest.source}": invalid JSON document'
        raise KubectlError(f"error when creating patch with:\n{objects}\n{problem}")
    return original


def _current(call: Call, manifest: Target) -> Object | None:
    """The object as it is, or None. Raises with the long sentence that apply begins such errors with."""
    where = f'error when retrieving current configuration of:\n{_place(manifest)}from server for: "{manifest.source}": '
    refuse_if(not manifest.name, f"{where}resource name may not be empty")
    try:
        return call.api.get(*manifest.place)
    except StatusError as error:
        if error.reason == "NotFound":
            return None
        raise StatusError(error.code, error.reason, where + error.message) from None


def send(call: Call, manifest: Target, obj: Object, verb: str = "creating") -> Object:
    """Create or replace a manifest's object; --dry-run=client returns what would be sent. Raises StatusError."""
    write = call.api.update if verb == "replacing" else call.api.create
    if call.dry_run == "client":
        return obj
    try:
        check_kind(manifest)
        return write(manifest.resource, obj, **call.request())
    except StatusError as error:
        raise with_source(verb, manifest.source, error) from None


def _patch(call: Call, manifest: Target, change: Object, current: Object) -> Object:
    try:
        return send_patch(call, manifest.resource, current, change, "strategic")
    except StatusError as error:
        if call.flags["force"] and error.reason in ("Invalid", "Conflict"):
            return _recreate(call, manifest, current)
        error = with_source("patching", manifest.source, error)
        raise with_source("applying patch:\n" + _patch_text(manifest, change), manifest.source, error) from None


def _patch_text(manifest: Target, change: Object, end: str = "") -> str:
    return f"{gojson.dumps(change)}{end}\nto:\n{_place(manifest)}for:"


def _place(manifest: Target) -> str:
    """The object of a manifest, as apply's longer sentences name it."""
    resource, version = manifest.resource, f"{manifest.resource.group}/{manifest.resource.version}"
    return (
        f'Resource: "{version}, Resource={resource.plural}", GroupVersionKind: "{version}, Kind={resource.kind}"\n'
        f'Name: "{manifest.name}", Namespace: "{manifest.namespace}"\n'
    )


def _recreate(call: Call, manifest: Target, current: Object) -> Object:
    """--force: delete what cannot be changed and create it again once it is gone, within --timeout.

    Where the new one is refused, the old one comes back.
    """
    grace, modified = call.flags["grace-period"], with_last_applied(manifest.obj)
    call.api.delete(*manifest.place, DeleteOptions(grace if grace >= 0 else None))
    if not call.wait_until(lambda: find_named(call, *manifest.place) is None, call.flags["timeout"]):
        patch_text = _patch_text(manifest, modified, "\n")
        raise KubectlError(f'error when applying patch:\n{patch_text} "{manifest.source}": context deadline exceeded')
    try:
        return call.api.create(manifest.resource, modified, **call.request())
    except StatusError:
        call.api.create(manifest.resource, current, **call.request())
        raise


@command("diff", check=only_files, failure=2)
def diff(call: Call) -> None:
    refuse_if(not call.flags["filename"], NO_FILES)
    if call.context.env.get("KUBECTL_EXTERNAL_DIFF"):
        raise NotSimulated("KUBECTL_EXTERNAL_DIFF is not part of this simulator")
    texts: dict[str, str] = {}
    errors: list[Exception] = []
    call.dry_run = "server"
    for manifest in manifests(call, errors):  # the first error ends it
        version = manifest.resource.api_version.replace("/", ".")
        # The file into which kubectl writes an object for the program diff, which goes through them in order.
        name = f"{version}.{manifest.resource.kind}.{manifest.namespace}.{manifest.name}"
        texts[name] = _difference(name, *_before_and_after(call, manifest))
    raise_all(errors[:1])
    call.say("".join(text for _, text in sorted(texts.items())))
    if any(texts.values()):
        raise Exit(1)


def _difference(name: str, before: str, after: str) -> str:
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    lines = list(difflib.unified_diff(old, new, f"/tmp/LIVE/{name}", f"/tmp/MERGED/{name}"))
    return "".join([f"diff -u -N /tmp/LIVE/{name} /tmp/MERGED/{name}\n", *lines]) if lines else ""


def _before_and_after(call: Call, manifest: Target) -> tuple[str, str]:
    """The object as YAML before and after; a new Secret was null before, for what hides its values makes it so."""
    live = find_named(call, *manifest.place)
    merged = _merged(call, manifest, live)
    if manifest.resource is SECRET:
        live, merged = _masked(live, merged)
        return to_yaml(live), to_yaml(merged)
    return to_yaml(live) if live else "", to_yaml(merged)


def _masked(live: Object | None, merged: Object) -> tuple[Object | None, Object]:
    """A Secret before and after with its values hidden; those that change say so."""
    before, after = (live or {}).get("data") or {}, merged.get("data") or {}
    if live and before:
        live = {**live, "data": _hidden(before, after, "before")}
    if after:
        merged = {**merged, "data": _hidden(after, before, "after")}
    return live, merged


def _hidden(data: Object, other: Object, moment: str) -> Object:
    """The data with stars for its values, which say so where the other data has another value."""
    stars = {}
    for key, value in data.items():
        changes = key in other and other[key] != value
        stars[key] = f"*** ({moment})" if changes else "***"
    return stars


def _merged(call: Call, manifest: Target, live: Object | None) -> Object:
    """The object as apply would leave it."""
    modified = manifest.obj
    if live is None:
        return call.api.create(manifest.resource, modified, **call.request())
    annotations = metadata(modified).get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    modified = {**modified, "metadata": {**metadata(modified), "annotations": kept}}
    change = patch.three_way(_original_of(manifest, modified, live), modified, live, manifest.resource)
    try:
        return call.api.patch(*manifest.place, change, **call.request())
    except StatusError as error:
        raise with_source("patching", manifest.source, error) from None


@command("replace")
def replace(call: Call) -> None:
    flags = call.flags
    refuse_if(not flags["filename"], NO_FILES)
    if flags["force"]:
        refuse_if(call.dry_run != "none", "--dry-run can not be used when --force is set")
    else:
        refuse_if(flags["grace-period"] > -1, "--grace-period must have --force specified")
        refuse_if(flags["timeout"] > 0, "--timeout must have --force specified")

    def act(manifest: Target) -> None:
        new = send(call, manifest, _with_config(call, manifest), "replacing")
        print_result(call, manifest.resource, new, "replaced")

    if call.flags["force"]:
        _replace_by_force(call)
    else:
        visit_manifests(call, act)


def _with_config(call: Call, manifest: Target) -> Object:
    keeps = call.flags["save-config"] or LAST_APPLIED in (metadata(manifest.obj).get("annotations") or {})
    return with_last_applied(manifest.obj) if keeps else manifest.obj


def _replace_by_force(call: Call) -> None:
    """Delete what exists, without checking its fields; then create it again."""
    targets: list[Target] = []
    errors: list[Exception] = []

    def remove(manifest: Target) -> None:
        targets.append(manifest)
        try:
            delete_target(call, manifest, grace if grace >= 0 else None)
        except StatusError as error:
            if error.reason != "NotFound":
                raise with_source("deleting", manifest.source, error) from None

    def create_again(manifest: Target) -> None:
        new = call.api.create(manifest.resource, _with_config(call, manifest), **call.request())
        print_result(call, manifest.resource, new, "replaced")

    grace = call.flags["grace-period"]
    visit(manifests(call, errors, is_valid=False), errors, remove)
    wait_until_gone(call, targets)
    refuse_if(not visit_manifests(call, create_again), "no objects passed to replace")
