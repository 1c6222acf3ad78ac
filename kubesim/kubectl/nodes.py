"""kubectl cordon, uncordon, drain and taint. Mirrors k8s.io/kubectl pkg/cmd/{drain,taint} and pkg/drain, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import DAEMON_SET, NODE, POD, find_resource
from kubesim.api.selectors import SelectorError, label_selector, label_value, qualified_name
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.deletion import PATIENCE
from kubesim.kubectl.errors import KubectlError, Plain, Several, UsageError, raise_all, refuse_if
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


@command("drain")
def drain(call: Call) -> None:
    nodes, failed = _nodes(call), []
    try:
        chosen = label_selector(call.flags["pod-selector"])
    except SelectorError:
        raise KubectlError("--pod-selector=<pod_selector> must be a valid label selector") from None
    _set_unschedulable(call, nodes, True)
    for node in nodes:
        pods = call.api.list(POD, fields=f"spec.nodeName={name_of(node)}", user=call.user)
        try:
            _evict(call, [pod for pod in pods if chosen(pod)])
        except (KubectlError, Several) as error:
            failed.append((name_of(node), error))
            why = str(error) if isinstance(error, KubectlError) else f"[{', '.join(map(str, error.errors))}]"
            call.complain(f'error: unable to drain node "{name_of(node)}" due to error: {why}, continuing command...\n')
        else:
            _report(call, "node", node, "drained")
    if failed:
        call.complain("There are pending nodes to be drained:\n" + "".join(f" {name}\n" for name, _ in failed))
        raise Several(error for _, error in failed)


def _evict(call: Call, pods: Sequence[Object]) -> None:
    """Evict those Pods of a node that have to go. Raises Several where others hold it up."""
    going: list[Object] = []
    warnings: dict[str, list[str]] = {}
    problems: dict[str, list[str]] = {}
    for pod in pods:
        problem, warning, goes = _judge(call, pod)
        for kind, text in ((problems, problem), (warnings, warning)):
            kind.setdefault(text, []).append(f"{namespace_of(pod)}/{name_of(pod)}")
        going += [pod] if goes else []
    raise_all(KubectlError(f"cannot delete {text}: {', '.join(names)}") for text, names in problems.items() if text)
    if said := "; ".join(f"{text}: {', '.join(names)}" for text, names in warnings.items() if text):
        call.complain(f"Warning: {said}\n")
    for pod in going if not call.flags["disable-eviction"] else ():
        call.say(f"evicting pod {namespace_of(pod)}/{name_of(pod)}{DRY_RUN_SUFFIX[call.dry_run]}\n")
    if call.dry_run == "none":
        _delete(call, going)


def _judge(call: Call, pod: Object) -> tuple[str, str, bool]:
    """What hinders a Pod's eviction, what to warn of, and whether it goes. Mirrors pkg/drain/filters.go."""
    controller = next((item for item in metadata(pod).get("ownerReferences", ()) if item.get("controller")), None)
    if pod["status"]["phase"] in ("Succeeded", "Failed"):
        return "", "", True
    if controller and controller["kind"] == DAEMON_SET.kind:
        if call.flags["ignore-daemonsets"]:
            return "", "ignoring DaemonSet-managed Pods", False
        return "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", "", False
    if "kubernetes.io/config.mirror" in metadata(pod).get("annotations", {}):
        return "", "", False
    is_local = any("emptyDir" in volume for volume in pod["spec"].get("volumes", ()))
    if is_local and not call.flags["delete-emptydir-data"]:
        return "Pods with local storage (use --delete-emptydir-data to override)", "", False
    if controller:
        return "", "deleting Pods with local storage" if is_local else "", True
    if call.flags["force"]:
        return "", "deleting Pods that declare no controller", True
    return "Pods that declare no controller (use --force to override)", "", False


def _delete(call: Call, pods: Sequence[Object]) -> None:
    seconds, left = call.flags["grace-period"], list(pods)
    for pod in pods:
        place = (namespace_of(pod), name_of(pod))
        if not call.flags["disable-eviction"]:
            call.api.authorize(call.user, "create", POD, *place, "eviction")
        user = call.user if call.flags["disable-eviction"] else ADMIN
        call.api.delete(POD, *place, grace_period=None if seconds < 0 else seconds, user=user)

    def has_gone(pod: Object) -> bool:
        found = call.api.find(POD, namespace_of(pod), name_of(pod))
        return not found or metadata(found)["uid"] != metadata(pod)["uid"]

    def look() -> bool:
        for pod in [pod for pod in left if has_gone(pod)]:
            left.remove(pod)
            _report(call, "pod", pod, "deleted" if call.flags["disable-eviction"] else "evicted")
        return not left

    if not call.wait_until(look, call.flags["timeout"] or PATIENCE):
        where = [f'pod "{name_of(pod)}" in namespace "{namespace_of(pod)}"' for pod in left]
        late = [f"error when waiting for {pod} to terminate: context deadline exceeded" for pod in where]
        node, why = left[0]["spec"]["nodeName"], late[0] if len(late) == 1 else f"[{', '.join(late)}]"
        call.complain(f'There are pending pods in node "{node}" when an error occurred: {why}\n')
        call.complain("".join(f"pod/{name_of(pod)}\n" for pod in left))
        raise_all(map(KubectlError, late))


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
