"""The registries of a cluster, and the settings of its node. This module only loads and copies them.

document.py has the fields of a file of registries, worldfile.py turns it into the World of world.py, network.py answers
requests, and pull.py is the container runtime that sends them.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

from kubesim.api.clock import Clock, Micros
from kubesim.cluster.registry.node import NodeSettings

if TYPE_CHECKING:
    from kubesim.cluster.registry.network import Network
    from kubesim.cluster.registry.world import World


class Registries:
    """The registries that a node can reach: those in the file at `path`, or the built-in ones; and the node's settings.

    The constructor raises ValueError for an invalid file and OSError for an unreadable one.
    """

    def __init__(self, clock: Clock, path: str | Path | None = None, node: NodeSettings | None = None) -> None:
        self.clock = clock
        self.node = node or NodeSettings()
        self._own = _read(path) if path is not None else None
        self._first_asked: dict[str, Micros] = {}
        self._network: Network | None = None

    def resume(self, other: Registries) -> None:
        """Take over the state of other registries: their world, the node's settings, the times of first requests."""
        self._own = other._own
        self.node = deepcopy(other.node)
        self._first_asked = other._first_asked.copy()
        self._network = None

    @property
    def furnished(self) -> bool:
        """True if the cluster runs Kubernetes' own components in kube-system."""
        return self._own is None or self._own.furnished

    @property
    def network(self) -> Network:
        """The network, created at the first use: reading the built-in registries takes long."""
        if self._network is None:
            from kubesim.cluster.registry import network, worldfile  # late: most commands ask no registry

            world = self._own or worldfile.builtin()
            self._network = network.Network(self.clock, world, self.node, self._first_asked, steady_answers={})
        return self._network


def _read(path: str | Path) -> World:
    from kubesim.cluster.registry import worldfile  # late: as above

    return worldfile.read(path)
