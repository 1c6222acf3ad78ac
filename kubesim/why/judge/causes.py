"""Finds what keeps an image from a node: the first row of causes.yaml whose check holds.

Each check gives the words for the placeholders of its rows, or None where they do not hold. Those on credentials are in
credentials.py; here are those on names, the network, the registry and the node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from kubesim.api.objects import name_of
from kubesim.api.resources import NODE
from kubesim.pull import imageref, keyring
from kubesim.pull.attempt import NEVER
from kubesim.pull.imageref import DEFAULT_REGISTRY, OFFICIAL_PREFIX
from kubesim.why.hide.redact import redact
from kubesim.why.judge import credentials
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.commands import Command, argument, fill, quote
from kubesim.why.judge.facts import UNCLEAR, Facts, nearest
from kubesim.why.judge.scene import entries_of, host_of
from kubesim.why.judge.words import Known, Words, first
from kubesim.why.tables import Verdict


class Cause(NamedTuple):
    """The hop where the cause lies, what is wrong there, and the commands (or files) that fix it.

    `grade` says how sure that is: certain, likely, or one of several. `others` come into question, too, and `tell` is a
    command that tells them apart; `ask` is a question whose answer does. `recipe` is the section of docs/recipes.md,
    and `name` the check or the kind of message that found the cause.
    """

    hop: str
    problem: str
    fix: tuple[str, ...]
    grade: str = "certain"
    tell: str = ""
    ask: str = ""
    others: tuple[Cause, ...] = ()
    recipe: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        """That of the hop."""
        return causes().titles[self.hop]


def find_cause(facts: Facts) -> Cause | None:
    """What keeps the image from the node; None where nothing does, or only the next attempt is missing."""
    if facts.has_image:
        return None
    early = _first(causes().before_the_pull, facts)
    if early or facts.trace is None or will_recover(facts):
        return early
    return _first(causes().after_a_failed_pull, facts)


def will_recover(facts: Facts) -> bool:
    """Whether the kubelet's next attempt will succeed on its own."""
    failed = facts.trace is not None and not facts.has_image
    return failed and facts.container.get("imagePullPolicy") != NEVER and facts.would_pull(facts.secrets)


def _first(stage: tuple[Verdict, ...], facts: Facts) -> Cause | None:
    """The cause of the first row that holds; several rows have one check."""
    checked = cache(lambda check: CHECKS[check](facts))
    for row in stage:
        given = checked(row.check)
        if given is not None and _holds(row, words := Words(facts, given)):
            return _cause(_decided(row, facts), facts, words)._replace(name=_name(row, facts))
    return None


_BY_KIND = ("answer", "refused", "unseen_list")
"""Checks whose cause the answer's kind tells apart."""


def _name(row: Verdict, facts: Facts) -> str:
    """What tells one cause from another: the check of its row, or the kind of the answer."""
    if row.check not in _BY_KIND or not facts.kind:
        return row.check
    is_private = row.check == "unseen_list" and facts.scene.answer == "no"  # it doesn't come without a login
    return "nothing_listed" if is_private or facts.kind == "anonymous" else facts.kind


def _holds(row: Verdict, words: Words) -> bool:
    return all(words[need] for need in row.needs)


_NAMES = re.compile(r"\{(?:image|asked|registry|repository)\}")
"""What a verdict says of an image or a registry by its name."""


def _decided(row: Verdict, facts: Facts) -> Verdict:
    """The row, or what takes its place: the verdict of the message's sign, or that of the answer to its question."""
    reply = facts.reply
    if row.of_sign and reply and (verdict := reply.row.verdict):
        return verdict._replace(also=(*row.also, *verdict.also), grade=reply.grade or verdict.grade)
    if row.ask and facts.scene.answer:
        answered = row.ask.yes if facts.scene.answer == "yes" else row.ask.no
        return answered._replace(hop=row.hop, grade="likely")
    return row


def _may_be_no_pull(row: Verdict, facts: Facts) -> bool:
    """Whether a message alone speaks of an image or a registry without naming any: it may be another program's."""
    names_any = bool(facts.image or facts.asking.host)
    return facts.source == "message" and not names_any and bool(_NAMES.search(row.problem))


def _cause(row: Verdict, facts: Facts, words: Words) -> Cause:
    sentences = [row.problem, *(causes().sentences[word] for word in row.also if words[word])]
    is_theirs = facts.is_node or not row.tell.startswith("kubectl ")  # docker's machine may belong to no cluster
    others = [other for other in row.others if facts.scene.is_export and _holds(other, words)][:2]
    grade = row.grade
    if grade == "certain" and (facts.is_silent or others or _may_be_no_pull(row, facts)):
        grade = "likely"
    is_known = facts.reply is not None and facts.kind != "other"
    if grade == "one" and is_known and not others:
        grade = "likely"
    fix = [command(facts, *(argument(part, words) for part in call), words=words) for call in row.fix]
    return Cause(
        hop=row.hop,
        problem=" ".join(_for_machine(text, words).format_map(words) for text in sentences),
        fix=tuple(filter(None, fix)),
        grade=grade,
        tell=fill(_for_machine(row.tell, words), words) if is_theirs else "",
        ask=_asked(row.ask.text, words) if row.ask and facts.scene.is_export else "",
        others=tuple(_cause(other._replace(hop=row.hop), facts, words) for other in others),
        recipe=row.recipe,
    )


