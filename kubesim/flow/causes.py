"""Why an image does not arrive: one function for each kind of cause, asked in turn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kubesim.api import imageref
from kubesim.api.imageref import DEFAULT_REGISTRY, OFFICIAL_PREFIX
from kubesim.api.objects import name_of
from kubesim.api.resources import NODE, SECRET
from kubesim.cluster import keyring
from kubesim.cluster.kubelet.imagepull import NEVER, Attempt
from kubesim.flow import commands
from kubesim.flow.answers import WHO, Kind
from kubesim.flow.facts import Facts, host_of, nearest, reply_to
from kubesim.flow.mismatch import mismatch


class Cause(NamedTuple):
    """The hop where the cause lies, what is wrong there, and the commands that mend it."""

    hop: str
    problem: str
    mend: tuple[str, ...]


def _cause(hop: str, problem: str, *mend: str) -> Cause:
    return Cause(hop, problem, mend)


def find_cause(facts: Facts) -> Cause | None:
    """What keeps the image from the node; None where nothing does, or where only a next attempt is waited for."""
    if facts.has_image:
        return None
    early = _invalid_name(facts) or _unschedulable(facts)
    if early or facts.trace is None or will_recover(facts):
        return early
    return next(cause for ask in _CAUSES if (cause := ask(facts)))


def will_recover(facts: Facts) -> bool:
    """Whether the next attempt, which the kubelet makes by itself, will succeed."""
    failed = facts.trace is not None and not facts.has_image
    return failed and facts.container.get("imagePullPolicy") != NEVER and facts.would_pull(facts.secrets)


def _invalid_name(facts: Facts) -> Cause | None:
    if facts.reference:
        return None
    lower = facts.image.lower()
    try:
        imageref.parse(lower)
    except ValueError:
        lower = "'<a valid image name>'"
    problem = f'"{facts.image}" is not an image name. Names are written registry/repository:tag, in lower case.'
    return _cause("spec", problem, commands.set_image(facts, lower))


def _unschedulable(facts: Facts) -> Cause | None:
    conditions = facts.pod.get("status", {}).get("conditions", ())
    refused = next((item for item in conditions if item.get("reason") == "Unschedulable"), None)
    if refused is None:
        return None
    selector = facts.pod["spec"].get("nodeSelector") or {}
    labels = " ".join(f"{key}={value}" for key, value in selector.items())
    problem = f"No node fits the Pod, so no kubelet has been told to pull. The Pod asks for a node with {labels}."
    node = next(map(name_of, facts.scene.api.list(NODE)), "'<node>'")
    return _cause("kubelet", problem, f"kubectl label node {node} {labels} --overwrite")


def _never(facts: Facts) -> Cause | None:
    if facts.trace is None or facts.trace.policy != NEVER or facts.trace.present:
        return None
    problem = "imagePullPolicy: Never forbids the kubelet to pull, and the image is not on the node."
    if facts.scene.is_export and not facts.names:
        problem += " Or it is there, but not for this Pod, which brings no credentials: it names no pull secret."
    policy = "imagePullPolicy: "
    return _cause("kubelet", problem, commands.make_anew_with(facts, policy + NEVER, policy + "IfNotPresent"))


def _unreachable(facts: Facts) -> Cause | None:
    if facts.kind not in (Kind.NO_HOST, Kind.CLOSED):
        return None
    known = [host_of(entry) for secret in facts.scene.api.list(SECRET, facts.namespace) for entry in _entries(secret)]
    host = facts.registry.rpartition(":")[0]
    near = nearest(facts.registry, [*known, DEFAULT_REGISTRY])
    if facts.kind is Kind.CLOSED:
        problem = f"Nobody listens at {facts.registry}. Is the port right?"
        near = host
    elif near:
        problem = f"There is no host {facts.registry}. Did you mean {near}? Look at the letters."
    else:
        problem = f"There is no host {facts.registry}, so there is nobody to ask for the image."
    image = facts.image.replace(facts.registry, near, 1) if near else "'<registry>/<repository>:<tag>'"
    return _cause("registry", problem, commands.set_image(facts, image))


def _not_found(facts: Facts) -> Cause | None:
    reference = facts.reference
    if reference is None or facts.kind is not Kind.NOT_FOUND:
        return None
    missing = f"digest {reference.digest}" if reference.digest else f"tag {reference.tag}"
    problem = f"The registry let the kubelet in, but {reference.name} has no {missing}"
    tags = facts.scene.registries.tags(reference)
    if not tags:
        image = "'<an image that exists>'"
        return _cause("image", f"{problem}, or there is no such repository.", commands.set_image(facts, image))
    bare = facts.image.partition("@")[0].removesuffix(f":{reference.tag}")
    tag = nearest(reference.tag or "", tags) or tags[-1]
    told = f"{problem}. It has {', '.join(tags)}."
    return _cause("image", told, commands.set_image(facts, f"{bare}:{tag}"))


def _tag_as_path(facts: Facts) -> Cause | None:
    """A tag behind a slash instead of a colon, which makes it a part of the repository."""
    bare, slash, last = facts.image.rpartition("/")
    if not slash or not _VERSION.fullmatch(last) or facts.kind not in (*WHO, Kind.NOT_FOUND):
        return None
    problem = f"{facts.image} ends like a tag, but a tag stands behind a colon. Is {bare}:{last} meant?"
    return _cause("spec", problem, commands.set_image(facts, f"{bare}:{last}"))


_VERSION = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?|latest")


def _official(facts: Facts) -> Cause | None:
    """Docker Hub's official images are public, so a refusal means that there is none of that name."""
    reference = facts.reference
    official = f"{DEFAULT_REGISTRY}/{OFFICIAL_PREFIX}"
    if reference is None or not reference.name.startswith(official) or facts.kind is not Kind.UNTOLD:
        return None
    problem = f"Docker Hub has no official image {reference.name.removeprefix(official)}. Is it spelled right?"
    return _cause("image", problem, commands.set_image(facts, "'<the right name>'"))


