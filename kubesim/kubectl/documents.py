"""Decoding of YAML and JSON texts into plain Python values, with kubectl's error messages.

manifests.py turns the values into objects; scalars.py knows YAML's unquoted words and numbers. PyYAML only scans and
parses: values and messages are those of goyaml. Mirrors k8s.io/apimachinery pkg/util/yaml/decoder.go, v1.36, and
goyaml.v2's decode.go and errors (sigs.k8s.io/yaml v1.6).
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
from kubesim.api.budget import MAX_VALUES, count_values, too_large
from kubesim.gotext import gofmt, gojson
from kubesim.gotext.gojson import JSONError
from kubesim.gotext.jsonerrors import END
from kubesim.kubectl.errors import ManifestError, NotSimulated, reworded
from kubesim.kubectl.scalars import plain_value

_MAX_BYTES = 10 * 1024 * 1024
_NOT_BLANK = re.compile(r"\S")
# kubectl splits the text at such lines before it parses YAML. Only a comment may follow the dashes.
_SEPARATOR = re.compile(r"^---[ \t\r]*(?P<wrong>[^#\s].*)?.*\n?", re.MULTILINE)
_CONTAINS_ITSELF = "value contains itself"
_BASE_LOADER = yaml_loader()
_TAG = "tag:yaml.org,2002:"
_CONVERTING_TAGS = ("binary", "null", "bool", "int", "float")  # they convert a text, which isn't simulated
_KEY_TYPE = "interface {}"  # the Go type of a YAML map's keys, which appears in messages


class Document(NamedTuple):
    """A document of a text, decoded."""

    value: Any
    source: str = ""  # the document's text if that is JSON

    @property
    def json(self) -> str:
        """The document as JSON: its own text, or the conversion of its YAML."""
        return self.source or gojson.dumps(self.value)


def documents(text: str) -> Iterator[Document]:
    """The documents of a YAML or JSON text, without those whose value is null.

    Raises ManifestError for a malformed text, after the documents before the error, and StatusError (501) or
    NotSimulated for a text that is too large. Mirrors k8s.io/apimachinery pkg/util/yaml/decoder.go.
    """
    if len(text) > _MAX_BYTES:
        raise NotSimulated(f"a file of more than {_MAX_BYTES // 1024 // 1024} MiB is not part of this simulator")
    values_left = MAX_VALUES
    decode = _json_documents if text.lstrip().startswith("{") else _yaml_documents
    for document in decode(text):
        if document.value is not None:
            values_left -= count_values(document.value, "a file", values_left)
            yield document


def _json_documents(text: str) -> Iterator[Document]:
    """Consecutive JSON values. If the first or the second isn't JSON, the rest of the text is read as YAML.

    Mirrors YAMLOrJSONDecoder, which reports a later value that isn't JSON as an error.
    """
    end = 0
    count = 0
    while beginning := _NOT_BLANK.search(text, end):
        start = beginning.start()
        end = _end_of_json(text, start)
        try:
            value = gojson.loads(text[start:end])
        except JSONError as error:
            if count > 1:  # the decoder has settled for JSON
                raise ManifestError(_json_message(error)) from None
            yield from _yaml_instead(text[start:], _json_message(error, text[:start]))
            return
        count += 1
        yield Document(value, text[start:end])


def _yaml_instead(text: str, problem: str) -> Iterator[Document]:
    """The YAML documents of a text that isn't JSON.

    Raises ManifestError: `problem`, the JSON decoder's message, if the first document isn't YAML either.
    """
    documents = _yaml_documents(text)
    try:
        first = list(islice(documents, 1))
    except ManifestError:
        raise ManifestError(problem) from None
    yield from first
    yield from documents


def _end_of_json(text: str, start: int) -> int:
    """The end of the JSON value that begins at `start`; the end of the text if the value is malformed."""
    with suppress(ValueError, RecursionError):
        _, end = json.JSONDecoder().raw_decode(text, start)
        return end
    return len(text)


def _json_message(error: JSONError, before: str | None = None) -> str:
    """kubectl's message about malformed JSON; with the text `before` the value, it includes the offset in bytes."""
    if str(error) == END:
        return "unexpected EOF"
    if before is None:
        return str(error)
    return f"json: offset {len(before.encode()) + error.read}: {error}"


def _yaml_documents(text: str) -> Iterator[Document]:
    """The documents between separators. Raises ManifestError at the first malformed one."""
    for part in _split_documents(text):
        with reworded(ManifestError, "error converting YAML to JSON: ", ManifestError):
            document = Document(parse_document(part))
        yield document


def _split_documents(text: str) -> Iterator[str]:
    """The texts between separators. Raises ManifestError for a wrong separator, without yielding the text before it."""
    start = 0
    for separator in _SEPARATOR.finditer(text):
        if separator["wrong"]:
            raise ManifestError(f"invalid Yaml document separator: {separator['wrong'].rstrip()}")
        if text[start : separator.start()]:
            yield text[start : separator.start()]
        start = separator.end()
    yield text[start:]


