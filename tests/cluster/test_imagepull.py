"""A pull of the kubelet: its states, events and errors, back-off, rights to present images, and the trace."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from kubesim.api.clock import SECOND, Clock
from kubesim.api.objects import Object
from kubesim.cluster.events import EventContent
from kubesim.cluster.kubelet.imagepull import STEPS, TRANSITIONS, ImageManager, ImagePull, PullRequest
from kubesim.cluster.registry import Registries
from kubesim.pull import imageref
from kubesim.pull.attempt import Attempt, SeenSecret, check_secret
from kubesim.pull.keyring import Credential, Match

REGISTRIES = Registries(Clock(datetime(2026, 11, 25, tzinfo=UTC)))
# An image that needs credentials, and messages about it.
MYAPP = "registry.example.com/myapp:1.0"
NO_BASIC = (
    "pull access denied, repository does not exist or may require authorization: "
    "authorization failed: no basic auth credentials"
)
PRESENT = f'Container image "{MYAPP}" already present on machine and can be accessed by the pod'
NEVER = f'Container image "{MYAPP}" is not present with pull policy of Never'


def wrapped(error: str, image: str = MYAPP) -> str:
    """containerd's message around a registry's error."""
    return f'failed to pull and unpack image "{image}": failed to resolve image: {error}'


def secret(name: str, password: str, namespace: str = "default", **entry: str) -> dict[str, Any]:
    """A pull secret for registry.example.com with the user myuser and a password, or with other fields in its entry."""
    config = {"auths": {"registry.example.com": entry or {"username": "myuser", "password": password}}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"}
    return {"metadata": metadata, "type": "kubernetes.io/dockerconfigjson", "data": data}


GOOD = secret("good", "mypassword")
BAD = secret("bad", "wrong")


class Node:
    """A node on which Pods request images, with a clock in microseconds."""

    def __init__(self) -> None:
        self.manager = ImageManager(REGISTRIES)
        self.now = 0

    def ask(
        self, *secrets: dict[str, Any], image: str = MYAPP, policy: str = "IfNotPresent", pod: str = "app"
    ) -> ImagePull:
        named: list[tuple[str, Object | None]] = [(item["metadata"]["name"], item) for item in secrets]
        return self.manager.ensure_image(PullRequest("default", pod, pod, "app", image, policy, named, self.now))

    def names(self, pull: ImagePull) -> tuple[str, str]:
        """The fields `image` and `imageID` of a container's status after a pull."""
        assert pull.image
        return self.manager.node.status_names(pull.image.digest)

    def wait(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += round(seconds * SECOND)


def path(result: ImagePull) -> list[tuple[str, str]]:
    """The states of a pull, each with the result that led on."""
    return list(result.trace.transitions)


def test_every_transition_leads_to_a_state_or_an_outcome() -> None:
    ends = {"Pulled", "AlreadyPresent", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
    assert {state for state, _ in TRANSITIONS} == set(STEPS)
    assert set(TRANSITIONS.values()) == (set(STEPS) - {"ParseImageName"}) | ends


def test_a_pull_with_a_secret_succeeds() -> None:
    result = Node().ask(GOOD)
    milliseconds = round(result.seconds * 1000)
    assert result.start_event == EventContent("Normal", "Pulling", f'Pulling image "{MYAPP}"')
    assert result.events == (
        EventContent(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{MYAPP}" in {milliseconds}ms ({milliseconds}ms including waiting). '
            "Image size: 1064056 bytes.",
        ),
    )
    assert (result.error, result.image and result.image.log) == (None, ("started",))
    assert path(result) == [
        ("ParseImageName", "valid"),
        ("CheckPresence", "absent"),
        ("CheckPolicy", "may pull"),
        ("LookUpCredentials", "found"),
        ("CheckBackOff", "over"),
        ("PullImage", "succeeded"),
    ]
    assert result.trace.attempts == (Attempt("good", "registry.example.com", "myuser", True, "200 OK"),)
    assert result.trace.outcome == "Pulled"


def test_a_pull_without_a_secret_is_refused_and_backs_off() -> None:
    node = Node()
    first = node.ask()
    assert first.error == ("ErrImagePull", wrapped(NO_BASIC))
    assert first.start_event == EventContent("Normal", "Pulling", f'Pulling image "{MYAPP}"')
    assert first.events == (EventContent("Warning", "Failed", f'Failed to pull image "{MYAPP}": {wrapped(NO_BASIC)}'),)
    assert first.trace.attempts == (Attempt(None, None, None, False, NO_BASIC),)
    node.wait(5)
    second = node.ask()
    assert second.events == (EventContent("Normal", "BackOff", f'Back-off pulling image "{MYAPP}"'),)
    message = f'Back-off pulling image "{MYAPP}": ErrImagePull: {wrapped(NO_BASIC)}'
    assert second.error == ("ImagePullBackOff", message)
    assert (second.trace.outcome, second.trace.message) == ("ImagePullBackOff", message)
    assert second.trace.transitions[-1] == ("CheckBackOff", "waiting")


def test_the_back_off_doubles_up_to_five_minutes_and_is_reset_after_ten() -> None:
    node = Node()
    attempts = []
    for _ in range(1500):
        if node.ask().trace.outcome == "ErrImagePull":
            attempts.append(node.now // SECOND)
        node.wait(1)
    assert attempts == [0, 11, 32, 73, 154, 315, 616, 917, 1218]
    node.wait(601)
    assert node.ask().trace.outcome == "ErrImagePull"
    node.wait(11)
    assert node.ask().trace.outcome == "ErrImagePull"


def test_each_pod_has_its_own_back_off_until_it_is_deleted() -> None:
    node = Node()
    outcomes = [node.ask(pod=pod).trace.outcome for pod in ("a", "a", "b")]
    assert outcomes == ["ErrImagePull", "ImagePullBackOff", "ErrImagePull"]
    node.manager.node.forget_pod("a")
    assert node.ask(pod="a").trace.outcome == "ErrImagePull"


def test_credentials_are_tried_in_turn_and_their_errors_reported_together() -> None:
    unauthorized = wrapped(
        "unexpected status from HEAD request to https://registry.example.com/v2/myapp/manifests/1.0: 401 Unauthorized"
    )
    assert Node().ask(BAD, GOOD).trace.outcome == "Pulled"
    twice = Node().ask(BAD, secret("worse", "wronger"))
    assert twice.error == ("ErrImagePull", unauthorized)
    assert [attempt.secret for attempt in twice.trace.attempts] == ["bad", "worse"]
    mixed = Node().ask(BAD, secret("none", "", email="a@b.c"))
    assert mixed.error == ("ErrImagePull", f"[{unauthorized}, {wrapped(NO_BASIC)}]")


def test_a_present_image_can_be_used_with_the_credentials_that_pulled_it() -> None:
    node = Node()
    node.ask(GOOD)
    node.wait(1)
    same = node.ask(GOOD, pod="b")
    assert (same.events, same.trace.outcome) == ((EventContent("Normal", "Pulled", PRESENT),), "AlreadyPresent")
    elsewhere = secret("copy", "mypassword", "team-a")
    assert node.ask(elsewhere, pod="c").trace.outcome == "AlreadyPresent"
    assert node.ask(secret("good", "rotated"), pod="d").trace.outcome == "AlreadyPresent"
    other = node.ask(pod="e")
    assert other.error == ("ErrImagePull", wrapped(NO_BASIC))
    assert path(other)[1:4] == [("CheckPresence", "present"), ("CheckRight", "refused"), ("CheckPolicy", "may pull")]
    assert node.ask(BAD, pod="f").trace.outcome == "ErrImagePull"
    never = node.ask(policy="Never", pod="g")
    assert (never.error, never.events) == (
        ("ErrImageNeverPull", NEVER),
        (EventContent("Warning", "ErrImageNeverPull", NEVER),),
    )
    assert (never.trace.present, never.image) == (True, None)
    assert node.ask(GOOD, policy="Never", pod="h").trace.outcome == "AlreadyPresent"


def test_the_right_is_to_a_repository_and_status_shows_the_first_name() -> None:
    node = Node()
    first = node.ask(GOOD, image="registry.example.com/team/api:1.0")
    assert node.names(first)[1].startswith("registry.example.com/team/api@sha256:")
    second = node.ask(GOOD)
    third = node.ask(GOOD, image="registry.example.com/team/api:1.0", policy="Always")
    assert node.names(second) == node.names(third)
    assert node.names(second)[0] == MYAPP
    assert node.names(second)[1].startswith("registry.example.com/myapp@sha256:")
    assert second.seconds > 0


@pytest.mark.parametrize(
    ("pulled", "outcome"),
    [(None, "AlreadyPresent"), ("registry.example.com/nginx:latest", "AlreadyPresent"), (MYAPP, "ErrImagePull")],
)
def test_an_image_loaded_by_hand_needs_no_right_unless_the_kubelet_pulled_its_content(
    pulled: str | None, outcome: str
) -> None:
    node, by_hand = Node(), imageref.parse("registry.example.com/team/api:1.0")  # the content of MYAPP
    image = REGISTRIES.network.image(by_hand)
    assert image
    if pulled:
        node.ask(GOOD, image=pulled)
        node.wait(1)
    node.manager.node.load(by_hand, image, node.now)
    assert node.ask(image=str(by_hand.canonical), pod="b").trace.outcome == outcome


def test_the_nodes_own_credentials_prove_nothing_for_an_image_that_a_secret_pulled() -> None:
    node = Node()
    node.ask(GOOD)
    node.wait(1)
    own = Match(Credential("myuser", "mypassword"), "registry.example.com")
    node.manager.node_credentials = lambda now: [own]  # type: ignore[method-assign]
    assert node.ask(pod="b").trace.outcome == "Pulled"


def test_pulls_of_a_node_are_serial() -> None:
    node = Node()
    first, second = node.ask(GOOD), node.ask(image="nginx", pod="b")
    own = round((second.seconds - first.seconds) * 1000)
    assert second.events[-1].message == (
        f'Successfully pulled image "nginx" in {own}ms ({second.seconds * 1000:.0f}ms including waiting). '
        "Image size: 1064048 bytes."
    )
    assert node.ask(GOOD, pod="c").trace.outcome == "Pulled"


def test_the_error_about_an_unreadable_secret_is_reason_and_message() -> None:
    broken = secret("broken", "", auth="!!!")
    message = "illegal base64 data at input byte 0"
    node = Node()
    result = node.ask(GOOD, broken)
    assert (result.error, result.events) == ((message, message), ())
    assert path(result)[-1] == ("LookUpCredentials", "unreadable")
    assert node.ask(GOOD).trace.outcome == "Pulled"
    node.wait(1)
    assert path(node.ask(broken))[-1] == ("CheckRight", "unreadable")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, SeenSecret("s", problem="not found in the Pod's namespace")),
        (
            {"metadata": {"name": "s"}, "type": "Opaque", "data": {".dockerconfigjson": "e30="}},
            SeenSecret("s", "Opaque", problem="its type is Opaque, not kubernetes.io/dockerconfigjson"),
        ),
        (
            {
                "metadata": {"name": "s"},
                "type": "kubernetes.io/dockerconfigjson",
                "data": {".dockerconfigjson": "e30="},
            },
            SeenSecret("s", "kubernetes.io/dockerconfigjson", problem="it holds no registry entry"),
        ),
        (
            secret("s", "", auth="?"),
            SeenSecret(
                "s",
                "kubernetes.io/dockerconfigjson",
                problem="cannot be read: illegal base64 data at input byte 0",
                is_unreadable=True,
            ),
        ),
        (GOOD, SeenSecret("s", "kubernetes.io/dockerconfigjson", ("registry.example.com",))),
    ],
)
def test_a_secret_is_recorded_with_its_problem(found: dict[str, Any] | None, expected: SeenSecret) -> None:
    assert check_secret("s", found) == expected
