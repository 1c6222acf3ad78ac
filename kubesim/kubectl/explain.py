"""kubectl explain: the documentation of a type or of one of its fields.

The texts come from lightkube-models, and those about the values of an enumeration from gotypes.json, both through
api/schemadocs.py. Mirrors k8s.io/kubectl pkg/cmd/explain, pkg/explain/explain.go and
pkg/explain/v2/templates/plaintext.tmpl, v1.36, without --output plaintext-openapiv2.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kubesim.api import schema
from kubesim.api.budget import Budget
from kubesim.api.resources import Resource, find_resource
from kubesim.api.schema import ENUMS, Field, Type
from kubesim.api.schemadocs import describe
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import FormatError, KubectlError, NotSimulated, UnprefixedError, refuse_if
from kubesim.kubectl.formats import jsonpath

_WRAPPER = textwrap.TextWrapper(
    76, expand_tabs=False, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
)
_MOST_ENUMS = 4  # the number of an enumeration's values in the list of fields
_NO_TYPE = (
    "You must specify the type of resource to explain. "
    'Use "kubectl api-resources" for a complete list of supported resources.'
)
# Parts of JSONPath that kubectl's parser accepts, and explain refuses: "[0]", a blank, ".*".
_NOT_A_FIELD = re.compile(r"[\[ ]|\.\*")


@command("explain", operands="types")
def explain(call: Call) -> None:
    """Print the documentation of a type or field. With an unknown field, the header is still printed."""
    output = call.flags["output"]
    if output == "plaintext-openapiv2":
        raise NotSimulated("--output plaintext-openapiv2 is not part of this simulator")
    refuse_if(not call.args, _NO_TYPE)
    refuse_if(len(call.args) > 1, "We accept only this format: explain RESOURCE")
    refuse_if(output != "plaintext", f"unrecognized format: {output}")
    resource, path = _parse_target(call.args[0], call.context.budget)
    if not resource.simulated:
        raise NotSimulated(resource.left_out)
    group = f"GROUP:      {resource.group}\n" if resource.group else ""
    header = f"{group}KIND:       {resource.kind}\nVERSION:    {resource.version}\n\n"
    subject = _look_up(schema.type_of(resource), path)
    if subject is None:  # whichever field of the path is missing, kubectl's message names the last one
        raise FormatError(f'field "{path[-1]}" does not exist', stdout=header)
    call.say(header + _explanation(subject, call.flags["recursive"]))


def _parse_target(word: str, budget: Budget) -> tuple[Resource, list[str]]:
    """Parse the argument of explain, such as "deploy.spec" or "deployments.apps.spec", into a type and field names.

    kubectl parses the argument as JSONPath, so that dots mean both groups and fields. Raises FormatError, KubectlError
    and UnprefixedError in kubectl's order: syntax of the path, then the type, then the fields.
    """
    target = word.rstrip(".")
    jsonpath.parse(f"{{.{target}}}", budget)  # raises FormatError for what isn't JSONPath
    refuse_if("..." in target, "invalid multiple recursive descent")
    dotted = target
    before_bracket = re.split(r"[\[ ]", dotted)[0]
    refuse_if(not before_bracket, "a resource must be present, got: /, Resource=")
    type_name = before_bracket.partition(".")[0]
    resource = find_resource(type_name)
    # kubectl skips one dot more than the qualified name has, and so accepts two dots after it.
    if resource and target.startswith(f"{resource.qualified}.."):
        dotted = target.replace("..", ".", 1)
        before_bracket = before_bracket.replace("..", ".", 1)
    path = before_bracket.split(".")[1:]
    if resource is None and type_name.strip("*"):
        raise UnprefixedError(f'the server doesn\'t have a resource type "{type_name}"')
    if resource and re.match(rf"(?:{re.escape(resource.qualified)}|[^.]+)\.\*", dotted):
        raise KubectlError("unrecognized character in action: U+002A '*'")
    if resource is None or _NOT_A_FIELD.search(dotted) or path[:1] == [""]:
        raise KubectlError("invalid jsonpath syntax, first node must be field node")
    if dotted.startswith(resource.qualified):
        # As kubectl, don't require a dot after the name: "deployments.appsx.spec" means deployments.apps and its spec.
        path = dotted.removeprefix(resource.qualified).split(".")[1:]
    return resource, path


class _Subject(NamedTuple):
    """A type, or a field with its name and description; `kind` is the field's type then."""

    kind: Type
    field_name: str = ""
    field: Field | None = None
    description: str = ""


