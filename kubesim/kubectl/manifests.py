"""Manifests: files, folders and standard input read into objects, with kubectl's words for what is wrong in them.

Mirrors k8s.io/cli-runtime pkg/resource/{builder,visitor}.go, v1.36.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import yaml

from kubesim import gojson, schema
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain
from kubesim.objects import Object, metadata
from kubesim.resources import Resource, find_kind

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 30_000
_ENDINGS = (".json", ".yaml", ".yml")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Manifest:
    """One object of a file: its type, the namespace and name that it asks for, where it stands, and as what."""

    resource: Resource
    obj: Object
    namespace: str
    name: str
    source: str
    local: Object


def read_manifests(call: Call) -> tuple[list[Manifest], list[Exception]]:
    """The objects of every -f, and the errors of those that could not be read."""
    manifests: list[Manifest] = []
    errors: list[Exception] = []
    for source, text in list(_sources(call)):
        for item in _objects(text, source, errors):
            try:
                manifests.append(_manifest(call, item, source))
            except (KubectlError, NotSimulated, Plain) as error:
                errors.append(error)
    return manifests, errors


def require_file(call: Call) -> None:
    """Refuse a command line without -f."""
    if not call.flags["filename"]:
        raise KubectlError("must specify one of -f and -k")


def read_text(call: Call, path: str) -> str:
    """A file of the workspace, or standard input for "-". Raises KubectlError."""
    if path == "-":
        return call.context.stdin or ""
    try:
        return call.context.workspace.read_text(path)
    except OSError as error:
        raise KubectlError(f"open {path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _sources(call: Call) -> Iterator[tuple[str, str]]:
    """The path and text of every file that -f names. Raises KubectlError."""
    workspace = call.context.workspace
    for path in call.flags["filename"]:
        if path == "-":
            yield "STDIN", call.context.stdin or ""
        elif path.startswith(("http://", "https://")):
            raise NotSimulated(f"there is no network here, so {path} cannot be read")
        elif not workspace.exists(path):
            raise KubectlError(f'the path "{path}" does not exist')
        elif workspace.is_dir(path):
            for name in _folder(call, path):
                yield name, read_text(call, name)
        else:
            yield path, read_text(call, path)


def _folder(call: Call, path: str) -> list[str]:
    found = []
    for name in sorted(call.context.workspace.listdir(path)):
        full = f"{path.rstrip('/')}/{name}"
        if call.context.workspace.is_dir(full):
            found += _folder(call, full) if call.flags.get("recursive") else []
        elif name.endswith(_ENDINGS):
            found.append(full)
    if not found and not call.flags.get("recursive"):
        raise KubectlError(f"error reading [{path}]: recognized file extensions are [.json .yaml .yml]")
    return found


def _objects(text: str, source: str, errors: list[Exception]) -> Iterator[Any]:
    """The documents of a file, lists taken apart; the first broken document ends the file."""
    try:
        for document in load_documents(text):
            yield from _items(document)
    except ManifestError as error:
        errors.append(KubectlError(f"error parsing {source}: {error}"))
    except NotSimulated as error:
        errors.append(error)


def _items(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _items(item)
    else:
        yield document


class ManifestError(ValueError):
    """A text that is no YAML or JSON; the message is that of kubectl's decoder."""


def load_documents(text: str) -> list[Any]:
    """The documents of a YAML or JSON text that hold anything. Raises ManifestError; NotSimulated for too much."""
    if len(text) > MAX_BYTES:
        raise NotSimulated(f"a file of more than {MAX_BYTES // 1024 // 1024} MiB is not part of this simulator")
    found = []
    room = MAX_VALUES
    for part in _SEPARATOR.split(text):
        try:
            document = parse_document(part, room)
        except ManifestError as error:
            raise ManifestError(f"error converting YAML to JSON: {error}") from None
        if document is not None:
            found.append(document)
            room -= _size(document, room)
    return found


# kubectl cuts at lines that begin so, before it parses any of the documents.
_SEPARATOR = re.compile(r"^---.*\n?", re.MULTILINE)


def parse_document(text: str, room: int = MAX_VALUES) -> Any:
    """The one document of a YAML or JSON text, as sigs.k8s.io/yaml turns it into JSON.

    Raises ManifestError; NotSimulated for more than `room` values.
    """
    document = _json(text) if text.lstrip()[:1] in ("{", "[") else None
    if document is not None:
        _size(document, room)
        return document
    try:
        document = _yaml(text, room)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ManifestError(f"yaml: {_complaint(error)}") from None
    _size(document, room)
    return document


