"""The fields of every API type, read as data from the package lightkube-models.

Importing its classes would need the package lightkube and its HTTP client, which a browser lacks. Each class is read
alone, when it is first asked for. What OpenAPI, hence the package, leaves out of Go's types is in gotypes.json. Its
keys are "field" or, where the same name means different things, "Struct.field". From k8s.io/api core/v1, apps/v1,
rbac/v1 and k8s.io/apimachinery meta/v1 types.go, v1.36:

* special: types with a decoder of their own (they implement json.Unmarshaler) or without a fixed shape
* int64: integers of that type; namedStrings: strings of a named type; enums: where it is an +enum, its values and what
  they mean, as pkg/generated/openapi says
* maps: what the maps hold that are no map[string]string
* pointers: optional scalars behind a pointer: "", 0 and false are kept, where omitempty drops them from other fields
* mergedBy: by which key (patchMergeKey, "" for scalars) a strategic merge finds the items of which lists; retainKeys
* order: the fields of a struct as Go has them, for the structs that kubectl itself prints; others come later, by name
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.api import load_record
from kubesim.api.resources import Resource

_FIELD = re.compile(r"^    (\w+): '([^']+)'", re.M)
_PARAMETER = re.compile(r"^ {6}\* \*\*(\w+)\*\* ``[^`]*`` ?-? ?", re.M)
_ITEM = re.compile(r"(?:[-*]|\w{1,2}[.)]) ")
_WIDTH = 78  # of the package's docstrings
_SCALARS = {
    "str": ("string", "string"),
    "int": ("integer", "int32"),
    "bool": ("boolean", "bool"),
    "float": ("number", "float64"),
    "bytes": ("bytes", "[]uint8"),
}


class _GoTypes(NamedTuple):
    """What gotypes.json says, as the docstring above has it. A text is names with blanks between them."""

    special: Mapping[str, Sequence[str]]
    int64: str
    maps: Mapping[str, str]
    namedStrings: Mapping[str, str]  # noqa: N815 (as in the table)
    pointers: str
    enums: Mapping[str, Mapping[str, str]]
    mergedBy: Mapping[str, str]  # noqa: N815
    retainKeys: str  # noqa: N815
    order: Mapping[str, str]


_GO = load_record(__file__, "gotypes.json", _GoTypes)
_INT64, _POINTERS, _RETAINED = (frozenset(names.split()) for names in (_GO.int64, _GO.pointers, _GO.retainKeys))
ENUMS = _GO.enums
MERGE_KEYS = {field: key for key, fields in _GO.mergedBy.items() for field in fields.split()}
_GO_ORDER = {struct: names.split() for struct, names in _GO.order.items()}


class Type(NamedTuple):
    """What a value must be.

    `kind` is one of string, integer, number, boolean, bytes, time, microtime, quantity, intorstring, any, list, map,
    struct; `go` is the type as Go prints it ("[]v1.Container"); `element` is what a list or map holds; a struct has its
    `name` and the `module` of lightkube.models that holds it.
    """

    kind: str
    go: str
    element: Type | None = None
    name: str = ""
    module: str = ""


class Field(NamedTuple):
    """One field of a struct. `keeps_zero`: an empty value is stored rather than left out."""

    name: str
    type: Type
    required: bool
    keeps_zero: bool


class Description(NamedTuple):
    """The prose of a struct: its own and that of each field, each paragraph on one line."""

    text: str
    fields: Mapping[str, str]


def type_of(resource: Resource) -> Type:
    """The struct of a resource's objects."""
    return _struct(_module(resource), resource.kind)


def meta_type(name: str) -> Type:
    """A struct of meta/v1, such as Status."""
    return _struct("meta_v1", name)


@cache
def fields(struct: Type) -> Mapping[str, Field]:
    """The fields of `struct` by name, alphabetically; empty for what is no struct."""
    if struct.kind != "struct":
        return {}
    declared = [_field(struct, name, annotation) for name, annotation in _declarations(struct)]
    return {field.name: field for field in sorted(declared)}


def merge_key(struct: Type, field: str) -> str | None:
    """By which key a strategic merge finds the items of a list: "" for scalars, None where it replaces the list."""
    return MERGE_KEYS.get(f"{struct.name}.{field}")


def retains_keys(struct: Type, field: str) -> bool:
    """Whether a field's strategic merge patch says which of its keys stay."""
    return f"{struct.name}.{field}" in _RETAINED


