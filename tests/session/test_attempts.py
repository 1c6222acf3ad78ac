"""The attempts to pull an image that a learner is shown: when each was, what came of it, and the pause after it."""

import json
from typing import Any

import pytest

from kubesim.api.resources import POD
from kubesim.jupyter.flowview import attempt_fields
from kubesim.jupyter.seat import Seat, time_of_day
from kubesim.session import Session
from kubesim.session.attempts import describe_changes, last_attempts, pod_columns

PRIVATE = "registry.example.com/myapp:1.0"
RUN = f"kubectl run web --image={PRIVATE}"
SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)


@pytest.fixture
def seat(tmp_path):
    """The seat of a learner who has done nothing yet."""
    return Seat(Session(tmp_path))


def tries(seat):
    """The last attempt of each container of the Pod web."""
    return list(last_attempts(seat.cluster, seat.cluster.api.get(POD, "default", "web")))


def test_the_back_off_grows_to_five_minutes(seat):
    seat.run(RUN)
    last: dict[str, Any] = {}
    for _ in range(250):
        seat.advance(5)
        last |= {one.at: max(one, last.get(one.at, one)) for one in tries(seat)}
    assert [one.pause for one in last.values()] == [10, 20, 40, 80, 160, 300, 300, 300]
    assert {one.outcome for one in last.values()} == {"ErrImagePull"}


@pytest.mark.parametrize(
    ("spec", "subject"),
    [
        ({"initContainers": [{"name": "setup", "image": PRIVATE}]}, "setup"),
        ({"volumes": [{"name": "data", "image": {"reference": PRIVATE}}]}, "volumes/data"),
    ],
)
def test_an_init_container_and_an_image_volume_have_attempts_too(seat, spec, subject):
    containers: list[dict[str, Any]] = [{"name": "web", "image": "nginx"}]
    if "volumes" in spec:
        containers[0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web"}, "spec": {"containers": containers, **spec}}
    seat.run(f"echo '{json.dumps(pod)}' | kubectl create -f -")
    seat.advance(60)
    (refused,) = [one for one in tries(seat) if one.container == subject]
    assert refused.pause == 40
    assert attempt_fields(seat.cluster, "default", "web")["attempt"] == f"web {refused.at}"


def test_the_attempt_shown_for_a_pod_is_that_of_its_waiting_container(seat):
    fine = [{"name": "fine", "image": "nginx"}]
    volume = {"name": "data", "image": {"reference": "nginx", "pullPolicy": "Always"}}
    overrides = {"spec": {"containers": [{"name": "bad", "image": PRIVATE}, *fine], "volumes": [volume]}}
    seat.run(f"{RUN} --overrides='{json.dumps(overrides)}'")
    seat.advance(5)
    assert [one.container for one in tries(seat)] == ["bad", "fine"]
    assert attempt_fields(seat.cluster, "default", "web")["next"] == time_of_day(tries(seat)[0].until)


def test_after_the_repair_the_last_attempt_is_a_pull_without_a_pause(seat):
    seat.run(RUN)
    seat.advance(60)
    seat.run(SECRET)
    patch = '{"imagePullSecrets":[{"name":"regcred"}]}'
    seat.run(f"kubectl patch serviceaccount default -p '{patch}'; kubectl delete pod web --now; {RUN}")
    seat.advance(20)
    (last,) = tries(seat)
    assert (last.outcome, last.pause) == ("Pulled", 0)


def test_changes_of_pods_are_described_in_words(seat):
    before = pod_columns(seat.cluster, "default")
    seat.run("kubectl run site --image=nginx")
    seat.advance(20)
    running = pod_columns(seat.cluster, "default")
    assert describe_changes(before, running) == "site is 1/1 Running"
    assert describe_changes(running, before) == "site is gone"
    many = {("default", f"p{number}"): ("0/1", "Pending") for number in range(6)}
    assert describe_changes({}, many).endswith("p3 is Pending, and 2 more")
