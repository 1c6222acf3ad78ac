"""Reads what kubectl prints for people, and bare messages, as objects: describe pod, get events, an error's text.

Such objects are `partial`: what the Pod lists, and which Secrets there are, is not in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubesim.api.objects import Object
from kubesim.flow.signs import MOST, read, table

Item = tuple[str, Object]
"""An object and its kind; load.py gives it the fields that it lacks."""

_FIELD = re.compile(r"(?P<key>[A-Z][\w ]*):\s+(?P<value>\S.*)")
_DESCRIBED_EVENT = re.compile(
    r"  (Normal|Warning)\s+(?P<reason>\w+)\s+\S+( \(x\d+ over \S+\))?\s+\S+\s+(spec\.\w+\{[^}]*\}: )?"
    r"(?P<message>.*)"
)
_LISTED_EVENT = re.compile(
    r"((?P<namespace>[a-z0-9][a-z0-9.-]*)\s+)?(?P<age>\S+( \(x\d+ over \S+\))?)\s+(Normal|Warning)\s+"
    r"(?P<reason>\w+)\s+[Pp]od/(?P<pod>\S+)\s+"
    r"(\S*\{(?P<container>[\w.-]+)\}\s+)?(kubelet, \S+\s+)?(?P<message>\S.*)"
)
_WIDE = re.compile(r"\s{2,}\S+\s+\d+\s+\S+\s*$")
# In the kubelet's log: quotes in quotes, and what follows the message.
_ESCAPED = re.compile(r'\\+"')
_LOGGED = re.compile(r'"+ pod="[^"]*".*')
POD_NAME, CONTAINER = "'<pod>'", "'<container>'"


def read_text(text: str) -> list[Item]:
    """The Pods and events of a text; none where it is neither kubectl's nor a message that the signs know."""
    text = "\n".join(_LOGGED.sub("", _ESCAPED.sub('"', line[:MOST])) for line in text.splitlines())
    return [*_described(text), *_listed(text)] or _message(text[-MOST:])


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
        if found := _DESCRIBED_EVENT.match(line):
            yield _event(metadata["namespace"], metadata["name"], found)


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


def _event(namespace: str, pod: str, found: re.Match[str]) -> Item:
    where, message = {"name": pod, "namespace": namespace}, _WIDE.sub("", found["message"])
    return "Event", {"metadata": where, "involvedObject": where, "reason": found["reason"], "message": message}


def _listed(text: str) -> Iterator[Item]:
    """What `kubectl get events` prints: the events of Pods, and the Pods whose images are spoken of."""
    pods: dict[tuple[str, str], dict[str, Object]] = {}
    for line in text.splitlines():
        if found := _LISTED_EVENT.fullmatch(line.strip()):
            namespace, pod = found["namespace"] or "default", found["pod"]
            event = _event(namespace, pod, found)
            yield event
            image, containers = _image_of(event[1]["message"]), pods.setdefault((namespace, pod), {})
            if image or not containers:
                name = found["container"] or CONTAINER
                containers[image or name] = {"name": name, "image": image, "state": {"waiting": {}}}
    for (namespace, name), found_in in pods.items():
        spoken = [item for item in found_in.values() if item["image"]] or list(found_in.values())
        yield _partial({"name": name, "namespace": namespace}, spoken)


def _message(text: str) -> list[Item]:
    """A Pod for a message alone."""
    if read(text, True).kind == "other":
        return []
    state = {"waiting": {"reason": "ErrImagePull", "message": " ".join(text.split())}}
    return [_partial({"name": POD_NAME}, [{"name": CONTAINER, "image": _image_of(text), "state": state}])]


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
