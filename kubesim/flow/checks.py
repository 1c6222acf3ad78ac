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
from kubesim.flow.facts import UNCLEAR, Facts, Words, nearest
from kubesim.flow.scene import entries_of, host_of


def invalid_name(facts: Facts) -> Words | None:
    if facts.reference or not facts.image:  # a message alone may name none
        return None
    lower = facts.image.lower()
    try:
        imageref.parse(lower)
    except ValueError:
        return {"valid": "'<a valid image name>'"}
    return {"valid": lower}


def unschedulable(facts: Facts) -> Words | None:
    conditions = facts.pod.get("status", {}).get("conditions", ())
    if not any(item.get("reason") == "Unschedulable" for item in conditions):
        return None
    selector = facts.pod["spec"].get("nodeSelector") or {}
    labels = " ".join(f"{key}={value}" for key, value in selector.items())
    return {"labels": labels, "node": next(map(name_of, facts.scene.api.list(NODE)), "'<node>'")}


def never(facts: Facts) -> Words | None:
    if facts.trace is None or facts.trace.policy != NEVER or facts.trace.present or facts.kind == "no_right":
        return None
    return {"unlisted": facts.scene.is_export and not facts.names and not facts.is_partial}


def unreachable(facts: Facts) -> Words | None:
    if facts.kind not in ("no_host", "closed"):
        return None
    closed = facts.kind == "closed"
    known = [host_of(entry) for secret in facts.secrets_here for entry in entries_of(secret)]
    host = keyring.split_port(facts.registry)[0]
    loopback = host if host in ("localhost", "127.0.0.1") else ""
    bare = "" if loopback else facts.registry.rpartition(":")[0]
    near = bare if closed else nearest(facts.registry, [*known, DEFAULT_REGISTRY])
    moved = facts.image.replace(facts.registry, near, 1)
    return {
        "closed": closed,
        "near": near,
        "moved": moved if near else "'<registry>/<repository>:<tag>'",
        "loopback": loopback,
        "service": host.endswith((".svc", ".cluster.local")),
    }


_VERSION = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?|latest")


def tag_as_path(facts: Facts) -> Words | None:
    """A tag behind a slash instead of a colon, which makes it a part of the repository."""
    bare, slash, last = facts.image.rpartition("/")
    refused = facts.reply is not None and (facts.reply.credentials or facts.kind == "not_found")
    return {"colon": f"{bare}:{last}"} if slash and _VERSION.fullmatch(last) and refused else None


def not_found(facts: Facts) -> Words | None:
    reference = facts.reference
    if reference is None or facts.kind != "not_found":
        return None
    tags = facts.scene.registries.tags(reference)
    bare = facts.image.partition("@")[0].removesuffix(f":{reference.tag}")
    tag = nearest(reference.tag or "", tags) or (tags[-1] if tags else "")
    missing = f"digest {reference.digest}" if reference.digest else f"tag {reference.tag}"
    unlisted = facts.scene.is_export and not facts.matches
    return {"missing": missing, "tags": ", ".join(tags[:9]), "existing": f"{bare}:{tag}", "unlisted_export": unlisted}


def official(facts: Facts) -> Words | None:
    """Docker Hub's official images are public, so a refusal means that there is none of that name."""
    official = f"{DEFAULT_REGISTRY}/{OFFICIAL_PREFIX}"
    if facts.reference is None or not facts.reference.name.startswith(official) or facts.kind not in UNCLEAR:
        return None
    return {"official": facts.reference.name.removeprefix(official)}


def transport(facts: Facts) -> Words | None:
    """What no credentials decide: the row of signs.yaml has the verdict."""
    return {"row": facts.reply.row} if facts.reply and facts.reply.transport else None


def elsewhere(facts: Facts) -> Words | None:
    """A refusal by a mirror, or by the storage that a registry sends the node to."""
    if facts.reply is None or not facts.reply.credentials or facts.asked.role not in ("mirror", "storage"):
        return None
    matched = facts.matches[0].secret_name if facts.matches else ""
    return {"mirror": facts.asked.role == "mirror", "matched": matched}


def unknown_answer(facts: Facts) -> Words | None:
    """A message of another cluster that no sign knows."""
    if not facts.scene.is_export or facts.reply is None or facts.kind != "other" or facts.is_silent:
        return None
    return {"sentence": facts.reply.sentence}


def other(facts: Facts) -> Words:
    """What none of the others explains is said in the kubelet's own words."""
    silent = "The status does not say what the registry answered, and no event does."
    if facts.matches:
        silent = "The Secrets match the image, and the status does not say what the registry answered."
    message = facts.trace.message if facts.trace and (facts.reply is None or facts.reply.sentence) else ""
    return {"message": message or silent}


CHECKS = (
    *(invalid_name, unschedulable, never, unreachable, tag_as_path, not_found, official, transport, elsewhere),
    *(unknown_answer, other),
)
