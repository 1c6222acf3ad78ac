"""What keeps an image away for lack of the right credentials: lists, Secrets, their entries, the node's identity.

Each check gives the words for the placeholders of its rows in causes.yaml, or None where they do not hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from kubesim.api.objects import Object, labels_of, name_of, pull_secret_names, template_of
from kubesim.api.resources import POD, RESOURCES, SECRET
from kubesim.pull import keyring
from kubesim.pull.attempt import Attempt, SeenSecret
from kubesim.pull.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.why.hide.oddities import Flaw
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.facts import UNCLEAR, Facts, nearest, reply_to, seconds
from kubesim.why.judge.scene import entries_of, host_of, manifest_of
from kubesim.why.judge.words import Known, Words, say
from kubesim.why.read.signs import read


def unreadable(facts: Facts) -> Known | None:
    bad = next((seen for seen in facts.seen if seen.is_unreadable), None)
    if bad is None:
        return None
    is_twice = Flaw.TWICE in facts.flaws(bad.name)
    return {**_secret(facts, bad.name), "trouble": bad.problem, "unasked": not facts.attempts, "twice": is_twice}


_MISPLACED = re.compile(r"([\w.]*ontainers\[\d+\]|metadata)\.imagePullSecrets")


def misplaced(facts: Facts) -> Known | None:
    """A list in the wrong place of a manifest, as it was applied: the API server dropped it."""
    if facts.names or not (facts.kind == "anonymous" or facts.kind in UNCLEAR):
        return None
    for manifest in (facts.manifest, *(manifest_of(item.found) for item in facts.creators if item.found)):
        for path, name in _lists(manifest):
            if _MISPLACED.fullmatch(path):
                return {"path": path, "secret": facts.scene.mask(name) or facts.matching_secret or facts.free}
    return None


def _lists(manifest: str) -> Iterator[tuple[str, str]]:
    """Where a manifest in JSON has a list imagePullSecrets, and the first name in it."""
    places: list[tuple[str, Any]] = []
    with suppress(ValueError, RecursionError):
        places.append(("", json.loads(manifest)))
    for path, value in places:  # it grows: a manifest may be deeper than calls may be
        if isinstance(value, dict):
            places += ((f"{path}.{key}".lstrip("."), item) for key, item in value.items())
        elif isinstance(value, list):
            places += ((f"{path}[{number}]", item) for number, item in enumerate(value))
            if path.endswith("imagePullSecrets"):
                yield path, next((str(each.get("name", "")) for each in value if isinstance(each, dict)), "")


def _secret(facts: Facts, name: str) -> Known:
    """The Secret's name, how many entries it has if there are several, and whether it can't be changed."""
    count = next((len(seen.entries) for seen in facts.seen if seen.name == name), 0)
    secret = facts.secret_named(name) or {}
    return {"secret": name, "many": count if count > 1 else "", "immutable": secret.get("immutable")}


def own_list(facts: Facts) -> Known | None:
    if not facts.names or not all(seen.usable for seen in facts.seen):
        return None
    good = next((name_of(secret) for secret in facts.account_secrets if facts.would_pull([secret])), None)
    return {"first": facts.names[0], "good": good} if good else None


def nothing_listed(facts: Facts) -> Known | None:
    if facts.names or facts.reference is None or facts.is_partial or facts.is_silent:
        return None
    other, namespace = facts.elsewhere()
    obtain = "create_secret"
    if facts.matching_secret:
        obtain = "have_secret"
    elif other:
        obtain = "copy_secret"
    return {
        **_account(facts),
        "account_matches": any(map(facts.is_match, facts.account_secrets)),
        "obtain": obtain,
        "suitable": facts.matching_secret or other or facts.free,
        "other_namespace": namespace,
        "local": facts.registry == DEFAULT_REGISTRY and len(facts.marks) > 2,
        **_context(facts),
    }


def _context(facts: Facts) -> Known:
    """What else an export shows of a Pod without a list: who has one, who created it, what else needs the list."""
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
    """A different Pod, or what creates Pods, in the namespace that lists the Secret that matches."""
    for resource in RESOURCES:
        if resource is POD or resource.template:
            for item in facts.scene.api.list(resource, facts.namespace):
                spec = template_of(resource, item).get("spec") or {}
                if facts.matching_secret and facts.matching_secret in pull_secret_names(spec):
                    return f"{resource.kind} {name_of(item)}"
    return ""


def identity(facts: Facts) -> Known | None:
    """A cloud's registry, whose nodes can pull without any Secret: nothing else brought credentials."""
    if not facts.is_refused or not facts.owner_of_registry.registry.who or facts.matches or facts.is_unsure:
        return None
    if facts.names:
        is_nodes_part = facts.kind in ("permission", "forbidden", "expired")
    else:
        is_nodes_part = not (facts.matching_secret or facts.elsewhere()[0])
    return _context(facts) if is_nodes_part else None


_COPYING = re.compile(r"failed to copy|httpReadSeeker: failed open")
"""What containerd says once it has the manifest, and gets the layers."""


def unseen_list(facts: Facts) -> Known | None:
    """An export that doesn't show the Pod's list, or not the Secrets in it."""
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
    """The first Secret of the ServiceAccount's list, if one may write the image's entry into it, and how."""
    name = next(iter(facts.account_names), "")
    secret = facts.scene.api.find(SECRET, facts.namespace, name) if name else None
    is_free = secret is None or (secret.get("type") in keyring.DATA_KEYS and len(entries_of(secret)) <= 1)
    is_free &= not facts.is_masked(name)
    return {"account_secret": name if is_free else "", "account_fix": "overwrite_secret" if secret else "create_secret"}


