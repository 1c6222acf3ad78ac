"""Reads what kubectl prints for people, and bare messages, as objects: describe pod, get events, an error's text.

Such objects are `partial`: what the Pod lists, and which Secrets there are, is not in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from kubesim.api.objects import Object
from kubesim.flow import tables
from kubesim.flow.paste import event_row, records
from kubesim.flow.redact import redact
from kubesim.flow.signs import MOST, read

Item = tuple[str, Object]
"""An object and its kind; load.py gives it the fields that it lacks."""

_WHOLE = 200_000
_FIELD = re.compile(r"(?P<key>[A-Z][\w ]*):\s+(?P<value>\S.*)")
_LOGGED = re.compile(r"\"+ (?:pod|image|containerName)=\S+.*| podUID=\S+.*")
"""What follows the message in the kubelet's log."""
_PODS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # kubectl get events
    ("pod/web-1", re.compile(r"[Pp]ods?/(?P<pod>[a-z0-9][a-z0-9.-]*)")),
    # the kubelet's log
    ('pod="shop/web-1"', re.compile(r"\bpod=\"?(?:(?P<namespace>[a-z0-9-]+)/)?(?P<pod>[a-z0-9][a-z0-9.-]*)")),
    # a sandbox or a container that the kubelet failed to start
    ('for pod "web-1_shop(7f3c)"', re.compile(r"pod \"?(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)\(")),
    # the events that an end-to-end test prints
    ("event for web-1: {kubelet node-1} Failed", re.compile(r"event for (?P<pod>[a-z0-9.-]+): ")),
    # kubectl logs
    ('container "app" in pod "web-1" is waiting', re.compile(r"in pod \"(?P<pod>[a-z0-9.-]+)\"")),
    # a table of events with a column for the name and one for the kind, as consoles have it
    ("web-1   Pod   Warning", re.compile(r"(?P<pod>[a-z0-9][a-z0-9.-]*)\s+Pod\s")),
    # kubectl get pods, with -A too
    (
        "shop   web-1   0/1   ErrImagePull",
        re.compile(
            r"^\s*(?:(?P<namespace>[a-z0-9-]+)\s+)?(?P<pod>[a-z0-9][a-z0-9.-]*)\s+(?:\W\s+)?\d+/\d+\s+(?:Init:)?[A-Z]\w+",
        ),
    ),
    # the scheduler's event
    (
        "Successfully assigned shop/web-1 to node-1",
        re.compile(r"Successfully assigned (?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9][a-z0-9.-]*) to"),
    ),
    # the command that was typed
    ("kubectl describe pod web-1", re.compile(r"describe pods? (?P<pod>[a-z0-9][a-z0-9.-]*)")),
)
"""How a record names the Pod that it is about: what such a record looks like, and where name and namespace stand."""
_LISTED = re.compile(r"^(?P<namespace>[a-z0-9][a-z0-9.-]*)\s+\S+(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s")
_CONTAINERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("spec.containers{app}", re.compile(r"spec\.\w+\{(?P<container>[\w.-]+)\}")),
    ('failed to "StartContainer" for "app" with', re.compile(r"for \"(?P<container>[\w.-]+)\" with")),
    ('container "app" in pod "web-1" is waiting', re.compile(r"container \"(?P<container>[\w.-]+)\"")),
)
"""How a record names the container: what such a record looks like, and where the name stands."""
_NODE = re.compile(r"\{?kubelet,? (?P<node>[a-z0-9][\w.-]*)")
_REASON = re.compile(
    r"\b(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ImageInspectError|RegistryUnavailable"
    r"|SignatureValidationFailed|InspectFailed|FailedCreatePodSandBox|FailedToRetrieveImagePullSecret|BackOff)\b"
)
_MESSAGE = re.compile(
    r"Failed to |Failed create |Error: |Error response |Error from |Error syncing|Back-off |Unable to |Container image "
    r"|Successfully pulled |ERROR: |failed to |failed pulling|rpc error|FATA\[|Revision \""
    r"|(?:Run|Create)PodSandbox|(?:Get|Head) \"?https?:"
)
_SUCCESS = re.compile(r'Successfully pulled image "?([^"\s]+)|Container image "([^"]+)" already present')
_WAITS = re.compile(
    r"Back-off pulling image|waiting to start: image can't be pulled|trying and failing to pull image|ImagePullBackOff"
    r"|ErrImagePull|ImageInspectError"
)
_FAILED = re.compile(r"[Ff]ailed to pull (?:and unpack )?image \"?[^\"\s]+\"?: \S|Error response from daemon: \S")
"""What begins a message that says why an image didn't come, whether its sign is known or not."""
_INSTEAD = {
    "InspectFailed": "ImageInspectError",
    "BackOff": "ImagePullBackOff",
    "FailedToRetrieveImagePullSecret": "ErrImagePull",
}
"""The reason of the container's status that belongs to that of an event."""
POD_NAME = "'<pod>'"
CONTAINER = "'<container>'"
_PULLED = "success"
"""The kind of a record that says that the image is there."""
_SILENT = ""
"""The kind of a record that only says that the image is waited for."""


