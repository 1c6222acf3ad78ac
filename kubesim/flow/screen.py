"""Reads the screen of `kubectl describe pod`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubesim.api.objects import Object
from kubesim.flow.rows import Row, rows_of
from kubesim.flow.signs import as_name

Item = tuple[str, Object]
"""An object and its kind; load.py gives it the fields that it lacks."""

STATUSES = ("initContainerStatuses", "containerStatuses")
_FIELD = re.compile(r"(?P<key>[A-Z][\w ]*):\s+(?P<value>\S.*)")


def described(text: str) -> Iterator[Item]:
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
            fields.setdefault(section, value.strip().partition(" ")[0])
        sections.setdefault(section, []).append(line)
    kind, _, owner = fields.get("Controlled By", "").partition("/")
    metadata: Object = {"name": fields["Name"], "namespace": fields.get("Namespace", "default")}
    if label := re.search(r"pod-template-hash=(\S+)", "\n".join(sections.get("Labels", []))):
        metadata["labels"] = {"pod-template-hash": label[1]}
    if owner:
        metadata["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}]
    node, account = fields.get("Node", "").split("/")[0], fields.get("Service Account", "")
    inits, others = (_containers(sections.get(name, [])) for name in ("Init Containers", "Containers"))
    yield partial(metadata, others, inits, nodeName=node, serviceAccountName=account)
    for row in rows_of(sections.get("Events", [])):
        yield event_of(metadata, row)


def is_waiting(pod: Object) -> bool:
    """Whether a container of a Pod waits for something."""
    states = (container.get("state", {}) for name in STATUSES for container in pod.get("status", {}).get(name, ()))
    return any("waiting" in state for state in states)


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
                containers[-1]["image" if key == "Image" else "imageID"] = as_name(value)
            elif key in ("State", "Last State"):
                state = {}
                if key == "State":
                    containers[-1]["state"] = {value.lower(): state}
            elif key in ("Reason", "Message"):
                state[key.lower()] = value
    return containers


def partial(metadata: Object, containers: list[Object], inits: list[Object] | None = None, **spec: Any) -> Item:
    """A Pod of which only the names, images and states of its containers are known."""
    spec |= {"containers": containers, "initContainers": inits or []}
    status = {"containerStatuses": containers, "initContainerStatuses": inits or []}
    return "Pod", {"metadata": metadata, "spec": spec, "status": status, "partial": True}


def event_of(where: Object, row: Row) -> Item:
    about = {"name": where["name"], "namespace": where["namespace"]}
    return "Event", {"metadata": about, "involvedObject": about, "reason": row.reason, "message": row.message}
