"""The Flow of a pull: its hops (kubectl, account, Pod spec, Secret, kubelet, registry, image), cause and story."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.pull.attempt import SeenSecret
from kubesim.why.judge.causes import Cause, command, find_cause, will_recover
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.commands import fill
from kubesim.why.judge.derived import in_namespace, known_name
from kubesim.why.judge.facts import Facts, gather, nearest
from kubesim.why.judge.scene import Scene, containers
from kubesim.why.judge.words import Known, Words, first_that_holds, say
from kubesim.why.tell.hops_table import hops as rows
from kubesim.why.tell.practice import practice_of
from kubesim.why.tell.report import FAILED, NOT_REACHED, PASSED, UNSEEN, About, Flow, Hop
from kubesim.why.tell.story import limits, story

_RECIPES = "docs/recipes.md"
_STATUS = re.compile(r"\b[45]\d\d [A-Z][A-Za-z]+( [A-Z][A-Za-z]+)*")


def draw_pod(scene: Scene, namespace: str, pod: str, container: str | None = None) -> Flow:
    """The flow of one container's image; without `container`, of the first one that lacks its image."""
    item = scene.api.find(POD, namespace, pod)
    if item is None:
        return _no_pod(scene, namespace, pod)
    facts = gather(scene, item, container)
    if facts is None:
        names = ", ".join(each["name"] for each in containers(item))
        words = {"namespace": namespace, "pod": pod, "container": container, "near": names}
        return _stopped(About(namespace, pod, container or ""), words)
    return draw_facts(facts)


def draw_facts(facts: Facts, same: Sequence[str] = ()) -> Flow:
    """The flow of one container's facts. `same` has the names of other Pods with the same cause."""
    cause = find_cause(facts)
    words = Words(facts, _state(facts))
    hops = [_hop(key, words, cause is not None and cause.hop == key) for key in rows().hops]
    sent, answered = _exchange(facts)
    flow = Flow(
        subject=_subject(facts),
        hops=_with_consequences(tuple(hop for hop in hops if hop.state)),
        outcome=say(rows().outcome, words),
        about=About(
            facts.namespace if facts.is_placed else "",
            known_name(name_of(facts.pod)),
            known_name(facts.container["name"]),
            facts.image,
        ),
        story=tuple(story(facts)),
        cause=cause,
        sent=sent,
        answered=answered,
        message=facts.trace.message if facts.trace and cause else "",
    )
    if not facts.scene.is_export:
        return flow
    return replace(
        flow,
        unknown=tuple(limits(facts)),
        source=facts.source,
        evidence=facts.reply.sentence if facts.reply else "",
        collect=command(facts, "collect") if _has_more(facts, cause) else "",
        recipe=_recipe(facts, cause) if cause else "",
        practice=practice_of(cause) if cause and facts.is_node else "",
        same=tuple(same),
    )


def conceal(flow: Flow, state: str, status: str) -> Flow:
    """The flow without the parts that a learner has to find: first and last hop, and the kubelet's with a STATUS."""
    told = {"kubelet": (state, (status,))}
    shown = (flow.hops[0].key, flow.hops[-1].key)
    hops = [
        replace(hop, is_cause=False, because="", is_late=False)
        if hop.key in shown
        else Hop(hop.key, hop.title, *told.get(hop.key, (UNSEEN, ())))
        for hop in flow.hops
        if hop.key != "account"
    ]
    return Flow(flow.subject, tuple(hops), outcome="", about=flow.about)


def _with_consequences(hops: tuple[Hop, ...]) -> tuple[Hop, ...]:
    """The hops with `because` set in those that failed after the cause, and `is_late` in those that passed."""
    at = next((number for number, hop in enumerate(hops) if hop.is_cause), len(hops))
    after = [
        replace(hop, because=hops[at].title if hop.state == FAILED else "", is_late=hop.state == PASSED)
        for hop in hops[at + 1 :]
    ]
    return (*hops[: at + 1], *after)


def _exchange(facts: Facts) -> tuple[tuple[str, ...], str]:
    """`sent` and `answered` of the last request to the registry; both empty if none was sent."""
    if not facts.attempts or facts.reference is None:
        return (), ""
    last = facts.attempts[-1]
    name = facts.reference.repository.rpartition("/")[2]
    version = f"@{facts.reference.digest[:14]}…" if facts.reference.digest else f":{facts.reference.tag}"
    who = f"Basic {last.username}:•••" if last.username else "no user, no password"
    answered = "200 OK" if last.ok else _status_of(last.answer)
    return (f"HEAD {name}{version}", who), f"{answered}, last time" if will_recover(facts) else answered


def _status_of(refusal: str) -> str:
    """The HTTP status of a refusal, derived from the runtime's message; its reason if no status came back."""
    if status := _STATUS.search(refusal):
        return status[0]
    if "pull access denied" in refusal:
        return "401 Unauthorized"
    return "404 Not Found" if refusal.endswith("not found") else f"no answer: {refusal.rpartition(': ')[2]}"


