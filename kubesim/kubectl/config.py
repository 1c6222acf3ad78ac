"""The kubeconfig: which cluster, as whom, in which namespace; and what kubectl refuses before it asks the API server.

Mirrors k8s.io/client-go tools/clientcmd/{client_config,validation,overrides}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, refuse_if
from kubesim.kubectl.flags import SAYS, parse_duration
from kubesim.workspace import HOME

CLUSTER = "kubernetes"
USER = "kubernetes-admin"
CONTEXT = f"{USER}@{CLUSTER}"
SERVER = "https://127.0.0.1:6443"
KUBECONFIG = f"{HOME}/.kube/config"

# In place of the bytes of the one certificate and key.
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


def check_context(config: Kubeconfig, flags: Mapping[str, Any], is_plain: bool = False) -> None:
    """Refuse a context and groups that cannot be used, as kubectl does for the namespace. Mirrors ConfirmUsable.

    `is_plain`: the command shows an error of the configuration as it is, once its namespace is known.
    """
    name = flags["context"] or config.current
    if name and name not in config.contexts:
        raise Plain(f"Error in configuration: context was not found for specified context: {name}")
    if flags["as-group"] and not flags["as"]:
        why = f"requesting uid, groups or user-extra for {config.of_context('user', name)} without impersonating a user"
        raise Plain(f"Error in configuration: {why}") if flags["namespace"] and is_plain else KubectlError(why)


def check_client(config: Kubeconfig, flags: Mapping[str, Any], is_plain: bool = False) -> None:
    """Refuse a context, user, cluster or --request-timeout that cannot be used. Mirrors ClientConfig."""
    name = flags["context"] or config.current
    refuse_if(flags["context"] and name not in config.contexts, f'context "{name}" does not exist')
    check_context(config, flags, is_plain)
    if request_timeout(flags) is None:
        raise KubectlError(SAYS["invalid timeout"])
    user = config.of_context("user", name)
    if config.of_context("cluster", name) in config.clusters and (user != USER or USER not in config.users):
        raise NotSimulated(f'the cluster does not know the user "{user}" of this context')


def request_timeout(flags: Mapping[str, Any]) -> float | None:
    """The seconds of --request-timeout, or None where it cannot be read."""
    given = flags["request-timeout"]
    try:
        return float(given) if re.fullmatch(r"[-+]?[0-9]{1,18}", given) else parse_duration(given)
    except ValueError:
        return None
