"""kubectl edit. Mirrors k8s.io/kubectl pkg/cmd/util/editor/editoptions.go, v1.36."""

from __future__ import annotations

import shlex
from itertools import count

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata, name_of
from kubesim.api.resources import Resource
from kubesim.api.result import Edit
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, ManifestError
from kubesim.kubectl.formats import list_of, no_format
from kubesim.kubectl.formats.marshal import to_json, to_yaml
from kubesim.kubectl.manifests import documents, items_of, read_text
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query
from kubesim.workspace import HOME

_COMMENT = """# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""
_STORED = 'A copy of your changes has been stored to "{}"\n'
_INTERACTIVE = ("", "nano", "vi", "vim")  # editors that need someone at the keyboard

_Edited = tuple[Resource, Object]


@command("edit", asks_namespace=True, operands="types", prints_last=True)
def edit(call: Call) -> None:
    """Open objects in the editor of $KUBE_EDITOR or $EDITOR, several as a List, and send what it made of them."""
    query = Query(call, call.args)
    if not (objects := query.fetch()):
        raise KubectlError("edit cancelled, no objects found")
    _edit(call, objects)


def _edit(call: Call, objects: list[_Edited]) -> None:
    context, saved = call.context, call.flags["edit-result"]
    draft = _draft(call, [obj for _, obj in objects])
    path = _free_name(call, f"{name_of(objects[0][1])}.{'json' if call.flags['output'] == 'json' else 'yaml'}")
    editor = context.env.get("KUBE_EDITOR") or context.env.get("EDITOR", "")
    if saved:
        _take_saved(call, objects, draft, saved)
    elif editor in _INTERACTIVE or context.run_editor is None:
        _ask_for_editor(call, objects, path, draft)
    else:
        context.workspace.write_text(path, draft)
        status = context.run_editor(editor, path)
        edited = read_text(call, path)
        context.workspace.remove(path)
        if status:
            raise KubectlError(f'there was a problem with the editor "{editor}"')
        try:
            _take(call, objects, draft, edited)
        except (ManifestError, StatusError) as error:
            _give_up(call, objects[0], error, edited)


def _take_saved(call: Call, objects: list[_Edited], before: str, path: str) -> None:
    """Send what was saved in the live terminal's editor; the file goes only when it is no longer needed."""
    try:
        _take(call, objects, before, read_text(call, path))
    except (KubectlError, StatusError):
        if call.context.workspace.exists(path):
            call.complain(_STORED.format(path))
        raise
    call.context.workspace.remove(path)


def _draft(call: Call, objects: list[Object]) -> str:
    shown = objects[0] if len(objects) == 1 else list_of(objects) | {"metadata": {}}
    output = call.flags["output"] or "yaml"
    if output == "json":
        return to_json(shown) + "\n"
    if output != "yaml":
        raise no_format(output, ("json", "kyaml", "yaml"))
    return _COMMENT + to_yaml(shown)


def _ask_for_editor(call: Call, objects: list[_Edited], path: str, draft: str) -> None:
    """Have a live front end open the draft, and come back with --edit-result when it is saved."""
    path = call.context.workspace.relative(path)
    namespace = ["-n", call.namespace] if any(resource.namespaced for resource, _ in objects) else []
    subjects = [f"{resource.qualified}/{name_of(obj)}" for resource, obj in objects]
    output = ["-o", call.flags["output"]] if call.flags["output"] else []
    then = ["kubectl", "edit", *subjects, *namespace, *output, f"--edit-result={HOME / path}"]
    call.edit = Edit(path, draft, shlex.join(then))
    call.complain(
        "kubesim: the editor opens in the live terminal; elsewhere name one that works on its own: "
        'KUBE_EDITOR="sed -i s/old/new/" kubectl edit …\n'
    )


def _take(call: Call, objects: list[_Edited], before: str, after: str) -> None:
    """Send what the editor has made of the objects, if it has made anything of them."""
    if _without_comments(after) == _without_comments(before):
        call.complain("Edit cancelled, no changes made.\n")
    elif not _without_comments(after).strip():
        call.complain("Edit cancelled, saved file was empty.\n")
    else:
        for edited in [item for document, _ in documents(after) for item in items_of(document)]:
            _send(call, objects, edited)


def _send(call: Call, objects: list[_Edited], edited: Object) -> None:
    """Send one object of the edited file, found by its uid among those that were opened."""
    uid = metadata(edited).get("uid")
    resource, obj = next((item for item in objects if metadata(item[1])["uid"] == uid), (None, edited))
    if resource is None:
        raise KubectlError("no original object found for what was saved: its uid was changed")
    is_same = edited == obj
    new = obj if is_same else call.api.update(resource, edited, **call.request(), verb="patch")
    print_result(call, resource, new, "skipped" if is_same else "edited", is_alone=True)


def _give_up(call: Call, subject: _Edited, error: Exception, edited: str) -> None:
    """Keep what cannot be saved: an editor that works on its own would do the same again when the file is reopened."""
    if isinstance(error, StatusError) and error.reason not in ("Invalid", "BadRequest"):
        raise error
    resource, obj = subject
    path = _free_name(call, f"{name_of(obj)}.yaml")
    call.context.workspace.write_text(path, edited)
    call.complain(f'error: {resource.plural} "{name_of(obj)}" is invalid\n')
    call.complain(_STORED.format(path))
    raise KubectlError("Edit cancelled, no valid changes were saved.")


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _free_name(call: Call, name: str) -> str:
    """A name that no file of the learner has."""
    names = (f"/workspace/.kubectl-edit-{number}-{name}" for number in count(1))
    return next(path for path in names if not call.context.workspace.exists(path))
