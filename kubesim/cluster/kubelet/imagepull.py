"""The image pull as a table: what each state does, where each outcome leads, and a record of every hop.

Mirrors kubernetes pkg/kubelet/images/image_manager.go and pkg/kubelet/kuberuntime/kuberuntime_image.go, v1.36.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.humanize import go_duration
from kubesim.api.sharing import Stateful
from kubesim.cluster.kubelet.nodeimages import Failure, NodeImages
from kubesim.cluster.kubelet.pullsecrets import Secrets
from kubesim.cluster.registry import Registries
from kubesim.gotext import gofmt
from kubesim.pull import imageref, keyring
from kubesim.pull.attempt import ALWAYS, NEVER, Attempt, Hop, PullTrace, Waiting, see
from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Match

if TYPE_CHECKING:
    from kubesim.pull.answer import Answer

# For how long the kubelet keeps what it has read of its own configuration (pkg/credentialprovider/provider.go).
_CONFIG_LIFETIME: Micros = 300 * SECOND

Event = tuple[str, str, str]
PullResult = Image | Waiting
"""What a container may start from, or why it waits."""

quote = lru_cache(maxsize=1024)(gofmt.quote)


class PullRequest(NamedTuple):
    """What one container needs; `secrets` are the Pod's pull secrets."""

    namespace: str
    pod: str
    uid: str
    container: str
    image: str
    policy: str
    secrets: Secrets
    now: Micros


class ImageManager(Stateful):
    """Gets the images of one node's containers, with the credentials of the node itself besides pull secrets."""

    def __init__(self, registries: Registries) -> None:
        self.registries = registries
        self.node = NodeImages()
        self._credentials: list[Match] = []
        self._read_again: Micros = 0

    def node_credentials(self, now: Micros) -> list[Match]:
        """The node's own credentials, as they were when the kubelet last read them."""
        if now >= self._read_again:
            issued = map(self.registries.network.issued, self.registries.node.credentials)
            self._credentials = keyring.of_node(issued)
            self._read_again = now + _CONFIG_LIFETIME
        return self._credentials

    def ensure_image(self, request: PullRequest) -> "Pull":
        """Get a container's image, if its Pod may use it; return what came of it and why."""
        pull = Pull(request, self)
        while pull.outcome in STEPS:
            outcome = STEPS[pull.outcome](pull)
            pull.hops.append((pull.outcome, outcome))
            pull.outcome = TRANSITIONS[pull.outcome, outcome]
        return pull


class Pull:
    """A pull: what the steps of the table read and write, and when it is over, what came of it.

    `outcome` is the state that it is in, in the end one of `PullTrace.outcome`; `events` are (type, reason, message
    without "spec.containers{…}: ") in order: "Pulling" is due at once, what follows it `duration` seconds later.
    `image` is the one on the node, as far as the Pod may use it, and `error` why the container waits.
    """

    reference: Reference

    def __init__(self, request: PullRequest, manager: "ImageManager") -> None:
        self.request = request
        self.node = manager.node
        self.manager = manager
        self.outcome = "ParseImageName"
        self.image: Image | None = None
        self.matches: list[Match] | None = None  # the credentials that match; None: not looked up
        self.attempts: list[Attempt] = []
        self.right = ""
        self.hops: list[Hop] = []
        self.events: tuple[Event, ...] = ()
        self.error: Waiting | None = None
        self.over: Micros = request.now

    @property
    def duration(self) -> float:
        return (self.over - self.request.now) / SECOND

    @property
    def result(self) -> PullResult:
        """What came of it when it is over."""
        result = self.error or self.image
        assert result is not None, f"a pull that ended as {self.outcome} has neither an error nor an image"
        return result

    @property
    def trace(self) -> PullTrace:
        """Why it went as it did."""
        request = self.request
        return PullTrace(
            request.now,
            request.namespace,
            request.pod,
            request.container,
            request.image,
            request.policy,
            present=("CheckPresence", "present") in self.hops,
            secrets=tuple(see(name, secret) for name, secret in request.secrets),
            attempts=tuple(self.attempts),
            hops=tuple(self.hops),
            outcome=self.outcome,
            message=self.error.message if self.error else "",
            right=self.right,
        )

    def look_up(self) -> Sequence[Match] | None:
        """The credentials that match, the node's own last; None where a Secret can't be read, which is the error."""
        if self.matches is not None:
            return self.matches
        try:
            credentials = keyring.of_secrets(secret for _, secret in self.request.secrets if secret is not None)
        except ValueError as error:
            # The kubelet has no reason of its own for this: it reports the error twice.
            self.error = Waiting(str(error), str(error))
            return None
        rings = (credentials, self.manager.node_credentials(self.request.now))
        self.matches = [match for ring in rings for match in keyring.lookup(ring, self.reference.name)]
        return self.matches

    def emit(self, reason: str, message: str, kind: str = "Normal") -> None:
        """Note an event that is to be recorded."""
        self.events += ((kind, reason, message),)


