"""Checks for causes of a failed pull that lie in the image's name, the network, the registry or the node.

A check returns the words for its rows in causes.yaml, or None if its cause doesn't apply. More are in credentials.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from kubesim.api.objects import name_of
from kubesim.api.resources import NODE
from kubesim.pull import imageref, keyring
from kubesim.pull.attempt import NEVER
from kubesim.pull.imageref import DEFAULT_REGISTRY, OFFICIAL_PREFIX
from kubesim.why.hide.redact import redact
from kubesim.why.judge import credentials
from kubesim.why.judge.commands import Command, quote
from kubesim.why.judge.derived import Derived
from kubesim.why.judge.facts import Facts, nearest
from kubesim.why.judge.pull_facts import LOOPBACKS, UNCLEAR
from kubesim.why.judge.scene import entries_of, host_of
from kubesim.why.judge.words import Known, inspect
from kubesim.why.read.signs_table import signs

# Remains of a template whose value wasn't set.
_UNSET = re.compile(r"[{}$<>]|(?:^|[:/])(?:none|null|nil|undefined)(?:$|[:/])")
# A name with two tags: its repository, and both.
_TWO_TAGS = re.compile(r"^([^:@]+(?::\d+/[^:@]+)?):([\w.-]+):([\w.-]+)$")
# A command line in the place of an image.
_COMMAND = re.compile(r" -|^(?:\S*sh|echo|java|node|npm|python3?|sleep|yarn) ")
# The words of `invalid_name`, each "" for a mistake that the name doesn't have.
_NO_MISTAKE: Known = dict.fromkeys(
    (
        "command",
        "valid",
        "flawed",
        "is_map",
        "two_tags",
        "lost_digest",
        "empty_tag",
        "no_registry",
        "is_path",
        "number",
        "scheme",
        "placeholder",
    ),
    "",
)
_VERSION = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?|latest")
# A name of a project that asks Docker Hub.
_PROXY = re.compile(r"proxy|docker-?hub|cache")
# Kinds of answers for an image of Docker Hub that doesn't exist.
_NO_SUCH = (*UNCLEAR, "unauthorized", "anonymous")
# The words of `not_found` for a message that names no image.
_UNNAMED: Known = {
    **dict.fromkeys(("bitnami", "inspect_bitnami", "tags", "existing"), ""),
    "missing": "such tag",
    "unlisted_export": True,
}
# Ends of the names of Services in the cluster's DNS.
_SERVICES = (".svc", ".cluster.local", ".kube-system", ".default")
# Kinds of replies without an answer from the registry.
_NO_ROUTE = ("timeout", "no_route", "closed", "blocked_port", "proxy", "interrupted", "token_service")
# Kinds of replies that credentials could change.
_NO_LOGIN = ("anonymous", "unauthorized", "permission", "forbidden", "scope", "denied", "expired")
# A mirror in CRI-O's list of failed mirrors.
_MIRROR = re.compile(r"(?:Mirrors also failed: \[|\]? \[|\], \[)([^/\s]+)/[^\s:]+(?::[^\s/]+)?: ")


def invalid_name(facts: Facts) -> Known | None:
    """A text that is no image name."""
    if not facts.image:  # a message alone may name none
        return None
    is_said = facts.kind == "invalid_name"
    if not is_said and (facts.reference or facts.is_partial):  # of a text, a part of the name may be redacted
        return None
    lower = facts.image.lower()
    unset = bool(_UNSET.search(lower))
    if lower.startswith("map["):
        return {**_NO_MISTAKE, "valid": "'<registry>/<repository>:<tag>'", "flawed": True, "is_map": True}
    if _COMMAND.search(lower):
        return {**_NO_MISTAKE, "command": Command(f"[{', '.join(map(_as_yaml, facts.image.split()))}]")}
    with suppress(ValueError):
        imageref.parse(lower)
        if not unset:
            return {**_NO_MISTAKE, "valid": lower}
    number = re.search(r":(\d+(\.\d+)?e\+?\d+)$", lower)
    scheme = re.match(r"\w+://", lower)
    tags = _TWO_TAGS.search(lower)
    two_tags = f"{tags[2]} and {tags[3]}" if tags else ""
    lost_digest = bool(re.search(r"@(sha256:?)?$", lower))
    empty_tag = lower.endswith(":") and not lower.endswith("sha256:")
    no_registry = bool(re.match(r"/[^/]+/[^/]+:", lower)) and not lower.startswith(("/tmp/", "/var/"))
    is_path = lower.startswith(("/tmp/", "/var/", "/home/")) or lower.endswith((".jar", ".tar", ".war"))
    valid = "'<a valid image name>'"
    if tags and not unset:
        valid = f"{tags[1]}:{tags[3]}"
    elif scheme and not unset:
        with suppress(ValueError):
            imageref.parse(bare := lower.removeprefix(scheme[0]))
            valid = bare
    return {
        **_NO_MISTAKE,
        "valid": valid,
        "flawed": any((two_tags, lost_digest, empty_tag, no_registry, is_path, number, scheme, unset)),
        "two_tags": two_tags,
        "lost_digest": lost_digest,
        "empty_tag": empty_tag,
        "no_registry": no_registry,
        "is_path": is_path,
        "number": number[1] if number else "",
        "scheme": scheme[0] if scheme else "",
        "placeholder": unset,
    }


def _as_yaml(word: str) -> str:
    """A text in YAML, in single quotes, in which neither YAML nor a shell finds anything special."""
    return "'{}'".format(word.replace("'", "''"))


def unschedulable(facts: Facts) -> Known | None:
    """A Pod that no node takes; with the labels that a node would need, if they are what is missing."""
    conditions = facts.pod.get("status", {}).get("conditions", ())
    said = next((item.get("message", "") for item in conditions if item.get("reason") == "Unschedulable"), None)
    if said is None:
        return None
    selector = facts.pod["spec"].get("nodeSelector") or {}
    labels = Command(" ".join(quote(f"{key}={value}", "label") for key, value in selector.items()))
    nodes = facts.scene.api.list(NODE)
    cordoned = next((name_of(node) for node in nodes if node["spec"].get("unschedulable")), "'<node>'")
    return {
        "labels": labels if "selector" in said or not said else Command(""),
        "node": next(map(name_of, nodes), "'<node>'"),
        "cordoned": cordoned if "were unschedulable" in said else "",
        "scheduler": redact(said.partition(". ")[0].removesuffix(".")),
    }


def never(facts: Facts) -> Known | None:
    """The policy Never, and an image that the node lacks."""
    if facts.trace is None or facts.trace.present or facts.kind == "no_right":
        return None
    if facts.trace.policy != NEVER and facts.kind != "never" and facts.trace.outcome != "ErrImageNeverPull":
        return None
    return {"unlisted": facts.scene.is_export and not facts.names and not facts.is_partial}


def unreachable(facts: Facts) -> Known | None:
    """A registry whose host has no address, or where nothing listens at the port."""
    closed = facts.kind == "closed"
    host, port = keyring.split_port(facts.registry or facts.asking.host)
    service = host.endswith(_SERVICES) and not facts.asking.role and not closed
    if not (facts.kind in ("no_host", "closed") or (service and facts.kind == "name_server")):
        return None
    known = (host_of(entry) for secret in facts.secrets_here for entry in entries_of(secret))
    loopback = host if host in LOOPBACKS else ""
    bare = host if facts.registry and port and not loopback else ""
    near = bare or facts.port_elsewhere if closed else nearest(facts.registry, (*known, DEFAULT_REGISTRY))
    elsewhere = f"{host}:<port>" if closed and host and not (port or loopback) else "<registry>"
    openshift = host.startswith("image-registry.openshift-image-registry") or host == "docker-registry.default.svc"
    return {
        "openshift": openshift and facts.kind == "no_host",  # a name that no one answers for may be there
        "closed": closed,
        "other_port": facts.port_elsewhere,
        "near": near,
        "moved": f"{near or elsewhere}/{Derived(facts).rest}",
        "loopback": loopback,
        "service": service,
    }


def tag_as_path(facts: Facts) -> Known | None:
    """A tag behind a slash instead of a colon, which makes it a part of the repository."""
    bare, slash, last = facts.image.rpartition("/")
    refused = facts.reply is not None and (facts.reply.credentials or facts.kind == "not_found")
    return {"colon": f"{bare}:{last}"} if slash and _VERSION.fullmatch(last) and refused else None


def two_hosts(facts: Facts) -> Known | None:
    """Docker Hub in front of a name that has a registry already."""
    reference = facts.reference
    is_hub = reference is not None and reference.registry == DEFAULT_REGISTRY
    host, slash, _ = reference.repository.partition("/") if reference and is_hub else ("", "", "")
    refused = facts.reply is not None and (facts.reply.credentials or facts.kind == "not_found")
    if not (slash and refused and re.fullmatch(signs().public, host, re.IGNORECASE | re.VERBOSE)):
        return None
    return {"bare": facts.image[facts.image.index(f"{host}/") :]}


def not_found(facts: Facts) -> Known | None:
    """A tag, digest or repository that the registry doesn't have."""
    reference = facts.reference
    if facts.kind != "not_found":
        return None
    if reference is None:
        return _UNNAMED
    tags = facts.scene.registries.tags(reference)
    bare = facts.image.partition("@")[0].removesuffix(f":{reference.tag}")
    tag = nearest(reference.tag or "", tags) or (tags[-1] if tags else "")
    return {
        "bitnami": _bitnami_legacy(reference),
        "inspect_bitnami": inspect(facts, _bitnami_legacy(reference)),
        "missing": "such digest" if reference.digest else f"tag {reference.tag}",
        "tags": ", ".join(tags[:9]),
        "existing": f"{bare}:{tag}",
        "unlisted_export": facts.scene.is_export and not facts.matches,
    }