WAITING = 0
UNKNOWN = 1
KNOWN = 2


class Row(NamedTuple):
    """What a record says of a Pod's image; parts that it doesn't name are "".

    `kind` is that of the message's sign in signs.yaml, _PULLED or _SILENT.
    """

    namespace: str
    pod: str
    container: str
    node: str
    image: str
    reason: str
    message: str
    kind: str

    @property
    def is_pulled(self) -> bool:
        return self.kind == _PULLED

    @property
    def is_missing_secret(self) -> bool:
        """Whether it is the kubelet's warning that a Secret isn't there, which alone fails no pull."""
        return self.kind == "missing_secret"

    @property
    def rank(self) -> int:
        """How much it says: that the image is waited for, what no sign knows, or what a sign knows."""
        if self.kind == _SILENT:
            return WAITING
        return UNKNOWN if self.kind == "other" else KNOWN

    @property
    def says_why(self) -> bool:
        """Whether it says more than that the image is waited for."""
        return self.rank > WAITING


def read_text(text: str) -> list[Item]:
    """The Pods and events of a text; none where it is neither kubectl's nor a message that the signs know."""
    # What takes the dress off could hide a form of a secret; longer texts are masked once, after it.
    if len(text) < _WHOLE:
        text = redact(text)
    unknown: list[Item] = []
    for cuts in (True, False):
        lines = redact("\n".join(records(text, cuts))).split("\n")
        if items := list(_described("\n".join(lines))):
            return items
        rows = list(_rows(lines))
        items = list(_told(rows))
        if any(row.rank == KNOWN for row in rows):
            return items
        unknown = unknown or items
    return unknown


def read_events(events: list[Object]) -> list[Item]:
    """The Pods that events are about."""
    lines = (event_row(event["involvedObject"], event) for event in events)
    return list(_told(list(_rows(redact(line) for line in lines))))


def _described(text: str) -> Iterator[Item]:
    """What `kubectl describe pod` says of each Pod."""
    for part in re.split(r"^(?=Name:\s)", text, flags=re.MULTILINE):
        if part.startswith("Name:") and re.search(r"^(Init )?Containers:\s*$", part, re.MULTILINE):
            yield from _pod(part.splitlines())


