"""The story of the last attempt to get an image: a short sentence for each step, none of which has a password."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import SECRET
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import NEVER, Attempt, SecretLook
from kubesim.cluster.kubelet.imagepull.steps import ALWAYS
from kubesim.flow.causes import mismatch
from kubesim.flow.facts import Facts, reply_to

_MANY = 5


def story(facts: Facts) -> Iterator[str]:
    """What the Pod needs, which Secrets were looked up and found, what the registry answered, what changed since."""
    yield _needed(facts)
    if facts.reference is None:
        return
    yield _list(facts)
    then = facts.trace.secrets if facts.trace else facts.seen
    for seen in then:
        yield f"Secret {seen.name} in the namespace {facts.namespace}: {_found(facts, seen)}"
    if not facts.has_image:
        yield from _unlisted(facts)
    yield from _kubelet(facts)
    for attempt in facts.attempts:
        yield _asked(facts, attempt)
    for seen in facts.seen:
        if seen not in then:
            yield f"Since then, Secret {seen.name} has changed: {_found(facts, seen)}"


def _needed(facts: Facts) -> str:
    name, reference = facts.container["name"], facts.reference
    if reference is None:
        return f'The container {name} has the image "{facts.image}", and that is not an image name.'
    if facts.image.startswith(reference.name):
        return f"The container {name} needs {facts.image}, from the registry {reference.registry}."
    return f"The container {name} needs {facts.image}, short for {reference.canonical}."


def _list(facts: Facts) -> str:
    """Where the Pod's list of pull secrets came from."""
    account = f"its ServiceAccount {facts.account}"
    mine, others = ", ".join(facts.names), ", ".join(facts.account_names)
    if facts.inherited and facts.manifest:
        return f"The Pod lists the pull secrets {mine}: it got that list from {account}, when it was created."
    if facts.inherited:
        when = "a Pod without a list of its own gets that one when it is created"
        return f"The Pod lists the pull secrets {mine}, and so does {account}: {when}."
    if facts.names:
        hidden = f" So the list of {account} ({others}) does not count." if others else ""
        return f"The Pod has its own list of pull secrets: {mine}.{hidden}"
    if others:
        older = "a Pod gets that list only when it is created, and this Pod is older"
        return f"The Pod lists no pull secret. I{account[1:]} lists {others}, but {older}."
    if not facts.has_account:
        return f"The Pod lists no pull secret; {account} is not in the export."
    return f"The Pod lists no pull secret, and neither does {account}."


def _found(facts: Facts, seen: SecretLook) -> str:
    if not seen.found:
        secrets = [secret for secret in facts.scene.api.list(SECRET) if name_of(secret) == seen.name]
        home = next((namespace_of(item) for item in secrets if namespace_of(item) != facts.namespace), "")
        unexported = facts.scene.is_export and seen.problem.startswith("not found")
        missing = "not in the export" if unexported else seen.problem
        return f"{missing}." + (f" The one in the namespace {home} does not count." if home else "")
    if seen.type not in keyring.DATA_KEYS:
        return f"found, but its type is {seen.type}: the kubelet ignores it."
    if seen.problem.startswith("cannot be read"):
        return f"found, but it {seen.problem}. The kubelet then uses none of the Pod's pull secrets."
    if entries := facts.covering(seen):
        return f"found. Its entry {', '.join(entries)} matches the image."
    return f"found. It {mismatch(facts, seen)}"


def _unlisted(facts: Facts) -> Iterator[str]:
    """The pull secrets of the namespace that the Pod does not list."""
    names = [name_of(item) for item in facts.secrets_here if item.get("type") in keyring.DATA_KEYS]
    if others := [name for name in names if name not in facts.names]:
        more = f" and {len(others) - _MANY} more" if len(others) > _MANY else ""
        yield f"Not looked up, because the Pod does not list it: {', '.join(others[:_MANY])}{more}."


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
    return f"{asked}. The answer: {reply.words}. {reply.means}".rstrip()


def limits(facts: Facts) -> Iterator[str]:
    """What an export cannot show."""
    if not facts.scene.is_export or facts.has_image or facts.reference is None:
        return
    who = facts.reply is not None and facts.reply.credentials
    if who:
        yield "whether a password is right and who is allowed to pull the image: only the registry knows that"
    if who or facts.kind == "not_found":
        yield f"what {facts.registry} holds: only the registry knows that"
    if facts.container.get("imagePullPolicy") != ALWAYS:
        yield "whether the image is on the node already, and which Pods may use it there: only the node knows that"
    missing = [f"Secret {seen.name}" for seen in facts.seen if not seen.found]
    missing += [] if facts.has_account else [f"ServiceAccount {facts.account}"]
    if missing:
        yield f"whether the cluster has what the export lacks: {', '.join(missing)}"
    if facts.attempts and not facts.attempts[-1].answer:
        where = f"kubectl get pod,sa,secret,events -n {facts.namespace} -o yaml"
        yield f"what the registry answered, because the status does not say; export the events, too: {where}"
