"""What a container finds in its volumes, and a Pod that waits for one of them."""

from __future__ import annotations

import pytest

from tests.learner import Learner, container

MOUNT = [{"name": "v", "mountPath": "/etc/creds"}]
CREDS = "kubectl create secret generic creds --from-literal=user=admin --from-literal=pass=s3cret"


def pod_with(learner: Learner, volume: object, mounts: object = None) -> None:
    learner.apply(
        "box",
        container("busybox", command=["sleep", "infinity"], volumeMounts=mounts or MOUNT),
        volumes=[{"name": "v", **volume}],
    )  # type: ignore[dict-item]
    learner.wait(5)


def inside(learner: Learner, command: str) -> str:
    return learner(f"kubectl exec box -- {command}")


def test_a_secret_is_mounted_and_follows_its_changes(learner: Learner) -> None:
    learner(CREDS)
    pod_with(learner, {"secret": {"secretName": "creds"}})
    assert inside(learner, "ls /etc/creds") == "pass\nuser\n"
    assert inside(learner, "cat /etc/creds/pass") == "s3cret"
    learner('kubectl patch secret creds -p \'{"stringData":{"pass":"new"}}\'')
    assert inside(learner, "cat /etc/creds/pass") == "new"


def test_items_and_sub_paths_choose_and_rename(learner: Learner) -> None:
    learner("kubectl create configmap conf --from-literal=a=1 --from-literal=b=2")
    volume = {"configMap": {"name": "conf", "items": [{"key": "b", "path": "bee"}]}}
    pod_with(learner, volume, [*MOUNT, {"name": "v", "mountPath": "/bee.txt", "subPath": "bee"}])
    assert inside(learner, "ls /etc/creds") == "bee\n"
    assert inside(learner, "cat /bee.txt") == "2"


def test_the_token_volume_has_the_namespace_and_a_token(learner: Learner) -> None:
    learner("kubectl run box --image=busybox -- sleep infinity")
    learner.wait(5)
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert inside(learner, f"cat {folder}/namespace") == "default"
    issued = learner("kubectl create token default")
    assert inside(learner, f"cat {folder}/token").partition(".")[0] == issued.partition(".")[0]


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        ({"secret": {"secretName": "creds"}}, 'secret "creds" not found'),
        ({"configMap": {"name": "conf"}}, 'configmap "conf" not found'),
    ],
)
def test_a_pod_waits_for_what_it_mounts(learner: Learner, volume: object, why: str) -> None:
    pod_with(learner, volume)
    assert learner.status("box") == "ContainerCreating"
    assert learner.events("box") == [("Scheduled", 1), ("FailedMount", 4)]
    assert f'MountVolume.SetUp failed for volume "v" : {why}\n' in learner("kubectl describe pod box")
    learner(CREDS)
    learner("kubectl create configmap conf --from-literal=a=1")
    learner.wait(10)
    assert learner.status("box") == "Running"


def test_a_missing_key_is_told_and_an_optional_secret_is_not_missed(learner: Learner) -> None:
    learner(CREDS)
    pod_with(learner, {"secret": {"secretName": "creds", "items": [{"key": "nope", "path": "x"}]}})
    assert "references non-existent secret key: nope" in learner("kubectl describe pod box")
    learner("kubectl delete pod box --now")
    pod_with(learner, {"secret": {"secretName": "none", "optional": True}})
    assert learner.status("box") == "Running"
