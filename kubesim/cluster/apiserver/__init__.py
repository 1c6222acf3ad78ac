"""The API server: the only access to the cluster's state, through a client for each user.

client.py has the path of a request, and the modules beside it have its stages. Authentication is left to the callers,
except for tokens (tokens.py) and impersonation.
"""

from __future__ import annotations

from kubesim.api.clock import Clock, Identity
from kubesim.cluster.apiserver.authorization import AUTHENTICATED, MASTERS, User
from kubesim.cluster.apiserver.backend import Backend, Change
from kubesim.cluster.apiserver.client import Client
from kubesim.cluster.apiserver.component import Component
from kubesim.cluster.apiserver.connection import Connection, LogLine, LogOptions, NodeServer

_COMPONENT = User("system:apiserver", (MASTERS, AUTHENTICATED))


class APIServer:
    """An API server. It trusts its callers about the identity of users."""

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self.backend = Backend(clock, identity)

    def as_user(self, user: User) -> Client:
        """A client that sends requests as `user`."""
        return Client(self.backend, user)

    def as_component(self) -> Component:
        """A client for the cluster's own components, with their additional methods."""
        return Component(self.backend, _COMPONENT)


__all__ = ["APIServer", "Change", "Client", "Component", "Connection", "LogLine", "LogOptions", "NodeServer"]
