"""kubectl cordon, uncordon and taint. Mirrors k8s.io/kubectl pkg/cmd/{drain,taint}, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from kubesim.api.objects import Object, name_of
from kubesim.api.resources import NODE, find_resource
from kubesim.api.selectors import label_value, qualified_name
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, Plain, UsageError, raise_all, refuse_if
from kubesim.kubectl.output import DRY_RUN_SUFFIX, print_result
from kubesim.kubectl.selection import Query, Target, find_targets

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


command("cordon")(lambda call: _set_unschedulable(call, _nodes(call), True))
command("uncordon")(lambda call: _set_unschedulable(call, _nodes(call), False))


def _nodes(call: Call) -> list[Object]:
    words = list(call.args)
    if (words or call.flags["selector"]) and not any("/" in word for word in words):
        words = ["nodes", *words]
    find_targets(call, words, one_type=True)
    found = Query(call, words).fetch(is_strict=True)
    for resource, _ in found:
        place = f'"{resource.group}/{resource.version}, Resource={resource.plural}"'
        refuse_if(resource is not NODE, f"expected resource of type node, got {place}")
    return [node for _, node in found]


def _set_unschedulable(call: Call, nodes: Sequence[Object], wanted: bool) -> None:
    verb = "cordoned" if wanted else "uncordoned"
    for node in nodes:
        is_done = bool(node["spec"].get("unschedulable")) is wanted
        if not is_done:
            send_patch(call, NODE, node, {"spec": {"unschedulable": wanted or None}}, "merge")
        _report(call, "node", node, f"already {verb}" if is_done else verb)


def _report(call: Call, kind: str, obj: Object, done: str) -> None:
    call.say(f"{kind}/{name_of(obj)} {done}{DRY_RUN_SUFFIX[call.dry_run]}\n")


@command("taint", operands="types")
def taint(call: Call) -> None:
    words, changes = call.split(_is_taint)
    for word in changes:
        refuse_if(not _is_taint(word), f"all resources must be specified before taint changes: {word}")
    refuse_if(not words, "one or more resources must be specified as <resource> <name>")
    refuse_if(not changes, "at least one taint update is required")
    added, removed = _parsed(changes)
    _check_taint(call, words, added, removed)
    names = [] if call.flags["all"] or call.flags["selector"] else words[1:]
    Query(call, ["nodes", *names]).visit(partial(_change_taints, call, added, removed))


def _is_taint(word: str) -> bool:
    return "=" in word or ":" in word or word.endswith("-")


def _check_taint(call: Call, words: Sequence[str], added: list[Object], removed: list[Object]) -> None:
    kind, found = words[0].lower(), find_resource(words[0].lower())
    if found is None:
        raise Plain(f'the server doesn\'t have a resource type "{kind}"')
    refuse_if(found is not NODE, f"invalid resource type {kind}, only node types are supported")
    both = [f"{old['key']}={old['effect']}" for new in added for old in removed if _matches(new, old)]
    clash = "can not both modify and remove the following taint(s) in the same command: "
    refuse_if(both, clash + ", ".join(both))
    is_named = call.flags["all"] or call.flags["selector"] or len(words) > 1
    refuse_if(not is_named, "at least one resource name must be specified since 'all' parameter is not set")


def _matches(taint_: Object, removed: Object) -> bool:
    return taint_["key"] == removed["key"] and removed["effect"] in ("", taint_["effect"])


def _parsed(changes: Sequence[str]) -> tuple[list[Object], list[Object]]:
    """The taints to add and to remove. Raises UsageError."""
    added: list[Object] = []
    removed: list[Object] = []
    for text in changes:
        if text.endswith("-"):
            removed.append(_taint(text[:-1]))
            continue
        new = _taint(text)
        refuse_if(not new["effect"], f"invalid taint spec: {text}", UsageError)
        shown = "{" + f"{new['key']} {new.get('value', '')} {new['effect']} <nil>" + "}"
        twice = any(_matches(item, new) for item in added)
        refuse_if(twice, f"duplicated taints with the same key and effect: {shown}", UsageError)
        added.append(new)
    return added, removed


def _taint(text: str) -> Object:
    """The taint in KEY=VALUE:EFFECT, KEY:EFFECT or KEY; its effect may be empty. Raises UsageError."""
    wrong = f"invalid taint spec: {text}"
    pair, *effects = text.split(":")
    key, *values = pair.split("=") if effects else [pair]
    refuse_if(len(effects) > 1, wrong, UsageError)
    for effect in effects:
        problem = f"invalid taint effect: {effect}, unsupported taint effect"
        refuse_if(effect not in _EFFECTS, problem, UsageError)
    refuse_if(len(values) > 1, wrong, UsageError)
    for problems in [*map(label_value, values), qualified_name(key)]:
        refuse_if(problems, f"{wrong}, {'; '.join(problems)}", UsageError)
    return {"key": key, **({"value": values[0]} if values and values[0] else {}), "effect": "".join(effects)}


def _change_taints(call: Call, added: list[Object], removed: list[Object], _: Target, node: Object) -> None:
    old: list[Object] = node["spec"].get("taints", [])
    there = [new["key"] for new in added if any(_matches(item, new) for item in old)]
    if there and not call.flags["overwrite"]:
        what = f"already has {','.join(there)} taint(s) with same effect(s) and --overwrite is false"
        raise KubectlError(f"node {name_of(node)} {what}")
    kept = [item for item in old if not any(_matches(item, new) for new in added)]
    new = [*added, *kept]
    is_more, is_less = len(old) != len(new), False
    missing: list[Exception] = []
    for item in removed:
        left = [one for one in new if not _matches(one, item)]
        is_less, new = len(left) < len(new), left
        name = f"{item['key']}:{item['effect']}".rstrip(":")
        missing += [] if is_less else [KubectlError(f'taint "{name}" not found')]
    raise_all(missing)
    done = "modified" if (is_more and is_less) or call.flags["overwrite"] else "tainted" if is_more else "untainted"
    changed = send_patch(call, NODE, node, {"spec": {"taints": new or None}}, "strategic")
    print_result(call, NODE, changed, done)
