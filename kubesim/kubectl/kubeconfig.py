"""The kubeconfig as data: clusters, users, and contexts, which pair a cluster and a user.

Commands that change it are in config.py, and the choice of a file and a context is in access.Access. Mirrors
k8s.io/client-go tools/clientcmd, v1.36, without merging several files.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal

from kubesim.api.objects import Object, find_named
from kubesim.workspace import HOME

CLUSTER = "kubernetes"
USER = "kubernetes-admin"
CONTEXT = f"{USER}@{CLUSTER}"
SERVER = "https://127.0.0.1:6443"
KUBECONFIG = f"{HOME}/.kube/config"

Section = Literal["clusters", "users", "contexts"]
# By section, the key under which an entry has its fields. The entry's other key is "name".
_ENTRY_KEYS: Mapping[Section, str] = {"clusters": "cluster", "users": "user", "contexts": "context"}
# Fields, of any section, that kubesim reads and that must be strings.
_STRING_FIELDS = ("server", "token", "client-certificate-data", "cluster", "user", "namespace")


def _placeholder(name: str) -> str:
    """A base64 text in place of a certificate or key: nothing in kubesim is encrypted or signed with it."""
    return base64.b64encode(f"the {name} of kubesim, which has none".encode()).decode()


# The client certificate of the user kubernetes-admin. kubectl compares it as text.
CERTIFICATE = _placeholder("certificate of kubernetes-admin")

_INITIAL: Object = {
    "kind": "Config",
    "apiVersion": "v1",
    "clusters": [
        {
            "name": CLUSTER,
            "cluster": {"server": SERVER, "certificate-authority-data": _placeholder("authority of the cluster")},
        }
    ],
    "users": [
        {"name": USER, "user": {"client-certificate-data": CERTIFICATE, "client-key-data": _placeholder("private key")}}
    ],
    "contexts": [{"name": CONTEXT, "context": {"cluster": CLUSTER, "user": USER}}],
    "current-context": CONTEXT,
}
# A kubeconfig without entries. As in a file without them, its sections are None.
EMPTY: Object = {**_INITIAL, "clusters": None, "users": None, "contexts": None, "current-context": ""}


class NotAKubeconfigError(Exception):
    """A YAML file that isn't structured as a kubeconfig."""


def _sorted_entries(entries: Any, key: str) -> list[Object] | None:
    """The entries of a section, sorted by name; None without entries. The last of equal names counts.

    `key` is of _ENTRY_KEYS. Raises AttributeError, KeyError or TypeError for entries of another structure.
    """
    by_name: dict[str, Object] = {}
    for entry in entries or ():
        fields = {**(entry.get(key) or {})}
        if not all(isinstance(fields.get(name), str | None) for name in _STRING_FIELDS):
            raise TypeError
        by_name[str(entry["name"])] = fields
    return [{"name": name, key: fields} for name, fields in sorted(by_name.items())] or None


class Kubeconfig:
    """A kubeconfig, whose `content` is its file as an object.

    Methods replace `content` and never change it in place, so that a copied Kubeconfig keeps the old one. With
    `is_in_pod`, kubectl runs in a container, and the content comes from the mounted token, not from a file.
    """

    def __init__(self, content: Object = _INITIAL, is_in_pod: bool = False) -> None:
        self.content = content
        self.is_in_pod = is_in_pod

    @classmethod
    def in_pod(cls, token: str = "", namespace: str = "") -> Kubeconfig:
        """The configuration in a container: its ServiceAccount's token and namespace; without a token, no cluster."""
        if not token:
            return cls(EMPTY, is_in_pod=True)
        contexts = [{"name": "", "context": {"cluster": CLUSTER, "user": "", "namespace": namespace}}]
        users = [{"name": "", "user": {"token": token}}]
        content = {**EMPTY, "clusters": _INITIAL["clusters"], "users": users, "contexts": contexts}
        return cls(content, is_in_pod=True)

    @classmethod
    def of_file(cls, text: str) -> Kubeconfig:
        """Parse a file's text. Raises ManifestError for malformed YAML, NotAKubeconfigError for other structures."""
        from kubesim.kubectl.documents import parse_document  # late: it imports YAML

        try:
            content = {**EMPTY, **(parse_document(text) or {})}
            sections: Object = {name: _sorted_entries(content[name], key) for name, key in _ENTRY_KEYS.items()}
        except (AttributeError, KeyError, TypeError):  # a list or text in place of a map, or an entry without a name
            raise NotAKubeconfigError from None
        if content["kind"] != "Config":
            raise NotAKubeconfigError
        return cls({**content, **sections})

    @property
    def current(self) -> str:
        """The name of the current context, "" for none."""
        return str(self.content["current-context"] or "")

    def namespace_of(self, context: str) -> str:
        """The namespace of a context, which commands use without -n: "default" if it has none."""
        return self.fields("contexts", context).get("namespace") or "default"

    def names(self, section: Section) -> list[str]:
        return [entry["name"] for entry in self.content[section] or ()]

    def has(self, section: Section, name: str) -> bool:
        return name in self.names(section)

    def fields(self, section: Section, name: str) -> Object:
        """The fields of an entry, such as server or token; empty for a missing entry. Not to be changed."""
        entry = find_named(self.content[section] or (), name) or {}
        fields: Object = entry.get(_ENTRY_KEYS[section]) or {}
        return fields

    def put(self, section: Section, name: str, fields: Object) -> None:
        """Add an entry, or replace the entry of that name."""
        entries = [entry for entry in self.content[section] or () if entry["name"] != name]
        entries.append({"name": name, _ENTRY_KEYS[section]: fields})
        self.content = {**self.content, section: sorted(entries, key=lambda entry: str(entry["name"]))}

    def use(self, context: str) -> None:
        self.content = {**self.content, "current-context": context}