def _bitnami_legacy(reference: imageref.Reference) -> str:
    """The image of Bitnami at its new place; "" for an image of others."""
    old, new = "docker.io/bitnami/", "docker.io/bitnamilegacy/"
    return reference.canonical.replace(old, new, 1) if reference.name.startswith(old) else ""


@cache
def _official_images() -> tuple[str, ...]:
    """Docker Hub's official images that many Pods have. The table is JSON, because words of YAML are shown unmasked."""
    return tuple(json.loads(Path(__file__).with_name("official_images.json").read_text("utf-8")))


def official(facts: Facts) -> Known | None:
    """A refusal for a name like that of an official image of Docker Hub. Those are public, so there is none of it."""
    official = f"{DEFAULT_REGISTRY}/{OFFICIAL_PREFIX}"
    if facts.reference is None or not facts.reference.name.startswith(official) or facts.kind not in _NO_SUCH:
        return None
    name = facts.reference.name.removeprefix(official)
    near = nearest(name, _official_images())
    unexpanded = facts.client == "ctr" and f"/{OFFICIAL_PREFIX}" not in facts.image
    if (near == name and not unexpanded) or (facts.reply and facts.reply.sent):
        return None
    return {
        "official": name,
        "unexpanded": unexpanded,
        "local": facts.is_node,
        "near_official": near,
        "corrected": facts.image.replace(name, near, 1),
        "inspect_near": inspect(facts, facts.image.replace(name, near, 1)),
        "inspect_elsewhere": inspect(facts, Command(f"'<registry>'/{quote(name, 'image')}")),
    }


