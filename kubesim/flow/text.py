"""Reads what is no export as objects: describe's screen, tables of events and Pods, logs, bare messages.

A text is taken apart into records (paste.py), each record is read as a row (rows.py), and of the rows those count that
say most. The objects are `partial`: what the Pod lists, and which Secrets there are, is not in them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from kubesim.api.objects import Object
from kubesim.flow.paste import Records, event_row, records, shortened
from kubesim.flow.redact import redact
from kubesim.flow.rows import PULLING, Rank, Row, rows_of
from kubesim.flow.screen import Item, described, event_of, is_waiting, partial
from kubesim.flow.signs import client_of, read

_MOST_LINES = 300
"""Lines in which a command is looked for."""
MOST_CAUSES = 300
"""Groups of Pods of which a text says the same that become objects: few of them are shown, and each takes time."""
_INSTEAD = {
    "InspectFailed": "ImageInspectError",
    "BackOff": "ImagePullBackOff",
    "FailedToRetrieveImagePullSecret": "ErrImagePull",
}
"""The reason of the container's status that belongs to that of an event."""
ADDED = ("partial", "client", "unread", "same")
"""Fields of a Pod that no cluster writes: what a text tells of it besides."""
_STARTED = re.compile(r"(?:Created|Started) container|Back-off restarting")
_IMAGE = re.compile(
    r"(?:(?<![\w./:@-])|(?<=docker://)|(?<=oci://))"
    r"(?:(?P<host>[\w-]++(?:\.[\w-]++)++(?::\d+)?/)(?:[\w.-]++/)*+|(?:[\w.-]++/)++)[\w.-]++"
    r"(?::(?:v?\d+(?:\.\d+)+[\w.-]{0,20}|latest|stable|nightly|master|main|edge|(?(host)\d{1,4}|(?!)))|@sha256:[0-9a-f]+)"
    r"(?![\w/])"
)
"""An image's name with a version or a digest, whatever is around it. A word behind the colon may be a password."""
_TAG = re.compile(r"(:[\w.-]+|@sha256:\w+)$")
POD_NAME = "'<pod>'"
CONTAINER = "'<container>'"


def read_text(text: str) -> list[Item]:
    """The Pods and events of a text; none where it is neither kubectl's nor a message that the signs know."""
    short = shortened(text)
    masked = redact(short.text)  # and once more below: what takes the dress off could hide a form of a secret
    pasted = records(masked)
    best = _read(pasted, short.unread)
    for other in _other_ways(masked, pasted):
        if best.is_known:
            break
        reading = _read(other, short.unread)
        if reading.is_known or not best.items:
            best = reading
    return best.items


def _other_ways(text: str, pasted: Records) -> Iterator[Records]:
    """The records of a text that was taken apart in a way that may be wrong, in other ways."""
    if pasted.is_cut:
        yield records(text, cuts=False)
    if pasted.has_debug:
        yield records(text, debug=True)


class _Reading(NamedTuple):
    """The objects that a text tells of, and whether a sign knows what it says."""

    items: list[Item]
    is_known: bool


def _read(pasted: Records, unread: int) -> _Reading:
    text = redact("\n".join(pasted.lines))
    screens = list(described(text))
    if any(kind == "Event" or is_waiting(item) for kind, item in screens):
        return _Reading(screens, is_known=True)
    lines = text.split("\n")
    rows = list(rows_of(lines))
    around = _Around(_client(lines, rows), {match[0] for match in _IMAGE.finditer(text)}, bool(_STARTED.search(text)))
    items = _unread(_told(rows, around), unread)
    return _Reading(items or screens, any(row.rank is Rank.KNOWN for row in rows))


class _Around(NamedTuple):
    """What a text tells around its rows: who failed, which images it names, and whether a container started."""

    client: str = ""
    images: Collection[str] = ()
    has_started: bool = False


def read_events(events: list[Object]) -> list[Item]:
    """The Pods that events are about."""
    lines = [event_row(event.get("involvedObject", {}), event) for event in events]
    short = shortened("\n".join(lines))
    return _unread(_told(list(rows_of(redact(short.text).split("\n"))), _Around()), short.unread)


