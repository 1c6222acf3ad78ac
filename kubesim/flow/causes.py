"""Finds what keeps an image from a node: the first row of causes.yaml that holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from kubesim.api import imageref
from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, OFFICIAL_PREFIX
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import NODE, SECRET
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import NEVER, Attempt, SeenSecret
from kubesim.flow.facts import Facts, first, host_of, in_namespace, nearest, reply_to, say
from kubesim.flow.signs import table
from kubesim.gotext import gojson

Words = Mapping[str, Any]


class Cause(NamedTuple):
    """The hop where the cause lies, what is wrong there, and the commands (or files) that fix it.

    `grade` says how sure that is: certain, likely, or one of several. `others` come into question, too, and `tell` is a
    command that tells them apart.
    """

    hop: str
    problem: str
    fix: tuple[str, ...]
    grade: str = "certain"
    tell: str = ""
    others: tuple[Cause, ...] = ()


def find_cause(facts: Facts) -> Cause | None:
    """What keeps the image from the node; None where nothing does, or only the next attempt is missing."""
    if facts.has_image:
        return None
    early = _first("before_the_pull", facts)
    if early or facts.trace is None or will_recover(facts):
        return early
    return _first("after_a_failed_pull", facts)


def will_recover(facts: Facts) -> bool:
    """Whether the kubelet's next attempt will succeed on its own."""
    failed = facts.trace is not None and not facts.has_image
    return failed and facts.container.get("imagePullPolicy") != NEVER and facts.would_pull(facts.secrets)


def _first(stage: str, facts: Facts) -> Cause | None:
    for row in table("causes")[stage]:
        words = CHECKS[row["check"]](facts)
        if words is not None and _holds(row, words):
            return _cause({**row, **words.get("row", {})}, facts, {**facts.words, **words})
    return None


def _holds(row: Words, words: Words) -> bool:
    return all(words.get(need) for need in row.get("needs", ()))


def _cause(row: Words, facts: Facts, words: Words) -> Cause:
    sentences = [row["problem"], *(text for word, text in row.get("also", {}).items() if words.get(word))]
    calls = [[part.format_map(words) for part in call] for call in row["fix"]]
    fix = tuple(_command(facts, *call) for call in calls)
    grade, tell = (
        row.get("grade", "certain"),
        row.get("tell", "").format_map({**words, "where": in_namespace(facts.namespace)}),
    )
    others = (_cause({"hop": row["hop"], **other}, facts, words) for other in row.get("or", ()) if _holds(other, words))
    return Cause(row["hop"], " ".join(sentences).format_map(words), fix, grade, tell, tuple(others))


def _command(facts: Facts, name: str, *arguments: str) -> str:
    owner = facts.owner or {}
    words = {
        **facts.words,
        "where": in_namespace(facts.namespace),
        "server": "https://index.docker.io/v1/" if facts.registry == DEFAULT_REGISTRY else facts.registry,
        "target": facts.workload or f"pod/{name_of(facts.pod)}",
        "workload": facts.workload.replace("/", " "),
        "owner": owner,
        "stateful": facts.workload.startswith("statefulset/"),
        "job": owner.get("kind") == "Job",
        **dict(zip("abc", arguments, strict=False)),
        **dict(zip("ABC", map(_pattern, arguments), strict=False)),
    }
    return str(first(table("causes")["commands"][name], words).format_map(words))


def _pattern(text: str) -> str:
    return re.sub(r"([/.*\[\]^$&\\])", r"\\\1", text)


def _invalid_name(facts: Facts) -> Words | None:
    if facts.reference:
        return None
    lower = facts.image.lower()
    try:
        imageref.parse(lower)
    except ValueError:
        return {"valid": "'<a valid image name>'"}
    return {"valid": lower}


def _unschedulable(facts: Facts) -> Words | None:
    conditions = facts.pod.get("status", {}).get("conditions", ())
    if not any(item.get("reason") == "Unschedulable" for item in conditions):
        return None
    selector = facts.pod["spec"].get("nodeSelector") or {}
    labels = " ".join(f"{key}={value}" for key, value in selector.items())
    return {"labels": labels, "node": next(map(name_of, facts.scene.api.list(NODE)), "'<node>'")}


def _never(facts: Facts) -> Words | None:
    if facts.trace is None or facts.trace.policy != NEVER or facts.trace.present:
        return None
    return {"unlisted": facts.scene.is_export and not facts.names}


def _unreachable(facts: Facts) -> Words | None:
    if facts.kind not in ("no_host", "closed"):
        return None
    closed = facts.kind == "closed"
    known = [host_of(entry) for secret in facts.secrets_here for entry in _entries(secret)]
    near = facts.registry.rpartition(":")[0] if closed else nearest(facts.registry, [*known, DEFAULT_REGISTRY])
    moved = facts.image.replace(facts.registry, near, 1)
    return {"closed": closed, "near": near, "moved": moved if near else "'<registry>/<repository>:<tag>'"}


