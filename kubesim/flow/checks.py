"""What keeps an image away, apart from credentials: names, the network, the registry, the node.

Each check gives the words for the placeholders of its rows in causes.yaml, or None where they do not hold.
"""

from __future__ import annotations

import re

from kubesim.api import imageref
from kubesim.api.imageref import DEFAULT_REGISTRY, OFFICIAL_PREFIX
from kubesim.api.objects import name_of
from kubesim.api.resources import NODE
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import NEVER
from kubesim.flow.facts import UNCLEAR, Facts, Known, nearest
from kubesim.flow.scene import entries_of, host_of


def invalid_name(facts: Facts) -> Known | None:
    if facts.reference or not facts.image:  # a message alone may name none
        return None
    lower = facts.image.lower()
    try:
        imageref.parse(lower)
    except ValueError:
        return {"valid": "'<a valid image name>'"}
    return {"valid": lower}


def unschedulable(facts: Facts) -> Known | None:
    if all(item.get("reason") != "Unschedulable" for item in facts.pod.get("status", {}).get("conditions", ())):
        return None
    selector = facts.pod["spec"].get("nodeSelector") or {}
    labels = " ".join(f"{key}={value}" for key, value in selector.items())
    return {"labels": labels, "node": next(map(name_of, facts.scene.api.list(NODE)), "'<node>'")}


def never(facts: Facts) -> Known | None:
    if facts.trace is None or facts.trace.policy != NEVER or facts.trace.present or facts.kind == "no_right":
        return None
    return {"unlisted": facts.scene.is_export and not facts.names and not facts.is_partial}


def unreachable(facts: Facts) -> Known | None:
    if facts.kind not in ("no_host", "closed"):
        return None
    closed, host = facts.kind == "closed", keyring.split_port(facts.registry)[0]
    known = (host_of(entry) for secret in facts.secrets_here for entry in entries_of(secret))
    loopback = host if host in ("localhost", "127.0.0.1") else ""
    bare = "" if loopback else facts.registry.rpartition(":")[0]
    near = bare if closed else nearest(facts.registry, (*known, DEFAULT_REGISTRY))
    moved = facts.image.replace(facts.registry, near, 1) if near else "'<registry>/<repository>:<tag>'"
    service = host.endswith((".svc", ".cluster.local"))
    return {"closed": closed, "near": near, "moved": moved, "loopback": loopback, "service": service}


_VERSION = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?|latest")


def tag_as_path(facts: Facts) -> Known | None:
    """A tag behind a slash instead of a colon, which makes it a part of the repository."""
    bare, slash, last = facts.image.rpartition("/")
    refused = facts.reply is not None and (facts.reply.credentials or facts.kind == "not_found")
    return {"colon": f"{bare}:{last}"} if slash and _VERSION.fullmatch(last) and refused else None


def not_found(facts: Facts) -> Known | None:
    reference = facts.reference
    if reference is None or facts.kind != "not_found":
        return None
    tags = facts.scene.registries.tags(reference)
    bare = facts.image.partition("@")[0].removesuffix(f":{reference.tag}")
    tag = nearest(reference.tag or "", tags) or (tags[-1] if tags else "")
    missing = f"digest {reference.digest}" if reference.digest else f"tag {reference.tag}"
    unlisted = facts.scene.is_export and not facts.matches
    return {"missing": missing, "tags": ", ".join(tags[:9]), "existing": f"{bare}:{tag}", "unlisted_export": unlisted}


def official(facts: Facts) -> Known | None:
    """Docker Hub's official images are public, so a refusal means that there is none of that name."""
    official = f"{DEFAULT_REGISTRY}/{OFFICIAL_PREFIX}"
    if facts.reference is None or not facts.reference.name.startswith(official) or facts.kind not in UNCLEAR:
        return None
    return {"official": facts.reference.name.removeprefix(official)}


def answer(facts: Facts) -> Known:
    """What was answered, by whom, and whether credentials have to do with it."""
    reply, role = facts.reply, facts.asking.role
    return {
        "transport": reply and reply.transport,
        "passed_on": reply and reply.credentials and role in ("mirror", "storage"),
        "mirror": role == "mirror",
        "matched": facts.matches[0].secret_name if facts.matches else "",
        "unknown": facts.scene.is_export and facts.kind == "other" and not facts.is_silent,
        "sentence": reply.sentence if reply else "",
        "message": facts.trace.message if facts.trace else "",
    }


CHECKS = (invalid_name, unschedulable, never, unreachable, tag_as_path, not_found, official, answer)