def proxy_project(facts: Facts) -> Known | None:
    """An official image of Docker Hub that lacks library/ in a project that is a proxy of Docker Hub."""
    if not facts.is_refused or not facts.is_partial:
        return None
    host, *path = facts.image.split("/")
    is_proxy = len(path) == 2 and (_PROXY.search(path[0]) is not None or "proxy_cache" in facts.around)
    if not is_proxy or re.split("[:@]", path[-1])[0] not in _official_images():
        return None
    with_library = f"{host}/{path[0]}/library/{path[1]}"
    return {"with_library": with_library, "inspect_library": inspect(facts, with_library)}


def within(facts: Facts) -> Known | None:
    """A failed pull of an image that isn't the Pod's own, such as that of the sandbox; with the reason of that pull."""
    if facts.reply is None or not facts.reply.row.for_others:
        return None
    inner = facts.reply.words.get("inner_kind", "")
    return {
        "sandbox_kind": facts.kind == "sandbox",
        "paused": facts.reply.words.get("sandbox") or facts.image or "'<image>'",
        "untold": not inner,
        "misnamed": inner == "invalid_name",
        "unresolved": inner in ("no_host", "name_server"),
        "unrouted": inner in _NO_ROUTE,
        "unlogged": inner in _NO_LOGIN,
        "down": inner == "outage",
    }


def answer(facts: Facts) -> Known:
    """Any other failure: the last answer, its author, and the credentials that may have been involved."""
    role = facts.asking.role
    return {
        "uninspected": facts.trace is not None and facts.trace.outcome == "ImageInspectError",
        "damaged_there": facts.kind == "partial" and not facts.scene.is_export,
        "passed_on": facts.is_refused and facts.kind != "other" and role in ("mirror", "storage"),
        "mirror": role == "mirror",
        "limited": facts.kind == "limit",
        "proxied": facts.kind == "proxy",
        "matched": facts.matches[0].secret_name if facts.matches else "",
        "mirrors": ", ".join(dict.fromkeys(_MIRROR.findall(facts.message))),
        "unknown": facts.scene.is_export and facts.kind == "other" and not facts.is_silent,
        "message": facts.trace.message if facts.trace else "",
    }


# All checks by name. causes.yaml has their order.
CHECKS: Mapping[str, Callable[[Facts], Known | None]] = {
    check.__name__: check
    for check in (
        *(
            invalid_name,
            unschedulable,
            never,
            unreachable,
            two_hosts,
            tag_as_path,
            not_found,
            official,
            proxy_project,
            within,
            answer,
        ),
        *credentials.CHECKS,
    )
}