def _pod(lines: list[str]) -> Iterator[Item]:
    fields: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    section = ""
    for line in lines:
        if line[:1] not in ("", " "):
            section, _, value = line.partition(":")
            fields.setdefault(section, value.strip())
        sections.setdefault(section, []).append(line)
    kind, _, owner = fields.get("Controlled By", "").partition("/")
    metadata: Object = {"name": fields["Name"], "namespace": fields.get("Namespace", "default")}
    if label := re.search(r"pod-template-hash=(\S+)", "\n".join(sections.get("Labels", []))):
        metadata["labels"] = {"pod-template-hash": label[1]}
    if owner:
        metadata["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}]
    node, account = fields.get("Node", "").split("/")[0], fields.get("Service Account", "")
    inits, others = (_containers(sections.get(name, [])) for name in ("Init Containers", "Containers"))
    yield _partial(metadata, others, inits, nodeName=node, serviceAccountName=account)
    for line in sections.get("Events", []):
        if row := _row(line, ""):
            yield _event(metadata, row)


def _containers(lines: list[str]) -> list[Object]:
    """Name, image and state of each container of a section."""
    containers: list[Object] = []
    state: Object = {}
    for line in lines[1:]:
        if name := re.fullmatch(r"  (\S+):\s*", line):
            containers.append({"name": name[1]})
        elif containers and (field := _FIELD.fullmatch(line.strip())):
            key, value = field["key"], field["value"].strip()
            if key in ("Image", "Image ID"):
                containers[-1]["image" if key == "Image" else "imageID"] = value
            elif key in ("State", "Last State"):
                state = {}
                if key == "State":
                    containers[-1]["state"] = {value.lower(): state}
            elif key in ("Reason", "Message"):
                state[key.lower()] = value
    return containers


def _partial(metadata: Object, containers: list[Object], inits: list[Object] | None = None, **spec: Any) -> Item:
    """A Pod of which only the names, images and states of its containers are known."""
    spec |= {"containers": containers, "initContainers": inits or []}
    status = {"containerStatuses": containers, "initContainerStatuses": inits or []}
    return "Pod", {"metadata": metadata, "spec": spec, "status": status, "partial": True}


def _event(where: Object, row: Row) -> Item:
    about = {"name": where["name"], "namespace": where["namespace"]}
    return "Event", {"metadata": about, "involvedObject": about, "reason": row.reason, "message": row.message}


def _told(rows: list[Row]) -> Iterator[Item]:
    """Of the rows of a text, the Pods whose image doesn't come, each container with what says most about it."""
    rows = _with_tags(rows)
    warnings = [row for row in rows if row.is_missing_secret]
    pulled = [row for row in rows if row.is_pulled]
    troubles = _troubles(rows)
    if pulled and not troubles:
        yield _running(pulled[-1])
    else:
        yield from _pods(_settled(troubles), warnings)


def _with_tags(rows: list[Row]) -> list[Row]:
    """The rows, each image with the tag or digest that a different row has of it."""
    full: dict[str, str] = {}
    for row in rows:
        bare = re.sub(r"(:[\w.-]+|@sha256:\w+)$", "", row.image)
        if bare != row.image:
            full.setdefault(bare, row.image)
    return [row._replace(image=full[row.image]) if row.image in full else row for row in rows]


def _running(row: Row) -> Item:
    """The Pod of an image that came."""
    where = {"name": row.pod or POD_NAME, "namespace": row.namespace or "default"}
    container = {"name": row.container or CONTAINER, "image": row.image, "imageID": "there", "state": {"running": {}}}
    return _partial(where, [container])


def _troubles(rows: list[Row]) -> list[Row]:
    """Of each image that didn't come until now, the row that says most."""
    pods = {row.pod: row for row in rows if row.pod}
    only = next(iter(pods.values())) if len(pods) == 1 else None
    troubles: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        if only and not row.pod:
            row = row._replace(pod=only.pod, namespace=only.namespace)
        key = (row.namespace, row.pod, row.image)
        if row.is_pulled:
            troubles.pop(key, None)
        elif row.is_missing_secret:
            continue
        elif key not in troubles or _says_more(row, troubles[key]):
            troubles[key] = row
    return list(troubles.values())


def _says_more(later: Row, earlier: Row) -> bool:
    """Whether a later row about the same image takes the place of an earlier one."""
    if later.rank != earlier.rank:
        return later.rank > earlier.rank
    is_cut = later.kind == earlier.kind and len(_inner(later)) < len(_inner(earlier))
    return not is_cut


def _inner(row: Row) -> str:
    """Why a pull for someone else failed; "" where the text was cut before it says so."""
    return str(read(row.message, True).words.get("inner", ""))


def _settled(rows: list[Row]) -> list[Row]:
    """The rows that count: those that say why, with the image where it is known; else those that name an image."""
    with_image = [row for row in rows if row.image]
    telling = [row for row in rows if row.says_why]
    if not telling:
        return with_image or rows
    images = {row.image for row in with_image}
    if len(images) == 1:
        only = images.pop()
        telling = [row._replace(image=only) for row in telling]
    return [row for row in telling if row.image] or telling


def _pods(rows: list[Row], warnings: list[Row]) -> Iterator[Item]:
    """The Pods of the rows that count, each with the Secrets that the kubelet missed."""
    if not rows:
        rows = warnings[:1]
    secrets: dict[str, None] = {}  # the names, each once, in their order
    for row in warnings:
        secrets |= dict.fromkeys(read(row.message, True).words.get("secret", "").split(", "))
    pods: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pods.setdefault((row.namespace or "default", row.pod or POD_NAME), []).append(row)
    for (namespace, name), each in pods.items():
        where = {"name": name, "namespace": namespace}
        containers = [_container(row, number) for number, row in enumerate(dict.fromkeys(each), 1)]
        listed = [{"name": secret} for secret in secrets]
        yield _partial(where, containers, nodeName=each[0].node, imagePullSecrets=listed)
        yield from (_event(where, row) for row in warnings)


def _container(row: Row, number: int) -> Object:
    """The container of a row, the Pod's first, second, … (`number`) one."""
    name = row.container
    if not name:
        name = CONTAINER if number == 1 else f"'<container {number}>'"
    reason = _INSTEAD.get(row.reason, row.reason) or "ErrImagePull"
    waiting = {"reason": reason, "message": row.message}
    if not row.says_why:  # a back-off alone says nothing
        waiting = {"reason": "ImagePullBackOff", "message": ""}
    return {"name": name, "image": row.image, "state": {"waiting": waiting}}


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    field = ""  # the image on a line of its own above, as YAML has it
    for line in lines:
        if image := re.match(r"\s*-?\s*[Ii]mage:\s+[\"']?([^\s\"']+)", line):
            field = image[1]
        if row := _row(line, field):
            yield row


@lru_cache(maxsize=4096)
def _row(line: str, image_above: str) -> Row | None:
    """What a record says; None where it is not about an image."""
    start = _MESSAGE.search(line)
    message = _LOGGED.sub("", line[start.start() if start else 0 :]).strip().rstrip("'\"")
    pulled = _SUCCESS.search(line)
    kind = read(message, True).kind
    reasons = _REASON.findall(line)
    if pulled:
        kind = _PULLED
    elif kind == "other" and not _FAILED.search(message):
        if not reasons and not _WAITS.search(line):
            return None
        kind = _SILENT
    if not reasons and kind == _SILENT:
        reasons = ["ImagePullBackOff"]
    namespace, pod = _pod_of(line)
    container = _leftmost(_CONTAINERS, line)
    node = _NODE.search(line)
    return Row(
        namespace=namespace,
        pod=pod,
        container=container["container"] if container else "",
        node=node["node"] if node else "",
        image=pulled[1] or pulled[2] if pulled else _fullest([_image_of(message), _image_of(line), image_above]),
        reason=reasons[-1] if reasons else "",
        message=message,
        kind=kind,
    )


def _leftmost(patterns: tuple[tuple[str, re.Pattern[str]], ...], line: str) -> re.Match[str] | None:
    """The match that begins first in the line; of two at the same place, that of the upper row."""
    matches = [match for _, pattern in patterns if (match := pattern.search(line))]
    return min(matches, key=lambda match: match.start(), default=None)


def _pod_of(line: str) -> tuple[str, str]:
    """Namespace and name of the Pod that a record is about; "" for what it doesn't say."""
    match = _leftmost(_PODS, line)
    if match is None:
        return "", ""
    namespace = match.groupdict().get("namespace")
    if not namespace and (row := _LISTED.match(line)):
        namespace = row["namespace"]
    return namespace or "", match["pod"]


def _fullest(names: list[str]) -> str:
    """The image by the first name; one of the others may have the tag that it lacks."""
    known = [name for name in names if name]
    return max((name for name in known if name.startswith(known[0])), key=len, default="")


def _image_of(message: str) -> str:
    """The image that a message speaks of; "" if it names none."""
    for expression in tables.signs().images:
        if match := re.search(expression, message[:MOST]):
            parts = match.groupdict()
            if parts.get("image"):
                return parts["image"]
            name = f"{parts['host']}/{parts['name']}" if "host" in parts else parts["name"]
            mark = "@" if parts["tag"].startswith("sha256") else ":"
            return f"{name}{mark}{parts['tag']}"
    return ""
