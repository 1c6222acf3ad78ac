"""kubectl patch, label, annotate and scale: changes of objects that are there.

Mirrors k8s.io/kubectl pkg/cmd/{patch,label,annotate,scale}, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from kubesim.api.content import label_value
from kubesim.api.errors import StatusError, bad_request, no_such_path
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import RESOURCES
from kubesim.cluster.apiserver import patch as patches
from kubesim.gotext import gofmt
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, raise_all, refuse_if, reworded
from kubesim.kubectl.manifests import Target, parse_json, read_text
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

CHANGE_CAUSE = "kubernetes.io/change-cause"
_MAX_REQUEST = 3 * 1024 * 1024
"""Bytes that the API server takes."""
_PATCH_TYPES = ("json", "merge", "strategic")
ALL_OR_SELECTOR = "cannot set --all and --selector at the same time"
_change = partial(command, asks_namespace=True, operands="types", shows_config_errors=True)
NO_OBJECTS = "one or more resources must be specified as <resource> <name> or <resource>/<name>"


def send_patch(call: Call, target: Target, change: Any, kind: str) -> Object:
    """Send a patch of an object that is known; return the object as it is then.

    With --dry-run=client, kubectl makes a merge patch or a strategic one itself.
    """
    if call.dry_run != "client":
        request = call.request()._replace(subresource=call.flags.get("subresource", ""))
        return call.api.patch(*target.place, change, kind, request)
    if kind == "merge":
        return patches.merge_patch(target.obj, change)
    return patches.strategic_merge(target.obj, change, target.resource)


@_change("patch", checks_format="last", prints_alone=True, hides_dry_run=True)
def patch(call: Call) -> None:
    flags = call.flags
    file = flags["patch-file"]
    refuse_if(flags["patch"] and file, "cannot specify --patch and --patch-file together")
    is_missing = not flags["patch"] and not file
    refuse_if(is_missing, "must specify --patch or --patch-file containing the contents of the patch")
    kind = flags["type"].lower()
    refuse_if(kind not in _PATCH_TYPES, f'--type must be one of [json merge strategic], not "{flags["type"]}"')
    part = flags["subresource"]
    if call.dry_run == "client" and (part or kind == "json"):
        raise NotSimulated(_PATCHED_LOCALLY)
    if part not in ("", "ephemeralcontainers"):
        raise NotSimulated(f"patching the subresource {part} is not part of this simulator")
    change = _read_patch(call)

    def act(target: Target) -> None:
        if isinstance(change, StatusError):
            raise change
        new = send_patch(call, target, change, kind)
        operation = "patched (no change)" if new == target.obj else "patched"
        print_result(call, target.resource, new, operation)

    def act_locally(target: Target) -> None:
        try:
            act(target)
        except StatusError:  # the server's words
            raise NotSimulated(_PATCHED_LOCALLY) from None

    Query(call, call.args, needs_name=True, latest=False).visit(act_locally if call.dry_run == "client" else act)


_PATCHED_LOCALLY = "this patch with --dry-run=client is not part of this simulator, but --dry-run=server is"


def _read_patch(call: Call) -> Any:
    """The patch, in YAML or JSON; in place of damaged JSON what the server says of it, once for each object."""
    from kubesim.kubectl.documents import parse_document  # late: it imports YAML

    text = str(call.flags["patch"])
    if file := call.flags["patch-file"]:
        with reworded(KubectlError, "unable to read patch file: "):
            text = read_text(call, file)
    if len(text) > _MAX_REQUEST:
        raise StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {_MAX_REQUEST}")
    try:
        return parse_json(text) if text.lstrip()[:1] == "{" else parse_document(text)
    except ManifestError as error:
        raise KubectlError(f"unable to parse {gofmt.quote(call.flags['patch'])}: {error}") from None
    except ValueError as error:
        return bad_request(str(error))


class Change(NamedTuple):
    """What a word sets or removes: KEY=VALUE, or KEY- with None as its value."""

    key: str
    value: str | None


def read_change(word: str) -> Change | None:
    """The change that a word is; None for one that is none. Mirrors parsePairs."""
    key, equals, value = word.partition("=")
    if equals and key:
        return Change(key, value)
    return Change(word[:-1], None) if word[1:].endswith("-") else None


def split_changes(
    args: Sequence[str], read: Callable[[str], object] = read_change
) -> tuple[Sequence[str], Sequence[str]]:
    """The arguments that name objects, and from the first that `read` takes for a change on the others."""
    for at, word in enumerate(args):
        if read(word):
            return args[:at], args[at:]
    return args, ()


class _Marks(NamedTuple):
    """What a command does to labels or to annotations."""

    added: dict[str, str]
    removed: list[str]

    @property
    def in_both(self) -> list[str]:
        """What is added and removed at the same time."""
        return [key for key in self.removed if key in self.added]

    def change(self, present: Mapping[str, str]) -> dict[str, str | None]:
        """The patch of what is there."""
        removed = [key for key in self.removed if key in present]
        return {**dict.fromkeys(removed), **self.added}


@_change("label", checks_format="last", prints_alone=True)
def label(call: Call) -> None:
    words, changes = split_changes(call.args)
    _check_mark(call, "label", words, changes)
    marks = _read_labels(changes)

    def act(target: Target) -> None:
        present = metadata(target.obj).get("labels") or {}
        raise_all(KubectlError(f"{text}, and --overwrite is false") for text in _overwritten(call, marks, present))
        new, operation = _labeled(call, marks, target)
        print_result(call, target.resource, new, operation)

    Query(call, words, needs_name=True).visit(act)


@_change("annotate", checks_format="first")
def annotate(call: Call) -> None:
    words, changes = split_changes(call.args)
    _check_mark(call, "annotation", words, changes)
    marks = _read_annotations(changes)

    def act(target: Target) -> None:
        present = metadata(target.obj).get("annotations") or {}
        already = _overwritten(call, marks, present)
        problem = f"--overwrite is false but found the following declared annotation(s): {'; '.join(already)}"
        refuse_if(already, problem)
        change = {"metadata": {"annotations": marks.change(present)}}
        new = send_patch(call, target, change, "merge")
        print_result(call, target.resource, new, "annotated")

    Query(call, words, needs_name=True).visit(act)


def _check_mark(call: Call, noun: str, words: Sequence[str], changes: Sequence[str]) -> None:
    """Refuse a command line that names no objects, or changes no label or annotation, which is the `noun`."""
    flags = call.flags
    for word in changes:
        refuse_if(not read_change(word), f"all resources must be specified before {noun} changes: {word}")
    refuse_if(flags["all"] and flags["selector"], ALL_OR_SELECTOR)
    refuse_if(not words and not flags["filename"], NO_OBJECTS)
    refuse_if(not changes, f"at least one {noun} update is required")


def _read_marks(changes: Sequence[str]) -> _Marks:
    """KEY=VALUE pairs, and the keys of KEY- removals."""
    marks = _Marks({}, [])
    for key, value in filter(None, map(read_change, changes)):
        if value is None:
            marks.removed.append(key)
        else:
            marks.added[key] = value
    return marks


def _read_labels(changes: Sequence[str]) -> _Marks:
    for change in changes:
        _, _, value = change.partition("=")
        refuse_if("=" in value, f"invalid label spec: {change}")
        problems = label_value(value)
        refuse_if(problems, f"invalid label value: {json.dumps(change)}: {';'.join(problems)}")
    marks = _read_marks(changes)
    refuse_if(marks.in_both, "can not both modify and remove a label in the same command")
    return marks


def _read_annotations(changes: Sequence[str]) -> _Marks:
    marks = _read_marks(changes)
    clash = "can not both modify and remove the following annotation(s) in the same command"
    refuse_if(marks.in_both, f"{clash}: {', '.join(marks.in_both)}")
    return marks


def _labeled(call: Call, marks: _Marks, target: Target) -> tuple[Object, str]:
    """The object with its new labels, and what kubectl takes to be done to it, whatever the API server makes of it."""
    obj = target.obj
    present: dict[str, str] = metadata(obj).get("labels") or {}
    if call.dry_run != "client":
        call.say("".join(f'label "{key}" not found.\n' for key in marks.removed if key not in present))
    change = {key: value for key, value in marks.change(present).items() if present.get(key) != value}
    if not change:
        return {**obj, "metadata": {**metadata(obj), "labels": present}}, "not labeled"
    new = send_patch(call, target, {"metadata": {"labels": change}}, "merge")
    if None not in change.values():
        return new, "labeled"
    adds = any(value is not None for value in change.values())
    return new, "modified" if adds else "unlabeled"


def _overwritten(call: Call, marks: _Marks, present: Mapping[str, str]) -> list[str]:
    """What would get another value, without --overwrite; but for the cause of a change."""
    if call.flags["overwrite"]:
        return []
    return [
        f"'{key}' already has a value ({present[key]})"
        for key, value in marks.added.items()
        if key != CHANGE_CAUSE and present.get(key, value) != value
    ]


_SCALED = frozenset(resource.kind for resource in RESOURCES if "scale" in resource.parts)


@command("scale", asks_namespace=True, operands="types", kinds=_SCALED, checks_format="first")
def scale(call: Call) -> None:
    replicas = call.flags["replicas"]
    expected = call.flags["current-replicas"]
    missing = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"
    refuse_if(replicas < 0, missing)
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
        # The object as it was, but for the number; --dry-run=client gives one even to what has no spec.
        spec = {**(obj.get("spec") or {}), "replicas": replicas}
        print_result(call, target.resource, {**obj, "spec": spec}, "scaled")

    refuse_if(not Query(call, call.args, needs_name=True).visit(act), "no objects passed to scale")
