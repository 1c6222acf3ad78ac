"""Traces of the last attempts, rebuilt from an export in the form in which the simulated kubelet writes them.

A status has the reason why a container waits. Events have it for attempts that the status doesn't show (anymore).
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
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.pull_facts import UNCLEAR
from kubesim.why.judge.scene import Scene, containers
from kubesim.why.read.signs import Reply, read

# Reasons of waiting containers: failures without a request to a registry, all failures, and those before a pull.
_WITHOUT_ASKING = ("ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "SignatureValidationFailed")
_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "FailedCreatePodSandBox", *_WITHOUT_ASKING)
_EARLIER = ("", "ContainerCreating", "PodInitializing")
# Kinds of messages without the reason of a failed pull.
_NO_CAUSE = ("other", "missing_secret", "pulling")
_BEFORE = "at that time not found yet, or with other content"
_FAILED = "Failed to pull image "
_REVISION = re.compile("[0-9]{1,30}")
# The texts of kubelet, gRPC and containerd (older ones with the reference) before the registry's answer.
_KUBELET = re.compile(r'Back-off pulling image "[^"]*"(: \w+)?(: )?|Failed to pull image "[^"]*": ')
_RUNTIME = re.compile(
    r'(?:rpc error: code = \w+ desc = )?failed to pull and unpack image "[^"]*": '
    r'(?:failed to resolve (?:image|reference "[^"]*"): )?|rpc error: code = \w+ desc = '
)


class ReportedRegistries:
    """Registries, as far as the statuses of Pods repeat their answers."""

    def __init__(self) -> None:
        # The refused credentials by image.
        self._refused: dict[str, set[Credential]] = {}
        # Images with a failure that no credentials would change.
        self._hopeless: set[str] = set()

    def note(self, facts: Facts, reply: Reply, refused: Iterable[Credential] = ()) -> None:
        """Record the reply for an image, and the credentials that it refused."""
        image = facts.reference.canonical if facts.reference else ""
        self._refused.setdefault(image, set()).update(refused)
        if not reply.credentials:
            self._hopeless.add(image)

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """Refuse recorded credentials and requests without a login. Others are assumed to work."""
        image = reference.canonical
        has_login = credential and credential.username and credential.password
        if not has_login or image in self._hopeless or credential in self._refused.get(image, ()):
            return Answer(refusal="refused")
        return Answer(Image("", 0))

    def tags(self, reference: Reference) -> tuple[str, ...]:
        return ()


def traces(scene: Scene, pod: Object, registries: ReportedRegistries) -> Iterator[PullTrace]:
    """The last attempt for each container and each volume with an image. Records refusals in `registries`."""
    for item in containers(pod):
        if trace := _trace(Facts(scene, namespace_of(pod), pod, item), registries):
            yield trace


def _trace(facts: Facts, registries: ReportedRegistries) -> PullTrace | None:
    """The last attempt according to the Pod's status and events; None if there was none."""
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
            return _pull_trace(facts, Waiting("StartError", ending))
    return _pull_trace(facts, Waiting("Pulled", "")) if state else None


def _status(facts: Facts) -> Object:
    """The container's status; empty if the export has none."""
    every: list[Object] = []
    for kind in ("initContainer", "container", "ephemeralContainer"):
        every += facts.pod.get("status", {}).get(f"{kind}Statuses", ())
    return find_named(every, facts.container["name"]) or {}


def _is_unreadable_secret(waiting: Waiting) -> bool:
    """True for an unreadable Secret: the kubelet has no reason of its own for it, and repeats the message."""
    return bool(waiting.reason) and waiting.reason == waiting.message


def _endings(status: Object) -> Iterator[str]:
    """The messages about a container that ended or didn't start."""
    state = status.get("state", {})
    last = status.get("lastState", {})
    for ended in (state.get("terminated", {}), last.get("terminated", {}), state.get("waiting", {})):
        if message := ended.get("message"):
            yield message


