"""The registries that a node can reach, and what is set on it. What they answer is another module's: network.py."""

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
    """All registries that a node can reach, those in the file at `path` or kubesim's; `node` is what is set on it."""

    def __init__(self, clock: Clock, path: str | Path | None = None, node: NodeSettings | None = None) -> None:
        self.clock = clock
        self.node = node or NodeSettings()
        self._own = _read(path) if path is not None else None
        self._first_asked: dict[str, Micros] = {}
        self._network: Network | None = None

    def resume(self, other: Registries) -> None:
        """Go on from the state of other ones, with the same world and what is set on their node."""
        self._own = other._own
        self.node = deepcopy(other.node)
        self._first_asked = other._first_asked.copy()
        self._network = None

    @property
    def furnished(self) -> bool:
        """Whether the cluster's own parts run in it."""
        return self._own is None or self._own.furnished

    @property
    def network(self) -> Network:
        """What answers: the registries of the file, or those of kubesim, which are read when they are first needed."""
        if self._network is None:
            from kubesim.cluster.registry import network, worldfile  # late: a first answer asks no registry

            world = self._own or worldfile.builtin()
            self._network = network.Network(self.clock, world, self.node, self._first_asked, steady_answers={})
        return self._network


def _read(path: str | Path) -> World:
    from kubesim.cluster.registry import worldfile  # late: as above

    return worldfile.read(path)
