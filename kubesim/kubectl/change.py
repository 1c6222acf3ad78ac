"""kubectl patch and scale, and `send_patch`, which other commands use, too.

Mirrors k8s.io/kubectl pkg/cmd/{patch,scale}, v1.36. Applying a patch is the API server's part, except for a dry run.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kubesim.api.errors import StatusError, bad_request, no_such_path, too_large
from kubesim.api.objects import Object
from kubesim.api.resources import RESOURCES
from kubesim.cluster.apiserver import patch as patches
from kubesim.gotext import gofmt
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, refuse_if, reworded
from kubesim.kubectl.manifests import Target, parse_json, read_text
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

_MAX_REQUEST = 3 * 1024 * 1024  # the API server's limit for a request body, in bytes
_PATCH_TYPES = ("json", "merge", "strategic")
_NOT_PATCHED_LOCALLY = "this patch with --dry-run=client is not part of this simulator, but --dry-run=server is"
_SCALABLE_KINDS = frozenset(resource.kind for resource in RESOURCES if "scale" in resource.parts)


def send_patch(call: Call, target: Target, body: Any, kind: patches.PatchType) -> Object:
    """Patch the object of `target`; return the patched object. Raises StatusError.

    With --dry-run=client, nothing is sent: kubectl itself applies a merge patch or a strategic one to `target.obj`,
    which must be known then.
    """
    if call.dry_run != "client":
        return call.api.patch(*target.place, body, kind, call.request())
    if kind == "merge":
        return patches.merge_patch(target.obj, body)
    return patches.strategic_merge(target.obj, body, target.resource)


@command(
    "patch",
    asks_namespace=True,
    operands="types",
    checks_format="last",
    shows_config_errors=True,
    prints_alone=True,
    hides_dry_run=True,
)
def patch(call: Call) -> None:
    """Patch the objects with the patch of --patch or --patch-file."""
    flags = call.flags
    file = flags["patch-file"]
    refuse_if(flags["patch"] and file, "cannot specify --patch and --patch-file together")
    refuse_if(
        not flags["patch"] and not file, "must specify --patch or --patch-file containing the contents of the patch"
    )
    kind = flags["type"].lower()
    refuse_if(kind not in _PATCH_TYPES, f'--type must be one of [json merge strategic], not "{flags["type"]}"')
    if call.dry_run == "client" and kind == "json":
        raise NotSimulated(_NOT_PATCHED_LOCALLY)
    parsed = _read_patch(call)

    def act(target: Target) -> None:
        try:
            if parsed.refusal:
                raise parsed.refusal
            new = send_patch(call, target, parsed.body, kind)
        except StatusError:
            if call.dry_run == "client":  # kubectl words these errors differently than the API server
                raise NotSimulated(_NOT_PATCHED_LOCALLY) from None
            raise
        print_result(call, target.resource, new, "patched (no change)" if new == target.obj else "patched")

    Query(call, call.args, needs_name=True, latest=False).visit(act)


class _ParsedPatch(NamedTuple):
    """The body of a patch or, for malformed JSON, the API server's refusal.

    kubectl sends malformed JSON as it is, and so the refusal appears once for each object.
    """

    body: Any = None
    refusal: StatusError | None = None


def _read_patch(call: Call) -> _ParsedPatch:
    """Read the patch of --patch or --patch-file, in YAML or JSON.

    Raises KubectlError for malformed YAML or an unreadable file, and StatusError for a patch beyond _MAX_REQUEST.
    """
    from kubesim.kubectl.documents import parse_document  # late: it imports YAML

    text = str(call.flags["patch"])
    if file := call.flags["patch-file"]:
        with reworded(KubectlError, "unable to read patch file: "):
            text = read_text(call, file)
    if len(text) > _MAX_REQUEST:
        raise too_large(_MAX_REQUEST)
    try:
        return _ParsedPatch(parse_json(text) if text.lstrip()[:1] == "{" else parse_document(text))
    except ManifestError as error:
        raise KubectlError(f"unable to parse {gofmt.quote(call.flags['patch'])}: {error}") from None
    except ValueError as error:
        return _ParsedPatch(refusal=bad_request(str(error)))


@command("scale", asks_namespace=True, operands="types", kinds=_SCALABLE_KINDS, checks_format="first")
def scale(call: Call) -> None:
    """Set the replicas of workloads through their Scale, if they have --current-replicas."""
    replicas = call.flags["replicas"]
    expected = call.flags["current-replicas"]
    refuse_if(replicas < 0, "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    refuse_if(expected < -1, "The --current-replicas must specify an integer of -1 or greater")

    def set_replicas(scale: Object) -> Object:
        return {**scale, "spec": {"replicas": replicas}}

    def act(target: Target) -> None:
        obj = target.obj
        if call.dry_run != "client":
            if "scale" not in target.resource.parts:
                raise no_such_path()
            present = obj["spec"]["replicas"]
            refuse_if(expected >= 0 and expected != present, f"Expected replicas to be {expected}, was {present}")
            call.api.change_scale(*target.place, set_replicas, dry_run=call.dry_run == "server")
        # kubectl prints the object as fetched, with only the number replaced, even if a dry run's object has no spec.
        spec = {**(obj.get("spec") or {}), "replicas": replicas}
        print_result(call, target.resource, {**obj, "spec": spec}, "scaled")

    refuse_if(not Query(call, call.args, needs_name=True).visit(act), "no objects passed to scale")