def _parse_name(pull: Pull) -> str:
    image = quote(pull.request.image)
    try:
        pull.reference = imageref.parse(pull.request.image)
    except ValueError as error:
        message = f"Failed to apply default image tag {image}: couldn't parse image name {image}: {error}"
        pull.emit("InspectFailed", message, "Warning")
        pull.error = Waiting("InvalidImageName", message)
        return "invalid"
    return "valid"


def _check_presence(pull: Pull) -> str:
    if pull.request.policy == ALWAYS:
        return "not asked"
    pull.image = pull.node.present(pull.reference, pull.request.now)
    return "present" if pull.image else "absent"


def _check_right(pull: Pull) -> str:
    """Whether the Pod may use the image that is there, or has to show the registry that it may."""
    pullers = pull.node.pullers(pull.reference)
    if None in pullers:
        return _granted(pull, "the image was pulled without credentials, so every Pod may use it")
    matches = pull.look_up() if pullers else ()
    if matches is None:
        return "unreadable"
    for match in matches:
        is_same = match.owner in pullers or match.credential.digest in pullers.values()
        if match.owner and is_same:  # the node's own credentials have no owner
            pull.node.grant(pull.reference, match)
            return _granted(pull, f"{match.source} has the right to the image")
    pull.image = None
    pull.right = "the image was pulled with credentials that this Pod does not bring"
    return "refused"


def _granted(pull: Pull, why: str) -> str:
    pull.right = why
    image = quote(pull.request.image)
    pull.emit("Pulled", f"Container image {image} already present on machine and can be accessed by the pod")
    return "granted"


def _check_policy(pull: Pull) -> str:
    """Whether it may be pulled. The report is the same for an image that is there, to reveal nothing of it."""
    if pull.request.policy != NEVER:
        return "may pull"
    message = f"Container image {quote(pull.request.image)} is not present with pull policy of Never"
    pull.emit("ErrImageNeverPull", message, "Warning")
    pull.error = Waiting("ErrImageNeverPull", message)
    return "never"


def _look_up_credentials(pull: Pull) -> str:
    matches = pull.look_up()
    if matches is None:
        return "unreadable"
    return "found" if matches else "none"


def _check_back_off(pull: Pull) -> str:
    failure = pull.node.waits(pull.request.uid, pull.request.image, pull.request.now)
    if failure is None:
        return "over"
    event, pull.error = back_off(pull.request.image, failure)
    pull.events += (event,)
    return "waiting"


def back_off(image: str, failure: Failure) -> tuple[Event, Waiting]:
    """What is said of an image whose next pull has to wait after a failure, and why its container waits."""
    message = f"Back-off pulling image {quote(image)}"
    return ("Normal", "BackOff", message), Waiting("ImagePullBackOff", f"{message}: {failure.error}")


