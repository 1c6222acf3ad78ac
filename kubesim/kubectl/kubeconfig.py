"""The kubeconfig: clusters, users, and contexts that name one of each.

Mirrors k8s.io/client-go tools/clientcmd, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Literal

from kubesim.api.objects import Object, find_named
from kubesim.workspace import HOME

CLUSTER = "kubernetes"
USER = "kubernetes-admin"
CONTEXT = f"{USER}@{CLUSTER}"
SERVER = "https://127.0.0.1:6443"
KUBECONFIG = f"{HOME}/.kube/config"

Section = Literal["clusters", "users", "contexts"]
# The lists of the file, each with the field that its entries have beside their name.
_FIELDS: Mapping[Section, str] = {"clusters": "cluster", "users": "user", "contexts": "context"}
_TEXTS = ("server", "token", "client-certificate-data", "cluster", "user", "namespace")  # fields of all three, as read


def _simulated(what: str) -> str:
    return base64.b64encode(f"the {what} of kubesim, which has none".encode()).decode()


CERTIFICATE = _simulated("certificate of kubernetes-admin")
"""The administrator's: who shows it is kubernetes-admin."""

_INITIAL: Object = {
    "kind": "Config",
    "apiVersion": "v1",
    "clusters": [
        {
            "name": CLUSTER,
            "cluster": {"server": SERVER, "certificate-authority-data": _simulated("authority of the cluster")},
        }
    ],
    "users": [
        {"name": USER, "user": {"client-certificate-data": CERTIFICATE, "client-key-data": _simulated("private key")}}
    ],
    "contexts": [{"name": CONTEXT, "context": {"cluster": CLUSTER, "user": USER}}],
    "current-context": CONTEXT,
}
EMPTY: Object = {**_INITIAL, "clusters": None, "users": None, "contexts": None, "current-context": ""}


class NotAKubeconfigError(Exception):
    """A file has another shape."""


def _in_order(content: Object) -> Object:
    """A kubeconfig with the entries of each list by name, of several with one name the last."""
    if content["kind"] != "Config":
        raise NotAKubeconfigError
    for section, part in _FIELDS.items():
        by_name: dict[str, Object] = {}
        for entry in content[section] or ():
            fields = {**(entry.get(part) or {})}
            if not all(isinstance(fields.get(name), str | None) for name in _TEXTS):
                raise NotAKubeconfigError
            by_name[str(entry["name"])] = fields
        content[section] = [{"name": name, part: fields} for name, fields in sorted(by_name.items())] or None
    return content


class Kubeconfig:
    """`content` is what the file says. It is replaced, never changed, so that a copy of this remembers it.

    `is_in_pod`: there is no file, and kubectl goes by what is mounted into its container.
    """

    def __init__(self, content: Object = _INITIAL, is_in_pod: bool = False) -> None:
        self.content = content
        self.is_in_pod = is_in_pod

    @classmethod
    def in_pod(cls, token: str = "", namespace: str = "") -> Kubeconfig:
        """What kubectl goes by in a container: its token and namespace; without a token no cluster at all."""
        if not token:
            return cls(EMPTY, is_in_pod=True)
        contexts = [{"name": "", "context": {"cluster": CLUSTER, "user": "", "namespace": namespace}}]
        users = [{"name": "", "user": {"token": token}}]
        content = {**EMPTY, "clusters": _INITIAL["clusters"], "users": users, "contexts": contexts}
        return cls(content, is_in_pod=True)

    @classmethod
    def of_file(cls, text: str) -> Kubeconfig:
        """What a file says.

        Raises ManifestError for no YAML, and NotAKubeconfigError for another shape.
        """
        from kubesim.kubectl.documents import parse_document  # late: it imports YAML

        content = parse_document(text) or {}
        try:
            return cls(_in_order({**EMPTY, **content}))
        except (AttributeError, KeyError, TypeError):  # no map, no name
            raise NotAKubeconfigError from None

    @property
    def current(self) -> str:
        """The name of the current context, "" for none."""
        return str(self.content["current-context"] or "")

    def namespace_of(self, context: str) -> str:
        """The namespace that commands work in without -n."""
        return self.fields("contexts", context).get("namespace") or "default"

    def names(self, section: Section) -> list[str]:
        return [entry["name"] for entry in self.content[section] or ()]

    def has(self, section: Section, name: str) -> bool:
        return name in self.names(section)

    def fields(self, section: Section, name: str) -> Object:
        """What an entry says; nothing for one that isn't there."""
        entry = find_named(self.content[section] or (), name) or {}
        fields: Object = entry.get(_FIELDS[section]) or {}
        return fields

    def put(self, section: Section, name: str, fields: Object) -> None:
        """Add an entry, or replace the one of that name."""
        entries = [entry for entry in self.content[section] or () if entry["name"] != name]
        entries.append({"name": name, _FIELDS[section]: fields})
        self.content = {**self.content, section: sorted(entries, key=lambda entry: str(entry["name"]))}

    def use(self, context: str) -> None:
        self.content = {**self.content, "current-context": context}
