"""Draws the hops of a pull: kubectl, Secret, ServiceAccount, Pod spec, kubelet, registry, image."""

from __future__ import annotations

from typing import Any

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.kubelet.imagepull import SeenSecret
from kubesim.flow.causes import find_cause, will_recover
from kubesim.flow.commands import in_namespace
from kubesim.flow.facts import Facts, Scene, containers, first, gather, nearest, say, scene_of, table
from kubesim.flow.model import FAILED, NOT_REACHED, Flow, Hop
from kubesim.flow.story import limits, story

TITLES = {
    "kubectl": "kubectl",
    "secret": "Secret",
    "account": "ServiceAccount",
    "spec": "Pod spec",
    "kubelet": "kubelet",
    "registry": "Registry",
    "image": "Image",
}


def trace_flow(cluster: Cluster, namespace: str, pod: str, container: str | None = None) -> Flow:
    """The flow of one container's image; without `container`, of the one that waits for its image."""
    scene = scene_of(cluster)
    found = scene.api.find(POD, namespace, pod)
    if found is None:
        return _no_pod(scene, namespace, pod)
    facts = gather(scene, found, container)
    if facts is None:
        names = ", ".join(item["name"] for item in containers(found))
        problem = f"The Pod {pod} has no container {container}; it has {names}."
        return _stopped(f"{namespace}/{pod}, container {container}", problem, f"kubectl describe pod {pod}")
    return draw_facts(facts)


def draw_facts(facts: Facts) -> Flow:
    cause, words = find_cause(facts), {**facts.words, **_state(facts)}
    hops = []
    for key, rows in table("hops")["hops"].items():
        state, *texts = first(rows, words)
        lines = tuple(line for text in texts for line in text.format_map(words).split("\n"))
        if cause and cause.hop == key:
            hops.append(Hop(key, TITLES[key], FAILED, lines, cause.problem, cause.fix))
        elif state:
            hops.append(Hop(key, TITLES[key], state, lines))
    subject = f"{facts.image} for {facts.namespace}/{name_of(facts.pod)}, container {facts.container['name']}"
    return Flow(subject, tuple(hops), say("outcome", words), tuple(story(facts)), tuple(limits(facts)))


def _state(facts: Facts) -> dict[str, Any]:
    """The words that decide what is shown of each hop."""
    trace, attempts = facts.trace, facts.attempts
    last = attempts[-1] if attempts else None
    return {
        "owner": f"{facts.owner['kind']} {facts.owner['name']}" if facts.owner else "",
        "public": last and last.ok and last.secret is None,
        "seen": "\n".join(map(_seen, facts.seen)),
        "usable": any(seen.usable for seen in facts.seen),
        "matching_secret": facts.matching_secret,
        "replaced": facts.names and not facts.inherited,
        "untried": trace is None,
        "node": facts.pod["spec"].get("nodeName"),
        "present": trace and trace.outcome == "AlreadyPresent",
        "recovers": will_recover(facts),
        "unasked": not attempts,
        "message": trace.message if trace else "",
        "keys": ", ".join(dict.fromkeys(attempt.secret for attempt in attempts if attempt.secret)),
        "let_in": last and (last.ok or facts.kind == "not_found"),
        "user": last.username if last else "",
        "reason": last.answer.rpartition(": ")[2] if last else "",
    }


def _seen(seen: SeenSecret) -> str:
    if not seen.found:
        return f"{seen.name}: not found"
    return f"{seen.name} ({seen.type})" + (f" holds {', '.join(seen.entries)}" if seen.usable else f": {seen.problem}")


def _no_pod(scene: Scene, namespace: str, pod: str) -> Flow:
    homes = [namespace_of(item) for item in scene.api.list(POD) if name_of(item) == pod]
    names, owner = [name_of(item) for item in scene.api.list(POD, namespace)], pod.rpartition("/")[2]
    near = next((name for name in names if name.startswith(f"{owner}-")), "") or nearest(pod, names)
    problem = f"There is no Pod {pod} in the namespace {namespace}."
    command = f"kubectl get pods{in_namespace(namespace)}"
    if homes:
        problem += f" There is one in {homes[0]}."
        command = f"kubectl get pod {pod}{in_namespace(homes[0])}"
    elif near:
        problem += f" There is one named {near}."
        command = f"kubectl get pod {near}{in_namespace(namespace)}"
    return _stopped(f"{namespace}/{pod}", problem, command)


def _stopped(subject: str, problem: str, command: str) -> Flow:
    first = Hop("kubectl", TITLES["kubectl"], FAILED, (), problem, (command,))
    rest = (Hop(key, title, NOT_REACHED) for key, title in TITLES.items() if key not in ("kubectl", "account"))
    return Flow(subject, (first, *rest), "")
