"""kubectl edit of one object, in an editor that runs in the shell or in one that the live terminal opens.

Mirrors k8s.io/kubectl pkg/cmd/util/editor/editoptions.go, v1.36, without several objects and without opening the editor
again after a refusal.
"""

from __future__ import annotations

import shlex
from http import HTTPStatus
from itertools import count
from pathlib import PurePosixPath
from typing import Any

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import find_kind
from kubesim.api.result import Edit
from kubesim.cluster.apiserver import patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import REFUSALS, Exit, KubectlError, ManifestError, NotSimulated, is_missing, refuse_if
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.manifests import ANOTHER_NAMESPACE, Target, read_text
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query
from kubesim.workspace import HOME

_INTERACTIVE = ("", "nano", "vi", "vim")  # editors for a person at the keyboard; "" is the default editor
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


@command(
    "edit", asks_namespace=True, operands="types", checks_format="last", shows_config_errors=True, prints_alone=True
)
def edit(call: Call) -> None:
    """Edit an object in the editor of $KUBE_EDITOR or $EDITOR, and send the changes as a patch.

    A command such as `sed -i` edits the draft in this call. An interactive editor needs two calls: the first asks the
    live terminal to open the draft. The terminal then runs kubectl again with --edit-result=FILE, the saved file, and
    with the draft on standard input. The file is removed once its changes are sent, or if it has none.
    """
    path = call.flags["edit-result"]
    draft = call.context.read_stdin() if path else ""
    if not draft:
        targets = Query(call, call.args).fetch()
        refuse_if(not targets, "edit cancelled, no objects found")
        if len(targets) > 1:
            raise NotSimulated("editing several objects at once is not part of this simulator")
        draft = _EDIT_COMMENT + to_yaml(targets[0].obj)
        if not path:
            path = _file_of_editor(call, targets[0], draft)
    if path:
        _finish(call, draft, path)


def _file_of_editor(call: Call, target: Target, draft: str) -> str:
    """Run the editor on a file with the draft, and return the file's path.

    Returns "" for an interactive editor, which the live terminal opens instead. Raises KubectlError if an editor fails.
    """
    context = call.context
    path = _free_name(call, f"{target.name}.yaml")
    editor = context.env.get("KUBE_EDITOR") or context.env.get("EDITOR", "")
    program = PurePosixPath(editor.split(" ")[0]).name
    if program in _INTERACTIVE or context.run_editor is None:
        _ask_for_editor(call, target, path, draft, program)
        return ""
    context.workspace.write_text(path, draft)
    if context.run_editor(editor, path):
        context.workspace.remove(path)
        raise KubectlError(f'there was a problem with the editor "{editor}"')
    return path


def _ask_for_editor(call: Call, target: Target, path: str, draft: str, editor: str) -> None:
    """Ask the live terminal to open the draft at `path` in `editor`, and to run kubectl with --edit-result then."""
    path = call.context.workspace.relative(path)
    words = ["kubectl", "edit", f"{target.resource.qualified}/{target.name}"]
    if target.resource.namespaced:
        words += ["-n", call.namespace]
    label = shlex.join(words)
    saved = shlex.quote(str(HOME / path))
    then = f"{label} --edit-result={saved} <<'EOF'\n{draft}EOF"  # an object's YAML has no line that is only EOF
    call.edit = Edit(path=path, draft=draft, then=then, label=label, editor=editor)
    call.complain(_EDIT_ELSEWHERE)
    call.exit_code = 1  # of this call; the live terminal shows the result of the second one


def _finish(call: Call, draft: str, path: str) -> None:
    """Send the differences between the draft and the file at `path`, and remove the file.

    If they are refused, the file stays, and its path is printed. Raises the refusal.
    """
    after = read_text(call, path)
    try:
        if _without_comments(after) == _without_comments(draft):
            call.complain("Edit cancelled, no changes made.\n")
        else:
            _send(call, _object(draft), after, path)
    except (*REFUSALS, ManifestError) as error:
        call.complain(f'A copy of your changes has been stored to "{path}"\n')
        raise error from None
    call.context.workspace.remove(path)


