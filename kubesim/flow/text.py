"""Reads what kubectl prints for people, and bare messages, as objects: describe pod, get events, an error's text.

Such objects are `partial`: what the Pod lists, and which Secrets there are, is not in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, Resource
from kubesim.flow.signs import read

Kept = tuple[Resource, Object]

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
_IMAGES = tuple(
    map(
        re.compile,
        (
            r'(?:image|reference|image name) \\?"(?P<image>[^"\\\s]+)',
            r"for image (?P<image>[^\s:]+(?::\d+/\S+?)?(?::[\w.-]+)?)(?=[:,;\s]|$)",
            r"docker://(?P<image>[^\s,]*\w)",
            r"https?://(?P<host>[^/\s]+)/v2/(?P<name>[^\s?\"]+)/(?:manifests|blobs)/(?P<tag>[\w.-]+)",
            r"(?:manifest for|pull access denied for) (?P<image>[^\s,]+)",
            r"reading manifest (?P<tag>\S+) in (?P<name>[^\s:]+(?::\d+[^\s:]*)?)",
        ),
    )
)
POD_NAME, CONTAINER = "'<pod>'", "'<container>'"


def read_text(text: str) -> list[Kept]:
    """The Pods and events of a text; none where it is neither kubectl's nor a message that the signs know."""
    text = _LOGGED.sub("", _ESCAPED.sub('"', text))
    return [*_described(text), *_listed(text)] or _message(text)


def _described(text: str) -> Iterator[Kept]:
    """What `kubectl describe pod` says of each Pod."""
    for part in re.split(r"^(?=Name:\s)", text, flags=re.MULTILINE):
        if part.startswith("Name:") and re.search(r"^(Init )?Containers:\s*$", part, re.MULTILINE):
            yield from _pod(part.splitlines())


def _pod(lines: list[str]) -> Iterator[Kept]:
    fields: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    section = ""
    for line in lines:
        if line[:1] not in ("", " "):
            section, _, value = line.partition(":")
            fields.setdefault(section, value.strip())
        sections.setdefault(section, []).append(line)
    images = {name: _containers(sections.get(name, [])) for name in ("Init Containers", "Containers")}
    kind, _, owner = fields.get("Controlled By", "").partition("/")
    label = re.search(r"pod-template-hash=(\S+)", "\n".join(sections.get("Labels", [])))
    metadata: Object = {"name": fields["Name"], "namespace": fields.get("Namespace", "default"), "annotations": {}}
    metadata["labels"] = {"pod-template-hash": label[1]} if label else {}
    metadata["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}] if owner else []
    spec = {"serviceAccountName": fields.get("Service Account", ""), "nodeName": fields.get("Node", "").split("/")[0]}
    yield POD, _partial(metadata, spec, *images.values())
    for line in sections.get("Events", []):
        if found := _DESCRIBED_EVENT.match(line):
            yield EVENT, _event(metadata["namespace"], metadata["name"], found)


def _containers(lines: list[str]) -> list[Object]:
    """Name, image and state of each container of a section."""
    found: list[Object] = []
    state: Object = {}
    for line in lines[1:]:
        if name := re.fullmatch(r"  (\S+):\s*", line):
            found.append({"name": name[1], "image": "", "imageID": "", "state": {}})
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


def _partial(metadata: Object, spec: Object, inits: list[Object], others: list[Object]) -> Object:
    """A Pod of which only the names, images and states of its containers are known."""
    spec |= {"initContainers": _fields(inits, "image"), "containers": _fields(others, "image")}
    status: Object = {"initContainerStatuses": _fields(inits, "imageID", "state")}
    status["containerStatuses"] = _fields(others, "imageID", "state")
    meta = {"creationTimestamp": "", "resourceVersion": "", **metadata}
    return {"metadata": meta, "spec": spec, "status": status, "partial": True}


def _fields(containers: list[Object], *keys: str) -> list[Object]:
    return [{"name": item["name"], "imagePullPolicy": "", **{key: item[key] for key in keys}} for item in containers]


def _event(namespace: str, pod: str, found: re.Match[str]) -> Object:
    return {
        "metadata": {"name": pod, "namespace": namespace, "creationTimestamp": "", "resourceVersion": ""},
        "involvedObject": {"name": pod, "namespace": namespace},
        "reason": found["reason"],
        "message": _WIDE.sub("", found["message"]),
        "lastTimestamp": "",
    }


def _listed(text: str) -> Iterator[Kept]:
    """What `kubectl get events` prints: the events of Pods, and the Pods whose images are spoken of."""
    pods: dict[tuple[str, str], dict[str, Object]] = {}
    for line in text.splitlines():
        if found := _LISTED_EVENT.fullmatch(line.strip()):
            namespace, pod = found["namespace"] or "default", found["pod"]
            event = _event(namespace, pod, found)
            yield EVENT, event
            image, containers = _image_of(event["message"]), pods.setdefault((namespace, pod), {})
            if image or not containers:
                name = found["container"] or CONTAINER
                state: Object = {"waiting": {"reason": "", "message": ""}}
                containers[image or name] = {"name": name, "image": image, "imageID": "", "state": state}
    for (namespace, name), found_in in pods.items():
        spoken = [item for item in found_in.values() if item["image"]] or list(found_in.values())
        metadata = {"name": name, "namespace": namespace, "annotations": {}, "labels": {}, "ownerReferences": []}
        yield POD, _partial(metadata, {"serviceAccountName": "", "nodeName": ""}, [], spoken)


def _message(text: str) -> list[Kept]:
    """A Pod for a message alone."""
    if read(text, True).kind == "other":
        return []
    state = {"waiting": {"reason": "ErrImagePull", "message": " ".join(text.split())}}
    container = {"name": CONTAINER, "image": _image_of(text), "imageID": "", "state": state}
    metadata: Any = {"name": POD_NAME, "namespace": "default", "annotations": {}, "labels": {}, "ownerReferences": []}
    return [(POD, _partial(metadata, {"serviceAccountName": "", "nodeName": ""}, [], [container]))]


def _image_of(message: str) -> str:
    """The image that a message speaks of; "" if it names none."""
    for expression in _IMAGES:
        if found := expression.search(message):
            parts = found.groupdict()
            if parts.get("image"):
                return parts["image"]
            name = f"{parts['host']}/{parts['name']}" if "host" in parts else parts["name"]
            return f"{name}{'@' if parts['tag'].startswith('sha256') else ':'}{parts['tag']}"
    return ""
