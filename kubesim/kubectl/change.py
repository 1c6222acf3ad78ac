"""kubectl patch, label, annotate, scale and edit: changes of objects that are there.

Mirrors k8s.io/kubectl pkg/cmd/{patch,label,annotate,scale} and pkg/cmd/util/editor/editoptions.go, v1.36.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Any

from kubesim.api.errors import StatusError, bad_request
from kubesim.api.objects import LAST_APPLIED, Object, metadata, name_of, namespace_of
from kubesim.api.resources import Resource, find_kind
from kubesim.api.result import Edit
from kubesim.api.selectors import label_value
from kubesim.cluster.apiserver import patch as patches
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, raise_all, refuse_if, reworded
from kubesim.kubectl.flags import SAYS
from kubesim.kubectl.formats import last_applied, list_of, no_format, to_json, to_yaml
from kubesim.kubectl.manifests import parse_json, read_text
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, Target
from kubesim.workspace import HOME

CHANGE_CAUSE = "kubernetes.io/change-cause"
# Of the API server, in bytes.
MAX_REQUEST = 3 * 1024 * 1024
# Of each type of patch, what it has to be, and what kubectl says of something else and of broken JSON ("": Go's words).
PATCHES = {
    "json": (list, "json: cannot unmarshal object into Go value of type jsonpatch.Patch", ""),
    "merge": (dict, "json: cannot unmarshal array into Go value of type unstructured.detector", "Invalid JSON Patch"),
    "strategic": (dict, "invalid JSON document", "invalid JSON document"),
}


def patch_locally(obj: Object, change: Any, kind: str, resource: Resource) -> Object:
    """The object with a patch, made by kubectl itself. Raises StatusError.

    And NotSimulated for a JSON patch that doesn't apply: kubectl says why, and the API server doesn't.
    """
    if kind == "strategic":
        return patches.strategic_merge(obj, change, resource)
    if kind == "merge":
        return patches.merge_patch(obj, change)
    try:
        return patches.json_patch(obj, change)
    except StatusError as error:
        if error.reason != "Invalid":
            raise
        raise NotSimulated(
            "a JSON patch that doesn't apply without the API server is not part of this simulator"
        ) from None


def with_last_applied(obj: Object, typed: bool = False) -> Object:
    """The manifest with itself in the annotation from which the next apply sees what was removed.

    `typed` says that kubectl built the object itself, as for `to_json`.
    """
    meta = metadata(obj)
    annotations = {**(meta.get("annotations") or {}), LAST_APPLIED: last_applied(obj, typed)}
    return {**obj, "metadata": {**meta, "annotations": annotations}}


def send_patch(call: Call, resource: Resource, obj: Object, change: Any, kind: str) -> Object:
    """Send a patch of an object; return the object as it is then (the very same where nothing changed)."""
    if call.dry_run == "client" or call.flags.get("local"):
        return patch_locally(obj, change, kind, resource)
    return call.api.patch(resource, namespace_of(obj), name_of(obj), change, kind, **call.request())


@command("patch", asks_namespace=True, operands="types", prints_last=True)
def patch(call: Call) -> None:
    kind = call.flags["type"].lower()
    refuse_if(kind not in PATCHES, f'--type must be one of [json merge strategic], not "{call.flags["type"]}"')
    wanted = _parsed(call, kind, call.dry_run == "client" or call.flags["local"])

    def change(target: Target, obj: Object) -> None:
        new = send_patch(call, target.resource, obj, wanted, kind)
        operation = "patched (no change)" if new == obj else "patched"
        print_result(call, target.resource, new, operation)

    Query(call, call.args, needs_name=True, latest=False).visit(change)


def _parsed(call: Call, kind: str, is_local: bool) -> Any:
    """The patch, in YAML or JSON. A wrong one is refused by the server, or in other words by kubectl (`is_local`)."""
    with reworded(KubectlError, "unable to read patch file: "):
        given = read_text(call, call.flags["patch-file"]) if call.flags["patch-file"] else str(call.flags["patch"])
    from kubesim.kubectl.documents import parse_document  # late: it imports YAML

    wanted, mismatch, broken = PATCHES[kind]
    if len(given) > MAX_REQUEST:
        raise StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_REQUEST}")
    try:
        change = parse_json(given) if given.lstrip()[:1] == "{" else parse_document(given)
    except ManifestError as error:
        raise KubectlError(f"unable to parse {gojson.quote(call.flags['patch'])}: {error}") from None
    except ValueError as error:
        raise KubectlError(broken or str(error)) if is_local else bad_request(str(error)) from None
    if is_local and not isinstance(change, wanted):
        raise KubectlError(mismatch)
    return change


def _mark(field: str, call: Call) -> None:
    """Change the labels or the annotations of objects."""
    words, changes = call.split()
    wanted, removed = _changes(changes, field == "labels")
    query = Query(call, words, needs_name=True)
    call.dry_run = "client" if call.flags["list"] else call.dry_run

    def mark(target: Target, obj: Object) -> None:
        resource = target.resource
        new, operation = _marked(call, field, target, obj, wanted, removed)
        if not call.flags["list"]:
            print_result(call, resource, new, operation)
            return
        if not query.is_single:
            call.say(f"Listing {field} for {resource.kind}.{resource.group}/{name_of(obj)}:\n")
        indent = "" if query.is_single else " "
        marks = sorted((metadata(new).get(field) or {}).items())
        call.say("".join(f"{indent}{key}={value}\n" for key, value in marks))

    query.visit(mark)


command("label", asks_namespace=True, operands="types", prints_last=True)(partial(_mark, "labels"))
command("annotate", asks_namespace=True, operands="types")(partial(_mark, "annotations"))


def _changes(given: Sequence[str], is_label: bool) -> tuple[dict[str, str], list[str]]:
    """KEY=VALUE pairs, and the keys of KEY- removals."""
    wanted: dict[str, str] = {}
    removed: list[str] = []
    for arg in given:
        key, equals, value = arg.partition("=")
        if equals and key:
            refuse_if(is_label and "=" in value, f"invalid label spec: {arg}")
            if is_label and (problems := label_value(value)):
                raise KubectlError(f"invalid label value: {json.dumps(arg)}: {';'.join(problems)}")
            wanted[key] = value
        else:
            removed.append(arg[:-1])
    if both := [key for key in removed if key in wanted]:
        clash = "a label" if is_label else "the following annotation(s)"
        names = "" if is_label else f": {', '.join(both)}"
        raise KubectlError(f"can not both modify and remove {clash} in the same command{names}")
    return wanted, removed


def _marked(
    call: Call, field: str, target: Target, obj: Object, wanted: dict[str, str], removed: list[str]
) -> tuple[Object, str]:
    present: dict[str, str] = metadata(obj).get(field) or {}
    is_label = field == "labels"
    if not call.flags["overwrite"]:
        _refuse_overwriting(is_label, present, wanted)
    if is_label and call.dry_run != "client" and not call.flags["local"]:
        call.say("".join(f'label "{key}" not found.\n' for key in removed if key not in present))
    change = {key: None for key in removed if key in present} | wanted
    if not change and is_label:
        return {**obj, "metadata": {**metadata(obj), "labels": present}}, "not labeled"
    new = send_patch(call, target.resource, obj, {"metadata": {field: change}}, "merge")
    if not is_label:
        return new, "annotated"
    return new, "not labeled" if new is obj else "labeled" if not removed else "modified" if wanted else "unlabeled"


def _refuse_overwriting(is_label: bool, present: dict[str, str], wanted: dict[str, str]) -> None:
    already = [
        f"'{key}' already has a value ({present[key]})"
        for key, value in wanted.items()
        if key != CHANGE_CAUSE and present.get(key, value) != value
    ]
    if is_label:
        raise_all(KubectlError(f"{text}, and --overwrite is false") for text in already)
    elif already:
        raise KubectlError(f"--overwrite is false but found the following declared annotation(s): {'; '.join(already)}")


@command("scale", asks_namespace=True, operands="types")
def scale(call: Call) -> None:
    replicas, expected = call.flags["replicas"], call.flags["current-replicas"]

    def act(target: Target, obj: Object) -> None:
        resource = target.resource
        if "scale" not in resource.parts:
            asked = f"{'patch' if expected < 0 else 'get'} {resource.plural} {name_of(obj)}"
            raise StatusError(404, "NotFound", f"the server could not find the requested resource ({asked})")
        present = obj["spec"]["replicas"]
        refuse_if(expected >= 0 and expected != present, f"Expected replicas to be {expected}, was {present}")
        send_patch(call, resource, obj, {"spec": {"replicas": replicas}}, "merge")
        # The object as it was, but for the number.
        print_result(call, resource, {**obj, "spec": {**obj["spec"], "replicas": replicas}}, "scaled")

    refuse_if(not Query(call, call.args, needs_name=True).visit(act), "no objects passed to scale")


_INTERACTIVE = ("", "nano", "vi", "vim")  # editors that need someone at the keyboard

_Edited = tuple[Resource, Object]


@command("edit", asks_namespace=True, operands="types", prints_last=True)
def edit(call: Call) -> None:
    """Open objects in the editor of $KUBE_EDITOR or $EDITOR, several as a List, and send what it made of them.

    Without an editor that works on its own, a live front end opens the draft, and comes back with --edit-result. The
    file goes only when it is no longer needed.
    """
    objects, context, path = Query(call, call.args).fetch(), call.context, call.flags["edit-result"]
    refuse_if(not objects, "edit cancelled, no objects found")
    draft = _draft(call, [obj for _, obj in objects])
    if not path:
        path = _free_name(call, f"{name_of(objects[0][1])}.{'json' if call.flags['output'] == 'json' else 'yaml'}")
        editor = context.env.get("KUBE_EDITOR") or context.env.get("EDITOR", "")
        if editor in _INTERACTIVE or context.run_editor is None:
            _ask_for_editor(call, objects, path, draft, editor)
            return
        context.workspace.write_text(path, draft)
        if context.run_editor(editor, path):
            context.workspace.remove(path)
            raise KubectlError(f'there was a problem with the editor "{editor}"')
    edited = read_text(call, path)
    try:
        _take(call, objects, draft, edited)
    except (KubectlError, ManifestError, NotSimulated, StatusError) as error:
        is_refused = isinstance(error, StatusError) and error.reason in ("Invalid", "BadRequest")
        if isinstance(error, ManifestError) or (is_refused and not call.flags["edit-result"]):
            resource, obj = objects[0]
            call.complain(f'error: {resource.qualified} "{name_of(obj)}" is invalid\n')
            error = KubectlError(_NOTHING_VALID)
        call.complain(SAYS["edit stored"].format(path))
        raise error from None
    context.workspace.remove(path)


def _draft(call: Call, objects: list[Object]) -> str:
    shown = objects[0] if len(objects) == 1 else list_of(objects) | {"metadata": {}}
    output = call.flags["output"] or "yaml"
    if output == "json":
        return to_json(shown) + "\n"
    if output != "yaml":
        raise no_format(output, ("json", "kyaml", "yaml"))
    return SAYS["edit comment"] + to_yaml(shown)


def _ask_for_editor(call: Call, objects: list[_Edited], path: str, draft: str, editor: str) -> None:
    """Have a live front end open the draft, and come back with --edit-result when it is saved."""
    path = call.context.workspace.relative(path)
    namespace = ["-n", call.namespace] if any(resource.namespaced for resource, _ in objects) else []
    subjects = [f"{resource.qualified}/{name_of(obj)}" for resource, obj in objects]
    output = ["-o", call.flags["output"]] if call.flags["output"] else []
    then = ["kubectl", "edit", *subjects, *namespace, *output, f"--edit-result={HOME / path}"]
    call.edit = Edit(path, draft, shlex.join(then), editor)
    call.complain(SAYS["edit elsewhere"])


def _take(call: Call, objects: list[_Edited], before: str, after: str) -> None:
    """Send what the editor has made of the objects, if it has made anything of them."""
    if _without_comments(after) == _without_comments(before):
        call.complain("Edit cancelled, no changes made.\n")
        return
    from kubesim.kubectl.documents import documents, items_of  # late: it imports YAML

    edited = [item for document, _ in documents(after) for item in items_of(document)]
    if not edited or not all(isinstance(item, dict) and item.get("kind") and item.get("apiVersion") for item in edited):
        raise ManifestError("this is no object")
    refuse_if(not all(find_kind(str(item["apiVersion"]), str(item["kind"])) for item in edited), _NOTHING_VALID)
    for item in edited:
        _send(call, objects, item)


_NOTHING_VALID = "Edit cancelled, no valid changes were saved."


def _send(call: Call, objects: list[_Edited], edited: Object) -> None:
    """Send one object of the edited file, found by its uid among those that were opened.

    Whatever has happened to it meanwhile is no conflict: kubectl sends a patch of what was edited.
    """
    meta = metadata(edited)
    resource, obj = next((item for item in objects if metadata(item[1])["uid"] == meta.get("uid")), (None, edited))
    if resource is None:
        raise NotSimulated("an edited object whose uid isn't that of the original is not part of this simulator")
    namespace = meta.get("namespace") or namespace_of(obj)
    refuse_if(namespace != namespace_of(obj), SAYS["another namespace"].format(namespace, namespace_of(obj)))
    was, now = ((each.get("apiVersion"), each.get("kind"), metadata(each).get("name")) for each in (obj, edited))
    refuse_if(was != now, "At least one of apiVersion, kind and name was changed")
    edited = {**edited, "metadata": {**meta, "namespace": namespace}} if resource.namespaced else edited
    is_same = edited == obj
    edited = with_last_applied(edited) if call.flags["save-config"] else edited
    edited = {**edited, "metadata": {**metadata(edited), "resourceVersion": None}}
    new = obj if is_same else call.api.update(resource, edited, **call.request(), verb="patch")
    print_result(call, resource, new, "skipped" if is_same else "edited")


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _free_name(call: Call, name: str) -> str:
    """A name that no file of the learner has."""
    names = (f"/workspace/.kubectl-edit-{number}-{name}" for number in count(1))
    return next(path for path in names if not call.context.workspace.exists(path))
