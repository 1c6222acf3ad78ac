"""Draws the hops: kubectl, Secret, ServiceAccount, Pod spec, kubelet, registry, image."""

from __future__ import annotations

from dataclasses import replace

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.kubelet.imagepull import SecretLook
from kubesim.flow import commands
from kubesim.flow.answers import Kind
from kubesim.flow.causes import find_cause, will_recover
from kubesim.flow.facts import Facts, containers, gather, nearest
from kubesim.flow.model import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, Flow, Hop
from kubesim.flow.scene import Scene, scene_of
from kubesim.flow.story import limits, tell

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
    facts = gather(scene, namespace, found, container)
    if facts is None:
        return _no_container(namespace, found, str(container))
    return draw_facts(facts)


def draw_facts(facts: Facts) -> Flow:
    """The flow of a container, in a running cluster or in an export."""
    cause = find_cause(facts)
    hops = [_kubectl(facts), _secret(facts), *_account(facts), _spec(facts)]
    hops += [_kubelet(facts), _registry(facts), _image(facts)]
    if cause:
        at = [hop.key for hop in hops].index(cause.hop)
        hops[at] = replace(hops[at], state=FAILED, problem=cause.problem, mend=cause.mend)
    subject = f"{facts.image} for {facts.namespace}/{name_of(facts.pod)}, container {facts.container['name']}"
    return Flow(subject, tuple(hops), _outcome(facts), tuple(tell(facts)), tuple(limits(facts)))


def _outcome(facts: Facts) -> str:
    if facts.has_image:
        return "The image is on the node and the container may start."
    if will_recover(facts):
        seen = "As far as the export shows, nothing" if facts.scene.is_export else "Nothing"
        return f"{seen} is wrong any more: the kubelet tries again by itself, after its pause of at most 5 minutes."
    return "The kubelet has not tried to pull the image yet."


def _hop(key: str, state: str, *words: str) -> Hop:
    return Hop(key, TITLES[key], state, words)


def _kubectl(facts: Facts) -> Hop:
    maker = f", made by {facts.owner['kind']} {facts.owner['name']}" if facts.owner else ""
    return _hop("kubectl", PASSED, f"Pod {name_of(facts.pod)} is in {facts.namespace}{maker}")


def _secret(facts: Facts) -> Hop:
    if _asked_anonymously(facts):
        return _hop("secret", NOT_NEEDED, "the image is public")
    if facts.looks:
        usable = any(look.usable for look in facts.looks)
        return _hop("secret", PASSED if usable else FAILED, *(_seen(look) for look in facts.looks))
    if facts.has_image:
        return _hop("secret", NOT_NEEDED, "the image was on the node already")
    if facts.fitting:
        return _hop("secret", NOT_REACHED, f"{facts.fitting} would fit, but the Pod does not name it")
    return _hop("secret", NOT_REACHED, "the Pod names none")


def _seen(look: SecretLook) -> str:
    if not look.found:
        return f"{look.name}: not found"
    if not look.usable:
        return f"{look.name} ({look.type}): {look.problem}"
    return f"{look.name} ({look.type}) holds {', '.join(look.entries)}"


def _account(facts: Facts) -> list[Hop]:
    if not facts.account_names:
        return []
    listed = f"{facts.account} lists {', '.join(facts.account_names)}"
    if facts.inherited or not facts.names:
        return [_hop("account", PASSED, listed)]
    return [_hop("account", NOT_NEEDED, listed, "the Pod has a list of its own")]


def _spec(facts: Facts) -> Hop:
    if facts.names:
        source = f"from the ServiceAccount {facts.account}" if facts.inherited else "in its own spec"
        return _hop("spec", PASSED, f"imagePullSecrets: {', '.join(facts.names)}", source)
    return _hop("spec", PASSED, "no imagePullSecrets")


def _kubelet(facts: Facts) -> Hop:
    trace = facts.trace
    if trace is None:
        node = facts.pod["spec"].get("nodeName")
        return _hop("kubelet", NOT_REACHED, "has not tried yet" if node else "the Pod has no node yet")
    if trace.outcome == "AlreadyPresent":
        return _hop("kubelet", PASSED, "found the image on the node, and the Pod may use it")
    if will_recover(facts):
        return _hop("kubelet", PASSED, "waits a moment, then tries again by itself")
    if not trace.attempts:
        return _hop("kubelet", FAILED, trace.message)
    keys = ", ".join(dict.fromkeys(attempt.secret for attempt in trace.attempts if attempt.secret))
    return _hop("kubelet", PASSED, f"asked with {keys}" if keys else "asked without credentials")


def _registry(facts: Facts) -> Hop:
    trace = facts.trace
    if trace is not None and trace.outcome == "AlreadyPresent":
        return _hop("registry", NOT_NEEDED, "not asked")
    if trace is None or not trace.attempts:
        return _hop("registry", NOT_REACHED, facts.registry)
    if will_recover(facts):
        return _hop("registry", NOT_REACHED, f"{facts.registry} will be asked again")
    last = trace.attempts[-1]
    if last.ok or facts.kind is Kind.NOT_FOUND:
        who = f"user {last.username}" if last.username else "everybody"
        return _hop("registry", PASSED, f"{facts.registry} lets {who} in")
    reason = last.answer.rpartition(": ")[2] or "its answer is not known"
    return _hop("registry", FAILED, f"{facts.registry} refused: {reason}")


def _image(facts: Facts) -> Hop:
    if not facts.has_image:
        return _hop("image", NOT_REACHED, facts.image)
    return _hop("image", PASSED, f"{facts.image} is on the node")


def _asked_anonymously(facts: Facts) -> bool:
    return bool(facts.attempts) and facts.attempts[-1].ok and facts.attempts[-1].secret is None


def _no_pod(scene: Scene, namespace: str, pod: str) -> Flow:
    homes = [namespace_of(item) for item in scene.api.list(POD) if name_of(item) == pod]
    names, owner = [name_of(item) for item in scene.api.list(POD, namespace)], pod.rpartition("/")[2]
    near = next((name for name in names if name.startswith(f"{owner}-")), "") or nearest(pod, names)
    problem = f"There is no Pod {pod} in the namespace {namespace}."
    where = commands.in_namespace(namespace)
    look = f"kubectl get pods{where}"
    if homes:
        problem += f" There is one in {homes[0]}."
        look = f"kubectl get pod {pod}{commands.in_namespace(homes[0])}"
    elif near:
        problem += f" There is one named {near}."
        look = f"kubectl get pod {near}{where}"
    return _stopped(f"{namespace}/{pod}", problem, look)


def _no_container(namespace: str, pod: dict[str, object], container: str) -> Flow:
    names = ", ".join(item["name"] for item in containers(pod))
    problem = f"The Pod {name_of(pod)} has no container {container}; it has {names}."
    return _stopped(
        f"{namespace}/{name_of(pod)}, container {container}", problem, f"kubectl describe pod {name_of(pod)}"
    )


def _stopped(subject: str, problem: str, look: str) -> Flow:
    first = Hop("kubectl", TITLES["kubectl"], FAILED, (), problem, (look,))
    rest = (Hop(key, title, NOT_REACHED) for key, title in TITLES.items() if key not in ("kubectl", "account"))
    return Flow(subject, (first, *rest), "")