def _off_the_way(facts: Facts) -> Cause | None:
    """What lies between node and registry, where other credentials would not help."""
    if facts.kind not in _OFF_THE_WAY:
        return None
    return _cause("registry", f"{facts.registry}: {facts.kind.value}", commands.describe(facts))


_OFF_THE_WAY = (Kind.TIMEOUT, Kind.PLAIN_HTTP, Kind.CERTIFICATE, Kind.LIMIT, Kind.PLATFORM)


def _own_list(facts: Facts) -> Cause | None:
    if not facts.names or not all(look.usable for look in facts.looks):
        return None
    good = next((secret for secret in facts.account_secrets if facts.would_pull([secret])), None)
    if good is None:
        return None
    problem = (
        f"The Pod has a list of its own ({', '.join(facts.names)}), and that replaces the list of the ServiceAccount "
        f"{facts.account}, whose {name_of(good)} would do."
    )
    edit = commands.make_anew_with(facts, f"- name: {facts.names[0]}", f"- name: {name_of(good)}")
    return _cause("spec", problem, edit)


def _none_named(facts: Facts) -> Cause | None:
    if facts.names or facts.reference is None:
        return None
    if any(facts.fits(secret) for secret in facts.account_secrets):
        problem = (
            f"The Pod names no pull secret. Its ServiceAccount {facts.account} does, but a Pod gets that list only at "
            "the moment it is made, and this Pod is older."
        )
        return _cause("spec", problem, commands.make_anew(facts))
    if mend := _mend_of_account(facts):
        problem = (
            f"The Pod names no pull secret, for it is older than the list of its ServiceAccount {facts.account}. That "
            f"list would not help yet: {facts.account_names[0]} has no entry for the image."
        )
        return _cause("spec", problem, mend, commands.make_anew(facts))
    problem = (
        f"{facts.reference.name} is private (or not there: a registry does not tell), and the Pod names no pull "
        "secret in spec.imagePullSecrets. A Pod's list cannot change, so the Pod is made anew."
    )
    return _cause("spec", problem, *_provide_and_name(facts))


def _mend_of_account(facts: Facts) -> str:
    """What makes the first Secret of the ServiceAccount's list fit; "" where that would destroy another use of it."""
    if not facts.account_names:
        return ""
    name = facts.account_names[0]
    secret = facts.scene.api.find(SECRET, facts.namespace, name)
    if secret is None:
        return commands.create_secret(facts, name)
    is_free = secret.get("type") in keyring.DATA_KEYS and len(_entries(secret)) <= 1
    return commands.overwrite_secret(facts, name) if is_free else ""


def _provide_and_name(facts: Facts) -> tuple[str, ...]:
    if facts.fitting:
        return (commands.name_secret(facts, facts.fitting),)
    name, namespace = facts.elsewhere()
    if name:
        return commands.copy_secret(facts, name, namespace), commands.name_secret(facts, name)
    free = next(name for name in _free_names() if facts.scene.api.find(SECRET, facts.namespace, name) is None)
    return commands.create_secret(facts, free), commands.name_secret(facts, free)


def _free_names() -> list[str]:
    return ["regcred", *(f"regcred-{number}" for number in range(2, 1000))]


def _overwrite(facts: Facts, hop: str, problem: str, name: str) -> Cause:
    look = next((look for look in facts.looks if look.name == name), None)
    if look and len(look.entries) > 1:
        problem += f" Mind that the command leaves only one of the {len(look.entries)} entries that the Secret has."
    return _cause(hop, problem, commands.overwrite_secret(facts, name))


def _unreadable(facts: Facts) -> Cause | None:
    bad = next((look for look in facts.looks if look.problem.startswith("cannot be read")), None)
    if bad is None:
        return None
    problem = f"What the Secret {bad.name} holds {bad.problem}. The kubelet then uses none of the Pod's pull secrets."
    return _overwrite(facts, "secret", problem, bad.name)


