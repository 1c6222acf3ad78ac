"""What `kubectl get pod,serviceaccount,secret -o yaml` printed on some cluster, explained by the same flow.

Of what happened there only the Pods' statuses (and events, if exported) are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kubesim.api.imageref import Reference
from kubesim.api.objects import Object, find_named, name_of, namespace_of
from kubesim.api.resources import EVENT, POD, SECRET, Resource
from kubesim.cluster.keyring import Credential, Match
from kubesim.cluster.kubelet.imagepull import Attempt, PullTrace, SeenSecret
from kubesim.cluster.registry import Answer, Image
from kubesim.flow.facts import Facts, Scene, facts_of
from kubesim.flow.hops import draw_facts
from kubesim.flow.load import ExportError, Masks, load
from kubesim.flow.signs import read

MAX_STORIES = 50
_WITHOUT_ASKING = ("ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "SignatureValidationFailed")
_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", *_WITHOUT_ASKING)
_EARLIER = ("", "ContainerCreating", "PodInitializing")
_BEFORE = "at that time not found yet, or with other content"
# What the kubelet, gRPC and containerd (older ones with the reference) write before the answer.
_KUBELET = re.compile(r'Back-off pulling image "[^"]*"(: \w+)?(: )?|Failed to pull image "[^"]*": ')
_RUNTIME = re.compile(
    r'(?:rpc error: code = \w+ desc = )?failed to pull and unpack image "[^"]*": '
    r'(?:failed to resolve (?:image|reference "[^"]*"): )?|rpc error: code = \w+ desc = '
)


class Export:
    def __init__(self, objects: Iterable[tuple[Resource, Object]]) -> None:
        self._objects: dict[Resource, dict[tuple[str, str], Object]] = {}
        for resource, obj in objects:
            self._objects.setdefault(resource, {})[namespace_of(obj), name_of(obj)] = obj

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects.get(resource, {}).get((namespace, name))

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        found = self._objects.get(resource, {}).items()
        return [obj for (home, _), obj in found if namespace in (None, home)]


class Hearsay:
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


def explain(text: str, pod: str = "") -> str:
    """The stories of the containers that wait for their image, of all Pods or of those called `pod`.

    Pods of one owner that wait for the same image are explained once. Raises ExportError.
    """
    scene = read_export(text)
    pods = [item for item in scene.api.list(POD) if pod in ("", name_of(item))]
    if not pods:
        raise ExportError(f"there is no Pod {pod} in it" if pod else "there is no Pod in it")
    every = [facts for item in pods for facts in facts_of(scene, item)]
    waiting = [facts for facts in every if not facts.has_image]
    groups = _alike(waiting or every if pod else waiting)
    stories = [_story(*group) for group in groups[:MAX_STORIES]]
    busy = {id(facts.pod) for facts in waiting}
    fine = [f"{namespace_of(item)}/{name_of(item)}" for item in pods if id(item) not in busy]
    stories += [f"Pods that wait for no image: {_listed(fine)}"] if fine and not pod else []
    rest = len(groups) - MAX_STORIES
    stories += [f"And {rest} more that wait for an image: ask for one with --pod NAME"] if rest > 0 else []
    return "\n\n".join(stories) + "\n"


def _alike(waiting: Iterable[Facts]) -> list[list[Facts]]:
    groups: dict[tuple[str, ...], list[Facts]] = {}
    for facts in waiting:
        owner = facts.owner["name"] if facts.owner else name_of(facts.pod)
        groups.setdefault((facts.namespace, owner, facts.container["name"], facts.image), []).append(facts)
    return list(groups.values())


def _story(facts: Facts, *others: Facts) -> str:
    text = draw_facts(facts).why()
    return f"{text}\nThe same: {_listed([name_of(other.pod) for other in others])}" if others else text


def _listed(names: list[str]) -> str:
    more = len(names) - MAX_STORIES
    return ", ".join(names[:MAX_STORIES]) + (f" and {more} more" if more > 0 else "")


def read_export(text: str) -> Scene:
    """The scene that an export describes, without its passwords. Raises ExportError."""
    masks = Masks()
    hidden = [(resource, masks.hide(obj) if resource is SECRET else obj) for resource, obj in load(text)]
    export, hearsay = Export((resource, masks.everywhere(obj)) for resource, obj in hidden), Hearsay()
    traces = {}
    for pod in export.list(POD):
        for facts in facts_of(Scene(export, {}, hearsay, is_export=True), pod):
            if trace := _trace(facts, hearsay):
                traces[trace.namespace, trace.pod, trace.container] = trace
    return Scene(export, traces, hearsay, is_export=True)


def _trace(facts: Facts, hearsay: Hearsay) -> PullTrace | None:
    """What the Pod's status says about the last attempt; None where there was none."""
    status = _status(facts)
    waiting = status.get("state", {}).get("waiting", {})
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _PULLING or (reason and reason == message):
        if facts.reference is None or reason in _WITHOUT_ASKING or reason == message:
            return _make(facts, reason, message, (), facts.seen)
        return _refusal(facts, reason, message, hearsay)
    if reason in _EARLIER and not status.get("imageID"):
        return None
    return _make(facts, "Pulled", "", (), facts.seen) if status.get("state") else None


