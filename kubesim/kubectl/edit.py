"""kubectl edit. Mirrors k8s.io/kubectl pkg/cmd/util/editor/editoptions.go, v1.36."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from kubesim.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, command, text
from kubesim.kubectl.errors import KubectlError, NotSimulated, UsageError, raise_all
from kubesim.kubectl.formats import to_json, to_yaml
from kubesim.kubectl.manifests import ManifestError, load_documents
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import select
from kubesim.objects import Object, name_of
from kubesim.resources import Resource

_COMMENT = """# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""
_EDITORS = ("KUBE_EDITOR", "EDITOR")


@command(
    "edit",
    "(RESOURCE/NAME | -f FILENAME)",
    "Edit a resource on the server",
    flags.FILENAME,
    flags.SELECTOR,
    flags.OUTPUT,
    flags.VALIDATE,
    flags.SAVE_CONFIG,
    *absent("output-patch", "windows-line-endings", kind="switch"),
    *absent("subresource"),
    text("edit-result", "", "A file with what an editor has made of the object.", ""),
    example='  KUBE_EDITOR="sed -i s/old/new/" kubectl edit sa default',
)
def edit(call: Call) -> None:
    """Open objects in the editor of $KUBE_EDITOR or $EDITOR and send what it made of them."""
    if not call.args and not call.flags["filename"]:
        raise UsageError("must specify one of -f and -k")
    selection = select(call, call.args, needs_name=True)
    raise_all(selection.errors)
    for resource, obj in selection.objects:
        _edit_one(call, resource, obj)


def _edit_one(call: Call, resource: Resource, obj: Object) -> None:
    as_json = call.flags["output"] == "json"
    before = to_json(obj) + "\n" if as_json else _COMMENT + to_yaml(obj)
    after = _edited(call, before, f"{name_of(obj)}.{'json' if as_json else 'yaml'}")
    if after == before or not _without_comments(after).strip():
        call.complain("Edit cancelled, no changes made.\n")
        return
    try:
        documents = load_documents(after)
    except ManifestError as error:
        raise KubectlError(f"Edit cancelled, the file is not valid: {error}") from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise KubectlError("Edit cancelled, saved file was empty")
    _send(call, resource, obj, documents[0])


def _send(call: Call, resource: Resource, obj: Object, edited: Object) -> None:
    if edited == obj:
        call.complain("Edit cancelled, no changes made.\n")
        return
    try:
        new = call.api.update(resource, edited, **call.request(), verb="patch")
    except StatusError as error:
        call.complain(f'error: {resource.plural} "{name_of(obj)}" is invalid\n' if error.reason == "Invalid" else "")
        raise
    print_result(call, resource, new, "edited")


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _free_names(name: str) -> Iterator[str]:
    """Names for a file that nobody has: the learner's own files are never touched."""
    return (f".kubectl-edit-{number}-{name}" for number in count(1))


def _edited(call: Call, text: str, name: str) -> str:
    """What the editor made of the text, through a file of the workspace that is removed again."""
    editor = next((call.context.env[key] for key in _EDITORS if call.context.env.get(key)), "")
    if not editor or call.context.run_editor is None:
        raise NotSimulated(
            'kubectl edit needs an editor that works by itself here, such as KUBE_EDITOR="sed -i s/old/new/"; or write '
            "the object to a file (kubectl get … -o yaml > FILE), change it with nano and kubectl replace -f FILE"
        )
    workspace = call.context.workspace
    name = next(path for path in _free_names(name) if not workspace.exists(path))
    workspace.write_text(name, text)
    try:
        status = call.context.run_editor(editor, name)
        edited = workspace.read_text(name)
    finally:
        workspace.remove(name)
    if status:
        raise KubectlError(f'there was a problem with the editor "{editor}"')
    return edited
