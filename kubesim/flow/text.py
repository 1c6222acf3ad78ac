"""Reads what kubectl prints for people, and bare messages, as objects: describe pod, get events, an error's text.

Such objects are `partial`: what the Pod lists, and which Secrets there are, is not in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from kubesim.api.objects import Object
from kubesim.flow.paste import records
from kubesim.flow.redact import redact
from kubesim.flow.signs import MOST, read, table

Item = tuple[str, Object]
"""An object and its kind; load.py gives it the fields that it lacks."""

_WHOLE = 200_000
_FIELD = re.compile(r"(?P<key>[A-Z][\w ]*):\s+(?P<value>\S.*)")
_LOGGED = re.compile(r"\"+ (?:pod|image|containerName)=\S+.*| podUID=\S+.*")
"""What follows the message in the kubelet's log."""
# What a record says of what it is about, whatever wrote it: kubectl, a console, the kubelet or another log.
_POD = re.compile(
    r"[Pp]ods?/(?P<pod>[a-z0-9][a-z0-9.-]*)|\bpod=\"?(?:(?P<namespace>[a-z0-9-]+)/)?(?P<pod2>[a-z0-9][a-z0-9.-]*)"
    r"|for pod \"(?P<pod3>[a-z0-9.-]+)_(?P<namespace3>[a-z0-9-]+)\(|in pod \"(?P<pod4>[a-z0-9.-]+)\""
    r"|(?P<pod5>[a-z0-9][a-z0-9.-]*)\s+Pod\s"
    r"|^(?:(?P<namespace6>[a-z0-9-]+)\s+)?(?P<pod6>[a-z0-9][a-z0-9.-]*)\s+\d+/\d+\s+(?:Init:)?[A-Z]\w+"
    r"|Successfully assigned (?P<namespace7>[a-z0-9-]+)/(?P<pod7>[a-z0-9][a-z0-9.-]*) to"
    r"|describe pods? (?P<pod8>[a-z0-9][a-z0-9.-]*)"
)
_LISTED = re.compile(r"^(?P<namespace>[a-z0-9][a-z0-9.-]*)\s+\S+(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s")
_CONTAINER = re.compile(r"spec\.\w+\{([\w.-]+)\}|for \"([\w.-]+)\" with|container \"([\w.-]+)\"")
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
_INSTEAD = {
    "InspectFailed": "ImageInspectError",
    "BackOff": "ImagePullBackOff",
    "FailedToRetrieveImagePullSecret": "ErrImagePull",
}
"""The reason of the container's status that belongs to that of an event."""
POD_NAME, CONTAINER = "'<pod>'", "'<container>'"


class Row(NamedTuple):
    """What a record says of a Pod's image; parts that it doesn't name are "". `kind` is that of its sign."""

    namespace: str
    pod: str
    container: str
    node: str
    image: str
    reason: str
    message: str
    kind: str


def read_text(text: str) -> list[Item]:
    """The Pods and events of a text; none where it is neither kubectl's nor a message that the signs know."""
    if (
        len(text) < _WHOLE
    ):  # what takes the dress off could hide a form of a secret; longer ones are masked once, after it
        text = redact(text)
    for cuts in (True, False):
        lines = redact("\n".join(records(text, cuts))).split("\n")
        items = list(_described("\n".join(lines))) or list(_told(lines))
        if items:
            return items
    return []


def read_events(events: list[Object]) -> list[Item]:
    """The Pods that events are about."""
    lines = (
        f"{event['metadata']['namespace']} 1m Warning {event['reason']} pod/{event['involvedObject']['name']} "
        f"{' '.join(event['message'].split())}"
        for event in events
    )
    return list(_told([redact(line) for line in lines]))


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
    found: list[Object] = []
    state: Object = {}
    for line in lines[1:]:
        if name := re.fullmatch(r"  (\S+):\s*", line):
            found.append({"name": name[1]})
        elif found and (field := _FIELD.fullmatch(line.strip())):
            key, value = field["key"], field["value"].strip()
            if key in ("Image", "Image ID"):
                found[-1]["image" if key == "Image" else "imageID"] = value
            elif key in ("State", "Last State"):
                state = {}
                if key == "State":
                    found[-1]["state"] = {value.lower(): state}
            elif key in ("Reason", "Message"):
                state[key.lower()] = value
    return found


def _partial(metadata: Object, containers: list[Object], inits: list[Object] | None = None, **spec: Any) -> Item:
    """A Pod of which only the names, images and states of its containers are known."""
    spec |= {"containers": containers, "initContainers": inits or []}
    status = {"containerStatuses": containers, "initContainerStatuses": inits or []}
    return "Pod", {"metadata": metadata, "spec": spec, "status": status, "partial": True}


def _event(where: Object, row: Row) -> Item:
    about = {"name": where["name"], "namespace": where["namespace"]}
    return "Event", {"metadata": about, "involvedObject": about, "reason": row.reason, "message": row.message}


