"""Reads what is no export as objects: describe's screen, tables of events and Pods, logs, bare messages.

A text is taken apart into records (paste.py), each record is read as a row (rows.py), and of the rows those count that
say most. The objects are `partial`: what the Pod lists, and which Secrets there are, is not in them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from kubesim.api.objects import Object
from kubesim.why.hide.redact import redact
from kubesim.why.read.paste import event_row, records, shortened
from kubesim.why.read.rows import PULLING, Rank, Row, rows_of
from kubesim.why.read.screen import Item, described, event_of, is_waiting, partial
from kubesim.why.read.signs import client_of, read

_MOST_LINES = 300
"""Lines in which a command is looked for."""
MOST_CAUSES = 300
"""Groups of Pods of which a text says the same that become objects: few of them are shown, and each takes time."""
_MOST_WARNINGS = 20
"""Warnings that a Pod looks at, if the text doesn't say whose they are."""
_INSTEAD = {
    "InspectFailed": "ImageInspectError",
    "BackOff": "ImagePullBackOff",
    "FailedToRetrieveImagePullSecret": "ErrImagePull",
}
"""The reason of the container's status that belongs to that of an event."""
_TELLING = ("ImageInspectError",)
"""Reasons that say something without a message."""
ADDED = ("partial", "client", "unread", "unplaced", "same")
"""Fields of a Pod that no cluster writes: what a text tells of it besides."""
_STARTED = re.compile(r"(?:Created|Started) container|Back-off restarting")
_IMAGE = re.compile(
    r"(?:(?<![\w./:@-])|(?<=docker://)|(?<=oci://))"
    r"(?:(?P<host>[\w-]++(?:\.[\w-]++)++(?::\d+)?/)(?:[\w.-]++/)*+|(?:[\w.-]++/)++)[\w.-]++"
    r"(?::(?:v?\d+(?:\.\d+)+[\w.-]{0,20}|latest|stable|nightly|master|main|edge|(?(host)\d{1,4}|(?!)))|@sha256:[0-9a-f]+)"
    r"(?![\w/])"
)
"""An image's name with a version or a digest, whatever is around it. A word behind the colon may be a password."""
_END = 30
"""Characters by which the end of a message that was cut off is found in another one."""
_TAG = re.compile(r"(:[\w.-]+|@sha256:\w+)$")
POD_NAME = "'<pod>'"
CONTAINER = "'<container>'"


def read_text(text: str) -> list[Item]:
    """The Pods and events of a text; none where it is neither kubectl's nor a message that the signs know."""
    short = shortened(text)
    masked = redact(short.text)
    plain = _plain(masked, cuts=True)
    screens = list(described(plain))
    if any(kind == "Event" or is_waiting(item) for kind, item in screens):
        return screens
    rows = list(rows_of(plain.split("\n")))
    if not _are_known(rows):
        broken = _plain(masked, cuts=False)
        rows_between_words = list(rows_of(broken.split("\n"))) if broken != plain else []
        if _are_known(rows_between_words):
            plain, rows = broken, rows_between_words
    rows = _completed(rows, {match[0] for match in _IMAGE.finditer(plain)})
    if _STARTED.search(plain):
        rows = [row for row in rows if row.kind != PULLING]  # whatever was pulled came, or says itself that it didn't
    return list(_pods_of(rows, {"client": _client(plain.split("\n"), rows), "unread": short.unread})) or screens


def _plain(text: str, *, cuts: bool) -> str:
    """The records of a text, without secrets. With `cuts`, lines of one width are taken as cut within words."""
    return redact("\n".join(records(text, cuts=cuts)))  # once more: what took the dress off could hide a secret's form


def _are_known(rows: list[Row]) -> bool:
    return any(row.rank is Rank.KNOWN for row in rows)


def read_events(events: list[Object]) -> list[Item]:
    """The Pods that events are about."""
    lines = [event_row(event.get("involvedObject", {}), event) for event in events]
    short = shortened("\n".join(lines))
    return list(_pods_of(list(rows_of(redact(short.text).split("\n"))), {"unread": short.unread}))


def _client(lines: list[str], rows: list[Row]) -> str:
    """The program on a person's machine that failed, such as docker; "" where a node did, or the text doesn't say."""
    if any(row.is_kubelets for row in rows):
        return ""
    last = next((row.message for row in reversed(rows) if row.says_why), "")
    failed = [line for line in lines if last and last in line]  # of two programs, the one that failed counts
    return next(filter(None, map(client_of, [*failed, *lines[:_MOST_LINES]])), "")


