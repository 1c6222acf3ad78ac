"""The broken cluster for one cause, by the name that `why` gives it."""

from __future__ import annotations

from kubesim.lessons.clusters import Broken, every_cluster
from kubesim.why.tell.practice import practice


def practices() -> list[str]:
    """The causes that can be practiced."""
    return [name.replace("_", "-") for name in practice().clusters]


def practice_cluster(cause: str, seed: int = 1) -> Broken:
    """The broken cluster with this cause. Raises KeyError where there is none."""
    wanted = practice().clusters[cause.replace("-", "_")]
    return next(cluster for cluster in every_cluster(seed) if cluster.id == wanted)