def _object(text: str) -> Target:
    """The object in a draft or in an edited file.

    Raises ManifestError for a text that isn't an object, and KubectlError for an unknown type.
    """
    from kubesim.kubectl.documents import parse_document  # late: it imports YAML

    obj = parse_document(text)
    if not isinstance(obj, dict) or not obj.get("kind") or not obj.get("apiVersion"):
        raise ManifestError("this is no object")
    resource = find_kind(str(obj["apiVersion"]), str(obj["kind"]))
    if resource is None:
        raise KubectlError(_NOTHING_VALID)
    return Target(resource, namespace_of(obj), name_of(obj), obj=obj)


def _send(call: Call, original: Target, after: str, path: str) -> None:
    """Patch `original` into the object in the text `after`, which comes from the file `path`.

    Prints kubectl's message about a refusal and raises the error that ends the command. Mirrors visitToPatch and
    addError.
    """
    title = f'{original.resource.qualified} "{original.name}"'
    try:
        edited = _object(after).obj
    except ManifestError:
        call.complain(f"error: {title} is invalid\n")
        raise KubectlError(_NOTHING_VALID) from None
    if metadata(edited).get("uid") != metadata(original.obj).get("uid"):
        raise NotSimulated("an edited object whose uid isn't that of the original is not part of this simulator")
    try:
        _patch(call, original, edited)
    except StatusError as error:
        raise _report_refusal(call, error, title, path) from None


def _report_refusal(call: Call, error: StatusError, title: str, path: str) -> Exception:
    """Print kubectl's message about the API server's refusal, and return the exception that ends the command.

    `title` names the object, and `path` the edited file. kubectl opens the editor again for an invalid object, with the
    reason as a comment. Here the command ends, and in the live terminal (--edit-result) it prints the reason.
    """
    is_told_in_full = error.reason == "Invalid" and call.flags["edit-result"]
    if is_told_in_full or error.code == HTTPStatus.NOT_IMPLEMENTED:
        return error
    if error.reason == "Invalid":
        call.complain(f"error: {title} is invalid\n")
        return KubectlError(_NOTHING_VALID)
    if is_missing(error):
        call.complain(f"error: {title} could not be found on the server\n")
        call.complain(f'The edits you made on deleted resources have been saved to "{path}"\n')
    else:
        call.complain(f"error: {title} could not be patched: {error.message}\n")
        call.complain(f"You can run `kubectl replace -f {path}` to try this update again.\n")
    return Exit(1)


def _patch(call: Call, original: Target, edited: Object) -> None:
    """Send the difference between the original and the edited object as a patch, and print the result.

    A patch has no resource version, so that changes by others in the meantime aren't a conflict. Raises KubectlError
    for an edited namespace or identity.
    """
    resource = original.resource
    namespace = original.namespace
    meta = metadata(edited)
    new_namespace = meta.get("namespace") or namespace
    refuse_if(new_namespace != namespace, ANOTHER_NAMESPACE.format(new_namespace, namespace))
    refuse_if(_identity(original.obj) != _identity(edited), "At least one of apiVersion, kind and name was changed")
    if resource.namespaced:
        edited = {**edited, "metadata": {**meta, "namespace": namespace}}
    if edited == original.obj:
        print_result(call, resource, edited, "skipped")
        return
    change = patch.between_two(original.obj, edited, resource)
    print_result(call, resource, call.api.patch(*original.place, change, options=call.request()), "edited")


def _identity(obj: Object) -> tuple[Any, Any, Any]:
    return obj.get("apiVersion"), obj.get("kind"), metadata(obj).get("name")


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _free_name(call: Call, name: str) -> str:
    """The path of a new file for a draft, which no existing file has; `name` is its last part."""
    names = (f"/workspace/.kubectl-edit-{number}-{name}" for number in count(1))
    return next(path for path in names if not call.context.workspace.exists(path))
