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
from kubesim.kubectl.errors import FormatError, KubectlError, NotSimulated, Plain, refuse_if
from kubesim.kubectl.formats import jsonpath

_WRAPPER = textwrap.TextWrapper(
    76, expand_tabs=False, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
)
_MOST_ENUMS = 4  # as many are listed beside a field


@command("explain", operands="types")
def explain(call: Call) -> None:
    if not call.args:
        raise KubectlError(
            'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
            "supported resources."
        )
    refuse_if(len(call.args) > 1, "We accept only this format: explain RESOURCE")
    resource, path = _split(call.args[0].removesuffix("."))
    if call.flags["output"] == "plaintext-openapiv2":
        raise NotSimulated("--output plaintext-openapiv2 is not part of this simulator")
    refuse_if(call.flags["output"] != "plaintext", f"unrecognized format: {call.flags['output']}")
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
