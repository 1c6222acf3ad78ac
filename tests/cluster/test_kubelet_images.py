"""Images: the policies, the right to what is there, waiting, recovery, and the traces left behind."""

from __future__ import annotations

import pytest

from kubesim.api.resources import POD
from tests.learner import MAKE_SECRET, PRIVATE, Learner, container

OPEN = "store.example.com/myapp:1.0"
SECRETS = [{"name": "regcred"}]


@pytest.fixture
def holder(learner: Learner) -> Learner:
    """A learner whose node holds the private image, pulled with the right password."""
    learner(MAKE_SECRET + "mypassword")
    learner.apply("first", container(PRIVATE), imagePullSecrets=SECRETS)
    learner.wait(5)
    assert learner.status("first") == "Running"
    return learner


@pytest.mark.parametrize(
    ("policy", "secrets", "status"),
    [
        ("IfNotPresent", SECRETS, "Running"),
        ("IfNotPresent", [], "ErrImagePull"),
        ("Always", SECRETS, "Running"),
        ("Always", [], "ErrImagePull"),
        ("Never", SECRETS, "Running"),
        ("Never", [], "ErrImageNeverPull"),
    ],
)
def test_an_image_that_is_there_belongs_to_those_who_may_pull_it(
    holder: Learner, policy: str, secrets: list[dict[str, str]], status: str
) -> None:
    holder.apply("second", container(PRIVATE, imagePullPolicy=policy), imagePullSecrets=secrets)
    holder.wait(5)
    assert holder.status("second") == status


def test_only_always_asks_the_registry_again(holder: Learner) -> None:
    for name, policy in (("again", "Always"), ("kept", "IfNotPresent")):
        holder.apply(name, container(PRIVATE, imagePullPolicy=policy), imagePullSecrets=SECRETS)
    holder.wait(5)
    assert set(dict(holder.events("again"))) == {"Scheduled", "Pulling", "Pulled", "Created", "Started"}
    assert set(dict(holder.events("kept"))) == {"Scheduled", "Pulled", "Created", "Started"}
    outcomes = [holder.kubelet.traces["default", name, "app"].outcome for name in ("again", "kept")]
    assert outcomes == ["Pulled", "AlreadyPresent"]


def test_a_public_image_on_the_node_is_everybodys(learner: Learner) -> None:
    for name in ("one", "two"):
        learner.apply(name, container("nginx", imagePullPolicy="IfNotPresent"))
        learner.wait(3)
        assert learner.status(name) == "Running"
    assert "Pulling" not in dict(learner.events("two"))


def test_never_without_the_image(learner: Learner) -> None:
    learner.apply("web", container("nginx", imagePullPolicy="Never"))
    learner.wait(5)
    assert learner.state("web") == {
        "waiting": {
            "message": 'Container image "nginx" is not present with pull policy of Never',
            "reason": "ErrImageNeverPull",
        }
    }


def test_a_name_that_is_none(learner: Learner) -> None:
    learner.apply("web", container("NGINX"))
    learner.wait(5)
    assert learner.status("web") == "InvalidImageName"


def test_a_mended_secret_is_read_at_the_next_attempt(learner: Learner) -> None:
    learner(MAKE_SECRET + "wrong")
    learner.apply("web", container(PRIVATE), imagePullSecrets=SECRETS)
    learner.wait(20)
    assert learner.status("web") == "ImagePullBackOff"
    learner(MAKE_SECRET + "mypassword --dry-run=client -o yaml | kubectl replace -f -")
    learner.wait(30)
    assert learner.status("web") == "Running"
    assert learner.state("web").keys() == {"running"}


def test_a_secret_that_is_not_there_is_told_once_a_sync(learner: Learner) -> None:
    learner.apply("web", container(PRIVATE), imagePullSecrets=[{"name": "nope"}])
    learner.wait(60)
    events = dict(learner.events("web"))
    assert events["FailedToRetrieveImagePullSecret"] == events["Pulling"] + events["BackOff"]


def test_a_back_off_keeps_the_trace_of_the_attempt_before(learner: Learner) -> None:
    learner.apply("web", container(PRIVATE))
    learner.wait(20)
    trace = learner.kubelet.traces["default", "web", "app"]
    assert learner.status("web") == "ImagePullBackOff"
    assert (trace.outcome, trace.secrets, len(trace.attempts)) == ("ErrImagePull", (), 1)
    assert learner.state("web")["waiting"]["message"].endswith(trace.message)


def test_the_trace_goes_with_the_pod(learner: Learner) -> None:
    learner.apply("web", container("nginx"))
    learner.wait(3)
    assert ("default", "web", "app") in learner.kubelet.traces
    learner("kubectl delete pod web --now")
    assert not any(namespace == "default" for namespace, _, _ in learner.kubelet.traces)


def test_one_container_starts_while_the_other_is_refused(learner: Learner) -> None:
    learner.apply("both", container(OPEN, "front"), container(PRIVATE, "back"))
    learner.wait(5)
    assert learner("kubectl get pod both --no-headers").split()[1:3] == ["1/2", "ErrImagePull"]
    assert [next(iter(learner.state("both", index))) for index in (0, 1)] == ["running", "waiting"]
    assert learner.get(POD, "both")["status"]["phase"] == "Pending"
    assert learner("kubectl logs both -c front") == "started\n"
    assert learner.fails("kubectl logs both -c back") == (
        'Error from server (BadRequest): container "back" in pod "both" is waiting to start: image can\'t be pulled\n'
    )


def test_changing_the_image_mends_it(learner: Learner) -> None:
    learner.apply("web", container(PRIVATE))
    learner.wait(5)
    learner("kubectl set image pod/web app=nginx")
    learner.wait(5)
    assert learner("kubectl get pod web --no-headers").split()[1:4] == ["1/1", "Running", "0"]
