"""Containers: their order, their ends and restarts, their configuration, logs and exec, and the Pod's deletion."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from kubesim.api.objects import Object
from kubesim.api.resources import POD
from tests.learner import Learner, container, rows

ROWS = rows(__file__)

OPEN, OPEN_V2 = "store.example.com/myapp:1.0", "store.example.com/myapp:2.0"


def shell(script: str, name: str = "app", **fields: Any) -> Object:
    return container("busybox", name, command=["sh", "-c", script], **fields)


def look(learner: Learner, pod: str) -> list[str]:
    """READY, STATUS, RESTARTS."""
    return learner(f"kubectl get pod {pod} --no-headers").split()[1:4]


# --- init containers


def test_init_containers_run_one_after_the_other(learner: Learner) -> None:
    inits = [shell("sleep 3; echo one", "first"), shell("sleep 3; echo two", "second")]
    learner.apply("web", container("nginx"), initContainers=inits)
    seen = []
    for _ in range(90):
        learner.wait(0.1)
        if (status := look(learner, "web")[1]) not in seen[-1:]:
            seen.append(status)
    assert seen == ["Init:0/2", "Init:1/2", "PodInitializing", "Running"]
    assert learner("kubectl logs web -c second") == "two\n"


def test_an_init_container_that_fails_holds_the_rest_back(learner: Learner) -> None:
    learner.apply("web", container("nginx"), initContainers=[shell("exit 4", "check")])
    learner.wait(30)
    assert look(learner, "web")[:2] == ["0/1", "Init:CrashLoopBackOff"]
    assert learner.state("web") == {"waiting": {"reason": "PodInitializing"}}


def test_an_init_container_that_may_not_restart_fails_the_pod(learner: Learner) -> None:
    learner.apply("web", container("nginx"), initContainers=[shell("exit 4", "check")], restartPolicy="Never")
    learner.wait(10)
    assert look(learner, "web") == ["0/1", "Init:Error", "0"]
    assert learner.get(POD, "web")["status"]["phase"] == "Failed"


def test_an_init_container_whose_image_is_refused(learner: Learner) -> None:
    learner.apply("web", container("nginx"), initContainers=[container("acme/private:1.0", "fetch")])
    learner.wait(20)
    assert look(learner, "web") == ["0/1", "Init:ImagePullBackOff", "0"]


# --- ends and restarts


@pytest.mark.parametrize(("policy", "script", "shown", "phase"), ROWS["what_becomes_of_a_process_that_ends"])
def test_what_becomes_of_a_process_that_ends(
    learner: Learner, policy: str, script: str, shown: list[str], phase: str
) -> None:
    learner(f"kubectl run x --image=busybox --restart={policy} -- sh -c '{script}'")
    learner.wait(35)
    assert look(learner, "x") == shown
    assert learner.get(POD, "x")["status"]["phase"] == phase


def test_the_wait_before_a_restart_doubles(learner: Learner) -> None:
    learner("kubectl run x --image=busybox -- sh -c 'exit 1'")
    starts = []
    for second in range(240):
        learner.wait(1)
        count = dict(learner.events("x")).get("Started", 0)
        starts += [second] * (count - len(starts))
    gaps = [after - before for before, after in pairwise(starts)]
    # At once, then 10, 20, 40 and 80 seconds, each at the first sync (every 13 s) after it.
    assert all(wait <= gap <= wait + 14 for wait, gap in zip((0, 10, 20, 40, 80), gaps, strict=True)), gaps


def test_a_crash_tells_its_last_end_and_one_back_off_a_sync(learner: Learner) -> None:
    learner("kubectl run x --image=busybox -- sh -c 'exit 7'")
    learner.wait(35)
    status = learner.get(POD, "x")["status"]["containerStatuses"][0]
    uid = learner.get(POD, "x")["metadata"]["uid"]
    assert status["state"] == {
        "waiting": {
            "message": f"back-off 20s restarting failed container=x pod=x_default({uid})",
            "reason": "CrashLoopBackOff",
        }
    }
    assert (status["lastState"]["terminated"]["exitCode"], status["lastState"]["terminated"]["reason"]) == (7, "Error")
    assert dict(learner.events("x"))["BackOff"] == 3


def test_logs_of_the_container_and_of_the_one_before(learner: Learner) -> None:
    learner("kubectl run x --image=busybox -- sh -c 'echo run; exit 1'")
    assert "not found" not in learner.session.run("kubectl logs x").stdout
    learner.wait(35)
    assert learner("kubectl logs x") == "run\n"
    assert learner("kubectl logs x -p") == "run\n"
    learner("kubectl run y --image=nginx")
    learner.wait(5)
    assert learner.fails("kubectl logs y --previous") == (
        'Error from server (BadRequest): previous terminated container "y" in pod "y" not found\n'
    )


def test_a_changed_image_restarts_the_container_after_its_grace_period(learner: Learner) -> None:
    learner.apply("web", container(OPEN), terminationGracePeriodSeconds=5)
    learner.wait(3)
    learner(f"kubectl set image pod/web app={OPEN_V2}")
    learner.wait(2)
    assert learner("kubectl logs web") == "started\n"
    learner.wait(10)
    assert look(learner, "web")[:2] == ["1/1", "Running"]
    assert learner("kubectl logs web") == "started v2\n"
    assert learner.get(POD, "web")["status"]["containerStatuses"][0]["restartCount"] == 1


# --- configuration


@pytest.mark.parametrize(("fields", "message"), ROWS["a_missing_value_holds_the_container_back"])
def test_a_missing_value_holds_the_container_back(learner: Learner, fields: Object, message: str) -> None:
    learner.apply("web", container("nginx", **fields))
    learner.wait(5)
    assert learner.state("web") == {"waiting": {"message": message, "reason": "CreateContainerConfigError"}}


def test_it_starts_when_the_value_is_there(learner: Learner) -> None:
    source = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}}
    learner.apply("web", container("nginx", env=[{"name": "PASSWORD", **source}, {"name": "MODE", "value": "dev"}]))
    learner("kubectl create secret generic s --from-literal=user=me")
    learner.wait(15)
    assert learner.state("web")["waiting"]["message"] == "couldn't find key password in Secret default/s"
    learner("""kubectl patch secret s -p '{"stringData":{"password":"s3cr3t"}}'""")
    learner.wait(15)
    assert learner("kubectl exec web -- printenv PASSWORD MODE HOSTNAME") == "s3cr3t\ndev\nweb\n"


def test_what_is_optional_may_be_missing(learner: Learner) -> None:
    source = {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}
    learner.apply("web", container("nginx", env=[{"name": "A", "valueFrom": source}]))
    learner.wait(5)
    assert look(learner, "web")[1] == "Running"
    assert learner.session.run("kubectl exec web -- printenv A").exit_code == 1


# --- exec and deletion


def test_exec_hands_on_output_and_status(learner: Learner) -> None:
    learner.apply("web", container(OPEN_V2))
    learner.wait(5)
    result = learner.session.run("kubectl exec web -- sh -c 'cat /etc/marker; exit 3'")
    assert (result.stdout, result.stderr, result.exit_code) == (
        "myapp 2.0",
        "command terminated with exit code 3\n",
        3,
    )


@pytest.mark.parametrize(
    ("image", "options", "seconds"),
    [
        (OPEN, "", 31.5),
        (OPEN, "--grace-period=5", 6.5),
        (OPEN, "--now", 2.5),
        (OPEN, "--grace-period=0 --force", 0),
        ("nginx", "", 1.8),
    ],
)
def test_a_pod_that_ignores_sigterm_takes_its_grace_period(
    learner: Learner, image: str, options: str, seconds: float
) -> None:
    learner.apply("web", container(image))
    learner.wait(5)
    before = learner.session.cluster.clock.now
    learner.session.run(f"kubectl delete pod web {options}")
    took = (learner.session.cluster.clock.now - before) / 1e6
    assert took == pytest.approx(seconds, abs=0.5)
    assert learner.fails("kubectl get pod web") == 'Error from server (NotFound): pods "web" not found\n'


def test_a_pod_that_never_started_goes_at_once(learner: Learner) -> None:
    learner.apply("web", container("acme/private:1.0"))
    learner.wait(20)
    before = learner.session.cluster.clock.now
    learner("kubectl delete pod web")
    assert (learner.session.cluster.clock.now - before) / 1e6 < 1


def test_a_new_pod_of_the_same_name_is_another_pod(learner: Learner) -> None:
    learner.apply("web", container("nginx"))
    learner.wait(5)
    learner("kubectl delete pod web --now")
    learner.apply("web", container(OPEN_V2))
    learner.wait(60)
    assert look(learner, "web") == ["1/1", "Running", "0"]
    assert learner("kubectl logs web") == "started v2\n"


def test_each_pod_has_an_address_of_its_own(learner: Learner) -> None:
    for index in range(260):
        learner(f"""kubectl run p{index} --image=nginx --overrides='{{"spec":{{"nodeName":"sim-worker"}}}}'""")
    learner.wait(5)
    addresses = learner("kubectl get pods -o jsonpath='{.items[*].status.podIP}'").split()
    assert len(set(addresses)) == 260
    assert all(0 < int(part) < 255 for address in addresses for part in address.split(".")[3:])


# --- what public images run


def test_busybox_without_a_command_ends_at_once(learner: Learner) -> None:
    learner("kubectl run once --image=busybox --restart=Never")
    learner("kubectl run again --image=busybox")
    learner.wait(35)
    assert look(learner, "once") == ["0/1", "Completed", "0"]
    assert look(learner, "again") == ["0/1", "CrashLoopBackOff", "2"]


def test_nginx_says_that_it_starts(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    learner.wait(3)
    log = learner("kubectl logs web").splitlines()
    assert (len(log), log[8]) == (16, "/docker-entrypoint.sh: Configuration complete; ready for start up")
    assert log[-1].endswith(" [notice] 1#1: start worker process 29")


def test_exec_takes_the_time_of_its_command_and_files_stay(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    learner.wait(3)
    before = learner.session.cluster.clock.now
    learner("kubectl exec web -- sh -c 'sleep 7; echo hi > /usr/share/nginx/html/index.html'")
    assert (learner.session.cluster.clock.now - before) / 1e6 == pytest.approx(7, abs=0.5)
    assert learner("kubectl exec web -- cat /usr/share/nginx/html/index.html") == "hi\n"
    stopped = learner.session.run("kubectl exec web -- sh -c 'echo on; sleep infinity'")
    assert (stopped.screen, stopped.exit_code) == (
        "on\nkubesim: this command would run on; it was interrupted, as by Ctrl-C\n",
        130,
    )


def test_commands_see_the_variables_of_the_pod(learner: Learner) -> None:
    env = [{"name": "WHO", "value": "me"}]
    learner.apply("web", container("busybox", command=["echo"], args=["$(WHO) $(date) $$(WHO)"], env=env))
    learner.wait(3)
    assert learner("kubectl logs web") == "me $(date) $(WHO)\n"


@pytest.mark.parametrize(("command", "log", "code"), ROWS["a_refusal_is_never_a_success"])
def test_a_refusal_is_never_a_success(learner: Learner, command: list[str], log: str, code: int) -> None:
    learner.apply("web", container("busybox", command=command), restartPolicy="Never")
    learner.wait(3)
    assert look(learner, "web")[1] == "Error"
    assert learner("kubectl logs web") == log
    assert learner.state("web")["terminated"]["exitCode"] == code