def _refusal(facts: Facts, reason: str, message: str, hearsay: Hearsay) -> PullTrace:
    """A refused attempt; which credentials it used follows from the answer and the Secrets' ages."""
    answers = _answers(message) or _answers(_event(facts)) or [""]
    said = read(answers[-1], bool(facts.matches))
    stale = {name_of(secret) for secret in facts.secrets if _is_newer(secret, facts.pod)}
    match_now = {match.secret_name for match in facts.matches}
    tried = facts.matches
    if said.kind == "anonymous" or (said.kind in ("scope", "denied") and match_now <= stale):
        stale, tried = stale | match_now, []
    image = facts.reference.canonical if facts.reference else ""
    refused = {match.credential for match in tried if match.secret_name not in stale}
    hearsay.refused.setdefault(image, set()).update(refused)
    if not said.credentials:
        hearsay.hopeless.add(image)
    secrets = tuple(
        SeenSecret(seen.name, False, problem=_BEFORE) if seen.found and seen.name in stale else seen
        for seen in facts.seen
    )
    return _make(facts, reason, message, _attempts(tried, answers), secrets)


def _attempts(tried: list[Match], answers: list[str]) -> tuple[Attempt, ...]:
    """One for each credential. The kubelet reports an answer once that it got several times."""
    if not tried:
        return (Attempt(None, None, None, False, answers[-1]),)
    each = answers if len(answers) == len(tried) else answers[-1:] * len(tried)
    return tuple(
        Attempt(match.secret_name, match.entry, match.credential.username, False, answer)
        for match, answer in zip(tried, each, strict=True)
    )


def _make(
    facts: Facts, outcome: str, message: str, attempts: tuple[Attempt, ...], secrets: tuple[SeenSecret, ...]
) -> PullTrace:
    container = facts.container
    seen: dict[str, Any] = {"secrets": secrets, "attempts": attempts, "outcome": outcome, "message": message}
    seen |= {"image": facts.image, "policy": container["imagePullPolicy"], "hops": ()}
    return PullTrace(0, facts.namespace, name_of(facts.pod), container["name"], present=False, **seen)


def _status(facts: Facts) -> Object:
    status = facts.pod.get("status", {})
    items = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return find_named(items, facts.container["name"]) or {}


def _answers(message: str) -> list[str]:
    """What the registry said of each attempt, out of the kubelet's message; none where it does not say."""
    prefix = _KUBELET.match(message)
    parts = _RUNTIME.split(message[prefix.end() if prefix else 0 :].removeprefix("[").removesuffix("]"))
    return [part.removesuffix(", ") for part in parts if part.strip()]


def _event(facts: Facts) -> str:
    """The last event that says why the image could not be pulled; "" if none is in the export."""
    found = [
        (event["lastTimestamp"], event["message"])
        for event in facts.scene.api.list(EVENT, facts.namespace)
        if event.get("involvedObject", {}).get("name") == name_of(facts.pod)
        and event["message"].startswith(f'Failed to pull image "{facts.image}": ')
    ]
    return max(found, default=("", ""))[1]


def _is_newer(secret: Object, pod: Object) -> bool:
    """Whether the Secret has been written after the Pod's status (KEP-5504: revisions can be compared)."""
    one, other = (obj["metadata"]["resourceVersion"] for obj in (secret, pod))
    return all(re.fullmatch("[0-9]{1,30}", revision) for revision in (one, other)) and int(one) > int(other)
