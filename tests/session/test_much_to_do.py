"""Clusters in which a day is more than a line may compute: it says so, and time stands where it stopped."""

from __future__ import annotations

import re

import pytest

from kubesim import Session
from kubesim.api.clock import SECOND
from kubesim.cluster.apiserver.backend import READS_PER_WRITE
from kubesim.session.history import History
from tests.patience import within

# The pieces of work that one line may take, each about 20 µs of computing.
MOST_WORK = 45_000
REFUSED = "--image=registry.example.com/myapp:1.0"
SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 100000
  podManagementPolicy: Parallel
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: nginx}]}
"""
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: many}
spec:
  parallelism: 100000
  completions: 100000
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sleep, '9']}]}
"""
RIVALS = "".join(
    f"""---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: rs{number}}}
spec:
  replicas: {1 + number % 3}
  selector: {{matchLabels: {{app: x}}}}
  template:
    metadata: {{labels: {{app: x}}}}
    spec: {{containers: [{{name: c, image: nginx}}]}}
"""
    for number in range(300)
)
SETS = "---".join(SET.replace("db", f"db{number}") for number in range(5))
JOBS = "---".join(JOB.replace("many", f"many{number}") for number in range(20))
CROWDS = {
    "pods that can't be pulled": [
        f"kubectl create deployment web {REFUSED} --replicas=1000",
        f"kubectl create cronjob tick {REFUSED} --schedule='* * * * *'",
    ],
    "pods without room": ["kubectl create deployment web --image=nginx --replicas=5000"],
    "a set that is made at once": [f"kubectl apply -f - <<'EOF'{SET}EOF"],
    "a job that is made at once": [f"kubectl apply -f - <<'EOF'{JOB}EOF"],
}
# The lines of some busy sessions, each of which is a step of the history.
BUSY = {
    "pods that can't be pulled": [*CROWDS["pods that can't be pulled"][:1], *["sleep 1h"] * 3],
    "replica sets that fight over pods": [
        f"kubectl apply -f - <<'EOF'\n{RIVALS}EOF",
        "kubectl label pod --all app=y --overwrite",
        "sleep 60",
        "kubectl label pod --all app=x --overwrite",
        "sleep 60",
    ],
    "sets that are made at once": [f"kubectl apply -f - <<'EOF'{SETS}EOF", "sleep 60", "sleep 60"],
    "jobs that are made at once": [f"kubectl apply -f - <<'EOF'{JOBS}EOF", "sleep 60", "sleep 60"],
}
# The seconds that anything a learner does may take on a quiet machine.
LONGEST = 1.0


@pytest.mark.parametrize("lines", BUSY.values(), ids=BUSY)
def test_nothing_takes_longer_than_a_second_whatever_has_happened(lines: list[str]) -> None:
    session = Session()
    history = History(session)
    for line in lines:
        with within(LONGEST, line[-40:]), history.step(line):
            session.run(line)
    for move in (history.undo, history.undo, history.redo, history.redo):
        with within(LONGEST, str(move)):
            assert move()


@pytest.mark.parametrize("lines", CROWDS.values(), ids=CROWDS)
def test_a_line_stops_when_its_work_is_used_up(lines: list[str]) -> None:
    session = Session()
    for line in lines:
        assert session.run(line).exit_code == 0
    assert_time_stops(session)


def assert_time_stops(session: Session) -> None:
    """Assert that a line that would wait a day stops sooner, with little work, and says when."""
    begin, before = session.cluster.clock.work, session.cluster.clock.now
    result = session.run("sleep 1d")
    assert session.cluster.clock.work - begin < MOST_WORK
    sentence = "so much happens in this cluster that time was stopped after ([0-9,]+(?:[.][0-9])?) of 86,400 seconds"
    stopped = re.fullmatch(f"kubesim: {sentence}\n", result.stderr)
    assert stopped, result
    assert result.exit_code == 1
    assert float(stopped[1].replace(",", "")) == round((session.cluster.clock.now - before) / SECOND, 1)


def test_a_line_that_takes_a_tenth_of_a_second_says_so() -> None:
    [line] = BUSY["jobs that are made at once"][:1]
    sentence = "so much happens in this cluster that time was stopped after 0 of 0.1 seconds"
    assert Session().run(line).stderr == f"kubesim: {sentence}\n"


def test_the_next_line_goes_on_and_so_does_a_copy() -> None:
    session = Session()
    for line in CROWDS["pods without room"]:
        session.run(line)
    for _ in range(2):
        assert_time_stops(session)
    copy = session.cluster.copy()
    copy.advance(1)
    session.advance(1)
    assert session.cluster.api.revision == copy.api.revision


def test_what_a_controller_looks_at_is_work_as_what_it_writes_is() -> None:
    work = []
    for replicas in (3, 303):
        session = Session()
        session.run(f"kubectl create deployment web --image=nginx --replicas={replicas}")
        session.run("sleep 10")
        begin = session.cluster.clock.work
        session.run("kubectl label rs --all a=b; sleep 0.1")
        work.append(session.cluster.clock.work - begin)
    assert work[1] - work[0] >= 300 // READS_PER_WRITE


@pytest.mark.parametrize("command", ["diff", "get", "apply --dry-run=server", "label a=b --overwrite"])
def test_a_manifest_is_paid_for_each_time_it_is_read(command: str) -> None:
    session = Session()
    session.run("kubectl create deployment web --image=nginx --replicas=30; sleep 5; kubectl get pods -o yaml > m.yaml")
    with within(LONGEST, command):
        result = session.run(f"for i in $(seq 99); do kubectl {command} -f m.yaml > /dev/null; done")
    assert result.stderr.endswith("kubesim: that is more work than one command line may do here, and was stopped\n")


def test_a_day_of_a_quiet_cluster_passes() -> None:
    session = Session()
    before = session.cluster.clock.now
    assert session.run("kubectl run web --image=nginx; sleep 1d").exit_code == 0
    assert session.cluster.clock.now == before + 86400.2 * SECOND


def test_a_wait_that_is_too_long_is_refused_before_time_passes() -> None:
    session = Session()
    before = session.cluster.clock.now
    result = session.run("kubectl wait sa/default --for=delete --timeout=25h")
    assert result.stderr == "kubesim: waiting for more than 24 hours is not part of this simulator\n"
    assert session.cluster.clock.now == before + 0.1 * SECOND
