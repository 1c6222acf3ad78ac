"""The story of the last attempt to get an image: a short sentence for each step, none of which has a password."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import SECRET
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import ALWAYS, NEVER, Attempt, SeenSecret
from kubesim.flow.causes import mismatch
from kubesim.flow.facts import Facts, reply_to, say

_MANY = 5


def story(facts: Facts) -> Iterator[str]:
    """What the Pod needs, which Secrets were looked up and found, what the registry answered, what changed since."""
    full = facts.reference is not None and facts.image.startswith(facts.reference.name)
    words = {**facts.words, "invalid": facts.reference is None, "full": full, "applied": facts.manifest}
    yield say("image", words)
    if facts.reference is None:
        return
    yield say("list", words)
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


def _found(facts: Facts, seen: SeenSecret) -> str:
    homes = [namespace_of(secret) for secret in facts.scene.api.list(SECRET) if name_of(secret) == seen.name]
    unreadable = seen.problem.startswith("cannot be read")
    entries = facts.covering(seen) if seen.found else []
    words = {
        "home": next((home for home in homes if home != facts.namespace), ""),
        "unexported": not seen.found and facts.scene.is_export and seen.problem.startswith("not found"),
        "missing": not seen.found,
        "problem": seen.problem,
        "other_type": seen.type if seen.type not in keyring.DATA_KEYS else "",
        "unreadable": unreadable,
        "entries": ", ".join(entries),
        "mismatch": "" if entries or unreadable or not seen.found else mismatch(facts, seen),
    }
    return say("secret", words)


def _unlisted(facts: Facts) -> Iterator[str]:
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
    reply = reply_to(attempt)
    words = {"secret": attempt.secret, "entry": attempt.entry, "user": attempt.username, "ok": attempt.ok}
    words |= {"registry": facts.registry, "words": reply.words, "means": reply.means}
    return say("asked", {**words, "who": say("who", words)}).rstrip()


def limits(facts: Facts) -> Iterator[str]:
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