def _entries(secret: dict[str, object]) -> list[str]:
    try:
        return [entry for entry, _ in keyring.read_entries(secret)]
    except ValueError:
        return []


_VERSION = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?|latest")


def _tag_as_path(facts: Facts) -> Words | None:
    """A tag behind a slash instead of a colon, which makes it a part of the repository."""
    bare, slash, last = facts.image.rpartition("/")
    refused = facts.reply is not None and (facts.reply.credentials or facts.kind == "not_found")
    return {"colon": f"{bare}:{last}"} if slash and _VERSION.fullmatch(last) and refused else None


def _not_found(facts: Facts) -> Words | None:
    reference = facts.reference
    if reference is None or facts.kind != "not_found":
        return None
    tags = facts.scene.registries.tags(reference)
    bare = facts.image.partition("@")[0].removesuffix(f":{reference.tag}")
    tag = nearest(reference.tag or "", tags) or (tags[-1] if tags else "")
    missing = f"digest {reference.digest}" if reference.digest else f"tag {reference.tag}"
    return {"missing": missing, "tags": ", ".join(tags), "existing": f"{bare}:{tag}"}


def _official(facts: Facts) -> Words | None:
    """Docker Hub's official images are public, so a refusal means that there is none of that name."""
    official = f"{DEFAULT_REGISTRY}/{OFFICIAL_PREFIX}"
    if facts.reference is None or not facts.reference.name.startswith(official) or facts.kind not in _UNCLEAR:
        return None
    return {"official": facts.reference.name.removeprefix(official)}


def _transport(facts: Facts) -> Words | None:
    """What no credentials decide: the row of signs.yaml has the verdict."""
    if facts.reply is None or not facts.reply.transport:
        return None
    return {"row": facts.reply.row, "free": facts.free_name}


def _unreadable(facts: Facts) -> Words | None:
    bad = next((seen for seen in facts.seen if seen.problem.startswith("cannot be read")), None)
    return {**_secret(facts, bad.name), "trouble": bad.problem, "unasked": not facts.attempts} if bad else None


def _secret(facts: Facts, name: str) -> Words:
    """The Secret's name, and how many entries it has if there are several."""
    count = next((len(seen.entries) for seen in facts.seen if seen.name == name), 0)
    return {"secret": name, "many": count if count > 1 else ""}


def _own_list(facts: Facts) -> Words | None:
    if not facts.names or not all(seen.usable for seen in facts.seen):
        return None
    good = next((name_of(secret) for secret in facts.account_secrets if facts.would_pull([secret])), None)
    return {"first": facts.names[0], "good": good} if good else None


def _nothing_listed(facts: Facts) -> Words | None:
    if facts.names or facts.reference is None:
        return None
    other, namespace = facts.elsewhere()
    return {
        **_account(facts),
        "account_matches": any(map(facts.is_match, facts.account_secrets)),
        "here": facts.matching_secret,
        "other": other,
        "other_namespace": namespace,
        "free": facts.free_name,
    }


def _account(facts: Facts) -> Words:
    """The first Secret of the ServiceAccount's list, if one may write the image's entry into it, and how."""
    name = next(iter(facts.account_names), "")
    secret = facts.scene.api.find(SECRET, facts.namespace, name) if name else None
    is_free = secret is None or (secret.get("type") in keyring.DATA_KEYS and len(_entries(secret)) <= 1)
    return {"account_secret": name if is_free else "", "account_fix": "overwrite_secret" if secret else "create_secret"}


def _refused(facts: Facts) -> Words | None:
    attempt = _refusal(facts.attempts)
    coming = None if attempt else _refusal(_next_attempts(facts))
    attempt = attempt or coming
    if attempt is None or not facts.matches:
        return None
    unauthorized = reply_to(attempt).kind == "unauthorized"
    words = {"user": attempt.username, "unauthorized": unauthorized, "coming": coming}
    return {**_secret(facts, str(attempt.secret)), **words}


def _next_attempts(facts: Facts) -> Iterable[Attempt]:
    """What the kubelet would try now, with the Secrets as they are by now; none for an export."""
    if facts.scene.is_export or facts.reference is None:
        return
    for match in facts.matches:
        answer = facts.scene.registries.resolve(facts.reference, match.credential)
        got = answer.image is not None
        yield Attempt(match.secret_name, match.entry, match.credential.username, got, answer.refusal)


_UNCLEAR = ("scope", "denied")
_REFUSALS = (("unauthorized",), _UNCLEAR, ("forbidden",))


