"""Draws the hops of a pull (kubectl, Secret, ServiceAccount, Pod spec, kubelet, registry, image) and its story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD, SECRET
from kubesim.cluster import Cluster, keyring
from kubesim.cluster.kubelet.imagepull import ALWAYS, NEVER, Attempt, SeenSecret
from kubesim.flow import signs
from kubesim.flow.causes import Cause, find_cause, will_recover
from kubesim.flow.credentials import mismatch
from kubesim.flow.facts import Facts, Known, Words, first, gather, in_namespace, nearest, reply_to, say
from kubesim.flow.scene import Scene, containers
from kubesim.flow.signs import table

PASSED = "passed"
FAILED = "failed"
NOT_REACHED = "not reached"
NOT_NEEDED = "not needed"

SYMBOLS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "·", NOT_NEEDED: "○"}
_GRADES = {"certain": "certain from this {source}", "likely": "most likely", "one": "one of these"}
_MANY = 5  # Secrets that the Pod does not list, by name


@dataclass(frozen=True)
class Hop:
    """One station. `words` are a line or two on what was found there.

    A hop after the one where the cause lies can be failed too, as a consequence.
    """

    key: str
    title: str
    state: str
    words: tuple[str, ...] = ()
    is_cause: bool = False

    @property
    def line(self) -> str:
        """The hop in words: "✓ Secret — regcred holds registry.example.com"."""
        silent = self.state in (NOT_REACHED, NOT_NEEDED)
        words = ([self.state] if silent else []) + list(self.words)
        return f"{SYMBOLS[self.state]} {self.title} — {'; '.join(words)}"


@dataclass(frozen=True)
class Flow:
    """The pull of one container's image. `outcome` sums it up in a sentence.

    `story` is the last attempt, a sentence for each step. Of an export (or a text or message: `source`, "" for the
    running cluster), `evidence` is the sentence that decided, as it was pasted, and `unknown` what it can't show.
    """

    subject: str
    hops: tuple[Hop, ...]
    outcome: str
    story: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    cause: Cause | None = None
    source: str = ""
    evidence: str = ""

    def text(self) -> str:
        return "\n".join([self.subject, *(hop.line for hop in self.hops), *self._end()])

    def why(self) -> str:
        """The verdict, its evidence and the fix; then the steps that lead to it, and what is not known."""
        lines = [self.subject, *self._end()]
        if self.story:
            lines += ["Step by step:", *(f"  {number}. {sentence}" for number, sentence in enumerate(self.story, 1))]
        if self.unknown:
            lines += [f"What this {self.source} can't tell you:", *(f"  - {what}" for what in self.unknown)]
        return "\n".join(lines)

    def _end(self) -> list[str]:
        if self.cause is None:
            return [self.outcome]
        fix = ["How to fix it:", *commands(self.cause.fix)]
        if not self.source:
            return [f"What's wrong: {self.cause.problem}", *fix]
        verdict = [f"What's wrong ({self.sure}): {self.cause.problem}"]
        if self.evidence:
            verdict.append(f"The evidence: {self.evidence}")
        return [*verdict, *fix, *_alternatives(self.cause)]

    @property
    def sure(self) -> str:
        """How sure the cause is: "certain from this text"; "" without one."""
        return _GRADES[self.cause.grade].format(source=self.source) if self.cause else ""


def _alternatives(cause: Cause) -> Iterator[str]:
    """How to make sure, and what else it may be."""
    if cause.tell:
        yield f"To check: {cause.tell}"
    if cause.ask:
        yield f"A question that decides: {cause.ask}"
    for other in cause.others:
        yield f"It may also be this: {other.problem}"
        if other.tell:
            yield f"    To check: {other.tell}"
        yield from commands(other.fix, "    ")


def commands(fix: tuple[str, ...], indent: str = "  ") -> list[str]:
    """Commands with a prompt, and what belongs into a file below a comment that says into which."""
    lines = []
    for command in fix:
        head, *rest = command.split("\n")
        lines.append(f"{indent}{'' if head.startswith('#') else '$ '}{head}")
        lines += [f"{indent}{line}" for line in rest]
    return lines


def trace_flow(cluster: Cluster, namespace: str, pod: str, container: str | None = None) -> Flow:
    """The flow of one container's image; without `container`, of the one that waits for its image."""
    scene = Scene(cluster.api, cluster.kubelet.traces, cluster.registries)
    item = scene.api.find(POD, namespace, pod)
    if item is None:
        return _no_pod(scene, namespace, pod)
    facts = gather(scene, item, container)
    if facts is None:
        names = ", ".join(each["name"] for each in containers(item))
        subject = f"{namespace}/{pod}, container {container}"
        return _stopped(subject, {"pod": pod, "container": container, "near": names})
    return draw_facts(facts)