def _look_up(kind: Type, path: Sequence[str]) -> _Subject | None:
    """The field at `path` below a type, None if a field is missing. Lists and maps on the way stand for their items."""
    subject = _Subject(kind)
    for name in path:
        struct = _inner(subject.kind)
        field = schema.fields(struct).get(name)
        if field is None:
            return None
        subject = _Subject(field.type, name, field, describe(struct).fields[name])
    return subject


def _explanation(subject: _Subject, recursive: bool) -> str:
    """The documentation below the header. With `recursive`, it lists the names of all nested fields."""
    inner = _inner(subject.kind)
    text = f"{subject.description}\n" if subject.description else ""
    if inner.kind == "struct" and describe(inner).text:
        text += f"{describe(inner).text}\n"
    heading = _heading(subject.field_name, subject.field) if subject.field else ""
    fields = ""
    if schema.fields(inner):
        fields = "FIELDS:\n" + "".join(_field_list(inner, recursive))
    return f"{heading}DESCRIPTION:\n{_indented(text or '<empty>')}\n{fields}\n"


def _heading(name: str, field: Field) -> str:
    values = "".join(f"\n    {value}" for value in _enum(field))
    enum = f"ENUM:{values}" if values else ""
    return f"FIELD: {name} <{_type_name(field.type)}>\n{enum}\n\n"


def _inner(kind: Type) -> Type:
    """The innermost element type of nested lists and maps; any other type itself."""
    return _inner(kind.element) if kind.element else kind


def _type_name(kind: Type) -> str:
    """A type as explain writes it: "Object", "[]string", "map[string]Quantity"."""
    if kind.element:
        outer = "[]" if kind.kind == "list" else "map[string]"
        return outer + _type_name(kind.element)
    if kind.kind in ("any", "quantity", "intorstring"):
        return kind.go.rpartition(".")[2]
    return kind.name or {"bytes": "string", "time": "string", "microtime": "string"}.get(kind.kind, kind.kind)


def _enum(field: Field) -> list[str]:
    """The values of the field's enumeration as explain writes them; empty for other fields."""
    return [value or '""' for value in ENUMS.get(field.type.go, ())]


def _indented(text: str) -> str:
    """`text` wrapped and indented by four spaces, empty lines too."""
    lines = [line for paragraph in text.split("\n") for line in _WRAPPER.wrap(paragraph) or [""]]
    return "\n".join(f"    {line}" for line in lines)


def _field_list(struct: Type, recursive: bool, level: int = 1, above: tuple[Type, ...] = ()) -> Iterator[str]:
    """The lines about the fields of a struct: with descriptions, or with `recursive` names only, nested fields too.

    `above` are the structs around this one: a type that contains itself is listed, but its fields aren't repeated.
    """
    described = {} if recursive else describe(struct).fields
    indent = "  " * level
    for name, field in schema.fields(struct).items():
        values = _enum(field)
        inner = _inner(field.type)
        required = " -required-" if field.required else ""
        yield f"{indent}{name}\t<{_type_name(field.type)}>{required}\n"
        if values:
            more = ", ...." if len(values) > _MOST_ENUMS else ""
            yield f"{indent}enum: {', '.join(values[:_MOST_ENUMS])}{more}\n"
        if not recursive:
            yield f"{_indented(described[name] or '<no description>')}\n\n"
        elif inner.kind == "struct" and inner not in above:
            yield from _field_list(inner, recursive, level + 1, (*above, inner))
