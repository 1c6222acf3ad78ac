"""Checks for causes of a failed pull that lie in its credentials: lists, Secrets, their entries, the node's identity.

A check returns the words for its rows in causes.yaml, or None if its cause doesn't apply. More are in checks.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from kubesim.api.objects import Object, labels_of, name_of, namespace_of, pull_secret_names, template_of
from kubesim.api.resources import POD, RESOURCES, SECRET
from kubesim.pull import keyring
from kubesim.pull.attempt import Attempt, SeenSecret
from kubesim.pull.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.why.hide.oddities import Flaw
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.derived import listed
from kubesim.why.judge.facts import Facts, nearest
from kubesim.why.judge.pull_facts import UNCLEAR, reply_to
from kubesim.why.judge.scene import entries_of, host_of, manifest_of, seconds
from kubesim.why.judge.words import Known, Words, say
from kubesim.why.read.signs import read

# Paths of a list imagePullSecrets that the API server drops.
_MISPLACED = re.compile(r"([\w.]*ontainers\[\d+\]|metadata)\.imagePullSecrets")
# Errors of containerd after the manifest, while it gets the layers.
_COPYING = re.compile(r"failed to copy|httpReadSeeker: failed open")
# Kinds of refusals, the clearest first.
_REFUSALS = (("unauthorized",), UNCLEAR, ("forbidden", "permission", "expired"))


def unreadable(facts: Facts) -> Known | None:
    """A pull secret that the kubelet can't decode."""
    bad = next((seen for seen in facts.seen if seen.is_unreadable), None)
    if bad is None:
        return None
    is_twice = Flaw.TWICE in facts.flaws(bad.name)
    return {**_secret(facts, bad.name), "trouble": bad.problem, "unasked": not facts.attempts, "twice": is_twice}


def misplaced(facts: Facts) -> Known | None:
    """A list imagePullSecrets in the wrong place of the applied manifest, which the API server dropped."""
    if facts.names or not (facts.kind == "anonymous" or facts.kind in UNCLEAR):
        return None
    for manifest in (facts.manifest, *(manifest_of(item.found) for item in facts.creators if item.found)):
        for path, name in _lists(manifest):
            if _MISPLACED.fullmatch(path):
                return {"path": path, "secret": facts.scene.mask(name) or facts.matching_secret or facts.free_name}
    return None


def _lists(manifest: str) -> Iterator[tuple[str, str]]:
    """The paths of the lists imagePullSecrets in a JSON manifest, each with the first name in the list."""
    places: list[tuple[str, Any]] = []
    with suppress(ValueError, RecursionError):
        places.append(("", json.loads(manifest)))
    for path, value in places:  # it grows in the loop, because recursion would fail on deep manifests
        if isinstance(value, dict):
            places += ((f"{path}.{key}".lstrip("."), item) for key, item in value.items())
        elif isinstance(value, list):
            places += ((f"{path}[{number}]", item) for number, item in enumerate(value))
            if path.endswith("imagePullSecrets"):
                yield path, next((str(each.get("name", "")) for each in value if isinstance(each, dict)), "")


def _secret(facts: Facts, name: str) -> Known:
    """The Secret's name, the number of its entries if it has several, and its field `immutable`."""
    count = next((len(seen.entries) for seen in facts.seen if seen.name == name), 0)
    secret = facts.secret_named(name) or {}
    return {"secret": name, "many": count if count > 1 else "", "immutable": secret.get("immutable")}


def mistyped(facts: Facts) -> Known | None:
    """A mistake in the command, pasted with the message, that created the pull secret."""
    if not facts.slips or not (facts.is_refused or facts.is_silent):
        return None
    return {
        "glued": "glued" in facts.slips,
        "unquoted": "unquoted" in facts.slips,
        "dashless": "dashless" in facts.slips,
        "secret": facts.created or facts.wanted or "'<name>'",
    }


def own_list(facts: Facts) -> Known | None:
    """The Pod's own list, which replaced one of its ServiceAccount that would work."""
    if not facts.names or not all(seen.usable for seen in facts.seen):
        return None
    good = next((name_of(secret) for secret in facts.account_secrets if facts.would_pull([secret])), None)
    return {"first": facts.names[0], "good": good} if good else None


