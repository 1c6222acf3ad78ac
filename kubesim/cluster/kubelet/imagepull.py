"""The image pull as a state machine: STEPS has a function for each state, and TRANSITIONS the next state by outcome.

Mirrors kubernetes pkg/kubelet/images/image_manager.go and pkg/kubelet/kuberuntime/kuberuntime_image.go, v1.36, with
serialized pulls alone, and without limits of QPS. The node's memory of images is in nodeimages.py.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.humanize import go_duration
from kubesim.api.sharing import Stateful
from kubesim.cluster.events import EventContent
from kubesim.cluster.kubelet.nodeimages import Failure, NodeImages
from kubesim.cluster.kubelet.pullsecrets import Secrets
from kubesim.cluster.registry import Registries
from kubesim.gotext import gofmt
from kubesim.pull import imageref, keyring
from kubesim.pull.attempt import ALWAYS, NEVER, Attempt, PullTrace, Transition, Waiting, check_secret
from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Match

if TYPE_CHECKING:
    from kubesim.pull.answer import Answer

# The time until the kubelet reads the node's own credentials again (pkg/credentialprovider/provider.go).
_CONFIG_LIFETIME: Micros = 300 * SECOND
# The duration of a refused request.
_REFUSAL_DURATION: Micros = 20_000

# The image to start a container from, or the reason for which the container waits.
PullResult = Image | Waiting

# %q of Go, cached, because images repeat.
_quote = lru_cache(maxsize=1024)(gofmt.quote)


class PullRequest(NamedTuple):
    """The image that one container or image volume needs.

    `container` is a RequiredImage.subject, and `secrets` are the Pod's pull secrets in its order.
    """

    namespace: str
    pod: str
    uid: str
    container: str
    image: str
    policy: str
    secrets: Secrets
    now: Micros


class ImageManager(Stateful):
    """Gets images for the containers of one node. `registries` has the registries, and the node's own credentials."""

    def __init__(self, registries: Registries) -> None:
        self.registries = registries
        self.node = NodeImages()
        self._credentials: list[Match] = []
        self._read_again: Micros = 0

    def node_credentials(self, now: Micros) -> list[Match]:
        """The node's own credentials as the kubelet read them last. They are read again when that is too long ago."""
        if now >= self._read_again:
            issued = map(self.registries.network.with_password, self.registries.node.credentials)
            self._credentials = keyring.of_node(issued)
            self._read_again = now + _CONFIG_LIFETIME
        return self._credentials

    def ensure_image(self, request: PullRequest) -> "ImagePull":
        """Run the state machine for a request, at once, and return the finished ImagePull.

        The image is on the node from `ImagePull.over` on: the caller waits for `ImagePull.seconds`.
        """
        pull = ImagePull(request, self)
        while pull.state in STEPS:
            outcome = STEPS[pull.state](pull)
            pull.transitions.append((pull.state, outcome))
            pull.state = TRANSITIONS[pull.state, outcome]
        return pull


