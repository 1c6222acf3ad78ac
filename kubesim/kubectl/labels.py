"""kubectl label and annotate, and how a command line says what is set and removed.

Mirrors k8s.io/kubectl pkg/cmd/{label,annotate}, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from kubesim.api.content import label_value
from kubesim.api.objects import CHANGE_CAUSE, Object, annotations_of, labels_of, metadata
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, raise_all, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

ALL_OR_SELECTOR = "cannot set --all and --selector at the same time"
NO_OBJECTS = "one or more resources must be specified as <resource> <name> or <resource>/<name>"

_command = partial(command, asks_namespace=True, operands="types", shows_config_errors=True)


class Change(NamedTuple):
    """What a word sets or removes: KEY=VALUE, or KEY- with None as its value."""

    key: str
    value: str | None


def _read_change(word: str) -> Change | None:
    """The change that a word is; None for one that is none. Mirrors parsePairs."""
    key, equals, value = word.partition("=")
    if equals and key:
        return Change(key, value)
    return Change(word[:-1], None) if word[1:].endswith("-") else None


def split_changes(
    args: Sequence[str], read: Callable[[str], object] = _read_change
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


@_command("label", checks_format="last", prints_alone=True)
def label(call: Call) -> None:
    words, changes = split_changes(call.args)
    _check_mark(call, "label", words, changes)
    for change in changes:
        _, _, value = change.partition("=")
        refuse_if("=" in value, f"invalid label spec: {change}")
        problems = label_value(value)
        refuse_if(problems, f"invalid label value: {json.dumps(change)}: {';'.join(problems)}")
    marks = _read_marks(changes)
    refuse_if(marks.in_both, "can not both modify and remove a label in the same command")

    def act(target: Target) -> None:
        present = labels_of(target.obj)
        raise_all(KubectlError(f"{text}, and --overwrite is false") for text in _overwritten(call, marks, present))
        new, operation = _labeled(call, marks, target, present)
        print_result(call, target.resource, new, operation)

    Query(call, words, needs_name=True).visit(act)


@_command("annotate", checks_format="first")
def annotate(call: Call) -> None:
    words, changes = split_changes(call.args)
    _check_mark(call, "annotation", words, changes)
    marks = _read_marks(changes)
    refuse_if(
        marks.in_both,
        "can not both modify and remove the following annotation(s) in the same command: " + ", ".join(marks.in_both),
    )

    def act(target: Target) -> None:
        present = annotations_of(target.obj)
        already = _overwritten(call, marks, present)
        refuse_if(already, f"--overwrite is false but found the following declared annotation(s): {'; '.join(already)}")
        change = {"metadata": {"annotations": marks.change(present)}}
        print_result(call, target.resource, send_patch(call, target, change, "merge"), "annotated")

    Query(call, words, needs_name=True).visit(act)


def _check_mark(call: Call, noun: str, words: Sequence[str], changes: Sequence[str]) -> None:
    """Refuse a command line that names no objects, or changes no label or annotation, which is the `noun`."""
    flags = call.flags
    for word in changes:
        refuse_if(not _read_change(word), f"all resources must be specified before {noun} changes: {word}")
    refuse_if(flags["all"] and flags["selector"], ALL_OR_SELECTOR)
    refuse_if(not words and not flags["filename"], NO_OBJECTS)
    refuse_if(not changes, f"at least one {noun} update is required")


def _read_marks(changes: Sequence[str]) -> _Marks:
    """KEY=VALUE pairs, and the keys of KEY- removals."""
    marks = _Marks({}, [])
    for key, value in filter(None, map(_read_change, changes)):
        if value is None:
            marks.removed.append(key)
        else:
            marks.added[key] = value
    return marks


def _labeled(call: Call, marks: _Marks, target: Target, present: Mapping[str, str]) -> tuple[Object, str]:
    """The object with its new labels, and what kubectl takes to be done to it, whatever the API server makes of it."""
    if call.dry_run != "client":
        call.say("".join(f'label "{key}" not found.\n' for key in marks.removed if key not in present))
    change = {key: value for key, value in marks.change(present).items() if present.get(key) != value}
    if not change:
        return {**target.obj, "metadata": {**metadata(target.obj), "labels": present}}, "not labeled"
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