def nothing_listed(facts: Facts) -> Known | None:
    """A Pod without pull secrets."""
    if facts.names or facts.reference is None or facts.is_partial or facts.is_silent:
        return None
    other = facts.match_elsewhere()
    obtain = facts.provider.registry.login
    if facts.matching_secret:
        obtain = "have_secret"
    elif other:
        obtain = "copy_secret"
    return {
        **_account(facts),
        "account_matches": any(map(facts.is_match, facts.account_secrets)),
        "obtain": obtain,
        "suitable": facts.matching_secret or (name_of(other) if other else facts.free_name),
        "other_namespace": namespace_of(other) if other else "",
        "local": facts.registry == DEFAULT_REGISTRY and bool(facts.local_cluster),
        **_context(facts),
    }


def _context(facts: Facts) -> Known:
    """Words on what surrounds a Pod without a list in an export: Pods with a list, its creator, volumes with images."""
    if not facts.scene.is_export:
        return dict.fromkeys(("sibling", "cached", "cron", "helm", "volumes"), "")
    volumes = facts.pod["spec"].get("volumes", ())
    traces = (trace for trace in facts.scene.traces.values() if trace.image == facts.image)
    labels = [labels_of(item) for item in (facts.pod, *(one.found for one in facts.creators if one.found))]
    return {
        "sibling": _sibling(facts),
        "cached": next((trace.pod for trace in traces if trace.outcome == "Pulled" and not trace.secrets), ""),
        "cron": facts.workload.removeprefix("cronjob/") if facts.workload.startswith("cronjob/") else "",
        "helm": any(each.get("app.kubernetes.io/managed-by") == "Helm" for each in labels),
        "volumes": ", ".join(volume["name"] for volume in volumes if volume.get("image")),
    }


def _sibling(facts: Facts) -> str:
    """A Pod or a template in the same namespace that lists the matching Secret, with its kind; "" if none does."""
    for resource in RESOURCES:
        if resource is POD or resource.template:
            for item in facts.scene.api.list(resource, facts.namespace):
                spec = template_of(resource, item).get("spec") or {}
                if facts.matching_secret and facts.matching_secret in pull_secret_names(spec):
                    return f"{resource.kind} {name_of(item)}"
    return ""


def identity(facts: Facts) -> Known | None:
    """A refusal by a cloud's registry, which knows its nodes by their identity, of a pull without other credentials."""
    has_identity = bool(facts.provider.registry.who) and not facts.local_cluster
    if not facts.is_refused or not has_identity or facts.matches or facts.is_unsure:
        return None
    if facts.names:
        is_nodes_part = facts.kind in ("permission", "forbidden", "expired")
    else:
        is_nodes_part = not (facts.matching_secret or facts.match_elsewhere())
    return _context(facts) if is_nodes_part else None


def unseen_list(facts: Facts) -> Known | None:
    """A refusal in an export that lacks the Pod's list or the listed Secrets."""
    if not facts.is_unsure or not facts.is_refused:
        return None
    return {
        "expired": facts.kind == "expired",
        "copying": bool(_COPYING.search(facts.message)),
        "anonymous": facts.kind == "anonymous",
        "first": next(iter(facts.names), ""),
        "unfound": "" if all(map(facts.is_masked, facts.names)) else f"aren't in {Words(facts)['place']},",
    }


def _account(facts: Facts) -> Known:
    """The first Secret in the ServiceAccount's list, and the command that puts the image's entry into it.

    The name is "" if that would overwrite other entries.
    """
    name = next(iter(facts.account_names), "")
    secret = facts.scene.api.find(SECRET, facts.namespace, name) if name else None
    is_free = secret is None or (secret.get("type") in keyring.DATA_KEYS and len(entries_of(secret)) <= 1)
    is_free &= not facts.is_masked(name)
    return {"account_secret": name if is_free else "", "account_fix": "overwrite_secret" if secret else "create_secret"}


