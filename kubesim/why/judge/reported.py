"""What an export reports of the last attempts: traces as the kubelet writes them, and what registries refused.

A status says why a container waits, and events say it of attempts that the status doesn't show (anymore).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kubesim.api.objects import Object, find_named, name_of, namespace_of
from kubesim.pull.answer import Answer
from kubesim.pull.attempt import Attempt, PullTrace, SeenSecret, Waiting
from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Credential, Match
from kubesim.why.judge.facts import UNCLEAR, Facts
from kubesim.why.judge.scene import Scene, containers
from kubesim.why.read.signs import Reply, read

_WITHOUT_ASKING = ("ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "SignatureValidationFailed")
_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "FailedCreatePodSandBox", *_WITHOUT_ASKING)
_EARLIER = ("", "ContainerCreating", "PodInitializing")
_NO_CAUSE = ("other", "missing_secret", "pulling")
"""Kinds of messages that don't say why an image doesn't come."""
_BEFORE = "at that time not found yet, or with other content"
_FAILED = "Failed to pull image "
_REVISION = re.compile("[0-9]{1,30}")
# What the kubelet, gRPC and containerd (older ones with the reference) write before the answer.
_KUBELET = re.compile(r'Back-off pulling image "[^"]*"(: \w+)?(: )?|Failed to pull image "[^"]*": ')
_RUNTIME = re.compile(
    r'(?:rpc error: code = \w+ desc = )?failed to pull and unpack image "[^"]*": '
    r'(?:failed to resolve (?:image|reference "[^"]*"): )?|rpc error: code = \w+ desc = '
)


class ReportedRegistries:
    """Registries, as far as the Pods' own statuses repeat their answers."""

    def __init__(self) -> None:
        self._refused: dict[str, set[Credential]] = {}
        """By image, what was tried without success."""
        self._hopeless: set[str] = set()
        """Images for which different credentials would change nothing."""

    def note(self, facts: Facts, reply: Reply, refused: Iterable[Credential] = ()) -> None:
        """What was replied for an image, and to which credentials."""
        image = facts.reference.canonical if facts.reference else ""
        self._refused.setdefault(image, set()).update(refused)
        if not reply.credentials:
            self._hopeless.add(image)

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """What was refused stays refused; credentials that were not tried are assumed to work."""
        image = reference.canonical
        has_login = credential and credential.username and credential.password
        if not has_login or image in self._hopeless or credential in self._refused.get(image, ()):
            return Answer(refusal="refused")
        return Answer(Image("", 0))

    def tags(self, reference: Reference) -> tuple[str, ...]:
        return ()


def traces(scene: Scene, pod: Object, registries: ReportedRegistries) -> Iterator[PullTrace]:
    """What is known of the last attempt for each container, and for each volume that has an image.

    `registries` are told what was refused.
    """
    for item in containers(pod):
        if trace := _trace(Facts(scene, namespace_of(pod), pod, item), registries):
            yield trace


def _trace(facts: Facts, registries: ReportedRegistries) -> PullTrace | None:
    """What the Pod's status and events say about the last attempt; None where there was none."""
    status = _status(facts)
    state = status.get("state", {})
    waiting = Waiting(state.get("waiting", {}).get("reason", ""), state.get("waiting", {}).get("message", ""))
    if waiting.reason in _PULLING or _is_unreadable_secret(waiting):
        return _failed(facts, waiting, registries)
    if waiting.reason in _EARLIER and not status.get("imageID"):
        event = _event(facts)
        return _failed(facts, Waiting("ErrImagePull", event), registries) if event else None
    for ending in _endings(status):
        if read(ending).kind in ("platform", "not_an_image"):
            return _make(facts, Waiting("StartError", ending))
    return _make(facts, Waiting("Pulled", "")) if state else None


def _status(facts: Facts) -> Object:
    """The container's own status; empty where the export has none."""
    every: list[Object] = []
    for kind in ("initContainer", "container", "ephemeralContainer"):
        every += facts.pod.get("status", {}).get(f"{kind}Statuses", ())
    return find_named(every, facts.container["name"]) or {}


def _is_unreadable_secret(waiting: Waiting) -> bool:
    """Whether the reason is the error itself: the kubelet has none of its own for a Secret that it can't read."""
    return bool(waiting.reason) and waiting.reason == waiting.message


def _endings(status: Object) -> Iterator[str]:
    """What is said of a container that didn't start, or ended."""
    state = status.get("state", {})
    last = status.get("lastState", {})
    for ended in (state.get("terminated", {}), last.get("terminated", {}), state.get("waiting", {})):
        if message := ended.get("message"):
            yield message