def _refused(facts: Facts) -> Cause | None:
    attempt = _credential_refused(facts.attempts)
    coming = None if attempt else _credential_refused(_next_attempts(facts))
    attempt = attempt or coming
    if attempt is None or not facts.matches:
        return None
    who = f'user "{attempt.username}" of the Secret {attempt.secret}'
    if reply_to(attempt).kind is Kind.UNAUTHORIZED:
        problem = f"{facts.registry} does not know the {who} with that password: 401 Unauthorized."
    else:
        problem = (
            f"{facts.registry} knows the {who}, but does not let it read this repository, or has no such repository."
        )
    if coming:
        problem += " The kubelet has not tried that yet, and will find out at its next attempt."
    return _overwrite(facts, "registry", problem, str(attempt.secret))


def _next_attempts(facts: Facts) -> tuple[Attempt, ...]:
    """What the kubelet would try now, with the Secrets as they are by now; none for an export."""
    if facts.scene.is_export or facts.reference is None:
        return ()
    answers = [(match, facts.scene.registries.resolve(facts.reference, match.credential)) for match in facts.matches]
    return tuple(
        Attempt(match.secret_name, match.entry, match.credential.username, answer.image is not None, answer.refusal)
        for match, answer in answers
    )


def _credential_refused(attempts: tuple[Attempt, ...]) -> Attempt | None:
    told = {kind: attempt for attempt in attempts[::-1] if (kind := reply_to(attempt).kind) in _REFUSALS}
    return next((told[kind] for kind in _REFUSALS if kind in told and told[kind].username), None)


_REFUSALS = (Kind.UNAUTHORIZED, Kind.UNTOLD, Kind.FORBIDDEN)


def _missing(facts: Facts) -> Cause | None:
    look = next((look for look in facts.looks if not look.found), None)
    if look is None:
        return None
    name, namespace = facts.elsewhere(look.name)
    if name:
        problem = f"The Secret {name} is in the namespace {namespace}. A Pod can use Secrets of its own namespace only."
        return _cause("secret", problem, commands.copy_secret(facts, name, namespace))
    problem = f"There is no Secret {look.name} in the namespace {facts.namespace}."
    if facts.scene.is_export and not facts.scene.api.list(SECRET, facts.namespace):
        problem += " Or the Secrets were not exported, for the export has none at all of that namespace."
    near = facts.similar(look.name) or facts.fitting
    if near and facts.fitting:
        problem += f" There is one named {near}: did you mean that?"
        return _cause("secret", problem, _rename(facts, look.name, near if near == facts.fitting else facts.fitting))
    return _cause("secret", problem, commands.create_secret(facts, look.name))


def _wrong_type(facts: Facts) -> Cause | None:
    look = next((look for look in facts.looks if look.found and look.type not in keyring.DATA_KEYS), None)
    if look is None:
        return None
    problem = (
        f"The Secret {look.name} is of the type {look.type}. The kubelet passes over every pull secret that is not of "
        f"the type {keyring.DOCKER_CONFIG_JSON}."
    )
    secret = facts.scene.api.find(SECRET, facts.namespace, look.name) or {}
    keys = secret.get("data", {})
    kind = next((kind for kind, key in keyring.DATA_KEYS.items() if key in keys), "")
    if kind and facts.fits({**secret, "type": kind}):
        return _cause("secret", problem, commands.retype_secret(facts, look.name, str(look.type), kind))
    anew = commands.create_secret(facts, look.name)
    return _cause("secret", problem, commands.delete_secret(facts, look.name), anew)


def _empty(facts: Facts) -> Cause | None:
    match = next(
        (match for match in facts.matches if not (match.credential.username and match.credential.password)), None
    )
    if match is None:
        return None
    problem = f"The entry {match.entry} of the Secret {match.secret_name} has no user or no password."
    return _overwrite(facts, "secret", problem, match.secret_name)


def _no_entry(facts: Facts) -> Cause | None:
    look = next((look for look in facts.looks if look.type in keyring.DATA_KEYS), None)
    if look is None or facts.matches:
        return None
    problem = f"The Secret {look.name} {mismatch(facts, look)}"
    if facts.fitting:
        problem += f" The Secret {facts.fitting} would fit, but the Pod does not name it."
        return _cause("secret", problem, _rename(facts, look.name, facts.fitting))
    return _overwrite(facts, "secret", problem, look.name)


def _rename(facts: Facts, old: str, new: str) -> str:
    return commands.make_anew_with(facts, f"- name: {old}", f"- name: {new}")


def _other(facts: Facts) -> Cause:
    """What none of the others explains is told in the kubelet's own words."""
    told = facts.trace.message if facts.trace and (facts.reply is None or facts.reply.words) else ""
    problem = told or "The Secrets fit the image, and the status does not say what the registry answered."
    return _cause("registry", problem, commands.describe(facts))


def _entries(secret: dict[str, object]) -> list[str]:
    try:
        return [entry for entry, _ in keyring.read_entries(secret)]
    except ValueError:
        return []


_CAUSES: tuple[Callable[[Facts], Cause | None], ...] = (
    _never,
    _unreachable,
    _tag_as_path,
    _not_found,
    _official,
    _off_the_way,
    _unreadable,
    _own_list,
    _none_named,
    _refused,
    _missing,
    _wrong_type,
    _empty,
    _no_entry,
    _other,
)