def _for_machine(text: str, words: Words) -> str:
    """A text of causes.yaml; where no node pulls, with what that is instead."""
    if words["client"]:
        for node, machine in causes().on_a_machine.items():
            text = text.replace(node, machine)
    return text


def _asked(question: str, words: Words) -> str:
    """A question, which may have a command in it."""
    return question.format_map(words.adding({"image": quote(words["image"], "image")}))


def command(facts: Facts, name: str, *arguments: str, words: Words | None = None) -> str:
    """The command of causes.yaml with that name, for these facts; {a}, {b} and {c} in it are the arguments."""
    more = {
        "target": facts.workload or Command(f"pod/{quote(name_of(facts.pod), 'pod')}"),
        "workload": Command(" ".join(quote(part, "workload") for part in facts.workload.split("/", 1))),
        "old": facts.image,
        **dict(zip("abc", arguments, strict=False)),
    }
    filled = (words or Words(facts)).adding(more)
    return fill(_for_machine(first(causes().commands[name], filled), filled), filled)


# The checks


_UNSET = re.compile(r"[{}$<>]|(?:^|[:/])(?:none|null|nil|undefined)(?:$|[:/])")
"""What stands where a template had no value."""
_VALID: Known = dict.fromkeys(
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
"""The words of `invalid_name` where nothing is wrong with a name; "" each."""
_TWO_TAGS = re.compile(r"^([^:@]+(?::\d+/[^:@]+)?):([\w.-]+):([\w.-]+)$")
"""A name with two tags: its repository, and both."""
_COMMAND = re.compile(r" -|^(?:\S*sh|echo|java|node|npm|python3?|sleep|yarn) ")


def invalid_name(facts: Facts) -> Known | None:
    if not facts.image:  # a message alone may name none
        return None
    is_said = facts.kind == "invalid_name"
    if not is_said and (facts.reference or facts.is_partial):  # of a text, a part of the name may be redacted
        return None
    lower = facts.image.lower()
    unset = bool(_UNSET.search(lower))
    if lower.startswith("map["):
        return {**_VALID, "valid": "'<registry>/<repository>:<tag>'", "flawed": True, "is_map": True}
    if _COMMAND.search(lower):
        return {**_VALID, "command": Command(f"[{', '.join(map(_as_yaml, facts.image.split()))}]")}
    with suppress(ValueError):
        imageref.parse(lower)
        if not unset:
            return {**_VALID, "valid": lower}
    number = re.search(r":(\d+(\.\d+)?e\+?\d+)$", lower)
    scheme = re.match(r"\w+://", lower)
    tags = _TWO_TAGS.search(lower)
    two_tags = f"{tags[2]} and {tags[3]}" if tags else ""
    lost_digest = bool(re.search(r"@(sha256:?)?$", lower))
    empty_tag = lower.endswith(":") and not lower.endswith("sha256:")
    no_registry = bool(re.match(r"/[^/]+/[^/]+:", lower)) and not lower.startswith(("/tmp/", "/var/"))
    is_path = lower.startswith(("/tmp/", "/var/", "/home/")) or lower.endswith((".jar", ".tar", ".war"))
    return {
        **_VALID,
        "valid": f"{tags[1]}:{tags[3]}" if tags and not unset else "'<a valid image name>'",
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
    """What the scheduler says of a Pod that no node takes, and the labels of a node, if they are what is missing."""
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
    if facts.trace is None or facts.trace.present or facts.kind == "no_right":
        return None
    if facts.trace.policy != NEVER and facts.kind != "never" and facts.trace.outcome != "ErrImageNeverPull":
        return None
    return {"unlisted": facts.scene.is_export and not facts.names and not facts.is_partial}


def unreachable(facts: Facts) -> Known | None:
    closed = facts.kind == "closed"
    host, port = keyring.split_port(facts.registry or facts.asking.host)
    service = host.endswith((".svc", ".cluster.local")) and not facts.asking.role and not closed
    if not (facts.kind in ("no_host", "closed") or (service and facts.kind == "name_server")):
        return None
    known = (host_of(entry) for secret in facts.secrets_here for entry in entries_of(secret))
    loopback = host if host in ("localhost", "127.0.0.1", "[::1]") else ""
    bare = host if facts.registry and port and not loopback else ""
    near = bare if closed else nearest(facts.registry, (*known, DEFAULT_REGISTRY))
    moved = facts.image.replace(facts.registry, near, 1) if near else "'<registry>/<repository>:<tag>'"
    openshift = host.startswith("image-registry.openshift-image-registry") or host == "docker-registry.default.svc"
    return {
        "openshift": openshift and facts.kind == "no_host",  # a name that no one answers for may be there
        "closed": closed,
        "near": near,
        "moved": moved,
        "loopback": loopback,
        "service": service,
    }


_VERSION = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?|latest")


def tag_as_path(facts: Facts) -> Known | None:
    """A tag behind a slash instead of a colon, which makes it a part of the repository."""
    bare, slash, last = facts.image.rpartition("/")
    refused = facts.reply is not None and (facts.reply.credentials or facts.kind == "not_found")
    return {"colon": f"{bare}:{last}"} if slash and _VERSION.fullmatch(last) and refused else None


_UNNAMED: Known = {
    **dict.fromkeys(("bitnami", "plain_version", "v_version", "tags", "existing"), ""),
    "missing": "such tag",
    "unlisted_export": True,
}
"""The words of `not_found` for a message that names no image."""


def not_found(facts: Facts) -> Known | None:
    reference = facts.reference
    if facts.kind != "not_found":
        return None
    if reference is None:
        return _UNNAMED
    tags = facts.scene.registries.tags(reference)
    bare = facts.image.partition("@")[0].removesuffix(f":{reference.tag}")
    tag = nearest(reference.tag or "", tags) or (tags[-1] if tags else "")
    version = facts.scene.is_export and re.fullmatch(r"(v?)(\d+\.\d+(?:\.\d+)?)", reference.tag or "")
    return {
        "bitnami": reference.name.startswith("docker.io/bitnami/"),
        "plain_version": version[2] if version and not version[1] else "",
        "v_version": version[2] if version and version[1] else "",
        "missing": f"digest {reference.digest}" if reference.digest else f"tag {reference.tag}",
        "tags": ", ".join(tags[:9]),
        "existing": f"{bare}:{tag}",
        "unlisted_export": facts.scene.is_export and not facts.matches,
    }


_OFFICIALS = (
    "alpine",
    "busybox",
    "debian",
    "elasticsearch",
    "golang",
    "grafana",
    "haproxy",
    "httpd",
    "kibana",
    "logstash",
    "mariadb",
    "memcached",
    "mongo",
    "mysql",
    "nginx",
    "node",
    "openjdk",
    "php",
    "postgres",
    "python",
    "rabbitmq",
    "redis",
    "registry",
    "ruby",
    "telegraf",
    "tomcat",
    "traefik",
    "ubuntu",
    "vault",
    "wordpress",
    "zookeeper",
)
"""Official images of Docker Hub that many Pods have. Not in causes.yaml: its words are shown unmasked."""


def official(facts: Facts) -> Known | None:
    """Docker Hub's official images are public, so a refusal means that there is none of that name."""
    official = f"{DEFAULT_REGISTRY}/{OFFICIAL_PREFIX}"
    if facts.reference is None or not facts.reference.name.startswith(official) or facts.kind not in UNCLEAR:
        return None
    name = facts.reference.name.removeprefix(official)
    near = nearest(name, _OFFICIALS)
    return {
        "official": name,
        "local": facts.is_node,
        "near_official": near,
        "corrected": facts.image.replace(name, near, 1),
    }


_UNROUTED = ("timeout", "no_route", "closed", "blocked_port", "proxy", "interrupted", "token_service")
_UNLOGGED = ("anonymous", "unauthorized", "permission", "forbidden", "scope", "denied", "expired")


def within(facts: Facts) -> Known | None:
    """Why a pull that isn't the Pod's own failed: that of the sandbox's image."""
    if facts.reply is None or not facts.reply.row.for_others:
        return None
    inner = facts.reply.words.get("inner_kind", "")
    return {
        "sandbox_kind": facts.kind == "sandbox",
        "paused": facts.reply.words.get("sandbox") or facts.image or "'<image>'",
        "unresolved": inner in ("no_host", "name_server"),
        "unrouted": inner in _UNROUTED,
        "unlogged": inner in _UNLOGGED,
        "down": inner == "outage",
    }


_MIRROR = re.compile(r"(?:Mirrors also failed: \[|\]? \[|\], \[)([^/\s]+)/[^\s:]+(?::[^\s/]+)?: ")
"""How CRI-O tells of the mirrors that it asked before."""


def answer(facts: Facts) -> Known:
    """What was answered, by whom, and whether credentials have to do with it."""
    role = facts.asking.role
    return {
        "uninspected": facts.trace is not None and facts.trace.outcome == "ImageInspectError",
        "damaged_there": facts.kind == "partial" and not facts.scene.is_export,
        "passed_on": facts.is_refused and facts.kind != "other" and role in ("mirror", "storage"),
        "mirror": role == "mirror",
        "matched": facts.matches[0].secret_name if facts.matches else "",
        "mirrors": ", ".join(dict.fromkeys(_MIRROR.findall(facts.message))),
        "unknown": facts.scene.is_export and facts.kind == "other" and not facts.is_silent,
        "message": facts.trace.message if facts.trace else "",
    }


_CHECKS = (invalid_name, unschedulable, never, unreachable, tag_as_path, not_found, official, within, answer)
CHECKS: Mapping[str, Callable[[Facts], Known | None]] = {
    check.__name__: check for check in (*_CHECKS, *credentials.CHECKS)
}