class ImagePull:
    """A pull: the data that the steps read and write, and its result.

    `state` is a key of STEPS until the pull has finished; the final state is the pull's outcome (PullTrace.outcome).
    `start_event` is due at once, if the registry is asked, and `events` are due `seconds` later; starter.py adds their
    `field`. `image` is set if the Pod may use it, and `error` if its container waits; a finished pull has one of them.
    """

    reference: Reference  # set by the step ParseImageName

    def __init__(self, request: PullRequest, manager: "ImageManager") -> None:
        self.request = request
        self.images = manager.node
        self.manager = manager
        self.state = "ParseImageName"
        self.image: Image | None = None
        self.matches: list[Match] | None = None  # the matching credentials; None before the lookup
        self.attempts: list[Attempt] = []  # one for each request to the registry
        self.right_reason = ""  # the sentence why the Pod may or may not use a present image, for the trace
        self.transitions: list[Transition] = []  # the states passed, with their outcomes
        self.start_event: EventContent | None = None
        self.events: tuple[EventContent, ...] = ()
        self.error: Waiting | None = None
        self.over: Micros = request.now

    @property
    def seconds(self) -> float:
        """Seconds from the request to the end, with the time in the queue; 0 if nothing was requested."""
        return (self.over - self.request.now) / SECOND

    @property
    def result(self) -> PullResult:
        """The result of a finished pull."""
        result = self.error or self.image
        assert result is not None, f"a pull that ended as {self.state} has neither an error nor an image"
        return result

    @property
    def trace(self) -> PullTrace:
        """The record of this pull for `why`."""
        request = self.request
        return PullTrace(
            at=request.now,
            namespace=request.namespace,
            pod=request.pod,
            container=request.container,
            image=request.image,
            policy=request.policy,
            present=("CheckPresence", "present") in self.transitions,
            secrets=tuple(check_secret(name, secret) for name, secret in request.secrets),
            attempts=tuple(self.attempts),
            transitions=tuple(self.transitions),
            outcome=self.state,
            message=self.error.message if self.error else "",
            right_reason=self.right_reason,
        )

    def look_up(self) -> Sequence[Match]:
        """The credentials that match the image, in the order of tries: those of the Secrets, then the node's own.

        They are looked up once. Raises ValueError with the kubelet's message if a Secret can't be read.
        """
        if self.matches is None:
            credentials = keyring.of_secrets(secret for _, secret in self.request.secrets if secret is not None)
            rings = (credentials, self.manager.node_credentials(self.request.now))
            self.matches = [match for ring in rings for match in keyring.lookup(ring, self.reference.name)]
        return self.matches

    def add_event(self, reason: str, message: str, event_type: str = "Normal") -> None:
        """Add an event, for the caller to emit."""
        self.events += (EventContent(event_type, reason, message),)


# The steps. Each returns its outcome, a key of TRANSITIONS together with the state.


def _parse_name(pull: ImagePull) -> str:
    image = _quote(pull.request.image)
    try:
        pull.reference = imageref.parse(pull.request.image)
    except ValueError as error:
        message = f"Failed to apply default image tag {image}: couldn't parse image name {image}: {error}"
        pull.add_event("InspectFailed", message, "Warning")
        pull.error = Waiting("InvalidImageName", message)
        return "invalid"
    return "valid"


def _check_presence(pull: ImagePull) -> str:
    """Look for the image on the node, unless the policy is Always."""
    if pull.request.policy == ALWAYS:
        return "not asked"
    pull.image = pull.images.present(pull.reference, pull.request.now)
    return "present" if pull.image else "absent"


def _check_right(pull: ImagePull) -> str:
    """Decide whether the Pod may use the present image, or must prove its right to the registry by a pull.

    Mirrors MustAttemptImagePull of pullmanager/image_pull_manager.go (KEP-2535).
    """
    pullers = pull.images.pullers(pull.reference)
    if None in pullers:
        return _granted(pull, "the image was pulled without credentials, so every Pod may use it")
    try:
        matches = pull.look_up() if pullers else ()
    except ValueError as error:
        return _unreadable(pull, error)
    for match in matches:
        is_same = match.owner in pullers or match.credential.digest in pullers.values()
        if match.owner and is_same:  # only Secrets give a right; the node's own credentials have no owner
            pull.images.grant(pull.reference, match)
            return _granted(pull, f"{match.source} has the right to the image")
    pull.image = None
    pull.right_reason = "the image was pulled with credentials that this Pod does not bring"
    return "refused"


def _granted(pull: ImagePull, why: str) -> str:
    """Report that the Pod may use the present image."""
    pull.right_reason = why
    image = _quote(pull.request.image)
    pull.add_event("Pulled", f"Container image {image} already present on machine and can be accessed by the pod")
    return "granted"


def _check_policy(pull: ImagePull) -> str:
    """Refuse a pull for the policy Never. The report doesn't tell whether the image is there without a right to it."""
    if pull.request.policy != NEVER:
        return "may pull"
    message = f"Container image {_quote(pull.request.image)} is not present with pull policy of Never"
    pull.add_event("ErrImageNeverPull", message, "Warning")
    pull.error = Waiting("ErrImageNeverPull", message)
    return "never"


