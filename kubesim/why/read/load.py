"""Loading of exports: objects from YAML and JSON, and from any other text by text.py and screen.py.

Objects are cut down to the fields in shapes.yaml, and checked for their types, so that later code needs no checks.
The text may be anything: sizes, levels and numbers are bounded, and errors quote none of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import yaml

from kubesim.api.budget import MAX_DEPTH
from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, RESOURCES, SECRET, SERVICE_ACCOUNT, Resource
from kubesim.why import tables
from kubesim.why.read.screen import Item, listed_secrets
from kubesim.why.read.text import ADDED, read_events, read_text

MAX_SIZE = 3 * 1024 * 1024  # characters of a text
_MOST_PARTS = 1000  # containers and volumes of a Pod
_MOST_BLOCKS = 50  # code blocks tried as YAML or JSON
# A loader without types: every scalar is a text, as shapes.yaml expects.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WANTED = "it should be what kubectl get prints with -o yaml or -o json"
_UNKNOWN = (
    "it is no export and no message that kubesim knows: give the whole message, or what kubectl get -o yaml prints"
)
_NOTHING = (None, "", "null", "~")  # null, in JSON and in YAML read without types
_SCALARS = ("str", "bool")
# Signs of a Secret in a text that can't be parsed.
_SECRET = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret|dockerc|stringData")
_SPACE = re.compile(r"\s*")
# A code block in Markdown, and the beginning of an object in YAML or JSON.
_FENCED = re.compile(r"^ *``` ?[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_OBJECT = re.compile(r"^[ \"'-]*(kind|apiVersion)[\"']?\s*:", re.MULTILINE)
# Fields of an Event in events.k8s.io/v1, with their names in v1.
_EVENT_FIELDS = {"regarding": "involvedObject", "note": "message", "deprecatedLastTimestamp": "lastTimestamp"}
# The kinds that matter: Pods, their controllers, ServiceAccounts, Secrets and Events.
_BY_KIND = {item.kind: item for item in RESOURCES if item.template or item in (POD, SERVICE_ACCOUNT, SECRET, EVENT)}


# An object of a kind that matters, cut down to its shape.
Kept = tuple[Resource, Object]


@cache
def _shapes() -> Any:
    """The fields to keep, by kind of object (shapes.yaml)."""
    return tables.content(__file__, "shapes.yaml")


class ExportError(Exception):
    """A text can't be explained. The message says why and quotes none of the text, which may have secrets."""

    # The index of the text among several; None if the error is about all of them.
    number: int | None = None

    def blamed(self, names: Sequence[str]) -> str:
        """The name of the text with the error, or all names."""
        return ", ".join(names) if self.number is None else names[self.number]


def load_all(texts: Sequence[str | bytes]) -> Iterator[Kept]:
    """The objects of several texts, or of files as bytes. Raises ExportError with the `number` of the text."""
    for number, text in enumerate(texts):
        try:
            yield from load(decode(text) if isinstance(text, bytes) else text)
        except ExportError as error:
            error.number = number
            raise


def load(text: str) -> list[Kept]:
    """The objects in a text, in order, cut down to their shapes; other kinds are skipped.

    Tries the whole text as YAML or JSON, then its code blocks, then reads it as a screen or a message. Raises
    ExportError for a text without objects and messages, and for malformed YAML or JSON.
    """
    _measure(len(text))
    malformed: ExportError | None = None
    for part in (text, *(block[1] for block in islice(_FENCED.finditer(text), _MOST_BLOCKS))):
        if part.lstrip()[:1] == "{" or _OBJECT.search(part):
            try:
                objects = _objects([item for document in _documents(part) for item in _items(document, "")])
            except ExportError as error:
                malformed = error
            else:
                if part == text or any(map(_tells_of_pulls, objects)):
                    return objects
    if malformed and _SECRET.search(text):
        raise malformed  # read as a message, its words could be quoted, and they may be a Secret's values
    items = [*read_text(text), *listed_secrets(text)]
    if not items:
        raise malformed or ExportError(_UNKNOWN)
    return _objects(items)


