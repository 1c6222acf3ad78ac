import json

import pytest

from kubesim.api.clock import SECOND
from kubesim.jupyter.flow import attempt
from kubesim.jupyter.seat import Seat, time_of_day
from kubesim.session import Session
from kubesim.session.timeline import Moment, Timeline

PRIVATE = "registry.example.com/myapp:1.0"
RUN = f"kubectl run web --image={PRIVATE}"
SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)


@pytest.fixture
def seat(tmp_path):
    return Seat(Session(tmp_path))


def told(seat, *target):
    timeline = Timeline(seat.history, *target)
    start = timeline.moments[0].at
    return timeline, [(round((moment.at - start) / SECOND, 1), moment.label) for moment in timeline.moments]


def test_commands_and_changes_stand_in_their_order(seat):
    seat.run(RUN)
    seat.advance(40)
    _, moments = told(seat, "default")
    assert moments == [
        (0.0, "the beginning"),
        (0.1, RUN),
        (1.0, "web is ErrImagePull"),
        (14.3, "web is ImagePullBackOff"),
        (27.6, "web is ErrImagePull"),
        (40.1, "now"),
    ]


def test_the_back_off_grows_to_five_minutes(seat):
    seat.run(RUN)
    for _ in range(4):
        seat.advance(300)
    timeline, _ = told(seat, "default", "web")
    assert [one.pause for one in timeline.tries] == [10, 20, 40, 80, 160, 300, 300, 300]
    assert {one.outcome for one in timeline.tries} == {"ErrImagePull"}
    for before, after in zip(timeline.tries, timeline.tries[1:], strict=False):
        assert after.at >= before.until


@pytest.mark.parametrize(
    ("spec", "subject"),
    [
        ({"initContainers": [{"name": "setup", "image": PRIVATE}]}, "setup"),
        ({"volumes": [{"name": "data", "image": {"reference": PRIVATE}}]}, "volumes/data"),
    ],
)
def test_what_else_needs_an_image_has_attempts_too(seat, spec, subject):
    containers = [{"name": "web", "image": "nginx"}]
    if "volumes" in spec:
        containers[0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web"}, "spec": {"containers": containers, **spec}}
    seat.run(f"echo '{json.dumps(pod)}' | kubectl create -f -")
    seat.advance(60)
    timeline, _ = told(seat, "default", "web")
    refused = [one for one in timeline.tries if one.container == subject]
    assert [one.pause for one in refused] == [10, 20, 40]
    assert attempt(seat.cluster, "default", "web")["attempt"] == f"web {timeline.tries[-1].at}"


def test_the_attempt_of_a_pod_is_that_of_the_container_that_waits(seat):
    fine = [{"name": "fine", "image": "nginx"}]
    volume = {"name": "data", "image": {"reference": "nginx", "pullPolicy": "Always"}}
    overrides = {"spec": {"containers": [{"name": "bad", "image": PRIVATE}, *fine], "volumes": [volume]}}
    seat.run(f"{RUN} --overrides='{json.dumps(overrides)}'")
    seat.advance(5)
    timeline, _ = told(seat, "default", "web")
    assert [one.container for one in timeline.tries] == ["bad", "fine"]
    assert attempt(seat.cluster, "default", "web")["next"] == time_of_day(timeline.tries[0].until)


def test_what_is_mended_is_pulled(seat):
    seat.run(RUN)
    seat.advance(60)
    seat.run(SECRET)
    patch = '{"imagePullSecrets":[{"name":"regcred"}]}'
    seat.run(f"kubectl patch serviceaccount default -p '{patch}'; kubectl delete pod web --now; {RUN}")
    seat.advance(20)
    timeline, moments = told(seat, "default", "web")
    assert moments[-2][1] == "web is 1/1 Running"
    assert (timeline.tries[-1].outcome, timeline.tries[-1].pause) == ("Pulled", 0)


def test_other_pods_and_namespaces_are_left_out(seat):
    seat.run("kubectl run other --image=registry.example.com/myapp:1.0")
    seat.advance(5)
    assert [label for _, label in told(seat, "default", "web")[1]][2:] == ["now"]
    assert [label for _, label in told(seat, "kube-public")[1]][2:] == ["now"]


def test_a_pod_that_goes_and_one_that_is_ready(seat):
    seat.run("kubectl run site --image=nginx")
    seat.advance(20)
    seat.run("kubectl delete pod site --now --wait=false")
    seat.advance(40)
    labels = [label for _, label in told(seat, "default")[1]]
    assert "site is 1/1 Running" in labels
    assert "site is gone" in labels


def test_what_is_taken_back_is_gone_and_nothing_is_changed(seat):
    seat.run(RUN)
    seat.advance(30)
    revision = seat.session.cluster.api.revision
    timeline = Timeline(seat.history, "default", "web")
    before = timeline.moments
    assert seat.session.cluster.api.revision == revision
    seat.undo()
    timeline = Timeline(seat.history, "default", "web")
    assert timeline.moments == (Moment(before[0].at, "the beginning"),)
    assert timeline.tries == ()


def test_where_steps_are_forgotten_it_begins_after_them(seat, monkeypatch):
    monkeypatch.setattr("kubesim.session.history.LIMIT", 1)
    seat.run(RUN)
    seat.advance(10)
    seat.run("kubectl create namespace blue")
    _, moments = told(seat, "default", "web")
    assert moments == [
        (0.0, "the oldest moment that is remembered"),
        (0.9, "web is ErrImagePull"),
        (10.1, "kubectl create namespace blue"),
    ]


def test_only_the_last_moments_are_told(seat, monkeypatch):
    monkeypatch.setattr("kubesim.session.timeline.MOST_MOMENTS", 3)
    seat.run(RUN)
    seat.advance(400)
    assert len(told(seat, "default")[1]) == 3
