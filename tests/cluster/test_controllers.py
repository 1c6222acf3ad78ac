"""The loops: namespaces are furnished and emptied, Deployments roll, ReplicaSets count, owners take theirs along."""

from __future__ import annotations

import pytest

from kubesim.api.clock import Clock
from kubesim.api.resources import DEPLOYMENT, POD, REPLICA_SET
from kubesim.cluster import BOOT
from kubesim.cluster.controllers.base import WorkQueue
from tests.learner import Learner


def count(learner: Learner, name: str = "web") -> str:
    """READY of a Deployment."""
    return learner(f"kubectl get deploy {name} --no-headers").split()[1]


# --- the queue


def test_a_key_that_waits_is_not_queued_twice() -> None:
    clock, worked = Clock(BOOT), []
    queue = WorkQueue(clock, lambda *key: worked.append(key))
    for name in ("a", "b", "a"):
        queue.add_key(("default", name))
    clock.advance(1)
    queue.add_key(("default", "a"))
    clock.advance(1)
    assert worked == [("default", "a"), ("default", "b"), ("default", "a")]


# --- namespaces


def test_a_new_namespace_is_furnished(learner: Learner) -> None:
    learner("kubectl create ns team")
    learner.wait(0.1)
    assert learner("kubectl get cm,sa -n team -o name") == "configmap/kube-root-ca.crt\nserviceaccount/default\n"


def test_the_default_account_comes_back(learner: Learner) -> None:
    learner("kubectl delete sa default")
    learner.wait(1)
    assert learner("kubectl get sa -o name") == "serviceaccount/default\n"


def test_a_namespace_goes_with_all_that_is_in_it(learner: Learner) -> None:
    learner("kubectl create ns team")
    learner("kubectl create deployment web --image=nginx -n team")
    learner("kubectl create secret generic s -n team")
    learner.wait(5)
    learner("kubectl delete ns team")
    for resource in (POD, DEPLOYMENT, REPLICA_SET):
        assert learner.api.list(resource, "team") == []
    learner("kubectl create ns team")
    assert learner("kubectl get secrets -n team -o name") == ""


def test_an_empty_namespace_goes_after_five_seconds(learner: Learner) -> None:
    learner("kubectl create ns team")
    learner.wait(1)
    learner("kubectl delete ns team --wait=false")
    learner.wait(4.5)
    assert learner("kubectl get ns team --no-headers") == "team   Terminating   5s\n"
    learner.wait(0.5)
    assert learner("kubectl get ns --no-headers --ignore-not-found team") == ""


# --- the Service of the API server


def test_the_kubernetes_service_comes_back(learner: Learner) -> None:
    before = learner("kubectl get svc kubernetes -o jsonpath='{.metadata.labels} {.spec}'")
    learner("kubectl delete all --all")
    assert learner("kubectl get svc --ignore-not-found") == ""
    learner.wait(10)
    assert learner("kubectl get svc kubernetes -o jsonpath='{.metadata.labels} {.spec}'") == before


# --- ReplicaSets


