"""The story of the last attempt to get an image, in short sentences, one for each step; passwords are never told."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import name_of
from kubesim.api.resources import SECRET
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import NEVER, Attempt, SecretLook
from kubesim.cluster.kubelet.imagepull.steps import ALWAYS
from kubesim.flow.answers import WHO, Kind
from kubesim.flow.facts import Facts, reply_to
from kubesim.flow.mismatch import mismatch

_MANY = 5


def tell(facts: Facts) -> Iterator[str]:
    """What was asked for, which Secrets were looked for and found, what the registry said, and what changed since."""
    yield from _wanted(facts)
    if facts.reference is None:
        return
    yield _list(facts)
    then = facts.trace.secrets if facts.trace else facts.looks
    for look in then:
        yield f"Secret {look.name} in the namespace {facts.namespace}: {_found(facts, look)}"
    if not facts.has_image:
        yield from _bystanders(facts)
    yield from _kubelet(facts)
    for attempt in facts.attempts:
        yield _asked(facts, attempt)
    for look in facts.looks:
        if look not in then:
            yield f"Since then, Secret {look.name} has changed: {_found(facts, look)}"


def _wanted(facts: Facts) -> Iterator[str]:
    reference = facts.reference
    if reference is None:
        yield f'The container {facts.container["name"]} names the image "{facts.image}", and that is no image name.'
    elif facts.image.startswith(reference.name):
        yield f"The container {facts.container['name']} needs {facts.image}, from the registry {reference.registry}."
    else:
        yield f"The container {facts.container['name']} needs {facts.image}, short for {reference.canonical}."


def _list(facts: Facts) -> str:
    """Where the Pod's list of pull secrets came from."""
    account = f"its ServiceAccount {facts.account}"
    mine, others = ", ".join(facts.names), ", ".join(facts.account_names)
    if facts.inherited and facts.is_applied:
        return f"The Pod lists the pull secrets {mine}: it got that list from {account}, when it was made."
    if facts.inherited:
        return (
            f"The Pod lists the pull secrets {mine}, and so does {account}: a Pod that brings no list gets that one "
            "when it is made."
        )
    if facts.names:
        hidden = f" So the list of {account} ({others}) does not count." if facts.account_names else ""
        return f"The Pod has a list of pull secrets of its own: {mine}.{hidden}"
    if facts.account_names:
        return (
            f"The Pod lists no pull secret. {account[0].upper()}{account[1:]} lists {others}, but a Pod gets that list "
            "only when it is made, and this Pod is older."
        )
    if not facts.has_account:
        return f"The Pod lists no pull secret; {account} is not in the export."
    return f"The Pod lists no pull secret, and neither does {account}."


def _found(facts: Facts, look: SecretLook) -> str:
    if not look.found:
        home = next(iter(facts.homes(look.name)), "")
        missing = (
            "not in the export" if facts.scene.is_export and look.problem.startswith("not found") else look.problem
        )
        return f"{missing}." + (f" The one in the namespace {home} does not count." if home else "")
    if look.type not in keyring.DATA_KEYS:
        return f"found, but its type is {look.type}: the kubelet passes over it."
    if look.problem.startswith("cannot be read"):
        return f"found, but it {look.problem}. The kubelet then uses none of the Pod's pull secrets."
    if entries := facts.covering(look):
        return f"found. Its entry {', '.join(entries)} is for the image."
    return f"found. It {mismatch(facts, look)}"


def _bystanders(facts: Facts) -> Iterator[str]:
    """The pull secrets of the namespace that the Pod does not list."""
    secrets = facts.scene.api.list(SECRET, facts.namespace)
    names = [name_of(item) for item in secrets if item.get("type") in keyring.DATA_KEYS]
    others = [name for name in names if name not in facts.names]
    if others:
        more = f" and {len(others) - _MANY} more" if len(others) > _MANY else ""
        yield f"Not looked for, because the Pod does not list it: {', '.join(others[:_MANY])}{more}."


def _kubelet(facts: Facts) -> Iterator[str]:
    """What the kubelet did before, or instead of, asking the registry."""
    trace = facts.trace
    if trace is None:
        yield "The kubelet has not tried to get the image yet."
        return
    for hop in trace.hops:
        why = hop.detail.replace("the image", "it", 1)
        if hop.state == "CheckRight" and hop.outcome == "granted":
            yield f"The image was on the node already: {why}."
        elif hop.state == "CheckRight" and hop.outcome == "refused":
            yield f"The image is on the node, but {why}. So the kubelet has to ask the registry."
    if trace.policy == NEVER and not facts.has_image:
        yield "The image pull policy is Never, so the kubelet does not ask the registry."


def _asked(facts: Facts, attempt: Attempt) -> str:
    who = "without user and password"
    if attempt.secret is not None:
        who = f'as user "{attempt.username}", with the entry {attempt.entry} of the Secret {attempt.secret}'
    asked = f"The kubelet asked {facts.registry} {who}"
    if attempt.ok:
        return f"{asked}, and got the image."
    reply = reply_to(attempt)
    if not reply.words:
        return f"{asked}. The status does not say what the registry answered."
    return f"{asked}. The answer: {reply.words}. {reply.kind.value}".rstrip()


def limits(facts: Facts) -> Iterator[str]:
    """What an export cannot tell."""
    if not facts.scene.is_export or facts.has_image or facts.reference is None:
        return
    if facts.kind in WHO:
        yield "whether a password is right and who may have the image: only the registry knows that"
    if facts.kind in (*WHO, Kind.NOT_FOUND):
        yield f"what {facts.registry} holds: only the registry knows that"
    if facts.container.get("imagePullPolicy") != ALWAYS:
        yield "whether the image is on the node already, and which Pods may use it there: only the node knows that"
    missing = [f"Secret {look.name}" for look in facts.looks if not look.found]
    missing += [] if facts.has_account else [f"ServiceAccount {facts.account}"]
    if missing:
        yield f"whether the cluster has what the export lacks: {', '.join(missing)}"
    if facts.attempts and not facts.attempts[-1].answer:
        where = f"kubectl get pod,sa,secret,events -n {facts.namespace} -o yaml"
        yield f"what the registry answered, for the status does not say; export the events, too: {where}"
