"""In what way the entries of a Secret miss an image."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from fnmatch import fnmatchcase

from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.api.objects import Object
from kubesim.api.resources import SECRET
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import SecretLook
from kubesim.flow.facts import Facts, host_of, nearest
from kubesim.gotext import gojson


def mismatch(facts: Facts, look: SecretLook) -> str:
    """In what way the Secret's entries miss the image: "holds credentials for …"."""
    assert facts.reference is not None
    if not look.entries:
        return _emptiness(facts.scene.api.find(SECRET, facts.namespace, look.name) or {})
    held = f"holds credentials for {', '.join(look.entries)}"
    wanted = f"the image is at {facts.registry}"
    for entry in look.entries:
        host = host_of(entry)
        if style := _style(entry, facts.reference.name, look.type):
            return f"{held}, but {style}"
        if keyring.key_matches(host, facts.reference.name):
            return f"{held}: only for repositories that begin so. The image is {facts.reference.name}."
        if host.partition(":")[0] == facts.registry.partition(":")[0]:
            return f"{held}, but {wanted}. The port must be the same on both sides."
        if nearest(host, [facts.registry]):
            return f"{held}, but {wanted}. Almost the same name: look at the letters."
        if host in (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY):
            return f"{held}, that is Docker Hub, which kubectl assumes without --docker-server; but {wanted}."
    return f"{held}, but {wanted}."


def _emptiness(secret: Object) -> str:
    """Why a pull secret holds no entry."""
    key = keyring.DATA_KEYS.get(secret.get("type", ""), "")
    blob = (secret.get("data") or {}).get(key)
    if not blob:
        return f"holds credentials for no registry: it has no key {key}."
    config = None
    with suppress(ValueError):
        config = gojson.loads(base64.b64decode(blob).decode(errors="replace"))
    if config and isinstance(config, dict) and not any(name.lower() == "auths" for name in config):
        return f"holds credentials for no registry: its {key} has no auths."
    return f"holds credentials for no registry: its {key} is empty."


def _style(entry: str, name: str, kind: str | None) -> str:
    """What is wrong with an entry that would be for the image, were it written in another way; "" if nothing is."""
    host, _, path = (keyring.registry_key(entry) or "").partition("/")
    if entry == "auths" and kind == keyring.DOCKERCFG:
        return f"the type {kind} has no auths: the registries stand at the top."
    if not host:
        return f'"{entry}" is not the address of a registry.'
    if keyring.key_matches(f"{host.lower()}/{path}".rstrip("/"), name) and host != host.lower():
        return "the name of a registry is compared letter by letter, and upper case is not lower case."
    if keyring.key_matches(f"{host}/{re.split('[:@*]', path)[0]}".rstrip("/"), name) and re.search("[:@*]", path):
        return "the path of an entry is a plain beginning of the repository, without a tag and without *."
    if "*" in host and fnmatchcase(name.partition("/")[0], host):
        return "* stands for one part between two dots only."
    return ""
