"""The kubeconfig: which cluster, as whom, in which namespace."""

from __future__ import annotations

from dataclasses import dataclass, field

CLUSTER = "kubernetes"
USER = "kubernetes-admin"
CONTEXT = f"{USER}@{CLUSTER}"
SERVER = "https://127.0.0.1:6443"

# What stands for the bytes of the one certificate and key that there would be.
HIDDEN = "DATA+OMITTED"

Entry = dict[str, str | bool]


@dataclass
class Kubeconfig:
    """The clusters, contexts and users by their names, with their fields, and which context is current."""

    clusters: dict[str, Entry] = field(
        default_factory=lambda: {CLUSTER: {"server": SERVER, "certificate-authority-data": HIDDEN}}
    )
    contexts: dict[str, Entry] = field(default_factory=lambda: {CONTEXT: {"cluster": CLUSTER, "user": USER}})
    users: dict[str, Entry] = field(
        default_factory=lambda: {USER: {"client-certificate-data": HIDDEN, "client-key-data": HIDDEN}}
    )
    current: str = CONTEXT

    def of_context(self, key: str, name: str = "") -> str:
        """A field of a context, of the current one by default; "" where there is none."""
        return str(self.contexts.get(name or self.current, {}).get(key, ""))

    def namespace_of(self, name: str = "") -> str:
        """The namespace of a context, of the current one by default."""
        return self.of_context("namespace", name) or "default"