@cache
def describe(struct: Type) -> Description:
    """The documentation of `struct` and its fields, with what the values of an enumeration mean."""
    head, *rest = _PARAMETER.split(_source(struct).split('"""')[1])
    texts = {name: _unwrap(text, 8) for name, text in zip(rest[::2], rest[1::2], strict=True)}
    for name, field in fields(struct).items():
        if meanings := ENUMS.get(field.type.go):
            values = [f' - `"{value}"` {meaning}'.rstrip() for value, meaning in meanings.items()]
            texts[name] = "\n".join([f"{texts[name]}\n\nPossible enum values:", *values])
    return Description(_unwrap(head.split("**parameters**")[0], 6), texts)


def _unwrap(text: str, margin: int) -> str:
    """Undo the package's line breaks. A line ended where it had room for the next word, or where the next one is
    indented; within a list a line ended, elsewhere a paragraph.
    """
    whole = ""
    last = 0  # the width of the line before, 0 for an empty one
    listed = False
    for line in text.splitlines():
        said = line.strip()
        if not said:
            last = 0
            continue
        indent = line[margin : len(line) - len(line.lstrip())] if whole else ""
        ended = bool(indent) or last + 1 + len(said.split()[0]) <= _WIDTH
        if not ended:
            gap = " "
        else:
            gap = "\n" if last and (listed or indent) else "\n\n"
        whole += gap * bool(whole) + indent + said
        listed = bool(indent) or _ITEM.match(said) is not None if ended else listed
        last = len(indent) + len(said)
    return whole


@cache
def _text(module: str) -> str:
    spec = importlib.util.find_spec("lightkube")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder, "models", f"{module}.py")
        if path.exists():
            return path.read_text("utf-8")
    raise ModuleNotFoundError("kubesim needs the package lightkube-models", name="lightkube-models")


def _source(struct: Type) -> str:
    text = _text(struct.module)
    return text[text.index(f"\nclass {struct.name}(") :].partition("\n@dataclass")[0]


def _declarations(struct: Type) -> list[tuple[str, str]]:
    """Name and annotation of each field. Those that have another name in Python are in types that aren't simulated."""
    return _FIELD.findall(_source(struct).split('"""')[2])


def _module(resource: Resource) -> str:
    return f"{resource.group.split('.')[0] or 'core'}_{resource.version}"


def _struct(module: str, name: str) -> Type:
    return Type("struct", f"{module.rsplit('_', 1)[1]}.{name}", name=name, module=module)


def _field(struct: Type, name: str, text: str) -> Field:
    keys = {name, f"{struct.name}.{name}"}
    optional = text.startswith("Optional[")
    kind = _parse(struct.module, text.removeprefix("Optional[").removesuffix("]") if optional else text, keys)
    return Field(name, kind, not optional, not optional or kind.kind == "struct" or bool(keys & _POINTERS))


def _parse(module: str, text: str, keys: set[str]) -> Type:
    """The type that an annotation such as "List[meta_v1.Condition]" describes."""
    if text.startswith("List["):
        element = _parse(module, text[5:-1], keys)
        return Type("list", f"[]{element.go}", element)
    if text == "dict":
        return _map(module, keys)
    if text in _SCALARS:
        return _scalar(text, keys)
    owner, _, name = text.rpartition(".")
    if name in _GO.special:
        kind, go = _GO.special[name]
        return Type(kind, go)
    return _struct(owner or module, name) if name[:1].isupper() else Type("any", "interface {}")


def _map(module: str, keys: set[str]) -> Type:
    element = _parse(module, _of(keys, _GO.maps) or "str", set())
    return Type("map", "v1.ResourceList" if element.kind == "quantity" else f"map[string]{element.go}", element)


def _scalar(text: str, keys: set[str]) -> Type:
    kind, go = _SCALARS[text]
    if kind == "string":
        return Type(kind, _of(keys, _GO.namedStrings) or go)
    return Type(kind, "int64" if kind == "integer" and keys & _INT64 else go)


def _of(keys: set[str], table: Mapping[str, str]) -> str:
    """What a table says of a field, first of the one in its struct; "" for nothing."""
    return next((table[key] for key in sorted(keys) if key in table), "")


def in_go_order(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """`obj` with its fields, and those of all structs in it, in Go's order, as kubectl writes what it holds itself."""
    ordered: dict[str, Any] = _ordered(type_of(resource), obj)
    return {"kind": resource.kind, "apiVersion": resource.api_version} | ordered


def _ordered(kind: Type, value: Any) -> Any:
    if kind.kind == "list" and kind.element and isinstance(value, list):
        return [_ordered(kind.element, item) for item in value]
    if not isinstance(value, dict):
        return value
    go_order, inner = _GO_ORDER.get(kind.name, []), fields(kind)
    known = [name for name in go_order if name in value]
    keys = known + sorted(value.keys() - set(known))
    return {key: _ordered(inner[key].type, value[key]) if key in inner else value[key] for key in keys}