def _look_up_credentials(pull: ImagePull) -> str:
    try:
        return "found" if pull.look_up() else "none"
    except ValueError as error:
        return _unreadable(pull, error)


def _unreadable(pull: ImagePull, error: ValueError) -> str:
    """Report a pull secret that can't be read. The kubelet has no reason for it: the error is reason and message."""
    pull.image = None
    pull.error = Waiting(str(error), str(error))
    return "unreadable"


def _check_back_off(pull: ImagePull) -> str:
    """Refuse a pull while the Pod's last failure with this image is too recent."""
    failure = pull.images.failure_in_back_off(pull.request.uid, pull.request.image, pull.request.now)
    if failure is None:
        return "over"
    event, pull.error = back_off(pull.request.image, failure)
    pull.events += (event,)
    return "waiting"


def back_off(image: str, failure: Failure) -> tuple[EventContent, Waiting]:
    """The event about an image in back-off after `failure`, and the reason for which its container waits."""
    message = f"Back-off pulling image {_quote(image)}"
    return EventContent("Normal", "BackOff", message), Waiting("ImagePullBackOff", f"{message}: {failure.error}")


def _pull_image(pull: ImagePull) -> str:
    """Ask the registry with one credential after the other until one is accepted; anonymously if none matches."""
    pull.start_event = EventContent("Normal", "Pulling", f"Pulling image {_quote(pull.request.image)}")
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
    """The record of one request with a credential, or of an anonymous one, for the trace."""
    is_in = answer.image is not None
    text = answer.refusal or "200 OK"
    if match is None:
        return Attempt(secret=None, entry=None, username=None, ok=is_in, answer=text)
    return Attempt(
        secret=match.secret_name or None, entry=match.entry, username=match.credential.username, ok=is_in, answer=text
    )


def _succeed(pull: ImagePull, image: Image, match: Match | None, waited: float) -> str:
    """Store the image. `waited` are the seconds lost at hosts that didn't answer."""
    duration = _pull_duration(image, pull.images.has_content(image)) + round(waited * SECOND)
    pull.over = pull.images.reserve(pull.request.now, duration)
    pull.images.add(pull.reference, image, match, pull.over)
    pull.image = image
    times = f"{go_duration(duration)} ({go_duration(pull.over - pull.request.now)} including waiting)"
    name = _quote(pull.request.image)
    pull.add_event("Pulled", f"Successfully pulled image {name} in {times}. Image size: {image.size} bytes.")
    return "succeeded"


def _fail(pull: ImagePull, answers: "Sequence[Answer]") -> str:
    """Report the failure with the errors of all tries, each once, and begin its back-off when the pull is over."""
    duration = sum(_REFUSAL_DURATION + round(answer.seconds * SECOND) for answer in answers)
    pull.over = pull.images.reserve(pull.request.now, duration)
    errors = list(dict.fromkeys(answer.error(pull.reference) for answer in answers))
    message = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
    pull.add_event("Failed", f"Failed to pull image {_quote(pull.request.image)}: {message}", "Warning")
    pull.images.fail(pull.request.uid, pull.request.image, f"ErrImagePull: {message}", pull.over)
    pull.error = Waiting("ErrImagePull", message)
    return "failed"


def _pull_duration(image: Image, held: bool) -> Micros:
    """The duration of a pull, some dozen milliseconds that depend on the digest; less if the node has the layers."""
    spread = int(image.digest[-4:], 16)
    milliseconds = 12 + spread % 20 if held else 40 + spread % 60
    return 1000 * milliseconds


STEPS: Mapping[str, Callable[[ImagePull], str]] = {
    "ParseImageName": _parse_name,
    "CheckPresence": _check_presence,
    "CheckRight": _check_right,
    "CheckPolicy": _check_policy,
    "LookUpCredentials": _look_up_credentials,
    "CheckBackOff": _check_back_off,
    "PullImage": _pull_image,
}

# The next state by state and outcome. A name that is no key of STEPS is the final outcome of the pull.
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
