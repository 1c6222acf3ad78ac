"""What the quotas of a namespace count, and what they refuse.

Mirrors k8s.io/apiserver pkg/admission/plugin/resourcequota and kubernetes pkg/quota/v1/evaluator/core, v1.36, without
scopes. As there, a request is compared with the quota's status and then counted in it; a controller counts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubesim.api import errors, quantity
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import LIMIT_RANGE, POD, RESOURCE_QUOTA, SERVICE, Resource
from kubesim.cluster.apiserver.store import Store

_COUNTED = ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"]
_PLAIN = ("cpu", "memory", "ephemeral-storage")  # the same as with "requests."
_REQUIRED = frozenset(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory"))

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


def charge(resource: Resource, obj: Object, store: Store) -> list[tuple[Object, Object]]:
    """The quotas that count a new object, each with its new status. Raises StatusError (Forbidden)."""
    quotas, charged = store.list(RESOURCE_QUOTA, namespace_of(obj)) if resource.namespaced else [], []
    asked = usage(resource, obj) if quotas else {}
    for quota in quotas:
        hard = quota["status"].get("hard", {})
        before = dict.fromkeys(hard, "0") | quota["status"].get("used", {})
        wanted = {name: asked[name] for name in sorted(hard) if name in asked}
        _check_is_given(resource, obj, quota, _REQUIRED & hard.keys(), store)
        after = {name: quantity.total((before[name], amount)) for name, amount in wanted.items()}
        over = [name for name, amount in after.items() if quantity.parse(amount) > quantity.parse(hard[name])]
        if over:
            amounts = (f"{what}: {_shown(over, of)}" for what, of in (("requested", wanted), ("used", before)))
            why = f"exceeded quota: {name_of(quota)}, {', '.join(amounts)}, limited: {_shown(over, hard)}"
            raise errors.forbidden(resource, name_of(obj), why)
        if after:
            charged.append((quota, {"hard": hard, "used": before | after}))
    return charged


def _check_is_given(resource: Resource, obj: Object, quota: Object, required: frozenset[str], store: Store) -> None:
    """Raises StatusError (Forbidden) for a Pod with a container that leaves open what the quota counts."""
    if resource is not POD or store.list(LIMIT_RANGE, namespace_of(obj)):  # its defaults may give it
        return
    missing: dict[str, set[str]] = {}
    for container in (*obj["spec"]["containers"], *obj["spec"].get("initContainers", ())):
        for name in required - _amounts(container).keys():
            missing.setdefault(name, set()).add(container["name"])
    if missing:
        names = "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))
        raise errors.forbidden(resource, name_of(obj), f"failed quota: {name_of(quota)}: must specify {names}")


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
