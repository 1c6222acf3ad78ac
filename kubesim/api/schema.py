"""The fields of every API type, read as data from the package lightkube-models.

Importing its classes would need the package lightkube and its HTTP client, which a browser lacks. Each class is read
alone, when it is first asked for. What OpenAPI, hence the package, leaves out of Go's types is in gotypes.json. From
k8s.io/api core/v1, apps/v1, rbac/v1 and k8s.io/apimachinery meta/v1 types.go, v1.36.
"""

import importlib.util
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kubesim.api import load_record
from kubesim.api.resources import Resource

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
"""What a value is to who decodes it, shows it or prints it."""
_FIELD = re.compile(r"^    (\w+): '([^']+)'", re.M)
_FIRST_WORD = re.compile("^[a-z]+")  # of a name
_SCALARS: Mapping[str, tuple[Kind, str]] = {
    "str": ("string", "string"),
    "int": ("integer", "int32"),
    "bool": ("boolean", "bool"),
    "float": ("number", "float64"),
    "bytes": ("bytes", "[]uint8"),
}


class _GoTypes(NamedTuple):
    """What gotypes.json says. A text is names with blanks between them.

    Fields are called "field" or, where the same name means different things, "Struct.field".
    """

    # The types that decode themselves (they implement json.Unmarshaler) or have no fixed shape: a Type's kind and go.
    special: Mapping[str, tuple[Kind, str]]
    int64: str  # the integers of that type
    maps: Mapping[str, str]  # what the maps hold that are no map[string]string
    namedStrings: Mapping[str, str]  # noqa: N815  # the types of strings that have one of their own
    # The optional scalars behind a pointer: "", 0 and false are kept, where omitempty drops them from other fields.
    pointers: str
    values: str  # the optional structs that aren't behind a pointer
    enums: Mapping[str, Mapping[str, str]]  # the values of such a type, and their meaning: pkg/generated/openapi
    mergedBy: Mapping[str, str]  # noqa: N815  # patchMergeKey, "" for scalars, and the lists that have it
    retainKeys: str  # noqa: N815  # the fields whose patch strategy that is
    # The fields of a struct as Go has them, where that isn't by name. A capital letter begins an embedded struct.
    order: Mapping[str, str]
    goNames: Mapping[str, str]  # noqa: N815  # what Go calls fields that it calls by another name
    initials: str  # the first words of names that Go writes in capitals
    # Words of a documentation with what the package has lost between them: a second blank, an empty line.
    gaps: Mapping[str, str]


_GO = load_record(__file__, "gotypes.json", _GoTypes)
_INT64 = frozenset(_GO.int64.split())
_POINTERS = frozenset(_GO.pointers.split())
_RETAINED = frozenset(_GO.retainKeys.split())
ENUMS = _GO.enums
GAPS = _GO.gaps
MERGE_KEYS = {field: key for key, fields in _GO.mergedBy.items() for field in fields.split()}
_GO_ORDER = {struct: names.split() for struct, names in _GO.order.items()}
_VALUES = frozenset(_GO.values.split())
_INITIALS = frozenset(_GO.initials.split())


class Type(NamedTuple):
    """What a value must be.

    `go` is the type as Go prints it ("[]v1.Container"); `element` is what a list or map holds; a struct has its `name`
    and the `module` of lightkube.models that holds it.
    """

    kind: Kind
    go: str
    element: "Type | None" = None
    name: str = ""
    module: str = ""


class Field(NamedTuple):
    """One field of a struct."""

    name: str
    type: Type
    required: bool = False
    keeps_zero: bool = False  # whether an empty value is stored rather than left out
    is_pointer: bool = False  # whether Go has a pointer to the value
    merge_key: str | None = None  # of a list: by which key a strategic merge finds its items; "" for scalars
    retains_keys: bool = False  # whether a strategic merge patch says which keys of the value stay


def type_of(resource: Resource) -> Type:
    """The struct of a resource's objects."""
    return _struct(f"{resource.group.partition('.')[0] or 'core'}_{resource.version}", resource.kind)


def meta_type(name: str) -> Type:
    """A struct of meta/v1, such as Status."""
    return _struct("meta_v1", name)


