"""The fields of all API types, read from the source text of the package lightkube-models.

Importing its classes would need the package lightkube and its HTTP client, which don't run in a browser. Each class is
read when it is first needed. gotypes.json adds the facts about Go's types that OpenAPI, and hence the package, leaves
out: from k8s.io/api core/v1, apps/v1, rbac/v1 and k8s.io/apimachinery meta/v1 types.go, v1.36.
"""

import importlib.util
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kubesim.api import typed
from kubesim.api.resources import Resource

# The kinds of values that decoders, printers and describers distinguish.
Kind = Literal[
    "any",
    "boolean",
    "bytes",
    "integer",
    "intorstring",
    "list",
    "map",
    "microtime",
    "number",
    "quantity",
    "string",
    "struct",
    "time",
]
_FIELD = re.compile(r"^    (\w+): '([^']+)'", re.M)
_FIRST_WORD = re.compile("^[a-z]+")  # the first word of a camelCase name
_SCALARS: Mapping[str, tuple[Kind, str]] = {
    "str": ("string", "string"),
    "int": ("integer", "int32"),
    "bool": ("boolean", "bool"),
    "float": ("number", "float64"),
    "bytes": ("bytes", "[]uint8"),
}


class _GoTypes(NamedTuple):
    """The contents of gotypes.json. A text consists of names separated by blanks.

    A field is written "field", or "Struct.field" if the name has several meanings.
    """

    # Types that decode themselves (they implement json.Unmarshaler) or have no fixed shape: a Type's kind and go.
    special: Mapping[str, tuple[Kind, str]]
    int64: str  # integer fields of type int64
    maps: Mapping[str, str]  # element types of maps that aren't map[string]string
    named_strings: Mapping[str, str]  # types of strings that have a named type
    # Optional scalars behind a pointer: "", 0 and false are stored, while omitempty drops them from other fields.
    pointers: str
    values: str  # optional structs without a pointer
    enums: Mapping[str, Mapping[str, str]]  # values of enum types with their meanings: pkg/generated/openapi
    merged_by: Mapping[str, str]  # lists by patchMergeKey, which is "" for lists of scalars
    retain_keys: str  # fields with the patch strategy retainKeys
    # The order of a struct's fields in Go, if it isn't alphabetical. A capital letter begins an embedded struct.
    order: Mapping[str, str]
    go_names: Mapping[str, str]  # Go's names of fields that don't follow the rule of go_name
    initials: str  # first words that Go writes in capitals, such as "dns"
    # Words of a description with the blanks or empty line between them that the package has lost.
    gaps: Mapping[str, str]


_GO: _GoTypes = typed.read_table(__file__, "gotypes.json", _GoTypes)
_INT64 = frozenset(_GO.int64.split())
_POINTERS = frozenset(_GO.pointers.split())
_RETAINED = frozenset(_GO.retain_keys.split())
ENUMS = _GO.enums
GAPS = _GO.gaps
MERGE_KEYS = {field: key for key, fields in _GO.merged_by.items() for field in fields.split()}
_GO_ORDER = {struct: names.split() for struct, names in _GO.order.items()}
_VALUES = frozenset(_GO.values.split())
_INITIALS = frozenset(_GO.initials.split())


class Type(NamedTuple):
    """The type of a value.

    `go` is Go's name of the type ("[]v1.Container"). `element` is the type of a list's or map's items. A struct has a
    `name` and the `module` of lightkube.models that declares it.
    """

    kind: Kind
    go: str
    element: "Type | None" = None
    name: str = ""
    module: str = ""


class Field(NamedTuple):
    """A field of a struct."""

    name: str
    type: Type
    required: bool = False
    keeps_zero: bool = False  # an empty value is stored, not dropped
    is_pointer: bool = False  # Go's field is a pointer
    is_merged: bool = False  # a list that a strategic merge merges; it replaces others
    merge_key: str = ""  # the field by which a merged list matches maps; "" if its items are scalars
    retains_keys: bool = False  # a strategic merge patch lists the keys to keep


def type_of(resource: Resource) -> Type:
    """The struct type of a resource's objects."""
    return _struct(f"{resource.group.partition('.')[0] or 'core'}_{resource.version}", resource.kind)


def meta_type(name: str) -> Type:
    """The struct type of meta/v1 with this name, such as Status."""
    return _struct("meta_v1", name)


@cache
def fields(struct: Type) -> Mapping[str, Field]:
    """The fields of `struct` by name, in alphabetical order; {} for a type that is no struct."""
    if struct.kind != "struct":
        return {}
    # Fields that are renamed in Python, because they are keywords, occur only in types that aren't simulated.
    declarations = _FIELD.findall(source(struct).split('"""')[2])
    return {name: _field(struct, name, annotation) for name, annotation in sorted(declarations)}


