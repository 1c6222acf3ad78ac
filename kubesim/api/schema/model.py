"""The fields of every API type, read as data from the package lightkube-models.

Importing its classes would need the package lightkube and its HTTP client, which a browser lacks. Each class is parsed
alone, when it is first asked for.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kubesim.api.resources import Resource
from kubesim.api.schema import gotypes

_CLASS = re.compile(r"^class (\w+)\(", re.M)
_PARAMETER = re.compile(r"^ {6}\* \*\*(\w+)\*\* ``[^`]*`` ?-? ?", re.M)
_ITEM = re.compile(r"(?:[-*]|\w{1,2}[.)]) ")
_RENAMED = re.compile(r'^    (\w+): .* = field\(metadata={"json": "([^"]+)"', re.M)
_WIDTH = 78  # of the package's docstrings
_SCALARS = {
    "str": ("string", "string"),
    "int": ("integer", "int32"),
    "bool": ("boolean", "bool"),
    "float": ("number", "float64"),
}


@dataclass(frozen=True, slots=True)
class Type:
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


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct. `keeps_zero`: an empty value is stored rather than left out."""

    name: str
    type: Type
    required: bool
    keeps_zero: bool


@dataclass(frozen=True, slots=True)
class Description:
    """The prose of a struct: its own and that of each field, each paragraph on one line."""

    text: str
    fields: Mapping[str, str]


def type_of(resource: Resource) -> Type:
    """The struct of a resource's objects."""
    return _struct(_module(resource), resource.kind)


def list_type_of(resource: Resource) -> Type | None:
    """The struct of a list of a resource's objects; None for what is never listed."""
    module, name = _module(resource), f"{resource.kind}List"
    return _struct(module, name) if name in _index(module) else None


def meta_type(name: str) -> Type:
    """A struct of meta/v1, such as Status."""
    return _struct("meta_v1", name)


@cache
def fields(struct: Type) -> Mapping[str, Field]:
    """The fields of `struct` by name, alphabetically; empty for what is no struct."""
    if struct.kind != "struct":
        return {}
    found = [_field(struct, node) for node in _class(struct).body if isinstance(node, ast.AnnAssign)]
    return {field.name: field for field in sorted(found, key=lambda field: field.name)}


def merge_key(struct: Type, field: str) -> str | None:
    """By which key a strategic merge finds the items of a list: "" for scalars, None where it replaces the list."""
    return gotypes.MERGE_KEYS.get(f"{struct.name}.{field}")


def retains_keys(struct: Type, field: str) -> bool:
    """Whether a field's strategic merge patch says which of its keys stay."""
    return f"{struct.name}.{field}" in gotypes.RETAIN_KEYS


@cache
def describe(struct: Type) -> Description:
    """The documentation of `struct` and its fields."""
    head, *rest = _PARAMETER.split(_source(struct).split('"""')[1])
    own = head.split("**parameters**")[0]
    return Description(
        _unwrap(own, margin=6),
        {_json_name(struct, name): _unwrap(text, margin=8) for name, text in zip(rest[::2], rest[1::2], strict=True)},
    )


def _unwrap(text: str, margin: int) -> str:
    """Undo the package's line breaks. A line ended where it had room for the next word, or where the next one is
    indented; within a list a line ended, elsewhere a paragraph.
    """
    whole, last, listed = "", 0, False
    for line in text.splitlines():
        said = line.strip()
        if not said:
            last = 0
            continue
        indent = line[margin : len(line) - len(line.lstrip())] if whole else ""
        ended = bool(indent) or last + 1 + len(said.split()[0]) <= _WIDTH
        gap = ("\n" if last and (listed or indent) else "\n\n") if ended else " "
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


@cache
def _index(module: str) -> dict[str, tuple[int, int]]:
    """Where each class starts and ends in a module's text."""
    starts = [(match[1], match.start()) for match in _CLASS.finditer(_text(module))]
    ends = [start for _, start in starts[1:]] + [len(_text(module))]
    return {name: (start, end) for (name, start), end in zip(starts, ends, strict=True)}


def _source(struct: Type) -> str:
    start, end = _index(struct.module)[struct.name]
    return _text(struct.module)[start:end].removesuffix("@dataclass\n")


def _class(struct: Type) -> ast.ClassDef:
    node = ast.parse(_source(struct)).body[0]
    assert isinstance(node, ast.ClassDef)
    return node


def _module(resource: Resource) -> str:
    return f"{resource.group.split('.')[0] or 'core'}_{resource.version}"


def _struct(module: str, name: str) -> Type:
    return Type("struct", f"{module.rsplit('_', 1)[1]}.{name}", name=name, module=module)


def _field(struct: Type, node: ast.AnnAssign) -> Field:
    assert isinstance(node.target, ast.Name)
    assert isinstance(node.annotation, ast.Constant)
    name = _json_name(struct, node.target.id)
    keys = {name, f"{struct.name}.{name}"}
    text = str(node.annotation.value)
    optional = text.startswith("Optional[")
    kind = _parse(struct.module, text.removeprefix("Optional[").removesuffix("]") if optional else text, keys, name)
    return Field(name, kind, not optional, not optional or kind.kind == "struct" or bool(keys & gotypes.POINTERS))


def _json_name(struct: Type, name: str) -> str:
    """The field that Python calls `name`: "$ref" for `d_ref`, "continue" for `continue_`."""
    return _renamed(struct).get(name, name)


@cache
def _renamed(struct: Type) -> dict[str, str]:
    return dict(_RENAMED.findall(_source(struct)))


def _parse(module: str, text: str, keys: set[str], name: str) -> Type:
    """The type that an annotation such as "List[meta_v1.Condition]" stands for."""
    if text.startswith("List["):
        element = _parse(module, text[5:-1], keys, name)
        return Type("list", f"[]{element.go}", element)
    if text == "dict":
        return _map(module, keys)
    if text in _SCALARS:
        return _scalar(text, keys)
    owner, _, name = text.rpartition(".")
    if name in gotypes.SPECIAL:
        return Type(*gotypes.SPECIAL[name])
    return _struct(owner or module, name) if name[:1].isupper() else Type("any", "interface {}")


def _map(module: str, keys: set[str]) -> Type:
    if text := next((gotypes.STRUCT_MAPS[key] for key in keys if key in gotypes.STRUCT_MAPS), ""):
        element = _parse(module, text, set(), "")
        return Type("map", f"map[string]{element.go}", element)
    if keys & gotypes.BYTES_MAPS:
        return Type("map", "map[string][]uint8", Type("bytes", "[]uint8"))
    if keys & gotypes.RESOURCE_LISTS:
        return Type("map", "v1.ResourceList", Type(*gotypes.SPECIAL["Quantity"]))
    return Type("map", "map[string]string", Type("string", "string"))


def _scalar(text: str, keys: set[str]) -> Type:
    kind, go = _SCALARS[text]
    if kind == "integer" and keys & gotypes.INT64:
        go = "int64"
    if keys & gotypes.BYTES:
        return Type("bytes", "[]uint8")
    if kind == "string":
        go = next((gotypes.NAMED_STRINGS[key] for key in sorted(keys) if key in gotypes.NAMED_STRINGS), go)
    return Type(kind, go)
