"""The kubeconfig: one cluster, one user, one context. Only the context's namespace can be changed."""

from __future__ import annotations

from kubesim.workspace import HOME

CLUSTER = "kubernetes"
USER = "kubernetes-admin"
CONTEXT = f"{USER}@{CLUSTER}"
SERVER = "https://127.0.0.1:6443"
KUBECONFIG = f"{HOME}/.kube/config"

HIDDEN = "DATA+OMITTED"
"""What `kubectl config view` prints in place of a certificate or a key."""


class Kubeconfig:
    """`namespace` is that of the context, "" where the file names none."""

    def __init__(self, namespace: str = "") -> None:
        self.namespace = namespace

    @property
    def working_namespace(self) -> str:
        """The namespace that commands work in without -n."""
        return self.namespace or "default"
