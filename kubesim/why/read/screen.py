"""Screens of kubectl to objects: `kubectl describe pod`, and tables of `kubectl get secrets`.

The objects have only the fields of the screen. text.py reads other texts with `partial_pod` and `event_of`, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from kubesim.api.objects import TEMPLATE_HASH, Object
from kubesim.why.read.names import as_name
from kubesim.why.read.rows import Row, missing_secrets, rows_of

# The kind of an object, and the object. load.py adds missing fields by shapes.yaml.
Item = tuple[str, Object]

# An unindented line `Name: …` and the indented lines below it.
_SECTION = re.compile(r"^(\S[^:\n]*):(.*(?:\n(?!\S).*)*)", re.MULTILINE)
_CONTAINER = re.compile(r"^  (\S+):[ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"^\s+(Image|Image ID|State|Reason|Message):[ \t]+(\S.*?)\s*$", re.MULTILINE)
# The output of `kubectl get secrets`, with or without -A.
_SECRETS = re.compile(
    r"^(?P<places>NAMESPACE[ \t]+)?NAME[ \t]+TYPE[ \t]+DATA[ \t]+AGE[ \t]*$((?:\n(?:[^ \t\n]+[ \t]+){3,4}\w+[ \t]*$)+)",
    re.MULTILINE,
)
# The namespace in the command line above a table.
_GIVEN = re.compile(r"(?:-n|--namespace)[ =]?([a-z0-9-]+)[^\n]*\n\Z")


def described(text: str) -> Iterator[Item]:
    """The Pods in the output of `kubectl describe pod`, each followed by its events."""
    for part in re.split(r"^(?=Name:\s)", text, flags=re.MULTILINE):
        if part.startswith("Name:") and re.search(r"^(Init )?Containers:\s*$", part, re.MULTILINE):
            yield from _pod(part)


def _pod(text: str) -> Iterator[Item]:
    """The Pod in one block of describe's output, and its events."""
    sections = dict(reversed(_SECTION.findall(text)))  # reversed, so that the first section of a name wins
    words = {key: next(iter(value.split()), "") for key, value in sections.items()}
    kind, _, owner = words.get("Controlled By", "").partition("/")
    metadata: Object = {"name": words["Name"], "namespace": words.get("Namespace", "default")}
    if label := re.search(rf"{TEMPLATE_HASH}=(\S+)", sections.get("Labels", "")):
        metadata["labels"] = {TEMPLATE_HASH: label[1]}
    if owner:
        metadata["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}]
    rows = list(rows_of(sections.get("Events", "").splitlines()))
    yield partial_pod(
        metadata,
        _containers(sections.get("Containers", "")),
        _containers(sections.get("Init Containers", "")),
        nodeName=words.get("Node", "").split("/")[0],
        serviceAccountName=words.get("Service Account", ""),
        imagePullSecrets=[{"name": secret} for secret in missing_secrets(rows)],  # describe prints no others
    )
    yield from (event_of(metadata, row) for row in rows)


def listed_secrets(text: str) -> Iterator[Item]:
    """The Secrets in the tables of `kubectl get secrets`, with name and type, and without data."""
    for table in _SECRETS.finditer(text):
        given = _GIVEN.search(text[max(0, table.start() - 300) : table.start()])
        for row in table[2].split("\n")[1:]:
            *place, name, kind, _data, _age = row.split()
            namespace = place[0] if place else given[1] if given else "default"
            metadata = {"name": name, "namespace": namespace}
            yield "Secret", {"metadata": metadata, "type": kind}


def is_waiting(pod: Object) -> bool:
    """True if a container of a Pod is in the state Waiting."""
    statuses = chain.from_iterable(pod["status"].values())
    return any("waiting" in status.get("state", {}) for status in statuses)


def _containers(text: str) -> list[Object]:
    """Name, image and state of each container of a section."""
    _, *parts = _CONTAINER.split(text)
    return [_container(name, body) for name, body in zip(parts[::2], parts[1::2], strict=True)]


def _container(name: str, text: str) -> Object:
    fields = dict(reversed(_FIELD.findall(text.partition("Last State:")[0])))
    container = {"name": name, "image": as_name(fields.get("Image", "")), "imageID": fields.get("Image ID", "")}
    if state := fields.get("State"):
        container["state"] = {state.lower(): {"reason": fields.get("Reason"), "message": fields.get("Message")}}
    return container


def partial_pod(metadata: Object, containers: list[Object], inits: list[Object] | None = None, **spec: Any) -> Item:
    """A Pod of which only names, images and states of containers are known, marked with the field `partial`.

    Each container dict is in the spec and in the status.
    """
    spec |= {"containers": containers, "initContainers": inits or []}
    status = {"containerStatuses": containers, "initContainerStatuses": inits or []}
    return "Pod", {"metadata": metadata, "spec": spec, "status": status, "partial": True}


def event_of(where: Object, row: Row) -> Item:
    """An Event with a row's reason and message, about the Pod with name and namespace of `where`."""
    about = {"name": where["name"], "namespace": where["namespace"]}
    return "Event", {"metadata": about, "involvedObject": about, "reason": row.reason, "message": row.message}