def _pull_image(pull: Pull) -> str:
    pull.emit("Pulling", f"Pulling image {quote(pull.request.image)}")
    candidates: Sequence[Match | None] = pull.matches or [None]
    answers = []
    for match in candidates:
        answer = pull.manager.registries.network.pull(pull.reference, match.credential if match else None)
        pull.attempts.append(_attempt(match, answer))
        answers.append(answer)
        if answer.image:
            waited = sum(answer.seconds for answer in answers)
            return _succeed(pull, answer.image, match, waited)
    return _fail(pull, answers)


def _attempt(match: Match | None, answer: "Answer") -> Attempt:
    is_in = answer.image is not None
    text = answer.refusal or "200 OK"
    if match is None:
        return Attempt(None, None, None, is_in, text)
    return Attempt(match.secret_name or None, match.entry, match.credential.username, is_in, text)


def _succeed(pull: Pull, image: Image, match: Match | None, waited: float) -> str:
    """Take the image, for which the runtime `waited` so many seconds at hosts that were silent."""
    duration = _pull_duration(image, pull.node.holds(image)) + round(waited * SECOND)
    pull.over = pull.node.reserve(pull.request.now, duration)
    pull.node.add(pull.reference, image, match, pull.over)
    pull.image = image
    times = f"{go_duration(duration)} ({go_duration(pull.over - pull.request.now)} including waiting)"
    name = quote(pull.request.image)
    pull.emit("Pulled", f"Successfully pulled image {name} in {times}. Image size: {image.size} bytes.")
    return "succeeded"


def _fail(pull: Pull, answers: "Sequence[Answer]") -> str:
    duration = sum(_REFUSAL_DURATION + round(answer.seconds * SECOND) for answer in answers)
    pull.over = pull.node.reserve(pull.request.now, duration)
    errors = list(dict.fromkeys(answer.error(pull.reference) for answer in answers))
    message = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
    pull.emit("Failed", f"Failed to pull image {quote(pull.request.image)}: {message}", "Warning")
    pull.node.fail(pull.request.uid, pull.request.image, f"ErrImagePull: {message}", pull.over)
    pull.error = Waiting("ErrImagePull", message)
    return "failed"


_REFUSAL_DURATION: Micros = 20_000


def _pull_duration(image: Image, held: bool) -> Micros:
    """A few dozen milliseconds that depend on the content alone; little where only the manifest is fetched."""
    spread = int(image.digest[-4:], 16)
    milliseconds = 12 + spread % 20 if held else 40 + spread % 60
    return 1000 * milliseconds


STEPS: Mapping[str, Callable[[Pull], str]] = {
    "ParseImageName": _parse_name,
    "CheckPresence": _check_presence,
    "CheckRight": _check_right,
    "CheckPolicy": _check_policy,
    "LookUpCredentials": _look_up_credentials,
    "CheckBackOff": _check_back_off,
    "PullImage": _pull_image,
}

# From a state, by its outcome, to the next state; what is no state is how the pull ends.
TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("ParseImageName", "valid"): "CheckPresence",
    ("ParseImageName", "invalid"): "InvalidImageName",
    ("CheckPresence", "not asked"): "LookUpCredentials",
    ("CheckPresence", "absent"): "CheckPolicy",
    ("CheckPresence", "present"): "CheckRight",
    ("CheckRight", "granted"): "AlreadyPresent",
    ("CheckRight", "refused"): "CheckPolicy",
    ("CheckRight", "unreadable"): "ErrImagePull",
    ("CheckPolicy", "may pull"): "LookUpCredentials",
    ("CheckPolicy", "never"): "ErrImageNeverPull",
    ("LookUpCredentials", "found"): "CheckBackOff",
    ("LookUpCredentials", "none"): "CheckBackOff",
    ("LookUpCredentials", "unreadable"): "ErrImagePull",
    ("CheckBackOff", "over"): "PullImage",
    ("CheckBackOff", "waiting"): "ImagePullBackOff",
    ("PullImage", "succeeded"): "Pulled",
    ("PullImage", "failed"): "ErrImagePull",
}
