"""What is shown of NetworkPolicies, Ingresses, quotas, limits, autoscalers, and volumes with their claims.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubesim.api.humanize import NONE, format_selector
from kubesim.api.objects import Object, at, name_of, namespace_of
from kubesim.kubectl.describers import SCREENS, block, shows, table
from kubesim.kubectl.describers.others import addresses
from kubesim.kubectl.flags import SAYS


@block
def _network_policy(spec: Object) -> Iterator[str]:
    shown = format_selector(spec["podSelector"])
    everything = " (Allowing the specific traffic to all pods in this namespace)" * (shown == NONE)
    yield from ("Spec:", f"  PodSelector:     {shown}{everything}")
    for kind, peers, label, side in (("Ingress", "from", "From", "source"), ("Egress", "to", "To", "destination")):
        way = kind.lower()
        if kind not in spec["policyTypes"]:
            yield f"  Not affecting {way} traffic"
            continue
        yield f"  Allowing {way} traffic:"
        rules = [[*_rule(rule, rule.get(peers) or (), label, side)] for rule in spec.get(way) or ()]
        rules = rules or [[f"{NONE} (Selected pods are isolated for {way} connectivity)"]]
        yield from (f"    {line}" for rule in rules[:-1] for line in (*rule, "----------"))
        yield from (f"    {line}" for line in rules[-1])
    yield f"  Policy Types: {', '.join(spec['policyTypes'])}"


def _rule(rule: Object, peers: Sequence[Object], label: str, side: str) -> Iterator[str]:
    for port in rule.get("ports") or ():
        head, end = (" Range", f"-{port['endPort']}") if "endPort" in port else ("", "")
        yield f"To Port{head}: {port.get('port', '<nil>')}{end}/{port['protocol']}"
    if not rule.get("ports"):
        yield "To Port: <any> (traffic allowed to all ports)"
    if not peers:
        yield f"{label}: <any> (traffic not restricted by {side})"
    for peer in peers:
        yield f"{label}:"
        selectors = [key for key in ("namespaceSelector", "podSelector") if key in peer]
        yield from (f"  {key[0].upper()}{key[1:]}: {format_selector(peer[key])}" for key in selectors)
        if inner := peer.get("ipBlock"):
            yield from (
                "  IPBlock:",
                f"    CIDR: {inner['cidr']}",
                f"    Except: {', '.join(inner.get('except') or ())}",
            )


@block
def _ingress(ingress: Object, services: Sequence[Object], slices: Sequence[Object]) -> Iterator[str]:
    spec = ingress["spec"]
    shown = _backend(spec["defaultBackend"], services, slices) if "defaultBackend" in spec else "<default>"
    yield f"Default backend:\t{shown}"
    if spec.get("tls"):
        yield "TLS:"
    for item in spec.get("tls") or ():
        hosts, secret = ",".join(item.get("hosts") or ()), item.get("secretName")
        yield f"  {secret} terminates {hosts}" if secret else f"  SNI routes {hosts}"
    yield "Rules:"
    rows: list[tuple[str, ...]] = []
    for rule in [rule for rule in spec.get("rules") or () if rule.get("http")]:
        rows.append((rule.get("host") or "*", ""))
        paths = [(path.get("path", ""), path["backend"]) for path in at(rule, "http.paths") or ()]
        rows += [("", f"{path} ", _backend(backend, services, slices)) for path, backend in paths]
    yield from table(("Host", "Path", "Backends"), rows or [("*", "*", shown)])


def _backend(backend: Object, services: Sequence[Object], slices: Sequence[Object]) -> str:
    if "resource" in backend:
        return "APIGroup: {apiGroup}, Kind: {kind}, Name: {name}".format_map(
            {"apiGroup": "<nil>", **backend["resource"]}
        )
    name, port = at(backend, "service.name"), at(backend, "service.port") or {}
    found = next((item for item in services if name_of(item) == name), None)
    where = f'<error: services "{name}" not found>'
    if found:
        wanted, ports = list(port.values()), found["spec"].get("ports", ())
        named = (item.get("name", "") for item in ports if item["port"] in wanted or item.get("name") in wanted)
        where = addresses(slices, name, next(named, ""))
    return f"{name}:{port.get('number') or port.get('name')} ({where})"


def _scopes(quota: Object, indent: str) -> Iterator[str]:
    scopes = sorted(quota["spec"].get("scopes") or ())
    if scopes:
        yield f"Scopes:\t{', '.join(scopes)}"
    yield from (
        f"{indent}* Matches all pods that {SAYS[says]}" for says in map("scope {}".format, scopes) if says in SAYS
    )


def _used(quota: Object) -> list[tuple[str, str, str]]:
    hard, used = (at(quota, f"status.{key}") or {} for key in ("hard", "used"))
    return [(name, used.get(name, "0"), hard[name]) for name in sorted(hard)]


@block
def _quota(quota: Object) -> Iterator[str]:
    yield from _scopes(quota, " ")
    yield from table(("Resource", "Used", "Hard"), _used(quota), "")


_LIMITS = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")
_LIMIT_KEYS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")


@block
def _limits(limits: Sequence[Object] | None, indent: str = "") -> Iterator[str]:
    rows = []
    for item in limits or ():
        for name in sorted({name for key in _LIMIT_KEYS for name in item.get(key) or {}}):
            rows.append((item["type"], name, *((item.get(key) or {}).get(name, "-") for key in _LIMIT_KEYS)))
    yield from table(_LIMITS, rows, indent)


@block
def _namespace_limits(name: str, quotas: Sequence[Object], ranges: Sequence[Object]) -> Iterator[str]:
    quotas, ranges = ([item for item in found if namespace_of(item) == name] for found in (quotas, ranges))
    yield from ("", "Resource Quotas" if quotas else "No resource quota.")
    for quota in quotas:
        yield f"  Name:\t{name_of(quota)}"
        yield from (f"  {line}" for line in _scopes(quota, ""))
        rows = (("Resource", "Used", "Hard"), ("--------", "---", "---"), *_used(quota))
        yield from ("  " + "\t".join(row) for row in rows)
    yield from ("", "Resource Limits" if ranges else "No LimitRange resource.")
    limits = [limit for found in ranges for limit in found["spec"].get("limits") or ()]
    yield from _limits(limits, " ") if ranges else ()


@block
def _metrics(metrics: Sequence[Object] | None) -> Iterator[str]:
    for item in metrics or ():
        source: Object = item[item["type"][:1].lower() + item["type"][1:]]
        target = source["target"]
        value = "target average value" if "averageValue" in target else "target value"
        amount = target.get("averageValue") or target.get("value")
        if "averageUtilization" in target:
            value, amount = "", f"{target['averageUtilization']}%"
        what = SCREENS["metrics"][item["type"]].format(**source, value=value)
        yield f"  {what}{'  (as a percentage of request)' * (not value)}:\t<unknown> / {amount}"


def _terms(indent: str, terms: Sequence[Object], key: str) -> Iterator[str]:
    for index, term in enumerate(terms):
        title = f"Term {index}:"
        for item in term.get(key) or ():
            values = f" [{', '.join(item['values'])}]" if item.get("values") else ""
            yield f"{indent}{title}\t{item['key']} {item.get('operator', 'In').lower()}{values}"
            title = ""


@block
def _node_affinity(terms: Sequence[Object] | None) -> Iterator[str]:
    yield f"Node Affinity:\t{'' if terms else NONE}"
    if terms:
        yield from ("  Required Terms:\t", *_terms("    ", terms, "matchExpressions"))


@block
def _topologies(terms: Sequence[Object] | None) -> Iterator[str]:
    if terms:
        yield from ("AllowedTopologies:\t", *_terms("  ", terms, "matchLabelExpressions"))


@shows
def _used_by(claim: str, pods: Sequence[Object] | None) -> list[str]:
    path = "persistentVolumeClaim.claimName"
    return [name_of(pod) for pod in pods or () for item in pod["spec"].get("volumes", ()) if at(item, path) == claim]