def refused(facts: Facts) -> Known | None:
    """Matching credentials that the registry refused at the last attempt, or would refuse at the next."""
    reported = _refusal(facts.attempts)
    attempt = reported or _refusal(_next_attempts(facts))
    if attempt is None or not facts.matches or not facts.knows_secrets:
        return None
    reply = reply_to(attempt)
    oddities = _oddities(facts, attempt)
    return {
        **_secret(facts, str(attempt.secret)),
        **oddities,
        "user": attempt.username,
        "answer": reply.sentence,
        "coming": reported is None,
        "unauthorized": reply.kind == "unauthorized",
        "unclear": reply.kind in UNCLEAR,
        "permission": reply.kind == "permission",
        "expired": oddities["expired"] or reply.kind == "expired",
    }


def _oddities(facts: Facts, attempt: Attempt) -> Known:
    """The oddities of refused credentials in an export: a token's age, a user without its $, spaces, quotes."""
    if not facts.scene.is_export:
        return dict.fromkeys((*Flaw, "flaw", "expired", "short", "dollar", "age"), "")
    name = str(attempt.secret)
    entry = str(attempt.entry)
    user = str(attempt.username)
    provider = facts.provider.registry
    now = facts.scene.now
    flaws = facts.flaws(name, entry)
    written = _last_write(facts.scene.api.find(SECRET, facts.namespace, name) or {})
    hours = int((now - written) // 3600) if now and written else 0
    return {
        **{flaw: flaw in flaws for flaw in Flaw},
        "flaw": bool(flaws),
        "expired": 0 < facts.oddities(name).expires.get(entry, 0) < now,
        "short": any(user.startswith(one) for one in provider.users),
        "dollar": re.fullmatch(r"robot[^$]*", user) is not None,
        "age": hours if hours >= provider.hours else "",
    }


def _last_write(secret: Object) -> float:
    """A Secret's last change in seconds since the epoch; 0 if unknown. Its creationTimestamp survives `apply`."""
    fields = (secret.get("metadata") or {}).get("managedFields") or ()
    return max((seconds(field.get("time", "")) for field in fields), default=0)


def _next_attempts(facts: Facts) -> Iterable[Attempt]:
    """The attempts that the kubelet would make with the Secrets as they are now; none for an export."""
    if facts.scene.is_export or facts.reference is None:
        return
    for match in facts.matches:
        answer = facts.scene.registries.resolve(facts.reference, match.credential)
        got = answer.image is not None
        yield Attempt(match.secret_name, match.entry, match.credential.username, got, answer.refusal)


def _refusal(attempts: Iterable[Attempt]) -> Attempt | None:
    """The attempt with a user whose refusal is of the clearest kind (_REFUSALS); of several, the first."""
    with_user = [attempt for attempt in attempts if attempt.username]
    return next((item for kinds in _REFUSALS for item in with_user if reply_to(item).kind in kinds), None)


def missing(facts: Facts) -> Known | None:
    """A listed Secret that doesn't exist."""
    unretrieved = _unretrieved(facts)
    name = unretrieved or next((seen.name for seen in facts.seen if not seen.exists), None)
    if name is None or not (facts.scene.knows_secrets or unretrieved):
        return None
    other = facts.match_elsewhere(name)
    near = nearest(name, tuple(map(name_of, facts.secrets_here))) or facts.matching_secret
    return {
        "secret": name,
        "other": name_of(other) if other else "",
        "other_namespace": namespace_of(other) if other else "",
        "near": facts.matching_secret and near,
        "unretrieved": unretrieved,
        "unseen": facts.is_partial or not facts.scene.knows_secrets,
        "listed_elsewhere": facts.is_partial and bool(facts.secrets_here),
        "placeholder": any(mark in name for mark in "${}<>"),
    }


def _unretrieved(facts: Facts) -> str:
    """The first listed Secret that is missing in an event of the kubelet and in the export; "" if none is."""
    missing = [seen.name for seen in facts.seen if not seen.exists]
    for event in facts.events:
        said = read(event["message"])
        for name in said.words.get("secret", "").split(", ") if said.kind == "missing_secret" else ():
            if name in missing:
                return str(name)
    return ""


def wrong_type(facts: Facts) -> Known | None:
    """A listed Secret of a type that the kubelet ignores."""
    bad = next((seen for seen in facts.seen if seen.exists and seen.type not in keyring.DATA_KEYS), None)
    if bad is None:
        return None
    secret = facts.scene.api.find(SECRET, facts.namespace, bad.name) or {}
    right = next((kind for kind, key in keyring.DATA_KEYS.items() if key in secret.get("data", {})), "")
    return {"secret": bad.name, "wrong": bad.type, "right": right if facts.is_match({**secret, "type": right}) else ""}


def empty(facts: Facts) -> Known | None:
    """A matching entry without user or password."""
    for match in facts.matches:
        if not ((match.credential.username and match.credential.password) or facts.is_masked(match.secret_name)):
            helper = Flaw.HELPER in facts.flaws(match.secret_name)
            return {**_secret(facts, match.secret_name), "entry": match.entry, "helper": helper}
    return None


def no_entry(facts: Facts) -> Known | None:
    """A pull secret without an entry that matches the image."""
    seen = next((seen for seen in facts.seen if seen.type in keyring.DATA_KEYS), None)
    if seen is None or facts.matches or facts.is_masked(seen.name):
        return None
    words = {"mismatch": mismatch(facts, seen)}
    return {**_secret(facts, seen.name), **words, "helper": not seen.entries and Flaw.HELPER in facts.flaws(seen.name)}


def unused(facts: Facts) -> Known | None:
    """An answer to an anonymous request, although a Secret matches the image."""
    if facts.kind != "anonymous" or not facts.matches or not facts.knows_secrets:
        return None
    return {"secret": facts.matches[0].secret_name, "user": facts.matches[0].credential.username}


def mismatch(facts: Facts, seen: SeenSecret) -> str:
    """The reason why no entry of a Secret matches the image, as the end of a sentence: "holds credentials for …"."""
    if not seen.entries:
        return _emptiness(facts.scene.api.find(SECRET, facts.namespace, seen.name) or {})
    words = Words(facts, {"held": f"holds credentials for {listed(seen.entries)}"})
    for entry in seen.entries:
        host = host_of(entry)
        reasons: Known = {
            "style": _style(entry, words["repository"], seen.type),
            "path": keyring.key_matches(host, words["repository"]),
            "port": keyring.split_port(host)[0] == keyring.split_port(facts.registry)[0],
            "spelling": nearest(host, (facts.registry,)),
            "hub": host in (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY),
            "alias": facts.registry == DEFAULT_REGISTRY and host.endswith((".docker.com", ".docker.io")),
        }
        words = words.adding(reasons)
        if any(reasons.values()):
            break
    return say(causes().mismatch, words)


def _emptiness(secret: Object) -> str:
    """The reason why a Secret has no entries, as `mismatch` words it."""
    key = keyring.DATA_KEYS.get(secret.get("type", ""), "")
    blob = (secret.get("data") or {}).get(key)
    config = None
    with suppress(ValueError):
        config = keyring.config_of(blob or "")
    has_auths = not isinstance(config, dict) or any(name.lower() == "auths" for name in config)
    return say(causes().empty, {"key": key, "no_key": not blob, "no_auths": config and not has_auths})


def _style(entry: str, name: str, kind: str | None) -> str:
    """The mistake in an entry that would match the image without it, as `mismatch` words it; "" if there is none."""
    host, _, path = (keyring.registry_key(entry) or "").partition("/")
    lower = f"{host.lower()}/{path}".rstrip("/")
    bare = f"{host}/{re.split('[:@*]', path)[0]}".rstrip("/")
    words: Known = {
        "dockercfg": kind if entry == "auths" and kind == keyring.DOCKERCFG else "",
        "invalid": not host,
        "entry": entry,
        "case": host and host != host.lower() and keyring.key_matches(lower, name),
        "path": host and bare != f"{host}/{path}".rstrip("/") and keyring.key_matches(bare, name),
        "star": "*" in host and fnmatchcase(name.partition("/")[0], host),
    }
    return say(causes().style, words)


# In the order of this file: which of them is asked first, causes.yaml says.
CHECKS = (
    mistyped,
    unreadable,
    misplaced,
    own_list,
    nothing_listed,
    identity,
    unseen_list,
    refused,
    missing,
    wrong_type,
    empty,
    no_entry,
    unused,
)
