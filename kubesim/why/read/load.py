"""Reads what kubectl printed (YAML, JSON, describe, events) or a bare message, and keeps what the flow needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import yaml

from kubesim.api.budget import MAX_DEPTH
from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, RESOURCES, SECRET, SERVICE_ACCOUNT, Resource
from kubesim.why import tables
from kubesim.why.read.screen import Item, listed_secrets
from kubesim.why.read.text import ADDED, read_events, read_text

MAX_SIZE = 3 * 1024 * 1024
_MOST_PARTS = 1000
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WANTED = "it should be what kubectl get prints with -o yaml or -o json"
_UNKNOWN = (
    "it is no export and no message that kubesim knows: give the whole message, or what kubectl get -o yaml prints"
)
_NOTHING = (None, "", "null", "~")
_SCALARS = ("str", "bool")
_SECRET = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret|dockerc|stringData")
_SPACE = re.compile(r"\s*")
_FENCED = re.compile(r"^ *``` ?[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_OBJECT = re.compile(r"^[ \"'-]*(kind|apiVersion)[\"']?\s*:", re.MULTILINE)


Kept = tuple[Resource, Object]
"""An object that counts, cut down to its shape."""


@cache
def _shapes() -> Any:
    """What is kept of each kind of object: texts, truths, lists and maps."""
    return tables.content(__file__, "shapes.yaml")


class ExportError(Exception):
    """A text is no export that can be explained; the message says why, and quotes nothing of it."""

    number: int | None = None
    """Which of several texts, from 0; None where it's all of them."""

    def blamed(self, names: Sequence[str]) -> str:
        """The name of the text that this is about, or the names of all."""
        return ", ".join(names) if self.number is None else names[self.number]


def load_all(texts: Sequence[str | bytes]) -> Iterator[Kept]:
    """The objects of texts, or of files as they are, one after the other. Raises ExportError with its number."""
    for number, text in enumerate(texts):
        try:
            yield from load(decode(text) if isinstance(text, bytes) else text)
        except ExportError as error:
            error.number = number
            raise


def load(text: str) -> list[Kept]:
    """The objects of the kinds that count, in their order, each cut down to its shape. Raises ExportError."""
    _measure(len(text))
    malformed: ExportError | None = None
    for part in (text, *_FENCED.findall(text)):
        if part.lstrip()[:1] == "{" or _OBJECT.search(part):
            try:
                objects = _objects([item for document in _documents(part) for item in _items(document, "")])
            except ExportError as error:
                malformed = error
            else:
                if part == text or any(resource in (POD, EVENT) for resource, _ in objects):
                    return objects
    if malformed and _SECRET.search(text):
        raise malformed  # it may still hold a Secret's values: it isn't read as a message
    items = [*read_text(text), *listed_secrets(text)]
    if not items:
        raise malformed or ExportError(_UNKNOWN)
    return _objects(items)


def _objects(items: list[Item]) -> list[Kept]:
    """The objects that count; where there are events and no Pods, with the Pods that they are about."""
    objects = [kept for kind, item in items for kept in _kept(kind, item)]
    resources = {resource for resource, _ in objects}
    if EVENT in resources and POD not in resources:
        told = read_events([obj for resource, obj in objects if resource is EVENT])
        objects += [kept for kind, item in told for kept in _kept(kind, item)]
    return objects


def _measure(size: int) -> None:
    if size > MAX_SIZE:
        raise ExportError(f"it has more than {MAX_SIZE // 1024 // 1024} MiB: export one namespace, or name the objects")


def _documents(text: str) -> list[Any]:
    try:
        return _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    except (ValueError, RecursionError):  # it may be YAML that begins like JSON
        return _yaml(text)


def _json(text: str) -> list[Any]:
    decoder = json.JSONDecoder()
    found = []
    start = 0
    text = text.strip()
    while start < len(text):
        value, end = decoder.raw_decode(text, start)
        found.append(value)
        start = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # it always matches
    return found


def _yaml(text: str) -> list[Any]:
    try:
        return _values(yaml.parse(text, _LOADER))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1} of it" if error.problem_mark else "it"
        raise ExportError(f"{line} is neither YAML nor JSON: {_WANTED}") from None
    except (yaml.YAMLError, ValueError, TypeError):  # the last one for a key that is no text
        raise ExportError(f"it is neither YAML nor JSON: {_WANTED}") from None


