"""A fresh cluster: what is in it, and that a seed decides everything."""

from __future__ import annotations

from kubesim.cluster import Cluster
from kubesim.resources import RESOURCES

FRESH = {
    "clusterroles": ["admin", "cluster-admin", "edit", "view"],
    "configmaps": ["kube-root-ca.crt", "openshift-service-ca.crt"],
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
    return {plural: names for plural, names in found.items() if names}


def test_what_a_fresh_cluster_holds() -> None:
    assert contents(Cluster()) == FRESH


def test_a_seed_decides_everything() -> None:
    def uids(seed: int) -> list[str]:
        api = Cluster(seed).api
        return [obj["metadata"]["uid"] for resource in RESOURCES for obj in api.list(resource)]

    assert uids(1) == uids(1)
    assert not set(uids(1)) & set(uids(2))


def test_nothing_happens_while_nobody_asks_for_anything() -> None:
    cluster = Cluster()
    before = cluster.api.revision
    cluster.advance(3600)
    assert cluster.api.revision == before
