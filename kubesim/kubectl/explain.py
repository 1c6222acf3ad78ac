"""kubectl explain: what a type or a field is, from the schema.

Mirrors k8s.io/kubectl pkg/cmd/explain and pkg/explain/v2/templates/plaintext.tmpl, v1.36. The prose is that of
lightkube-models, which leaves out what the possible values of an enumeration mean.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from kubesim.api import schema
from kubesim.api.resources import RESOURCES, Resource, find_resource
from kubesim.api.schema import ENUMS, Field, Type
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import FormatError, KubectlError, Plain, refuse_if
from kubesim.kubectl.formats import jsonpath

_WRAPPER = textwrap.TextWrapper(
    76, expand_tabs=False, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
)
_MOST_ENUMS = 4  # as many are listed beside a field


@command("explain", operands="types")
def explain(call: Call) -> None:
    resource, path = _split(call.args[0].removesuffix("."))
    if call.flags["api-version"]:
        resource = _of_version(resource, call.flags["api-version"])
    elif call.args[0].startswith(resource.qualified):  # "deployments.apps.spec"
        path = call.args[0].removesuffix(".").removeprefix(resource.qualified).split(".")[1:]
    call.say(_explanation(resource, path, call.flags["recursive"]))


def _split(word: str) -> tuple[Resource, list[str]]:
    """The type and the fields that a word such as "deploy.spec" means."""
    jsonpath.parse(f"{{.{word}}}")
    name, *path = re.split(r"[\[ ]", word)[0].split(".")
    refuse_if(not name and not path, "a resource must be present, got: /, Resource=")
    resource = find_resource(name)
    if name.strip("*") and resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{name}"')
    if resource is None or re.search(r"[\[ ]|\.\*", word):
        raise KubectlError("invalid jsonpath syntax, first node must be field node")
    return resource, path


def _of_version(resource: Resource, api_version: str) -> Resource:
    served = {item.plural: item for item in RESOURCES if item.api_version == api_version}
    if resource.plural in served:
        return served[resource.plural]
    wanted = f"{'' if '/' in api_version else '/'}{api_version}, Resource={resource.plural}"
    raise KubectlError(
        f"GVR ({wanted}) not found in OpenAPI schema" if served else f'couldn\'t find resource for "{wanted}"'
    )


def _explanation(resource: Resource, path: Sequence[str], recursive: bool) -> str:
    """The documentation of a type, or of the field that `path` leads to; `recursive` lists all fields below by name."""
    group = f"GROUP:      {resource.group}\n" if resource.group else ""
    header = f"{group}KIND:       {resource.kind}\nVERSION:    {resource.version}\n\n"
    kind, said, heading = schema.type_of(resource), "", ""
    for name in path:
        struct = _inner(kind)
        field = schema.fields(struct).get(name)
        if field is None:
            raise FormatError(f'field "{path[-1]}" does not exist', stdout=header)
        kind, said = field.type, schema.describe(struct).fields[name]
        values = "".join(f"\n    {value}" for value in _enum(field))
        heading = f"FIELD: {name} <{_type_name(kind)}>\n{values and f'ENUM:{values}'}\n\n"
    inner = _inner(kind)
    own = schema.describe(inner).text if inner.kind == "struct" else ""
    text = _indented("".join(f"{part}\n" for part in (said, own) if part) or "<empty>")
    listed = "".join(["FIELDS:\n", *_field_list(inner, recursive)]) if schema.fields(inner) else ""
    return f"{header}{heading}DESCRIPTION:\n{text}\n{listed}\n"


def _inner(kind: Type) -> Type:
    """What a list or map holds, however deep; the type itself otherwise."""
    return _inner(kind.element) if kind.element else kind


def _type_name(kind: Type) -> str:
    if kind.element:
        return f"{'[]' if kind.kind == 'list' else 'map[string]'}{_type_name(kind.element)}"
    if kind.kind in ("any", "quantity", "intorstring"):
        return kind.go.rpartition(".")[2]
    return kind.name or {"bytes": "string", "time": "string", "microtime": "string"}.get(kind.kind, kind.kind)


def _enum(field: Field) -> list[str]:
    return [value or '""' for value in ENUMS.get(field.type.go, ())]


def _indented(text: str) -> str:
    """`text` wrapped, each line (the empty ones too) indented."""
    lines = [line for paragraph in text.split("\n") for line in _WRAPPER.wrap(paragraph) or [""]]
    return "\n".join(f"    {line}" for line in lines)


def _field_list(struct: Type, recursive: bool, level: int = 1, above: tuple[Type, ...] = ()) -> Iterator[str]:
    """The fields with what they mean, or recursively all by name; a type within itself is not opened again."""
    described = {} if recursive else schema.describe(struct).fields
    indent = "  " * level
    for name, field in schema.fields(struct).items():
        values, inner = _enum(field), _inner(field.type)
        yield f"{indent}{name}\t<{_type_name(field.type)}>{' -required-' * field.required}\n"
        if values:
            more = ", ...." if len(values) > _MOST_ENUMS else ""
            yield f"{indent}enum: {', '.join(values[:_MOST_ENUMS])}{more}\n"
        if not recursive:
            yield f"{_indented(described[name] or '<no description>')}\n\n"
        elif inner.kind == "struct" and inner not in above:
            yield from _field_list(inner, recursive, level + 1, (*above, inner))
