"""One row for each kind of which the API server knows more than its schema, read from kinds.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.api import load_table
from kubesim.api.objects import Object
from kubesim.api.resources import Resource


class Kind(NamedTuple):
    """What the API server knows of a kind.

    `defaults`, as trees: a key with "?" is a map that is completed only where it is there, and a list has
    one entry, for each item of the object's list. `status` is that of a new object, which only the server writes, and
    `strategy` the field with the update strategy, whose rollingUpdate is `rolling`.

    `fields` can be selected by (`--field-selector`). `name` is the check of its name, and `rules` are those of its
    fields, as validation/rules.py reads them. A change leaves `fixed` fields alone, `frozen` ones once the object is
    immutable, and all of the spec but what is `changeable`, where that is given. `columns` are those of `kubectl get`,
    as printers.py reads them; a leading "+" makes one a wide column. Pods get `tolerations`, and a volume of `token`.
    """

    defaults: Mapping[str, Any] = {}
    status: Object | None = None
    strategy: str = ""
    rolling: Object | None = None
    fields: str = ""
    name: str = "dns_subdomain"
    rules: Mapping[str, str] = {}
    fixed: str = ""
    frozen: str = ""
    changeable: str = ""
    tolerations: Sequence[Object] = ()
    token: Object | None = None
    columns: Mapping[str, str] = {"NAME": "text metadata.name", "AGE": "age metadata.creationTimestamp"}


KINDS: Mapping[str, Kind] = {kind: Kind(**row) for kind, row in load_table(__file__, "kinds.json").items()}


def kind_of(resource: Resource) -> Kind:
    """The row of a type; an empty one where the schema says it all."""
    return KINDS.get(resource.kind) or Kind()
