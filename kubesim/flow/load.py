"""Reads the YAML or JSON that kubectl printed, and keeps of each object what the flow asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, REPLICA_SET, SECRET, SERVICE_ACCOUNT, Resource

MAX_SIZE = 3 * 1024 * 1024
# Every scalar stays a text: nothing that kubectl prints means anything else here, and no text can become code.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WANTED = "it should be what kubectl get prints with -o yaml or -o json"
_NOTHING = (None, "", "null", "~")

_OWNER = {"kind": str, "name": str, "controller": bool}
_META = {
    **dict.fromkeys(("name", "namespace", "creationTimestamp", "resourceVersion"), str),
    "labels": {"pod-template-hash": str},
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": str},
    "ownerReferences": [_OWNER],
}
_CONTAINER = {"name": str, "image": str, "imagePullPolicy": str}
_WAITING = {"reason": str, "message": str}
_STATUS = {"name": str, "imageID": str, "state": {"waiting": _WAITING, "running": {}, "terminated": {}}}
_NAMES = [{"name": str}]
SHAPES: Mapping[Resource, Any] = {
    POD: {
        "metadata": _META,
        "spec": {
            **dict.fromkeys(("serviceAccountName", "nodeName"), str),
            "imagePullSecrets": _NAMES,
            "containers": [_CONTAINER],
            "initContainers": [_CONTAINER],
            "nodeSelector": {"": str},
        },
        "status": {
            "conditions": [{"reason": str}],
            "containerStatuses": [_STATUS],
            "initContainerStatuses": [_STATUS],
        },
    },
    SERVICE_ACCOUNT: {"metadata": _META, "imagePullSecrets": _NAMES},
    SECRET: {"metadata": _META, "type": str, "data": {"": str}},
    REPLICA_SET: {"metadata": _META},
    EVENT: {
        "metadata": _META,
        "involvedObject": {"name": str, "namespace": str},
        "reason": str,
        "message": str,
        "lastTimestamp": str,
    },
}
"""What is kept of each kind: texts, truths, lists of one shape, and maps; the key "" stands for every key."""


class ExportError(Exception):
    """The text is no export that can be explained; the message says why, and quotes nothing of it."""


def load(text: str) -> list[tuple[Resource, Object]]:
    """The objects of the kinds that count, in their order, each cut down to its shape. Raises ExportError."""
    _measure(len(text))
    items = [item for document in _documents(text) for item in _items(document, "")]
    return [kept for kind, item in items for kept in _kept(kind, item)]


def _measure(size: int) -> None:
    if size > MAX_SIZE:
        raise ExportError(f"it has more than {MAX_SIZE // 1024 // 1024} MiB: export one namespace, or name the objects")


def _documents(text: str) -> list[Any]:
    try:
        return _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    except (ValueError, RecursionError):  # it may be YAML that begins like JSON
        return _yaml(text)


def _json(text: str) -> list[Any]:
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def _yaml(text: str) -> list[Any]:
    found = []
    try:
        loader = _LOADER(text)
        while loader.check_node():
            node = loader.get_node()
            _refuse_aliases([node])
            found.append(loader.construct_document(node))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1} of it" if error.problem_mark else "it"
        raise ExportError(f"{line} is neither YAML nor JSON: {_WANTED}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ExportError(f"it is neither YAML nor JSON: {_WANTED}") from None
    return found


def _refuse_aliases(waiting: list[Any]) -> None:
    """kubectl writes none, and a few lines of them can stand for gigabytes."""
    seen = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            raise ExportError("it has YAML aliases (*name), which kubectl never prints")
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _items(document: Any, kind: str) -> Iterator[tuple[str, Object]]:
    """A document's objects with their kinds, lists taken apart; in a PodList the items need not name theirs."""
    if document in _NOTHING:
        return
    kind = document.get("kind", kind) if isinstance(document, dict) else ""
    if not kind or not isinstance(kind, str):
        raise ExportError(f"it has no kind: {_WANTED}")
    items = document.get("items")
    if kind.endswith("List") and isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and not str(item.get("kind", "")).endswith("List"):  # kubectl nests none
                yield from _items(item, kind.removesuffix("List"))
    else:
        yield kind, document


_BY_KIND = {resource.kind: resource for resource in SHAPES}


def _kept(kind: str, item: Object) -> Iterator[tuple[Resource, Object]]:
    resource = _BY_KIND.get(kind)
    if resource is None:
        return
    kept = _shaped(item, SHAPES[resource], kind)
    if not kept.get("metadata", {}).get("name"):
        raise ExportError(f"a {kind} has no name")
    kept["metadata"]["namespace"] = kept["metadata"]["namespace"] or "default"
    if resource is POD and not kept.get("spec", {}).get("containers"):
        raise ExportError("a Pod has no containers")
    yield resource, kept


def _shaped(value: Any, shape: Any, where: str) -> Any:
    """`value` cut down to `shape`. Raises ExportError where something of another kind stands in its place."""
    if shape is str or shape is bool:
        if isinstance(value, dict | list):
            raise ExportError(f"{where} is no text")
        return value in (True, "true") if shape is bool else "" if value is None else str(value)
    kind = type(shape)
    if not isinstance(value, kind):
        raise ExportError(f"{where} is no {'map' if kind is dict else 'list'}")
    if kind is list:
        return [_shaped(item, shape[0], f"{where}[]") for item in value]
    if "" in shape:
        return {str(key): _shaped(item, shape[""], f"{where}.*") for key, item in value.items()}
    there = {key: part for key, part in shape.items() if part in (str, bool) or value.get(key) not in _NOTHING}
    return {key: _shaped(value.get(key), part, f"{where}.{key}") for key, part in there.items()}


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 as PowerShell's > writes it. Raises ExportError."""
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    _measure(len(data) // (2 if is_wide else 1) - is_wide)
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError("it is no text") from None
