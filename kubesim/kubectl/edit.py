"""kubectl edit. Mirrors k8s.io/kubectl pkg/cmd/util/editor/editoptions.go, v1.36."""

from __future__ import annotations

import shlex
from itertools import count
from typing import Any, NamedTuple

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import Resource, find_kind
from kubesim.api.result import Edit
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, refuse_if
from kubesim.kubectl.formats import list_of, to_yaml
from kubesim.kubectl.manifests import ANOTHER_NAMESPACE, read_text
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query
from kubesim.workspace import HOME

_INTERACTIVE = ("", "nano", "vi", "vim")  # editors that need someone at the keyboard
_EDIT_COMMENT = """\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""
_EDIT_ELSEWHERE = (
    "kubesim: the editor opens in the live terminal; elsewhere name one that works on its own: "
    'KUBE_EDITOR="sed -i s/old/new/" kubectl edit …\n'
)
_NOTHING_VALID = "Edit cancelled, no valid changes were saved."


class _Opened(NamedTuple):
    """An object that is edited, as it was when the editor was opened."""

    resource: Resource
    obj: Object


@command("edit", asks_namespace=True, operands="types", prints_last=True, shows_config_errors=True)
def edit(call: Call) -> None:
    """Open objects in the editor of $KUBE_EDITOR or $EDITOR, several as a List, and send what it made of them.

    Without an editor that works on its own, a live front end opens the draft, and comes back with --edit-result. The
    file goes only when it is no longer needed.
    """
    context = call.context
    path = call.flags["edit-result"]
    objects = [_Opened(resource, obj) for resource, obj in Query(call, call.args).fetch()]
    refuse_if(not objects, "edit cancelled, no objects found")
    draft = _draft([opened.obj for opened in objects])
    if not path:
        path = _free_name(call, f"{name_of(objects[0].obj)}.yaml")
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
        refusal = _edit_refusal(call, error, objects[0])
        call.complain(f'A copy of your changes has been stored to "{path}"\n')
        raise refusal from None
    context.workspace.remove(path)


def _edit_refusal(call: Call, error: Exception, first: _Opened) -> Exception:
    """What is said of an edit that failed. kubectl would open the editor again where the object isn't valid."""
    is_refused = isinstance(error, StatusError) and error.reason in ("Invalid", "BadRequest")
    if not isinstance(error, ManifestError) and (not is_refused or call.flags["edit-result"]):
        return error
    call.complain(f'error: {first.resource.qualified} "{name_of(first.obj)}" is invalid\n')
    return KubectlError(_NOTHING_VALID)


def _draft(objects: list[Object]) -> str:
    document = objects[0] if len(objects) == 1 else list_of(objects) | {"metadata": {}}
    return _EDIT_COMMENT + to_yaml(document)


def _ask_for_editor(call: Call, objects: list[_Opened], path: str, draft: str, editor: str) -> None:
    """Have a live front end open the draft, and come back with --edit-result when it is saved."""
    path = call.context.workspace.relative(path)
    words = ["kubectl", "edit", *(f"{opened.resource.qualified}/{name_of(opened.obj)}" for opened in objects)]
    if any(opened.resource.namespaced for opened in objects):
        words += ["-n", call.namespace]
    words.append(f"--edit-result={HOME / path}")
    call.edit = Edit(path, draft, shlex.join(words), editor)
    call.complain(_EDIT_ELSEWHERE)


def _take(call: Call, objects: list[_Opened], before: str, after: str) -> None:
    """Send what the editor has made of the objects, if it has made anything of them."""
    from kubesim.kubectl.documents import documents, items_of  # late: it imports YAML

    if _without_comments(after) == _without_comments(before):
        call.complain("Edit cancelled, no changes made.\n")
        return
    edited: list[Any] = []
    for document, _ in documents(after):
        edited += items_of(document)
    if not edited:
        raise ManifestError("this is no object")
    for item in edited:
        if not isinstance(item, dict) or not item.get("kind") or not item.get("apiVersion"):
            raise ManifestError("this is no object")
        refuse_if(not find_kind(str(item["apiVersion"]), str(item["kind"])), _NOTHING_VALID)
    for item in edited:
        _send(call, objects, item)


def _send(call: Call, objects: list[_Opened], edited: Object) -> None:
    """Send one object of the edited file, found by its uid among those that were opened.

    Whatever has happened to it meanwhile is no conflict: kubectl sends a patch of what was edited.
    """
    meta = metadata(edited)
    opened = next((item for item in objects if metadata(item.obj)["uid"] == meta.get("uid")), None)
    if opened is None:
        raise NotSimulated("an edited object whose uid isn't that of the original is not part of this simulator")
    resource, obj = opened
    namespace = meta.get("namespace") or namespace_of(obj)
    refuse_if(namespace != namespace_of(obj), ANOTHER_NAMESPACE.format(namespace, namespace_of(obj)))
    refuse_if(_identity(obj) != _identity(edited), "At least one of apiVersion, kind and name was changed")
    if resource.namespaced:
        edited = {**edited, "metadata": {**meta, "namespace": namespace}}
    if edited == obj:
        print_result(call, resource, obj, "skipped", is_alone=True)
        return
    edited = {**edited, "metadata": {**metadata(edited), "resourceVersion": None}}
    new = call.api.update(resource, edited, call.request(), verb="patch")
    print_result(call, resource, new, "edited", is_alone=True)


def _identity(obj: Object) -> tuple[Any, Any, Any]:
    return obj.get("apiVersion"), obj.get("kind"), metadata(obj).get("name")


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _free_name(call: Call, name: str) -> str:
    """A name that no file of the learner has."""
    names = (f"/workspace/.kubectl-edit-{number}-{name}" for number in count(1))
    return next(path for path in names if not call.context.workspace.exists(path))
