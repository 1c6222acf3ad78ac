"""The story of the last attempt, a sentence for each step, and the limits of an export. The texts are in hops.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Sized

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import SECRET
from kubesim.pull import keyring
from kubesim.pull.attempt import ALWAYS, NEVER, Attempt, SeenSecret
from kubesim.why.judge import asking
from kubesim.why.judge.commands import quote
from kubesim.why.judge.credentials import mismatch
from kubesim.why.judge.derived import listed
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.pull_facts import reply_to
from kubesim.why.judge.words import Known, Words, say
from kubesim.why.read.signs import Reply
from kubesim.why.tell.hops_table import hops

_MOST_NAMES = 5  # of Secrets that the Pod doesn't list
_MOST_SECRETS = 20  # and attempts: each has a step of its own


def story(facts: Facts) -> Iterator[str]:
    """Sentences on the image, the list of pull secrets, each Secret, each request, and on Secrets changed since."""
    is_invalid = facts.kind == "invalid_name" or (facts.reference is None and not facts.is_partial)
    words = Words(
        facts,
        {
            "unnamed": not facts.image,
            "invalid": is_invalid,
            "bare": facts.source == "message",
            "full": facts.reference is not None and facts.image.startswith(facts.reference.name),
        },
    )
    yield say(hops().image, words)
    if is_invalid and facts.image:
        return
    yield say(hops().list, words)
    then = facts.trace.secrets if facts.trace else facts.seen
    if facts.scene.knows_secrets:
        yield from (f"Secret {seen.name} in {words['place']}: {_secret(facts, seen)}" for seen in then[:_MOST_SECRETS])
        yield from _rest(then, "pull secrets that the Pod lists")
    if not facts.has_image and not facts.is_partial:
        yield from _unlisted(facts)
    yield from _kubelet(facts)
    yield from (_asked(facts, attempt) for attempt in facts.attempts[:_MOST_SECRETS])
    yield from _rest(facts.attempts, "attempts with other credentials")
    if facts.scene.is_export and facts.reply and facts.reply.sentence and not facts.attempts:
        yield say(hops().reported, _said(facts, facts.reply))
    before = set(then)
    for seen in [seen for seen in facts.seen if seen not in before or seen.name in facts.deleted][:_MOST_SECRETS]:
        if seen.name in facts.deleted:
            yield f"Since then, Secret {seen.name} has been deleted."
        else:
            yield f"Since then, Secret {seen.name} has changed: {_secret(facts, seen)}"


def _rest(told: Sized, what: str) -> Iterator[str]:
    """The number of those that have no step of their own."""
    if len(told) > _MOST_SECRETS:
        yield f"And {len(told) - _MOST_SECRETS} more {what}."


def _secret(facts: Facts, seen: SeenSecret) -> str:
    """A Secret as the kubelet saw it, in words: its problem, or the entries that match the image."""
    homes = [namespace_of(secret) for secret in facts.scene.api.list(SECRET) if name_of(secret) == seen.name]
    unreadable = seen.is_unreadable
    entries = facts.matching_entries(seen) if seen.exists else []
    words: Known = {
        "home": next((home for home in homes if home != facts.namespace), ""),
        "unexported": facts.scene.is_export and facts.secret_named(seen.name) is None,
        "missing": not seen.exists,
        "taken": facts.is_masked(seen.name),
        "problem": seen.problem,
        "other_type": seen.type if seen.type not in keyring.DATA_KEYS else "",
        "unreadable": unreadable,
        "deleted": seen.name in facts.deleted,
        "entries": ", ".join(entries),
        "mismatch": "" if entries or unreadable or not seen.exists else mismatch(facts, seen),
    }
    return say(hops().secret, words)


def _unlisted(facts: Facts) -> Iterator[str]:
    """A sentence on the namespace's pull secrets that the Pod doesn't list."""
    names = [name_of(item) for item in facts.secrets_here if item.get("type") in keyring.DATA_KEYS]
    listed_here = set(facts.names)
    if others := [name for name in names if name not in listed_here]:
        yield f"Not looked up, because the Pod doesn't list it: {listed(others, _MOST_NAMES)}."


def _kubelet(facts: Facts) -> Iterator[str]:
    """Sentences on the kubelet's steps before a request to the registry, or instead of one."""
    trace = facts.trace
    if trace is None:
        yield "The kubelet hasn't tried to pull the image yet."
        return
    for state, outcome in trace.transitions:
        if state == "CheckRight" and (said := hops().right.get(outcome)):
            yield said.format(why=trace.right_reason.replace("the image", "it", 1))
    if trace.policy == NEVER and not facts.has_image:
        yield "The image pull policy is Never, so the kubelet doesn't ask the registry."


