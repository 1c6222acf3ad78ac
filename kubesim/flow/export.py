"""What kubectl printed of some cluster, explained by the same flow.

Of what happened there only the Pods' statuses, and the events if exported, are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from kubesim.api.imageref import Reference
from kubesim.api.objects import Object, find_named, name_of, namespace_of
from kubesim.api.resources import EVENT, POD, SECRET, Resource
from kubesim.cluster.keyring import Credential, Match
from kubesim.cluster.kubelet.imagepull import Attempt, PullTrace, SeenSecret
from kubesim.cluster.registry.image import Image
from kubesim.cluster.registry.pull import Answer
from kubesim.flow import report
from kubesim.flow.facts import Facts, facts_of, seconds
from kubesim.flow.hops import draw_facts
from kubesim.flow.load import ExportError, load
from kubesim.flow.masks import Masks
from kubesim.flow.redact import redact
from kubesim.flow.report import Flow
from kubesim.flow.scene import Scene, containers
from kubesim.flow.signs import Reply, read
from kubesim.flow.text import MOST_CAUSES

MAX_STORIES = 20
_WITHOUT_ASKING = ("ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "SignatureValidationFailed")
_SANDBOX = "FailedCreatePodSandBox"
_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", _SANDBOX, *_WITHOUT_ASKING)
_EARLIER = ("", "ContainerCreating", "PodInitializing")
_BEFORE = "at that time not found yet, or with other content"
_FAILED = "Failed to pull image "
# What the kubelet, gRPC and containerd (older ones with the reference) write before the answer.
_KUBELET = re.compile(r'Back-off pulling image "[^"]*"(: \w+)?(: )?|Failed to pull image "[^"]*": ')
_RUNTIME = re.compile(
    r'(?:rpc error: code = \w+ desc = )?failed to pull and unpack image "[^"]*": '
    r'(?:failed to resolve (?:image|reference "[^"]*"): )?|rpc error: code = \w+ desc = '
)


class Export:
    """The objects of an export, and the events of each Pod, oldest first."""

    def __init__(self, objects: Iterable[tuple[Resource, Object]]) -> None:
        self._objects: dict[Resource, dict[str, dict[str, Object]]] = {}
        self.events: dict[tuple[str, str], list[Object]] = {}
        for resource, obj in objects:
            if resource is EVENT:
                about = obj.get("involvedObject", {})
                self.events.setdefault((namespace_of(obj), about.get("name", "")), []).append(obj)
            else:
                self._objects.setdefault(resource, {}).setdefault(namespace_of(obj), {})[name_of(obj)] = obj
        for events in self.events.values():
            events.sort(key=lambda event: str(event["lastTimestamp"]))

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects.get(resource, {}).get(namespace, {}).get(name)

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        homes = self._objects.get(resource, {})
        found = homes.values() if namespace is None else [homes.get(namespace, {})]
        return [obj for objects in found for obj in objects.values()]

    def now(self) -> float:
        """The latest time in it, in seconds of the epoch; 0 where there is none."""
        stamps = [event["lastTimestamp"] for events in self.events.values() for event in events]
        for pod in self.list(POD):
            stamps += [pod["metadata"]["creationTimestamp"]]
            stamps += [item.get("lastTransitionTime", "") for item in pod.get("status", {}).get("conditions", ())]
        return max(map(seconds, stamps), default=0)


class ReportedRegistries:
    """Registries, as far as the Pods' own statuses repeat their answers."""

    def __init__(self) -> None:
        self.refused: dict[str, set[Credential]] = {}
        """By image, what was tried without success."""
        self.hopeless: set[str] = set()
        """Images for which different credentials would change nothing."""

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """What was refused stays refused; credentials that were not tried are assumed to work."""
        image = reference.canonical
        is_given = credential and credential.username and credential.password
        if not is_given or image in self.hopeless or credential in self.refused.get(image, ()):
            return Answer(refusal="refused")
        return Answer(Image("", 0))

    def tags(self, reference: Reference) -> tuple[str, ...]:
        return ()


