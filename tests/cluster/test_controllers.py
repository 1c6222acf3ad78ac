"""Decisions of controllers that need waits or whole objects. screens/controllers.yaml tests the others."""

from __future__ import annotations

import json

from kubesim.api.objects import name_of
from kubesim.api.resources import DEPLOYMENT, EVENT, JOB, POD, REPLICA_SET
from kubesim.cluster.controllers.deployment import NO_DEADLINE
from tests.learner import Learner, container

# A DaemonSet whose template tolerates a taint of its own, and one that the controller's tolerations have, too.
DAEMON_SET = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: d}}
    spec:
      hostNetwork: true
      tolerations:
      - {key: mine, operator: Exists}
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 5}
      containers: [{name: c, image: "nginx:1.27"}]
"""


def progress(learner: Learner) -> str:
    """Status and reason of the condition Progressing of the Deployment web."""
    conditions = learner.get(DEPLOYMENT, "web")["status"]["conditions"]
    (condition,) = [item for item in conditions if item["type"] == "Progressing"]
    return f"{condition['status']} {condition['reason']}"


def set_deadline(learner: Learner, seconds: int) -> None:
    """Set progressDeadlineSeconds of the Deployment web."""
    patch = json.dumps({"spec": {"progressDeadlineSeconds": seconds}})
    learner(f"kubectl patch deployment web -p '{patch}'")


def conditions(learner: Learner) -> str:
    """The types of the conditions of the Deployment web."""
    return learner("kubectl get deployment web -o jsonpath='{.status.conditions[*].type}'")


def test_a_deployment_that_is_complete_stays_so_while_pods_come_and_go(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=3")
    set_deadline(learner, 20)
    learner.wait(10)
    assert progress(learner) == "True NewReplicaSetAvailable"
    learner("kubectl delete pod --all --wait=false")
    learner.wait(60)
    assert progress(learner) == "True NewReplicaSetAvailable"


def test_a_rollout_fails_to_progress_after_its_deadline(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    set_deadline(learner, 20)
    learner.wait(10)
    learner("kubectl set image deployment/web nginx=nginx:typo")
    learner.wait(10)
    assert progress(learner) == "True ReplicaSetUpdated"
    learner.wait(30)
    assert progress(learner) == "False ProgressDeadlineExceeded"


def test_a_deployment_without_a_deadline_has_no_condition_of_its_progress(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx:typo")
    learner.wait(10)
    assert conditions(learner) == "Available Progressing"
    set_deadline(learner, NO_DEADLINE)
    learner.wait(10)
    assert conditions(learner) == "Available"
    learner("kubectl set image deployment/web nginx=nginx")
    learner.wait(10)
    assert conditions(learner) == "Available"
    assert learner("kubectl rollout status deployment/web") == 'deployment "web" successfully rolled out\n'


def test_a_deployment_copies_no_other_condition_of_its_replica_set_than_failures(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    learner.wait(10)
    (replica_set,) = learner.api.list(REPLICA_SET, "default")
    own = {"type": "Mine", "status": "True"}
    learner.api.update_status(REPLICA_SET, replica_set, {**replica_set["status"], "conditions": [own]})
    learner.wait(10)
    assert conditions(learner) == "Available Progressing"


def test_a_job_counts_the_restarts_of_its_init_containers(learner: Learner) -> None:
    failing = container("busybox", "setup", command=["sh", "-c", "exit 1"])
    pod = {"restartPolicy": "OnFailure", "initContainers": [failing], "containers": [container("busybox")]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "batch"},
        "spec": {"backoffLimit": 2, "template": {"spec": pod}},
    }
    learner.session.write_file("job.json", json.dumps(job))
    learner("kubectl apply -f job.json")
    learner.wait(120)
    conditions = learner.get(JOB, "batch")["status"]["conditions"]
    assert [(item["type"], item["reason"]) for item in conditions] == [
        ("FailureTarget", "BackoffLimitExceeded"),
        ("Failed", "BackoffLimitExceeded"),
    ]
    assert learner.api.list(POD, "default") == []


def test_a_cron_job_reports_deleted_jobs_in_the_order_in_which_they_began(learner: Learner) -> None:
    learner("kubectl create cronjob tick --image=nginx:typo --schedule='* * * * *'")
    learner.wait(400)
    active = learner("kubectl get cronjob tick -o jsonpath='{.status.active[*].name}'").split()
    learner("kubectl delete job --all")
    learner.wait(1)
    events = learner.api.list(EVENT, "default")
    missing = [event["message"] for event in events if event["reason"] == "MissingJob"]
    assert missing == [f"Active job went missing: {name}" for name in active]
    assert len(missing) > 5


def test_a_job_has_its_scheduled_time_in_utc(learner: Learner) -> None:
    learner("kubectl create cronjob tick --image=nginx --schedule='* * * * *'")
    patched = learner.session.run("""kubectl patch cronjob tick -p '{"spec": {"timeZone": "Europe/Berlin"}}'""")
    assert "kubesim: timeZone is stored, neither checked nor followed" in patched.stderr
    learner.wait(60)
    (job,) = learner.api.list(JOB, "default")
    moment = "2026-11-24T14:00:00Z"
    assert job["metadata"]["annotations"] == {"batch.kubernetes.io/cronjob-scheduled-timestamp": moment}


def test_a_cron_job_whose_job_is_refused_emits_an_event(learner: Learner) -> None:
    learner("kubectl create cronjob tick --image=nginx --schedule='* * * * *'")
    change = {"spec": {"jobTemplate": {"metadata": {"labels": {"app": "a b"}}}}}
    learner(f"kubectl patch cronjob tick -p '{json.dumps(change)}'")
    learner.wait(61)
    event = learner.api.list(EVENT, "default")[0]
    assert (event["type"], event["reason"]) == ("Warning", "FailedCreate")
    assert event["message"] == (
        'Error creating job: Job.batch "tick-29925480" is invalid: metadata.labels: Invalid value: "a b": a valid '
        "label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    )


def test_a_toleration_of_every_daemon_replaces_that_of_the_template_with_the_same_key(learner: Learner) -> None:
    learner.session.write_file("d.yaml", DAEMON_SET)
    learner.session.run("kubectl apply -f d.yaml")
    lines = learner("kubectl describe pod -l app=d").splitlines()
    tolerations = [line.removeprefix("Tolerations:").strip() for line in lines if "op=Exists" in line]
    assert tolerations == [
        "mine op=Exists",
        "node.kubernetes.io/disk-pressure:NoSchedule op=Exists",
        "node.kubernetes.io/memory-pressure:NoSchedule op=Exists",
        "node.kubernetes.io/network-unavailable:NoSchedule op=Exists",
        "node.kubernetes.io/not-ready:NoExecute op=Exists",
        "node.kubernetes.io/pid-pressure:NoSchedule op=Exists",
        "node.kubernetes.io/unreachable:NoExecute op=Exists",
        "node.kubernetes.io/unschedulable:NoSchedule op=Exists",
    ]
    keys = learner("kubectl get pod -l app=d -o jsonpath='{.items[*].spec.tolerations[0:3].key}'")
    assert keys == "mine node.kubernetes.io/not-ready node.kubernetes.io/unreachable"


def test_a_daemon_set_with_max_surge_is_rolled_out_with_a_warning(learner: Learner) -> None:
    learner.session.write_file("d.yaml", DAEMON_SET)
    applied = learner.session.run("kubectl apply -f d.yaml")
    warning = "maxSurge of a DaemonSet is stored and not followed: an old Pod goes before a new one comes"
    assert applied.screen == f"Warning: kubesim: {warning}\ndaemonset.apps/d created\n"
    learner.wait(10)
    learner.session.run("kubectl set image ds/d c=nginx:1.28")
    learner.wait(60)
    assert learner("kubectl rollout status ds/d") == 'daemon set "d" successfully rolled out\n'
    assert learner("kubectl get pod -o jsonpath='{.items[*].spec.containers[*].image}'") == "nginx:1.28"


def test_300_pods_without_a_node_are_deleted_within_five_seconds(learner: Learner) -> None:
    nowhere = "sed 's/      containers:/      nodeSelector: {place: none}\\n      containers:/'"
    learner(
        f"kubectl create deployment web --image=nginx --replicas=300 --dry-run=client -o yaml | {nowhere} > web.yaml"
    )
    learner("kubectl apply -f web.yaml")
    learner.wait(30)
    assert len(learner.api.list(POD, "default")) == 300
    learner("kubectl delete deployment web")
    learner.wait(5)
    left = [
        name_of(obj) for resource in (POD, REPLICA_SET, DEPLOYMENT) for obj in learner.api.list(resource, "default")
    ]
    assert left == []
