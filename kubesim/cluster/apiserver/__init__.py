"""The API server: the only access to the cluster's state, and to each user the client that asks in that user's name."""

from __future__ import annotations

from kubesim.api.clock import Clock, Identity
from kubesim.cluster.apiserver.authorization import AUTHENTICATED, MASTERS, User
from kubesim.cluster.apiserver.backend import Backend, Change
from kubesim.cluster.apiserver.client import Client
from kubesim.cluster.apiserver.component import Component
from kubesim.cluster.apiserver.connection import Connection, LogLine, LogOptions, NodeServer

_COMPONENT = User("system:apiserver", (MASTERS, AUTHENTICATED))


class APIServer:
    """Gives each user a client; who the users are is what authentication says."""

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self.backend = Backend(clock, identity)

    def as_user(self, user: User) -> Client:
        """The requests of a user."""
        return Client(self.backend, user)

    def as_component(self) -> Component:
        """The requests of the cluster's own components."""
        return Component(self.backend, _COMPONENT)


__all__ = ["APIServer", "Change", "Client", "Component", "Connection", "LogLine", "LogOptions", "NodeServer"]
