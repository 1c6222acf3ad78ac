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

from kubesim.resources import Resource
from kubesim.schema import gotypes

_CLASS = re.compile(r"^class (\w+)\(", re.M)
_PARAMETER = re.compile(r"^ {6}\* \*\*(\w+)\*\* ``[^`]*`` ?-? ?", re.M)
_WIDTH = 78  # of the package's docstrings
_SCALARS = {"str": ("string", "string"), "int": ("integer", "int32"), "bool": ("boolean", "bool")}


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
    return _struct(f"{resource.group.split('.')[0] or 'core'}_{resource.version}", resource.kind)


@cache
def fields(struct: Type) -> Mapping[str, Field]:
    """The fields of `struct` by name, alphabetically; empty for what is no struct."""
    if struct.kind != "struct":
        return {}
    found = [_field(struct, node) for node in _class(struct).body if isinstance(node, ast.AnnAssign)]
    return {field.name: field for field in sorted(found, key=lambda field: field.name)}


@cache
def describe(struct: Type) -> Description:
    """The documentation of `struct` and its fields."""
    head, *rest = _PARAMETER.split(ast.get_docstring(_class(struct), clean=False) or "")
    own = head.split("**parameters**")[0]
    return Description(_unwrap(own), {name: _unwrap(text) for name, text in zip(rest[::2], rest[1::2], strict=True)})


def _unwrap(text: str) -> str:
    """Undo the package's line breaks. Where a line had room for the next word, a paragraph ended."""
    whole = ""
    last = 0
    for line in filter(None, map(str.strip, text.splitlines())):
        fits = last + 1 + len(line.split()[0]) <= _WIDTH
        whole += ("\n\n" if fits else " ") * bool(whole) + line
        last = len(line)
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


def _class(struct: Type) -> ast.ClassDef:
    start, end = _index(struct.module)[struct.name]
    source = _text(struct.module)[start:end].removesuffix("@dataclass\n")
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.ClassDef)
    return node


def _struct(module: str, name: str) -> Type:
    return Type("struct", f"{module.rsplit('_', 1)[1]}.{name}", name=name, module=module)


def _field(struct: Type, node: ast.AnnAssign) -> Field:
    assert isinstance(node.target, ast.Name)
    assert isinstance(node.annotation, ast.Constant)
    name = node.target.id.rstrip("_")  # Python's own words, such as `continue_`
    keys = {name, f"{struct.name}.{name}"}
    text = str(node.annotation.value)
    optional = text.startswith("Optional[")
    kind = _parse(struct.module, text.removeprefix("Optional[").removesuffix("]") if optional else text, keys, name)
    return Field(name, kind, not optional, not optional or kind.kind == "struct" or bool(keys & gotypes.POINTERS))


def _parse(module: str, text: str, keys: set[str], name: str) -> Type:
    """The type that an annotation such as "List[meta_v1.Condition]" stands for."""
    if text.startswith("List["):
        element = _parse(module, text[5:-1], keys, name)
        return Type("list", f"[]{element.go}", element)
    if text == "dict":
        return _map(keys)
    if text in _SCALARS:
        return _scalar(text, keys)
    owner, _, name = text.rpartition(".")
    if name in gotypes.SPECIAL:
        return Type(*gotypes.SPECIAL[name])
    return _struct(owner or module, name) if name[:1].isupper() else Type("any", "interface {}")


def _map(keys: set[str]) -> Type:
    if keys & gotypes.BYTES_MAPS:
        return Type("map", "map[string][]uint8", Type("bytes", "[]uint8"))
    if keys & gotypes.RESOURCE_LISTS:
        return Type("map", "v1.ResourceList", Type(*gotypes.SPECIAL["Quantity"]))
    return Type("map", "map[string]string", Type("string", "string"))


def _scalar(text: str, keys: set[str]) -> Type:
    kind, go = _SCALARS[text]
    if kind == "integer" and keys & gotypes.INT64:
        go = "int64"
    if kind == "string":
        go = next((gotypes.NAMED_STRINGS[key] for key in sorted(keys) if key in gotypes.NAMED_STRINGS), go)
    return Type(kind, go)
