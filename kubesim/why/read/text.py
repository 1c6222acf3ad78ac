"""Text that is no YAML or JSON to objects: output of describe, tables of events and Pods, logs, bare messages.

paste.py splits a text into records, rows.py makes rows of them, and this module chooses the rows with most information
about each image. The Pods are `partial`: their pull secrets and the existing Secrets are unknown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from kubesim.api.objects import TEMPLATE_HASH, Object
from kubesim.why.hide.redact import MASK, redact
from kubesim.why.read.paste import event_row, records, shortened
from kubesim.why.read.rows import PULLING, Rank, Row, missing_secrets, rows_of
from kubesim.why.read.screen import Item, described, event_of, is_waiting, partial_pod
from kubesim.why.read.signs import client_of
from kubesim.why.read.signs_table import signs

# The first lines, in which a client program is looked for.
_MOST_LINES = 300
# The largest number of groups of Pods with the same rows that become objects. Few are shown, and each takes time.
MOST_CAUSES = 300
# The largest number of hosts given to a Pod.
_MOST_HOSTS = 50
# The largest number of warnings given to one Pod.
_MOST_WARNINGS = 20
# The reason in a container's status by the reason of an event.
_INSTEAD = {
    "InspectFailed": "ImageInspectError",
    "BackOff": "ImagePullBackOff",
    "FailedToRetrieveImagePullSecret": "ErrImagePull",
}
# Reasons that are informative without a message.
_TELLING = ("ImageInspectError",)
# Fields that this module adds to a Pod, and that no cluster writes. Exports can't set them: load.py drops them.
#
# `partial` marks a Pod made from a text. `client` is the program that failed instead of a node, `unread` the number of
# lines left out of a long text. `unplaced` means that the namespace is a guess, and `same` names the other Pods of the
# group. `there` lists the images that a table of the node has, and `built` those that a table of docker has. `logins`
# are the registries where a client's login succeeded, `created` the pull secrets that a command of the text created,
# `wanted` those that a piece of a manifest lists, `slips` the mistakes in such a command, and `around` the names of the
# runtime and of the distribution of Kubernetes (`surroundings` in signs.yaml). `named` has what other commands name, by
# words (signs.yaml, too), and `hosts` are those at any place of the text. `platforms` are those of the image, and
# `hosts_file` has the addresses in a pasted /etc/hosts.
ADDED = (
    "partial",
    "client",
    "unread",
    "unplaced",
    "same",
    "there",
    "built",
    "logins",
    "created",
    "wanted",
    "slips",
    "around",
    "named",
    "hosts",
    "platforms",
    "hosts_file",
)
_STARTED = re.compile(r"(?:Created|Started) container|Back-off restarting")
# An image's name with a version or a digest, at any place. Other words behind a colon could be passwords.
_IMAGE = re.compile(
    r"(?:(?<![\w./:@-])|(?<=docker://)|(?<=oci://))"
    r"(?:(?P<host>[\w-]++(?:\.[\w-]++)++(?::\d+)?/)(?:[\w.-]++/)*+|(?:[\w.-]++/)++)[\w.-]++"
    r"(?::(?:v?\d+(?:\.\d+)+[\w.-]{0,20}|latest|stable|nightly|master|main|edge|(?(host)\d{1,4}|(?!)))|@sha256:[0-9a-f]+)"
    r"(?![\w/])"
)
# Characters at the end of a message that must be in another message for the first to be a cut-off copy of it.
_END = 30
_TAG = re.compile(r"(:[\w.-]+|@sha256:\w+)$")
# The table that `crictl images` prints.
_IMAGES = re.compile(
    r"^[ \t]*IMAGE[ \t]+TAG[ \t]+IMAGE ID[ \t]+SIZE[ \t]*$"
    r"((?:\n[ \t]*[^ \t\n]+[ \t]+[\w.<>-]+[ \t]+[0-9a-f]{12,}[ \t].*$)+)",
    re.MULTILINE,
)
# The table that `docker images` prints.
_BUILT = re.compile(
    r"^[ \t]*REPOSITORY[ \t]+TAG[ \t]+IMAGE ID[ \t]+CREATED[ \t]+SIZE[ \t]*$"
    r"((?:\n[ \t]*[^ \t\n]+[ \t]+[\w.<>-]+[ \t]+[0-9a-f]{12,}[ \t].*$)+)",
    re.MULTILINE,
)
_LOGIN = re.compile(r"\b(?:docker|podman|nerdctl|skopeo|buildah|helm registry|crane auth) login\b(?P<arguments>.*)")
_HOST = re.compile(r"(?<![\w@/.-])(?:https://)?([\w-]+(?:\.[\w-]+)+(?::\d+)?|localhost(?::\d+)?)(?![\w@-]|\.\w)")
# A platform of an image, as commands print it that inspect its manifest.
_PLATFORM = re.compile(r"\"architecture\": ?\"(\w+)\"|^ *Platform: +\w+/(\w+)", re.MULTILINE)
# A line of /etc/hosts.
_HOSTS_FILE = re.compile(
    r"^[ \t]*(?P<address>\d+(?:\.\d+){3})[ \t]+(?P<hosts>[\w.-]+(?:[ \t]+[\w.-]+)*)[ \t]*$", re.MULTILINE
)
_CREATED = re.compile(
    r"\b(?:create secret docker-registry|secrets new-dockercfg|create secret generic(?=[^\n]*dockerc))"
    r" (?P<name>[a-z0-9][a-z0-9.-]*)"
)
# Mistakes in the command that creates a pull secret, by their words in causes.yaml.
_SLIPS = {
    "glued": re.compile(r"--docker-password[= ][^\s'\"]+--docker-"),
    "unquoted": re.compile(r"--docker-username[= ]\"?[\w.-]*\$[\w<]"),
    "dashless": re.compile(r"create secret docker-registry [^\n]* (?:docker-)?(?:password|username|server)="),
}
# The namespace of a command that creates a pull secret, or of a manifest.
_HOME = re.compile(
    r"\bcreate secret docker-registry (?:[^\n]*\s)?(?:-n|--namespace)[ =](?P<created>[a-z0-9-]+)"
    r"|^kind:[ ]*\w+[ ]*\nmetadata:[ ]*\n(?:[ ]+[^\n]*\n){0,3}?[ ]+namespace:[ ]*(?P<manifest>[a-z0-9-]+)[ ]*$",
    re.MULTILINE,
)
# The first name in a piece of a manifest.
_WANTED = re.compile(r"\bimagePullSecrets[\"']?:[\s\[{-]*[\"']?name[\"']?:[ ]*[\"']?(?P<name>[a-z0-9][a-z0-9.-]*)")
# A Pod's name by a Deployment: its hash and the end are of letters that form no words (apimachinery pkg/util/rand).
_REPLICA = re.compile(r"(?P<replicas>.+-(?P<hash>[bcdf-hj-np-tv-xz2456789]{6,10}))-[bcdf-hj-np-tv-xz2456789]{5}")
# The names of Pods and containers that a text doesn't name: placeholders, in quotes for the shell.
POD_NAME = "'<pod>'"
CONTAINER = "'<container>'"


def read_text(text: str) -> list[Item]:
    """The Pods and events in a text; [] for a text that is neither kubectl's output nor about an image.

    Tries the output of describe first. Other text is read once with lines of equal width joined within words, and again
    with spaces if no sign was found so.
    """
    short = shortened(text)
    masked = redact(short.text)
    joined = "\n".join(records(masked, cuts=True))
    # Again, because decoration between a key and its value can hide a secret from the first redaction.
    plain = redact(joined)
    screens = list(described(plain))
    if any(kind == "Event" or is_waiting(item) for kind, item in screens):
        return screens
    rows = list(rows_of(plain.split("\n")))
    if not _are_known(rows):
        between_words = "\n".join(records(masked, cuts=False))
        broken = redact(between_words) if between_words != joined else plain
        rows_between_words = list(rows_of(broken.split("\n"))) if broken != plain else []
        if _are_known(rows_between_words):
            plain, rows = broken, rows_between_words
    rows = _completed(rows, {match[0].rstrip(".") for match in _IMAGE.finditer(plain)})
    if not any(row.namespace for row in rows):
        home = _only({match["created"] or match["manifest"] for match in _HOME.finditer(masked)} - {MASK})
        rows = [row._replace(namespace=home) for row in rows]
    *_, last = (0, *(started.end() for started in _STARTED.finditer(plain)))
    if last:  # of the pulls, those that began before the last start are over
        rows = [row for row in rows if row.kind != PULLING or row.message in plain[last:]]
    added = {
        "client": _client(plain, rows),
        "unread": short.unread,
        "there": list(_listed(_IMAGES, masked)),
        "built": list(_listed(_BUILT, masked)),
        "logins": list(_logins(masked)),
        "created": [match["name"] for match in _CREATED.finditer(masked)],
        "wanted": [match["name"] for match in _WANTED.finditer(masked)],
        "around": [name for name, sign in signs().surroundings._asdict().items() if re.search(sign, masked)],
        "named": dict(_named(short.text)),
        "hosts": list(dict.fromkeys(match[1] for match in _HOST.finditer(masked)))[:_MOST_HOSTS],
        "platforms": sorted({match[1] or match[2] for match in _PLATFORM.finditer(masked)} - {"unknown"}),
        "hosts_file": {
            host: line["address"] for line in _HOSTS_FILE.finditer(masked) for host in line["hosts"].split()
        },
        "slips": [slip for slip, pattern in _SLIPS.items() if pattern.search(short.text)],
    }
    return list(_pods_of(rows, added)) or screens


def _logins(text: str) -> Iterator[str]:
    """The registries where a login succeeded: "" stands for Docker Hub."""
    if "Login Succeeded" in text:
        for login in _LOGIN.finditer(text):
            host = _HOST.search(login["arguments"])
            yield host[1] if host else ""


def _named(text: str) -> Iterator[tuple[str, str]]:
    """The words of `named` in signs.yaml that a command of the text gives, and their names."""
    for word, sign in signs().named.items():
        if found := re.search(sign, text):
            yield word, next(filter(None, found.groups()))


def _listed(tables: re.Pattern[str], text: str) -> Iterator[str]:
    """The images in tables of `crictl images` or `docker images`, each with its tag."""
    for table in tables.finditer(text):
        yield from (":".join(row.split()[:2]) for row in table[1].strip().splitlines())


def _are_known(rows: list[Row]) -> bool:
    return any(row.rank is Rank.KNOWN for row in rows)


def read_events(events: list[Object]) -> list[Item]:
    """The partial Pods that Events are about."""
    lines = [event_row(event.get("involvedObject", {}), event) for event in events]
    short = shortened("\n".join(lines))
    return list(_pods_of(list(rows_of(redact(short.text).split("\n"))), {"unread": short.unread}))


def _client(text: str, rows: list[Row]) -> str:
    """The client program that failed, such as docker; "" if a node failed, or if the text doesn't tell.

    Where a text names a program that runs another one, such as Argo CD, it is that one.
    """
    if any(row.pod or row.node or row.reason for row in rows):
        return ""
    lines = text.split("\n")
    last = next((row.message for row in reversed(rows) if row.says_why), "")
    failed = [line for line in lines if last and last in line]  # first, because a text may show several programs
    client = next(filter(None, map(client_of, [*failed, *lines[:_MOST_LINES]])), "")
    is_runtimes = bool(client) and signs().clients[client].on_node  # whose messages are like those of the kubelet
    if any(row.is_kubelets for row in rows) and not is_runtimes:
        return ""
    outer = (name for name, row in signs().clients.items() if client in row.runs and re.search(row.around, text))
    return next(outer, client)


def _completed(rows: list[Row], anywhere: Collection[str]) -> list[Row]:
    """Fill in missing images, tags, Pods and namespaces, wherever the whole text leaves only one possibility.

    `anywhere` has the images at any place of the text, for texts whose rows name none.
    """
    came = {row.image for row in rows if row.is_pulled}
    lacking = {row.image for row in rows if row.image} - came
    tagged = {_TAG.sub("", image): image for image in lacking if _TAG.search(image)}
    of_pod: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.image in lacking:
            of_pod[row.pod].add(row.image)
    pod = _only({row.pod for row in rows if row.pod})
    namespace = _only({row.namespace for row in rows if row.namespace and row.pod})
    completed = []
    for row in rows:
        if row.pod or row.namespace in ("", namespace):
            row = row._replace(pod=row.pod or pod, namespace=row.namespace or namespace)
        its_own = of_pod[row.pod] | of_pod[""] if row.pod else lacking
        image = row.image or (_only(came) if row.is_after_pull else "") or _only(its_own if lacking else anywhere)
        completed.append(row._replace(image=tagged.get(image, image)))
    return completed


def _only(names: Collection[str]) -> str:
    """The name if there is exactly one, else ""."""
    return next(iter(names)) if len(names) == 1 else ""


def _pods_of(rows: list[Row], fields: Object) -> Iterator[Item]:
    """The Pods with failed pulls and their events, from the rows of a text; each container has the best row about it.

    If all images came, it is the Pod of the last row. Pods with the same rows are one Pod with the other names in
    `same`. `fields` are added to each Pod.
    """
    warnings = [row for row in rows if row.is_missing_secret]
    pulls = [row for row in rows if not row.is_missing_secret]
    others = [row for row in pulls if row.kind != PULLING] if warnings else pulls
    telling = _troubles(others) or [row for row in others if row.is_pulled][-1:] or _troubles(warnings)
    groups: dict[tuple[object, ...], list[_Pod]] = {}
    for pod in _by_name(telling, warnings):
        groups.setdefault(pod.group_key, []).append(pod)
    for pod, *same in list(groups.values())[-MOST_CAUSES:]:
        yield from _items(pod, {**fields, "same": [other.name for other in same]})


def _troubles(rows: Iterable[Row]) -> list[Row]:
    """For each image whose last row isn't a success, the row with most information; and failures after a pull.

    If any of these rows has a reason, the rows without one are left out, and so on down the ranks.
    """
    last: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.namespace, row.pod, row.image)
        if row.is_pulled:
            if key in last and not last[key].is_after_pull:
                del last[key]
        elif key not in last or _says_more(row, last[key]):
            last[key] = row
    for least in (Rank.UNKNOWN, Rank.WAITING, Rank.PULLING, Rank.RUNNING, Rank.VAGUE):
        telling = [row for row in last.values() if row.rank >= least]
        if telling:
            return [row for row in telling if row.image] or telling
    return []


def _says_more(later: Row, earlier: Row) -> bool:
    """True if a later row about the same image replaces the earlier one."""
    if later.rank != earlier.rank:
        return later.rank > earlier.rank
    if later.kind == earlier.kind:
        return len(later.message) >= len(earlier.message)  # a shorter one may be cut off
    if later.kind == "limit" and "fetch oauth token" in later.message:
        return False  # the token service, tired of a login that it refused before
    return later.message[-_END:] not in earlier.message[:-1]  # the later one may be a cut-off copy of the earlier


class _Pod(NamedTuple):
    """A Pod in a text: a row for each container, and the kubelet's warnings about missing Secrets."""

    namespace: str
    name: str
    rows: list[Row]
    warnings: list[Row]

    @property
    def group_key(self) -> tuple[object, ...]:
        """The key of its group: Pods with the same namespace, missing Secrets and rows."""
        return self.namespace, *self.missing_secrets, *(row.without_names for row in self.rows)

    @property
    def missing_secrets(self) -> list[str]:
        return missing_secrets(self.warnings)