def _tells_of_pulls(kept: Kept) -> bool:
    """True for an Event, and for a Pod with a status; a manifest in a code block tells less than the text around it."""
    resource, obj = kept
    return resource is EVENT or (resource is POD and bool(obj.get("status", {}).get("containerStatuses")))


def _objects(items: list[Item]) -> list[Kept]:
    """The objects of the kinds that matter. If there are events and no Pods, adds partial Pods made from the events."""
    objects = [kept for kind, item in items for kept in _kept(kind, item)]
    resources = {resource for resource, _ in objects}
    if EVENT in resources and POD not in resources:
        told = read_events([obj for resource, obj in objects if resource is EVENT])
        objects += [kept for kind, item in told for kept in _kept(kind, item)]
    return objects


def _measure(size: int) -> None:
    """Raise ExportError for a size above MAX_SIZE."""
    if size > MAX_SIZE:
        raise ExportError(f"it has more than {MAX_SIZE // 1024 // 1024} MiB: export one namespace, or name the objects")


def _documents(text: str) -> list[Any]:
    """The values of all documents in JSON or YAML. Raises ExportError."""
    try:
        return _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    except (ValueError, RecursionError):  # it may be YAML that begins like JSON
        return _yaml(text)


def _json(text: str) -> list[Any]:
    """The values of consecutive JSON documents, as several commands print them. Raises ValueError."""
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
    """The values of all YAML documents. Raises ExportError with the line of the first mistake."""
    try:
        return _values(yaml.parse(text, _LOADER))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1} of it" if error.problem_mark else "it"
        raise ExportError(f"{line} is neither YAML nor JSON: {_WANTED}") from None
    except (yaml.YAMLError, ValueError, TypeError):  # TypeError: a key of a map is a map or a list
        raise ExportError(f"it is neither YAML nor JSON: {_WANTED}") from None


def _values(events: Iterable[yaml.Event]) -> list[Any]:
    """Build the documents' values from parser events; each scalar is a text. Raises ExportError for aliases and depth.

    One loop with a stack, because PyYAML's own composer and constructor take ten times as long.
    """
    values: list[Any] = []  # the items of the innermost open collection; a map's keys and values alternate
    outer: list[tuple[list[Any], bool]] = []  # for each open collection: the items around it, and True for a map
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
        elif kind is yaml.AliasEvent:  # a few nested aliases expand to gigabytes
            raise ExportError("it has YAML aliases (*name), which kubectl never prints")
    return values


def _items(document: Any, kind: str) -> Iterator[Item]:
    """The objects of a document with their kinds, those of lists one by one. Raises ExportError if a kind is missing.

    `kind` is the default kind, for items of a PodList, which need none. A map with `items` and no kind is a List whose
    end was cut off: kubectl prints the kind last.
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
            if isinstance(item, dict) and not str(item.get("kind", "")).endswith("List"):  # kubectl nests no lists
                yield from _items(item, kind.removesuffix("List"))
    else:
        yield kind, {field: value for field, value in document.items() if field not in ADDED}


def _kept(kind: str, item: Object) -> Iterator[Kept]:
    """The object cut down to its shape, with a namespace; nothing for another kind. Raises ExportError."""
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
    """Raise ExportError for a Pod without containers, or with so many containers and volumes that it takes long."""
    if not (spec.get("containers") or spec.get("initContainers")):
        raise ExportError("a Pod has no containers")
    parts = ("containers", "initContainers", "ephemeralContainers", "volumes")
    if sum(len(spec.get(name, ())) for name in parts) >= _MOST_PARTS:
        raise ExportError("a Pod has too many containers or volumes")


def _shaped(value: Any, shape: Any, where: str) -> Any:
    """`value` cut down to `shape`, a value of shapes.yaml. Raises ExportError for a value of another type.

    `where` is the path of the value, for the message.
    """
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
    """The text of a file in UTF-8, or in UTF-16, which PowerShell's > writes. Raises ExportError."""
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    _measure(len(data) // (2 if is_wide else 1) - is_wide)
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError("it is no text") from None
