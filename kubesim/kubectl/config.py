"""The kubeconfig: which cluster, as whom, in which namespace."""

from __future__ import annotations

from dataclasses import dataclass, field

CLUSTER = "kubernetes"
USER = "kubernetes-admin"
CONTEXT = f"{USER}@{CLUSTER}"
SERVER = "https://127.0.0.1:6443"


@dataclass
class ContextEntry:
    """One context; an empty namespace means default."""

    cluster: str = CLUSTER
    user: str = USER
    namespace: str = ""


@dataclass
class Kubeconfig:
    """The contexts and which of them is current."""

    contexts: dict[str, ContextEntry] = field(default_factory=lambda: {CONTEXT: ContextEntry()})
    current: str = CONTEXT

    @property
    def namespace(self) -> str:
        """The current context's namespace."""
        entry = self.contexts.get(self.current)
        return (entry.namespace if entry else "") or "default"