def _failed(facts: Facts, waiting: Waiting, registries: ReportedRegistries) -> PullTrace:
    """A failed attempt with the message of the container's status, or of an event if no sign is in that message."""
    reply = _reply_of(waiting.message)
    if reply.kind == "other" and (event := _event(facts)):
        waiting = Waiting(waiting.reason, event)
        reply = _reply_of(event)
    is_no_name = facts.reference is None and bool(facts.image) and not facts.is_partial
    is_unasked = waiting.reason in _WITHOUT_ASKING or _is_unreadable_secret(waiting) or reply.row.is_unasked
    if not (is_no_name or is_unasked):
        return _refusal(facts, waiting, registries)
    if facts.reference and reply.transport and reply.kind != "unreadable":  # a Secret may have been corrected since
        registries.note(facts, reply)
    return _pull_trace(facts, waiting)


def _reply_of(message: str) -> Reply:
    """The meaning of a message: of the whole if no registry was asked, else of the registry's answer in it."""
    whole = read(message)
    return whole if whole.row.is_unasked else read(_deciding_answer(_answers(message)))


def _event(facts: Facts) -> str:
    """The message of the last event with the reason of the failed pull, else of the pull's beginning; else ""."""
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
    """A refused attempt. Its credentials are derived from the answer and from the Secrets' revisions."""
    answers = _answers(waiting.message)
    reply = read(_deciding_answer(answers), with_credentials=bool(facts.matches) or facts.is_unsure)
    newer = {name_of(secret) for secret in facts.secrets if _is_newer(secret, facts.pod)}
    at_that_time = [match for match in facts.matches if match.secret_name not in newer]
    registries.note(facts, reply, (match.credential for match in at_that_time))
    seen = (SeenSecret(secret.name, problem=_BEFORE) if secret.name in newer else secret for secret in facts.seen)
    attempts = _attempts(_presumed(facts, reply, at_that_time), answers, facts.is_unsure)
    return _pull_trace(facts, waiting)._replace(secrets=tuple(seen), attempts=attempts)


def _presumed(facts: Facts, reply: Reply, at_that_time: list[Match]) -> list[Match]:
    """The credentials that were sent, according to the reply; none if it answers an anonymous request.

    A reply in UNCLEAR may answer either. It counts as anonymous if no Secret matched at that time.
    """
    is_anonymous = reply.kind == "anonymous" or (reply.kind in UNCLEAR and not at_that_time)
    return [] if is_anonymous else facts.matches


def _is_newer(secret: Object, pod: Object) -> bool:
    """True if the Secret was written after the Pod's status (KEP-5504: resource versions can be compared)."""
    written, seen = (obj["metadata"]["resourceVersion"] for obj in (secret, pod))
    are_numbers = _REVISION.fullmatch(written) and _REVISION.fullmatch(seen)
    return bool(are_numbers) and int(written) > int(seen)


def _attempts(tried: list[Match], answers: list[str], is_unsure: bool) -> tuple[Attempt, ...]:
    """An attempt for each credential that was tried. The kubelet reports equal answers once.

    Without any, it is one attempt: anonymous, or with the user "" if `is_unsure`.
    """
    if not tried:
        user = "" if is_unsure else None
        return (Attempt(None, None, user, ok=False, answer=_deciding_answer(answers)),)
    each = answers if len(answers) == len(tried) else [_deciding_answer(answers)] * len(tried)
    attempts = []
    for match, answer in zip(tried, each, strict=True):
        attempts.append(Attempt(match.secret_name, match.entry, match.credential.username, ok=False, answer=answer))
    return tuple(attempts)


def _answers(message: str) -> list[str]:
    """The registry's answers to the attempts, cut out of the kubelet's message."""
    prefix = _KUBELET.match(message)
    start = prefix.end() if prefix else 0
    parts = _RUNTIME.split(message[start:].removeprefix("[").removesuffix("]"))
    answers = [part.removesuffix(", ") for part in parts if part.strip()]
    return [answer for answer in answers if read(answer).kind != "other"] or answers  # the end may be cut off


def _deciding_answer(answers: list[str]) -> str:
    """The answer that counts: the first if it is "not found", which only a login with rights gets; else the last.

    An answer that refuses a login goes before one to a request without.
    """
    if answers and read(answers[0]).kind == "not_found":
        return answers[0]
    of_logins = [answer for answer in answers if read(answer).sent or read(answer).kind == "principal"]
    return next(reversed(of_logins or answers), "")


def _pull_trace(facts: Facts, waiting: Waiting) -> PullTrace:
    """A trace with that reason and message, no requests to a registry, and the Secrets as they are now."""
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
        transitions=(),
        outcome=waiting.reason,
        message=waiting.message,
    )
