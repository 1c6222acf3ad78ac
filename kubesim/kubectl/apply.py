"""kubectl apply, diff and replace, which write the objects of manifests. `kubectl create` is in create/.

Mirrors k8s.io/kubectl pkg/cmd/{apply,diff,replace} and pkg/util/apply.go, v1.36, without server-side apply and pruning.
"""

from __future__ import annotations

from typing import Literal

from kubesim.api.errors import StatusError
from kubesim.api.objects import LAST_APPLIED, Object, annotations_of, is_deleted, metadata
from kubesim.api.resources import SECRET
from kubesim.cluster.apiserver import patch
from kubesim.gotext import gojson
from kubesim.gotext.difference import unified_difference
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command, only_files
from kubesim.kubectl.deletion import delete_target, report_deleted, wait_until_gone
from kubesim.kubectl.errors import Exit, NotSimulated, is_missing, naming_source, refuse_if, visit
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.manifests import Target, check_kind, manifests
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import find_live

NO_FILES = "must specify one of -f and -k"
_NO_ANNOTATION = (
    "Warning: resource {resource}/{name} is missing the kubectl.kubernetes.io/last-applied-configuration annotation "
    "which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by "
    "either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
)
_BEING_DELETED = "Warning: Detected changes to resource {} which is currently being deleted.\n"


@command("apply", check=only_files, checks_format="last")
def apply(call: Call) -> None:
    """Create the manifests' objects, or patch them into the state of the manifests."""
    refuse_if(not call.flags["filename"], NO_FILES)
    applied = list(manifests(call))
    refuse_if(not applied, "no objects passed to apply")
    results: list[Object] = []
    targets = [manifest for manifest in applied if isinstance(manifest, Target)]
    prints_list = len(targets) > 1 and call.flags["output"] not in ("", "name")

    # Of several objects, -o prints one List at the end. The names and the lines of "configured" come one by one.
    def act(manifest: Target) -> None:
        obj, operation = _apply_one(call, manifest)
        results.append(obj)
        if not prints_list:
            print_result(call, manifest.resource, obj, operation)

    visit(applied, act, errors_first=True)
    if prints_list:
        items = gojson.loads(gojson.dumps(results))  # sorts the items' keys; those of the List keep their order
        listed = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}
        call.say(call.output_format().render(listed, typed=True))


def _apply_one(call: Call, manifest: Target) -> tuple[Object, str]:
    """Apply a manifest; return the resulting object and the operation: "created", "configured" or "unchanged"."""
    generated = metadata(manifest.obj).get("generateName")
    refuse_if(not manifest.name and generated, f"from {generated}: cannot use generate name with apply")
    resource = manifest.resource
    modified = with_last_applied(manifest.obj)
    current = _current(call, manifest)
    if current is None:
        return send_manifest(call, manifest, modified, "creating"), "created"
    if LAST_APPLIED not in annotations_of(current):
        call.complain(_NO_ANNOTATION.format(resource=resource.plural, name=manifest.name))
    if is_deleted(current):
        call.complain(_BEING_DELETED.format(manifest.name))
    body = patch.three_way(_original_of(current), modified, current, resource)
    if body:
        return _send_patch(call, manifest._replace(obj=current), body), "configured"
    return current, "unchanged"


def _without_last_applied(obj: Object) -> Object:
    """A copy of the manifest without the annotation LAST_APPLIED, and with `annotations`, even if they are empty."""
    annotations = {key: text for key, text in annotations_of(obj).items() if key != LAST_APPLIED}
    return {**obj, "metadata": {**metadata(obj), "annotations": annotations}}


def with_last_applied(obj: Object) -> Object:
    """A copy of the manifest whose annotation LAST_APPLIED holds the manifest itself, as JSON.

    The next apply compares its manifest with that annotation to find removed fields.
    """
    bare = _without_last_applied(obj)
    meta = bare["metadata"]
    annotations = {**meta["annotations"], LAST_APPLIED: gojson.dumps(bare) + "\n"}
    return {**bare, "metadata": {**meta, "annotations": annotations}}