def _unread(items: Iterator[Item], lines: int) -> list[Item]:
    """The items, with how many lines of their text weren't read."""
    return [(kind, {**item, "unread": lines}) for kind, item in items]


def _client(lines: list[str], rows: list[Row]) -> str:
    """The program on a person's machine that failed, such as docker; "" where a node did, or the text doesn't say."""
    if any(row.is_kubelets for row in rows):
        return ""
    return next(filter(None, map(client_of, lines[:_MOST_LINES])), "")


def _told(rows: list[Row], around: _Around) -> Iterator[Item]:
    """Of the rows of a text, the Pods whose image doesn't come, each container with what says most about it."""
    rows = _completed(rows, around.images)
    telling = [row for row in rows if row.kind != PULLING]
    if telling or around.has_started:  # whatever was pulled came, or says itself that it didn't
        rows = telling
    warnings = [row for row in rows if row.is_missing_secret]
    pulled = [row for row in rows if row.is_pulled]
    troubles = _troubles(rows)
    if pulled and not troubles:
        yield _running(pulled[-1])
    else:
        for kind, item in _pods(_settled(troubles), warnings):
            yield kind, {**item, "client": around.client}


def _completed(rows: list[Row], named: Collection[str]) -> list[Row]:
    """The rows, each with what the whole text says only once: the image's tag or digest, a Pod's image, the Pod.

    `named` are the images that it names anywhere.
    """
    rows = _with_tags(rows)
    lacking = _by_pod(rows, lambda row: "" if row.is_pulled else row.image)
    came = _by_pod(rows, lambda row: row.image if row.is_pulled else "")
    homes = _by_pod(rows, lambda row: row.namespace if row.pod else "")
    pod = _only_pod(rows)
    completed = []
    for row in rows:
        image = row.image or _only(lacking[row.pod] - came[row.pod]) or _only(named)
        row = row._replace(image=image, namespace=row.namespace or _only(homes[row.pod]))
        if pod and not row.pod:
            row = row._replace(pod=pod.pod, namespace=pod.namespace)
        completed.append(row)
    return completed


def _with_tags(rows: list[Row]) -> list[Row]:
    """The rows, each image with the first tag or digest that it has in any of them."""
    full: dict[str, str] = {}
    for row in rows:
        bare = _TAG.sub("", row.image)
        if bare != row.image:
            full.setdefault(bare, row.image)
    return [row._replace(image=full.get(row.image, row.image)) for row in rows]


def _by_pod(rows: list[Row], part: Callable[[Row], str]) -> defaultdict[str, set[str]]:
    """Of each Pod, what its rows say; "" is nothing."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if word := part(row):
            said[row.pod].add(word)
    return said


def _only(names: Collection[str]) -> str:
    """The only one of some names; "" where there are more, or none."""
    return next(iter(names)) if len(names) == 1 else ""


def _running(row: Row) -> Item:
    """The Pod of an image that came."""
    where = {"name": row.pod or POD_NAME, "namespace": row.namespace or "default"}
    container = {"name": row.container or CONTAINER, "image": row.image, "imageID": "there", "state": {"running": {}}}
    return partial(where, [container])


def _troubles(rows: list[Row]) -> list[Row]:
    """Of each image that didn't come until now, the row that says most."""
    troubles: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.namespace, row.pod, row.image)
        if row.is_pulled:
            troubles.pop(key, None)
        elif row.is_missing_secret:
            continue
        elif key not in troubles or _says_more(row, troubles[key]):
            troubles[key] = row
    return list(troubles.values())


def _only_pod(rows: list[Row]) -> Row | None:
    """A row of the only Pod that a text names; None where it names several, or one name in several namespaces."""
    named = [row for row in rows if row.pod]
    names = {row.pod for row in named}
    namespaces = {row.namespace for row in named if row.namespace}
    return named[-1] if len(names) == 1 and len(namespaces) < 2 else None


def _says_more(later: Row, earlier: Row) -> bool:
    """Whether a later row about the same image takes the place of an earlier one."""
    if later.rank != earlier.rank:
        return later.rank > earlier.rank
    is_cut = later.kind == earlier.kind and len(_inner(later)) < len(_inner(earlier))
    return not is_cut