class Explained(NamedTuple):
    """What an export tells: a flow for each cause, the Pods that wait for no image, and what is left out."""

    flows: list[Flow]
    fine: list[str]
    rest: int
    unread: int = 0
    """Lines about images (or Pods that wait), of a long text, that weren't read."""

    @property
    def question(self) -> str:
        """What an answer would decide; "" if nothing, or if several causes ask."""
        questions = [flow.cause.ask for flow in self.flows if flow.cause and flow.cause.ask]
        return questions[0] if len(questions) == 1 else ""

    def told(self, form: str = "text") -> str:
        """All of it, in one of report.FORMS; JSON is a list."""
        stories = [report.FORMS[form](flow) for flow in self.flows]
        if form == "json":
            return f"[{', '.join(stories)}]\n"
        return "\n\n".join([*stories, *self.rests()]) + "\n"

    def rests(self) -> Iterator[str]:
        """A line for the Pods that wait for no image, and one for those that are left out."""
        if self.fine:
            yield f"Pods that wait for no image: {report.listed(self.fine, MAX_STORIES)}"
        if self.rest:
            at_least = "at least " if self.rest >= MOST_CAUSES - MAX_STORIES else ""
            waits = "waits" if self.rest == 1 else "wait"
            yield f"And {at_least}{self.rest} more that {waits} for an image: ask for one with --pod NAME"
        if self.unread:
            parts = "1 part of it wasn't" if self.unread == 1 else f"{self.unread} parts of it weren't"
            yield f"kubesim: the text is long, so {parts} read: give the part that matters"


def explain(texts: str | Sequence[str], pod: str = "", form: str = "text", answer: str = "") -> str:
    """The stories of the containers that wait for their image, of all Pods or of those called `pod`.

    `texts` are one or more files: YAML or JSON, the text of describe or events, or a message. Pods with the same cause
    are explained once. `answer` is what the reader says to the question of an explanation: "yes" or "no". Raises
    ExportError.
    """
    return explained([texts] if isinstance(texts, str) else texts, pod, answer).told(form)


def explained(texts: Sequence[str], pod: str = "", answer: str = "") -> Explained:
    """The same, before it is put into words. Raises ExportError."""
    scene = replace(read_export(texts, pod), answer=answer)
    pods = [item for item in scene.api.list(POD) if pod in ("", name_of(item))]
    if not pods:
        raise ExportError(f"there is no Pod {redact(pod)} in it" if pod else "there is no Pod in it")
    every = [facts for item in pods for facts in facts_of(scene, item)]
    waiting = [facts for facts in every if not facts.has_image]
    groups = _alike(waiting or every if pod else waiting)
    busy = {id(facts.pod) for facts in waiting}
    fine = [f"{namespace_of(item)}/{name_of(item)}" for item in pods if id(item) not in busy]
    return Explained(
        flows=[draw_facts(facts[0], _others(facts)) for facts in groups[:MAX_STORIES]],
        fine=[] if pod else fine,
        rest=max(len(groups) - MAX_STORIES, 0),
        unread=max(int(item.get("unread") or 0) for item in pods),
    )


def _alike(waiting: Iterable[Facts]) -> list[list[Facts]]:
    """Those with the same cause, together."""
    groups: dict[tuple[object, ...], list[Facts]] = {}
    for facts in waiting:
        groups.setdefault(_cause_of(facts), []).append(facts)
    return list(groups.values())


def _cause_of(facts: Facts) -> tuple[object, ...]:
    """What decides the cause: who answered what, and to whom; the image only where the answer is about that."""
    answered = (facts.kind, facts.asking.host, facts.trace.outcome if facts.trace and not facts.attempts else "")
    verdict = facts.reply.row.verdict if facts.reply else None
    if verdict and verdict.hop in ("kubelet", "registry"):
        return answered
    lists = (facts.namespace, tuple(facts.names), facts.account)
    if facts.reply and facts.reply.credentials and not facts.is_silent:
        return (*answered, *lists)
    return (*answered, *lists, facts.image, facts.reply.words.get("secret") if facts.reply else "")


def _others(group: list[Facts]) -> list[str]:
    """The Pods of a group after the first one, each once; those of other namespaces with theirs."""
    names: dict[str, None] = {}
    for facts in group:
        place = "" if facts.namespace == group[0].namespace else f"{facts.namespace}/"
        for name in (name_of(facts.pod), *facts.pod.get("same", ())):
            names[f"{place}{name}"] = None
    return list(names)[1:]