def _failed(facts: Facts, waiting: Waiting, registries: ReportedRegistries) -> PullTrace:
    """An attempt that the container's status reports, or an event does where the status says nothing that is known."""
    reply = _reply_of(waiting.message)
    if reply.kind == "other" and (event := _event(facts)):
        waiting = Waiting(waiting.reason, event)
        reply = _reply_of(event)
    is_no_name = facts.reference is None and bool(facts.image) and not facts.is_partial
    is_unasked = waiting.reason in _WITHOUT_ASKING or _is_unreadable_secret(waiting) or reply.row.unasked
    if not (is_no_name or is_unasked):
        return _refusal(facts, waiting, registries)
    if facts.reference and reply.transport and reply.kind != "unreadable":  # a Secret may have been corrected since
        registries.note(facts, reply)
    return _make(facts, waiting)


def _reply_of(message: str) -> Reply:
    """What a message amounts to: that no registry was asked, which the whole says, or what the last one said."""
    whole = read(message)
    return whole if whole.row.unasked else read(_telling(_answers(message)))


def _event(facts: Facts) -> str:
    """The last event that says why the image could not be pulled, or else that its pull began; "" if there is none."""
    messages = [str(event["message"]) for event in reversed(facts.events)]
    for message in messages:
        if message.startswith(f'{_FAILED}"{facts.image}": '):
            return message
    for message in messages:
        kind = read(message).kind
        is_about = facts.image in message or "image" not in message
        if (kind == "sandbox" and not facts.volume) or (facts.is_partial and is_about and kind not in _NO_CAUSE):
            return message
    began = f'Pulling image "{facts.image}"'
    return began if any(message.startswith(began) for message in messages) else ""


def _refusal(facts: Facts, waiting: Waiting, registries: ReportedRegistries) -> PullTrace:
    """A refused attempt; which credentials it used follows from the answer and the Secrets' ages."""
    answers = _answers(waiting.message)
    reply = read(_telling(answers), with_credentials=bool(facts.matches) or facts.is_unsure)
    newer = {name_of(secret) for secret in facts.secrets if _is_newer(secret, facts.pod)}
    at_that_time = [match for match in facts.matches if match.secret_name not in newer]
    registries.note(facts, reply, (match.credential for match in at_that_time))
    seen = (SeenSecret(secret.name, problem=_BEFORE) if secret.name in newer else secret for secret in facts.seen)
    attempts = _attempts(_presumed(facts, reply, at_that_time), answers, facts.is_unsure)
    return _make(facts, waiting)._replace(secrets=tuple(seen), attempts=attempts)


def _presumed(facts: Facts, reply: Reply, at_that_time: list[Match]) -> list[Match]:
    """The credentials that were sent, going by the reply; none where it answers a request without any.

    Some registries say the same to users without rights: then it depends on whether a Secret was there by that time.
    """
    is_anonymous = reply.kind == "anonymous" or (reply.kind in UNCLEAR and not at_that_time)
    return [] if is_anonymous else facts.matches


def _is_newer(secret: Object, pod: Object) -> bool:
    """Whether the Secret has been written after the Pod's status (KEP-5504: revisions can be compared)."""
    written, seen = (obj["metadata"]["resourceVersion"] for obj in (secret, pod))
    are_numbers = _REVISION.fullmatch(written) and _REVISION.fullmatch(seen)
    return bool(are_numbers) and int(written) > int(seen)


def _attempts(tried: list[Match], answers: list[str], is_unsure: bool) -> tuple[Attempt, ...]:
    """One for each credential (an empty one if `is_unsure`). The kubelet reports equal answers once."""
    if not tried:
        user = "" if is_unsure else None
        return (Attempt(None, None, user, ok=False, answer=_telling(answers)),)
    each = answers if len(answers) == len(tried) else [_telling(answers)] * len(tried)
    attempts = []
    for match, answer in zip(tried, each, strict=True):
        attempts.append(Attempt(match.secret_name, match.entry, match.credential.username, ok=False, answer=answer))
    return tuple(attempts)


def _answers(message: str) -> list[str]:
    """What the registry said of each attempt, out of the kubelet's message; none where it does not say."""
    prefix = _KUBELET.match(message)
    start = prefix.end() if prefix else 0
    parts = _RUNTIME.split(message[start:].removeprefix("[").removesuffix("]"))
    answers = [part.removesuffix(", ") for part in parts if part.strip()]
    return [answer for answer in answers if read(answer).kind != "other"] or answers  # the end may be cut off


def _telling(answers: list[str]) -> str:
    """The answer that counts: the first one, if a login was let in there and only the image isn't, or else the last."""
    if answers and read(answers[0]).kind == "not_found":
        return answers[0]
    return answers[-1] if answers else ""


def _make(facts: Facts, waiting: Waiting) -> PullTrace:
    """An attempt at which no registry was asked, and the Secrets were as they are."""
    return PullTrace(
        at=0,
        namespace=facts.namespace,
        pod=name_of(facts.pod),
        container=facts.container["name"],
        image=facts.image,
        policy=facts.container["imagePullPolicy"],
        present=False,
        secrets=facts.seen,
        attempts=(),
        hops=(),
        outcome=waiting.reason,
        message=waiting.message,
    )
