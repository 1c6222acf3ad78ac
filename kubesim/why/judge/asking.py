"""The host that answered a pull, according to a message: the registry, or another one in its place."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import NamedTuple

from kubesim.pull.keyring import split_port
from kubesim.why.read.names import HUB, REDACTED_PART
from kubesim.why.read.signs import REQUEST, Reply

# Hosts at which clouds' registries keep layers.
_STORAGE = re.compile(
    r"\bs3\b|\bblob\.core|cloudfront\.net|storage\.googleapis|cloudflarestorage|\bcdn0?\d*\.quay|\bproduction\.cloudflare\.docker"
)
# The path of a request to a registry: its root, or a part of an image.
_REGISTRY_PATH = re.compile(r"(/v2)?/?$|/v2/.+/(manifests|blobs|tags)/")
# The path of a layer where a registry keeps it.
_BLOB = re.compile(r"/blobs?/|/sha256[:/]")


class Asked(NamedTuple):
    """The host that answered, and its role: "mirror", "token service", "storage", "way", or "" for the registry."""

    host: str
    role: str = ""


def asked(message: str, registry: str, reply: Reply) -> Asked:
    """The host that wrote `message`, found by the last request or DNS query in it.

    For the registry r.example, the host and its role are:

    * none, or `https://r.example/…`: the registry
    * `https://m.example/v2/web/manifests/1`: a mirror, which is asked as the registry would be
    * `https://t.example/token?…`, or "failed to fetch oauth token": a token service
    * `https://s3.example/docker/registry/v2/blobs/…`: its storage
    * `https://s.example/layer`, or `lookup s.example`: another host on the way, whose part isn't known
    """
    host = registry
    path = ""
    for request in REQUEST.finditer(message):
        if request.end() < len(message) or request["rest"]:  # a host at the very end may have been cut off
            host = request["host"]
            path = request["rest"]
    looked_up = reply.words.get("lookup", "")
    is_elsewhere = bool(looked_up) and not _is_name_of(looked_up, host)
    if is_elsewhere:
        host = looked_up
    if not registry:
        return Asked(host, "storage" if _STORAGE.search(host) else "")
    if _is_same(host, registry):
        return Asked(registry)
    if not is_elsewhere and _REGISTRY_PATH.match(path):
        return Asked(host, "mirror")
    if re.search(r"fetch \w+ token", message) or re.search(r"/(token|auth|oauth2)\b", path):
        return Asked(host, "token service")
    return Asked(host, "storage" if _STORAGE.search(host) or _BLOB.search(path) else "way")


def _is_name_of(looked_up: str, host: str) -> bool:
    """True if a DNS query was for `host`. That of a Service `r.ci:5000` may be for `r.ci.svc.cluster.local`."""
    name, _port = split_port(host)
    return looked_up == name or looked_up.startswith(f"{name}.")


def _is_same(host: str, registry: str) -> bool:
    """True if two hosts are equal as far as they aren't redacted, or both are Docker Hub's."""
    one = _comparable(host)
    other = _comparable(registry)
    are_hubs = host in HUB and registry in HUB
    return are_hubs or one == other or fnmatchcase(one, other) or fnmatchcase(other, one)


def _comparable(host: str) -> str:
    """A host in lower case, without the default port, and with the glob "*" for each redacted part."""
    return REDACTED_PART.sub("*", host.removesuffix(":443").lower())
