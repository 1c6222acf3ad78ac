"""The hash of a Pod template, which the names of ReplicaSets and their Pods contain.

It is the hash of a dump of Go's struct: each field, set or not, in Go's order and with Go's types. Mirrors ComputeHash
of kubernetes pkg/controller/controller_utils.go, v1.36, without its collision count, and "%#v" of
github.com/davecgh/go-spew as k8s.io/utils/dump configures it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kubesim.api import quantity, schema
from kubesim.api.digest import safe_letters
from kubesim.api.objects import Object
from kubesim.api.resources import REPLICA_SET
from kubesim.api.schema import Field, Type

# the zero time, the only one in a template
_NEVER = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"


def hash_of_template(template: Object) -> str:
    """The value of the label pod-template-hash for a template without that label."""
    spec = schema.fields(schema.type_of(REPLICA_SET))["spec"].type
    template_type = schema.fields(spec)["template"].type
    number = 2166136261  # FNV-1a, in 32 bits
    for byte in f"({template_type.go}){_dump(template_type, template)}".encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return safe_letters(number)


def _dump(declared: Type, value: Any) -> str:
    """The dump of a value without its type. None stands for Go's zero value."""
    if declared.kind == "struct":
        return f"{{{' '.join(_fields(declared, schema.go_order(declared), value or {}))}}}"
    if declared.kind == "time":
        return _NEVER
    if declared.kind == "quantity":
        return _quantity(value)
    if declared.kind == "intorstring":
        return _int_or_string(value)
    if declared.element:
        return _items(declared.kind, declared.element, value)
    return _scalar(declared.kind, value)


def _scalar(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "integer":
        return str(value or 0)
    return str(value or "")


def _fields(struct: Type, names: Sequence[str], value: Object) -> Iterator[str]:
    """The dumps of a struct's fields, or of an embedded struct's: name, type and value."""
    for name in names:
        if name[0].isupper():
            yield f"{name}:(v1.{name}){{{' '.join(_fields(struct, schema.embedded(name), value))}}}"
        else:
            field = schema.fields(struct)[name]
            yield f"{schema.go_name(name)}:{_typed(field, value.get(name))}"


def _typed(field: Field, value: Any) -> str:
    if not field.is_pointer:
        return f"({field.type.go}){_dump(field.type, value)}"
    pointed = "<nil>" if value is None else _dump(field.type, value)
    return f"(*{field.type.go}){pointed}"


def _items(kind: str, element: Type, value: Any) -> str:
    """The dump of a list or map."""
    if not value:
        return "<nil>"
    if kind == "list":
        return f"[{' '.join(_dump(element, item) for item in value)}]"
    return f"map[{' '.join(f'{key}:{_dump(element, value[key])}' for key in sorted(value))}]"


def _int_or_string(value: int | str | None) -> str:
    if isinstance(value, str):
        return f"{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){value}}}"
    return f"{{Type:(intstr.Type)0 IntVal:(int32){value or 0} StrVal:(string)}}"


def _quantity(text: str | None) -> str:
    amount = quantity.amount_of(text) if text else quantity.Amount(0, 0, "", "")
    return (
        f"{{i:(resource.int64Amount){{value:(int64){amount.value} scale:(resource.Scale){amount.scale}}}"
        " d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>}"
        f" s:(string){amount.text} Format:(resource.Format){amount.form}}}"
    )