@cache
def _text(module: str) -> str:
    """The source text of a module of lightkube.models. Raises ModuleNotFoundError without the package."""
    spec = importlib.util.find_spec("lightkube")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        path = Path(folder, "models", f"{module}.py")
        if path.exists():
            return path.read_text("utf-8")
    raise ModuleNotFoundError("kubesim needs the package lightkube-models", name="lightkube-models")


def source(struct: Type) -> str:
    """The source text of a struct's class, with its docstring."""
    text = _text(struct.module)
    start = text.index(f"\nclass {struct.name}(")
    end = text.find("\n@dataclass", start)
    return text[start:] if end < 0 else text[start:end]  # the text has half a megabyte: don't copy it before slicing


def _struct(module: str, name: str) -> Type:
    return Type("struct", f"{module.rsplit('_', 1)[1]}.{name}", name=name, module=module)


def _field(struct: Type, name: str, annotation: str) -> Field:
    """The field that a class's annotation declares."""
    is_required = not annotation.startswith("Optional[")
    if not is_required:
        annotation = annotation.removeprefix("Optional[").removesuffix("]")
    qualified = f"{struct.name}.{name}"
    declared = _parse(struct.module, annotation, [qualified, name])
    keeps_zero = is_required or name in _POINTERS or qualified in _POINTERS or declared.kind == "struct"
    is_pointer = keeps_zero and not is_required and qualified not in _VALUES
    return Field(
        name,
        declared,
        required=is_required,
        keeps_zero=keeps_zero,
        is_pointer=is_pointer,
        is_merged=qualified in MERGE_KEYS,
        merge_key=MERGE_KEYS.get(qualified, ""),
        retains_keys=qualified in _RETAINED,
    )


def _parse(module: str, annotation: str, keys: Sequence[str]) -> Type:
    """Parse an annotation such as "List[meta_v1.Condition]". `keys` are the names of the field in gotypes.json."""
    if annotation.startswith("List["):
        element = _parse(module, annotation.removeprefix("List[").removesuffix("]"), keys)
        return Type("list", f"[]{element.go}", element)
    if annotation == "dict":
        return _map_of(_parse(module, _look_up(_GO.maps, keys) or "str", ()))
    if annotation in _SCALARS:
        return _scalar(annotation, keys)
    owner, _, name = annotation.rpartition(".")
    if name in _GO.special:
        return Type(*_GO.special[name])
    is_class = name[:1].isupper()
    return _struct(owner or module, name) if is_class else Type("any", "interface {}")


def _map_of(element: Type) -> Type:
    go = "v1.ResourceList" if element.kind == "quantity" else f"map[string]{element.go}"
    return Type("map", go, element)


def _scalar(annotation: str, keys: Sequence[str]) -> Type:
    kind, go = _SCALARS[annotation]
    if kind == "string":
        return Type(kind, _look_up(_GO.named_strings, keys) or go)
    if kind == "integer" and not _INT64.isdisjoint(keys):
        return Type(kind, "int64")
    return Type(kind, go)


def _look_up(table: Mapping[str, str], keys: Sequence[str]) -> str:
    """The entry of a table for the first of `keys` in it: "Struct.field" before "field". "" if there is none."""
    return next((table[key] for key in keys if key in table), "")


def in_go_order(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """`obj` with all fields in Go's order, in which kubectl writes objects that it builds itself."""
    ordered: dict[str, Any] = _ordered(type_of(resource), obj)
    return {"kind": resource.kind, "apiVersion": resource.api_version} | ordered


def _ordered(declared: Type, value: Any) -> Any:
    """A value with the fields of its structs in Go's order, and unknown fields after them."""
    if declared.kind == "list" and declared.element and isinstance(value, list):
        return [_ordered(declared.element, item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = fields(declared)
    known = [name for name in _flat(go_order(declared)) if name in value]
    ordered = {}
    for key in known + sorted(value.keys() - inner.keys()):
        ordered[key] = _ordered(inner[key].type, value[key]) if key in inner else value[key]
    return ordered


@cache
def go_order(struct: Type) -> list[str]:
    """The fields of a struct in Go's order. A name with a capital letter is an embedded struct."""
    listed = _GO_ORDER.get(struct.name, [])
    return listed + sorted(fields(struct).keys() - set(_flat(listed)))


def embedded(name: str) -> list[str]:
    """The fields of an embedded struct in Go's order."""
    return _GO_ORDER[name]


def _flat(names: Sequence[str]) -> list[str]:
    """`names` with embedded structs replaced by their fields."""
    flat: list[str] = []
    for name in names:
        flat += _GO_ORDER[name] if name[0].isupper() else [name]
    return flat


@cache
def go_name(name: str) -> str:
    """Go's name of a JSON field: DNSPolicy for "dnsPolicy"."""
    return _GO.go_names.get(name) or _FIRST_WORD.sub(_capitalized, name)


def _capitalized(word: re.Match[str]) -> str:
    return word[0].upper() if word[0] in _INITIALS else word[0].capitalize()
