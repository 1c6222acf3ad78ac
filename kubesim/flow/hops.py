"""Draws the hops of a pull: kubectl, Secret, ServiceAccount, Pod spec, kubelet, registry, image."""

from __future__ import annotations

from dataclasses import replace

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.kubelet.imagepull import SecretLook
from kubesim.flow.causes import find_cause, will_recover
from kubesim.flow.commands import in_namespace
from kubesim.flow.facts import Facts, Scene, containers, gather, nearest, scene_of
from kubesim.flow.model import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, Flow, Hop
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
State = tuple[str, ...]
"""The state of a hop, and the words on it."""


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
    """The flow of a container, in a running cluster or in an export."""
    cause = find_cause(facts)
    owner = f", created by {facts.owner['kind']} {facts.owner['name']}" if facts.owner else ""
    states: dict[str, State] = {
        "kubectl": (PASSED, f"Pod {name_of(facts.pod)} is in {facts.namespace}{owner}"),
        "secret": _secret(facts),
        "account": _account(facts),
        "spec": _spec(facts),
        "kubelet": _kubelet(facts),
        "registry": _registry(facts),
        "image": (PASSED, f"{facts.image} is on the node") if facts.has_image else (NOT_REACHED, facts.image),
    }
    hops = [Hop(key, TITLES[key], state, tuple(words)) for key, (state, *words) in states.items() if state]
    if cause:
        hops = [
            replace(hop, state=FAILED, problem=cause.problem, fix=cause.fix) if hop.key == cause.hop else hop
            for hop in hops
        ]
    subject = f"{facts.image} for {facts.namespace}/{name_of(facts.pod)}, container {facts.container['name']}"
    return Flow(subject, tuple(hops), _outcome(facts), tuple(story(facts)), tuple(limits(facts)))


def _outcome(facts: Facts) -> str:
    if facts.has_image:
        return "The image is on the node and the container may start."
    if will_recover(facts):
        seen = "As far as the export shows, nothing" if facts.scene.is_export else "Nothing"
        return f"{seen} is wrong any more: the kubelet tries again on its own, after its pause of at most 5 minutes."
    return "The kubelet has not tried to pull the image yet."


def _secret(facts: Facts) -> State:
    if facts.attempts and facts.attempts[-1].ok and facts.attempts[-1].secret is None:
        return NOT_NEEDED, "the image is public"
    if facts.seen:
        usable = any(seen.usable for seen in facts.seen)
        return PASSED if usable else FAILED, *map(_seen, facts.seen)
    if facts.has_image:
        return NOT_NEEDED, "the image was on the node already"
    if facts.matching_secret:
        return NOT_REACHED, f"{facts.matching_secret} matches, but the Pod does not list it"
    return NOT_REACHED, "the Pod lists none"


def _seen(seen: SecretLook) -> str:
    if not seen.found:
        return f"{seen.name}: not found"
    return f"{seen.name} ({seen.type})" + (f" holds {', '.join(seen.entries)}" if seen.usable else f": {seen.problem}")


def _account(facts: Facts) -> State:
    if not facts.account_names:
        return ("",)
    listed = f"{facts.account} lists {', '.join(facts.account_names)}"
    if facts.inherited or not facts.names:
        return PASSED, listed
    return NOT_NEEDED, listed, "the Pod has its own list"


def _spec(facts: Facts) -> State:
    if facts.names:
        source = f"from the ServiceAccount {facts.account}" if facts.inherited else "in its own spec"
        return PASSED, f"imagePullSecrets: {', '.join(facts.names)}", source
    return PASSED, "no imagePullSecrets"


def _kubelet(facts: Facts) -> State:
    trace = facts.trace
    if trace is None:
        return NOT_REACHED, "has not tried yet" if facts.pod["spec"].get("nodeName") else "the Pod has no node yet"
    if trace.outcome == "AlreadyPresent":
        return PASSED, "found the image on the node, and the Pod may use it"
    if will_recover(facts):
        return PASSED, "waits a moment, then tries again on its own"
    if not trace.attempts:
        return FAILED, trace.message
    keys = ", ".join(dict.fromkeys(attempt.secret for attempt in trace.attempts if attempt.secret))
    return PASSED, f"asked with {keys}" if keys else "asked without credentials"


def _registry(facts: Facts) -> State:
    trace = facts.trace
    if trace is not None and trace.outcome == "AlreadyPresent":
        return NOT_NEEDED, "not asked"
    if trace is None or not trace.attempts:
        return NOT_REACHED, facts.registry
    if will_recover(facts):
        return NOT_REACHED, f"{facts.registry} will be asked again"
    last = trace.attempts[-1]
    if last.ok or facts.kind == "not_found":
        return PASSED, f"{facts.registry} lets {f'user {last.username}' if last.username else 'everyone'} in"
    return FAILED, f"{facts.registry} refused: {last.answer.rpartition(': ')[2] or 'its answer is not known'}"


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