def draw_facts(facts: Facts) -> Flow:
    cause = find_cause(facts)
    words = Words(facts, _state(facts))
    hops = [_hop(key, words, cause is not None and cause.hop == key) for key in table("hops")["hops"]]
    return Flow(
        subject=_subject(facts),
        hops=tuple(hop for hop in hops if hop.state),
        outcome=say("outcome", words),
        story=tuple(story(facts)),
        unknown=tuple(limits(facts)),
        cause=cause,
        source=facts.source if facts.scene.is_export else "",
        evidence=facts.reply.sentence if facts.reply else "",
    )


def _hop(key: str, words: Words, is_cause: bool) -> Hop:
    """A hop by its rows in hops.yaml; its state is "" where there is nothing to show."""
    state, *texts = first(table("hops")["hops"][key], words)
    lines = "\n".join(text.format_map(words) for text in texts).split("\n") if texts else []
    return Hop(
        key=key,
        title=table("hops")["titles"][key],
        state=FAILED if is_cause else state,
        words=tuple(lines),
        is_cause=is_cause,
    )


def _subject(facts: Facts) -> str:
    """Which image is needed by what."""
    if facts.source == "message":
        return f"{facts.image or 'An image'}, from a message alone"
    what = f"volume {facts.volume}" if facts.volume else f"container {facts.container['name']}"
    return f"{facts.image} for {facts.namespace}/{name_of(facts.pod)}, {what}"


def _state(facts: Facts) -> dict[str, Any]:
    """The words that decide what is shown of each hop."""
    trace = facts.trace
    attempts = facts.attempts
    last = attempts[-1] if attempts else None
    hop = facts.reply.row.get("hop") if facts.reply else ""
    return {
        "public": last and last.ok and last.secret is None and not last.username,
        "own": last and last.secret is None and last.username,
        "seen": "\n".join(map(_seen, facts.seen)),
        "usable": any(seen.usable for seen in facts.seen),
        "untried": trace is None,
        "node": facts.pod["spec"].get("nodeName"),
        "present": trace and trace.outcome == "AlreadyPresent",
        "recovers": will_recover(facts),
        "unasked": not attempts,
        "keys": ", ".join(dict.fromkeys(attempt.secret for attempt in attempts if attempt.secret)),
        "let_in": last and (last.ok or facts.kind == "not_found" or hop == "image"),
        "unreached": hop in ("kubelet", "spec", "secret"),
        "user": last.username if last else "",
        "reason": last.answer.rpartition(": ")[2] if last else "",
    }


def _seen(seen: SeenSecret) -> str:
    if not seen.found:
        return f"{seen.name}: not found"
    if not seen.usable:
        return f"{seen.name} ({seen.type}): {seen.problem}"
    return f"{seen.name} ({seen.type}) holds {', '.join(seen.entries)}"


def _no_pod(scene: Scene, namespace: str, pod: str) -> Flow:
    names = tuple(map(name_of, scene.api.list(POD, namespace)))
    owner = pod.rpartition("/")[2]  # of "deployment/web", whose Pods are called web-…
    of_owner = [name for name in names if name.startswith(f"{owner}-")]
    homes = [namespace_of(item) for item in scene.api.list(POD) if name_of(item) == pod]
    words = {
        "pod": pod,
        "namespace": namespace,
        "where": in_namespace(namespace),
        "near": of_owner[0] if of_owner else nearest(pod, names),
        "container": "",
        "home": homes[0] if homes else "",
        "there": in_namespace(homes[0]) if homes else "",
    }
    return _stopped(f"{namespace}/{pod}", words)


