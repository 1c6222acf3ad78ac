"""The broken cluster for a cause, by the name that `why` gives the cause."""

from __future__ import annotations

from kubesim.lessons.clusters import Broken, every_cluster
from kubesim.why.tell.practice import practice


def practices() -> list[str]:
    """The names of causes with a broken cluster, as `kubesim practice` takes them."""
    return [name.replace("_", "-") for name in practice().clusters]


def practice_cluster(cause: str, seed: int = 1) -> Broken:
    """The broken cluster with this cause. Raises KeyError for an unknown cause."""
    wanted = practice().clusters[cause.replace("-", "_")]
    return next(cluster for cluster in every_cluster(seed) if cluster.id == wanted)
