"""A fresh cluster: what is in it, and that a seed decides everything."""

from __future__ import annotations

from pathlib import Path

from kubesim.api.resources import EVENT, NAMESPACE, POD, RESOURCES
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change
from kubesim.server.watch import History as WatchHistory
from kubesim.session import Session
from tests.learner import Learner

FRESH = {
    "clusterrolebindings": ["cluster-admin"],
    "clusterroles": ["admin", "cluster-admin", "edit", "view"],
    "configmaps": ["kube-root-ca.crt"],
    "endpoints": ["kubernetes"],
    "endpointslices": ["kubernetes"],
    "namespaces": ["default", "kube-node-lease", "kube-public", "kube-system"],
    "nodes": ["sim-worker"],
    "serviceaccounts": ["default"],
    "services": ["kubernetes"],
}


def contents(cluster: Cluster) -> dict[str, list[str]]:
    found = {
        resource.plural: [obj["metadata"]["name"] for obj in cluster.api.list(resource, "default")]
        for resource in RESOURCES
    }
    own = {plural: [name for name in names if not name.startswith("system:")] for plural, names in found.items()}
    return {plural: names for plural, names in own.items() if names}


def test_what_a_fresh_cluster_holds() -> None:
    assert contents(Cluster()) == FRESH


def test_a_seed_decides_everything() -> None:
    def uids(seed: int) -> list[str]:
        api = Cluster(seed).api
        of_events = {obj["metadata"]["uid"] for obj in api.list(EVENT)}  # which follow from when they were written
        return [uid for kind in RESOURCES for obj in api.list(kind) if (uid := obj["metadata"]["uid"]) not in of_events]

    assert uids(1) == uids(1)
    assert not set(uids(1)) & set(uids(2))


def test_nothing_happens_while_nobody_asks_for_anything() -> None:
    cluster = Cluster()
    cluster.advance(3600)  # after which the events of its start have expired
    before = cluster.api.revision
    cluster.advance(3600)
    assert cluster.api.revision == before


def everything(cluster: Cluster) -> list[object]:
    return [*(cluster.api.list(resource) for resource in RESOURCES), cluster.kubelet.traces, cluster.clock.now]


def test_a_copy_goes_on_as_the_original_does_and_is_independent_of_it() -> None:
    session = Session()
    session.run("kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=2")
    session.run("kubectl run job --image=nginx -- sh -c 'sleep 3; exit 1'")
    for seconds in (0, 0.1, 0.5, 1, 5, 40, 600):
        session.advance(seconds)
        copy = session.cluster.copy()
        assert everything(copy) == everything(session.cluster)
        copy.advance(300)
        assert everything(copy) != everything(session.cluster)
        session.advance(300)
        assert everything(copy) == everything(session.cluster)


def test_nobody_watches_a_copy() -> None:
    cluster = Cluster()
    history = WatchHistory(cluster)
    copy = cluster.copy()
    copy.api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}})
    assert history.since(cluster.api.revision) == []


def test_a_fresh_cluster_has_the_same_registries(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    path.write_text("{}")
    cluster = Cluster(registries=path).copy().fresh()
    assert cluster.registries.world.registries == ()


def test_a_static_pod_that_is_deleted_twice_is_mirrored_once(learner: Learner) -> None:
    """The second deletion comes before the Pod is gone, and leaves alone the one that follows it."""
    removed: list[str] = []

    def note(change: Change) -> None:
        if change.type == "DELETED":
            removed.append(change.obj["metadata"]["name"])

    learner.api.subscribe(note, POD)
    learner("kubectl delete pod -n kube-system etcd-sim-worker --wait=false")
    learner.wait(0.05)
    learner("kubectl delete pod -n kube-system etcd-sim-worker --wait=false --grace-period=5")
    learner.wait(5)
    assert removed == ["etcd-sim-worker"]