def read_export(texts: Sequence[str], pod: str = "") -> Scene:
    """The scene that the files of an export describe, without its passwords. Raises ExportError.

    Of Pods of which a text says the same, `pod` stands for them all, if it is one of them.
    """
    masks, reported = Masks(), ReportedRegistries()
    objects = [(resource, _renamed(obj, pod)) for text in texts for resource, obj in load(text)]
    hidden = [(resource, masks.hide(obj) if resource is SECRET else obj) for resource, obj in objects]
    export = Export((resource, masks.everywhere(obj)) for resource, obj in hidden)
    knows_secrets = bool(export.list(SECRET))
    scene = Scene(export, {}, reported, True, export.events, export.now(), knows_secrets)
    for item in export.list(POD):
        for trace in _traces(scene, item, reported):
            scene.traces[trace.namespace, trace.pod, trace.container] = trace
    return scene


def _renamed(obj: Object, pod: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "name": pod}} if pod in obj.get("same", ()) else obj


def _traces(scene: Scene, pod: Object, reported: ReportedRegistries) -> Iterator[PullTrace]:
    """What is known of the last attempt for each container, and for each volume that has an image."""
    every = [Facts(scene, namespace_of(pod), pod, item) for item in containers(pod)]
    volumes = {facts.image: facts for facts in every if facts.volume}
    for facts in every:
        trace = _trace(facts, reported)
        quoted = re.search(r'image "([^"]+)"', trace.message) if trace else None
        if trace and quoted and quoted[1] != facts.image and quoted[1] in volumes:  # a container waits for its volume
            yield _refusal(volumes[quoted[1]], trace.outcome, trace.message, reported)
        elif trace:
            yield trace


def _trace(facts: Facts, reported: ReportedRegistries) -> PullTrace | None:
    """What the Pod's status and events say about the last attempt; None where there was none."""
    status = _status(facts)
    waiting = status.get("state", {}).get("waiting", {})
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _PULLING or (reason and reason == message):
        whole = read(message, False)
        said = whole if whole.row.unasked else _said(message)
        if said.kind == "other" and (event := _event(facts)):
            message, said = event, _said(event)
        unasked = reason in _WITHOUT_ASKING or reason == message or said.row.unasked
        if (facts.reference is None and facts.image) or unasked:
            return _unasked(facts, reason, message, reported)
        return _refusal(facts, reason, message, reported)
    if reason in _EARLIER and not status.get("imageID"):
        return _before_start(facts, reported)
    unfit = next((text for text in _endings(status) if read(text, False).kind in ("platform", "not_an_image")), "")
    if unfit:
        return _make(facts, "StartError", unfit)
    return _make(facts, "Pulled", "") if status.get("state") else None


def _before_start(facts: Facts, reported: ReportedRegistries) -> PullTrace | None:
    """An attempt that the container's status does not show, but an event."""
    if message := _event(facts):
        return _refusal(facts, "ErrImagePull", message, reported)
    if facts.volume:
        return None
    events = (item["message"] for item in facts.events if item["reason"] == "FailedCreatePodSandBox")
    message = next((text for text in events if read(text, False).kind == "sandbox"), "")
    return _unasked(facts, "FailedCreatePodSandBox", message, reported) if message else None


def _unasked(facts: Facts, reason: str, message: str, reported: ReportedRegistries) -> PullTrace:
    """An attempt that failed before any registry was asked."""
    said = read(message, False)
    if facts.reference and said.transport and said.kind != "unreadable":  # a Secret may have been corrected since
        reported.hopeless.add(facts.reference.canonical)
    return _make(facts, reason, message)


def _said(message: str) -> Reply:
    """What the last answer in a message amounts to."""
    return read(_telling(_answers(message)), True)


def _telling(answers: list[str]) -> str:
    """The answer that counts: the first one, if a login was let in there and only the image isn't, or else the last."""
    if answers and read(answers[0], True).kind == "not_found":
        return answers[0]
    return answers[-1] if answers else ""