def _by_name(rows: list[Row], warnings: list[Row]) -> Iterable[_Pod]:
    """The Pods of the chosen rows. A Pod gets its own warnings and those that name no Pod."""
    of_pod: defaultdict[str, list[Row]] = defaultdict(list)
    for row in warnings:
        if len(of_pod[row.pod]) < _MOST_WARNINGS:
            of_pod[row.pod].append(row)
    pods: dict[tuple[str, str], _Pod] = {}
    for row in rows:
        where = row.namespace or "default", row.pod or POD_NAME
        if where not in pods:
            near = [*of_pod[""], *of_pod[row.pod]] if row.pod else warnings[:_MOST_WARNINGS]
            pods[where] = _Pod(*where, [], [each for each in near if each.namespace in ("", row.namespace)])
        pods[where].rows.append(row)
    return pods.values()


def _items(pod: _Pod, fields: Object) -> Iterator[Item]:
    """A partial Pod with more `fields`, and its events."""
    where: Object = {"name": pod.name, "namespace": pod.namespace}
    if replica := _REPLICA.fullmatch(pod.name):
        owner = {"kind": "ReplicaSet", "name": replica["replicas"], "controller": True}
        where |= {"labels": {TEMPLATE_HASH: replica["hash"]}, "ownerReferences": [owner]}
    containers = [_container(row, number) for number, row in enumerate(pod.rows, 1)]
    listed = [{"name": secret} for secret in pod.missing_secrets]
    kind, item = partial_pod(where, containers, nodeName=pod.rows[0].node, imagePullSecrets=listed)
    yield kind, {**item, **fields, "unplaced": not any(row.namespace for row in pod.rows)}
    yield from (event_of(where, row) for row in pod.warnings)


def _container(row: Row, number: int) -> Object:
    """The container of a row, for spec and status alike. `number` counts from 1, for a name if the row has none."""
    name = row.container
    if not name:
        name = CONTAINER if number == 1 else f"'<container {number}>'"
    container = {"name": name, "image": row.image}
    if row.is_pulled:
        return {**container, "imageID": "there", "state": {"running": {}}}  # any imageID means: the image is there
    reason = _INSTEAD.get(row.reason, row.reason) or "ErrImagePull"
    waiting = {"reason": reason, "message": row.message}
    if not row.says_why:
        waiting = {"reason": reason if reason in _TELLING else "ImagePullBackOff", "message": ""}
    return {**container, "state": {"waiting": waiting}}