def _asked(facts: Facts, attempt: Attempt) -> str:
    """A sentence on one request: its credentials, and the registry's answer."""
    reply = reply_to(attempt)
    # The node may have sent credentials of its own, which an export doesn't show.
    has_identity = facts.scene.is_export and facts.provider.registry.who and not facts.matches
    who: Known = {
        "secret": attempt.secret,
        "entry": attempt.entry,
        "username": attempt.username,
        "unsure": reply.kind != "anonymous" and (facts.is_unsure or has_identity),
        "source": facts.source,
    }
    asked = asking.asked(attempt.answer, facts.registry, reply)
    answered: Known = {
        "ok": attempt.ok,
        "role": asked.role,
        "host": asked.host,
        "registry": facts.registry or "the registry",
    }
    return say(hops().asked, {**_said(facts, reply), **answered, "who": say(hops().who, who)})


def _said(facts: Facts, reply: Reply) -> Known:
    """The words on a reply: the asker, and the deciding sentence with its meaning.

    For an export, that includes what the sentence doesn't mean.
    """
    sentence = reply.sentence.rstrip(".")
    means = reply.row.unsure if facts.is_unsure and not reply.sent and reply.row.unsure else reply.means
    told = [f"{sentence}.", means, reply.isnt if facts.scene.is_export else ""]
    return {"asker": _asker(facts), "said": sentence and " ".join(filter(None, told))}


def _asker(facts: Facts) -> str:
    """The program that pulls, as the subject of a sentence."""
    return facts.client or "The kubelet"


def limits(facts: Facts) -> Iterator[str]:
    """Sentences on what an export can't show of a failed pull."""
    if not facts.scene.is_export or facts.has_image or not (facts.reference or facts.is_partial):
        return
    needed = facts.reply is not None and facts.reply.credentials
    words = Words(facts)
    words = Words(
        facts,
        {
            "content": needed or facts.kind == "not_found",
            "cached": facts.is_node and facts.container.get("imagePullPolicy") != ALWAYS,
            "missing": ", ".join(_unexported(facts)),
            "nowhere": facts.source == "text" and not facts.is_placed and facts.is_node,
            "at": "" if not facts.is_placed else f" -n {quote(facts.namespace, 'namespace')}",
            "inside": needed and facts.is_unsure and bool(facts.names),
            "hidden": needed and facts.is_unsure and facts.is_node and not facts.names,
            "secrets": " ".join(quote(f"secret/{name}", "secret") for name in facts.names),
            **{part: quote(words[part], part) for part in ("pod", "account", "namespace")},
            "unsaid": facts.is_silent and not facts.is_unsure,
            "registry": facts.registry or "the registry",
        },
    )
    yield from (text.format_map(words) for need, text in hops().limits.items() if words[need])


def _unexported(facts: Facts) -> Iterator[str]:
    """The Secrets and the ServiceAccount that the Pod refers to and that the export lacks.

    Secrets count only if the export has any.
    """
    if facts.scene.knows_secrets:
        yield from (f"Secret {seen.name}" for seen in facts.seen if not seen.exists)
    if not facts.service_account and not facts.is_partial:
        yield f"ServiceAccount {facts.account}"