def _yaml(text: str, room: int) -> Any:
    if len(text) > room and sum(1 for _ in islice(yaml.parse(text, Loader=_Loader), 2 * room)) == 2 * room:
        raise _too_much()
    loader = _StringLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if "*" in text:
            _unfolded(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _unfolded(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many nodes `node` has with every alias written out: a few lines of them can unfold to gigabytes."""
    key = id(node)
    if key not in sizes:
        sizes[key] = 0
        sizes[key] = 1 + sum(_unfolded(child, sizes) for child in _children(node))
    elif not sizes[key]:
        raise yaml.YAMLError("an anchor's value contains itself")
    if sizes[key] > MAX_VALUES:
        raise yaml.YAMLError("document contains excessive aliasing")
    return sizes[key]


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        yield from chain.from_iterable(node.value)


def _json(text: str) -> Any:
    try:
        return gojson.parse(text)
    except ValueError:
        return None


def _complaint(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return _where(error)
    if isinstance(error, UnicodeEncodeError):
        return "invalid leading UTF-8 octet"
    if isinstance(error, yaml.reader.ReaderError):
        return "control characters are not allowed"
    return str(error).partition("\n")[0] or "the document is nested too deeply"


def _where(error: yaml.MarkedYAMLError) -> str:
    """The problem with its line, as goyaml says it: it counts from 1, and a scanner's context from the line before."""
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "cannot be parsed"
    return f"line {mark.line + 1}: {problem}" if mark else problem


class _StringLoader(_Loader):  # type: ignore[misc, valid-type]
    """YAML as sigs.k8s.io/yaml reads it: keys are strings, dates stay text, duplicate keys are refused."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """A map with string keys. Raises a MarkedYAMLError for a key that stands there twice."""
        found: dict[str, Any] = {}
        self.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = _key(self.construct_object(key_node, deep=True))
            if key in found:
                line = node.start_mark.line + 1
                raise yaml.YAMLError(f'unmarshal errors:\n  line {line}: key "{key}" already set in map')
            found[key] = self.construct_object(value_node, deep=True)
        return found


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


_StringLoader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node, True))
_StringLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def _size(document: Any, room: int) -> int:
    """How many values there are; refuses what would be too much to work with, and numbers that JSON does not have."""
    count, level = 0, [document]
    for _ in range(MAX_DEPTH):
        count += len(level)
        if not level or count > room:
            break
        for value in level:
            if isinstance(value, float) and not math.isfinite(value):
                raise ManifestError(f"json: unsupported value: {gojson.number(value)}")
        level = [item for value in level if isinstance(value, dict | list) for item in _items_of(value)]
    if level:
        raise _too_much()
    return count


def _items_of(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _too_much() -> NotSimulated:
    what = f"a file of more than {MAX_VALUES} values, or of more than {MAX_DEPTH} one in the other,"
    return NotSimulated(f"{what} is not part of this simulator")


def _manifest(call: Call, item: Any, source: str) -> Manifest:
    resource = _resource(call, item, source)
    _check_metadata(resource, item, source)
    meta = metadata(item)
    name = meta.get("name") if isinstance(meta.get("name"), str) else ""
    namespace = _namespace(call, resource, meta)
    obj = item
    if resource.namespaced and meta.get("namespace") != namespace:
        obj = {**item, "metadata": {**meta, "namespace": namespace}}
    return Manifest(resource, obj, namespace, name or "", source, item)


def _check_metadata(resource: Resource, item: Object, source: str) -> None:
    """As metadata_decoder.go: kubectl works on the metadata itself, so that its types must be right."""
    try:
        schema.convert(schema.type_of(resource), {"metadata": item.get("metadata")})
    except schema.DecodeError as error:
        told = error.in_json().replace(
            f"struct field {resource.kind}.metadata ", "struct field metadataOnlyObject.metadata "
        )
        raise KubectlError(f'unable to decode "{source}": {told}') from None


def _namespace(call: Call, resource: Resource, meta: Object) -> str:
    """The namespace of a manifest. Raises KubectlError where -n asks for another one."""
    if not resource.namespaced:
        return ""
    own = meta.get("namespace")
    if not own or not isinstance(own, str):
        return call.namespace
    if call.explicit_namespace and own != call.namespace:
        raise KubectlError(
            f'the namespace from the provided object "{own}" does not match the namespace "{call.namespace}". '
            f"You must pass '--namespace={own}' to perform this operation."
        )
    return own


def _resource(call: Call, item: Any, source: str) -> Resource:
    if not isinstance(item, dict):
        what = "a list" if isinstance(item, list) else type(item).__name__
        raise KubectlError(
            f'error validating "{source}": error validating data: invalid object to validate: {what} is no object'
        )
    kind, version = item.get("kind"), item.get("apiVersion")
    missing = [f"{key} not set" for key, value in (("apiVersion", version), ("kind", kind)) if not value]
    if missing:
        told = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        advice = "if you choose to ignore these errors, turn validation off with --validate=false"
        raise KubectlError(f'error validating "{source}": error validating data: {told}; {advice}')
    resource = find_kind(str(version), str(kind))
    if resource is None:
        meta = metadata(item)
        raise KubectlError(
            f'resource mapping not found for name: "{meta.get("name", "")}" namespace: "{meta.get("namespace", "")}" '
            f'from "{source}": no matches for kind "{kind}" in version "{version}"\nensure CRDs are installed first'
        )
    if not resource.simulated:
        raise NotSimulated(f"objects of kind {kind} are not part of this simulator")
    return resource