def _refusal(attempts: Iterable[Attempt]) -> Attempt | None:
    """The first attempt with a user that got the clearest refusal."""
    with_user = [attempt for attempt in attempts if attempt.username]
    return next((item for kinds in _REFUSALS for item in with_user if reply_to(item).kind in kinds), None)


def _missing(facts: Facts) -> Words | None:
    name = next((seen.name for seen in facts.seen if not seen.found), None)
    if name is None:
        return None
    other, namespace = facts.elsewhere(name)
    near = nearest(name, [name_of(secret) for secret in facts.secrets_here]) or facts.matching_secret
    return {
        "secret": name,
        "other": other,
        "other_namespace": namespace,
        "near": facts.matching_secret and near,
        "here": facts.matching_secret,
        "unexported": facts.scene.is_export and not facts.secrets_here,
    }


def _wrong_type(facts: Facts) -> Words | None:
    bad = next((seen for seen in facts.seen if seen.found and seen.type not in keyring.DATA_KEYS), None)
    if bad is None:
        return None
    secret = facts.scene.api.find(SECRET, facts.namespace, bad.name) or {}
    right = next((kind for kind, key in keyring.DATA_KEYS.items() if key in secret.get("data", {})), "")
    return {"secret": bad.name, "wrong": bad.type, "right": right if facts.is_match({**secret, "type": right}) else ""}


def _empty(facts: Facts) -> Words | None:
    for match in facts.matches:
        if not (match.credential.username and match.credential.password):
            return {**_secret(facts, match.secret_name), "entry": match.entry}
    return None


def _no_entry(facts: Facts) -> Words | None:
    seen = next((seen for seen in facts.seen if seen.type in keyring.DATA_KEYS), None)
    if seen is None or facts.matches:
        return None
    return {**_secret(facts, seen.name), "mismatch": mismatch(facts, seen), "here": facts.matching_secret}


def _other(facts: Facts) -> Words:
    """What none of the others explains is said in the kubelet's own words."""
    message = facts.trace.message if facts.trace and (facts.reply is None or facts.reply.sentence) else ""
    return {
        "message": message or "The Secrets match the image, and the status does not say what the registry answered."
    }


CHECKS: Mapping[str, Callable[[Facts], Words | None]] = {
    check.__name__.strip("_"): check
    for check in (
        *(_invalid_name, _unschedulable, _never, _unreachable, _tag_as_path, _not_found, _official, _transport),
        *(_unreadable, _own_list, _nothing_listed, _refused, _missing, _wrong_type, _empty, _no_entry, _other),
    )
}


def mismatch(facts: Facts, seen: SeenSecret) -> str:
    """In what way the Secret's entries miss the image: "holds credentials for …"."""
    if not seen.entries:
        return _emptiness(facts.scene.api.find(SECRET, facts.namespace, seen.name) or {})
    words: dict[str, Any] = {**facts.words, "held": f"holds credentials for {', '.join(seen.entries)}"}
    for entry in seen.entries:
        host = host_of(entry)
        words |= {
            "style": _style(entry, words["repository"], seen.type),
            "path": keyring.key_matches(host, words["repository"]),
            "port": host.partition(":")[0] == facts.registry.partition(":")[0],
            "spelling": nearest(host, [facts.registry]),
            "hub": host in (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY),
        }
        if any(words[reason] for reason in ("style", "path", "port", "spelling", "hub")):
            break
    return say("mismatch", words)


def _emptiness(secret: Object) -> str:
    key = keyring.DATA_KEYS.get(secret.get("type", ""), "")
    blob = (secret.get("data") or {}).get(key)
    config = None
    with suppress(ValueError):
        config = gojson.loads(base64.b64decode(blob or "").decode(errors="replace"))
    has_auths = not isinstance(config, dict) or any(name.lower() == "auths" for name in config)
    return say("empty", {"key": key, "no_key": not blob, "no_auths": config and not has_auths})


def _style(entry: str, name: str, kind: str | None) -> str:
    """What is wrong with an entry that would match the image if it were written differently; "" if nothing is."""
    host, _, path = (keyring.registry_key(entry) or "").partition("/")
    lower, bare = f"{host.lower()}/{path}".rstrip("/"), f"{host}/{re.split('[:@*]', path)[0]}".rstrip("/")
    words = {
        "dockercfg": kind if entry == "auths" and kind == keyring.DOCKERCFG else "",
        "invalid": not host,
        "entry": entry,
        "case": host and host != host.lower() and keyring.key_matches(lower, name),
        "path": host and re.search("[:@*]", path) and keyring.key_matches(bare, name),
        "star": "*" in host and fnmatchcase(name.partition("/")[0], host),
    }
    return say("style", words)
