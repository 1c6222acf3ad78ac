"""kubectl label and annotate, and the parsing of their changes, KEY=VALUE and KEY-, which `set image` shares.

Mirrors k8s.io/kubectl pkg/cmd/{label,annotate}, v1.36, without --list and --local.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from kubesim.api.content import label_value
from kubesim.api.objects import CHANGE_CAUSE, Object, annotations_of, labels_of, metadata
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, raise_all, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

ALL_OR_SELECTOR = "cannot set --all and --selector at the same time"
NO_OBJECTS = "one or more resources must be specified as <resource> <name> or <resource>/<name>"

_command = partial(command, asks_namespace=True, operands="types", shows_config_errors=True)


class KeyChange(NamedTuple):
    """The change of one label or annotation: KEY=VALUE sets it, KEY- removes it."""

    key: str
    value: str | None  # None removes the key


def _read_change(word: str) -> KeyChange | None:
    """Parse a word as a change; None if it is neither KEY=VALUE nor KEY-. Mirrors parsePairs."""
    key, equals, value = word.partition("=")
    if equals and key:
        return KeyChange(key, value)
    return KeyChange(word[:-1], None) if word[1:].endswith("-") else None


def split_changes(args: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split the arguments into words that name objects, and those from the first change on."""
    for at, word in enumerate(args):
        if _read_change(word):
            return args[:at], args[at:]
    return args, ()


class _Changes(NamedTuple):
    """The changes of labels or annotations in one command."""

    added: dict[str, str]
    removed: list[str]  # keys

    @classmethod
    def of(cls, changes: Sequence[KeyChange]) -> _Changes:
        added = {key: value for key, value in changes if value is not None}
        return cls(added, [key for key, value in changes if value is None])

    @property
    def in_both(self) -> list[str]:
        """Keys that the command both sets and removes, which is refused."""
        return [key for key in self.removed if key in self.added]

    def patch_of(self, present: Mapping[str, str]) -> dict[str, str | None]:
        """The merge patch of the labels or annotations `present`: None for each removed key that is among them."""
        removed = [key for key in self.removed if key in present]
        return {**dict.fromkeys(removed), **self.added}


@_command("label", checks_format="last", prints_alone=True)
def label(call: Call) -> None:
    """Set and remove labels of the objects. All changes are checked before the first is sent."""
    words, typed_changes = _read_arguments(call, "label")
    for change in typed_changes:
        _check_label(change)
    changes = _Changes.of(typed_changes)
    refuse_if(changes.in_both, "can not both modify and remove a label in the same command")
    _check_call(call, "label", words, typed_changes)

    def act(target: Target) -> None:
        present = labels_of(target.obj)
        conflicts = _find_conflicts(call, changes, present)
        raise_all(KubectlError(f"{conflict}, and --overwrite is false") for conflict in conflicts)
        new, operation = _change_labels(call, changes, target, present)
        print_result(call, target.resource, new, operation)

    Query(call, words, needs_name=True).visit(act)


@_command("annotate", checks_format="first")
def annotate(call: Call) -> None:
    """Set and remove annotations of the objects."""
    words, typed_changes = _read_arguments(call, "annotation")
    _check_call(call, "annotation", words, typed_changes)
    changes = _Changes.of(typed_changes)
    keys = ", ".join(changes.in_both)
    refuse_if(keys, f"can not both modify and remove the following annotation(s) in the same command: {keys}")

    def act(target: Target) -> None:
        present = annotations_of(target.obj)
        conflicts = "; ".join(_find_conflicts(call, changes, present, exempt=CHANGE_CAUSE))
        refuse_if(conflicts, f"--overwrite is false but found the following declared annotation(s): {conflicts}")
        patch = {"metadata": {"annotations": changes.patch_of(present)}}
        print_result(call, target.resource, send_patch(call, target, patch, "merge"), "annotated")

    Query(call, words, needs_name=True).visit(act)


def _read_arguments(call: Call, noun: str) -> tuple[Sequence[str], list[KeyChange]]:
    """The arguments that name objects, and the changes. `noun` is "label" or "annotation". Raises KubectlError."""
    words, others = split_changes(call.args)
    changes = []
    for word in others:
        change = _read_change(word)
        if change is None:
            raise KubectlError(f"all resources must be specified before {noun} changes: {word}")
        changes.append(change)
    return words, changes


def _check_label(change: KeyChange) -> None:
    """Raise KubectlError for an invalid value of a label. Mirrors parseLabels."""
    if change.value is not None:
        word = f"{change.key}={change.value}"
        refuse_if("=" in change.value, f"invalid label spec: {word}")
        problems = label_value(change.value)
        refuse_if(problems, f"invalid label value: {quote(word)}: {';'.join(problems)}")


def _check_call(call: Call, noun: str, words: Sequence[str], changes: Sequence[KeyChange]) -> None:
    """Raise KubectlError for a command line without objects or without changes.

    `words` name the objects; `noun` is "label" or "annotation".
    """
    flags = call.flags
    refuse_if(flags["all"] and flags["selector"], ALL_OR_SELECTOR)
    refuse_if(not words and not flags["filename"], NO_OBJECTS)
    refuse_if(not changes, f"at least one {noun} update is required")


def _change_labels(call: Call, changes: _Changes, target: Target, present: Mapping[str, str]) -> tuple[Object, str]:
    """Patch the labels of an object; return the object and kubectl's word for the operation.

    kubectl derives the word from the patch alone. It says "labeled" even if the API server's answer is unchanged.
    """
    if call.dry_run != "client":
        call.say("".join(f'label "{key}" not found.\n' for key in changes.removed if key not in present))
    patch = {key: value for key, value in changes.patch_of(present).items() if present.get(key) != value}
    if not patch:
        return {**target.obj, "metadata": {**metadata(target.obj), "labels": present}}, "not labeled"
    return send_patch(call, target, {"metadata": {"labels": patch}}, "merge"), _operation(patch)


def _operation(patch: Mapping[str, str | None]) -> str:
    """kubectl's word for a patch of labels: "labeled", "unlabeled" or "modified". Mirrors updateDataChangeMsg."""
    if None not in patch.values():
        return "labeled"
    adds = any(value is not None for value in patch.values())
    return "modified" if adds else "unlabeled"


def _find_conflicts(call: Call, changes: _Changes, present: Mapping[str, str], exempt: str = "") -> list[str]:
    """Messages about present labels or annotations that would get another value, which takes --overwrite.

    `exempt` is an annotation that may always change.
    """
    if call.flags["overwrite"]:
        return []
    return [
        f"'{key}' already has a value ({present[key]})"
        for key, value in changes.added.items()
        if key != exempt and present.get(key, value) != value
    ]