def test_a_pod_that_goes_is_replaced(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner.wait(5)
    first = learner("kubectl get pods -o name").split()
    learner(f"kubectl delete {first[0]} --now")
    learner.wait(5)
    assert count(learner) == "2/2"
    assert len(set(learner("kubectl get pods -o name").split()) & set(first)) == 1


def test_scaling_down_takes_pods_that_do_not_run_first(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=1")
    learner.wait(5)
    (running,) = learner("kubectl get pods -o name").split()
    learner('kubectl patch node sim-worker --type=merge -p \'{"spec":{"unschedulable":true}}\'')
    learner("kubectl scale deploy web --replicas=3")
    learner("kubectl scale deploy web --replicas=1")
    learner.wait(60)
    assert learner("kubectl get pods -o name").split() == [running]


def test_pods_that_are_refused_are_told_and_tried_again(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    learner("kubectl set serviceaccount deploy web bot")
    learner.wait(3)
    assert 'serviceaccount "bot" not found' in learner("kubectl events --types=Warning --no-headers")
    learner("kubectl create sa bot")
    learner.wait(60)
    assert learner("kubectl get pods -o jsonpath='{.items[*].spec.serviceAccountName}'") == "bot"


# --- Deployments


def test_a_rollout_never_has_fewer_pods_ready_than_it_may(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=4")
    learner.wait(5)
    learner("kubectl set image deploy/web nginx=nginx:1.27")
    ready = []
    for _ in range(100):
        learner.wait(0.1)
        ready.append(int(count(learner).partition("/")[0]))
    assert min(ready) >= 3
    learner("kubectl rollout status deploy web")
    images = learner("kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[*].image}'")
    assert images == "nginx:1.27"


def test_a_rollout_that_cannot_pull_keeps_the_old_pods_and_can_be_undone(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner.wait(5)
    learner("kubectl set image deploy/web nginx=acme/private:1.0")
    learner.wait(20)
    assert count(learner) == "2/2"
    statuses = sorted(line.split()[2] for line in learner("kubectl get pods --no-headers").splitlines())
    assert statuses == ["ImagePullBackOff", "Running", "Running"]
    assert learner("kubectl rollout undo deploy web") == "deployment.apps/web rolled back\n"
    learner.wait(5)
    assert learner("kubectl rollout history deploy web") == (
        "deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         <none>\n3         <none>\n\n"
    )
    assert len(learner("kubectl get pods -o name").split()) == 2


def test_the_deadline_of_a_rollout(learner: Learner) -> None:
    learner("kubectl create deployment web --image=acme/private:1.0")
    learner.wait(605)
    assert (
        learner.fails("kubectl rollout status deploy web") == 'error: deployment "web" exceeded its progress deadline\n'
    )


def test_recreate_stops_all_before_it_starts_any(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner('kubectl patch deploy web -p \'{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}\'')
    learner.wait(5)
    learner("kubectl set image deploy/web nginx=nginx:1.27")
    images = set()
    for _ in range(50):
        learner.wait(1)
        images.add(learner("kubectl get pods -o jsonpath='{.items[*].spec.containers[0].image}'"))
    assert images == {"nginx nginx", "nginx:1.27 nginx:1.27"}
    assert count(learner) == "2/2"


def test_a_paused_deployment_waits(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    learner.wait(5)
    learner("kubectl rollout pause deploy web")
    learner("kubectl set image deploy/web nginx=nginx:1.27")
    learner.wait(30)
    assert learner("kubectl get rs --no-headers").count("\n") == 1
    learner("kubectl rollout resume deploy web")
    learner.wait(30)
    assert learner("kubectl get rs --no-headers").count("\n") == 2


def test_an_owner_takes_its_own_along_and_nothing_else(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner("kubectl run lone --image=nginx --labels=app=web")
    learner.wait(5)
    learner("kubectl delete deploy web")
    learner.wait(40)
    assert learner("kubectl get rs,pods -o name") == "pod/lone\n"


@pytest.mark.parametrize("replicas", [0, 3])
def test_scale_reaches_its_size(learner: Learner, replicas: int) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner.wait(5)
    assert learner(f"kubectl scale deploy/web --replicas={replicas}") == "deployment.apps/web scaled\n"
    learner.wait(40)
    assert count(learner) == f"{replicas}/{replicas}"
    assert learner("kubectl get pods -o name").count("pod/") == replicas


# --- cascades


def test_orphans_stay_and_are_nobodys(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner.wait(4)
    learner("kubectl delete deployment web --cascade=orphan")
    learner.wait(60)
    [replica_set] = learner.api.list(REPLICA_SET, "default")
    assert "ownerReferences" not in replica_set["metadata"]
    assert len(learner.api.list(POD, "default")) == 2


def test_in_the_foreground_dependents_go_first(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    learner.wait(4)
    learner("kubectl delete deployment web --cascade=foreground --wait=false")
    learner.wait(1)
    assert learner.get(DEPLOYMENT, "web")["metadata"]["finalizers"] == ["foregroundDeletion"]
    learner.wait(60)
    assert [learner.api.list(kind, "default") for kind in (DEPLOYMENT, REPLICA_SET, POD)] == [[], [], []]