def items_of(document: Any) -> Iterator[Any]:
    """The objects of a document: the items of a list, nested ones too, or the document itself.

    Items of a typed list such as a PodList inherit the apiVersion, and their kind is the list's without "List".
    """
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        kind = str(document.get("kind", "")).removesuffix("List")
        head = {"apiVersion": document.get("apiVersion"), "kind": kind} if kind else {}
        for item in document["items"]:
            yield from items_of({**head, **item} if isinstance(item, dict) else item)
    else:
        yield document


def parse_document(text: str) -> Any:
    """The value of a YAML or JSON text with a single document, None for an empty text.

    The value consists of the types that JSON has, as sigs.k8s.io/yaml converts YAML. Raises ManifestError, and
    StatusError (501) for more than MAX_VALUES values.
    """
    document = None
    if text.lstrip().startswith(("{", "[")):
        with suppress(ValueError):
            document = gojson.loads(text)
    if document is None:
        try:
            document = _yaml(text)
        except (yaml.YAMLError, UnicodeEncodeError, RecursionError) as error:
            raise ManifestError(f"yaml: {_goyaml_message(error, text)}") from None
    count_values(document, "a file")
    return document


def _yaml(text: str) -> Any:
    """The value of a YAML text with one document. Raises yaml.YAMLError, StatusError (501) and ManifestError."""
    if len(text) > MAX_VALUES:  # only such a text can have too many values: count before building any node
        most = 2 * MAX_VALUES  # a list or map has two events
        events = sum(1 for _ in islice(yaml.parse(text, Loader=_BASE_LOADER), most))
        if events == most:
            raise too_large("a file")
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if "*" in text:
            _count_unfolded(node, {})  # raises for aliases that unfold to too much
        return loader.construct_plain(node)
    finally:
        loader.dispose()


def _count_unfolded(node: yaml.Node, sizes: dict[int, int | None]) -> int:
    """The number of nodes in `node` with every alias written out. Raises yaml.YAMLError beyond MAX_VALUES.

    A few lines of aliases of aliases can unfold to gigabytes. PyYAML represents an alias by the anchored node itself,
    and so `sizes` maps the identity of each node to its size, None while the node is being counted: meeting that again
    means that the node contains itself.
    """
    if id(node) in sizes:
        size = sizes[id(node)]
        if size is None:
            raise yaml.MarkedYAMLError(problem=_CONTAINS_ITSELF, problem_mark=node.start_mark)
    else:
        sizes[id(node)] = None
        size = 1 + sum(_count_unfolded(child, sizes) for child in _children(node))
        sizes[id(node)] = size
    if size > MAX_VALUES:
        raise yaml.YAMLError("document contains excessive aliasing")
    return size


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)  # keys and values
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _goyaml_message(error: Exception, text: str) -> str:
    """goyaml's message for an error of PyYAML in `text`."""
    if isinstance(error, yaml.MarkedYAMLError):
        return _message_at_line(error, text)
    if isinstance(error, UnicodeEncodeError):
        return "invalid leading UTF-8 octet"
    if isinstance(error, yaml.reader.ReaderError):
        return "control characters are not allowed"
    return str(error).partition("\n")[0] or "the document is nested too deeply"


def _message_at_line(error: yaml.MarkedYAMLError, text: str) -> str:
    """goyaml's message for an error with a position.

    goyaml counts the scanner's lines from 1 and the parser's from 0, and doesn't mention line 0.
    """
    mark = error.problem_mark
    problem = error.problem or "cannot be parsed"
    if mark and problem == _CONTAINS_ITSELF:
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
    """The name of the anchor or alias at `mark`, whose sign & or * may stand before it."""
    from_sign = text.split("\n")[mark.line][mark.column :]
    return re.sub(r"(?s)^[*&]?([\w-]*).*", r"\1", from_sign)


def _scalar_value(text: str, tag: str) -> Any:
    """The value of a scalar; `tag` is its tag, "" without one.

    Raises ManifestError for an infinite number or NaN, which JSON lacks, and NotSimulated for the
    tags in _CONVERTING_TAGS.
    """
    if tag in _CONVERTING_TAGS:
        raise NotSimulated(f"the YAML tag !!{tag} is not part of this simulator")
    if tag:
        return text
    value = plain_value(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise ManifestError(f"json: unsupported value: {gofmt.sprint(value)}")
    return value


class _Loader(_BASE_LOADER):  # type: ignore[misc, valid-type]
    """A loader of plain values. Keys become strings, and the last of equal keys counts. Unknown tags mean texts."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node without one. Overrides PyYAML's, so that `_scalar_value` decides about plain scalars.

        A plain scalar gets the bare prefix _TAG; "<<" gets the tag of a merge key, which PyYAML resolves.
        """
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
        return _scalar_value(node.value, node.tag.removeprefix(_TAG))


def _key(key: Any, value: Any) -> str:
    """A key of a map as text; `value` appears in the refusal of null. Raises ManifestError for null, lists and maps."""
    if key is None:
        raise ManifestError(
            f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {gofmt.syntax(value, _KEY_TYPE)}"
        )
    if isinstance(key, dict | list):
        raise ManifestError(f"yaml: invalid map key: {gofmt.syntax(key, _KEY_TYPE)}")
    return key if isinstance(key, str) else gofmt.sprint(key)
