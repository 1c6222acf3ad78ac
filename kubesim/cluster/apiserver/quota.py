"""What the quotas of a namespace count, and what they and its LimitRanges refuse.

Mirrors k8s.io/apiserver pkg/admission/plugin/resourcequota, kubernetes pkg/quota/v1/evaluator/core, without scopes, and
plugin/pkg/admission/limitranger, v1.36. As there, a request is compared with the quota's status and then counted in it;
a controller counts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kubesim.api import errors, quantity
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import LIMIT_RANGE, POD, RESOURCE_QUOTA, SERVICE, Resource
from kubesim.cluster.apiserver.store import Store

_COUNTED = ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"]
_PLAIN = ("cpu", "memory", "ephemeral-storage")  # the same as with "requests."
_REQUIRED = frozenset(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory"))

_LIMITED = "kubernetes.io/limit-ranger"

Amounts = dict[str, str]  # quantities, by what a quota calls them


def usage(resource: Resource, obj: Object) -> Amounts:
    """What an object adds to what the quotas of its namespace count."""
    found = {f"count/{resource.plural}{resource.group and '.'}{resource.group}": "1"}
    if resource.plural in _COUNTED:
        found[resource.plural] = "1"
    if resource is POD and obj["status"].get("phase") not in ("Succeeded", "Failed"):
        found |= {"pods": "1", **computed(obj)}
    elif resource is SERVICE and obj["spec"]["type"] in ("NodePort", "LoadBalancer"):
        found["services.nodeports"] = str(len(obj["spec"].get("ports", ())))
        found["services.loadbalancers"] = str(int(obj["spec"]["type"] == "LoadBalancer"))
    elif resource.kind == "PersistentVolumeClaim":
        found["requests.storage"] = obj["spec"]["resources"].get("requests", {}).get("storage", "0")
    return found


def used(quota: Object, objects: Iterable[tuple[Resource, Object]]) -> Amounts:
    """How much of each of a quota's amounts the objects of its namespace take."""
    found = [usage(resource, obj) for resource, obj in objects]
    return {
        name: quantity.total(each[name] for each in found if name in each) for name in quota["spec"].get("hard", {})
    }


def charge(resource: Resource, obj: Object, store: Store, old: Object | None = None) -> list[tuple[Object, Object]]:
    """The quotas that count a new object, or what a change adds, each with its new status.

    Raises StatusError (Forbidden).
    """
    quotas, charged = store.list(RESOURCE_QUOTA, namespace_of(obj)) if resource.namespaced else [], []
    asked = usage(resource, obj) if quotas else {}
    if old and quotas:
        counted = usage(resource, old)
        more = {name: quantity.total((amount, f"-{counted.get(name, '0')}")) for name, amount in asked.items()}
        asked = {name: amount for name, amount in more.items() if quantity.parse(amount) > 0}
    for quota in quotas:
        hard = quota["status"].get("hard", {})
        before = dict.fromkeys(hard, "0") | quota["status"].get("used", {})
        wanted = {name: asked[name] for name in sorted(hard) if name in asked}
        if resource is POD and not old:
            _check_is_given(obj, quota, _REQUIRED & hard.keys())
        after = {name: quantity.total((before[name], amount)) for name, amount in wanted.items()}
        over = [name for name, amount in after.items() if quantity.parse(amount) > quantity.parse(hard[name])]
        if over:
            amounts = (f"{what}: {_shown(over, of)}" for what, of in (("requested", wanted), ("used", before)))
            why = f"exceeded quota: {name_of(quota)}, {', '.join(amounts)}, limited: {_shown(over, hard)}"
            raise errors.forbidden(resource, name_of(obj), why)
        if after:
            charged.append((quota, {"hard": hard, "used": before | after}))
    return charged


def _check_is_given(obj: Object, quota: Object, required: frozenset[str]) -> None:
    """Raises StatusError (Forbidden) for a Pod with a container that leaves open what the quota counts."""
    missing: dict[str, set[str]] = {}
    for container in (*obj["spec"]["containers"], *obj["spec"].get("initContainers", ())):
        for name in required - _amounts(container).keys():
            missing.setdefault(name, set()).add(container["name"])
    if missing:
        names = "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))
        raise errors.forbidden(POD, name_of(obj), f"failed quota: {name_of(quota)}: must specify {names}")


def _amounts(container: Object) -> Amounts:
    """What a container asks for and is limited to."""
    given = container.get("resources") or {}
    requests, limits = given.get("requests") or {}, given.get("limits") or {}
    found = {f"requests.{name}": str(amount) for name, amount in requests.items()}
    found |= {f"limits.{name}": str(amount) for name, amount in limits.items()}
    return found | {name: requests[name] for name in _PLAIN if name in requests}