def _told(lines: list[str]) -> Iterator[Item]:
    """Of the records of a text, the Pods whose image doesn't come, each container with what says most about it."""
    rows = list(_rows(lines))
    pods = {row.pod: row for row in rows if row.pod}
    only = next(iter(pods.values())) if len(pods) == 1 else None
    troubles: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        if only and not row.pod:
            row = row._replace(pod=only.pod, namespace=only.namespace)
        key = (row.namespace, row.pod, row.image)
        if row.kind == "success":
            troubles.pop(key, None)
        elif row.kind != "missing_secret":
            known = troubles.get(key)
            is_cut = known is not None and known.kind == row.kind and len(_inner(row)) < len(_inner(known))
            if known is None or (row.kind and not is_cut) or not known.kind:
                troubles[key] = row
    warnings = [row for row in rows if row.kind == "missing_secret"]
    done = [row for row in rows if row.kind == "success"]
    if done and not troubles:
        came = {"name": done[-1].container or CONTAINER, "image": done[-1].image, "imageID": "there"}
        where = {"name": done[-1].pod or POD_NAME, "namespace": done[-1].namespace or "default"}
        yield _partial(where, [{**came, "state": {"running": {}}}])
    else:
        yield from _pods(_settled(list(troubles.values())), warnings)


def _inner(row: Row) -> str:
    """Why a pull for someone else failed; "" where the text was cut before it says so."""
    return str(read(row.message, True).words.get("inner", ""))


def _settled(rows: list[Row]) -> list[Row]:
    """The rows that count: what is known of an image goes to the rows that only say that it is waited for."""
    telling = [row for row in rows if row.kind]
    if not telling:
        named = [row for row in rows if row.image]
        return named or rows
    images = {row.image for row in rows if row.image}
    if len(images) == 1:
        telling = [row._replace(image=row.image or next(iter(images))) for row in telling]
    return [row for row in telling if row.image] or telling


def _pods(rows: list[Row], warnings: list[Row]) -> Iterator[Item]:
    if not rows:
        rows = warnings[:1]
    secrets = [name for row in warnings for name in read(row.message, True).words.get("secret", "").split(", ")]
    pods: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pods.setdefault((row.namespace or "default", row.pod or POD_NAME), []).append(row)
    for (namespace, name), each in pods.items():
        containers = [_container(row, number) for number, row in enumerate(dict.fromkeys(each))]
        more: dict[str, Any] = {
            "nodeName": each[0].node,
            "imagePullSecrets": [{"name": secret} for secret in dict.fromkeys(secrets)],
        }
        where = {"name": name, "namespace": namespace}
        yield _partial(where, containers, **more)
        yield from (_event(where, row) for row in warnings)


def _container(row: Row, number: int) -> Object:
    name = row.container or (CONTAINER if not number else f"{CONTAINER[:-2]} {number + 1}>'")
    if not row.kind:  # a back-off alone says nothing
        return {"name": name, "image": row.image, "state": {"waiting": {"reason": "ImagePullBackOff", "message": ""}}}
    reason = _INSTEAD.get(row.reason, row.reason) or "ErrImagePull"
    return {"name": name, "image": row.image, "state": {"waiting": {"reason": reason, "message": row.message}}}


def _rows(lines: list[str]) -> Iterator[Row]:
    named = ""  # by a line of its own, as YAML has it
    for line in lines:
        if image := re.match(r"\s*-?\s*[Ii]mage:\s+[\"']?([^\s\"']+)", line):
            named = image[1]
        if row := _row(line, named):
            yield row


@lru_cache(maxsize=4096)
def _row(line: str, named: str) -> Row | None:
    """What a record says; None where it is not about an image."""
    start = _MESSAGE.search(line)
    message = _LOGGED.sub("", line[start.start() if start else 0 :]).strip().rstrip("'\"")
    kind = read(message, True).kind
    reasons = _REASON.findall(line)
    succeeded = _SUCCESS.search(line)
    names = [name for name in (_image_of(message), _image_of(line), named) if name]
    image = max((name for name in names if name.startswith(names[0])), key=len, default="")  # one may lack its tag
    if succeeded:
        kind, image = "success", succeeded[1] or succeeded[2]
    elif kind == "other":
        kind = ""
        if not reasons and not _WAITS.search(line):
            return None
    about, listed = _POD.search(line), _LISTED.match(line)
    words = {name.rstrip("2345678"): word for name, word in (about.groupdict() if about else {}).items() if word}
    container, node = _CONTAINER.search(line), _NODE.search(line)
    return Row(
        words.get("namespace") or (listed["namespace"] if listed and about else ""),
        words.get("pod", ""),
        next(filter(None, container.groups()), "") if container else "",
        node["node"] if node else "",
        image,
        reasons[-1] if reasons else ("ImagePullBackOff" if not kind else ""),
        message,
        kind,
    )


def _image_of(message: str) -> str:
    """The image that a message speaks of; "" if it names none."""
    for expression in table("signs")["images"]:
        if found := re.search(expression, message[:MOST]):
            parts = found.groupdict()
            if parts.get("image"):
                return parts["image"]
            name = f"{parts['host']}/{parts['name']}" if "host" in parts else parts["name"]
            return f"{name}{'@' if parts['tag'].startswith('sha256') else ':'}{parts['tag']}"
    return ""