def _endings(status: Object) -> Iterator[str]:
    """What is said of a container that didn't start, or ended."""
    state = status.get("state", {})
    ended = (state.get("terminated", {}), status.get("lastState", {}).get("terminated", {}), state.get("waiting", {}))
    return (item["message"] for item in ended if item.get("message"))


def _refusal(facts: Facts, reason: str, message: str, reported: ReportedRegistries) -> PullTrace:
    """A refused attempt; which credentials it used follows from the answer and the Secrets' ages."""
    answers = _answers(message) or _answers(_event(facts)) or [""]
    said = read(_telling(answers), bool(facts.matches) or facts.is_unsure)
    stale = {name_of(secret) for secret in facts.secrets if _is_newer(secret, facts.pod)}
    match_now = {match.secret_name for match in facts.matches}
    tried = facts.matches
    if said.kind == "anonymous" or (said.kind in ("scope", "denied") and match_now <= stale):
        tried = []
    image = facts.reference.canonical if facts.reference else ""
    refused = {match.credential for match in facts.matches if match.secret_name not in stale}
    reported.refused.setdefault(image, set()).update(refused)
    if not said.credentials:
        reported.hopeless.add(image)
    secrets = tuple(
        SeenSecret(seen.name, False, problem=_BEFORE) if seen.found and seen.name in stale else seen
        for seen in facts.seen
    )
    attempts = _attempts(tried, answers, facts.is_unsure)
    return _make(facts, reason, message, attempts=attempts, secrets=secrets)


def _attempts(tried: list[Match], answers: list[str], unsure: bool) -> tuple[Attempt, ...]:
    """One for each credential (an empty one if `unsure`). The kubelet reports equal answers once."""
    if not tried:
        return (Attempt(None, None, "" if unsure else None, False, _telling(answers)),)
    each = answers if len(answers) == len(tried) else [_telling(answers)] * len(tried)
    return tuple(
        Attempt(match.secret_name, match.entry, match.credential.username, False, answer)
        for match, answer in zip(tried, each, strict=True)
    )


def _make(facts: Facts, outcome: str, message: str, **known: Any) -> PullTrace:
    """What is known of an attempt; without more, no registry was asked, and the Secrets were as they are."""
    container = facts.container
    seen = {"secrets": facts.seen, "attempts": (), "outcome": outcome, "message": message, **known}
    seen |= {"image": facts.image, "policy": container["imagePullPolicy"], "hops": ()}
    return PullTrace(0, facts.namespace, name_of(facts.pod), container["name"], present=False, **seen)


def _status(facts: Facts) -> Object:
    status = facts.pod.get("status", {})
    lists = (status.get(f"{kind}Statuses", ()) for kind in ("initContainer", "container", "ephemeralContainer"))
    return find_named([item for items in lists for item in items], facts.container["name"]) or {}


def _answers(message: str) -> list[str]:
    """What the registry said of each attempt, out of the kubelet's message; none where it does not say."""
    prefix = _KUBELET.match(message)
    parts = _RUNTIME.split(message[prefix.end() if prefix else 0 :].removeprefix("[").removesuffix("]"))
    answers = [part.removesuffix(", ") for part in parts if part.strip()]
    return [answer for answer in answers if read(answer, True).kind != "other"] or answers  # the end may be cut off


def _event(facts: Facts) -> str:
    """The last event that says why the image could not be pulled; "" if none is in the export."""
    start = f'{_FAILED}"{facts.image}": '
    messages = [item["message"] for item in reversed(facts.events)]
    said = next((message for message in messages if message.startswith(start)), "")
    if said or not facts.is_partial:
        return said
    telling = (message for message in messages if read(message, False).kind not in ("other", "missing_secret"))
    return next((message for message in telling if facts.image in message or "image" not in message), "")


def _is_newer(secret: Object, pod: Object) -> bool:
    """Whether the Secret has been written after the Pod's status (KEP-5504: revisions can be compared)."""
    one, other = (obj["metadata"]["resourceVersion"] for obj in (secret, pod))
    return all(re.fullmatch("[0-9]{1,30}", revision) for revision in (one, other)) and int(one) > int(other)
