"""The documents of a YAML or JSON text, as kubectl decodes them.

Mirrors k8s.io/apimachinery pkg/util/yaml/decoder.go, v1.36, and goyaml.v2's resolve.go, decode.go and errors
(sigs.k8s.io/yaml v1.6).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any

import yaml

from kubesim.gotext import gojson
from kubesim.kubectl.errors import ManifestError, NotSimulated
from kubesim.kubectl.formats.marshal import PLAIN_WORDS

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 30_000


def documents(text: str) -> Iterator[tuple[Any, str]]:
    """The documents of a YAML or JSON text that hold anything, each with its JSON as written, or as kubectl makes it.

    Mirrors k8s.io/apimachinery pkg/util/yaml/decoder.go. Raises ManifestError; NotSimulated for too much.
    """
    if len(text) > MAX_BYTES:
        raise NotSimulated(f"a file of more than {MAX_BYTES // 1024 // 1024} MiB is not part of this simulator")
    room = MAX_VALUES
    for document, json_ in _json_first(text) if text.lstrip()[:1] == "{" else _yaml_documents(text):
        if document is not None:
            room -= _size(document, room)
            yield document, json_ or gojson.dumps(document)


def _json_first(text: str) -> Iterator[tuple[Any, str]]:
    """JSON values one after the other; "---" begins YAML, and the first value may be YAML, too."""
    at = 0
    while rest := text[at:].lstrip():
        if at and rest.startswith("---"):
            yield from _yaml_documents(rest)
            return
        start = len(text) - len(rest)
        try:
            end = json.JSONDecoder().raw_decode(text, start)[1]
            value = gojson.parse(text[start:end])
        except (ValueError, RecursionError):
            found: list[tuple[Any, str]] = []
            with suppress(ManifestError):
                found = [] if at else list(_yaml_documents(text))
            if not found:
                raise _not_json(text, start) from None
            yield from found
            return
        at = end
        yield value, text[start:end]


def _not_json(text: str, start: int) -> ManifestError:
    problem, offset = gojson.syntax_problem(text[start:]) or ("exceeded max depth", 0)
    if problem == gojson.END:
        return ManifestError("unexpected EOF")
    return ManifestError(f"json: offset {len(text[:start].encode()) + offset}: {problem}")


def _yaml_documents(text: str) -> Iterator[tuple[Any, str]]:
    for part in _SEPARATOR.split(text):
        try:
            yield parse_document(part), ""
        except ManifestError as error:
            raise ManifestError(f"error converting YAML to JSON: {error}") from None


# kubectl cuts at lines that begin so, before it parses any of the documents.
_SEPARATOR = re.compile(r"^---.*\n?", re.MULTILINE)


def parse_document(text: str, room: int = MAX_VALUES) -> Any:
    """The one document of a YAML or JSON text, as sigs.k8s.io/yaml turns it into JSON.

    Raises ManifestError; NotSimulated for more than `room` values.
    """
    document = None
    if text.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            document = gojson.parse(text)
    if document is None:
        try:
            document = _yaml(text, room)
        except ManifestError:
            raise
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ManifestError(f"yaml: {_complaint(error, text)}") from None
    _size(document, room)
    return document


def _yaml(text: str, room: int) -> Any:
    if len(text) > room and sum(1 for _ in islice(yaml.parse(text, Loader=_BASE), 2 * room)) == 2 * room:
        raise _too_much()
    loader = _Loader(text)
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
        children = node.value if isinstance(node, yaml.CollectionNode) else ()
        children = chain.from_iterable(children) if isinstance(node, yaml.MappingNode) else children
        sizes[key] = 1 + sum(_unfolded(child, sizes) for child in children)
    elif not sizes[key]:
        raise yaml.YAMLError("an anchor's value contains itself")
    if sizes[key] > MAX_VALUES:
        raise yaml.YAMLError("document contains excessive aliasing")
    return sizes[key]


def _complaint(error: Exception, text: str) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return _where(error, text)
    if isinstance(error, UnicodeEncodeError):
        return "invalid leading UTF-8 octet"
    if isinstance(error, yaml.reader.ReaderError):
        return "control characters are not allowed"
    if isinstance(error, ValueError):
        return "cannot decode a value as its tag says"
    return str(error).partition("\n")[0] or "the document is nested too deeply"


def _where(error: yaml.MarkedYAMLError, text: str) -> str:
    """The problem with its line, as goyaml says it: the scanner counts from 1, the parser from 0, and 0 is left out."""
    mark, problem = error.problem_mark, error.problem or "cannot be parsed"
    if problem.startswith("found undefined alias") and mark:
        name = re.match(r"\*?([\w-]*)", text.split("\n")[mark.line][mark.column :])
        return f"unknown anchor '{name[1] if name else ''}' referenced"
    if problem.startswith("expected a mapping"):
        return "map merge requires map or sequence of maps as the value"
    lines = [found.line for found in (mark, error.context_mark) if found and found.line]
    if not lines:
        return problem
    return f"line {lines[0] + isinstance(error, yaml.scanner.ScannerError)}: {problem}"


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
        maps = [item for value in level if isinstance(value, dict) for item in value.values()]
        level = maps + [item for value in level if isinstance(value, list) for item in value]
    if level:
        raise _too_much()
    return count


def _too_much() -> NotSimulated:
    what = f"a file of more than {MAX_VALUES} values, or of more than {MAX_DEPTH} one in the other,"
    return NotSimulated(f"{what} is not part of this simulator")


_BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_PLAIN = _TAG + "plain"  # a scalar without quotes and tag
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def _plain(text: str) -> Any:
    """What a scalar without quotes means. Dates and times stay texts."""
    if text in PLAIN_WORDS:
        return PLAIN_WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    bare = text if text[0] == "." else text.replace("_", "")
    if _INTEGER.fullmatch(bare) and -(2**63) <= (whole := _integer(bare)) < 2**63:
        return whole
    number = float(bare) if _FLOAT.fullmatch(bare) else math.inf
    return text if math.isinf(number) else number


def _integer(text: str) -> int:
    """Go's base 0: a leading 0 means octal. What 64 bits cannot hold is cut off, and still too much for them."""
    return int(re.sub(r"^([-+]?)0(?=[0-7])", r"\g<1>0o", text)[:100], 0)


class _Loader(_BASE):  # type: ignore[misc, valid-type]
    """Keys are strings; of equal keys, the last one counts; unknown tags mean nothing."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node that has none."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, (False, True))
        return f"{_TAG}merge" if value == "<<" else _PLAIN

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """A map with string keys."""
        self.flatten_mapping(node)
        pairs = [
            (self.construct_object(key, deep=True), self.construct_object(value, deep=True))
            for key, value in node.value
        ]
        return {_key(key): value for key, value in pairs}


def _key(key: Any) -> str:
    if isinstance(key, dict | list | None):
        raise ManifestError(f"yaml: invalid map key: {gojson.syntax(key)}")
    return key if isinstance(key, str) else gojson.sprint(key)


_Loader.add_constructor(_PLAIN, lambda loader, node: _plain(node.value))
_Loader.add_constructor(f"{_TAG}map", lambda loader, node: loader.construct_mapping(node, True))
for _name in ("merge", "timestamp"):
    _Loader.add_constructor(_TAG + _name, lambda loader, node: node.value)
