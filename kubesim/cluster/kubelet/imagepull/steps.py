"""The image pull as a table: what each state does, and where each outcome leads.

Mirrors kubernetes pkg/kubelet/images/image_manager.go and pkg/kubelet/kuberuntime/kuberuntime_image.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from kubesim.api import imageref
from kubesim.api.clock import SECOND, Micros
from kubesim.api.imageref import Reference
from kubesim.cluster.keyring import Keyring, Match
from kubesim.cluster.kubelet.imagepull.trace import Attempt, Event, Hop, PullRequest, PullTrace, look
from kubesim.cluster.kubelet.nodeimages import NodeImages, PulledRecord
from kubesim.cluster.registry import Answer, Image, Registries
from kubesim.gotext import gojson

ALWAYS, NEVER = "Always", "Never"

Outcome = tuple[str, str]

quote = lru_cache(maxsize=1024)(gojson.quote)


class Pull:
    """A pull: what the steps of the table read and write, and when it is over, what came of it.

    `outcome` is the state that it is in, in the end one of `PullTrace.outcome`; `events` are (type, reason, message
    without "spec.containers{…}: ") in order: "Pulling" is due at once, what follows it `duration` seconds later.
    `error` is (reason, message) as in a container's state.waiting, or None, and then `image` is what the container may
    start from and `image_id` what its status calls it.
    """

    def __init__(self, request: PullRequest, node: NodeImages, registries: Registries) -> None:
        self.request, self.node, self.registries = request, node, registries
        self.outcome = "ParseImageName"
        self.reference: Reference | None = None
        self.image: Image | None = None
        self.image_id = ""
        self.matches: list[Match] | None = None
        self.attempts: list[Attempt] = []
        self.hops: list[tuple[str, str, str]] = []
        self.events: tuple[Event, ...] = ()
        self.error: tuple[str, str] | None = None
        self.over: Micros = request.now

    @property
    def duration(self) -> float:
        """How long it took, in seconds."""
        return (self.over - self.request.now) / SECOND

    @property
    def trace(self) -> PullTrace:
        """Why it went as it did."""
        request = self.request
        return PullTrace(
            at=request.now,
            namespace=request.namespace,
            pod=request.pod,
            container=request.container,
            image=request.image,
            reference=self.reference,
            policy=request.policy,
            present=any(outcome == "present" for _, outcome, _ in self.hops),
            secrets=tuple(look(name, secret) for name, secret in request.secrets),
            attempts=tuple(self.attempts),
            hops=tuple(Hop(*hop) for hop in self.hops),
            outcome=self.outcome,
            message=self.error[1] if self.error else "",
        )

    @property
    def target(self) -> Reference:
        """The parsed reference; every state after the first has it."""
        assert self.reference is not None
        return self.reference

    def lookup(self) -> list[Match]:
        """The credentials that fit, looked up once and no earlier than needed. Raises ValueError, as the keyring."""
        if self.matches is None:
            secrets = [secret for _, secret in self.request.secrets if secret is not None]
            self.matches = Keyring.from_secrets(secrets).lookup(self.target.name) if secrets else []
        return self.matches

    def fail(self, reason: str, message: str) -> None:
        """Note why the container cannot start."""
        self.error = (reason, message)

    def emit(self, reason: str, message: str, kind: str = "Normal") -> None:
        """Note an event that is to be recorded."""
        self.events += ((kind, reason, message),)


def _parse_name(pull: Pull) -> Outcome:
    image = quote(pull.request.image)
    try:
        pull.reference = imageref.parse(pull.request.image)
    except ValueError as error:
        message = f"Failed to apply default image tag {image}: couldn't parse image name {image}: {error}"
        pull.emit("InspectFailed", message, "Warning")
        pull.fail("InvalidImageName", message)
        return "invalid", str(error)
    return "valid", pull.reference.canonical


def _check_presence(pull: Pull) -> Outcome:
    if pull.request.policy == ALWAYS:
        return "not asked", "with pull policy Always the registry is asked in any case"
    pull.image = pull.node.present(pull.target, pull.request.now)
    if pull.image:
        return "present", "the image is on the node"
    if pull.request.policy == NEVER:
        return _never_pull(pull, "absent, never to be pulled", "the image is not on the node")
    return "absent", "the image is not on the node"


def _check_right(pull: Pull) -> Outcome:
    assert pull.image is not None
    try:
        reason = _right(pull, pull.node.record(pull.image, pull.target))
    except ValueError as error:
        return _unreadable(pull, error)
    if reason:
        image = quote(pull.request.image)
        pull.emit("Pulled", f"Container image {image} already present on machine and can be accessed by the pod")
        return "granted", reason
    pull.image = None
    detail = "the image was pulled with credentials that this Pod does not bring"
    if pull.request.policy == NEVER:
        return _never_pull(pull, "refused, never to be pulled", detail)
    return "refused", detail


def _right(pull: Pull, record: PulledRecord | None) -> str:
    """Why the Pod may use the image that is there; empty when it must show at the registry that it may."""
    if record is None:
        return "the image was on the node before the kubelet pulled any"
    if record.public:
        return "the image was pulled without credentials, so every Pod may use it"
    if not record.secrets:
        return ""
    for match in pull.lookup():
        if record.earned_by(match):
            record.add(match)
            return f'the Secret "{match.secret_name}" has the right to the image'
    return ""


def _never_pull(pull: Pull, outcome: str, detail: str) -> Outcome:
    """The kubelet says the same in both cases, so as not to reveal an image to a Pod without the right to it."""
    message = f"Container image {quote(pull.request.image)} is not present with pull policy of Never"
    pull.emit("ErrImageNeverPull", message, "Warning")
    pull.fail("ErrImageNeverPull", message)
    return outcome, detail


def _look_up_credentials(pull: Pull) -> Outcome:
    try:
        matches = pull.lookup()
    except ValueError as error:
        return _unreadable(pull, error)
    if not matches:
        return "none", f"no entry of the Pod's pull secrets covers {pull.target.name}: pulling without credentials"
    entries = ", ".join(f'"{match.entry}" of Secret "{match.secret_name}"' for match in matches)
    return "found", f"{pull.target.name} is covered by {entries}"


def _unreadable(pull: Pull, error: ValueError) -> Outcome:
    # The kubelet has no reason of its own for this: the error's words are reason and message at once.
    pull.fail(str(error), str(error))
    return "unreadable", f"a pull secret cannot be read, so none is used: {error}"


def _check_back_off(pull: Pull) -> Outcome:
    now = pull.request.now
    failure = pull.node.failure(pull.request.uid, pull.request.image, now)
    if failure is None or failure.until <= now:
        return "over", "no failure shortly before stands in the way"
    message = f"Back-off pulling image {quote(pull.request.image)}"
    pull.emit("BackOff", message)
    pull.fail("ImagePullBackOff", f"{message}: {failure.error}")
    return "waiting", f"the next attempt is due in {(failure.until - now) / SECOND:.0f}s"


def _pull_image(pull: Pull) -> Outcome:
    pull.emit("Pulling", f"Pulling image {quote(pull.request.image)}")
    candidates: Sequence[Match | None] = pull.lookup() or [None]
    errors = []
    for match in candidates:
        answer = pull.registries.resolve(pull.target, match.credential if match else None)
        pull.attempts.append(_attempt(match, answer))
        if answer.image:
            return _succeed(pull, answer.image, match)
        errors.append(answer.error(pull.target))
    return _fail(pull, errors)


def _attempt(match: Match | None, answer: Answer) -> Attempt:
    said = answer.refusal or "200 OK"
    if match is None:
        return Attempt(None, None, None, answer.image is not None, said)
    return Attempt(match.secret_name, match.entry, match.credential.username, answer.image is not None, said)


def _succeed(pull: Pull, image: Image, match: Match | None) -> Outcome:
    duration = _pull_duration(image, pull.node.holds(image))
    pull.over = pull.node.reserve(pull.request.now, duration)
    pull.node.add(pull.target, image, match, pull.over)
    pull.image = image
    times = f"{_go_duration(duration)} ({_go_duration(pull.over - pull.request.now)} including waiting)"
    name = quote(pull.request.image)
    pull.emit("Pulled", f"Successfully pulled image {name} in {times}. Image size: {image.size} bytes.")
    who = f'with Secret "{match.secret_name}"' if match else "without credentials"
    return "succeeded", f"pulled {who}"


def _fail(pull: Pull, errors: Sequence[str]) -> Outcome:
    pull.over = pull.node.reserve(pull.request.now, _REFUSAL_DURATION * len(errors))
    message = _aggregate(errors)
    pull.emit("Failed", f"Failed to pull image {quote(pull.request.image)}: {message}", "Warning")
    pull.node.fail(pull.request.uid, pull.request.image, f"ErrImagePull: {message}", pull.over)
    pull.fail("ErrImagePull", message)
    return "failed", pull.attempts[-1].answer


def _aggregate(errors: Sequence[str]) -> str:
    """Several errors as one, each said once (k8s.io/apimachinery pkg/util/errors)."""
    distinct = list(dict.fromkeys(errors))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"


_REFUSAL_DURATION: Micros = 20_000


def _pull_duration(image: Image, held: bool) -> Micros:
    """A few dozen milliseconds that depend on the content alone; little where only the manifest is fetched."""
    spread = int(image.digest[-4:], 16)
    return 1000 * (12 + spread % 20 if held else 40 + spread % 60)


def _go_duration(duration: Micros) -> str:
    """A duration in whole milliseconds, as Go prints it: "53ms", "1.317s", "1m2.05s"."""
    if duration < SECOND:
        return f"{duration // 1000}ms"
    minutes, rest = divmod(duration // 1000, 60_000)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{rest / 1000:g}s"


STEPS: Mapping[str, Callable[[Pull], Outcome]] = {
    "ParseImageName": _parse_name,
    "CheckPresence": _check_presence,
    "CheckRight": _check_right,
    "LookUpCredentials": _look_up_credentials,
    "CheckBackOff": _check_back_off,
    "PullImage": _pull_image,
}

# From a state, by its outcome, to the next state; what is no state is how the pull ends.
TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("ParseImageName", "valid"): "CheckPresence",
    ("ParseImageName", "invalid"): "InvalidImageName",
    ("CheckPresence", "not asked"): "LookUpCredentials",
    ("CheckPresence", "absent"): "LookUpCredentials",
    ("CheckPresence", "absent, never to be pulled"): "ErrImageNeverPull",
    ("CheckPresence", "present"): "CheckRight",
    ("CheckRight", "granted"): "AlreadyPresent",
    ("CheckRight", "refused"): "LookUpCredentials",
    ("CheckRight", "refused, never to be pulled"): "ErrImageNeverPull",
    ("CheckRight", "unreadable"): "ErrImagePull",
    ("LookUpCredentials", "found"): "CheckBackOff",
    ("LookUpCredentials", "none"): "CheckBackOff",
    ("LookUpCredentials", "unreadable"): "ErrImagePull",
    ("CheckBackOff", "over"): "PullImage",
    ("CheckBackOff", "waiting"): "ImagePullBackOff",
    ("PullImage", "succeeded"): "Pulled",
    ("PullImage", "failed"): "ErrImagePull",
}
