"""What admission adds to Pods: the ServiceAccount, its token and pull secrets, tolerations and priority."""

from __future__ import annotations

import pytest

from kubesim.api.clock import Identity
from kubesim.api.objects import Object
from kubesim.api.resources import SERVICE_ACCOUNT
from kubesim.cluster.apiserver.store import Store
from kubesim.cluster.apiserver.strategy import admit_pod, admit_pod_update

TOLERATIONS = [
    {"effect": "NoExecute", "key": f"node.kubernetes.io/{trouble}", "operator": "Exists", "tolerationSeconds": 300}
    for trouble in ("not-ready", "unreachable")
]


def admitted(account: Object, **spec: object) -> Object:
    store = Store()
    store.put(SERVICE_ACCOUNT, {"metadata": {"namespace": "default", "name": "default"}, **account})
    pod = {"metadata": {"namespace": "default", "name": "web"}, "spec": {"containers": [{"name": "app"}], **spec}}
    admit_pod(pod, store, Identity(0))
    found: Object = pod["spec"]
    return found


def test_a_pod_that_sets_nothing_gets_everything() -> None:
    spec = admitted({})
    volume = spec["volumes"][0]["name"]
    assert volume.startswith("kube-api-access-")
    mount = {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": volume, "readOnly": True}
    sources = spec.pop("volumes")[0]["projected"]["sources"]
    assert [next(iter(source)) for source in sources] == ["serviceAccountToken", "configMap", "downwardAPI"]
    assert spec == {
        "containers": [{"name": "app", "volumeMounts": [mount]}],
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "serviceAccount": "default",
        "serviceAccountName": "default",
        "tolerations": TOLERATIONS,
    }


MINE = [{"name": "app", "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "m"}]}]
OWN = {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}
SHARED = {"imagePullSecrets": [{"name": "shared"}]}
MOUNTS = "automountServiceAccountToken"


@pytest.mark.parametrize(
    ("account", "given", "field", "found"),
    [
        *((SHARED, {"imagePullSecrets": none}, "imagePullSecrets", SHARED["imagePullSecrets"]) for none in ([], None)),
        (SHARED, {"imagePullSecrets": [{"name": "own"}]}, "imagePullSecrets", [{"name": "own"}]),
        ({MOUNTS: False}, {}, "volumes", None),
        ({MOUNTS: True}, {MOUNTS: False}, "volumes", None),
        ({}, {"containers": MINE}, "volumes", None),
        ({}, {"containers": MINE}, "containers", MINE),
        ({}, {"tolerations": [OWN]}, "tolerations", [OWN, TOLERATIONS[1]]),
    ],
)
def test_what_the_pod_decides_itself(account: Object, given: Object, field: str, found: object) -> None:
    assert admitted(account, **given).get(field) == found


def test_the_pod_decides_about_its_token_before_the_account() -> None:
    assert "volumes" in admitted({MOUNTS: False}, **{MOUNTS: True})


def test_an_update_keeps_the_priority_and_brings_tolerations_back() -> None:
    pod: Object = {"spec": {"priority": None}}
    admit_pod_update(pod, {"spec": {"priority": 7, "preemptionPolicy": "Never"}})
    assert pod["spec"] == {"priority": 7, "preemptionPolicy": "Never", "tolerations": TOLERATIONS}
