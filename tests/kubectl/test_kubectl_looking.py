"""get, describe, logs, wait, events, rollout, config, auth, discovery and completion: what a learner sees."""

from __future__ import annotations

import pytest

from tests.learner import PRIVATE, Learner, container, rows

ROWS = rows(__file__)

HELLO = "/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration\n"


@pytest.fixture(scope="module")
def shop() -> Learner:
    """Two Pods and the Secret of the shop, five seconds old; nothing below changes them."""
    learner = Learner()
    learner("kubectl create secret generic key --from-literal=k=v")
    learner.apply("web", container("nginx"))
    learner("kubectl run priv --image=" + PRIVATE + " --labels=app=priv,tier=back")
    learner.wait(4.8)
    return learner


def show(learner: Learner, line: str) -> str:
    """Run a line and take the time back that it took, so that ages stay."""
    clock = learner.session.cluster.clock
    before = clock.now
    shown = learner(line)
    clock.now = before
    return shown


@pytest.mark.parametrize(("line", "shown"), ROWS["screens"])
def test_screens(shop: Learner, line: str, shown: str) -> None:
    assert show(shop, line) == shown


def test_all_shows_types_apart(shop: Learner) -> None:
    assert show(shop, "kubectl get all") == (
        "NAME       READY   STATUS         RESTARTS   AGE\n"
        "pod/priv   0/1     ErrImagePull   0          5s\n"
        "pod/web    1/1     Running        0          5s\n\n"
        "NAME                 TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n"
        "service/kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   19m\n"
    )


@pytest.mark.parametrize(("line", "message"), ROWS["nothing_found_is_no_failure"])
def test_nothing_found_is_no_failure(shop: Learner, line: str, message: str) -> None:
    result = shop.session.run(line)
    assert (result.stdout, result.stderr, result.exit_code) == ("", message, 0)


def test_a_watch_shows_changes_as_they_come(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    shown = learner("kubectl get pod/web -w --request-timeout=5s")
    statuses = [line.split()[2] for line in shown.splitlines()]
    assert statuses == ["STATUS", "ContainerCreating", "ContainerCreating", "Running"]
    learner("kubectl delete pod web --wait=false")
    shown = learner("kubectl get pods --watch-only --output-watch-events --no-headers --request-timeout=40s")
    assert [line.split()[0] for line in shown.splitlines()][-1] == "DELETED"


def test_describe_takes_the_beginning_of_a_name(learner: Learner) -> None:
    for name in ("web-1", "web-2", "shop"):
        learner(f"kubectl run {name} --image=nginx")
    learner.wait(3)
    shown = learner("kubectl describe pod web")
    names = [line.split()[1] for line in shown.splitlines() if line.startswith("Name:")]
    assert names == ["web-1", "web-2"]
    assert learner("kubectl describe pod shop").splitlines()[-8:-6] == [
        "Events:",
        "  Type    Reason     Age   From               Message",
    ]


def test_several_pods_of_a_deployment_and_the_one_whose_logs_are_shown(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    learner.wait(5)
    first = learner("kubectl get pods -o name").split()[0]
    result = learner.session.run("kubectl logs deploy/web | head -n 1")
    assert (result.stdout, result.stderr) == (HELLO, f"Found 2 pods, using {first}\n")
    learner("kubectl set image deploy/web nginx=nope")
    learner.wait(3)
    assert learner.session.run("kubectl logs deploy/web | head -n 1").stdout == HELLO
    assert learner("kubectl exec deploy/web -- hostname") == first.partition("/")[2] + "\n"


def test_a_rollout_is_followed_to_its_end(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx --replicas=2")
    assert learner("kubectl rollout status deploy web").splitlines() == [
        'Waiting for deployment "web" rollout to finish: 0 of 2 updated replicas are available...',
        'deployment "web" successfully rolled out',
    ]
    assert learner("kubectl rollout restart deploy web") == "deployment.apps/web restarted\n"
    assert learner("kubectl rollout status deploy web -w=false").startswith("Waiting for deployment")


def test_a_context_keeps_its_namespace(learner: Learner) -> None:
    learner("kubectl create ns team")
    assert learner("kubectl config set-context --current --namespace=team") == (
        'Context "kubernetes-admin@kubernetes" modified.\n'
    )
    learner("kubectl create sa bot")
    assert learner("kubectl get sa -n team -o name") == "serviceaccount/bot\nserviceaccount/default\n"
    learner("kubectl config set-context other --cluster=kubernetes --user=kubernetes-admin")
    assert learner("kubectl config use-context other") == 'Switched to context "other".\n'
    assert learner("kubectl config get-contexts -o name") == "kubernetes-admin@kubernetes\nother\n"
    assert learner("kubectl get sa -o name") == "serviceaccount/default\n"


def test_rights_hold_for_parts_of_a_pod(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    learner("kubectl create role reader --verb=get --resource=pods,pods/log")
    learner("kubectl create rolebinding reader --role=reader --user=jane")
    learner.wait(3)
    assert learner("kubectl logs web --as=jane | head -n 1") == HELLO
    assert learner.fails("kubectl exec web --as=jane -- ls") == (
        'Error from server (Forbidden): pods "web" is forbidden: User "jane" cannot create resource "pods/exec" in API '
        'group "" in the namespace "default"\n'
    )
    assert learner("kubectl auth can-i get pods/web --as=jane") == "yes\n"
    denied = learner.session.run("kubectl auth can-i delete pods --as=jane")
    assert (denied.stdout, denied.exit_code) == ("no\n", 1)


@pytest.mark.parametrize(("line", "words"), ROWS["completion"])
def test_completion(shop: Learner, line: str, words: list[str]) -> None:
    assert shop.session.shell.complete(line, len(line)) == words