def _completed(rows: list[Row], anywhere: Collection[str]) -> list[Row]:
    """The rows, each with what it lacks and the text says only once: the image, its tag, the Pod, its namespace.

    `anywhere` are the images that the text names at any place.
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
        if row.pod or (pod and row.namespace in ("", namespace)):
            row = row._replace(pod=row.pod or pod, namespace=row.namespace or namespace)
        its_own = of_pod[row.pod] | of_pod[""] if row.pod else lacking
        image = row.image or _only(its_own if lacking else anywhere)
        completed.append(row._replace(image=tagged.get(image, image)))
    return completed


def _only(names: Collection[str]) -> str:
    """The only one of some names; "" where there are more, or none."""
    return next(iter(names)) if len(names) == 1 else ""


def _pods_of(rows: list[Row], told: Object) -> Iterator[Item]:
    """Of the rows of a text, the Pods whose image doesn't come, each container with what says most about it.

    If every image came, it is the Pod of the last one. `told` are fields that each Pod gets.
    """
    warnings = [row for row in rows if row.is_missing_secret]
    pulls = [row for row in rows if not row.is_missing_secret]
    others = [row for row in pulls if row.kind != PULLING] if warnings else pulls
    telling = _troubles(others) or [row for row in others if row.is_pulled][-1:] or _troubles(warnings)
    groups: dict[tuple[object, ...], list[_Pod]] = {}
    for pod in _by_name(telling, warnings):
        groups.setdefault(pod.said, []).append(pod)
    for pod, *same in list(groups.values())[-MOST_CAUSES:]:
        yield from _items(pod, {**told, "same": [other.name for other in same]})


def _troubles(rows: Iterable[Row]) -> list[Row]:
    """Of each image that didn't come until now, the row that says most; if some say why, only those."""
    last: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.namespace, row.pod, row.image)
        if row.is_pulled:
            last.pop(key, None)
        elif key not in last or _says_more(row, last[key]):
            last[key] = row
    for least in (Rank.UNKNOWN, Rank.WAITING, Rank.PULLING, Rank.RUNNING):
        telling = [row for row in last.values() if row.rank >= least]
        if telling:
            return [row for row in telling if row.image] or telling
    return []


def _says_more(later: Row, earlier: Row) -> bool:
    """Whether a later row about the same image takes the place of an earlier one."""
    if later.rank != earlier.rank:
        return later.rank > earlier.rank
    if later.kind == earlier.kind:
        return len(later.message) >= len(earlier.message)  # else its end may be cut off
    return later.message[-_END:] not in earlier.message[:-1]  # which says more behind that


class _Pod(NamedTuple):
    """A Pod, what a text says of each of its containers, and of the Secrets that the kubelet missed."""

    namespace: str
    name: str
    rows: list[Row]
    warnings: list[Row]

    @property
    def said(self) -> tuple[object, ...]:
        """What it shares with other Pods from which the same cause keeps an image."""
        return self.namespace, *self.missed, *(row.said for row in self.rows)

    @property
    def missed(self) -> list[str]:
        """The Secrets that the kubelet missed, each once, in their order."""
        secrets: dict[str, None] = {}
        for row in self.warnings:
            secrets |= dict.fromkeys(filter(None, read(row.message).words.get("secret", "").split(", ")))
        return list(secrets)


def _by_name(rows: list[Row], warnings: list[Row]) -> Iterable[_Pod]:
    """The Pods of the rows that count, each with its warnings, and with those that name no Pod."""
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


def _items(pod: _Pod, told: Object) -> Iterator[Item]:
    """A Pod with the fields that are `told`, and its events."""
    where = {"name": pod.name, "namespace": pod.namespace}
    containers = [_container(row, number) for number, row in enumerate(pod.rows, 1)]
    listed = [{"name": secret} for secret in pod.missed]
    kind, item = partial(where, containers, nodeName=pod.rows[0].node, imagePullSecrets=listed)
    yield kind, {**item, **told, "unplaced": not any(row.namespace for row in pod.rows)}
    yield from (event_of(where, row) for row in pod.warnings)


def _container(row: Row, number: int) -> Object:
    """The container of a row, the Pod's first, second, … (`number`) one."""
    name = row.container
    if not name:
        name = CONTAINER if number == 1 else f"'<container {number}>'"
    container = {"name": name, "image": row.image}
    if row.is_pulled:
        return {**container, "imageID": "there", "state": {"running": {}}}
    reason = _INSTEAD.get(row.reason, row.reason) or "ErrImagePull"
    waiting = {"reason": reason, "message": row.message}
    if not row.says_why:
        waiting = {"reason": reason if reason in _TELLING else "ImagePullBackOff", "message": ""}
    return {**container, "state": {"waiting": waiting}}