def _inner(row: Row) -> str:
    """Why a pull for someone else failed; "" where the text was cut before it says so."""
    return str(read(row.message).words.get("inner", ""))


def _settled(rows: list[Row]) -> list[Row]:
    """The rows that count: those that say why, with the image where it is known; else those that name an image."""
    with_image = [row for row in rows if row.image]
    telling = [row for row in rows if row.says_why]
    if not telling:
        return with_image or rows
    images = {row.image for row in with_image}
    if len(images) == 1:
        [only] = images
        telling = [row._replace(image=only) for row in telling]
    return [row for row in telling if row.image] or telling


def _pods(rows: list[Row], warnings: list[Row]) -> Iterator[Item]:
    """The Pods of the rows that count, each with the Secrets that the kubelet missed."""
    groups = list(_groups(rows or _first_of_each(warnings), warnings))
    for group in groups[-MOST_CAUSES:]:
        listed = [{"name": secret} for secret in _missed(group.warnings)]
        where = {"name": group.names[0], "namespace": group.namespace}
        containers = [_container(row, number) for number, row in enumerate(dict.fromkeys(group.rows), 1)]
        kind, pod = partial(where, containers, nodeName=group.rows[0].node, imagePullSecrets=listed)
        yield kind, {**pod, "same": group.names[1:]}
        yield from (event_of(where, row) for row in group.warnings)


def _first_of_each(warnings: list[Row]) -> list[Row]:
    """Of each Pod, its first warning."""
    first: dict[tuple[str, str], Row] = {}
    for row in warnings:
        first.setdefault((row.namespace, row.pod), row)
    return list(first.values())


def _missed(warnings: list[Row]) -> list[str]:
    """The Secrets that the kubelet missed, each once, in their order."""
    secrets: dict[str, None] = {}
    for row in warnings:
        secrets |= dict.fromkeys(filter(None, read(row.message).words.get("secret", "").split(", ")))
    return list(secrets)


class _Group(NamedTuple):
    """Pods of a namespace of which a text says the same: their names, and the rows and warnings of the first."""

    namespace: str
    names: list[str]
    rows: list[Row]
    warnings: list[Row]


def _groups(rows: list[Row], warnings: list[Row]) -> Iterable[_Group]:
    pods: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pods.setdefault((row.namespace or "default", row.pod or POD_NAME), []).append(row)
    by_pod: defaultdict[str, list[tuple[int, Row]]] = defaultdict(list)
    for number, warning in enumerate(warnings):
        by_pod[warning.pod].append((number, warning))
    groups: dict[tuple[object, ...], _Group] = {}
    for (namespace, name), each in pods.items():
        pod = each[0].pod
        near = sorted([*by_pod[""], *by_pod[pod]]) if pod else enumerate(warnings)
        about = [warning for _, warning in near if _may_be_of(warning, each[0])]
        said = (namespace, *_missed(about), *(row.said for row in each))
        groups.setdefault(said, _Group(namespace, [], each, about)).names.append(name)
    return groups.values()


def _may_be_of(warning: Row, row: Row) -> bool:
    """Whether two rows can be about the same Pod: what either doesn't name doesn't tell them apart."""
    is_other = warning.pod and row.pod and warning.pod != row.pod
    is_elsewhere = warning.namespace and row.namespace and warning.namespace != row.namespace
    return not (is_other or is_elsewhere)


def _container(row: Row, number: int) -> Object:
    """The container of a row, the Pod's first, second, … (`number`) one."""
    name = row.container
    if not name:
        name = CONTAINER if number == 1 else f"'<container {number}>'"
    reason = _INSTEAD.get(row.reason, row.reason) or "ErrImagePull"
    waiting = {"reason": reason, "message": row.message}
    if not row.says_why:  # a reason alone
        waiting = {"reason": reason if reason == "ImageInspectError" else "ImagePullBackOff", "message": ""}
    return {"name": name, "image": row.image, "state": {"waiting": waiting}}