def computed(pod: Object) -> Amounts:
    """What a Pod takes: the sum of what goes on running; more, if an init container that ends asks for more."""
    inits = pod["spec"].get("initContainers") or []
    sidecars = [item for item in inits if item.get("restartPolicy") == "Always"]
    ending = [_amounts(item) for item in inits if item not in sidecars]
    running = [_amounts(item) for item in (*pod["spec"]["containers"], *sidecars)]
    found = {}
    for name in sorted({name for each in (*ending, *running) for name in each}):
        amounts = quantity.total(each[name] for each in running if name in each)
        found[name] = max((amounts, *(each[name] for each in ending if name in each)), key=quantity.parse)
    return found


def _shown(names: Iterable[str], amounts: Mapping[str, str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names)


def fill_limits(pod: Object, store: Store) -> None:
    """Give a new Pod's containers what LimitRanges have for those that leave it open, and say so in an annotation."""
    spec = pod["spec"]
    kinds = (("container", spec.get("containers", ())), ("init container", spec.get("initContainers", ())))
    for found in store.list(LIMIT_RANGE, namespace_of(pod)):
        items, said = [item for item in found["spec"].get("limits", ()) if item["type"] == "Container"], []
        for kind, container in ((kind, container) for kind, containers in kinds for container in containers):
            for key, source in (("request", "defaultRequest"), ("limit", "default")):
                given = container["resources"].get(f"{key}s", {})
                defaults = {name: amount for item in items for name, amount in item.get(source, {}).items()}
                if added := sorted(defaults.keys() - given.keys()):
                    container["resources"][f"{key}s"] = {**defaults, **given}
                    said.append(f"{', '.join(added)} {key} for {kind} {container.get('name', '')}")
        if said:
            given = pod["metadata"].get("annotations") or {}
            pod["metadata"]["annotations"] = {**given, _LIMITED: f"LimitRanger plugin set: {'; '.join(said)}"}


def check_limits(resource: Resource, obj: Object, store: Store) -> None:
    """Raises StatusError (Forbidden) for a new Pod or claim that a LimitRange of its namespace doesn't allow."""
    ranges = store.list(LIMIT_RANGE, namespace_of(obj)) if resource.namespaced else []
    if not ranges:
        return
    limited: dict[str, list[Amounts]] = {}
    if resource is POD:
        containers = [*obj["spec"]["containers"], *obj["spec"].get("initContainers", ())]
        limited = {"Container": [_amounts(item) for item in containers], "Pod": [computed(obj)]}
    elif resource.kind == "PersistentVolumeClaim":
        limited = {resource.kind: [_amounts(obj["spec"])]}
    for found in ranges:
        items = found["spec"].get("limits", ())
        said = [says for item in items for amounts in limited.get(item["type"], ()) for says in _beyond(item, amounts)]
        if said := list(dict.fromkeys(said)):
            raise errors.forbidden(resource, name_of(obj), said[0] if len(said) == 1 else f"[{', '.join(said)}]")


def _beyond(item: Object, amounts: Amounts) -> Iterator[str]:
    """How amounts are not within an item of a LimitRange."""
    kind = item["type"]
    for word, order in (("minimum", ("request", "limit")), ("maximum", ("limit", "request"))):
        keys = ["request"] if kind == "PersistentVolumeClaim" else list(order)
        for name, bound in sorted(item.get(word[:3], {}).items()):
            given = {key: amounts[f"{key}s.{name}"] for key in keys if f"{key}s.{name}" in amounts}
            sign, least = (1, quantity.parse(bound)) if word == "minimum" else (-1, -quantity.parse(bound))
            beyond = [key for key, amount in given.items() if sign * quantity.parse(amount) < least]
            what = f"{word} {name} usage per {kind} is {bound}"
            if keys[0] not in given:
                yield f"{what}.  No {keys[0]} is specified"
            elif beyond:
                yield f"{what}, but {beyond[0]} is {given[beyond[0]]}"
    for name, ratio in sorted(item.get("maxLimitRequestRatio", {}).items()):
        what = f"{name} max limit to request ratio per {kind} is {ratio}, but"
        request, limit = (quantity.parse(amounts.get(f"{key}.{name}", "0")) for key in ("requests", "limits"))
        if not request or not limit:
            missing = "limit" if request else "request"
            yield f"{what} no {missing} is specified or {missing} is 0"
        elif limit / request > quantity.parse(ratio):
            yield f"{what} provided ratio is {float(limit / request):.6f}"