def _has_more(facts: Facts, cause: Cause | None) -> bool:
    """True if an export of the cluster would tell more than this text, and the fix doesn't ask for it already."""
    if cause is None or cause.grade != "one" or command(facts, "collect") in cause.fix:
        return False
    return facts.is_partial and facts.is_node


def _recipe(facts: Facts, cause: Cause) -> str:
    """The address of the recipe for the cause or, if credentials matter, for the registry; "" without one."""
    needs_credentials = facts.is_refused and facts.kind != "other"
    section = cause.recipe or (facts.provider.registry.recipe if needs_credentials else "")
    return f"{_recipes()}#{section}" if section else ""


@cache
def _recipes() -> str:
    """The path of the recipes' page in a checkout; from a wheel, its address, if pyproject.toml named the project's."""
    if (Path(__file__).parents[3] / _RECIPES).is_file():
        return _RECIPES
    from importlib.metadata import PackageNotFoundError, metadata  # late: it takes 10 ms, and few causes name a recipe

    try:
        addresses = metadata("kubesim").get_all("Project-URL") or []
    except PackageNotFoundError:
        return _RECIPES
    for address in addresses:
        name, _, url = address.partition(", ")
        if name == "Source" and "/OWNER/" not in url:
            return f"{url}/blob/HEAD/{_RECIPES}"
    return _RECIPES


def _hop(key: str, words: Words, is_cause: bool) -> Hop:
    """The hop of a key in hops.yaml. Its state is "" if it isn't shown."""
    state, *texts = first_that_holds(rows().hops[key], words)
    lines = "\n".join(text.format_map(words) for text in texts).split("\n") if texts else []
    return Hop(
        key=key,
        title=causes().titles[key],
        state=FAILED if is_cause else state,
        words=tuple(lines),
        is_cause=is_cause,
    )


def _subject(facts: Facts) -> str:
    """The image, the Pod and the container or volume that needs the image, in words."""
    place = f"{facts.namespace}/" if facts.is_placed else ""
    is_no_pull = facts.reply is not None and facts.reply.row.no_pull and not facts.image
    image = facts.image or "An image"
    if facts.source == "message":
        return "From a message alone" if is_no_pull else f"{image}, from a message alone"
    if is_no_pull:
        return f"The Pod {place}{name_of(facts.pod)}"
    container = known_name(facts.container["name"])
    what = f", volume {facts.volume}" if facts.volume else f", container {container}" if container else ""
    return f"{image} for {place}{name_of(facts.pod)}{what}"


def _state(facts: Facts) -> Known:
    """The words of the rows of `hops` in hops.yaml, and of `outcome` there."""
    trace = facts.trace
    attempts = facts.attempts
    last = attempts[-1] if attempts else None
    verdict = facts.reply.row.verdict if facts.reply else None
    hop = verdict.hop if verdict else ""
    return {
        "public": last and last.ok and last.secret is None and not last.username,
        "own": last and last.secret is None and last.username,
        "seen": "\n".join(_seen(seen, seen.name in facts.deleted) for seen in facts.seen),
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
        "unsent": facts.kind == "anonymous" and not any(attempt.username for attempt in attempts),
    }


def _seen(seen: SeenSecret, is_deleted: bool) -> str:
    """A pull secret as the kubelet saw it, or would see it now; `is_deleted` if it has gone since the last attempt."""
    if not seen.exists:
        return f"{seen.name}: not found{', deleted since the last attempt' if is_deleted else ''}"
    if not seen.usable:
        return f"{seen.name} ({seen.type}): {seen.problem}"
    entries = ", ".join(seen.entries)
    if is_deleted:
        return f"{seen.name} ({seen.type}) held {entries}, and has been deleted since"
    return f"{seen.name} ({seen.type}) holds {entries}"


def _no_pod(scene: Scene, namespace: str, pod: str) -> Flow:
    """The flow of a Pod that doesn't exist, with the nearest name or another namespace that has it."""
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
    return _stopped(About(namespace, pod), words)


def _stopped(about: About, words: Known) -> Flow:
    """The flow of a Pod or container that doesn't exist: the cause is at the hop kubectl."""
    subject = f"{about.namespace}/{about.pod}"
    if about.container:
        subject += f", container {about.container}"
    hops = []
    for key, title in causes().titles.items():
        is_cause = key == "kubectl"
        if key != "account":
            hops.append(Hop(key, title, FAILED if is_cause else NOT_REACHED, is_cause=is_cause))
    problem, look = first_that_holds(rows().no_pod, words)
    cause = Cause(hop="kubectl", problem=problem.format_map(words), fix=(fill(look, words),))
    return Flow(subject, tuple(hops), outcome="", about=about, cause=cause)