def _original_of(current: Object) -> Object | None:
    """The manifest in the annotation LAST_APPLIED of the live object, or None.

    Raises NotSimulated if the annotation isn't a JSON object.
    """
    applied = annotations_of(current).get(LAST_APPLIED)
    if not applied:
        return None
    try:
        original = gojson.loads(applied)
    except ValueError:
        original = ""  # neither a dict nor None: refused below
    if original is not None and not isinstance(original, dict):
        raise NotSimulated(f"an annotation {LAST_APPLIED} that holds no object is not part of this simulator")
    return original


def _current(call: Call, manifest: Target) -> Object | None:
    """The live object of a manifest, or None if there is none.

    Raises StatusError, or KubectlError for a manifest without a name; both begin with "error when retrieving …".
    """
    place = _describe_place(manifest)
    where = f'error when retrieving current configuration of:\n{place}from server for: "{manifest.source}": '
    refuse_if(not manifest.name, f"{where}resource name may not be empty")
    try:
        return call.api.get(*manifest.place)
    except StatusError as error:
        if is_missing(error):
            return None
        raise StatusError(error.code, error.reason, where + error.message) from None


def send_manifest(call: Call, manifest: Target, obj: Object, verb: Literal["creating", "replacing"]) -> Object:
    """Create or replace a manifest's object; return the API server's answer. Raises StatusError.

    With --dry-run=client, nothing is sent, and `obj` itself is returned.
    """
    if call.dry_run == "client":
        return obj
    write = call.api.create if verb == "creating" else call.api.update
    with naming_source(verb, manifest.source):
        check_kind(manifest)
        return write(manifest.resource, obj, call.request())


def _send_patch(call: Call, live: Target, body: Object) -> Object:
    """Send a strategic patch of a live object. Raises StatusError with apply's long message."""
    verb = f"applying patch:\n{gojson.dumps(body)}\nto:\n{_describe_place(live)}for:"
    with naming_source(verb, live.source), naming_source("patching", live.source):  # kubectl names it twice
        return send_patch(call, live, body, "strategic")


def _describe_place(manifest: Target) -> str:
    """Two lines with a manifest's type, name and namespace, for apply's messages."""
    resource = manifest.resource
    return (
        f'Resource: "{resource.gvr}", GroupVersionKind: "{resource.gvk}"\n'
        f'Name: "{manifest.name}", Namespace: "{manifest.namespace}"\n'
    )


@command("diff", check=only_files, failure=2)
def diff(call: Call) -> None:
    """Print the differences that an apply would make, with exit status 1 if there are any."""
    refuse_if(not call.flags["filename"], NO_FILES)
    if call.context.env.get("KUBECTL_EXTERNAL_DIFF"):
        raise NotSimulated("KUBECTL_EXTERNAL_DIFF is not part of this simulator")
    texts: dict[str, str] = {}
    for manifest in manifests(call):
        if isinstance(manifest, Exception):  # unlike apply, diff stops at the first error, and shows no difference
            raise manifest
        version = manifest.resource.api_version.replace("/", ".")
        # The name of the file that kubectl writes for the program diff, which shows files sorted by name.
        name = f"{version}.{manifest.resource.kind}.{manifest.namespace}.{manifest.name}"
        before, after = _before_and_after(call, manifest)
        texts[name] = _difference(call, name, before, after)
    call.say("".join(text for _, text in sorted(texts.items())))
    if any(texts.values()):
        raise Exit(1)