def refused(facts: Facts) -> Known | None:
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
    """What is odd about refused credentials of an export: a token's age, a user without its $, spaces, quotes."""
    if not facts.scene.is_export:
        return dict.fromkeys((*Flaw, "flaw", "expired", "short", "dollar", "age"), "")
    name = str(attempt.secret)
    entry = str(attempt.entry)
    user = str(attempt.username)
    owner = facts.owner_of_registry.registry
    now = facts.scene.now
    flaws = facts.flaws(name, entry)
    written = _last_write(facts.scene.api.find(SECRET, facts.namespace, name) or {})
    hours = int((now - written) // 3600) if now and written else 0
    return {
        **{flaw: flaw in flaws for flaw in Flaw},
        "flaw": bool(flaws),
        "expired": 0 < facts.oddities(name).expires.get(entry, 0) < now,
        "short": any(user.startswith(one) for one in owner.users),
        "dollar": re.fullmatch(r"robot[^$]*", user) is not None,
        "age": hours if hours >= owner.hours else "",
    }


def _last_write(secret: Object) -> float:
    """The seconds of the epoch of a Secret's last change, 0 where the export doesn't say; applying it keeps its age."""
    fields = (secret.get("metadata") or {}).get("managedFields") or ()
    return max((seconds(field.get("time", "")) for field in fields), default=0)


def _next_attempts(facts: Facts) -> Iterable[Attempt]:
    """What the kubelet would try now, with the Secrets as they are by now; none for an export."""
    if facts.scene.is_export or facts.reference is None:
        return
    for match in facts.matches:
        answer = facts.scene.registries.resolve(facts.reference, match.credential)
        got = answer.image is not None
        yield Attempt(match.secret_name, match.entry, match.credential.username, got, answer.refusal)


_REFUSALS = (("unauthorized",), UNCLEAR, ("forbidden", "permission", "expired"))


def _refusal(attempts: Iterable[Attempt]) -> Attempt | None:
    """The first attempt with a user that got the clearest refusal."""
    with_user = [attempt for attempt in attempts if attempt.username]
    return next((item for kinds in _REFUSALS for item in with_user if reply_to(item).kind in kinds), None)


def missing(facts: Facts) -> Known | None:
    unretrieved = _unretrieved(facts)
    name = unretrieved or next((seen.name for seen in facts.seen if not seen.found), None)
    if name is None or not (facts.scene.knows_secrets or unretrieved):
        return None
    other, namespace = facts.elsewhere(name)
    near = nearest(name, tuple(map(name_of, facts.secrets_here))) or facts.matching_secret
    return {
        "secret": name,
        "other": other,
        "other_namespace": namespace,
        "near": facts.matching_secret and near,
        "unretrieved": unretrieved,
        "unseen": facts.is_partial or not facts.scene.knows_secrets,
        "listed_elsewhere": facts.is_partial and bool(facts.secrets_here),
        "placeholder": any(mark in name for mark in "${}<>"),
    }


def _unretrieved(facts: Facts) -> str:
    """A listed Secret that the kubelet did not find, says an event, and that isn't in the export either."""
    missing = [seen.name for seen in facts.seen if not seen.found]
    for event in facts.events:
        said = read(event["message"])
        for name in said.words.get("secret", "").split(", ") if said.kind == "missing_secret" else ():
            if name in missing:
                return str(name)
    return ""


def wrong_type(facts: Facts) -> Known | None:
    bad = next((seen for seen in facts.seen if seen.found and seen.type not in keyring.DATA_KEYS), None)
    if bad is None:
        return None
    secret = facts.scene.api.find(SECRET, facts.namespace, bad.name) or {}
    right = next((kind for kind, key in keyring.DATA_KEYS.items() if key in secret.get("data", {})), "")
    return {"secret": bad.name, "wrong": bad.type, "right": right if facts.is_match({**secret, "type": right}) else ""}


def empty(facts: Facts) -> Known | None:
    for match in facts.matches:
        if not ((match.credential.username and match.credential.password) or facts.is_masked(match.secret_name)):
            helper = Flaw.HELPER in facts.flaws(match.secret_name)
            return {**_secret(facts, match.secret_name), "entry": match.entry, "helper": helper}
    return None


def no_entry(facts: Facts) -> Known | None:
    seen = next((seen for seen in facts.seen if seen.type in keyring.DATA_KEYS), None)
    if seen is None or facts.matches or facts.is_masked(seen.name):
        return None
    words = {"mismatch": mismatch(facts, seen)}
    return {**_secret(facts, seen.name), **words, "helper": not seen.entries and Flaw.HELPER in facts.flaws(seen.name)}


def unused(facts: Facts) -> Known | None:
    """An answer for someone without credentials, although a Secret matches."""
    if facts.kind != "anonymous" or not facts.matches or not facts.knows_secrets:
        return None
    return {"secret": facts.matches[0].secret_name, "user": facts.matches[0].credential.username}


def mismatch(facts: Facts, seen: SeenSecret) -> str:
    """In what way the Secret's entries miss the image: "holds credentials for …"."""
    if not seen.entries:
        return _emptiness(facts.scene.api.find(SECRET, facts.namespace, seen.name) or {})
    words = Words(facts, {"held": f"holds credentials for {', '.join(seen.entries)}"})
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
    key = keyring.DATA_KEYS.get(secret.get("type", ""), "")
    blob = (secret.get("data") or {}).get(key)
    config = None
    with suppress(ValueError):
        config = keyring.config_of(blob or "")
    has_auths = not isinstance(config, dict) or any(name.lower() == "auths" for name in config)
    return say(causes().empty, {"key": key, "no_key": not blob, "no_auths": config and not has_auths})


def _style(entry: str, name: str, kind: str | None) -> str:
    """What is wrong with an entry that would match the image if it were written differently; "" if nothing is."""
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
