"""Clusters in which a day is more than a line may compute: it says so, and time stands where it stopped."""

from __future__ import annotations

import re

import pytest

from kubesim import Session
from kubesim.api.clock import SECOND
from kubesim.cluster.apiserver.backend import READS

MOST = 45_000  # pieces of work, each about 20 µs of computing
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
CROWDS = {
    "pods that can't be pulled": [
        f"kubectl create deployment web {REFUSED} --replicas=1000",
        f"kubectl create cronjob tick {REFUSED} --schedule='* * * * *'",
    ],
    "pods without room": ["kubectl create deployment web --image=nginx --replicas=5000"],
    "a set that is made at once": [f"kubectl apply -f - <<'EOF'{SET}EOF"],
    "a job that is made at once": [f"kubectl apply -f - <<'EOF'{JOB}EOF"],
}


@pytest.mark.parametrize("lines", CROWDS.values(), ids=CROWDS)
def test_a_line_stops_where_too_much_happens(lines: list[str]) -> None:
    session = Session()
    for line in lines:
        assert session.run(line).exit_code == 0
    assert_time_stops(session)


def assert_time_stops(session: Session) -> None:
    """Assert that a line that would wait a day stops sooner, with little work, and says when."""
    begin, before = session.cluster.clock.work, session.cluster.clock.now
    result = session.run("sleep 1d")
    assert session.cluster.clock.work - begin < MOST
    sentence = "so much happens in this cluster that time was stopped after ([0-9,]+) of 86,400 seconds"
    stopped = re.fullmatch(f"kubesim: {sentence}\n", result.stderr)
    assert stopped, result
    assert result.exit_code == 1
    assert stopped[1] == f"{(session.cluster.clock.now - before) / SECOND:,.0f}"


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
        session.run(f"kubectl cordon sim-worker; kubectl create deployment web --image=nginx --replicas={replicas}")
        session.run("sleep 10")
        begin = session.cluster.clock.work
        session.run("kubectl label rs --all a=b; sleep 0.1")
        work.append(session.cluster.clock.work - begin)
    assert work[1] - work[0] >= 300 // READS


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
