"""kubectl cordon, uncordon and taint. Mirrors k8s.io/kubectl pkg/cmd/{drain,taint}, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

from kubesim.api.content import TAINT_EFFECTS, label_value, qualified_name
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.resources import NODE, find_resource
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, Plain, UsageError, raise_all, refuse_if
from kubesim.kubectl.labels import split_changes
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query


def _check_nodes(call: Call) -> None:
    refuse_if(not call.args, f"USAGE: {call.command.path[0]} NODE [flags]", UsageError)


@command("cordon", check=_check_nodes)
def cordon(call: Call) -> None:
    _mark(call, "cordon", True)


@command("uncordon", check=_check_nodes)
def uncordon(call: Call) -> None:
    _mark(call, "uncordon", None)


def _mark(call: Call, verb: str, unschedulable: bool | None) -> None:
    """Set or remove spec.unschedulable of the nodes that are named; a refusal is told, and doesn't count."""
    for node in _nodes(call):
        if node.obj["spec"].get("unschedulable") is unschedulable:
            call.say(f"node/{node.name} already {verb}ed\n")
            continue
        try:
            send_patch(call, node, {"spec": {"unschedulable": unschedulable}}, "merge")
        except StatusError as error:
            call.complain(f'error: unable to {verb} node "{node.name}": {error.message}\n')
        else:
            call.say(f"node/{node.name} {verb}ed\n")


def _nodes(call: Call) -> list[Target]:
    has_types = any("/" in word for word in call.args)
    words = call.args if has_types else ["nodes", *call.args]
    nodes = Query(call, words, one_type=True).fetch(is_strict=True)
    for node in nodes:
        refuse_if(node.resource is not NODE, f'expected resource of type node, got "{node.resource.gvr}"')
    return nodes


@command("taint", asks_namespace=True, operands="types", kinds=(NODE.kind,), prints_alone=True, hides_dry_run=True)
def taint(call: Call) -> None:
    words, changes = split_changes(call.args, _is_taint)
    for word in changes:
        refuse_if(not _is_taint(word), f"all resources must be specified before taint changes: {word}")
    refuse_if(not words, "one or more resources must be specified as <resource> <name>")
    refuse_if(not changes, "at least one taint update is required")
    change = _read_changes(changes)
    _check_taint(call, words, change)
    names = [] if call.flags["all"] else words[1:]
    Query(call, ["nodes", *names]).visit(partial(_change_taints, call, change))


def _is_taint(word: str) -> bool:
    return "=" in word or ":" in word or word.endswith("-")


class _Change(NamedTuple):
    """What is done to the taints of a Node."""

    added: list[Object]
    removed: list[Object]  # of any effect, where it is ""


def _check_taint(call: Call, words: Sequence[str], change: _Change) -> None:
    kind = words[0].lower()
    resource = find_resource(kind)
    if resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{kind}"')
    refuse_if(resource is not NODE, f"invalid resource type {kind}, only node types are supported")
    pairs = product(change.added, change.removed)
    both = [f"{removed['key']}={removed['effect']}" for added, removed in pairs if _matches(added, removed)]
    refuse_if(both, "can not both modify and remove the following taint(s) in the same command: " + ", ".join(both))
    refuse_if(
        not call.flags["all"] and len(words) == 1,
        "at least one resource name must be specified since 'all' parameter is not set",
    )


def _matches(present: Object, other: Object) -> bool:
    """Whether two taints have the same key, and the same effect where the other has one."""
    return present["key"] == other["key"] and other["effect"] in ("", present["effect"])


def _is_among(taints: Sequence[Object], taint: Object) -> bool:
    """Whether there is a taint of the same key and effect."""
    return any(_matches(each, taint) for each in taints)


def _read_changes(changes: Sequence[str]) -> _Change:
    """What the words say. Raises UsageError."""
    change = _Change([], [])
    for text in changes:
        if text.endswith("-"):
            change.removed.append(_taint(text[:-1]))
            continue
        new = _taint(text)
        refuse_if(not new["effect"], f"invalid taint spec: {text}", UsageError)
        struct = f"{{{new['key']} {new.get('value', '')} {new['effect']} <nil>}}"
        refuse_if(_is_among(change.added, new), f"duplicated taints with the same key and effect: {struct}", UsageError)
        change.added.append(new)
    return change


def _taint(text: str) -> Object:
    """The taint in KEY=VALUE:EFFECT, KEY:EFFECT or KEY; its effect may be empty. Raises UsageError."""
    wrong = f"invalid taint spec: {text}"
    refuse_if(text.count(":") > 1, wrong, UsageError)
    pair, colon, effect = text.partition(":")
    key = pair
    value = ""
    if colon:
        refuse_if(effect not in TAINT_EFFECTS, f"invalid taint effect: {effect}, unsupported taint effect", UsageError)
        refuse_if(pair.count("=") > 1, wrong, UsageError)
        key, _, value = pair.partition("=")
    for problems in (label_value(value), qualified_name(key)):
        refuse_if(problems, f"{wrong}, {'; '.join(problems)}", UsageError)
    taint = {"key": key, "effect": effect}
    if value:
        taint["value"] = value
    return taint


def _change_taints(call: Call, change: _Change, node: Target) -> None:
    """Change the taints of one Node and say whether it gained or lost some. Mirrors reorganizeTaints."""
    old: list[Object] = node.obj["spec"].get("taints", [])
    present = [new["key"] for new in change.added if _is_among(old, new)]
    refuse_if(
        present and not call.flags["overwrite"],
        f"node {node.name} already has {','.join(present)} taint(s) with same effect(s) and --overwrite is false",
    )
    kept_and_added = [*change.added, *(taint for taint in old if not _is_among(change.added, taint))]
    gains = len(kept_and_added) != len(old)
    taints, loses = _without(kept_and_added, change.removed)
    if call.flags["overwrite"] or (gains and loses):
        done = "modified"
    elif gains:
        done = "tainted"
    else:
        done = "untainted"
    print_result(call, NODE, send_patch(call, node, {"spec": {"taints": taints or None}}, "strategic"), done)


def _without(taints: list[Object], removed: list[Object]) -> tuple[list[Object], bool]:
    """The taints that are left, and whether the last removal took one away, which is what kubectl looks at.

    Raises KubectlError for those that aren't there. Mirrors deleteTaints.
    """
    loses = False
    missing: list[Exception] = []
    for taint in removed:
        left = [present for present in taints if not _matches(present, taint)]
        loses = len(left) < len(taints)
        taints = left
        if not loses:
            name = f"{taint['key']}:{taint['effect']}".rstrip(":")
            missing.append(KubectlError(f'taint "{name}" not found'))
    raise_all(missing)
    return taints, loses
