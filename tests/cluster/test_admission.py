"""What admission adds to Pods: the ServiceAccount, its token and pull secrets, tolerations and priority."""

from __future__ import annotations

import pytest

from kubesim.api.clock import Identity
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.resources import NAMESPACE, POD, SERVICE_ACCOUNT
from kubesim.cluster.apiserver.admission import admit_deletion, admit_pod, admit_pod_update
from kubesim.cluster.apiserver.store import Store

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


def test_a_pod_without_wishes_gets_all_of_it() -> None:
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


@pytest.mark.parametrize(
    ("own", "secrets"),
    [([], ["shared"]), (None, ["shared"]), ([{"name": "own"}], ["own"])],
)
def test_pull_secrets_are_copied_only_where_the_pod_lists_none(own: object, secrets: list[str]) -> None:
    spec = admitted({"imagePullSecrets": [{"name": "shared"}]}, imagePullSecrets=own)
    assert [entry["name"] for entry in spec["imagePullSecrets"]] == secrets


@pytest.mark.parametrize(
    ("account", "pod", "mounted"),
    [(True, None, True), (False, None, False), (False, True, True), (True, False, False)],
)
def test_the_pod_decides_about_its_token_before_the_account(account: bool, pod: bool | None, mounted: bool) -> None:
    spec = admitted({"automountServiceAccountToken": account}, automountServiceAccountToken=pod)
    assert ("volumes" in spec) is mounted


def test_a_mount_in_the_tokens_place_is_left_alone() -> None:
    mine = {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "mine"}
    spec = admitted({}, containers=[{"name": "app", "volumeMounts": [mine]}])
    assert spec["containers"] == [{"name": "app", "volumeMounts": [mine]}]
    assert "volumes" not in spec


def test_a_toleration_of_ones_own_is_not_doubled() -> None:
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}
    assert admitted({}, tolerations=[own])["tolerations"] == [own, TOLERATIONS[1]]


def test_a_missing_account_is_named() -> None:
    with pytest.raises(StatusError) as caught:
        admitted({}, serviceAccountName="nope")
    assert caught.value.message == (
        'pods "web" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found'
    )


def test_an_update_keeps_the_priority_and_brings_tolerations_back() -> None:
    pod: Object = {"spec": {"priority": None}}
    admit_pod_update(pod, {"spec": {"priority": 7, "preemptionPolicy": "Never"}})
    assert pod["spec"] == {"priority": 7, "preemptionPolicy": "Never", "tolerations": TOLERATIONS}


def test_namespaces_that_the_cluster_needs_stay() -> None:
    for name in ("default", "kube-system", "kube-public"):
        with pytest.raises(StatusError, match=f'namespaces "{name}" is forbidden: this namespace may not be deleted'):
            admit_deletion(NAMESPACE, name)
    admit_deletion(NAMESPACE, "team")
    admit_deletion(POD, "default")