def _before_and_after(call: Call, manifest: Target) -> tuple[str, str]:
    """The live object and the object after an apply, both in YAML; a Secret's values are hidden.

    Without a live object, the first text is empty, and for a Secret "null".
    """
    live = find_live(call, manifest)
    merged = _preview(call, manifest, live)
    if manifest.resource is not SECRET:
        return to_yaml(live) if live else "", to_yaml(merged)
    before = live and _with_stars(live, merged, "before")  # None for a new Secret, which YAML writes as "null"
    return to_yaml(before), to_yaml(_with_stars(merged, live, "after"))


def _difference(call: Call, name: str, before: str, after: str) -> str:
    """The output of `diff -u -N` for two versions of an object, "" if they are equal."""
    old_file = f"/tmp/LIVE/{name}"
    new_file = f"/tmp/MERGED/{name}"
    call.context.budget.spend(len(before) + len(after))
    hunks = unified_difference(before, after, call.context.budget.spend)
    head = f"diff -u -N {old_file} {new_file}\n--- {old_file}\n+++ {new_file}\n"
    return head + hunks if hunks else ""


def _with_stars(secret: Object, other: Object | None, suffix: Literal["before", "after"]) -> Object:
    """A copy of a Secret with stars in place of values. `suffix` follows the stars of values that `other` has changed.

    `other` is the other version of the Secret, None if there is none.
    """
    if not secret.get("data"):
        return secret
    other_data = (other or {}).get("data") or {}
    stars = {}
    for key, value in secret["data"].items():
        is_changed = key in other_data and other_data[key] != value
        stars[key] = f"*** ({suffix})" if is_changed else "***"
    return {**secret, "data": stars}


def _preview(call: Call, manifest: Target, live: Object | None) -> Object:
    """The object after an apply, from a dry run on the API server; `live` is the object before it, or None."""
    dry_run = call.request()._replace(dry_run=True)
    if live is None:
        return call.api.create(manifest.resource, manifest.obj, dry_run)
    body = patch.three_way(_original_of(live), _without_last_applied(manifest.obj), live, manifest.resource)
    with naming_source("patching", manifest.source):
        return call.api.patch(*manifest.place, body, options=dry_run)


@command("replace")
def replace(call: Call) -> None:
    """Replace the manifests' objects or, with --force, delete and create them again."""
    flags = call.flags
    refuse_if(not flags["filename"], NO_FILES)
    refuse_if(flags["force"] and call.dry_run != "none", "--dry-run can not be used when --force is set")
    refuse_if(flags["grace-period"] >= 0 and not flags["force"], "--grace-period must have --force specified")
    if flags["force"]:
        _replace_by_force(call)
        return

    def act(manifest: Target) -> None:
        new = send_manifest(call, manifest, _with_config(call, manifest), "replacing")
        print_result(call, manifest.resource, new, "replaced")

    visit(manifests(call), act)


def _with_config(call: Call, manifest: Target) -> Object:
    """The object that replace sends: the manifest, with LAST_APPLIED if the file has it or --save-config wants it."""
    has_config = call.flags["save-config"] or LAST_APPLIED in annotations_of(manifest.obj)
    return with_last_applied(manifest.obj) if has_config else manifest.obj


def _replace_by_force(call: Call) -> None:
    """Delete the manifests' objects, wait until they are gone, and create them again.

    Only the second reading validates the manifests, as in kubectl: a wrong field is refused after the deletion.
    """
    targets: list[Target] = []
    grace = max(1, call.flags["grace-period"]) if call.flags["grace-period"] >= 0 else None

    def remove(manifest: Target) -> None:
        targets.append(manifest)
        with naming_source("deleting", manifest.source):
            delete_target(call, manifest, grace)
        report_deleted(call, manifest, "deleted")

    def create_again(manifest: Target) -> None:
        new = call.api.create(manifest.resource, _with_config(call, manifest), call.request())
        print_result(call, manifest.resource, new, "replaced")

    visit(manifests(call, validates=False), remove, ignores_missing=True)
    wait_until_gone(call, targets)
    refuse_if(not visit(manifests(call), create_again), "no objects passed to replace")
