"""The settings of the node for pulls: proxy, mirrors, TLS and credentials, and the files that hold them.

Mirrors containerd docs/hosts.md, v2, and kubernetes pkg/credentialprovider, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address

from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.pull.keyring import Credential, NodeCredential, split_port

# The line of hosts.toml for a host without special settings.
_PLAIN = 'capabilities = ["pull", "resolve"]'
# Special treatments of a host, by the words of `NodeSettings.hosts`: the scheme, and the line of hosts.toml.
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
    """Settings of the node, which the code that owns them may change at any time.

    * `proxy`: the URL of the runtime's proxy, "" for none.
    * `hosts`: by registry, written as in an image's name, a key of MODES.
    * `mirrors`: by registry, the hosts to ask before it, in order.
    * `credentials`: the kubelet's own credentials, in the order of trying. Each has `registry` (a key as in a pull
      secret), `username` and `password`, and `from`: "config" for the kubelet's config.json, "provider" for a
      credential provider plugin. A provider may have `fails` instead of a password, or `issued: true`, which gets a new
      temporary password from the registry each time.
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
        """All settings that affect a request's route, as a key for caches."""
        return f"{self.proxy} {self.hosts} {self.mirrors}"

    def scheme(self, host: str) -> str:
        """The scheme for requests to a host: that of its mode, http for a port of localhost, otherwise https."""
        if mode := self.hosts.get(host):
            return MODES[mode][0]
        name, port = split_port(host, "443")
        return "http" if is_loopback(name) and port != "443" else "https"

    def _table(self, host: str) -> str:
        """The table of hosts.toml for a mirror, or for a registry with a special treatment."""
        mode = self.hosts.get(host)
        line = MODES[mode][1] if mode else _PLAIN
        return f'\n[host."{self.scheme(host)}://{host}"]\n  {line.format(host)}\n'

    def files(self) -> dict[str, str]:
        """The files on a real node that hold these settings, by path."""
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
        """The text of a registry's hosts.toml: its mirrors, then the registry itself if it has a special treatment."""
        server = "registry-1.docker.io" if registry == DEFAULT_REGISTRY else registry
        hosts = [*self.mirrors.get(registry, ())]
        if registry in self.hosts:
            hosts.append(registry)
        tables = "".join(self._table(host) for host in hosts)
        return f'server = "{self.scheme(registry)}://{server}"\n{tables}'


@lru_cache(maxsize=256)
def literal_address(host: str) -> str | None:
    """The address of a host that is written as an IP address or as localhost; None for a name to look up."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return None
    return host


def is_loopback(host: str) -> bool:
    """True if a host is localhost or a loopback address. Mirrors containerd's MatchLocalhost."""
    address = literal_address(host)
    return address is not None and ip_address(address.strip("[]")).is_loopback