def _values(events: Iterable[yaml.Event]) -> list[Any]:
    """The documents' values, each scalar a text. Raises ExportError for aliases, and for too many levels.

    One loop with a stack: PyYAML's own way from events to values takes ten times as long.
    """
    values: list[Any] = []  # of what is open
    outer: list[tuple[list[Any], bool]] = []  # those of what holds it, and whether that which is open is a map
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            values.append(event.value)  # type: ignore[attr-defined]
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(outer) == MAX_DEPTH:
                raise ExportError(f"it has more than {MAX_DEPTH} levels: {_WANTED}")
            outer.append((values, kind is yaml.MappingStartEvent))
            values = []
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            inner = values
            values, is_map = outer.pop()
            values.append(dict(zip(inner[::2], inner[1::2], strict=True)) if is_map else inner)
        elif kind is yaml.AliasEvent:  # a few stand for gigabytes
            raise ExportError("it has YAML aliases (*name), which kubectl never prints")
    return values


def _items(document: Any, kind: str) -> Iterator[Item]:
    """A document's objects with their kinds, lists taken apart; in a PodList the items need not name theirs.

    A list whose end was cut off lacks its own kind, which kubectl prints last.
    """
    if document in _NOTHING:
        return
    if isinstance(document, list):
        for item in document:
            yield from _items(item, kind)
        return
    kind = document.get("kind", kind or ("List" if "items" in document else "")) if isinstance(document, dict) else ""
    if not kind or not isinstance(kind, str):
        raise ExportError(f"it has no kind: {_WANTED}")
    items = document.get("items")
    if kind.endswith("List") and isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and not str(item.get("kind", "")).endswith("List"):  # kubectl nests none
                yield from _items(item, kind.removesuffix("List"))
    else:
        yield kind, {field: value for field, value in document.items() if field not in ADDED}


_BY_KIND = {item.kind: item for item in RESOURCES if item.template or item in (POD, SERVICE_ACCOUNT, SECRET, EVENT)}


_EVENT_FIELDS = {"regarding": "involvedObject", "note": "message", "deprecatedLastTimestamp": "lastTimestamp"}
"""How v1 calls what an Event has in events.k8s.io/v1."""


def _kept(kind: str, item: Object) -> Iterator[Kept]:
    resource = _BY_KIND.get(kind)
    if resource is None:
        return
    if resource is EVENT:
        item = {_EVENT_FIELDS.get(field, field): value for field, value in item.items()}
    kept = _shaped(item, _shapes().get(kind, _shapes()["Workload"]), kind)
    if not kept.get("metadata", {}).get("name") and resource is not EVENT:
        raise ExportError(f"a {kind} has no name")
    metadata = kept.setdefault("metadata", {})
    about = kept.get("involvedObject", {})
    metadata["namespace"] = metadata.get("namespace") or about.get("namespace") or "default"
    if resource is POD:
        _check_number(kept.get("spec", {}))
    yield resource, kept


def _check_number(spec: Object) -> None:
    """Raise ExportError for a Pod without containers, or with so many parts that they take long."""
    if not (spec.get("containers") or spec.get("initContainers")):
        raise ExportError("a Pod has no containers")
    parts = ("containers", "initContainers", "ephemeralContainers", "volumes")
    if sum(len(spec.get(name, ())) for name in parts) >= _MOST_PARTS:
        raise ExportError("a Pod has too many containers or volumes")


def _shaped(value: Any, shape: Any, where: str) -> Any:
    """`value` cut down to `shape`. Raises ExportError where it is of a different kind."""
    if shape in _SCALARS:
        if isinstance(value, dict | list):
            raise ExportError(f"{where} is no text")
        return value in (True, "true") if shape == "bool" else "" if value is None else str(value)
    kind = type(shape)
    if not isinstance(value, kind):
        raise ExportError(f"{where} is no {'map' if kind is dict else 'list'}")
    if kind is list:
        return [_shaped(item, shape[0], f"{where}[]") for item in value]
    if "*" in shape:
        return {str(key): _shaped(item, shape["*"], f"{where}.*") for key, item in value.items()}
    there = {key: part for key, part in shape.items() if part in _SCALARS or value.get(key) not in _NOTHING}
    return {key: _shaped(value.get(key), part, f"{where}.{key}") for key, part in there.items()}


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 as PowerShell's > writes it. Raises ExportError."""
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    _measure(len(data) // (2 if is_wide else 1) - is_wide)
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError("it is no text") from None
