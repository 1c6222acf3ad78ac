"""What is set on the node that reaches the registries, for its container runtime and its kubelet.

Mirrors containerd docs/hosts.md, v2, and kubernetes pkg/credentialprovider, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address

from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.pull.keyring import Credential, NodeCredential, split_port

# What hosts.toml says of a host of which there is nothing to say but that it may be asked.
_PLAIN = 'capabilities = ["pull", "resolve"]'
# How the runtime treats a host that is not treated as others, by what `NodeSettings.hosts` calls it: the scheme, and
# what hosts.toml says.
MODES: Mapping[str, tuple[str, str]] = {
    "trust": ("https", 'ca = "/etc/containerd/certs.d/{}/ca.crt"'),
    "skip-verify": ("https", "skip_verify = true"),
    "insecure": ("http", _PLAIN),
}
CONFIG = "/var/lib/kubelet/config.json"
PROVIDERS = "/etc/kubernetes/credential-providers.yaml"
PROXY = "/etc/systemd/system/containerd.service.d/http-proxy.conf"
_PROVIDERS = """apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: registry-credential-provider
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  defaultCacheDuration: 12h
  matchImages:
"""


class NodeSettings:
    """What a person can set on the node.

    `proxy` is the URL of the runtime's proxy, "" for none; `hosts` says of registries, written as in an image's name,
    which of MODES holds for them, and `mirrors` which hosts the runtime asks before a registry, in this order.
    `credentials` are the kubelet's own, in the order in which they are tried: each with
    `registry` (a key as in a pull secret), `username` and `password`, and `from`, which is "config" for the kubelet's
    config.json and "provider" for a plugin. A provider may have `fails` instead, or `issued: true`, so that it always
    gets a new password for its user from a registry whose passwords expire.
    """

    def __init__(
        self,
        proxy: str = "",
        hosts: Mapping[str, str] | None = None,
        mirrors: Mapping[str, list[str]] | None = None,
        credentials: Sequence[NodeCredential] = (),
    ) -> None:
        self.proxy = proxy
        self.hosts = dict(hosts or {})
        self.mirrors = dict(mirrors or {})
        self.credentials = list(credentials)

    @property
    def route(self) -> str:
        """All that decides which way a request takes, as a text that may be a key."""
        return f"{self.proxy} {self.hosts} {self.mirrors}"

    def scheme(self, host: str) -> str:
        """How the runtime asks a host, by http or https; what is at a port of localhost by http."""
        if mode := self.hosts.get(host):
            return MODES[mode][0]
        name, port = split_port(host, "443")
        return "http" if is_loopback(name) and port != "443" else "https"

    def _table(self, host: str) -> str:
        """What hosts.toml says of a host: a registry that is not treated as others, or a mirror."""
        mode = self.hosts.get(host)
        line = MODES[mode][1] if mode else _PLAIN
        return f'\n[host."{self.scheme(host)}://{host}"]\n  {line.format(host)}\n'

    def files(self) -> dict[str, str]:
        """The real files that hold all this, by their paths."""
        registries = dict.fromkeys([*self.hosts, *self.mirrors])
        texts = {f"/etc/containerd/certs.d/{name}/hosts.toml": self._hosts_toml(name) for name in registries}
        auths = {}
        for item in self._credentials_from("config"):
            credential = Credential(item.get("username", ""), item.get("password", ""))
            auths[item["registry"]] = {"auth": credential.auth}
        if auths:
            texts[CONFIG] = json.dumps({"auths": auths}, indent=2) + "\n"
        if providers := self._credentials_from("provider"):
            texts[PROVIDERS] = _PROVIDERS + "".join(f'  - "{item["registry"]}"\n' for item in providers)
        if self.proxy:
            texts[PROXY] = f'[Service]\nEnvironment="HTTPS_PROXY={self.proxy}"\n'
        return texts

    def _credentials_from(self, source: str) -> list[NodeCredential]:
        return [item for item in self.credentials if item.get("from") == source]

    def _hosts_toml(self, registry: str) -> str:
        """What the runtime is told of a registry: its mirrors first, and itself where it isn't treated as others."""
        server = "registry-1.docker.io" if registry == DEFAULT_REGISTRY else registry
        hosts = [*self.mirrors.get(registry, ())]
        if registry in self.hosts:
            hosts.append(registry)
        tables = "".join(self._table(host) for host in hosts)
        return f'server = "{self.scheme(registry)}://{server}"\n{tables}'


@lru_cache(maxsize=256)
def literal_address(host: str) -> str | None:
    """The address that a host's name is, or stands for everywhere; None for one that has to be looked up."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return None
    return host


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means the machine itself. Mirrors containerd's MatchLocalhost."""
    address = literal_address(host)
    return address is not None and ip_address(address.strip("[]")).is_loopback
