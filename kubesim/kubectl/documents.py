"""The documents of a YAML or JSON text as kubectl decodes them.

Mirrors k8s.io/apimachinery pkg/util/yaml/decoder.go, v1.36, and goyaml.v2's decode.go and errors
(sigs.k8s.io/yaml v1.6).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any, NamedTuple

import yaml

from kubesim.api import yaml_loader
from kubesim.api.budget import MAX_VALUES, count_values, too_much
from kubesim.gotext import gofmt, gojson
from kubesim.gotext.gojson import JSONError
from kubesim.gotext.jsonerrors import END
from kubesim.kubectl.errors import ManifestError, NotSimulated, reworded
from kubesim.kubectl.scalars import plain

_MAX_BYTES = 10 * 1024 * 1024


class Document(NamedTuple):
    """One value of a text, which may hold several."""

    value: Any
    source: str = ""  # its JSON, where it is written so

    @property
    def json(self) -> str:
        """Its JSON as written, or as kubectl makes it of YAML."""
        return self.source or gojson.dumps(self.value)


def documents(text: str) -> Iterator[Document]:
    """The documents of a YAML or JSON text that hold anything.

    Mirrors k8s.io/apimachinery pkg/util/yaml/decoder.go. Raises ManifestError; StatusError (501) for too much.
    """
    if len(text) > _MAX_BYTES:
        raise NotSimulated(f"a file of more than {_MAX_BYTES // 1024 // 1024} MiB is not part of this simulator")
    values_left = MAX_VALUES
    read = _json_first if text.lstrip().startswith("{") else _yaml_documents
    for document in read(text):
        if document.value is not None:
            values_left -= count_values(document.value, "a file", values_left)
            yield document


_VISIBLE = re.compile(r"\S")


def _json_first(text: str) -> Iterator[Document]:
    """JSON values one after the other, or YAML from where the first or the second isn't JSON.

    Mirrors YAMLOrJSONDecoder.
    """
    end = 0
    count = 0
    while beginning := _VISIBLE.search(text, end):
        start = beginning.start()
        end = _end_of_json(text, start)
        try:
            value = gojson.loads(text[start:end])
        except JSONError as error:
            if count > 1:
                raise ManifestError(_json_problem(error)) from None
            yield from _yaml_instead(text[start:], _json_problem(error, text[:start]))
            return
        count += 1
        yield Document(value, text[start:end])


def _yaml_instead(text: str, problem: str) -> Iterator[Document]:
    """The documents of a text that is no JSON. Raises ManifestError: `problem` where the first is no YAML either."""
    documents = _yaml_documents(text)
    try:
        first = list(islice(documents, 1))
    except ManifestError:
        raise ManifestError(problem) from None
    yield from first
    yield from documents


def _end_of_json(text: str, start: int) -> int:
    """Where the JSON value ends that begins at `start`: with the text where it has no end."""
    with suppress(ValueError, RecursionError):
        _, end = json.JSONDecoder().raw_decode(text, start)
        return end
    return len(text)


def _json_problem(error: JSONError, before: str | None = None) -> str:
    """What is said of a value that is no JSON, with its place where the text `before` it is known."""
    if str(error) == END:
        return "unexpected EOF"
    if before is None:
        return str(error)
    return f"json: offset {len(before.encode()) + error.read}: {error}"


# kubectl cuts at lines that begin so, before it parses any of the documents; no more than a comment may follow.
_SEPARATOR = re.compile(r"^---[ \t\r]*(?P<wrong>[^#\s].*)?.*\n?", re.MULTILINE)


def _yaml_documents(text: str) -> Iterator[Document]:
    for part in _parts(text):
        with reworded(ManifestError, "error converting YAML to JSON: ", ManifestError):
            document = Document(parse_document(part))
        yield document


def _parts(text: str) -> Iterator[str]:
    """The texts between separators. Raises ManifestError for a wrong separator, which loses the text before it."""
    start = 0
    for separator in _SEPARATOR.finditer(text):
        if separator["wrong"]:
            raise ManifestError(f"invalid Yaml document separator: {separator['wrong'].rstrip()}")
        if text[start : separator.start()]:
            yield text[start : separator.start()]
        start = separator.end()
    yield text[start:]


def items_of(document: Any) -> Iterator[Any]:
    """The objects of a document: the items of a List, those of a PodList as Pods, or the document itself."""
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        kind = str(document.get("kind", "")).removesuffix("List")
        head = {"apiVersion": document.get("apiVersion"), "kind": kind} if kind else {}
        for item in document["items"]:
            yield from items_of({**head, **item} if isinstance(item, dict) else item)
    else:
        yield document


def parse_document(text: str) -> Any:
    """The one document of a YAML or JSON text, as sigs.k8s.io/yaml turns it into JSON: plain values, not too many.

    Raises ManifestError; StatusError (501) for too many.
    """
    document = None
    if text.lstrip().startswith(("{", "[")):
        with suppress(ValueError):
            document = gojson.loads(text)
    if document is None:
        try:
            document = _yaml(text)
        except (yaml.YAMLError, UnicodeEncodeError, RecursionError) as error:
            raise ManifestError(f"yaml: {_complaint(error, text)}") from None
    count_values(document, "a file")
    return document


def _yaml(text: str) -> Any:
    if len(text) > MAX_VALUES:
        most = 2 * MAX_VALUES  # a list or map has two events
        events = sum(1 for _ in islice(yaml.parse(text, Loader=_BASE), most))
        if events == most:
            raise too_much("a file")
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if "*" in text:
            _unfolded(node, {})
        return loader.construct_plain(node)
    finally:
        loader.dispose()


_OF_ITSELF = "value contains itself"


def _unfolded(node: yaml.Node, sizes: dict[int, int | None]) -> int:
    """How many nodes `node` has with every alias written out: a few lines of them can unfold to gigabytes.

    An alias is the same node again; `sizes` has those that were counted, by their identity: None while it is counted.
    """
    if id(node) in sizes:
        size = sizes[id(node)]
        if size is None:
            raise yaml.MarkedYAMLError(problem=_OF_ITSELF, problem_mark=node.start_mark)
    else:
        sizes[id(node)] = None
        size = 1 + sum(_unfolded(child, sizes) for child in _children(node))
        sizes[id(node)] = size
    if size > MAX_VALUES:
        raise yaml.YAMLError("document contains excessive aliasing")
    return size


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)  # keys and values
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _complaint(error: Exception, text: str) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return _where(error, text)
    if isinstance(error, UnicodeEncodeError):
        return "invalid leading UTF-8 octet"
    if isinstance(error, yaml.reader.ReaderError):
        return "control characters are not allowed"
    return str(error).partition("\n")[0] or "the document is nested too deeply"


def _where(error: yaml.MarkedYAMLError, text: str) -> str:
    """The problem with its line, as goyaml says it: the scanner counts from 1, the parser from 0, and 0 is left out."""
    mark = error.problem_mark
    problem = error.problem or "cannot be parsed"
    if mark and problem == _OF_ITSELF:
        return f"anchor '{_anchor_at(mark, text)}' {problem}"
    if mark and problem.startswith("found undefined alias"):
        return f"unknown anchor '{_anchor_at(mark, text)}' referenced"
    if problem.startswith("expected a mapping"):
        return "map merge requires map or sequence of maps as the value"
    line = mark.line if mark else 0
    if not line and error.context_mark:
        line = error.context_mark.line
    if not line:
        return problem
    first = 1 if isinstance(error, yaml.scanner.ScannerError) else 0
    return f"line {line + first}: {problem}"


def _anchor_at(mark: yaml.Mark, text: str) -> str:
    """The name of the anchor that is set or referenced at a mark."""
    from_sign = text.split("\n")[mark.line][mark.column :]
    return re.sub(r"(?s)^[*&]?([\w-]*).*", r"\1", from_sign)


_BASE = yaml_loader()
_TAG = "tag:yaml.org,2002:"
_TYPES = ("binary", "null", "bool", "int", "float")  # tags that make something else of a text


def _tagged(text: str, tag: str) -> Any:
    """The value of a scalar with a tag, "" for none. Raises ManifestError for numbers that JSON does not have."""
    if tag in _TYPES:
        raise NotSimulated(f"the YAML tag !!{tag} is not part of this simulator")
    if tag:
        return text
    value = plain(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise ManifestError(f"json: unsupported value: {gofmt.sprint(value)}")
    return value


_KEYS = "interface {}"  # the Go type of a YAML map's keys


class _Loader(_BASE):  # type: ignore[misc, valid-type]
    """Makes plain values: keys are strings; of equal keys, the last one counts; tags other than _TYPES make texts."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node that has none."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, (False, True))
        return f"{_TAG}merge" if value == "<<" else _TAG

    def construct_plain(self, node: yaml.Node) -> Any:
        """The value of any node."""
        if isinstance(node, yaml.MappingNode):
            self.flatten_mapping(node)
            pairs = [(self.construct_plain(key), self.construct_plain(value)) for key, value in node.value]
            return {_key(key, value): value for key, value in pairs}
        if isinstance(node, yaml.SequenceNode):
            return [self.construct_plain(item) for item in node.value]
        return _tagged(node.value, node.tag.removeprefix(_TAG))


def _key(key: Any, value: Any) -> str:
    if key is None:
        raise ManifestError(f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {gofmt.syntax(value, _KEYS)}")
    if isinstance(key, dict | list):
        raise ManifestError(f"yaml: invalid map key: {gofmt.syntax(key, _KEYS)}")
    return key if isinstance(key, str) else gofmt.sprint(key)