def _stopped(subject: str, words: Known) -> Flow:
    """The flow of a Pod or container that isn't there: it ends at kubectl."""
    hops = []
    for key, title in table("hops")["titles"].items():
        is_cause = key == "kubectl"
        if key != "account":
            hops.append(Hop(key, title, FAILED if is_cause else NOT_REACHED, is_cause=is_cause))
    problem, command = (text.format_map(words) for text in first(table("hops")["no_pod"], words))
    cause = Cause(hop="kubectl", problem=problem, fix=(command,))
    return Flow(subject, tuple(hops), outcome="", cause=cause)


def story(facts: Facts) -> Iterator[str]:
    """What the Pod needs, which Secrets were looked up and found, what the registry answered, what changed since."""
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
    yield say("image", words)
    if is_invalid and facts.image:
        return
    yield say("list", words)
    then = facts.trace.secrets if facts.trace else facts.seen
    for seen in then:
        if facts.scene.knows_secrets:
            yield f"Secret {seen.name} in the namespace {facts.namespace}: {_secret(facts, seen)}"
    if not facts.has_image:
        yield from _unlisted(facts)
    yield from _kubelet(facts)
    for attempt in facts.attempts:
        yield _asked(facts, attempt)
    if facts.scene.is_export and facts.reply and facts.reply.sentence and not facts.attempts:
        # {words} is the sentence here, not the named groups of the reply.
        yield say("reported", facts.reply._asdict() | {"words": facts.reply.sentence.rstrip(".")}).rstrip()
    for seen in facts.seen:
        if seen not in then:
            yield f"Since then, Secret {seen.name} has changed: {_secret(facts, seen)}"


def _secret(facts: Facts, seen: SeenSecret) -> str:
    """What was found of a Secret, and whether it matches the image."""
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
        yield f"Not looked up, because the Pod doesn't list it: {listed(others, _MANY)}."


def listed(names: list[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _kubelet(facts: Facts) -> Iterator[str]:
    """What the kubelet did before, or instead of, asking the registry."""
    trace = facts.trace
    if trace is None:
        yield "The kubelet hasn't tried to pull the image yet."
        return
    for state, outcome in trace.hops:
        if state == "CheckRight" and (said := table("hops")["right"].get(outcome)):
            yield said.format(why=trace.right.replace("the image", "it", 1))
    if trace.policy == NEVER and not facts.has_image:
        yield "The image pull policy is Never, so the kubelet doesn't ask the registry."


def _asked(facts: Facts, attempt: Attempt) -> str:
    reply = reply_to(attempt)
    # The node may have sent credentials of its own, which an export doesn't show.
    has_identity = facts.scene.is_export and facts.owner_of_registry["who"] and not facts.matches
    asked = signs.asked(attempt.answer, facts.registry, reply)
    words = attempt._asdict() | reply._asdict() | asked._asdict()
    # These win over the fields of the reply: {words} is its sentence, and {isnt} is for an export alone.
    words |= {
        "words": reply.sentence.rstrip("."),
        "isnt": reply.isnt if facts.scene.is_export else "",
        "unsure": reply.kind != "anonymous" and (facts.is_unsure or has_identity),
        "registry": facts.registry or "the registry",
        "source": facts.source,
    }
    words["who"] = say("who", words)
    return say("asked", words).rstrip()


def limits(facts: Facts) -> Iterator[str]:
    """What an export can't show."""
    if not facts.scene.is_export or facts.has_image or not (facts.reference or facts.is_partial):
        return
    needed = facts.reply is not None and facts.reply.credentials
    words = Words(
        facts,
        {
            "content": needed or facts.kind == "not_found",
            "cached": facts.container.get("imagePullPolicy") != ALWAYS,
            "missing": ", ".join(_unexported(facts)),
            "hidden": needed and facts.is_unsure,
            "unsaid": facts.is_silent and not facts.is_unsure,
            "registry": facts.registry or "the registry",
        },
    )
    yield from (text.format_map(words) for need, text in table("hops")["limits"].items() if words[need])


def _unexported(facts: Facts) -> Iterator[str]:
    """What the Pod refers to and the export has not, although it has others of that kind."""
    if facts.scene.knows_secrets:
        yield from (f"Secret {seen.name}" for seen in facts.seen if not seen.found)
    if not facts.service_account and not facts.is_partial:
        yield f"ServiceAccount {facts.account}"
