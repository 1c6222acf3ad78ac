"""What `kubectl get pod,serviceaccount,secret -o yaml` printed on some cluster, explained by the same flow.

Of what happened there only the Pods' statuses are known (and events, if given); what they leave open is said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kubesim.api.imageref import Reference
from kubesim.api.objects import Object, find_named, name_of, namespace_of
from kubesim.api.resources import EVENT, POD, SECRET, Resource
from kubesim.cluster.keyring import Credential, Match
from kubesim.cluster.kubelet.imagepull import Attempt, PullTrace, SecretLook
from kubesim.cluster.registry import Answer, Image
from kubesim.flow.answers import WHO, Kind, reply
from kubesim.flow.facts import Facts, facts_of
from kubesim.flow.hops import draw_facts
from kubesim.flow.load import ExportError, load
from kubesim.flow.masks import Masks
from kubesim.flow.scene import Scene

MAX_STORIES = 50
_WITHOUT_ASKING = ("ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "SignatureValidationFailed")
_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", *_WITHOUT_ASKING)
_EARLIER = ("", "ContainerCreating", "PodInitializing")
_BEFORE = "at that time not found yet, or with other content"
# Before what was said: by the kubelet, by gRPC, by containerd (older ones name the reference).
_KUBELET = re.compile(r'Back-off pulling image "[^"]*"(: \w+)?(: )?|Failed to pull image "[^"]*": ')
_RUNTIME = re.compile(
    r'(?:rpc error: code = \w+ desc = )?failed to pull and unpack image "[^"]*": '
    r'(?:failed to resolve (?:image|reference "[^"]*"): )?|rpc error: code = \w+ desc = '
)


class Export:
    """The objects of an export; looks them up as the API server does."""

    def __init__(self, objects: Iterable[tuple[Resource, Object]]) -> None:
        self._objects: dict[Resource, dict[tuple[str, str], Object]] = {}
        for resource, obj in objects:
            self._objects.setdefault(resource, {})[namespace_of(obj), name_of(obj)] = obj

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """One object, or None where the export has none."""
        return self._objects.get(resource, {}).get((namespace, name))

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Objects in the order of the export, of all namespaces where `namespace` is None."""
        found = self._objects.get(resource, {}).items()
        return [obj for (home, _), obj in found if namespace in (None, home)]


class Hearsay:
    """Registries, as far as the Pods' own statuses repeat their answers."""

    def __init__(self) -> None:
        self.refused: dict[str, set[Credential]] = {}
        """By image, what has been tried in vain."""
        self.hopeless: set[str] = set()
        """Images for which other credentials would change nothing."""

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """What was refused stays refused; of credentials that were not tried the best is hoped."""
        image = reference.canonical
        is_given = credential and credential.username and credential.password
        if not is_given or image in self.hopeless or credential in self.refused.get(image, ()):
            return Answer(refusal="refused")
        return Answer(Image("", 0))

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """None are known."""
        return ()


def explain(text: str, pod: str = "") -> str:
    """The stories of the containers that wait for their image, of all Pods or of those called `pod`.

    The Pods of one owner that wait for the same image are told of once. Raises ExportError.
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
    """The containers of one owner with one name and image, together."""
    groups: dict[tuple[str, ...], list[Facts]] = {}
    for facts in waiting:
        maker = facts.owner["name"] if facts.owner else name_of(facts.pod)
        groups.setdefault((facts.namespace, maker, facts.container["name"], facts.image), []).append(facts)
    return list(groups.values())


def _story(facts: Facts, *others: Facts) -> str:
    told = draw_facts(facts).why()
    return f"{told}\nThe same: {_listed([name_of(other.pod) for other in others])}" if others else told


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
    """What the Pod's status says of the last attempt; None where there was none."""
    status = _status(facts)
    waiting = status.get("state", {}).get("waiting", {})
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _PULLING or (reason and reason == message):
        if facts.reference is None or reason in _WITHOUT_ASKING or reason == message:
            return _make(facts, reason, message, (), facts.looks)
        return _refusal(facts, reason, message, hearsay)
    if reason in _EARLIER and not status.get("imageID"):
        return None
    return _make(facts, "Pulled", "", (), facts.looks) if status.get("state") else None


def _refusal(facts: Facts, reason: str, message: str, hearsay: Hearsay) -> PullTrace:
    """An attempt that was turned away: with which credentials, follows from the answer and the Secrets' ages."""
    answers = _answers(message) or _answers(_event(facts)) or [""]
    kind = reply(answers[-1], bool(facts.matches)).kind
    stale = {name_of(secret) for secret in facts.secrets if _is_newer(secret, facts.pod)}
    fits_now = {match.secret_name for match in facts.matches}
    if kind is Kind.ANONYMOUS or (kind is Kind.UNTOLD and fits_now <= stale):
        stale, tried = stale | fits_now, []
    else:
        tried = facts.matches
    _remember(facts, hearsay, kind, {match.credential for match in tried if match.secret_name not in stale})
    looks = [
        SecretLook(look.name, False, problem=_BEFORE) if look.found and look.name in stale else look
        for look in facts.looks
    ]
    return _make(facts, reason, message, _attempts(tried, answers), tuple(looks))


def _remember(facts: Facts, hearsay: Hearsay, kind: Kind, refused: set[Credential]) -> None:
    image = facts.reference.canonical if facts.reference else ""
    hearsay.refused.setdefault(image, set()).update(refused)
    if kind not in WHO:
        hearsay.hopeless.add(image)


def _attempts(tried: list[Match], answers: list[str]) -> tuple[Attempt, ...]:
    """One for each credential. The kubelet tells an answer once that it got several times."""
    if not tried:
        return (Attempt(None, None, None, False, answers[-1]),)
    each = answers if len(answers) == len(tried) else answers[-1:] * len(tried)
    return tuple(
        Attempt(match.secret_name, match.entry, match.credential.username, False, answer)
        for match, answer in zip(tried, each, strict=True)
    )


def _make(
    facts: Facts, outcome: str, message: str, attempts: tuple[Attempt, ...], looks: tuple[SecretLook, ...]
) -> PullTrace:
    return PullTrace(
        at=0,
        namespace=facts.namespace,
        pod=name_of(facts.pod),
        container=facts.container["name"],
        image=facts.image,
        reference=facts.reference,
        policy=facts.container["imagePullPolicy"],
        present=False,
        secrets=looks,
        attempts=attempts,
        hops=(),
        outcome=outcome,
        message=message,
    )


def _status(facts: Facts) -> Object:
    status = facts.pod.get("status", {})
    items = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return find_named(items, facts.container["name"]) or {}


def _answers(message: str) -> list[str]:
    """What the registry said of each attempt, out of the kubelet's message; none where it does not tell."""
    said = _KUBELET.match(message)
    parts = _RUNTIME.split(message[said.end() if said else 0 :].removeprefix("[").removesuffix("]"))
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