@cache
def fields(struct: Type) -> Mapping[str, Field]:
    """The fields of `struct` by name, alphabetically; empty for what is no struct."""
    if struct.kind != "struct":
        return {}
    # Fields that have another name in Python are in types that aren't simulated.
    declarations = _FIELD.findall(source(struct).split('"""')[2])
    return {name: _field(struct, name, annotation) for name, annotation in sorted(declarations)}


@cache
def _text(module: str) -> str:
    spec = importlib.util.find_spec("lightkube")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        path = Path(folder, "models", f"{module}.py")
        if path.exists():
            return path.read_text("utf-8")
    raise ModuleNotFoundError("kubesim needs the package lightkube-models", name="lightkube-models")


def source(struct: Type) -> str:
    """The class that declares a struct, whose docstring tells of it."""
    text = _text(struct.module)
    start = text.index(f"\nclass {struct.name}(")
    end = text.find("\n@dataclass", start)
    return text[start:] if end < 0 else text[start:end]  # a part of half a megabyte, which isn't copied on the way


def _struct(module: str, name: str) -> Type:
    return Type("struct", f"{module.rsplit('_', 1)[1]}.{name}", name=name, module=module)


def _field(struct: Type, name: str, annotation: str) -> Field:
    is_required = not annotation.startswith("Optional[")
    if not is_required:
        annotation = annotation.removeprefix("Optional[").removesuffix("]")
    qualified = f"{struct.name}.{name}"
    kind = _parse(struct.module, annotation, [qualified, name])
    keeps_zero = is_required or name in _POINTERS or qualified in _POINTERS or kind.kind == "struct"
    is_pointer = keeps_zero and not is_required and qualified not in _VALUES
    return Field(
        name,
        kind,
        required=is_required,
        keeps_zero=keeps_zero,
        is_pointer=is_pointer,
        merge_key=MERGE_KEYS.get(qualified),
        retains_keys=qualified in _RETAINED,
    )


def _parse(module: str, annotation: str, keys: Sequence[str]) -> Type:
    """The type that an annotation such as "List[meta_v1.Condition]" describes; `keys` are the field's in the table."""
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
        return Type(kind, _look_up(_GO.namedStrings, keys) or go)
    if kind == "integer" and not _INT64.isdisjoint(keys):
        return Type(kind, "int64")
    return Type(kind, go)


def _look_up(table: Mapping[str, str], keys: Sequence[str]) -> str:
    """What a table says of a field, first of the one in its struct; "" for nothing."""
    return next((table[key] for key in keys if key in table), "")


def in_go_order(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """`obj` with its fields, and those of all structs in it, in Go's order, as kubectl writes what it holds itself."""
    ordered: dict[str, Any] = _ordered(type_of(resource), obj)
    return {"kind": resource.kind, "apiVersion": resource.api_version} | ordered


def _ordered(kind: Type, value: Any) -> Any:
    if kind.kind == "list" and kind.element and isinstance(value, list):
        return [_ordered(kind.element, item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = fields(kind)
    known = [name for name in _flat(go_order(kind)) if name in value]
    ordered = {}
    for key in known + sorted(value.keys() - inner.keys()):
        ordered[key] = _ordered(inner[key].type, value[key]) if key in inner else value[key]
    return ordered


@cache
def go_order(struct: Type) -> list[str]:
    """The fields of a struct in Go's order; a name with a capital letter is that of an embedded struct."""
    listed = _GO_ORDER.get(struct.name, [])
    return listed + sorted(fields(struct).keys() - set(_flat(listed)))


def embedded(name: str) -> list[str]:
    """The fields of an embedded struct in Go's order."""
    return _GO_ORDER[name]


def _flat(names: Sequence[str]) -> list[str]:
    """Names of fields, with those of embedded structs in their place."""
    flat: list[str] = []
    for name in names:
        flat += _GO_ORDER[name] if name[0].isupper() else [name]
    return flat


@cache
def go_name(name: str) -> str:
    """What Go calls the field that JSON calls `name`: "dnsPolicy" is DNSPolicy."""
    return _GO.goNames.get(name) or _FIRST_WORD.sub(_capitalized, name)


def _capitalized(word: re.Match[str]) -> str:
    return word[0].upper() if word[0] in _INITIALS else word[0].capitalize()
