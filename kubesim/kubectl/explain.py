"""The text of `kubectl explain`: what a type or a field is, from the schema.

Mirrors k8s.io/kubectl pkg/explain/v2/templates/plaintext.tmpl, v1.36. The prose is that of lightkube-models, which
leaves out what the possible values of an enumeration mean.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from kubesim.api import schema
from kubesim.api.resources import Resource
from kubesim.api.schema import ENUMS, Field, Type

_WRAPPER = textwrap.TextWrapper(
    76, expand_tabs=False, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
)
_MOST_ENUMS = 4  # as many are listed beside a field


class ExplainError(Exception):
    """There is no such field; `header` is what is printed all the same."""

    def __init__(self, field: str, header: str) -> None:
        super().__init__(f'field "{field}" does not exist')
        self.header = header


def explain(resource: Resource, path: Sequence[str], recursive: bool = False) -> str:
    """The documentation of a type, or of the field that `path` leads to; `recursive` lists all fields below by name.

    Raises ExplainError.
    """
    group = f"GROUP:      {resource.group}\n" if resource.group else ""
    header = f"{group}KIND:       {resource.kind}\nVERSION:    {resource.version}\n\n"
    kind, said = schema.type_of(resource), ""
    heading = ""
    for name in path:
        struct = _inner(kind)
        field = schema.fields(struct).get(name)
        if field is None:
            raise ExplainError(path[-1], header)
        kind, said = field.type, schema.describe(struct).fields[name]
        heading = f"FIELD: {name} <{_type_name(kind)}>\n{_enum(field)}\n\n"
    return header + heading + _description(kind, said) + "".join(_field_list(kind, recursive)) + "\n"


def _inner(kind: Type) -> Type:
    """What a list or map holds, however deep; the type itself otherwise."""
    return _inner(kind.element) if kind.element else kind


def _type_name(kind: Type) -> str:
    if kind.kind == "list" and kind.element:
        return f"[]{_type_name(kind.element)}"
    if kind.kind == "map" and kind.element:
        return f"map[string]{_type_name(kind.element)}"
    if kind.kind in ("any", "quantity", "intorstring"):
        return kind.go.rpartition(".")[2]
    return kind.name or {"bytes": "string", "time": "string", "microtime": "string"}.get(kind.kind, kind.kind)


def _enum(field: Field) -> str:
    values = ENUMS.get(field.type.go, ())
    return "ENUM:" + "".join(f"\n    {_shown(value)}" for value in values) if values else ""


def _shown(value: str) -> str:
    return value or '""'


def _description(kind: Type, said: str) -> str:
    inner = _inner(kind)
    own = schema.describe(inner).text if inner.kind == "struct" else ""
    whole = "".join(f"{text}\n" for text in (said, own) if text) or "<empty>"
    return f"DESCRIPTION:\n{_indented(whole, 4)}\n"


def _indented(text: str, indent: int) -> str:
    """`text` wrapped, each line (the empty ones too) behind `indent` spaces."""
    lines = [line for paragraph in text.split("\n") for line in _WRAPPER.wrap(paragraph) or [""]]
    return "\n".join(" " * indent + line for line in lines)


def _field_list(kind: Type, recursive: bool) -> Iterator[str]:
    struct = _inner(kind)
    if schema.fields(struct):
        yield "FIELDS:\n"
        yield from _names(struct, 1, ()) if recursive else _details(struct)


def _details(struct: Type) -> Iterator[str]:
    described = schema.describe(struct).fields
    for name, field in schema.fields(struct).items():
        yield f"{_line(field, 1)}{_indented(described[name] or '<no description>', 4)}\n\n"


def _line(field: Field, level: int) -> str:
    indent = "  " * level
    required = " -required-" if field.required else ""
    values = [_shown(value) for value in ENUMS.get(field.type.go, ())]
    listed = ", ".join(values[:_MOST_ENUMS]) + (", ...." if len(values) > _MOST_ENUMS else "")
    enum = f"\n{indent}enum: {listed}" if values else ""
    return f"{indent}{field.name}\t<{_type_name(field.type)}>{required}{enum}\n"


def _names(struct: Type, level: int, above: tuple[Type, ...]) -> Iterator[str]:
    """Every field below, by name; a type within itself is not opened again."""
    for field in schema.fields(struct).values():
        yield _line(field, level)
        inner = _inner(field.type)
        if inner.kind == "struct" and inner not in above:
            yield from _names(inner, level + 1, (*above, inner))
